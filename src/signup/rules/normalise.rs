//! The steps that tidy a value before it is checked.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

use super::form_check::RuleFailure;
use super::phone::{Country, e164};
use super::{MaxLength, Rule};
use crate::signup::facts::choices;
use crate::values::AttributeValue;

/// A way of tidying a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Normalise {
    /// Removes white space at both ends.
    Trim,
    /// Changes the text to lower case.
    Lower,
    /// Changes the text to upper case.
    Upper,
    /// The first letter of each word in upper case, the rest in lower case: `jo o'neil-smith` becomes
    /// `Jo O'Neil-Smith`. What follows a hyphen or an apostrophe counts as a word if it has two letters or more.
    Title,
    /// Replaces runs of white space by one space, and removes them at both ends.
    Collapse,
    /// Unicode's compatibility composition (NFKC): full-width letters, ligatures and the like become the plain ones.
    Nfkc,
    /// Keeps only the digits 0 to 9, after NFKC.
    Digits,
    /// Writes a phone number in E.164: `0412 345 678` becomes `+61412345678`. A text that is no valid number fails.
    Phone,
}

/// The most phone numbers in one value. `multi_select` cannot have any, and Entra sends no lists so far.
const MAX_NUMBERS: usize = 4;

/// A value after it was tidied.
pub(super) struct Tidied<'v> {
    /// Borrowed if nothing changed.
    pub(super) value: Cow<'v, AttributeValue>,
    /// How it failed: it could not be read, or became too long.
    pub(super) failure: Option<RuleFailure>,
}

impl Rule {
    /// The value after the rule's steps, in its original type. `is_multi_select`: a text holds several choices.
    pub(super) fn tidied<'v>(
        &self,
        value: &'v AttributeValue,
        is_multi_select: bool,
        country: Option<Country>,
        max_length: MaxLength,
    ) -> Tidied<'v> {
        let (mut failure, mut numbers_read) = (None, 0);
        let number_or_flag = value.as_text();
        let is_phone = self.normalise.contains(&Normalise::Phone);
        let mut tidy = |text| {
            numbers_read += usize::from(is_phone);
            if numbers_read > MAX_NUMBERS {
                failure = Some(RuleFailure::TooLong);
            }
            if failure == Some(RuleFailure::TooLong) {
                return Cow::Borrowed("");
            }
            let (text, failed) = self.tidied_text(text, country, max_length);
            failure = failed.or(failure);
            text
        };
        let value = match value {
            AttributeValue::String(text) if is_multi_select => {
                let tidied_items: Vec<_> = choices(text).map(tidy).filter(|choice| !choice.is_empty()).collect();
                Cow::Owned(AttributeValue::String(tidied_items.join(",")))
            }
            AttributeValue::String(text) => match tidy(text) {
                Cow::Borrowed(tidied) if tidied.len() == text.len() => Cow::Borrowed(value),
                tidied => Cow::Owned(AttributeValue::String(tidied.into_owned())),
            },
            AttributeValue::StringCollection(items) => {
                let tidied_items = items.iter().map(|item| tidy(item)).filter(|item| !item.is_empty());
                Cow::Owned(AttributeValue::StringCollection(tidied_items.map(Cow::into_owned).collect()))
            }
            AttributeValue::Int64(_) | AttributeValue::Boolean(_) => {
                // The value keeps its type, so nothing changes. But it must be readable as a phone number.
                tidy(&number_or_flag);
                Cow::Borrowed(value)
            }
        };
        if max_length.is_exceeded_by_value(&value, is_multi_select) {
            failure = Some(RuleFailure::TooLong);
        }
        Tidied { value, failure }
    }

    fn tidied_text<'t>(
        &self,
        text: &'t str,
        country: Option<Country>,
        max_length: MaxLength,
    ) -> (Cow<'t, str>, Option<RuleFailure>) {
        let (mut text, mut failure) = (Cow::Borrowed(text), None);
        for step in &self.normalise {
            match step {
                Normalise::Phone if text.trim().is_empty() => {}
                Normalise::Phone => match e164(&text, country) {
                    Some(number) => text = Cow::Owned(number),
                    None => failure = Some(RuleFailure::Unreadable),
                },
                step => text = step.apply(text),
            }
            // One character can become eighteen. The next step must not make it longer still.
            if max_length.is_exceeded_by(&text) {
                return (text, Some(RuleFailure::TooLong));
            }
        }
        (text, failure)
    }
}

impl Normalise {
    /// The cost of a step in the worst case, in nanoseconds for each byte, on the machine of the README's figures.
    #[must_use]
    pub(crate) fn nanoseconds_per_byte(self) -> u64 {
        match self {
            Self::Trim => 1,
            Self::Collapse => 5,
            Self::Lower | Self::Upper => 20,
            Self::Title => 60,
            Self::Nfkc | Self::Digits | Self::Phone => 120,
        }
    }

    /// The text after this step. Most texts are tidy already, and are not copied by the usual steps.
    fn apply(self, text: Cow<'_, str>) -> Cow<'_, str> {
        match self {
            Self::Trim => match text {
                Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
                Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
            },
            Self::Collapse if is_collapsed(&text) => text,
            Self::Collapse => Cow::Owned(text.split_whitespace().collect::<Vec<_>>().join(" ")),
            Self::Lower => Cow::Owned(text.to_lowercase()),
            Self::Upper => Cow::Owned(text.to_uppercase()),
            Self::Title => Cow::Owned(title(&text)),
            Self::Nfkc => Cow::Owned(text.nfkc().collect()),
            Self::Digits => Cow::Owned(text.nfkc().filter(char::is_ascii_digit).collect()),
            Self::Phone => text,
        }
    }
}

/// Whether the only white space is single spaces between words.
fn is_collapsed(text: &str) -> bool {
    let is_plain = |character: char| !character.is_whitespace() || character == ' ';
    text.trim().len() == text.len() && text.chars().all(is_plain) && !text.contains("  ")
}

/// Whether the character joins two parts of a word, such as a hyphen.
fn joins(character: char) -> bool {
    matches!(character, '-' | '\u{2010}' | '\u{2011}' | '\u{2013}' | '\'' | '\u{2018}' | '\u{2019}' | '\u{2bc}')
}

/// The text with the first letter of each word in upper case.
fn title(text: &str) -> String {
    let lower = text.to_lowercase();
    let mut titled = String::with_capacity(lower.len());
    for word in lower.split_inclusive(char::is_whitespace) {
        for (at, part) in word.split_inclusive(joins).enumerate() {
            let letters = part.chars().filter(|character| character.is_alphabetic()).count();
            if at == 0 || letters >= 2 { push_capitalised(&mut titled, part) } else { titled.push_str(part) }
        }
    }
    titled
}

/// Adds a part of a word with its first letter in upper case, unless a digit stands before that letter.
fn push_capitalised(titled: &mut String, part: &str) {
    let mut started = false;
    for character in part.chars() {
        if !started && character.is_alphabetic() {
            // Some letters have several in upper case. Only the first of them stays in upper case.
            let mut upper = character.to_uppercase();
            titled.extend(upper.next());
            titled.extend(upper.flat_map(char::to_lowercase));
        } else {
            titled.push(character);
        }
        started |= character.is_alphanumeric();
    }
}
