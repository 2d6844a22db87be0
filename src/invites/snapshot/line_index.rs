//! Lines by a keyed hash: of an address, a domain rule or a code.

use std::hash::{BuildHasher, Hasher, RandomState};

use crate::invites::compact_lines::Place;
use crate::values::{AddressRule, CodeDigest};

/// How many lines share one entry of the table of beginnings, at least. The table takes four bytes for each.
const LINES_PER_RANGE: usize = 8;

/// A keyed hash: two halves of 64 bits, each with a key of its own.
pub(super) type LineKey = [u64; 2];

/// Hashes (`SipHash`) with keys that are random for each list, so that nobody can choose addresses that collide.
#[derive(Debug, Default)]
pub(super) struct KeyedHasher([RandomState; 2]);

impl KeyedHasher {
    /// The hash of an address as it is compared.
    pub(super) fn of_address(&self, form: &str) -> LineKey {
        self.of("", form.as_bytes())
    }

    /// The hash of a rule.
    pub(super) fn of_rule(&self, rule: &AddressRule) -> LineKey {
        match rule {
            AddressRule::Exact(address) => self.of_address(address.canonical()),
            AddressRule::Domain(domain) => self.of("@", domain.as_bytes()),
            AddressRule::Subdomains(parent) => self.of("@*.", parent.as_bytes()),
        }
    }

    /// The hash of a code's digest.
    pub(super) fn of_code(&self, digest: &CodeDigest) -> LineKey {
        self.of("", digest.as_bytes())
    }

    fn of(&self, kind: &str, bytes: &[u8]) -> LineKey {
        let half = |state: &RandomState| {
            let mut hasher = state.build_hasher();
            hasher.write(kind.as_bytes());
            hasher.write(bytes);
            hasher.finish()
        };
        self.0.each_ref().map(half)
    }
}

/// One line.
#[derive(Debug, Clone, Copy)]
pub(super) struct LineEntry {
    pub(super) key: LineKey,
    /// The line, from 1 with the header; saturates at 2³².
    pub(super) line: u32,
    /// The place of its cells; [`u32::MAX`]: the line says no more than its rule.
    cells: u32,
}

impl LineEntry {
    /// A line; without `cells` it says no more than its rule.
    pub(super) fn new(key: LineKey, line: u64, cells: Option<Place>) -> Self {
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        Self { key, line, cells: cells.map_or(u32::MAX, Place::number) }
    }

    /// Where its cells are; `None`: it says no more than its rule.
    pub(super) fn cells(&self) -> Option<Place> {
        Place::of(self.cells)
    }
}

/// Lines by their keys. Lines with the same key are in the list's order.
#[derive(Debug)]
pub(super) struct LineIndex {
    /// Sorted by key and line.
    entries: Box<[LineEntry]>,
    /// Where the entries begin whose keys begin with the bits that are the place in this table; then the end. Keys are
    /// random, so each range is short.
    ranges: Box<[u32]>,
    /// How many bits of a key do not count for `ranges`.
    shift: u32,
}

impl LineIndex {
    /// The index of these lines, which are sorted in place.
    pub(super) fn new(mut entries: Vec<LineEntry>) -> Self {
        entries.sort_unstable_by_key(|entry| (entry.key, entry.line));
        let bits = (entries.len() / LINES_PER_RANGE).checked_ilog2().unwrap_or_default();
        let shift = u64::BITS - bits;
        let mut ranges = Vec::with_capacity((1 << bits) + 1);
        for (at, entry) in (0_u32..).zip(&entries) {
            while ranges.len() <= range_of(entry.key, shift) {
                ranges.push(at);
            }
        }
        ranges.resize((1 << bits) + 1, u32::try_from(entries.len()).unwrap_or(u32::MAX));
        Self { entries: entries.into_boxed_slice(), ranges: ranges.into_boxed_slice(), shift }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The bytes that it takes.
    pub(super) fn memory(&self) -> usize {
        size_of_val(&*self.entries) + size_of_val(&*self.ranges)
    }

    /// The lines with the key.
    pub(super) fn find(&self, key: LineKey) -> &[LineEntry] {
        self.range(key).unwrap_or_default()
    }

    fn range(&self, key: LineKey) -> Option<&[LineEntry]> {
        let at = range_of(key, self.shift);
        let range = self.entries.get(*self.ranges.get(at)? as usize..*self.ranges.get(at + 1)? as usize)?;
        let rest = range.get(range.partition_point(|entry| entry.key < key)..)?;
        rest.get(..rest.partition_point(|entry| entry.key == key))
    }
}

/// The first bits of a key.
fn range_of(key: LineKey, shift: u32) -> usize {
    let [first, _] = key;
    usize::try_from(first.checked_shr(shift).unwrap_or_default()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn a_bare_line_takes_24_bytes() {
        assert_eq!(size_of::<LineEntry>(), 24);
    }

    #[rstest]
    #[case::none(0)]
    #[case::one(1)]
    #[case::no_table(15)]
    #[case::two_ranges(16)]
    #[case::many(10_000)]
    fn every_line_is_found_by_its_key_and_no_other(#[case] lines: u64) {
        let hasher = KeyedHasher::default();
        let key = |line: u64| hasher.of_address(&(line / 3).to_string());
        let index = LineIndex::new((0..lines).rev().map(|line| LineEntry::new(key(line), line, None)).collect());
        let found = |line: u64| index.find(key(line)).iter().map(|entry| u64::from(entry.line)).collect::<Vec<_>>();
        for line in 0..lines {
            let first = line / 3 * 3;
            assert_eq!(found(line), (first..lines.min(first + 3)).collect::<Vec<_>>());
        }
        assert_eq!((found(lines + 3), index.len() as u64), (Vec::new(), lines));
        assert!(index.memory() as u64 <= 25 * lines + 8, "{} bytes", index.memory());
    }

    #[test]
    fn keys_at_both_ends_are_found() {
        let keys = [[0, 0], [0, 1], [u64::MAX, 0], [u64::MAX, u64::MAX]];
        let filling = (1..100).map(|at| [at << 57, 0]);
        let entries = (2..).zip(keys.into_iter().chain(filling)).map(|(line, key)| LineEntry::new(key, line, None));
        let index = LineIndex::new(entries.collect());
        assert_eq!(
            keys.map(|key| index.find(key).first().map(|entry| entry.line)),
            [Some(2), Some(3), Some(4), Some(5)]
        );
    }
}
