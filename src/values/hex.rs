//! Bytes as hexadecimal digits.

/// The bytes as lower-case hexadecimal digits, two for each.
#[must_use]
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut digits = String::with_capacity(bytes.len() * 2);
    // Not by `{:02x}`: formatting costs twenty times as much, and every decision writes several digests.
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16);
    digits.extend(bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).flatten());
    digits
}
