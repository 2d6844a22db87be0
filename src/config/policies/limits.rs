//! The limits of a policy: how many rules, steps and values it may have, how long a text may be, and how long it may
//! take for one form.

use std::collections::BTreeMap;

use super::cost::{self, Cost, MAX_COST, is_multi_select, milliseconds};
use super::keys::{MAX_RULES, MAX_TEXT, PolicySection};
use super::rules::{MAX_STEPS, MAX_VALUES, RuleSection};
use crate::config::checks;
use crate::config::engine::Diagnostics;
use crate::signup::messages::Messages;
use crate::signup::policy::Policy;
use crate::signup::rules::Normalise;

/// Reports a policy that holds more, or can cost more, than there is time for.
pub(super) fn check(section: &PolicySection, policy: &Policy, messages: &Messages, diagnostics: &mut Diagnostics) {
    let max_text = &section.max_text;
    if !MAX_TEXT.contains(&max_text.value) {
        checks::limits("max_text", max_text, &MAX_TEXT, " bytes", diagnostics);
        return;
    }
    check_prefill(section, policy, diagnostics);
    diagnostics.within("rules", |diagnostics| {
        // If a rule has an error, the rest does not say what was meant.
        if policy.rules.len() == section.rules.len() && !diagnostics.has_errors_here() {
            check_counts(section, policy, diagnostics);
            check_cost(section, policy, messages, diagnostics);
        }
    });
}

/// Reports too many rules, steps or values.
fn check_counts(section: &PolicySection, policy: &Policy, diagnostics: &mut Diagnostics) {
    if let Some(first) = section.rules.get(MAX_RULES) {
        let message = format!(
            "a policy has too many rules: the limit is {MAX_RULES}; join those that say the same of one attribute"
        );
        diagnostics.error_at(first.value.path_segment(), &first.origin, message);
    }
    let (mut steps, mut total_steps) = (BTreeMap::<String, usize>::new(), 0);
    for (rule, written) in policy.rules.iter().zip(&section.rules) {
        let attribute = rule.attribute.as_ref().map(|name| name.as_str().to_ascii_lowercase()).unwrap_or_default();
        let attribute_steps = steps.entry(attribute).or_default();
        let before = (*attribute_steps, total_steps);
        *attribute_steps += rule.normalise.len();
        total_steps += rule.normalise.len();
        let [for_one, for_all] = MAX_STEPS;
        let counts =
            [("this attribute", before.0, *attribute_steps, for_one), ("a policy", before.1, total_steps, for_all)];
        for (subject, before, now, most) in counts {
            if before <= most && now > most {
                let message = format!(
                    "{subject} is tidied in too many steps: the limit is {most}; tidy each attribute in one rule"
                );
                report(written, "normalise", &message, diagnostics);
            }
        }
        if rule.normalise.contains(&Normalise::Phone) && is_multi_select(rule, policy) {
            let message = "phone is for one number, and multi_select says that the attribute holds several choices: take one \
                       of the two away";
            report(written, "normalise", message, diagnostics);
        }
        if rule.checks.one_of.len() > MAX_VALUES {
            let message = format!("has too many values: the limit is {MAX_VALUES}; write a pattern");
            report(written, "one_of", &message, diagnostics);
        }
    }
}

fn report(rule: &RuleSection, key: &str, message: &str, diagnostics: &mut Diagnostics) {
    diagnostics.within(rule.value.path_segment(), |diagnostics| diagnostics.error_at(key, &rule.origin, message));
}

/// Reports rules that together can take too long, at the one that costs most.
fn check_cost(section: &PolicySection, policy: &Policy, messages: &Messages, diagnostics: &mut Diagnostics) {
    let mut total = 0_u64;
    let mut most_expensive: Option<(Cost, &RuleSection)> = None;
    for (cost, rule) in cost::rule_costs(section, policy, messages) {
        total = total.saturating_add(cost.nanoseconds);
        if most_expensive.as_ref().is_none_or(|(most, _)| most.nanoseconds < cost.nanoseconds) {
            most_expensive = Some((cost, rule));
        }
    }
    let Some((cost, rule)) = most_expensive.filter(|_| total > MAX_COST) else { return };
    let message = format!(
        "over the worst form the rules of this policy can take {}; the limit is {}; most of all {} of this rule, with {}: {}",
        milliseconds(total),
        milliseconds(MAX_COST),
        cost.part,
        milliseconds(cost.nanoseconds),
        cost.remedy
    );
    diagnostics.error_at(rule.value.path_segment(), &rule.origin, message);
}

/// Reports values of the form that can take too long to be made.
fn check_prefill(section: &PolicySection, policy: &Policy, diagnostics: &mut Diagnostics) {
    let total = cost::prefill_cost(policy);
    if total > MAX_COST {
        let origin = section.prefill.values().next().map_or(&section.name.origin, |value| &value.origin);
        let message = format!(
            "the templates can take {}; the limit is {}; write them without for",
            milliseconds(total),
            milliseconds(MAX_COST)
        );
        diagnostics.error_at("prefill", origin, message);
    }
}
