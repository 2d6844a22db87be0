//! `[messages]`: the texts that people see.

use std::collections::BTreeMap;

use super::engine::{Decode, Diagnostics, Node, Origin, Shape, Spanned, TextFormat, Value, is_inline_table, section};
use super::expressions::scope::Scope;
use super::known_names::KnownNames;
use super::policies::PolicySection;
use crate::signup::messages::{self, Message, Messages};
use crate::values::did_you_mean;

/// `[messages]`: texts by locale and key.
pub(super) type Texts = BTreeMap<String, BTreeMap<String, Spanned<MessageText>>>;

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
        PageSection::decode(node, diagnostics).map(|page| Self { title: page.title, text: page.text })
    }

    fn shape() -> Shape {
        Shape::Either("message", vec![Shape::Text(TextFormat::Template), PageSection::shape()])
    }
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
            check_locale(locale, texts, &locales, diagnostics);
            let texts = diagnostics.within(locale, |diagnostics| {
                let build = |(key, text): (&String, &Spanned<MessageText>)| {
                    Some((
                        message_key(key, text),
                        diagnostics.within(key, |diagnostics| message(text, &scope, diagnostics))?,
                    ))
                };
                texts.iter().filter_map(build).collect::<BTreeMap<_, _>>()
            });
            locales.insert(locale.clone(), texts);
        }
        locales
    });
    let messages = Messages::new(locales);
    warn_of_unused(written, policies, diagnostics);
    messages
}

/// Reports a text that is not a locale, and a locale that another table has in another spelling.
fn check_locale<T>(
    locale: &str,
    texts: &BTreeMap<String, Spanned<MessageText>>,
    others: &BTreeMap<String, T>,
    diagnostics: &mut Diagnostics,
) {
    let normalised = |text: &str| text.to_ascii_lowercase().replace('_', "-");
    let well_formed = normalised(locale).split('-').enumerate().all(|(at, part)| {
        let letters = at > 0 || part.bytes().all(|byte| byte.is_ascii_alphabetic());
        (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()) && letters
    });
    let Some(first) = texts.values().next() else { return };
    let duplicate = others.keys().find(|other| normalised(other) == normalised(locale));
    let message = match duplicate {
        _ if !well_formed => "is not a locale such as en or de-AT".to_owned(),
        Some(other) => format!("is the same locale as {other:?}: put the texts together"),
        None => return,
    };
    diagnostics.error_at(locale, &first.origin, message);
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

/// Warns of texts that are never shown. Most likely the key is misspelled.
fn warn_of_unused(written: &Texts, policies: &[PolicySection], diagnostics: &mut Diagnostics) {
    let rules = policies.iter().flat_map(|policy| &policy.rules);
    let used: Vec<&str> = rules.filter_map(|rule| Some(rule.value.message.as_ref()?.value.as_str())).collect();
    for (locale, texts) in written {
        for (name, text) in texts {
            let key = &message_key(name, text);
            if !used.contains(&key.as_str()) && !messages::is_built_in(key) {
                let known: Vec<&str> = messages::built_in_keys().collect();
                let near = did_you_mean(key, known);
                let path = format!("messages.{locale}.{key}");
                diagnostics.warn_at(&path, &text.origin, format!("no rule names this text{near}"));
            }
        }
    }
}
