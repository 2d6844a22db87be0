//! JSON values as CEL values.

use std::collections::HashMap;
use std::sync::Arc;

use cel::Value;
use cel::objects::{Key, Map};
use serde_json::Value as Json;

/// The longest text that a condition sees, in characters.
pub(super) const MAX_TEXT: usize = 1024;

/// The longest list or largest object that a condition sees.
pub(super) const MAX_ITEMS: usize = 256;

/// The deepest object that a condition sees as a whole.
const MAX_DEPTH: usize = 8;

/// The value for CEL; `None` if it counts as absent: null, an empty text, or too large.
pub(super) fn present(json: &Json) -> Option<Value> {
    match json {
        Json::Null => None,
        Json::String(text) if text.is_empty() => None,
        _ => convert(json, MAX_DEPTH),
    }
}

fn convert(json: &Json, depth: usize) -> Option<Value> {
    let depth = depth.checked_sub(1)?;
    match json {
        Json::Null => Some(Value::Null),
        Json::Bool(flag) => Some(Value::Bool(*flag)),
        Json::Number(number) => number.as_i64().map(Value::Int).or_else(|| number.as_f64().map(Value::Float)),
        Json::String(text) if is_long(text) => None,
        Json::String(text) => Some(Value::String(Arc::new(text.clone()))),
        Json::Array(items) if items.len() > MAX_ITEMS => None,
        Json::Array(items) => {
            let items: Vec<_> = items.iter().filter_map(|item| convert(item, depth)).collect();
            Some(Value::List(Arc::new(items)))
        }
        Json::Object(members) if members.len() > MAX_ITEMS => None,
        Json::Object(members) => {
            let key = |name: &String| Key::String(Arc::new(name.clone()));
            let members = members.iter().filter_map(|(name, value)| Some((key(name), convert(value, depth)?)));
            Some(Value::Map(Map { map: Arc::new(members.collect::<HashMap<_, _>>()) }))
        }
    }
}

/// Whether a part of the value is larger than a condition sees.
pub(super) fn is_too_large(json: &Json) -> bool {
    exceeds(json, MAX_DEPTH)
}

fn exceeds(json: &Json, depth: usize) -> bool {
    let Some(depth) = depth.checked_sub(1) else { return true };
    match json {
        Json::Null | Json::Bool(_) | Json::Number(_) => false,
        Json::String(text) => is_long(text),
        Json::Array(items) => items.len() > MAX_ITEMS || items.iter().any(|item| exceeds(item, depth)),
        Json::Object(members) => members.len() > MAX_ITEMS || members.values().any(|member| exceeds(member, depth)),
    }
}

/// Whether the text is longer than a condition sees.
pub(crate) fn is_long(text: &str) -> bool {
    text.len() > MAX_TEXT && text.chars().nth(MAX_TEXT).is_some()
}

/// The kind of a value, for an error.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "text",
        Value::Int(_) | Value::UInt(_) | Value::Float(_) => "number",
        Value::List(_) => "list",
        Value::Map(_) => "map",
        _ => "value of another kind",
    }
}
