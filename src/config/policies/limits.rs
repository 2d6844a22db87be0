//! What a policy may hold: how many rules, steps and values, how long a text, and how much it may cost over one form.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::PolicySection;
use super::cost::{self, Cost, MAX_COST, holds_several, milliseconds};
use super::rules::RuleSection;
use crate::config::engine::Diagnostics;
use crate::signup::messages::Messages;
use crate::signup::policy::Policy;
use crate::signup::rules::Normalise;

/// The most rules of a policy.
const MAX_RULES: usize = 256;

/// The most steps of `normalise` for one attribute, and in all rules of a policy.
const MAX_STEPS: [usize; 2] = [16, 256];

/// The most values of `one_of`.
const MAX_VALUES: usize = 1000;

/// The values of `max_text`, in bytes.
const MAX_TEXT: RangeInclusive<usize> = 64..=65536;

/// Reports a policy that holds more, or can cost more, than there is time for.
pub(super) fn check(section: &PolicySection, policy: &Policy, messages: &Messages, diagnostics: &mut Diagnostics) {
    let max_text = &section.max_text;
    if !MAX_TEXT.contains(&max_text.value) {
        let how = format!("must lie between {} and {} bytes", MAX_TEXT.start(), MAX_TEXT.end());
        diagnostics.error_at("max_text", &max_text.origin, how);
        return;
    }
    check_prefill(section, policy, diagnostics);
    diagnostics.within("rules", |diagnostics| {
        // If a rule has an error, the rest does not say what was meant.
        if policy.rules.len() == section.rules.len() && !diagnostics.is_wrong_here() {
            check_counts(section, policy, diagnostics);
            check_cost(section, policy, messages, diagnostics);
        }
    });
}

/// Reports too many rules, steps or values.
fn check_counts(section: &PolicySection, policy: &Policy, diagnostics: &mut Diagnostics) {
    if let Some(first) = section.rules.get(MAX_RULES) {
        let how = format!("a policy has {MAX_RULES} rules at most: join those that say the same of one attribute");
        diagnostics.error_at(first.value.step(), &first.origin, how);
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

fn report(rule: &RuleSection, key: &str, how: &str, diagnostics: &mut Diagnostics) {
    diagnostics.within(rule.value.step(), |diagnostics| diagnostics.error_at(key, &rule.origin, how));
}

/// Reports rules that together can take too long, at the one that costs most.
fn check_cost(section: &PolicySection, policy: &Policy, messages: &Messages, diagnostics: &mut Diagnostics) {
    let mut total = 0_u64;
    let mut dearest: Option<(Cost, &RuleSection)> = None;
    for (cost, rule) in cost::of_rules(section, policy, messages) {
        total = total.saturating_add(cost.nanoseconds);
        if dearest.as_ref().is_none_or(|(most, _)| most.nanoseconds < cost.nanoseconds) {
            dearest = Some((cost, rule));
        }
    }
    let Some((cost, rule)) = dearest.filter(|_| total > MAX_COST) else { return };
    let how = format!(
        "over the worst form the rules of this policy can take {}, more than {}; most of all {} of this rule, with {}: {}",
        milliseconds(total),
        milliseconds(MAX_COST),
        cost.what,
        milliseconds(cost.nanoseconds),
        cost.remedy
    );
    diagnostics.error_at(rule.value.step(), &rule.origin, how);
}

/// Reports values of the form that can take too long to be made.
fn check_prefill(section: &PolicySection, policy: &Policy, diagnostics: &mut Diagnostics) {
    let total = cost::of_prefill(policy);
    if total > MAX_COST {
        let origin = section.prefill.values().next().map_or(&section.name.origin, |value| &value.origin);
        let how = format!(
            "the templates can take {}, more than {}: write them without for",
            milliseconds(total),
            milliseconds(MAX_COST)
        );
        diagnostics.error_at("prefill", origin, how);
    }
}
