//! Reads values from an answer: by JSON pointer, in the types that a form has.

use std::str::FromStr;

use serde_json::Value;

use crate::values::{AttributeName, AttributeValue, AttributeValues};

/// The longest text that is read, and the most that a list's texts may have together, in characters.
const MAX_TEXT: usize = 1024;

/// Why a text is no JSON pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidPointer {
    /// It does not begin with `/`.
    #[error("is not a JSON pointer: it must begin with /, such as /person/title")]
    NoSlash,
    /// `~` without `0` or `1` after it.
    #[error("is not a JSON pointer: write ~0 for ~ and ~1 for a / inside a name")]
    Tilde,
}

/// Where in an answer a value is (RFC 6901).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pointer(String);

impl FromStr for Pointer {
    type Err = InvalidPointer;

    fn from_str(text: &str) -> Result<Self, InvalidPointer> {
        if !text.starts_with('/') {
            return Err(InvalidPointer::NoSlash);
        }
        let mut after = text.split('~').skip(1);
        if after.any(|rest| !rest.starts_with(['0', '1'])) { Err(InvalidPointer::Tilde) } else { Ok(Self(text.into())) }
    }
}

/// The values that were read from an answer.
#[derive(Debug, Default)]
pub(super) struct ExtractedValues {
    /// The values.
    pub(super) values: AttributeValues,
    /// The attributes whose pointer leads nowhere.
    pub(super) absent: Vec<AttributeName>,
}

/// Reads every value that a form can hold.
pub(super) fn extract(answer: &Value, wanted: &[(AttributeName, Pointer)]) -> ExtractedValues {
    let mut extracted = ExtractedValues::default();
    for (name, pointer) in wanted {
        match answer.pointer(&pointer.0) {
            None => extracted.absent.push(name.clone()),
            Some(value) => {
                if let Some(value) = attribute(value).filter(|value| !value.is_empty() && fits(value)) {
                    extracted.values.insert(name.clone(), value);
                }
            }
        }
    }
    extracted
}

/// The value as a form has it; `None` for an object, for null, and for a list of anything but texts.
fn attribute(value: &Value) -> Option<AttributeValue> {
    match value {
        Value::String(text) => Some(AttributeValue::String(plain(text))),
        Value::Bool(yes) => Some(AttributeValue::Boolean(*yes)),
        Value::Number(number) => Some(AttributeValue::from_number(number)),
        Value::Array(items) => {
            let texts = items.iter().map(|item| item.as_str().map(plain)).collect::<Option<_>>()?;
            Some(AttributeValue::StringCollection(texts))
        }
        Value::Null | Value::Object(_) => None,
    }
}

/// The text without control characters, since no form shows them.
fn plain(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).collect()
}

/// Whether a value is as long as a form's values are.
fn fits(value: &AttributeValue) -> bool {
    match value {
        AttributeValue::String(text) => text.chars().count() <= MAX_TEXT,
        AttributeValue::StringCollection(items) => {
            items.len() <= MAX_TEXT && items.iter().map(|item| item.chars().count()).sum::<usize>() <= MAX_TEXT
        }
        AttributeValue::Int64(_) | AttributeValue::Boolean(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn extracted(answer: &Value, pointer: &str) -> Option<AttributeValue> {
        let name = AttributeName::new("city");
        extract(answer, &[(name.clone(), pointer.parse().unwrap())]).values.remove(&name)
    }

    fn text(text: &str) -> AttributeValue {
        AttributeValue::String(text.to_owned())
    }

    #[rstest]
    #[case("/text", text("Leeds"))]
    #[case("/control", text("Leeds"))]
    #[case("/whole", AttributeValue::Int64(-42))]
    #[case("/point_zero", AttributeValue::Int64(5))]
    #[case("/large", text("18446744073709551615"))]
    #[case("/fraction", text("1.5"))]
    #[case("/yes", AttributeValue::Boolean(true))]
    #[case("/texts", AttributeValue::StringCollection(vec!["a".into(), "b".into()]))]
    #[case("/texts/1", text("b"))]
    #[case("/a~1b/c~0d", text("deep"))]
    #[case("/", text("of the empty name"))]
    fn takes_a_value_in_the_type_that_a_form_has(#[case] pointer: &str, #[case] value: AttributeValue) {
        let answer = json!({
            "text": "Leeds", "control": "Le\u{0}ed\u{1b}s\n", "whole": -42, "point_zero": 5.0, "large": u64::MAX, "fraction": 1.5, "yes": true, "texts": ["a", "b"],
            "a/b": { "c~d": "deep" }, "": "of the empty name",
        });
        assert_eq!(extracted(&answer, pointer), Some(value));
    }

    #[rstest]
    #[case(json!(null))]
    #[case(json!({ "a": 1 }))]
    #[case(json!(["a", 1]))]
    #[case(json!([null]))]
    #[case(json!([["a"]]))]
    #[case(json!([]))]
    #[case(json!(" "))]
    #[case(json!("x".repeat(1025)))]
    #[case(json!(["x".repeat(1000), "x".repeat(25)]))]
    #[case(json!(vec![""; 1025]))]
    fn takes_nothing_that_a_form_cannot_hold(#[case] value: Value) {
        let answer = json!({ "value": value });
        let name = AttributeName::new("city");
        let extracted = extract(&answer, &[(name, "/value".parse().unwrap())]);
        assert!(extracted.values.is_empty() && extracted.absent.is_empty(), "{extracted:?}");
    }

    #[rstest]
    #[case("/absent")]
    #[case("/list/2")]
    #[case("/list/first")]
    #[case("/text/more")]
    fn names_the_attributes_whose_pointer_leads_nowhere(#[case] pointer: &str) {
        let answer = json!({ "text": "x", "list": ["a", "b"] });
        let wanted = [("jobTitle", "/text"), ("city", pointer)];
        let wanted = wanted.map(|(name, pointer)| (AttributeName::new(name), pointer.parse().unwrap()));
        let extracted = extract(&answer, &wanted);
        assert_eq!((extracted.values.len(), extracted.absent), (1, vec![AttributeName::new("city")]));
    }

    #[rstest]
    #[case("", Err(InvalidPointer::NoSlash))]
    #[case("person/title", Err(InvalidPointer::NoSlash))]
    #[case("$.person", Err(InvalidPointer::NoSlash))]
    #[case("/a~b", Err(InvalidPointer::Tilde))]
    #[case("/a~", Err(InvalidPointer::Tilde))]
    #[case("/a~0~1", Ok(Pointer("/a~0~1".to_owned())))]
    fn knows_a_pointer(#[case] written: &str, #[case] pointer: Result<Pointer, InvalidPointer>) {
        assert_eq!(written.parse(), pointer);
    }
}
