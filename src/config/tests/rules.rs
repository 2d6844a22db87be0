//! `[[policies.rules]]`: what can be meant, and what cannot.

use chrono::{TimeZone, Utc};
use rstest::rstest;

use super::*;
use crate::signup::facts::{Facts, IdentityFacts};
use crate::signup::rules::{Checked, Outcome, Required, Submission, check};
use crate::values::{AttributeName, AttributeType, AttributeValue, Client, Form, FormField};

/// The least configuration with a rule of these lines.
fn with_rule(lines: &str) -> Sample {
    Sample::new(&format!("{LEAST}[[policies.rules]]\n{lines}\n"))
}

/// What the rule of these lines says to a value of `city`.
fn checked(lines: &str, value: AttributeValue) -> Checked {
    let config = with_rule(lines).load().unwrap_or_else(|invalid| panic!("{invalid}"));
    assert!(config.notes.is_empty(), "{:?}", config.notes);
    let field =
        FormField { name: AttributeName::new("city"), attribute_type: AttributeType::String, value: Some(value) };
    let (form, app, client) = (Form(vec![field]), App::default(), Client::default());
    let identity = IdentityFacts::default();
    let types = &config.sign_up.policies[0].types;
    let facts = Facts { form: &form, multi_select: &[], types, invitation: None, app: &app, client: &client, identity };
    let now = Utc.with_ymd_and_hms(2026, 3, 1, 0, 0, 0).unwrap();
    check(&config.sign_up.policies[0].rules, &Submission { form: &form, multi_select: &[], facts: &facts, now })
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::String(value.into())
}

#[rstest]
#[case("min_length = 2\nmax_length = 3", "ab", "abcd")]
#[case("pattern = 'a|b'", "b", "ab")]
#[case("one_of = [\"a\", 1, true]", "true", "false")]
#[case("one_of = [\"a\", 1, true]", "1", "2")]
#[case("min = -5\nmax = 5", "-5", "6")]
#[case("date_format = '%d.%m.%Y'", "31.01.2026", "2026-01-31")]
#[case("earliest = '2026-01-31'\nlatest = 'today'", "2026-03-01", "2026-03-02")]
#[case("min_age = 18", "2008-03-01", "2008-03-02")]
#[case("max_items = 1", "a", "")]
#[case("normalise = ['phone']\nphone_country = 'au'", "0412 345 678", "12")]
#[case("when = \"attributes.city == 'b'\"", "a", "b")]
#[case("normalise = ['trim', 'title', 'lower', 'upper', 'collapse', 'nfkc', 'digits']\none_of = ['7']", "７", "8")]
fn every_check_reaches_the_rule(#[case] lines: &str, #[case] passes: &str, #[case] fails: &str) {
    let lines = format!("attribute = \"city\"\n{lines}");
    assert!(checked(&lines, text(passes)).errors.is_empty());
    if !fails.is_empty() {
        assert_eq!(checked(&lines, text(fails)).errors.values().collect::<Vec<_>>(), ["field-invalid"]);
    }
}

#[rstest]
#[case("true", Required::Always)]
#[case("false", Required::No)]
#[case("\"if-asked\"", Required::IfAsked)]
fn required_is_yes_no_or_if_asked(#[case] written: &str, #[case] wanted: Required) {
    let config = with_rule(&format!("attribute = \"city\"\nmin_length = 1\nrequired = {written}")).load().unwrap();
    assert_eq!(config.sign_up.policies[0].rules[0].checks.required, wanted);
}

#[test]
fn outcome_and_message_reach_the_rule() {
    let lines = "when = \"true\"\noutcome = \"block\"\nmessage = \"closed\"";
    assert_eq!(checked(lines, text("")).block.as_deref(), Some("closed"));
    assert_eq!(checked("when = \"true\"", text("")).page_error.as_deref(), Some("fix-errors"));
    let config = with_rule("attribute = \"city\"\nrequired = true").load().unwrap();
    assert_eq!(config.sign_up.policies[0].rules[0].outcome, Outcome::Error);
}

