//! `[[policies]]`: who may sign up to which app, and what the form asks.

mod cost;
mod keys;
mod limits;
mod pattern;
mod prefill;
mod rules;
pub(super) mod sources;

use super::checks::{apps, unique};
use super::engine::{Diagnostics, Origin, Spanned};
use super::known_names::KnownNames;
use super::tenant::attributes::expect_text;
use crate::signup::disposable;
use crate::signup::messages::Messages;
use crate::signup::policy::Policy;
use crate::signup::rules::Rule;
use crate::values::{AddressRule, AttributeName};

pub(super) use keys::PolicySection;

/// Checks the policies.
pub(super) fn policies(
    sections: &[PolicySection],
    names: &KnownNames,
    messages: &Messages,
    diagnostics: &mut Diagnostics,
) -> Vec<Policy> {
    let policies = diagnostics.within("policies", |diagnostics| {
        unique(sections.iter().map(|policy| &policy.name), diagnostics);
        let build = |section: &PolicySection| {
            diagnostics.within(&section.name.value, |diagnostics| policy(section, names, messages, diagnostics))
        };
        sections.iter().map(build).collect()
    });
    warn_of_dead_policies(sections, diagnostics);
    policies
}

/// Warns of each policy after one that is for every app, since it never decides. Also warns if there are no policies.
fn warn_of_dead_policies(sections: &[PolicySection], diagnostics: &mut Diagnostics) {
    let wrong = |policy: &PolicySection, key| diagnostics.is_wrong(&format!("policies.{}.{key}", policy.name.value));
    let catch_all = sections.iter().position(|policy| policy.apps.is_empty() && !wrong(policy, "apps"));
    let dead = sections.iter().skip(catch_all.map_or(usize::MAX, |at| at + 1));
    // A policy that is there twice is another slip.
    let dead: Vec<&PolicySection> = dead.filter(|policy| !wrong(policy, "name")).collect();
    for policy in dead {
        diagnostics.warn_at("policies", &policy.name.origin, "never decides: a policy before it is for every app");
    }
    if sections.is_empty() && !diagnostics.is_incomplete("policies") {
        let message = "there is no [[policies]]: everybody is refused";
        diagnostics.warn(&Origin::File { line: 1, column: 1 }, message);
    }
}

fn policy(section: &PolicySection, names: &KnownNames, messages: &Messages, diagnostics: &mut Diagnostics) -> Policy {
    let mut addresses = |key, list: &[Spanned<String>]| {
        diagnostics.within(key, |diagnostics| {
            list.iter().filter_map(|rule| address_rule(rule, key == "allow", diagnostics)).collect()
        })
    };
    let allow = addresses("allow", &section.allow);
    let deny = addresses("deny", &section.deny);
    if section.deny_disposable {
        disposable::load();
    }
    let multi_select = multi_select(section, names, diagnostics);
    let policy = Policy {
        name: section.name.value.as_str().into(),
        apps: apps(&section.apps, diagnostics),
        gate: section.gate,
        allow,
        deny,
        deny_disposable: section.deny_disposable,
        mode: section.mode,
        no_address: sources::no_address(section, diagnostics),
        email_match: section.email_match,
        email_sources: sources::email_sources(section, names, diagnostics),
        invitation_code: sources::invitation_code(section, names, diagnostics),
        uniform_refusals: section.uniform_refusals,
        rules: rules(section, &multi_select, names, diagnostics),
        multi_select,
        types: names.types.clone(),
        lookups: sources::lookups(section, &names.lookups, diagnostics),
        prefill: prefill::prefill(section, names, diagnostics),
        max_text: section.max_text.value,
    };
    limits::check(section, &policy, messages, diagnostics);
    policy
}

/// Checks a rule of `allow` or `deny`. Reports a rule that lets in everybody at a public suffix
/// or a public mail provider.
fn address_rule(text: &Spanned<String>, admits: bool, diagnostics: &mut Diagnostics) -> Option<AddressRule> {
    match text.value.parse::<AddressRule>() {
        Ok(rule) if admits && rule.is_for_a_public_suffix() => {
            let message =
                format!("{rule} is a public suffix, under which anybody can have a domain: name a domain below it");
            diagnostics.error(&text.origin, message);
            None
        }
        Ok(rule) => {
            if admits && rule.is_for_a_mail_provider() {
                let message = format!(
                    "{rule} is the domain of a public mail provider: it lets in everyone who has an address there"
                );
                diagnostics.warn(&text.origin, message);
            }
            Some(rule)
        }
        Err(error) => {
            // The text is not quoted: problems are logged, and an address is personal.
            diagnostics.error(&text.origin, format!("the rule {error}"));
            None
        }
    }
}

/// Checks `multi_select`.
fn multi_select(section: &PolicySection, names: &KnownNames, diagnostics: &mut Diagnostics) -> Vec<AttributeName> {
    diagnostics.within("multi_select", |diagnostics| {
        let mut text = |written: &Spanned<String>| {
            let name = names.attribute(&written.value, &written.origin, diagnostics)?;
            expect_text(&name, names, &written.origin, diagnostics);
            Some(name)
        };
        section.multi_select.iter().filter_map(&mut text).collect()
    })
}

fn rules(
    section: &PolicySection,
    multi_select: &[AttributeName],
    names: &KnownNames,
    diagnostics: &mut Diagnostics,
) -> Vec<Rule> {
    diagnostics.within("rules", |diagnostics| {
        section.rules.iter().filter_map(|section| rules::rule(section, multi_select, names, diagnostics)).collect()
    })
}
