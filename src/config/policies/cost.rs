//! How much work the rules of a policy can be, at worst, over one form.
//!
//! Whoever fills in the form chooses what the rules run over, and other sign-ups wait meanwhile. So the cost of the worst
//! form is estimated when the configuration is read, and a policy that goes beyond [`MAX_WORK`] is an error. The estimate
//! is the sum over all rules of what each costs for the longest value of its attribute:
//!
//! - a pattern: the length times the size of the compiled pattern, and something for each character. The length is bounded
//!   by `max_text` or Entra's own limits, by `max_length`, and by the longest text that can match;
//! - `normalise`: the length for each step, and what it takes to read a phone number;
//! - a condition: its steps, with 256 rounds for a loop, and the items of what it compares or copies
//!   (`expressions/condition/work.rs`). That of a rule which requires its attribute is also asked when another one fails
//!   from emptiness, once until a value changes (`signup/rules/ask.rs`);
//! - a text that a failure shows: the fuel of its template.
//!
//! Of attributes whose names differ in case only each is looked at, which is not in the sum: the directory has none. Two of
//! one name, and four ways to choose among them, are the most that is looked at.
//!
//! The figures are nanoseconds on the machine of the README's figures; `benches/figures.rs` prints what the dearest
//! policies that are accepted really take.

use std::collections::BTreeMap;

use regex::RegexBuilder;

use super::PolicySection;
use super::rules::RuleSection;
use crate::config::engine::Diagnostics;
use crate::expressions::Template;
use crate::signup::facts::is_at;
use crate::signup::messages::Messages;
use crate::signup::policy::{Policy, PrefillValue};
use crate::signup::rules::{MAX_CHOICES, MaxLength, Normalise, Required, Rule};
use crate::values::AttributeName;

/// The most work for one form.
const MAX_WORK: u64 = 20_000_000;

/// The most rules of a policy.
const MAX_RULES: usize = 256;

/// The most steps of `normalise` for one attribute, and in all rules of a policy.
const MAX_STEPS: [usize; 2] = [16, 256];

/// The most values of `one_of`.
const MAX_VALUES: usize = 1000;

/// The largest compiled pattern, in bytes.
pub(super) const MAX_PATTERN: usize = 1 << 20;

/// The longest text of a form that can be configured, in bytes.
const TEXT: std::ops::RangeInclusive<usize> = 64..=65536;

/// Reading a phone number, for the first time for its country. Its patterns are compiled by then.
const PHONE: u64 = 500_000;

/// What makes up the cost of a rule.
struct Cost {
    what: &'static str,
    remedy: &'static str,
    nanoseconds: u64,
}

/// Reports a policy that can cost more than there is time for.
pub(super) fn check(section: &PolicySection, policy: &Policy, messages: &Messages, diagnostics: &mut Diagnostics) {
    let max_text = &section.max_text;
    if !TEXT.contains(&max_text.value) {
        let how = format!("must lie between {} and {} bytes", TEXT.start(), TEXT.end());
        diagnostics.error_at("max_text", &max_text.origin, how);
        return;
    }
    check_prefill(section, policy, diagnostics);
    diagnostics.within("rules", |diagnostics| {
        // What is left of rules with errors says nothing about what was meant.
        if policy.rules.len() == section.rules.len() && !diagnostics.is_wrong_here() {
            check_counts(section, policy, diagnostics);
            check_work(section, policy, messages, diagnostics);
        }
    });
}

/// What a rule is called in a path.
fn name_of(section: &RuleSection) -> &str {
    section.value.attribute.as_ref().map_or("[]", |attribute| attribute.value.as_str())
}

