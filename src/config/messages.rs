//! `[messages]`: the texts that people see.

mod locales;
mod translations;

use std::collections::BTreeMap;

use super::definitions::Definitions;
use super::engine::{Decode, Diagnostics, Node, Origin, Shape, Spanned, TextFormat, Value, is_inline_table, section};
use super::expressions::scope::Scope;
use super::known_names::KnownNames;
use super::policies::PolicySection;
use crate::signup::messages::{self, Message, Messages};

/// `[messages]`: texts by locale and key.
pub(super) type Texts = BTreeMap<String, Spanned<LocaleTexts>>;

/// The texts of one locale by key.
type LocaleTexts = BTreeMap<String, Spanned<MessageText>>;

section! {
    /// A text with a heading.
    struct PageSection {
        /// The heading of the page. A text that is shown at a field has none.
        title: Option<String> as Template = None,
        /// The text itself.
        text: String as Template => String::new(),
    }
}

/// A text with an optional title.
#[derive(Debug, Clone)]
pub(super) struct MessageText {
    pub(super) title: Option<String>,
    pub(super) text: String,
}

impl Decode for MessageText {
    fn decode(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        if let Value::String(text) | Value::Setting(text) = &node.value
            && !(matches!(node.value, Value::Setting(_)) && is_inline_table(text))
        {
            return Some(Self { title: None, text: text.clone() });
        }
        let page = PageSection::decode(node, diagnostics);
        // A text that cannot be read still has its key.
        Some(page.map_or(Self { title: None, text: String::new() }, |page| Self { title: page.title, text: page.text }))
    }

    fn shape() -> Shape {
        Shape::Either("message", vec![Shape::Text(TextFormat::Template), PageSection::shape()])
    }
}

/// The keys of the texts, in whatever locale.
pub(super) fn keys(written: &Texts, diagnostics: &Diagnostics) -> Definitions {
    let texts = written.values().flat_map(|texts| &texts.value);
    let keys = texts.map(|(key, text)| message_key(key, text)).collect();
    Definitions::new(keys, !diagnostics.is_incomplete("messages"))
}

/// Checks the texts. The policies say which of them are used.
pub(super) fn messages(
    written: &Texts,
    policies: &[PolicySection],
    names: &KnownNames,
    diagnostics: &mut Diagnostics,
) -> Messages {
    let scope = Scope::of_templates(names);
    let locales = diagnostics.within("messages", |diagnostics| {
        let mut locales = BTreeMap::new();
        for (locale, texts) in written {
            locales::check(locale, &texts.origin, locales.keys(), diagnostics);
            let texts = diagnostics.within(locale, |diagnostics| {
                let build = |(key, text): (&String, &Spanned<MessageText>)| {
                    Some((
                        message_key(key, text),
                        diagnostics.within(key, |diagnostics| message(text, &scope, diagnostics))?,
                    ))
                };
                texts.value.iter().filter_map(build).collect::<BTreeMap<_, _>>()
            });
            locales.insert(locale.clone(), texts);
        }
        locales
    });
    translations::check(written, policies, names, diagnostics);
    Messages::new(locales)
}

/// The key of a text. A key from an app setting is written `NOT_INVITED`.
fn message_key(written: &str, text: &Spanned<MessageText>) -> String {
    match text.origin {
        Origin::Setting(_) => written.to_ascii_lowercase().replace('_', "-"),
        Origin::File { .. } => written.to_owned(),
    }
}

fn message(text: &Spanned<MessageText>, scope: &Scope<'_>, diagnostics: &mut Diagnostics) -> Option<Message> {
    let mut template = |source: &str| scope.template(source, &messages::NAMES, &text.origin, diagnostics);
    let title = text.value.title.as_deref().map(&mut template);
    let body = template(&text.value.text);
    Some(Message { title: title.map_or(Some(None), |title| title.map(Some))?, text: body? })
}
