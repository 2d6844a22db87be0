//! Invitation codes: how they are made, typed, compared and stored.
//!
//! A code is Crockford's base 32: 15 symbols drawn at random (75 bits) and one check symbol, in groups of four
//! (`7Q4M-0ZKD-3XWT-PB9H`). When people type a code, case, dashes and spaces do not matter, `O` counts as `0`, and `I`
//! and `L` count as `1`. The check symbol tells a typing error from a wrong code. Only the SHA-256 of a code is stored.
//! With 75 random bits, trying one code after another is hopeless.
//!
//! Specification: [Base 32](https://www.crockford.com/base32.html), with its check symbol modulo 37. Five of
//! the 37 check symbols are neither letters nor digits; codes that would need one of them are not made.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::constant_time::verify_slices_are_equal;

use super::{hex, sha256};

/// The symbols in the order of their values.
const SYMBOLS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// How many symbols are random; each holds five bits.
const RANDOM_SYMBOLS: usize = 15;

/// The longest text that is read as a code, in bytes. It leaves room for blanks and dashes.
const MAX_TYPED: usize = 256;

/// The check symbol stands for the remainder of the value divided by this number.
const MODULUS: u128 = 37;

/// Why a text is no code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCode {
    /// Nothing but white space and dashes.
    #[error("is empty")]
    Empty,
    /// Too short, too long, or with a symbol that no code has.
    #[error("is not a code: 16 letters and digits, such as 7Q4M-0ZKD-3XWT-PB9H")]
    Malformed,
    /// The check symbol does not fit: a typing error.
    #[error("has a typing error: the check symbol does not fit")]
    Mistyped,
}

/// A code. Only [`Code::reveal`] shows it.
#[derive(Clone)]
pub struct Code {
    /// The symbols without dashes.
    symbols: String,
}

impl Code {
    /// A code from random bytes. `None` for about one value in eight, whose check symbol would be none of the 32: draw
    /// again.
    #[must_use]
    pub fn from_random(bytes: [u8; 16]) -> Option<Self> {
        let value = u128::from_be_bytes(bytes) >> (128 - 5 * RANDOM_SYMBOLS);
        let mut symbols = base32(value, RANDOM_SYMBOLS);
        symbols.push(check_symbol(value)?);
        Some(Self { symbols })
    }

    /// The code in groups, to be shown once to the person who made it.
    #[must_use]
    pub fn reveal(&self) -> String {
        let symbols: Vec<char> = self.symbols.chars().collect();
        symbols.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
    }

    /// The digest, which is all that is stored of a code.
    #[must_use]
    pub fn digest(&self) -> CodeDigest {
        let text = format!("guestlist invitation code 1 {}", self.symbols);
        CodeDigest(sha256(text.as_bytes()))
    }
}

impl FromStr for Code {
    type Err = InvalidCode;

    /// Reads what a person typed.
    fn from_str(text: &str) -> Result<Self, InvalidCode> {
        if text.len() > MAX_TYPED {
            return Err(InvalidCode::Malformed);
        }
        let ignored = |c: char| c.is_whitespace() || c.is_control() || "-‐‑‒–—―_.\u{200B}\u{FEFF}".contains(c);
        let mut symbols = String::with_capacity(RANDOM_SYMBOLS + 1);
        let mut value = 0_u128;
        for typed in text.chars().filter(|c| !ignored(*c)) {
            let symbol = match typed.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            };
            let digit = SYMBOLS.iter().position(|known| char::from(*known) == symbol).ok_or(InvalidCode::Malformed)?;
            if symbols.len() > RANDOM_SYMBOLS {
                return Err(InvalidCode::Malformed);
            }
            if symbols.len() < RANDOM_SYMBOLS {
                value = value << 5 | digit as u128;
            }
            symbols.push(symbol);
        }
        match symbols.len() {
            0 => Err(InvalidCode::Empty),
            length if length <= RANDOM_SYMBOLS => Err(InvalidCode::Malformed),
            _ if check_symbol(value) == symbols.chars().last() => Ok(Self { symbols }),
            _ => Err(InvalidCode::Mistyped),
        }
    }
}

/// The lowest bits of `value` as this many symbols, five bits each.
pub(super) fn base32(value: u128, symbols: usize) -> String {
    let symbol = |at: usize| SYMBOLS.get(usize::try_from(value >> (5 * at) & 31).ok()?).copied().map(char::from);
    let mut text = String::with_capacity(symbols + 1);
    text.extend((0..symbols).rev().filter_map(symbol));
    text
}

/// The check symbol, if it is one of the 32.
fn check_symbol(value: u128) -> Option<char> {
    SYMBOLS.get(usize::try_from(value % MODULUS).ok()?).copied().map(char::from)
}

/// Codes are secrets.
impl fmt::Debug for Code {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Code(…)")
    }
}

/// The SHA-256 of a code: what lists and the state store hold. Written `sha256:` and 64 hexadecimal digits in a list.
#[derive(Clone, Copy)]
pub struct CodeDigest([u8; 32]);

