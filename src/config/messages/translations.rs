//! Warns of texts that nobody sees, and of languages that lack a text that another one has.

use std::collections::{BTreeMap, BTreeSet};

use super::locales::{is_language_tag, language, normalised};
use super::{LocaleTexts, message_key};
use crate::config::engine::{Diagnostics, Origin, Spanned};
use crate::config::known_names::KnownNames;
use crate::config::policies::PolicySection;
use crate::signup::messages::{built_in_keys, built_in_texts, is_built_in};
use crate::values::{did_you_mean, nearest};

/// The language of the built-in texts. Every other language falls back to it.
const FALLBACK: &str = "en";

/// The texts of one locale.
struct Translation<'t> {
    /// As it was written.
    locale: &'t str,
    normalised: String,
    origin: &'t Origin,
    /// The place of each text.
    keys: BTreeMap<String, &'t Origin>,
}

/// Warns of unused and of missing texts.
pub(super) fn check(
    texts: &[(&String, &Spanned<LocaleTexts>)],
    policies: &[PolicySection],
    names: &KnownNames,
    diagnostics: &mut Diagnostics,
) {
    let mut translations: Vec<Translation<'_>> = texts
        .iter()
        .map(|(locale, texts)| Translation {
            locale,
            normalised: normalised(locale),
            origin: &texts.origin,
            keys: texts.value.iter().map(|(key, text)| (message_key(key, text), &text.origin)).collect(),
        })
        .collect();
    let used = used_keys(policies, names);
    // A rule that names no text that there is may have meant any.
    let all_exist = used.iter().all(|key| is_built_in(key) || !names.texts.lack(key));
    let rules_are_known = all_exist && !policies_are_incomplete(policies, diagnostics);
    let unused = |key: &str| rules_are_known && !used.contains(key) && !is_built_in(key);
    diagnostics.within("messages", |diagnostics| {
        warn_of_unused(&translations, &used, unused, diagnostics);
        // What is no language has no translation that lacks anything.
        translations.retain(|translation| is_language_tag(translation.locale));
        for translation in &translations {
            warn_of_missing(translation, &translations, unused, diagnostics);
        }
    });
}

/// The keys that rules name. A key that does not exist stands for the nearest one.
fn used_keys<'k>(policies: &'k [PolicySection], names: &'k KnownNames) -> BTreeSet<&'k str> {
    let rules = policies.iter().flat_map(|policy| &policy.rules);
    let written = rules.filter_map(|rule| Some(rule.value.message.as_ref()?.value.as_str()));
    let meant = |key| if names.texts.lack(key) { nearest(key, names.texts.iter()).unwrap_or(key) } else { key };
    written.map(meant).collect()
}

/// Whether a rule, or the text that it names, could not be read.
fn policies_are_incomplete(policies: &[PolicySection], diagnostics: &Diagnostics) -> bool {
    let rules_are_incomplete = |policy: &PolicySection| {
        let rules = format!("policies.{}.rules", policy.name.value);
        let message = |rule: &str| diagnostics.is_wrong(&format!("{rules}.{rule}.message"));
        diagnostics.is_incomplete(&rules) || policy.rules.iter().any(|rule| message(rule.value.path_segment()))
    };
    diagnostics.is_incomplete("policies") || policies.iter().any(rules_are_incomplete)
}

/// Warns of texts that are never shown, once for all locales. Most likely the key is misspelt.
fn warn_of_unused(
    translations: &[Translation<'_>],
    used: &BTreeSet<&str>,
    unused: impl Fn(&str) -> bool,
    diagnostics: &mut Diagnostics,
) {
    let mut known: Vec<&str> = built_in_keys().collect();
    known.extend(used);
    let mut reported = BTreeSet::new();
    for translation in translations {
        for (key, origin) in translation.keys.iter().filter(|(key, _)| unused(key)) {
            if !reported.insert(key.as_str()) {
                continue;
            }
            let near = did_you_mean(key, known.iter().copied());
            let path = format!("{}.{key}", translation.locale);
            diagnostics.warn_at(&path, origin, format!("no rule names this text{near}"));
        }
    }
}

/// Warns of a language that lacks texts that another language has. Whoever speaks it sees another language there.
fn warn_of_missing(
    translation: &Translation<'_>,
    all: &[Translation<'_>],
    unused: impl Fn(&str) -> bool,
    diagnostics: &mut Diagnostics,
) {
    let own_language = language(&translation.normalised);
    // What a region lacks is looked for in its language, which is checked on its own.
    let belongs_to = |other: &Translation<'_>| translation.normalised.starts_with(&format!("{}-", other.normalised));
    if all.iter().any(belongs_to) {
        return;
    }
    let same = |other: &&Translation<'_>| other.normalised == translation.normalised;
    let has = |key: &str| all.iter().filter(same).any(|other| other.keys.contains_key(key));
    let misspelt = |key: &str| translation.keys.keys().any(|own| unused(own) && nearest(own, [key]).is_some());
    let others = all.iter().filter(|other| language(&other.normalised) != own_language);
    let keys: BTreeSet<&str> = others.flat_map(|other| other.keys.keys().map(String::as_str)).collect();
    let mut missing: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for key in keys.into_iter().filter(|key| !has(key) && !unused(key) && !misspelt(key)) {
        if let Some(shown) = shown_instead(key, own_language, all) {
            missing.entry(shown).or_default().push(key);
        }
    }
    if missing.is_empty() {
        return;
    }
    let parts: Vec<String> =
        missing.into_iter().map(|(shown, keys)| format!("has no {}, so people see {shown}", keys.join(", "))).collect();
    diagnostics.warn_at(translation.locale, translation.origin, parts.join("; "));
}

/// What people see who speak a language that lacks a text. `None` if it is in their language.
fn shown_instead(key: &str, own_language: &str, all: &[Translation<'_>]) -> Option<String> {
    let in_fallback = all.iter().any(|other| other.normalised == FALLBACK && other.keys.contains_key(key));
    if in_fallback && own_language != FALLBACK {
        return Some(format!("that of [messages.{FALLBACK}]"));
    }
    match built_in_texts().find(|(known, _)| *known == key) {
        Some((_, Some(_))) => (own_language != FALLBACK).then(|| "the built-in English text".to_owned()),
        // Without a text of its own it is that of `not-invited`.
        Some((_, None)) => None,
        None => {
            let other = all.iter().find(|other| other.keys.contains_key(key))?;
            Some(format!("that of [messages.{}]", other.locale))
        }
    }
}