fn check_counts(section: &PolicySection, policy: &Policy, diagnostics: &mut Diagnostics) {
    if let Some(first) = section.rules.get(MAX_RULES) {
        let how = format!("a policy has {MAX_RULES} rules at most: join those that say the same of one attribute");
        diagnostics.error_at(name_of(first), &first.origin, how);
    }
    let (mut steps, mut all) = (BTreeMap::<String, usize>::new(), 0);
    for (rule, written) in policy.rules.iter().zip(&section.rules) {
        let attribute = rule.attribute.as_ref().map(|name| name.as_str().to_ascii_lowercase()).unwrap_or_default();
        let of_attribute = steps.entry(attribute).or_default();
        let before = (*of_attribute, all);
        *of_attribute += rule.normalise.len();
        all += rule.normalise.len();
        let [for_one, for_all] = MAX_STEPS;
        let whose = [("this attribute", before.0, *of_attribute, for_one), ("a policy", before.1, all, for_all)];
        for (whose, before, now, most) in whose {
            if before <= most && now > most {
                let how = format!("{whose} can be tidied in {most} steps at most: tidy each attribute in one rule");
                report(written, "normalise", &how, diagnostics);
            }
        }
        if rule.normalise.contains(&Normalise::Phone) && holds_several(rule, policy) {
            let how = "phone is for one number, and multi_select says that the attribute holds several choices: take one \
                       of the two away";
            report(written, "normalise", how, diagnostics);
        }
        if rule.checks.one_of.len() > MAX_VALUES {
            let how = format!("has more than {MAX_VALUES} values: write a pattern");
            report(written, "one_of", &how, diagnostics);
        }
    }
}

/// Whether the rule's attribute holds several choices in one text.
fn holds_several(rule: &Rule, policy: &Policy) -> bool {
    let names = |several: &AttributeName| rule.attribute.as_ref().is_some_and(|name| several.is(name.as_str()));
    policy.multi_select.iter().any(names)
}

fn report(rule: &RuleSection, key: &str, how: &str, diagnostics: &mut Diagnostics) {
    diagnostics.within(name_of(rule), |diagnostics| diagnostics.error_at(key, &rule.origin, how));
}

fn check_work(section: &PolicySection, policy: &Policy, messages: &Messages, diagnostics: &mut Diagnostics) {
    let mut total = 0_u64;
    let mut dearest: Option<(Cost, &RuleSection)> = None;
    let again = rounds_of_requirements(&policy.rules);
    for (rule, written) in policy.rules.iter().zip(&section.rules) {
        for cost in costs(rule, written, policy, messages, again) {
            total = total.saturating_add(cost.nanoseconds);
            if dearest.as_ref().is_none_or(|(most, _)| most.nanoseconds < cost.nanoseconds) {
                dearest = Some((cost, written));
            }
        }
    }
    let Some((cost, rule)) = dearest.filter(|_| total > MAX_WORK) else { return };
    let how = format!(
        "over the worst form the rules of this policy can take {}, more than {}; most of all {} of this rule, with {}: {}",
        milliseconds(total),
        milliseconds(MAX_WORK),
        cost.what,
        milliseconds(cost.nanoseconds),
        cost.remedy
    );
    diagnostics.error_at(name_of(rule), &rule.origin, how);
}

fn milliseconds(nanoseconds: u64) -> String {
    format!("{}.{} ms", nanoseconds / 1_000_000, nanoseconds / 100_000 % 10)
}

/// How often it can be asked anew which fields are required: before a condition that is a check, where a value may have
/// changed since the last one.
fn rounds_of_requirements(rules: &[Rule]) -> u64 {
    let (mut rounds, mut changed) = (0_u64, true);
    for rule in rules {
        if changed && rule.is_its_condition() {
            (rounds, changed) = (rounds.saturating_add(1), false);
        }
        changed |= !rule.normalise.is_empty();
    }
    rounds
}

/// How many items a condition can find at a path, all that is in it together. An attribute is also there under its full
/// name; an invitation has three lists.
fn items_at(path: &[String], multi_select: &[AttributeName]) -> u64 {
    let list = wide(MAX_CHOICES);
    let lists = || wide(multi_select.len()).saturating_mul(2).saturating_add(4);
    match path {
        [_] => list.saturating_mul(lists()),
        [_, ext] if ext == "ext" => list.saturating_mul(lists()),
        [root, name] if root == "invite" && ["tags", "groups", "roles"].contains(&name.as_str()) => list,
        _ if multi_select.iter().any(|several| is_at(several, path)) => list,
        _ => 1,
    }
}

