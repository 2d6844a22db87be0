//! Phone numbers in E.164, by the numbering plans that Google keeps and the `phonenumber` crate carries.
//!
//! What a person types is reduced to digits, with a `+` before them if it is there, before the library sees it:
//! letters, extensions and `tel:` links are no numbers here.
//!
//! The plans are read when they are first asked for, which takes tens of milliseconds; the patterns of a country are
//! compiled when one of its numbers is first seen, which takes some. [`prepare`] does both before anybody waits for it.

use std::panic::catch_unwind;
use std::str::FromStr;
use std::sync::PoisonError;

use phonenumber::metadata::DATABASE;
use phonenumber::{Mode, country};
use unicode_normalization::UnicodeNormalization;

use crate::values::AttributeName;

/// The digits of the longest number with its country's code (E.164), and some for the prefixes people dial before it.
const MAX_DIGITS: usize = 15 + 10;

/// How many compiled patterns are kept. A country has about twenty; one takes about 0.1 MB.
const KEPT_PATTERNS: usize = 300;

/// A country by its ISO 3166 alpha-2 code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Country(country::Id);

/// A text that is no country's code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a country: write its ISO 3166 code of two letters, such as AU")]
pub struct UnknownCountry;

impl FromStr for Country {
    type Err = UnknownCountry;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.trim().to_ascii_uppercase().parse().map(Self).map_err(|_| UnknownCountry)
    }
}

/// Where the country of numbers comes from that do not say theirs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PhoneCountry {
    /// From the configuration.
    Fixed(Country),
    /// From an attribute, whose value is the code of a country.
    Attribute(AttributeName),
}

/// The number in E.164; `None` if it is no valid number. `country` is that of numbers without a `+`.
pub(super) fn e164(text: &str, country: Option<Country>) -> Option<String> {
    let typed = dialled(text)?;
    // The library is fed digits only, and still: whatever it does with them must not cost a person their sign-up.
    catch_unwind(|| read(&typed, country)).ok()?
}

fn read(typed: &str, country: Option<Country>) -> Option<String> {
    if typed.starts_with('+') {
        return valid(None, typed);
    }
    let country = country?;
    // The library takes a number that begins like its own country's code for one that has the code.
    let in_full = || Some(format!("+{}{typed}", DATABASE.by_id(country.0.as_ref())?.country_code()));
    valid(Some(country), typed).or_else(|| valid(None, &in_full()?))
}

fn valid(country: Option<Country>, typed: &str) -> Option<String> {
    let number = phonenumber::parse(country.map(|country| country.0), typed).ok()?;
    let valid = phonenumber::is_valid(&number) && number.extension().is_none();
    valid.then(|| number.format().mode(Mode::E164).to_string())
}

/// The digits, with a `+` before them if there is one; `None` if there is anything that nobody dials or writes between.
fn dialled(text: &str) -> Option<String> {
    let mut dialled = String::new();
    for character in text.nfkc().filter(|character| !between(*character)) {
        match character {
            '+' if dialled.is_empty() => dialled.push('+'),
            digit if digit.is_ascii_digit() && dialled.len() <= MAX_DIGITS => dialled.push(digit),
            _ => return None,
        }
    }
    Some(dialled)
}

/// What people write between digits, or brings along by copying a number.
fn between(character: char) -> bool {
    let marks = ['-', '.', '/', '(', ')', '[', ']', '~', '\u{2212}', '\u{2060}', '\u{feff}', '\u{ad}'];
    let dash_or_mark = ('\u{200b}'..='\u{200f}').contains(&character)
        || ('\u{2010}'..='\u{2015}').contains(&character)
        || ('\u{202a}'..='\u{202e}').contains(&character);
    character.is_whitespace() || dash_or_mark || marks.contains(&character)
}

/// Reads the numbering plans, and compiles the patterns of `country`. To be called when the configuration is read.
pub fn prepare(country: Option<Country>) {
    DATABASE.cache().lock().unwrap_or_else(PoisonError::into_inner).set_capacity(KEPT_PATTERNS);
    let Some(country) = country else { return };
    let plan = DATABASE.by_id(country.0.as_ref()).map(phonenumber::Metadata::descriptors);
    for kind in plan.into_iter().flat_map(|plan| [plan.mobile(), plan.fixed_line()]).flatten() {
        if let Some(example) = kind.example() {
            let _ = e164(example, Some(country));
        }
    }
}