impl CodeDigest {
    /// The 32 bytes of the hash.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The 64 hexadecimal digits without `sha256:`, which can be a name in the state store.
    #[must_use]
    pub(crate) fn to_hex(self) -> String {
        hex(&self.0)
    }
}

impl FromStr for CodeDigest {
    type Err = InvalidCode;

    /// Reads `sha256:…` or the digits alone.
    fn from_str(text: &str) -> Result<Self, InvalidCode> {
        let digits = text.trim();
        let digits = digits.strip_prefix("sha256:").unwrap_or(digits);
        if digits.len() != 64 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(InvalidCode::Malformed);
        }
        let mut bytes = [0; 32];
        for (at, byte) in bytes.iter_mut().enumerate() {
            let pair = digits.get(2 * at..2 * at + 2).ok_or(InvalidCode::Malformed)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| InvalidCode::Malformed)?;
        }
        Ok(Self(bytes))
    }
}

impl fmt::Display for CodeDigest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "sha256:{}", self.to_hex())
    }
}

/// Compared in constant time.
impl PartialEq for CodeDigest {
    fn eq(&self, other: &Self) -> bool {
        verify_slices_are_equal(&self.0, &other.0).is_ok()
    }
}

impl Eq for CodeDigest {}

/// The first digits are enough to tell codes apart.
impl fmt::Debug for CodeDigest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "CodeDigest({}…)", self.to_hex().get(..8).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn made(byte: u8) -> Code {
        (0..=u8::MAX).find_map(|last| Code::from_random([byte; 16].map(|b| b ^ last))).unwrap()
    }

    #[test]
    fn a_code_has_four_groups_of_four_and_says_nothing_by_itself() {
        let code = made(7);
        let shown = code.reveal();
        assert_eq!(shown.split('-').map(str::len).collect::<Vec<_>>(), [4, 4, 4, 4], "{shown}");
        let group = shown.split('-').next().unwrap();
        assert!(!format!("{code:?} {:?} {}", code.digest(), code.digest()).contains(group));
    }

    #[test]
    fn what_people_type_is_forgiven_case_dashes_spaces_and_look_alikes() {
        let code =
            (0..=u8::MAX).map(made).find(|code| code.symbols.contains('0') && code.symbols.contains('1')).unwrap();
        let shown = code.reveal();
        for typed in [
            shown.to_lowercase(),
            shown.replace('-', ""),
            format!("  {} ", shown.replace('-', " ")),
            shown.replace('-', "–"),
            shown.replace('0', "O").replace('1', "I"),
            shown.replace('0', "o").replace('1', "l"),
        ] {
            assert_eq!(typed.parse::<Code>().unwrap().digest(), code.digest(), "{typed}");
        }
    }

    #[rstest]
    #[case("", InvalidCode::Empty)]
    #[case(" - ", InvalidCode::Empty)]
    #[case("WELCOME", InvalidCode::Malformed)]
    #[case("0000-0000-0000-000", InvalidCode::Malformed)]
    #[case("0000-0000-0000-0000-0", InvalidCode::Malformed)]
    #[case("0000-0000-0000-000U", InvalidCode::Malformed)]
    #[case("0000-0000-0000-0001", InvalidCode::Mistyped)]
    #[case("jo@example.com", InvalidCode::Malformed)]
    fn refuses_what_is_no_code(#[case] typed: &str, #[case] why: InvalidCode) {
        assert_eq!(typed.parse::<Code>().unwrap_err(), why);
    }

    #[test]
    fn the_check_symbol_is_the_standards() {
        // 1234 in base 32 is 16J, and its check symbol D (1234 = 33 * 37 + 13).
        assert_eq!(check_symbol(1234), Some('D'));
        assert_eq!(check_symbol(36), None);
    }

    #[test]
    fn a_digest_reads_as_it_is_written() {
        let digest = made(9).digest();
        assert_eq!(digest.to_string().parse::<CodeDigest>().unwrap(), digest);
        for text in ["", "sha256:", "WELCOME", &"g".repeat(64), &"é".repeat(32), &"+f".repeat(32)] {
            assert_eq!(text.parse::<CodeDigest>().unwrap_err(), InvalidCode::Malformed, "{text}");
        }
    }

    proptest! {
        #[test]
        fn one_wrong_symbol_is_always_noticed(bytes: [u8; 16], at in 0..16_usize, other in 0..32_usize) {
            let Some(code) = Code::from_random(bytes) else { return Ok(()) };
            let mut symbols: Vec<char> = code.symbols.chars().collect();
            let wrong = char::from(SYMBOLS[other]);
            if symbols[at] != wrong {
                symbols[at] = wrong;
                let typed: String = symbols.into_iter().collect();
                prop_assert_eq!(typed.parse::<Code>().unwrap_err(), InvalidCode::Mistyped);
            }
        }

        #[test]
        fn nothing_typed_makes_it_panic(text in "\\PC{0,40}") {
            let _ = text.parse::<Code>();
            let _ = text.parse::<CodeDigest>();
        }
    }
}
