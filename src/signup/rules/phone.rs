//! Phone numbers in E.164, by the numbering plans that Google keeps and the `phonenumber` crate carries.
//!
//! What a person types is reduced to digits, and a `+` before them, before the library sees it. Letters, extensions and
//! `tel:` links are no numbers here.
//!
//! [`prepare`] reads the plans and compiles their patterns once the service listens, and a form that needs them waits.
//! This takes about 0.2 s once, and 20 MB. The library itself would compile a country's patterns at the first number of
//! that country. Then somebody who types numbers of many countries would hold up everybody else.

use std::collections::BTreeSet;
use std::panic::catch_unwind;
use std::str::FromStr;
use std::sync::{Once, PoisonError};

use phonenumber::metadata::DATABASE;
use phonenumber::{Metadata, country};
use regex::RegexBuilder;
use unicode_normalization::UnicodeNormalization;

use crate::values::AttributeName;

/// The digits of the longest number with its country code (E.164), and ten for the prefixes that people dial before it.
const MAX_DIGITS: usize = 15 + 10;

/// A range that contains the calling codes of all countries.
const CODES: std::ops::Range<u16> = 1..1000;

/// Room for patterns that are not compiled beforehand. The library needs none.
const SPARE_PATTERNS: usize = 16;

/// A country by its ISO 3166 alpha-2 code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Country(country::Id);

/// The text is not the code of a country.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a country: write its ISO 3166 code of two letters, such as AU")]
pub struct UnknownCountry;

impl FromStr for Country {
    type Err = UnknownCountry;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.trim().to_ascii_uppercase().parse().map(Self).map_err(|_| UnknownCountry)
    }
}

/// Where the country of numbers without a country code comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PhoneCountry {
    /// From the configuration.
    Fixed(Country),
    /// From an attribute, whose value is the code of a country.
    Attribute(AttributeName),
}

/// The number in E.164; `None` if it is no valid number. `country` is that of numbers without a `+`.
pub(super) fn e164(text: &str, country: Option<Country>) -> Option<String> {
    let typed = dialled_digits(text)?;
    prepare();
    // The library sees digits only. But even if it panics, the sign-up must go on.
    catch_unwind(|| read_number(&typed, country)).ok()?
}

fn read_number(typed: &str, country: Option<Country>) -> Option<String> {
    if typed.starts_with('+') {
        return valid_number(None, typed);
    }
    let country = country?;
    // If a number begins like its country's code, the library takes these digits for the code.
    let with_country_code = || Some(format!("+{}{typed}", DATABASE.by_id(country.0.as_ref())?.country_code()));
    valid_number(Some(country), typed).or_else(|| valid_number(None, &with_country_code()?))
}

fn valid_number(country: Option<Country>, typed: &str) -> Option<String> {
    let number = phonenumber::parse(country.map(|country| country.0), typed).ok()?;
    let valid = phonenumber::is_valid(&number) && number.extension().is_none();
    // The library's own way of writing E.164 would look up the country's format first.
    valid.then(|| format!("+{}{}", number.country().code(), number.national()))
}

/// The digits of a text, with a `+` before them if there is one. `None` if the text has any other character that does
/// not separate digits.
fn dialled_digits(text: &str) -> Option<String> {
    let mut digits = String::new();
    for character in text.nfkc().filter(|character| !is_separator(*character)) {
        match character {
            '+' if digits.is_empty() => digits.push('+'),
            digit if digit.is_ascii_digit() && digits.len() <= MAX_DIGITS => digits.push(digit),
            _ => return None,
        }
    }
    Some(digits)
}

/// Whether people write the character between the digits of a number, or copy it together with a number.
fn is_separator(character: char) -> bool {
    let marks = ['-', '.', '/', '(', ')', '[', ']', '~', '\u{2212}', '\u{2060}', '\u{feff}', '\u{ad}'];
    let dash_or_mark = ('\u{200b}'..='\u{200f}').contains(&character)
        || ('\u{2010}'..='\u{2015}').contains(&character)
        || ('\u{202a}'..='\u{202e}').contains(&character);
    character.is_whitespace() || dash_or_mark || marks.contains(&character)
}

/// Reads the numbering plans and compiles their patterns, once. The service calls it when it listens; a command, with its first
/// number.
pub(crate) fn prepare() {
    static PREPARED: Once = Once::new();
    PREPARED.call_once(|| {
        let plans = CODES.filter_map(|code| DATABASE.by_code(&code)).flatten();
        let patterns: BTreeSet<&str> = plans.flat_map(patterns).collect();
        let cache = DATABASE.cache();
        let mut cache = cache.lock().unwrap_or_else(PoisonError::into_inner);
        cache.set_capacity(patterns.len() + SPARE_PATTERNS);
        for pattern in patterns {
            // Only digits are ever matched, and the digits of all scripts make a pattern ten times as large.
            let digits = pattern.replace(r"\d", "[0-9]");
            if let Ok(compiled) = RegexBuilder::new(&digits).ignore_whitespace(true).build() {
                cache.insert(pattern.to_owned(), compiled);
            }
        }
    });
}

/// The patterns by which the library reads numbers.
fn patterns(plan: &'static Metadata) -> impl Iterator<Item = &'static str> {
    let kinds = plan.descriptors();
    let kind_patterns = [
        Some(kinds.general()),
        kinds.fixed_line(),
        kinds.mobile(),
        kinds.toll_free(),
        kinds.premium_rate(),
        kinds.shared_cost(),
        kinds.personal_number(),
        kinds.voip(),
        kinds.pager(),
        kinds.uan(),
        kinds.voicemail(),
    ];
    let plan_patterns = [plan.leading_digits(), plan.national_prefix_for_parsing(), plan.international_prefix()];
    let kind_patterns = kind_patterns.into_iter().flatten().map(|kind| kind.national_number().as_str());
    kind_patterns.chain(plan_patterns.into_iter().filter_map(|pattern| Some(pattern?.as_str())))
}

/// How many patterns the library has compiled.
#[cfg(test)]
pub(super) fn compiled() -> usize {
    DATABASE.cache().lock().unwrap_or_else(PoisonError::into_inner).len()
}
