//! `[messages]`: a text with an optional title.

use crate::config::decode::{Decode, Reading, section};
use crate::config::shape::{Form, Shape};
use crate::config::tree::{Node, Value};

/// Whether a setting's text is an inline table; a template begins with two braces.
pub(super) fn is_table(text: &str) -> bool {
    let text = text.trim_start();
    text.starts_with('{') && !text.starts_with("{{") && !text.starts_with("{%")
}

section! {
    /// A text with a heading.
    struct PageSection {
        /// The heading of the page. A text that is shown at a field has none.
        title: Option<String> as Template = None,
        /// The text itself.
        text: String as Template,
    }
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
        PageSection::decode(node, reading).map(|page| Self { title: page.title, text: page.text })
    }

    fn shape() -> Shape {
        Shape::Either("message", vec![Shape::Text(Form::Template), PageSection::shape()])
    }
}
