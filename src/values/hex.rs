//! Bytes as hexadecimal digits.

use std::fmt::Write as _;

/// The bytes as lower-case hexadecimal digits, two for each.
#[must_use]
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut digits, byte| {
        // Writing to a string cannot fail.
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}
