//! `[messages]`: a text with an optional title.

use crate::config::decode::{Decode, Otherwise, Reading, as_table, key, structured, unknown_keys};
use crate::config::tree::{Node, Value};

/// Whether a setting's text is an inline table; a template begins with two braces.
pub(super) fn is_table(text: &str) -> bool {
    let text = text.trim_start();
    text.starts_with('{') && !text.starts_with("{{") && !text.starts_with("{%")
}

/// A text with an optional title.
#[derive(Debug, Clone)]
pub(in crate::config) struct MessageText {
    pub(in crate::config) title: Option<String>,
    pub(in crate::config) text: String,
}

impl Decode for MessageText {
    fn decode(node: &Node, reading: &mut Reading) -> Option<Self> {
        if let Value::String(text) | Value::Setting(text) = &node.value
            && !(matches!(node.value, Value::Setting(_)) && is_table(text))
        {
            return Some(Self { title: None, text: text.clone() });
        }
        let node = structured(node, reading)?;
        let table = as_table(&node, reading)?;
        unknown_keys(table, &["title", "text"], &[], reading);
        let title = table.get("title").map(|title| reading.within("title", |reading| String::decode(title, reading)));
        let text = key(table, &node, "text", &Otherwise::Nothing, reading)?;
        Some(Self { title: title.flatten(), text })
    }
}
