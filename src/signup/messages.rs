//! The texts people see, by locale, with the English ones that are built in.
//!
//! A text is looked up in the person's locale (`de-AT`), then its language (`de`), then `en`, then what is built in.
//! Texts are templates; one that fails at run time gives way to the built-in text.

use std::collections::BTreeMap;

use serde_json::json;

use super::decision::Page;
use crate::expressions::{Template, TemplateError};
use crate::values::{App, EmailAddress};

/// The names a message's template may use.
pub const NAMES: [&str; 2] = ["email", "app"];

/// The longest text that is shown, in characters; Entra documents no limit, and pages take about this much.
const MAX_TEXT: usize = 500;

/// What is there without any configuration.
const BUILT_IN: [(&str, &str); 8] = [
    ("not-invited", "You need an invitation to sign up with this email address."),
    ("no-address", "We could not see your email address, so you cannot sign up this way. Try another way to sign up."),
    ("closed", "Sign-up is closed."),
    ("no-policy", "Sign-up is not available for this application."),
    ("fix-errors", "Please correct the marked fields."),
    ("try-later", "We cannot complete your sign-up right now. Please try again in a few minutes."),
    ("field-required", "This field is required."),
    ("field-invalid", "This value cannot be used."),
];

/// A text with an optional heading.
#[derive(Debug, Clone)]
pub struct Message {
    /// The heading of a page; fields show none.
    pub title: Option<Template>,
    /// The text.
    pub text: Template,
}

/// The configured texts: by locale (lower case), then by key.
#[derive(Debug, Clone, Default)]
pub struct Messages {
    locales: BTreeMap<String, BTreeMap<String, Message>>,
}

/// Whom a text is for.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    /// The locale the event names (`en-us`); empty if none.
    pub locale: &'a str,
    /// The person's address, if known.
    pub email: Option<&'a EmailAddress>,
    /// The app they sign up to.
    pub app: &'a App,
}

impl Messages {
    /// Takes the configured texts.
    #[must_use]
    pub fn new(locales: BTreeMap<String, BTreeMap<String, Message>>) -> Self {
        let lower = |(locale, texts): (String, _)| (locale.to_ascii_lowercase().replace('_', "-"), texts);
        Self { locales: locales.into_iter().map(lower).collect() }
    }

    /// Whether a text of that key exists, configured in any locale or built in.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        built_in(key).is_some() || self.locales.values().any(|texts| texts.contains_key(key))
    }

    /// Every key there is.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        let configured = self.locales.values().flat_map(BTreeMap::keys).map(String::as_str);
        configured.chain(BUILT_IN.iter().map(|(key, _)| *key))
    }

    /// The page for a key.
    #[must_use]
    pub fn page(&self, key: &str, reader: Reader<'_>) -> Page {
        let context = json!({
            "email": reader.email.map(EmailAddress::as_given),
            "app": { "name": reader.app.name, "id": reader.app.id },
        });
        let rendered = self.find(key, reader.locale).and_then(|message| match render(message, &context) {
            Ok(page) => Some(page),
            Err(error) => {
                tracing::warn!(event = "message-failed", key, error = %error);
                None
            }
        });
        rendered.unwrap_or_else(|| Page { title: None, text: built_in(key).unwrap_or(FALLBACK).to_owned() })
    }

    /// The text for a key.
    #[must_use]
    pub fn text(&self, key: &str, reader: Reader<'_>) -> String {
        self.page(key, reader).text
    }

    fn find(&self, key: &str, locale: &str) -> Option<&Message> {
        let locale = locale.to_ascii_lowercase().replace('_', "-");
        let mut tag = locale.as_str();
        loop {
            if let Some(message) = self.locales.get(tag).and_then(|texts| texts.get(key)) {
                return Some(message);
            }
            tag = match tag.rsplit_once('-') {
                Some((shorter, _)) => shorter,
                None if tag == "en" => break,
                None => "en",
            };
        }
        // A key that only other languages have is better shown in one of them than not at all.
        if built_in(key).is_some() { None } else { self.locales.values().find_map(|texts| texts.get(key)) }
    }
}

/// What a key that is nowhere says; the configuration refuses such keys, so this is never seen.
const FALLBACK: &str = "This is not possible.";

/// Whether a key is built in: then texts for it are shown without a rule that names it.
#[must_use]
pub fn is_built_in(key: &str) -> bool {
    built_in(key).is_some()
}

/// The keys that are built in.
pub fn built_in_keys() -> impl Iterator<Item = &'static str> {
    BUILT_IN.iter().map(|(key, _)| *key)
}

fn built_in(key: &str) -> Option<&'static str> {
    BUILT_IN.iter().find(|(name, _)| *name == key).map(|(_, text)| *text)
}

fn render(message: &Message, context: &serde_json::Value) -> Result<Page, TemplateError> {
    let cut = |text: String| text.trim().chars().take(MAX_TEXT).collect::<String>();
    let title = message.title.as_ref().map(|title| title.render(context)).transpose()?;
    let text = cut(message.text.render(context)?);
    Ok(Page { title: title.map(cut).filter(|title| !title.is_empty()), text })
}

#[cfg(test)]
mod tests;
