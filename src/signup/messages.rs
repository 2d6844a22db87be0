//! The texts that people see, by locale, with the built-in English ones.
//!
//! A text is looked up in the person's locale (`de-AT`), then its language (`de`), then `en`, then what is built in.
//! Texts are templates. If one fails at run time, the built-in text is shown; if a title fails, there is none.
//!
//! Each reason for a refusal can have a text of its own. Without one, people see that of `not-invited`.

use std::collections::BTreeMap;

use serde_json::json;

use super::decision::Page;
use crate::expressions::Template;
use crate::values::{App, CorrelationId, EmailAddress};

/// The names a message's template may use.
pub(crate) const NAMES: [&str; 3] = ["email", "app", "support_code"];

/// The longest text that is shown, in characters. Entra documents no limit; about this much fits on its pages.
pub(super) const MAX_TEXT: usize = 500;

/// The keys that the product itself uses. The keys of refusals and codes are the names of a [`super::reason::Reason`].
pub(crate) mod key {
    /// Shown for refusals that have no text of their own.
    pub(crate) const NOT_INVITED: &str = "not-invited";
    /// Above a form with errors.
    pub(crate) const FIX_ERRORS: &str = "fix-errors";
    /// For people who have to start again, because nobody can tell who sent the form.
    pub(crate) const START_AGAIN: &str = "start-again";
    /// For failures that should be over in a while.
    pub(crate) const TRY_LATER: &str = "try-later";
    /// At a field that has to be filled in.
    pub(crate) const FIELD_REQUIRED: &str = "field-required";
    /// At a field whose value does not pass.
    pub(crate) const FIELD_INVALID: &str = "field-invalid";
    /// At a field whose value is too long.
    pub(crate) const FIELD_TOO_LONG: &str = "field-too-long";
    /// The page of a rule that blocks and has no text of its own.
    pub(crate) const RULE_BLOCKED: &str = "rule-blocked";
}

/// The built-in texts.
const BUILT_IN: [(&str, &str); 15] = [
    (key::NOT_INVITED, "You need an invitation to sign up with this email address."),
    ("no-address", "We could not see your email address, so you cannot sign up this way. Try another way to sign up."),
    ("closed", "Sign-up is closed."),
    ("no-policy", "Sign-up is not available for this application."),
    (key::FIX_ERRORS, "Please correct the marked fields."),
    (
        key::START_AGAIN,
        "We could not match this form with the start of your sign-up. Please close this page and sign up again.",
    ),
    (key::TRY_LATER, "We cannot complete your sign-up right now. Please try again in a few minutes."),
    (key::FIELD_REQUIRED, "This field is required."),
    (key::FIELD_INVALID, "This value cannot be used."),
    (key::FIELD_TOO_LONG, "This value is too long."),
    (key::RULE_BLOCKED, "You cannot sign up with these answers."),
    ("code-missing", "Enter your invitation code."),
    ("code-wrong", "This is not a valid invitation code."),
    ("code-expired", "This invitation code has expired."),
    ("code-used-up", "This invitation code has been used already."),
];

/// Reasons that have a text of their own only if the configuration gives them one.
const OPTIONAL: [&str; 5] =
    ["denied", "disposable", "invitation-expired", "invitation-for-another-app", "invitation-not-yet-valid"];

/// A text with an optional heading.
#[derive(Debug, Clone)]
pub struct Message {
    /// The heading of a page; fields show none.
    pub title: Option<Template>,
    /// The text.
    pub text: Template,
}

impl Message {
    /// The message as people see it; `None`: it cannot be rendered, or it is empty.
    fn render(&self, key: &str, message_context: MessageContext<'_>) -> Option<Page> {
        let context = json!({
            "email": message_context.email.map(EmailAddress::as_given),
            "app": { "name": message_context.app.name, "id": message_context.app.id },
            "support_code": message_context.correlation_id.map(CorrelationId::support_code).unwrap_or_default(),
        });
        let text_of = |template: &Template| match template.render(&context) {
            Ok(text) => Some(text.trim().chars().take(MAX_TEXT).collect::<String>()).filter(|text| !text.is_empty()),
            Err(error) => {
                tracing::warn!(event = "message-failed", key, error = %error);
                None
            }
        };
        Some(Page { text: text_of(&self.text)?, title: self.title.as_ref().and_then(text_of) })
    }