/// What a rule costs, part by part; `again`: how often it is asked whether it requires its attribute.
fn costs(rule: &Rule, written: &RuleSection, policy: &Policy, messages: &Messages, again: u64) -> [Cost; 5] {
    let attribute = rule.attribute.as_ref();
    let length = attribute.map_or(0, |name| MaxLength::of(name, policy.max_text).bytes());
    let choices = if holds_several(rule, policy) { MAX_CHOICES } else { 1 };
    let steps: u64 = rule.normalise.iter().map(|step| step.nanoseconds_per_byte()).sum();
    let numbers = wide(rule.normalise.iter().filter(|step| **step == Normalise::Phone).count());
    let pattern = written.value.pattern.as_ref().map_or(0, |pattern| {
        let most = rule.checks.max_length.map_or(length, |most| length.min(most.saturating_mul(4)));
        pattern_cost(&pattern.value, most)
    });
    let items = |path: &[String]| items_at(path, &policy.multi_select);
    let condition = rule.when.as_ref().map_or(0, |when| {
        let asked = if rule.checks.required == Required::No { 0 } else { again };
        let for_others = when.worst(false, &items).saturating_mul(asked);
        when.worst(rule.is_its_condition(), &items).saturating_add(for_others)
    });
    let text = rule.message.as_ref().map_or(0, |key| messages.templates(key).map(Template::worst).sum());
    [
        Cost {
            what: "the pattern",
            remedy: "give the rule a max_length, or write the pattern with smaller counts, and with [A-Za-z0-9_] rather \
                     than \\w or .",
            nanoseconds: pattern,
        },
        Cost {
            what: "normalise",
            remedy: "take fewer steps, or lower max_text",
            nanoseconds: steps.saturating_mul(wide(length)).saturating_add(numbers.saturating_mul(PHONE)),
        },
        Cost {
            what: "the condition",
            remedy: "write it with fewer loops (exists, all, map, filter), without + inside of them, and without comparing \
                     lists or all attributes with each other",
            nanoseconds: condition,
        },
        Cost { what: "the text", remedy: "write its message without for", nanoseconds: text },
        Cost {
            what: "the checks",
            remedy: "shorten one_of, or write a pattern",
            nanoseconds: wide(choices).saturating_mul(1_000 + 5 * wide(rule.checks.one_of.len())),
        },
    ]
}

/// What a pattern costs over a text of so many bytes. One character can take a step in every state of the pattern, and a
/// new state of the machine that is made of them.
fn pattern_cost(pattern: &str, length: usize) -> u64 {
    let longest = regex_syntax::parse(pattern).ok().and_then(|parsed| parsed.properties().maximum_len());
    let length = wide(longest.map_or(length, |longest| longest.min(length)));
    length.saturating_mul(700 + wide(compiled_size(pattern)) * 8 / 100)
}

/// The size of the compiled pattern in bytes, at most an eighth too large.
fn compiled_size(pattern: &str) -> usize {
    let whole = format!(r"\A(?:{pattern})\z");
    let fits = |size: usize| RegexBuilder::new(&whole).size_limit(size).build().is_ok();
    let Some(mut most) = std::iter::successors(Some(1024), |size| Some(size * 2))
        .take_while(|size| *size <= MAX_PATTERN)
        .find(|size| fits(*size))
    else {
        return MAX_PATTERN;
    };
    for step in [4, 8] {
        let smaller = most - most / step;
        if fits(smaller) {
            most = smaller;
        }
    }
    most
}

/// Reports values of the form that can take too long to be made.
fn check_prefill(section: &PolicySection, policy: &Policy, diagnostics: &mut Diagnostics) {
    let templates = policy.prefill.iter().filter_map(|(_, value)| match value {
        PrefillValue::Template(template) => Some(template.worst()),
        PrefillValue::Constant(_) => None,
    });
    let total = templates.fold(0, u64::saturating_add);
    if total > MAX_WORK {
        let origin = section.prefill.values().next().map_or(&section.name.origin, |value| &value.origin);
        let how = format!(
            "the templates can take {}, more than {}: write them without for",
            milliseconds(total),
            milliseconds(MAX_WORK)
        );
        diagnostics.error_at("prefill", origin, how);
    }
}

fn wide(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
