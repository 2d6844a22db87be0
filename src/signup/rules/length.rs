//! How long the values of a form may be. This is checked before anything else.

use crate::signup::facts::choices;
use crate::values::{AttributeName, AttributeValue, Form};

/// The longest text, in bytes, by default.
pub(crate) const MAX_TEXT: usize = 4096;

/// The most choices in one value.
pub(crate) const MAX_CHOICES: usize = 256;

/// The most attributes of one event. A user flow asks for a few dozen at most.
pub(super) const MAX_FIELDS: usize = 1000;

/// The greatest number of characters in Entra's own attributes
/// ([User attributes](https://learn.microsoft.com/entra/external-id/customers/concept-user-attributes)).
const ENTRA_LIMITS: [(&str, usize); 9] = [
    ("city", 128),
    ("country", 128),
    ("displayName", 256),
    ("givenName", 64),
    ("jobTitle", 128),
    ("postalCode", 40),
    ("state", 128),
    ("streetAddress", 1024),
    ("surname", 64),
];

/// How long the values of one attribute may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MaxLength {
    /// The bytes of all texts together.
    bytes: usize,
    /// The characters of a text, if Entra has a limit of its own.
    characters: Option<usize>,
}

impl MaxLength {
    /// The limit for an attribute under a policy with this `max_text`, in bytes.
    #[must_use]
    pub(crate) fn of(attribute: &AttributeName, max_text: usize) -> Self {
        let entra_limit = ENTRA_LIMITS.iter().find(|(name, _)| attribute.is(name));
        Self { bytes: max_text, characters: entra_limit.map(|(_, characters)| *characters) }
    }

    /// The most bytes of a value.
    #[must_use]
    pub(crate) fn bytes(self) -> usize {
        // A character has four bytes at most.
        self.characters.map_or(self.bytes, |characters| self.bytes.min(4 * characters))
    }

    /// Whether a text is longer than the limit.
    #[must_use]
    pub(crate) fn is_exceeded_by(self, text: &str) -> bool {
        text.len() > self.bytes
            || self.characters.is_some_and(|limit| text.len() > limit && text.chars().nth(limit).is_some())
    }

    /// Whether a value is longer, or has too many choices. `is_multi_select`: a text holds several choices.
    #[must_use]
    pub(crate) fn is_exceeded_by_value(self, value: &AttributeValue, is_multi_select: bool) -> bool {
        match value {
            AttributeValue::String(text) => {
                self.is_exceeded_by(text) || is_multi_select && choices(text).nth(MAX_CHOICES).is_some()
            }
            AttributeValue::StringCollection(items) => {
                let total: usize = items.iter().map(String::len).sum();
                items.len() > MAX_CHOICES || total > self.bytes || items.iter().any(|item| self.is_exceeded_by(item))
            }
            AttributeValue::Int64(_) | AttributeValue::Boolean(_) => false,
        }
    }
}

/// The attributes of a form whose value is too long.
pub(super) fn too_long<'f>(
    form: &'f Form,
    multi_select: &[AttributeName],
    max_text: usize,
) -> impl Iterator<Item = &'f AttributeName> {
    let fields = form.0.iter().filter(move |field| {
        let is_multi_select = multi_select.iter().any(|attribute| attribute.is(field.name.as_str()));
        let limit = MaxLength::of(&field.name, max_text);
        field.value.as_ref().is_some_and(|value| limit.is_exceeded_by_value(value, is_multi_select))
    });
    fields.map(|field| &field.name)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn text(length: usize) -> AttributeValue {
        AttributeValue::String("é".repeat(length))
    }

    #[rstest]
    #[case("ext.Bio", 2048)]
    #[case("email", 2048)]
    #[case("City", 128)]
    #[case("streetAddress", 1024)]
    #[case("postalcode", 40)]
    fn entras_own_limits_count_in_characters_and_all_others_in_bytes(#[case] name: &str, #[case] limit: usize) {
        let length = MaxLength::of(&AttributeName::new(name), MAX_TEXT);
        let exceeded = |characters| length.is_exceeded_by_value(&text(characters), false);
        assert_eq!((exceeded(limit), exceeded(limit + 1)), (false, true));
        assert!("é".repeat(limit).len() <= length.bytes());
    }

    #[test]
    fn lists_are_limited_in_number_and_in_all() {
        let length = MaxLength::of(&AttributeName::new("ext.Topics"), MAX_TEXT);
        let list = |items: usize, bytes: usize| AttributeValue::StringCollection(vec!["x".repeat(bytes); items]);
        let in_one = |items: usize| AttributeValue::String(vec!["x"; items].join(","));
        for (value, is_multi_select, expected) in [
            (list(256, 16), false, false),
            (list(257, 1), false, true),
            (list(256, 17), false, true),
            (in_one(256), true, false),
            (in_one(257), true, true),
            (in_one(257), false, false),
            (AttributeValue::Int64(i64::MIN), false, false),
        ] {
            assert_eq!(length.is_exceeded_by_value(&value, is_multi_select), expected);
        }
    }

    #[test]
    fn a_smaller_limit_counts_for_entras_own_attributes_too() {
        let length = MaxLength::of(&AttributeName::new("streetAddress"), 100);
        assert_eq!(
            (length.is_exceeded_by("é".repeat(50).as_str()), length.is_exceeded_by("é".repeat(51).as_str())),
            (false, true)
        );
        assert_eq!(length.bytes(), 100);
    }
}
