//! `[messages]`: the texts that people see.

mod locales;
mod translations;

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::definitions::Definitions;
use super::engine::{Decode, Diagnostics, Entry, Node, Origin, Shape, Spanned, Table, TextFormat, Value};
use super::engine::{as_toml, is_inline_table, section};
use super::expressions::scope::Scope;
use super::known_names::KnownNames;
use super::policies::PolicySection;
use crate::signup::messages::{self, Message, Messages};

/// The texts of one locale by key.
type LocaleTexts = BTreeMap<String, Spanned<MessageText>>;

/// `[messages]`: texts by locale and key.
#[derive(Debug, Clone, Default)]
pub(super) struct Texts {
    by_locale: BTreeMap<String, Spanned<LocaleTexts>>,
    /// The texts that were written without a locale, which was reported.
    without_locale: LocaleTexts,
}

impl Decode for Texts {
    fn decode(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        let node = as_toml(node, diagnostics)?;
        let Value::Table(table) = &node.value else {
            return BTreeMap::decode(&node, diagnostics).map(|by_locale| Self { by_locale, ..Self::default() });
        };
        let (texts, locales): (Vec<Entry>, Vec<Entry>) = table.0.iter().cloned().partition(locales::is_text);
        locales::report_texts(texts.iter().map(|text| (text.written.as_str(), &text.origin)), diagnostics);
        let whole = texts.into_iter().filter(|text| locales::is_whole_text(&text.node)).collect();
        let map = |entries| Node { value: Value::Table(Table(entries)), origin: node.origin.clone() };
        let (by_locale, without_locale) = (map(locales), map(whole));
        Some(Self {
            by_locale: BTreeMap::decode(&by_locale, diagnostics)?,
            without_locale: BTreeMap::decode(&without_locale, diagnostics)?,
        })
    }

    fn shape() -> Shape {
        BTreeMap::<String, Spanned<LocaleTexts>>::shape()
    }

    fn written(&self) -> Option<Json> {
        self.by_locale.written()
    }
}

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
        if matches!(node.value, Value::Integer(_) | Value::Boolean(_) | Value::Fraction(_) | Value::Other(_)) {
            let kind = node.value.kind();
            diagnostics.error(&node.origin, format!("expected a text in quotes, found {kind}"));
            return Some(Self { title: None, text: String::new() });
        }
        let page = PageSection::decode(node, diagnostics);
        // A text that cannot be read still has its key.
        Some(page.map_or(Self { title: None, text: String::new() }, |page| Self { title: page.title, text: page.text }))
    }

    fn shape() -> Shape {
        Shape::Either("message", vec![Shape::Text(TextFormat::Template), PageSection::shape()])
    }
}

/// The keys of the texts, in whatever locale. Reports a text without a locale that only the rules tell from a locale.
pub(super) fn keys(written: &Texts, policies: &[PolicySection], diagnostics: &mut Diagnostics) -> Definitions {
    let texts = named_as_texts(written, policies);
    let origins = texts.iter().filter_map(|locale| Some((*locale, &written.by_locale.get(*locale)?.origin)));
    diagnostics.within("messages", |diagnostics| locales::report_texts(origins, diagnostics));
    let keys = text_keys(written).collect();
    Definitions::new(keys, !diagnostics.is_incomplete("messages"))
}

fn text_keys(written: &Texts) -> impl Iterator<Item = String> {
    let texts = written.by_locale.values().flat_map(|texts| &texts.value);
    texts.map(|(key, text)| message_key(key, text))
}

/// The members of `[messages]` that a rule names as a text, where no locale has such a text: they lack their locale.
fn named_as_texts<'t>(written: &'t Texts, policies: &[PolicySection]) -> Vec<&'t str> {
    let named = |locale: &str| {
        let mut rules = policies.iter().flat_map(|policy| &policy.rules);
        rules.any(|rule| rule.value.message.as_ref().is_some_and(|message| message.value == locale))
    };
    let is_text =
        |locale: &&str| !locales::is_usual(locale) && named(locale) && !text_keys(written).any(|key| key == **locale);
    written.by_locale.keys().map(String::as_str).filter(is_text).collect()
}

/// Checks the texts. The policies say which of them are used.
pub(super) fn messages(
    written: &Texts,
    policies: &[PolicySection],
    names: &KnownNames,
    diagnostics: &mut Diagnostics,
) -> Messages {
    let scope = Scope::of_templates(names);
    // What lacks its locale was reported.
    let without_locale = named_as_texts(written, policies);
    let is_locale = |(locale, _): &(&String, _)| !without_locale.contains(&locale.as_str());
    let by_locale: Vec<_> = written.by_locale.iter().filter(is_locale).collect();
    let locales = diagnostics.within("messages", |diagnostics| {
        for (key, text) in &written.without_locale {
            diagnostics.within(key, |diagnostics| message(text, &scope, diagnostics));
        }
        let mut locales = BTreeMap::new();
        for &(locale, texts) in &by_locale {
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
    translations::check(&by_locale, policies, names, diagnostics);
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
