//! `[[policies.rules]]`: what is tidied and checked when the form comes back.

mod dates;
mod keys;

use super::pattern;
use crate::config::definitions::Definitions;
use crate::config::engine::{Diagnostics, Spanned};
use crate::config::expressions::scope::Scope;
use crate::config::expressions::types::KnownTypes;
use crate::config::known_names::KnownNames;
use crate::signup::facts;
use crate::signup::messages;
use crate::signup::rules::{Checks, Normalise, Outcome, PhoneCountry, Rule};
use crate::values::{AttributeName, did_you_mean};

pub(in crate::config) use keys::{MAX_STEPS, MAX_VALUES, RuleKeys, RuleSection};

/// Checks one rule, and what its keys say together.
pub(super) fn rule(
    section: &RuleSection,
    multi_select: &[AttributeName],
    names: &KnownNames,
    diagnostics: &mut Diagnostics,
) -> Option<Rule> {
    let keys = &section.value;
    diagnostics.within(keys.path_segment(), |diagnostics| {
        let find_attribute = |written: &Spanned<String>| names.attribute(&written.value, &written.origin, diagnostics);
        let attribute = keys.attribute.as_ref().map(find_attribute);
        let when = keys.when.as_ref().map(|when| {
            let condition =
                |diagnostics: &mut Diagnostics| Scope::of_conditions(names).condition(when, &facts::NAMES, diagnostics);
            diagnostics.within("when", condition)
        });
        check_message(keys, &names.texts, diagnostics);
        let rule = Rule {
            outcome: keys.outcome,
            normalise: keys.normalise.clone(),
            phone_country: phone_country(keys, names, diagnostics),
            checks: checks(keys, diagnostics),
            message: keys.message.as_ref().map(|key| key.value.clone()),
            attribute: attribute.map_or(Some(None), |name| name.map(Some))?,
            when: when.map_or(Some(None), |when| when.map(Some))?,
        };
        // If a key has an error, the rest does not say what was meant.
        if !diagnostics.has_errors_here() {
            check_combination(&rule, section, diagnostics);
            warn_of_risks(&rule, keys, &KnownTypes { names, multi_select }, diagnostics);
        }
        Some(rule)
    })
}

/// Warns of a condition that can fail on what people type.
fn warn_of_risks(rule: &Rule, keys: &RuleKeys, kinds: &KnownTypes<'_>, diagnostics: &mut Diagnostics) {
    let (Some(condition), Some(written)) = (&rule.when, &keys.when) else { return };
    let then = if rule.checks_by_condition() {
        "the person gets an error at the fields it reads"
    } else {
        "the rule does not apply"
    };
    diagnostics
        .within("when", |diagnostics| kinds.warn_of_risks(condition, "attributes", then, &written.origin, diagnostics));
}

/// Reports a `message` that is not the key of any text.
fn check_message(keys: &RuleKeys, texts: &Definitions, diagnostics: &mut Diagnostics) {
    let is_unknown = |key: &&Spanned<String>| texts.lack(&key.value) && !messages::is_built_in(&key.value);
    if let Some(key) = keys.message.as_ref().filter(is_unknown) {
        let mut known: Vec<&str> = messages::built_in_keys().collect();
        known.extend(texts.iter());
        let near = did_you_mean(&key.value, known);
        let message = format!("[messages] has no {:?}{near}", key.value);
        diagnostics.error_at("message", &key.origin, message);
    }
}

/// Reports keys that make no sense together.
fn check_combination(rule: &Rule, section: &RuleSection, diagnostics: &mut Diagnostics) {
    let origin = &section.origin;
    let has_effect = rule.checks_values() || !rule.normalise.is_empty();
    if rule.attribute.is_none() && rule.when.is_none() {
        diagnostics
            .error(origin, "the rule says neither attribute nor when: name the attribute it is for, or a condition");
    } else if rule.attribute.is_none() && has_effect {
        diagnostics
            .error(origin, "a rule without attribute can only fail by its condition: name the attribute to be checked");
    } else if rule.when.is_none() && !has_effect {
        diagnostics.error(origin, "the rule does nothing: give it a check, normalise or when");
    } else if rule.when.is_none() && !rule.checks_values() {
        let key = if rule.outcome == Outcome::Block { "outcome" } else { "message" };
        if rule.outcome == Outcome::Block || rule.message.is_some() {
            let message = "the rule cannot fail, so this is never used: give the rule a check, or remove this";
            diagnostics.error_at(key, origin, message);
        }
    }
}

fn phone_country(keys: &RuleKeys, names: &KnownNames, diagnostics: &mut Diagnostics) -> Option<PhoneCountry> {
    let reads_phones = keys.normalise.contains(&Normalise::Phone);
    let normalise_is_wrong = diagnostics.is_wrong("normalise");
    keys.phone_country.as_ref().and_then(|written| {
        diagnostics.within("phone_country", |diagnostics| {
            if !reads_phones && !normalise_is_wrong {
                diagnostics.error(&written.origin, "is for phone numbers only: add \"phone\" to normalise");
            }
            if let Some(name) = written.value.strip_prefix("attributes.") {
                return names.attribute(name, &written.origin, diagnostics).map(PhoneCountry::Attribute);
            }
            match written.value.parse() {
                Ok(country) => Some(PhoneCountry::Fixed(country)),
                Err(error) => {
                    let message = format!(
                        "{:?} {error}, or the attribute that holds it, such as attributes.country",
                        written.value
                    );
                    diagnostics.error(&written.origin, message);
                    None
                }
            }
        })
    })
}

fn checks(keys: &RuleKeys, diagnostics: &mut Diagnostics) -> Checks {
    check_range(("min_length", &keys.min_length), ("max_length", &keys.max_length), diagnostics);
    check_range(("min", &keys.min), ("max", &keys.max), diagnostics);
    check_range(("min_items", &keys.min_items), ("max_items", &keys.max_items), diagnostics);
    Checks {
        required: keys.required,
        pattern: keys.pattern.as_ref().and_then(|written| pattern::compile(written, diagnostics)),
        min_length: keys.min_length.as_ref().map(|min| min.value),
        max_length: keys.max_length.as_ref().map(|max| max.value),
        one_of: keys.one_of.iter().map(|value| value.0.to_text()).collect(),
        min: keys.min.as_ref().map(|min| min.value),
        max: keys.max.as_ref().map(|max| max.value),
        date: dates::date(keys, diagnostics),
        min_items: keys.min_items.as_ref().map(|min| min.value),
        max_items: keys.max_items.as_ref().map(|max| max.value),
    }
}

/// Reports a range whose least value is above its greatest.
fn check_range<T: PartialOrd>(
    (least, low): (&str, &Option<Spanned<T>>),
    (most, high): (&str, &Option<Spanned<T>>),
    diagnostics: &mut Diagnostics,
) {
    if let (Some(low), Some(high)) = (low, high)
        && low.value > high.value
    {
        let message = format!("is larger than {most}: nothing can pass");
        diagnostics.error_at(least, &low.origin, message);
    }
}
