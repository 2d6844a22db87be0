//! How much work the rules of a policy can be, at worst, over one form.
//!
//! Whoever fills in the form chooses what the rules run over, and other sign-ups wait meanwhile. So the cost of the worst
//! form is estimated when the configuration is read, and a policy that goes beyond [`MAX_WORK`] is an error. The estimate
//! is the sum over all rules of what each costs for the longest value of its attribute:
//!
//! - a pattern: the length times the size of the compiled pattern, and something for each character. The length is bounded
//!   by `max_text` or Entra's own limits, by `max_length`, and by the longest text that can match;
//! - `normalise`: the length for each step;
//! - a condition: its steps, with 256 rounds for a loop (`expressions/condition/work.rs`);
//! - a text that a failure shows: the fuel of its template.
//!
//! The figures are nanoseconds on the machine of the README's figures; `benches/figures.rs` prints what the dearest
//! policies that are accepted really take.

use std::collections::BTreeMap;

use regex::RegexBuilder;

use crate::config::decode::Reading;
use crate::config::file::{PolicySection, RuleSection};
use crate::config::tree::Origin;
use crate::expressions::Template;
use crate::signup::messages::Messages;
use crate::signup::policy::{Policy, PrefillValue};
use crate::signup::rules::{MAX_CHOICES, MaxLength, Rule};

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

/// What makes up the cost of a rule.
struct Cost {
    what: &'static str,
    remedy: &'static str,
    nanoseconds: u64,
}

/// Reports a policy that can cost more than there is time for.
pub(super) fn check(section: &PolicySection, policy: &Policy, messages: &Messages, reading: &mut Reading) {
    let max_text = &section.max_text;
    if !TEXT.contains(&max_text.value) {
        let how = format!("must lie between {} and {} bytes", TEXT.start(), TEXT.end());
        reading.within("max_text", |reading| reading.error(&max_text.origin, how));
        return;
    }
    check_prefill(section, policy, reading);
    reading.within("rules", |reading| {
        // What is left of rules with errors says nothing about what was meant.
        if policy.rules.len() == section.rules.len() && !reading.is_wrong_here() {
            check_counts(section, policy, reading);
            check_work(section, policy, messages, reading);
        }
    });
}

/// What a rule is called in a path.
fn name_of(section: &RuleSection) -> &str {
    section.value.attribute.as_ref().map_or("[]", |attribute| attribute.value.as_str())
}

fn check_counts(section: &PolicySection, policy: &Policy, reading: &mut Reading) {
    if let Some(first) = section.rules.get(MAX_RULES) {
        let how = format!("a policy has {MAX_RULES} rules at most: join those that say the same of one attribute");
        reading.within(name_of(first), |reading| reading.error(&first.origin, how));
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
                report(written, "normalise", &how, reading);
            }
        }
        if rule.checks.one_of.len() > MAX_VALUES {
            let how = format!("has more than {MAX_VALUES} values: write a pattern");
            report(written, "one_of", &how, reading);
        }
    }
}

fn report(rule: &RuleSection, key: &str, how: &str, reading: &mut Reading) {
    reading.within(name_of(rule), |reading| reading.within(key, |reading| reading.error(&rule.origin, how)));
}

fn check_work(section: &PolicySection, policy: &Policy, messages: &Messages, reading: &mut Reading) {
    let mut total = 0_u64;
    let mut dearest: Option<(Cost, &RuleSection)> = None;
    for (rule, written) in policy.rules.iter().zip(&section.rules) {
        for cost in costs(rule, written, policy, messages) {
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
    reading.within(name_of(rule), |reading| reading.error(&rule.origin, how));
}

fn milliseconds(nanoseconds: u64) -> String {
    format!("{}.{} ms", nanoseconds / 1_000_000, nanoseconds / 100_000 % 10)
}

/// What a rule costs, part by part.
fn costs(rule: &Rule, written: &RuleSection, policy: &Policy, messages: &Messages) -> [Cost; 5] {
    let attribute = rule.attribute.as_ref();
    let length = attribute.map_or(0, |name| MaxLength::of(name, policy.max_text).bytes());
    let several = attribute.is_some_and(|name| policy.multi_select.iter().any(|several| several.is(name.as_str())));
    let items = if several { MAX_CHOICES } else { 1 };
    let steps: u64 = rule.normalise.iter().map(|step| step.nanoseconds_per_byte()).sum();
    let pattern = written.value.pattern.as_ref().map_or(0, |pattern| {
        let most = rule.checks.max_length.map_or(length, |most| length.min(most.saturating_mul(4)));
        pattern_cost(&pattern.value, most)
    });
    let condition = rule.when.as_ref().map_or(0, |when| when.worst(rule.is_its_condition()));
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
            nanoseconds: steps.saturating_mul(wide(length)),
        },
        Cost {
            what: "the condition",
            remedy: "write it with fewer loops (exists, all, map, filter) and without + inside of them",
            nanoseconds: condition,
        },
        Cost { what: "the text", remedy: "write its message without for", nanoseconds: text },
        Cost {
            what: "the checks",
            remedy: "shorten one_of, or write a pattern",
            nanoseconds: wide(items).saturating_mul(1_000 + 5 * wide(rule.checks.one_of.len())),
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
fn check_prefill(section: &PolicySection, policy: &Policy, reading: &mut Reading) {
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
        report_at("prefill", origin, &how, reading);
    }
}

fn report_at(key: &str, origin: &Origin, how: &str, reading: &mut Reading) {
    reading.within(key, |reading| reading.error(origin, how));
}

fn wide(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
