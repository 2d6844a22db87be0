//! Sign-up attributes: their names, their types, their values.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use serde_json::Number;

/// An attribute's exact name, as the directory spells it (`postalCode`, `extension_<app id>_Plan`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct AttributeName(String);

impl AttributeName {
    /// The name in the directory's spelling.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name in the directory's spelling.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether both name the same attribute: the directory ignores case.
    #[must_use]
    pub fn is(&self, other: &str) -> bool {
        self.0.eq_ignore_ascii_case(other)
    }

    /// The order in which names that differ in case only are neighbours.
    #[must_use]
    pub(crate) fn cmp_in_any_case(&self, other: &Self) -> Ordering {
        let lower = |byte: u8| byte.to_ascii_lowercase();
        self.0.bytes().map(lower).cmp(other.0.bytes().map(lower))
    }

    /// The name as the configuration writes it: `ext.Plan` for `extension_<app id>_Plan`, in any case; otherwise the
    /// name itself.
    #[must_use]
    pub fn short(&self) -> String {
        const PREFIX: &str = "extension_";
        let (prefix, rest) = self.0.split_at_checked(PREFIX.len()).unwrap_or_default();
        let custom = if prefix.eq_ignore_ascii_case(PREFIX) { rest.split_once('_') } else { None };
        custom.map_or_else(|| self.0.clone(), |(_, name)| format!("ext.{name}"))
    }
}

impl fmt::Display for AttributeName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// The types Entra gives an attribute on the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttributeType {
    /// Text; several choices are one text with commas between.
    String,
    /// A whole number.
    Int64,
    /// Yes or no.
    Boolean,
    /// A list of texts. Only preview documents have it.
    StringCollection,
}

/// A value in one of those types. Serialises to the bare JSON value that Entra expects.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum AttributeValue {
    /// Text.
    String(String),
    /// A whole number.
    Int64(i64),
    /// Yes or no.
    Boolean(bool),
    /// A list of texts.
    StringCollection(Vec<String>),
}

impl AttributeValue {
    /// The value of a JSON number: a whole number, also if it is written `5.0`. Any other number becomes its text.
    #[must_use]
    pub(crate) fn from_number(number: &Number) -> Self {
        let text = number.to_string();
        let whole = text.strip_suffix(".0").unwrap_or(&text).parse();
        whole.map_or(Self::String(text), Self::Int64)
    }

    /// The value's own type.
    #[must_use]
    pub fn attribute_type(&self) -> AttributeType {
        match self {
            Self::String(_) => AttributeType::String,
            Self::Int64(_) => AttributeType::Int64,
            Self::Boolean(_) => AttributeType::Boolean,
            Self::StringCollection(_) => AttributeType::StringCollection,
        }
    }

    /// Whether nothing was entered: an empty text or an empty list.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::String(text) => text.trim().is_empty(),
            Self::StringCollection(items) => items.is_empty(),
            Self::Int64(_) | Self::Boolean(_) => false,
        }
    }

    /// The value as text, as a person would read it.
    #[must_use]
    pub(crate) fn to_text(&self) -> String {
        self.as_text().into_owned()
    }

    /// The same text, copied only if the value is none.
    #[must_use]
    pub(crate) fn as_text(&self) -> Cow<'_, str> {
        match self {
            Self::String(text) => Cow::Borrowed(text),
            Self::Int64(number) => Cow::Owned(number.to_string()),
            Self::Boolean(yes) => Cow::Borrowed(if *yes { "true" } else { "false" }),
            Self::StringCollection(items) => Cow::Owned(items.join(",")),
        }
    }

    /// What [`AttributeValue::convert`] says, without a copy of a value that has the type already.
    #[must_use]
    pub(crate) fn into_type(self, wanted: AttributeType) -> Option<Self> {
        if self.attribute_type() == wanted { Some(self) } else { self.convert(wanted) }
    }

    /// The same value in the type `wanted`; `None` if that type cannot hold it.
    #[must_use]
    pub(crate) fn convert(&self, wanted: AttributeType) -> Option<Self> {
        if self.attribute_type() == wanted {
            return Some(self.clone());
        }
        let text = self.as_text();
        match wanted {
            AttributeType::String => Some(Self::String(text.into_owned())),
            AttributeType::Int64 => text.trim().parse().ok().map(Self::Int64),
            AttributeType::Boolean => parse_boolean(&text).map(Self::Boolean),
            AttributeType::StringCollection => {
                let items = text.split([',', ';']).map(str::trim).filter(|item| !item.is_empty());
                Some(Self::StringCollection(items.map(str::to_owned).collect()))
            }
        }
    }
}

/// Reads yes and no as lists write them.
fn parse_boolean(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" => Some(true),
        "false" | "no" | "0" => Some(false),
        _ => None,
    }
}

/// Values are personal: only the type is shown.
impl fmt::Debug for AttributeValue {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:?}(…)", self.attribute_type())
    }
}

/// Attributes by name, in the name's order, so that an answer reads the same each time.
pub type AttributeValues = BTreeMap<AttributeName, AttributeValue>;

/// One field of the sign-up form, as an event lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormField {
    /// The attribute's name in the event's own spelling.
    pub name: AttributeName,
    /// The type the event gives it.
    pub attribute_type: AttributeType,
    /// The value, in the field's type if that type can hold it; `None` if it is absent or null.
    pub value: Option<AttributeValue>,
}

/// The fields of the sign-up form, in the event's order; empty when the event lists none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Form(pub Vec<FormField>);

impl Form {
    /// The field of that name, whatever the case.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&FormField> {
        self.0.iter().find(|field| field.name.is(name))
    }

    /// The value of the field of that name, if it is not empty.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&AttributeValue> {
        self.field(name)?.value.as_ref().filter(|value| !value.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn converts_only_what_can_be_said_in_the_other_type() {
        let text = |value: &str| AttributeValue::String(value.to_owned());
        assert_eq!(text(" 42 ").convert(AttributeType::Int64), Some(AttributeValue::Int64(42)));
        assert_eq!(text("forty").convert(AttributeType::Int64), None);
        assert_eq!(text("Yes").convert(AttributeType::Boolean), Some(AttributeValue::Boolean(true)));
        assert_eq!(text("maybe").convert(AttributeType::Boolean), None);
        assert_eq!(AttributeValue::Boolean(false).convert(AttributeType::String), Some(text("false")));
        assert_eq!(AttributeValue::Int64(7).convert(AttributeType::Boolean), None);
    }

    #[test]
    fn shows_the_type_and_never_the_value() {
        assert_eq!(format!("{:?}", AttributeValue::String("Leeds".to_owned())), "String(…)");
    }

    #[test]
    fn a_custom_attribute_has_a_short_name() {
        let name = AttributeName::new("extension_0f1e2d3c4b5a69788796a5b4c3d2e1f0_Plan_B");
        assert_eq!(name.short(), "ext.Plan_B");
        assert_eq!(AttributeName::new("EXTENSION_0f1e2d3c4b5a69788796a5b4c3d2e1f0_Plan").short(), "ext.Plan");
        assert_eq!(AttributeName::new("extension_").short(), "extension_");
        assert_eq!(AttributeName::new("city").short(), "city");
    }
}
