//! `[messages]`, compiled.

use std::collections::BTreeMap;

use super::Names;
use super::names::Members;
use crate::config::decode::{Reading, Spanned};
use crate::config::file::{File, MessageText};
use crate::config::problems::Severity;
use crate::config::tree::Origin;
use crate::signup::messages::{self, Message, Messages};
use crate::values::did_you_mean;

pub(super) fn messages(file: &File, names: &Names, reading: &mut Reading) -> Messages {
    let members = Members::of_templates(names);
    let locales = reading.within("messages", |reading| {
        let mut locales = BTreeMap::new();
        for (locale, texts) in &file.messages {
            check_locale(locale, texts, &locales, reading);
            let texts = reading.within(locale, |reading| {
                let build = |(key, text): (&String, &Spanned<MessageText>)| {
                    Some((message_key(key, text), reading.within(key, |reading| message(text, &members, reading))?))
                };
                texts.iter().filter_map(build).collect::<BTreeMap<_, _>>()
            });
            locales.insert(locale.clone(), texts);
        }
        locales
    });
    let messages = Messages::new(locales);
    warn_of_unused_messages(file, reading);
    messages
}

/// Reports a locale that no event can name, or that is there in another spelling.
fn check_locale<T>(
    locale: &str,
    texts: &BTreeMap<String, Spanned<MessageText>>,
    others: &BTreeMap<String, T>,
    reading: &mut Reading,
) {
    let plain = |text: &str| text.to_ascii_lowercase().replace('_', "-");
    let well_formed = plain(locale).split('-').enumerate().all(|(at, part)| {
        let letters = at > 0 || part.bytes().all(|byte| byte.is_ascii_alphabetic());
        (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()) && letters
    });
    let Some(first) = texts.values().next() else { return };
    let twice = others.keys().find(|other| plain(other) == plain(locale));
    let how = match twice {
        _ if !well_formed => "is not a locale such as en or de-AT".to_owned(),
        Some(other) => format!("is the same locale as {other:?}: put the texts together"),
        None => return,
    };
    reading.within(locale, |reading| reading.error(&first.origin, how));
}

/// The key of a text; one that an app setting brought had to say `NOT_INVITED`.
fn message_key(written: &str, text: &Spanned<MessageText>) -> String {
    match text.origin {
        Origin::Setting(_) => written.to_ascii_lowercase().replace('_', "-"),
        Origin::File { .. } => written.to_owned(),
    }
}

fn message(text: &Spanned<MessageText>, members: &Members<'_>, reading: &mut Reading) -> Option<Message> {
    let mut template = |source: &str| members.template(source, &messages::NAMES, &text.origin, reading);
    let title = text.value.title.as_deref().map(&mut template);
    let body = template(&text.value.text);
    Some(Message { title: title.map_or(Some(None), |title| title.map(Some))?, text: body? })
}

/// A text that is never shown is most likely a slip of its key.
fn warn_of_unused_messages(file: &File, reading: &mut Reading) {
    let rules = file.policies.iter().flat_map(|policy| &policy.rules);
    let used: Vec<&str> = rules.filter_map(|rule| Some(rule.value.message.as_ref()?.value.as_str())).collect();
    for (locale, texts) in &file.messages {
        for (written, text) in texts {
            let key = &message_key(written, text);
            if !used.contains(&key.as_str()) && !messages::is_built_in(key) {
                let known: Vec<&str> = messages::built_in_keys().collect();
                let near = did_you_mean(key, known);
                let path = format!("messages.{locale}.{key}");
                reading.within(&path, |reading| {
                    reading.report(Severity::Warning, &text.origin, format!("no rule names this text{near}"));
                });
            }
        }
    }
}
