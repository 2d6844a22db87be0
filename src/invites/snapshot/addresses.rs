//! The lines for single addresses, found by a keyed hash of the address.

use std::hash::{BuildHasher, Hasher, RandomState};

/// The keyed hash of an address: two halves of 64 bits, each with a key of its own.
pub(super) type AddressKey = [u64; 2];

/// Hashes addresses (`SipHash`) with keys that are random for each list, so that nobody can choose addresses that
/// collide.
#[derive(Debug, Default)]
pub(super) struct KeyedHasher([RandomState; 2]);

impl KeyedHasher {
    /// The hash of an address as it is compared.
    pub(super) fn of(&self, form: &str) -> AddressKey {
        let half = |state: &RandomState| {
            let mut hasher = state.build_hasher();
            hasher.write(form.as_bytes());
            hasher.finish()
        };
        self.0.each_ref().map(half)
    }
}

/// One line for one address.
#[derive(Debug, Clone, Copy)]
pub(super) struct AddressEntry {
    pub(super) key: AddressKey,
    /// The line, from 1 with the header; saturates at 2³².
    pub(super) line: u32,
    /// The place of the whole line; [`AddressEntry::BARE`]: the line says no more than its address.
    pub(super) details: u32,
}

impl AddressEntry {
    pub(super) const BARE: u32 = u32::MAX;
}

/// Lines by the hash of their address. Lines with the same hash are in the list's order.
#[derive(Debug)]
pub(super) struct AddressIndex(Box<[AddressEntry]>);

impl AddressIndex {
    pub(super) fn new(mut entries: Vec<AddressEntry>) -> Self {
        entries.sort_unstable_by_key(|entry| (entry.key, entry.line));
        Self(entries.into_boxed_slice())
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The lines for an address.
    pub(super) fn find(&self, key: AddressKey) -> &[AddressEntry] {
        let from = self.0.partition_point(|entry| entry.key < key);
        let rest = self.0.get(from..).unwrap_or_default();
        let same = rest.iter().take_while(|entry| entry.key == key).count();
        rest.get(..same).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_address_takes_24_bytes() {
        assert_eq!(size_of::<AddressEntry>(), 24);
    }
}
