//! What passes, what fails, and what is changed.

mod conditions;
mod dates;
mod fuzz;
mod lengths;
mod phones;
mod several;
mod values;

use chrono::TimeZone;

use super::*;
use crate::signup::facts::IdentityFacts;
use crate::values::{App, AttributeType, AttributeTypes, AttributeValue, Client, FormField, Provenance};
use regex::Regex;

fn rule(attribute: &str) -> Rule {
    Rule { attribute: Some(AttributeName::new(attribute)), ..Rule::default() }
}

fn checking(attribute: &str, checks: Checks) -> Rule {
    Rule { checks, ..rule(attribute) }
}

fn tidying(attribute: &str, normalise: &[Normalise]) -> Rule {
    Rule { normalise: normalise.to_vec(), ..rule(attribute) }
}

fn when(condition: &str) -> Option<Condition> {
    let compiled = Condition::compile(condition, &crate::signup::facts::NAMES);
    assert!(compiled.is_ok(), "{compiled:?}");
    compiled.ok()
}

fn pattern(text: &str) -> Option<Regex> {
    Regex::new(&format!(r"\A(?:{text})\z")).ok()
}

fn field(name: &str, value: Option<AttributeValue>) -> FormField {
    let attribute_type = value.as_ref().map_or(AttributeType::String, AttributeValue::attribute_type);
    FormField { name: AttributeName::new(name), attribute_type, value }
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::String(value.into())
}

fn list(items: &[&str]) -> AttributeValue {
    AttributeValue::StringCollection(items.iter().map(|item| (*item).to_owned()).collect())
}

fn form(fields: &[(&str, &str)]) -> Form {
    Form(fields.iter().map(|(name, value)| field(name, Some(text(value)))).collect())
}

/// The day of the sign-up in these tests.
fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 1, 9, 30, 0).unwrap()
}

fn check_several(rules: &[Rule], form: &Form, multi_select: &[AttributeName]) -> CheckedForm {
    check_typed(rules, form, multi_select, &AttributeTypes::default())
}

fn check_typed(rules: &[Rule], form: &Form, multi_select: &[AttributeName], types: &AttributeTypes) -> CheckedForm {
    let (app, client) = (App::default(), Client { locale: "de-at".into(), ..Client::default() });
    let identity = IdentityFacts { provenance: Some(Provenance::Verified), ..IdentityFacts::default() };
    let facts = Facts { form, multi_select, types, invitation: None, app: &app, client: &client, identity };
    check(rules, &Submission { form, multi_select, max_text: MAX_TEXT, facts: &facts, now: now() })
}

fn check_form(rules: &[Rule], form: &Form) -> CheckedForm {
    check_several(rules, form, &[])
}

fn check_one(rule: Rule, value: Option<AttributeValue>) -> CheckedForm {
    check_form(&[rule], &Form(vec![field("city", value)]))
}

fn passes(checks: Checks, value: AttributeValue) -> bool {
    check_one(checking("city", checks), Some(value)).errors.is_empty()
}

/// What a value becomes.
fn tidied(steps: &[Normalise], given: &str) -> String {
    let changed = check_one(tidying("city", steps), Some(text(given))).changed;
    changed.into_values().next().map_or_else(|| given.to_owned(), |value| value.to_text())
}

fn errors(checked: &CheckedForm) -> Vec<(&str, &str)> {
    checked.errors.iter().map(|(name, key)| (name.as_str(), key.as_str())).collect()
}

fn findings(checked: &CheckedForm) -> Vec<(usize, FindingKind)> {
    checked.findings.iter().map(|finding| (finding.rule, finding.kind)).collect()
}