#[rstest]
#[case("attribute = \"city\"\nrequired = \"asked\"", "rules.city.required:", "expected true, false or \"if-asked\"")]
#[case("attribute = \"city\"\nrequired = 1", "rules.city.required:", "expected true, false or \"if-asked\"")]
#[case("required = true", ":9:1: policies.default.rules.[]:", "neither attribute nor when")]
#[case("attribute = \"city\"", ":9:1: policies.default.rules.city:", "does nothing")]
#[case("attribute = \"city\"\noutcome = \"error\"", "rules.city:", "does nothing")]
#[case("when = \"true\"\nrequired = true", "rules.[]:", "without attribute can only fail by its condition")]
#[case("when = \"true\"\nnormalise = [\"trim\"]", "rules.[]:", "without attribute can only fail by its condition")]
#[case("attribute = \"city\"\nnormalise = [\"trim\"]\nmessage = \"closed\"", "rules.city.message:", "cannot fail")]
#[case("attribute = \"city\"\nnormalise = [\"trim\"]\noutcome = \"block\"", "rules.city.outcome:", "cannot fail")]
#[case(
    "attribute = \"city\"\nmin_length = 3\nmax_length = 2",
    ":11:14: policies.default.rules.city.min_length:",
    "max_length"
)]
#[case("attribute = \"city\"\nmin = 3\nmax = 2", "rules.city.min:", "is larger than max")]
#[case("attribute = \"city\"\nmin_items = 3\nmax_items = 2", "rules.city.min_items:", "is larger than max_items")]
#[case("attribute = \"city\"\nmin = 1.5", "rules.city.min:", "expected a whole number")]
#[case("attribute = \"city\"\nmin_length = -1", "rules.city.min_length:", "zero or more")]
#[case("attribute = \"city\"\nmin_age = 0", "rules.city.min_age:", "between 1 and 150")]
#[case("attribute = \"city\"\nmin_age = 1800", "rules.city.min_age:", "between 1 and 150")]
#[case("attribute = \"city\"\nearliest = \"2026-02-30\"", "rules.city.earliest:", "is not a date")]
#[case("attribute = \"city\"\nlatest = \"tomorrow\"", "rules.city.latest:", "or today")]
#[case(
    "attribute = \"city\"\nearliest = \"2026-02-02\"\nlatest = \"2026-02-01\"",
    "rules.city.earliest:",
    "after latest"
)]
#[case("attribute = \"city\"\ndate_format = \"%Q\"", "rules.city.date_format:", "stands for nothing")]
#[case("attribute = \"city\"\ndate_format = \"%d.%m.\"", "rules.city.date_format:", "whole date")]
#[case("attribute = \"city\"\nrequired = true\nphone_country = \"AU\"", "rules.city.phone_country:", "add \"phone\"")]
#[case(
    "attribute = \"city\"\nnormalise = [\"phone\"]\nphone_country = \"Australia\"",
    "rules.city.phone_country:",
    "ISO 3166"
)]
#[case(
    "attribute = \"city\"\nnormalise = [\"phone\"]\nphone_country = \"attributes.contry\"",
    "rules.city.phone_country:",
    "did you mean country?"
)]
#[case("attribute = \"city\"\nnormalise = [\"tirm\"]", "rules.city.normalise.[]:", "none of trim")]
#[case("attribute = \"city\"\nrequired = true\noutcome = \"page\"", "rules.city.outcome:", "error, block")]
#[case("attribute = \"city\"\nwhen = \"attributes.city ==\"", "rules.city.when:", "cannot be read")]
#[case("attribute = \"city\"\nwhen = \"user.city == ''\"", "rules.city.when:", "unknown name user")]
#[case("attribute = \"ext.Plan\"\nrequired = true", "rules.ext.Plan:", "set tenant.extension_app_id")]
fn a_rule_that_cannot_be_meant_is_an_error(#[case] lines: &str, #[case] place: &str, #[case] says: &str) {
    let seen = with_rule(lines).problems();
    assert!(seen.iter().any(|line| line.contains(place) && line.contains(says)), "{seen:#?}");
    assert_eq!(seen.len(), 1, "{seen:#?}");
}

#[test]
fn a_text_of_a_rule_without_an_attribute_counts_as_used() {
    let sample = with_rule("when = \"true\"\nmessage = \"no-way\"\n[messages.en]\nno-way = \"No.\"");
    assert!(sample.problems().is_empty(), "{:?}", sample.problems());
}

#[rstest]
#[case("when = \"int(attributes.city) < 18\"", "the person gets an error at the fields it reads: int() fails")]
#[case(
    "attribute = \"city\"\nmax_length = 3\nwhen = \"int(attributes.city) < 18\"",
    "the rule does not apply: int() fails"
)]
#[case("when = \"attributes.city > 5\"", "attributes.city is a text, and to compare it with a number fails")]
#[case("when = \"attributes.City\"", "write attributes.City != ''")]
fn a_condition_that_can_fail_on_what_people_type_is_a_warning(#[case] lines: &str, #[case] says: &str) {
    let notes = with_rule(lines).load().unwrap_or_else(|invalid| panic!("{invalid}")).notes;
    let seen: Vec<_> = notes.iter().map(|note| note.describe("guestlist.toml")).collect();
    assert_eq!(seen.len(), 1, "{seen:#?}");
    assert!(seen[0].contains("warning") && seen[0].contains(".when:") && seen[0].contains(says), "{seen:#?}");
}

#[test]
fn the_condition_of_a_connector_can_fail_too() {
    let connector = "[graph]\nclient_id = \"12345678-0000-0000-0000-000000000000\"\ncredential = { client_secret = { env = \"S\" } }\n\
        [[connectors]]\nname = \"news\"\nkind = \"mailchimp\"\napi_key = { env = \"S\" }\nlist = \"a1\"\nwhen = \"int(user.city) > 5\"\n";
    let seen = Sample::new(&format!("{LEAST}{connector}")).problems();
    let says = "the connector skips the account: int() fails";
    assert!(seen.iter().any(|line| line.contains("connectors.news.when:") && line.contains(says)), "{seen:#?}");
}
