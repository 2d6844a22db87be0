//! SHA-256, as an array of bytes.

use aws_lc_rs::digest::{SHA256, digest};

/// The SHA-256 of the bytes.
#[must_use]
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.iter_mut().zip(digest(&SHA256, bytes).as_ref()).for_each(|(to, from)| *to = *from);
    hash
}
