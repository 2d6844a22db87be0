//! Estimates how long the rules of a policy can take for the worst form.
//!
//! The person who fills in the form chooses what the rules run over, and other sign-ups wait meanwhile. So the cost of the
//! worst form is estimated when the configuration is read. A policy that can cost more than [`MAX_COST`] is an error. The
//! estimate adds up what each rule costs for the longest value of its attribute:
//!
//! - a pattern: the length times the size of the compiled pattern, and something for each character. The length is limited
//!   by `max_text` or Entra's own limits, by `max_length`, and by the longest text that can match;
//! - `normalise`: the length for each step, and the time to read a phone number;
//! - a condition: its steps, with 256 rounds for a loop, and the items that it compares or copies. If a rule requires
//!   its attribute, its condition is evaluated again when another condition fails on an empty value, at most once after
//!   each change of a value (`signup/rules/condition.rs`);
//! - the text of a failure: the fuel of its template.
//!
//! One case is not in the sum: attributes whose names only differ in case. The directory has none. At most two of one
//! name are looked at, in four combinations.
//!
//! The figures are nanoseconds on the machine of the README's figures. `benches/figures.rs` prints what the most expensive
//! accepted policies really take.

use super::PolicySection;
use super::pattern::{self, to_u64};
use super::rules::RuleSection;
use crate::expressions::Template;
use crate::signup::attribute_path::AttributePath;
use crate::signup::facts::is_at;
use crate::signup::messages::Messages;
use crate::signup::policy::{Policy, PrefillValue};
use crate::signup::rules::{MAX_CHOICES, MaxLength, Normalise, Required, Rule};
use crate::values::{AttributeName, Invitation};

/// The most that the rules of a policy, or its prefilled values, may cost over one form, in nanoseconds.
pub(super) const MAX_COST: u64 = 20_000_000;

/// The cost of the first phone number of a country, in nanoseconds. Its patterns are compiled by then.
const PHONE: u64 = 500_000;

/// The cost of a part of a rule.
pub(super) struct Cost {
    /// The part of the rule, as an error names it.
    pub(super) part: &'static str,
    /// How to make it cheaper.
    pub(super) remedy: &'static str,
    pub(super) nanoseconds: u64,
}

/// The cost of each part of each rule.
pub(super) fn rule_costs<'s>(
    section: &'s PolicySection,
    policy: &Policy,
    messages: &Messages,
) -> impl Iterator<Item = (Cost, &'s RuleSection)> {
    let rounds = rounds_of_requirements(&policy.rules);
    let rules = policy.rules.iter().zip(&section.rules);
    rules.flat_map(move |(rule, written)| {
        part_costs(rule, written, policy, messages, rounds).into_iter().map(move |cost| (cost, written))
    })
}

/// The cost of `prefill`, in nanoseconds.
pub(super) fn prefill_cost(policy: &Policy) -> u64 {
    let templates = policy.prefill.iter().filter_map(|(_, value)| match value {
        PrefillValue::Template(template) => Some(template.worst_case()),
        PrefillValue::Constant(_) => None,
    });
    templates.fold(0, u64::saturating_add)
}

/// A cost as errors show it: `12.3 ms`.
pub(super) fn milliseconds(nanoseconds: u64) -> String {
    format!("{}.{} ms", nanoseconds / 1_000_000, nanoseconds / 100_000 % 10)
}

/// Whether the rule's attribute holds several choices in one text.
pub(super) fn is_multi_select(rule: &Rule, policy: &Policy) -> bool {
    let names = |attribute: &AttributeName| rule.attribute.as_ref().is_some_and(|name| attribute.is(name.as_str()));
    policy.multi_select.iter().any(names)
}

/// How often the conditions of required fields can be evaluated again: once before each condition that is a check, if a
/// value may have changed since the last time.
fn rounds_of_requirements(rules: &[Rule]) -> u64 {
    let (mut rounds, mut changed) = (0_u64, true);
    for rule in rules {
        if changed && rule.checks_by_condition() {
            (rounds, changed) = (rounds.saturating_add(1), false);
        }
        changed |= !rule.normalise.is_empty();
    }
    rounds
}

/// The most items that a condition can find at a path and below it. An attribute is there twice, also under its full name;
/// an invitation has three lists.
fn items_at(path: &[String], multi_select: &[AttributeName]) -> u64 {
    let list = to_u64(MAX_CHOICES);
    let lists = || to_u64(multi_select.len()).saturating_mul(2).saturating_add(4);
    match path {
        [_] => list.saturating_mul(lists()),
        _ if AttributePath::of(path) == Some(AttributePath::AllCustom) => list.saturating_mul(lists()),
        [root, name] if root == "invite" && Invitation::LISTS.contains(&name.as_str()) => list,
        _ if multi_select.iter().any(|attribute| is_at(attribute, path)) => list,
        _ => 1,
    }
}

/// The cost of each part of a rule. `reevaluations` says how often its condition is evaluated for other rules.
fn part_costs(
    rule: &Rule,
    written: &RuleSection,
    policy: &Policy,
    messages: &Messages,
    reevaluations: u64,
) -> [Cost; 5] {
    let attribute = rule.attribute.as_ref();
    let length = attribute.map_or(0, |name| MaxLength::of(name, policy.max_text).bytes());
    let choices = if is_multi_select(rule, policy) { MAX_CHOICES } else { 1 };
    let steps: u64 = rule.normalise.iter().map(|step| step.nanoseconds_per_byte()).sum();
    let numbers = to_u64(rule.normalise.iter().filter(|step| **step == Normalise::Phone).count());
    let pattern = written.value.pattern.as_ref().map_or(0, |pattern| {
        let longest = rule.checks.max_length.map_or(length, |most| length.min(most.saturating_mul(4)));
        pattern::worst_case(&pattern.value, longest)
    });
    let items = |path: &[String]| items_at(path, &policy.multi_select);
    let condition = rule.when.as_ref().map_or(0, |when| {
        let evaluations = if rule.checks.required == Required::No { 0 } else { reevaluations };
        let cost_for_others = when.worst_case(false, &items).saturating_mul(evaluations);
        when.worst_case(rule.checks_by_condition(), &items).saturating_add(cost_for_others)
    });
    let text = rule.message.as_ref().map_or(0, |key| messages.templates(key).map(Template::worst_case).sum());
    [
        Cost {
            part: "the pattern",
            remedy: "give the rule a max_length, or write the pattern with smaller counts, and with [A-Za-z0-9_] rather \
                     than \\w or .",
            nanoseconds: pattern,
        },
        Cost {
            part: "normalise",
            remedy: "take fewer steps, or lower max_text",
            nanoseconds: steps.saturating_mul(to_u64(length)).saturating_add(numbers.saturating_mul(PHONE)),
        },
        Cost {
            part: "the condition",
            remedy: "write it with fewer loops (exists, all, map, filter), without + inside of them, and without comparing \
                     lists or all attributes with each other",
            nanoseconds: condition,
        },
        Cost { part: "the text", remedy: "write its message without for", nanoseconds: text },
        Cost {
            part: "the checks",
            remedy: "shorten one_of, or write a pattern",
            nanoseconds: to_u64(choices).saturating_mul(1_000 + 5 * to_u64(rule.checks.one_of.len())),
        },
    ]
}
