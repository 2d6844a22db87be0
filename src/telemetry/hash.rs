//! Addresses in logs: a keyed hash. Lines about the same person have the same hash, and nobody can find a person by
//! trying addresses.

use std::fmt;

use aws_lc_rs::hmac;
use uuid::Uuid;

use crate::values::{EmailAddress, Secret};

/// Hashes addresses with one key.
#[derive(Clone)]
pub(crate) struct AddressHasher {
    key: hmac::Key,
}

impl AddressHasher {
    /// A hasher keyed by the configured secret, so that all instances agree; without one, by a random key, so that
    /// hashes can be compared within this process only.
    #[must_use]
    pub(crate) fn new(secret: Option<&Secret>) -> Self {
        let configured = secret.map(Secret::expose).filter(|secret| !secret.is_empty());
        let random = || [Uuid::new_v4().into_bytes(), Uuid::new_v4().into_bytes()].concat();
        let key = configured.map_or_else(random, |secret| secret.as_bytes().to_vec());
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, &key) }
    }

    /// The hash of an address's canonical form.
    #[must_use]
    pub(crate) fn hash(&self, address: &EmailAddress) -> AddressHash {
        let tag = hmac::sign(&self.key, address.canonical().as_bytes());
        AddressHash(tag.as_ref().iter().take(8).fold(0, |hash, byte| hash << 8 | u64::from(*byte)))
    }
}

/// The key is not shown.
impl fmt::Debug for AddressHasher {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("AddressHasher(…)")
    }
}

/// An address in a log line: the first 64 bits of its HMAC-SHA-256, shown as 16 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct AddressHash(u64);

impl fmt::Display for AddressHash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:016x}", self.0)
    }
}

impl fmt::Debug for AddressHash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> EmailAddress {
        text.parse().unwrap()
    }

    #[test]
    fn hashes_the_canonical_form_with_the_secret() {
        let hasher = AddressHasher::new(Some(&Secret::new("key")));
        // printf %s ada@contoso.com | openssl dgst -sha256 -hmac key
        assert_eq!(hasher.hash(&address("ada@contoso.com")).to_string(), "83d684ad662087f7");
        assert_eq!(hasher.hash(&address(" ADA@Contoso.com ")), hasher.hash(&address("ada@contoso.com")));
        assert_ne!(hasher.hash(&address("bob@contoso.com")), hasher.hash(&address("ada@contoso.com")));
    }

    #[test]
    fn without_a_secret_no_other_process_has_the_same_hash() {
        let one = AddressHasher::new(None);
        let other = AddressHasher::new(Some(&Secret::new(" ")));
        assert_eq!(one.hash(&address("ada@contoso.com")), one.clone().hash(&address("ada@contoso.com")));
        assert_ne!(one.hash(&address("ada@contoso.com")), other.hash(&address("ada@contoso.com")));
    }
}