    fn templates(&self) -> impl Iterator<Item = &Template> {
        self.title.iter().chain([&self.text])
    }
}

/// The configured texts: by locale (lower case), then by key.
#[derive(Debug, Clone, Default)]
pub struct Messages {
    locales: BTreeMap<String, BTreeMap<String, Message>>,
}

/// The locale of a text, and the values that its template may use.
#[derive(Debug, Clone, Copy)]
pub struct MessageContext<'a> {
    /// The locale the event names (`en-us`); empty if none.
    pub locale: &'a str,
    /// The person's address, if known.
    pub email: Option<&'a EmailAddress>,
    /// The app they sign up to.
    pub app: &'a App,
    /// The id of the sign-up, from which follows the code that leads from the page to the log.
    pub correlation_id: Option<&'a CorrelationId>,
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
        is_built_in(key) || self.locales.values().any(|texts| texts.contains_key(key))
    }

    /// The templates for a key, in the locale where they are most expensive.
    pub(crate) fn templates(&self, key: &str) -> impl Iterator<Item = &Template> {
        let texts = self.locales.values().filter_map(|texts| texts.get(key));
        let costliest = texts.max_by_key(|message| message.templates().map(Template::worst_case).sum::<u64>());
        costliest.into_iter().flat_map(Message::templates)
    }

    /// Every key that has a text or can have one.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        let configured = self.locales.values().flat_map(BTreeMap::keys).map(String::as_str);
        configured.chain(BUILT_IN.iter().map(|(key, _)| *key)).chain(OPTIONAL.iter().copied())
    }

    /// The page for a key. The support code is added to a built-in text; a configured text contains it if it wants to.
    #[must_use]
    pub fn page(&self, key: &str, message_context: MessageContext<'_>) -> Page {
        let own = self.find(key, message_context.locale);
        if own.is_none() && OPTIONAL.contains(&key) {
            return self.page(key::NOT_INVITED, message_context);
        }
        own.and_then(|message| message.render(key, message_context)).unwrap_or_else(|| {
            let mut text = built_in(key).unwrap_or(FALLBACK).to_owned();
            if let Some(id) = message_context.correlation_id {
                text.push_str(" Support code: ");
                text.push_str(&id.support_code());
            }
            Page { title: None, text }
        })
    }

    /// The text for a key, at a field or above the form.
    #[must_use]
    pub fn text(&self, key: &str, message_context: MessageContext<'_>) -> String {
        let own = self.find(key, message_context.locale);
        let rendered = own.and_then(|message| message.render(key, message_context)).map(|page| page.text);
        rendered.unwrap_or_else(|| built_in(key).unwrap_or(FALLBACK).to_owned())
    }

    /// The configured message for a key, in the locale or in the one that stands in for it.
    fn find(&self, key: &str, locale: &str) -> Option<&Message> {
        if self.locales.is_empty() {
            return None;
        }
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
        // A text in another language is better than none.
        if is_built_in(key) { None } else { self.locales.values().find_map(|texts| texts.get(key)) }
    }
}

/// Shown for a key without a text. The configuration refuses such keys, so nobody sees it.
const FALLBACK: &str = "This is not possible.";

/// Whether the product itself uses the key, even if no rule names it.
#[must_use]
pub(crate) fn is_built_in(key: &str) -> bool {
    built_in_keys().any(|known| known == key)
}

/// The keys that the product itself uses.
pub(crate) fn built_in_keys() -> impl Iterator<Item = &'static str> {
    BUILT_IN.iter().map(|(key, _)| *key).chain(OPTIONAL)
}

/// The keys that the product itself uses, with their built-in texts. `None`: the text of `not-invited` is shown.
pub(crate) fn built_in_texts() -> impl Iterator<Item = (&'static str, Option<&'static str>)> {
    let own = BUILT_IN.iter().map(|(key, text)| (*key, Some(*text)));
    own.chain(OPTIONAL.iter().map(|key| (*key, None)))
}

fn built_in(key: &str) -> Option<&'static str> {
    BUILT_IN.iter().find(|(name, _)| *name == key).map(|(_, text)| *text)
}

#[cfg(test)]
mod tests;
