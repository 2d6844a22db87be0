//! Single values of attributes.

use super::engine::{Decode, Diagnostics, Node, Shape, TextFormat, Value, parse_setting};
use crate::values::AttributeValue;

/// The value of an attribute: a string, a whole number, or true or false.
#[derive(Debug, Clone)]
pub(super) struct Scalar(pub(super) AttributeValue);

impl Decode for Scalar {
    fn decode(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        // The text of an app setting is a string unless it is a number, true or false.
        let parsed = match &node.value {
            Value::Setting(text) => parse_setting(text, &node.origin).ok(),
            _ => None,
        };
        let typed = |parsed: &Node| matches!(parsed.value, Value::String(_) | Value::Integer(_) | Value::Boolean(_));
        let parsed = parsed.filter(typed);
        match &parsed.as_ref().unwrap_or(node).value {
            Value::String(text) | Value::Setting(text) => Some(Self(AttributeValue::String(text.clone()))),
            Value::Integer(number) => Some(Self(AttributeValue::Int64(*number))),
            Value::Boolean(flag) => Some(Self(AttributeValue::Boolean(*flag))),
            other => {
                let kind = other.kind();
                diagnostics
                    .error(&node.origin, format!("expected a string, a whole number, true or false, found {kind}"));
                None
            }
        }
    }

    fn shape() -> Shape {
        Shape::Either("value", vec![Shape::Text(TextFormat::Template), Shape::Whole(None), Shape::Boolean])
    }
}
