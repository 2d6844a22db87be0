//! `[[policies.rules]]`: what is accepted, and what is not.

use chrono::{TimeZone, Utc};
use rstest::rstest;

use super::sample::{GRAPH, LEAST, NEWS, Sample};
use crate::signup::facts::{Facts, IdentityFacts};
use crate::signup::rules::{CheckedForm, MAX_TEXT, Outcome, Required, Submission, check};
use crate::values::{App, AttributeName, AttributeType, AttributeValue, Client, Form, FormField};

/// The least configuration with a rule of these lines.
fn with_rule(lines: &str) -> Sample {
    Sample::new(&format!("{LEAST}[[policies.rules]]\n{lines}\n"))
}

/// The result of a rule of these lines for a value of `city`.
fn checked(lines: &str, value: AttributeValue) -> CheckedForm {
    let config = with_rule(lines).load().unwrap_or_else(|invalid| panic!("{invalid}"));
    assert!(config.notes.is_empty(), "{:?}", config.notes);
    let field =
        FormField { name: AttributeName::new("city"), attribute_type: AttributeType::String, value: Some(value) };
    let (form, app, client) = (Form(vec![field]), App::default(), Client::default());
    let identity = IdentityFacts::default();
    let types = &config.sign_up.policies[0].types;
    let facts = Facts { form: &form, multi_select: &[], types, invitation: None, app: &app, client: &client, identity };
    let now = Utc.with_ymd_and_hms(2026, 3, 1, 0, 0, 0).unwrap();
    check(
        &config.sign_up.policies[0].rules,
        &Submission { form: &form, multi_select: &[], max_text: MAX_TEXT, facts: &facts, now },
    )
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
#[case("attribute = \"city\"\nmin_age = 0", "rules.city.min_age:", "the least is 1")]
#[case("attribute = \"city\"\nmin_age = 1800", "rules.city.min_age:", "the limit is 150 years")]
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
#[case(
    "when = \"'Leeds' in attributes.city\"",
    "can fail, and then the person gets an error at the fields it reads: attr"
)]
#[case("when = \"-attributes.city == -5\"", "attributes.city is a text, and to negate it fails")]
#[case(
    "when = \"attributes.emailAddress == 5\"",
    "attributes.emailAddress is a text, which is never the same as a number"
)]
#[case("when = \"invite.tags.contains('x')\"", "invite.tags is a list, and .contains() of it fails")]
#[case("when = \"invite.note > 5\"", "invite.note is a text, and to compare it with a number fails")]
#[case("when = \"identity.provenance\"", "write identity.provenance != ''")]
fn a_condition_that_can_fail_on_what_people_type_is_a_warning(#[case] lines: &str, #[case] says: &str) {
    let notes = with_rule(lines).load().unwrap_or_else(|invalid| panic!("{invalid}")).notes;
    let seen: Vec<_> = notes.iter().map(|note| note.describe("guestlist.toml")).collect();
    assert_eq!(seen.len(), 1, "{seen:#?}");
    assert!(seen[0].contains("warning") && seen[0].contains(".when:") && seen[0].contains(says), "{seen:#?}");
}

#[rstest]
#[case("attributes.ext.Age == '17'", "attributes.ext.Age is a number, which is never the same as a text")]
#[case(
    "attributes['ext']['Flag'] == 'true'",
    "attributes.ext.Flag is true or false, which is never the same as a text"
)]
#[case("attributes.ext.Flag > 3", "to compare it with a number fails: write attributes.ext.Flag or !")]
#[case("size(attributes.ext.Age) > 1", "size() of it fails")]
#[case("attributes.ext.Age.contains('x')", ".contains() of it fails")]
#[case("attributes.ext.age", "write attributes.ext.age != 0")]
#[case("attributes.ext.Topics.contains('x')", "attributes.ext.Topics is a list, and .contains() of it fails")]
#[case("attributes.city.contains('x') && attributes.ext.Name == 5", "attributes.ext.Name is a text")]
#[case("attributes.ext.Unknown == 5 || attributes.ext.Unknown.contains('x')", "")]
#[case("'x' in attributes.ext.Topics && attributes.ext.Age == 17 && attributes.ext.Flag && !invite['ext.Flag']", "")]
fn a_condition_knows_the_declared_types_and_the_lists(#[case] condition: &str, #[case] says: &str) {
    let declared = "{ \"ext.Age\" = \"int64\", \"ext.Flag\" = \"boolean\", \"ext.Name\" = \"string\" }";
    let rule = rule_of(&format!("when = \"\"\"{condition}\"\"\""));
    let seen = Sample::new(&format!("{LEAST}multi_select = [\"ext.Topics\"]\n{rule}"))
        .with("GUESTLIST__TENANT__EXTENSION_APP_ID", "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0")
        .with("GUESTLIST__TENANT__ATTRIBUTES", declared)
        .problems();
    let expected = usize::from(!says.is_empty());
    assert!(
        seen.len() == expected && seen.iter().all(|line| line.contains("warning") && line.contains(says)),
        "{seen:#?}"
    );
}

#[test]
fn the_condition_of_a_connector_can_fail_too() {
    let seen = |condition: &str| Sample::new(&format!("{LEAST}{GRAPH}{NEWS}when = \"{condition}\"\n")).problems();
    for (condition, says) in [
        ("int(user.city) > 5", "the connector skips the account: int() fails"),
        ("user.email == 5", "user.email is a text, which is never the same as a number"),
    ] {
        let seen = seen(condition);
        assert!(seen.iter().any(|line| line.contains("connectors.news.when:") && line.contains(says)), "{seen:#?}");
    }
}

/// The problems of a policy with these keys and rules.
fn about(keys: &str, rules: &[String]) -> Vec<String> {
    Sample::new(&format!("{LEAST}{keys}\n{}", rules.concat()))
        .with("GUESTLIST__TENANT__EXTENSION_APP_ID", "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0")
        .problems()
}

fn rule_of(lines: &str) -> String {
    format!("[[policies.rules]]\n{lines}\n")
}

/// A pattern that needs a new state of the machine for nearly every character.
const DEAR: &str = "attribute = \"companyName\"\npattern = '[ab]*a[ab]{2000}c'";

#[rstest]
#[case(DEAR, "companyName:", "the pattern of this rule, with ", "max_length")]
#[case(
    "attribute = \"companyName\"\npattern = '\\w*a\\w{9}b'",
    "companyName:",
    "the pattern of this rule",
    "[A-Za-z0-9_]"
)]
#[case(
    "when = \"invite.tags.exists(tag, invite.tags + invite.groups == [])\"",
    "rules.[]:",
    "the condition of this rule",
    "without + inside"
)]
#[case(
    "attribute = \"city\"\nnormalise = ['trim','trim','trim','trim','trim','trim','trim','trim','trim','trim','trim','trim','trim','trim','trim','trim','trim']",
    "city.normalise:",
    "this attribute is tidied in too many steps: the limit is 16",
    "in one rule"
)]
#[case(
    "when = \"attributes.ext.Topics.map(t, [attributes.ext.Topics, attributes.ext.Topics]) == attributes.ext.Topics.map(t, [attributes.ext.Topics, attributes.ext.Topics])\"",
    "rules.[]:",
    "the condition of this rule",
    "without comparing lists"
)]
#[case(
    "when = \"attributes.ext.Topics.exists(t, [attributes, attributes] == [attributes, attributes] && t == 'zz')\"",
    "rules.[]:",
    "the condition of this rule",
    "without comparing lists"
)]
#[case(
    "when = \"attributes.ext.Topics.exists(t, attributes.ext.Topics in [attributes.ext.Topics, attributes.ext.Topics] && t == 'zz')\"",
    "rules.[]:",
    "the condition of this rule",
    "without comparing lists"
)]
#[case(
    "attribute = \"ext.Topics\"\nnormalise = ['phone']",
    "ext.Topics.normalise:",
    "phone is for one number",
    "take one of the two away"
)]
fn a_rule_that_can_take_too_long_is_refused(
    #[case] lines: &str,
    #[case] place: &str,
    #[case] says: &str,
    #[case] remedy: &str,
) {
    let seen = about("multi_select = ['ext.Topics']", &[rule_of(lines)]);
    assert_eq!(seen.len(), 1, "{seen:#?}");
    assert!(seen[0].contains(place) && seen[0].contains(says) && seen[0].contains(remedy), "{seen:#?}");
}

#[rstest]
#[case(&format!("{DEAR}\nmax_length = 200"))]
#[case("attribute = \"postalCode\"\npattern = '\\w*a\\w{9}b'")]
#[case("attribute = \"companyName\"\npattern = '[0-9]{4}|\\p{L}{1,20}'")]
#[case("attribute = \"companyName\"\nmax_length = 254\npattern = '[\\w.+-]+@[\\w-]+\\.[\\w.-]+'")]
#[case("when = \"'x' in invite.tags || invite.tags.exists(tag, tag.startsWith('a'))\"")]
#[case("when = \"invite.tags.filter(tag, tag != 'x').size() > 3\"")]
fn what_is_short_or_simple_enough_is_accepted(#[case] lines: &str) {
    assert_eq!(about("multi_select = ['ext.Topics']", &[rule_of(lines)]), Vec::<String>::new());
}

#[rstest]
#[case("when = \"attributes.country in ['AU', 'NZ'] || 'x' in attributes.ext.Topics || invite.tags == []\"")]
#[case("when = \"attributes.ext.Topics == invite.tags || 'city' in attributes\"")]
#[case("when = \"attributes.ext.Topics.exists(topic, topic in ['a', 'b'] || topic in invite.tags)\"")]
fn ordinary_conditions_are_accepted_several_times(#[case] lines: &str) {
    assert_eq!(about("multi_select = ['ext.Topics']", &vec![rule_of(lines); 5]), Vec::<String>::new());
}

#[test]
fn what_is_asked_for_every_empty_field_counts() {
    let required = |number: usize| {
        let loops = "attributes.ext.Topics.exists(topic, topic == attributes.state)";
        vec![rule_of(&format!("attribute = \"city\"\nrequired = \"if-asked\"\nwhen = \"{loops}\"")); number]
    };
    let tidy =
        |_| [rule_of("attribute = \"state\"\nnormalise = ['upper']"), rule_of("when = \"-attributes.city == 'n'\"")];
    let tidied: Vec<_> = (0..9).flat_map(tidy).collect();
    let seen = |rules: &[String]| about("multi_select = ['ext.Topics']", rules);
    let too_long = |seen: Vec<String>| seen.iter().any(|line| line.contains("the rules of this policy can take"));
    assert!(!too_long(seen(&required(4))) && !too_long(seen(&tidied)));
    assert!(too_long(seen(&[tidied, required(4)].concat())));
}

#[test]
fn reading_phone_numbers_counts() {
    let phones = |number: usize| {
        let rule = |at: usize| rule_of(&format!("attribute = \"ext.Phone{at}\"\nnormalise = ['phone']"));
        about("", &(0..number).map(rule).collect::<Vec<_>>())
    };
    assert_eq!(phones(8), Vec::<String>::new());
    assert!(phones(40)[0].contains("normalise of this rule"), "{:?}", phones(40));
}

#[test]
fn a_warning_about_a_rule_does_not_keep_its_work_from_being_looked_at() {
    let loops = ["attributes.ext.Interests.exists(one, one == attributes.city)"; 10].join(" || ");
    let rule = rule_of(&format!("when = \"{loops} || int(attributes.city) > 3\""));
    let seen = about("", &vec![rule; 9]);
    assert!(seen.iter().any(|line| line.contains("int() fails")), "{seen:#?}");
    assert!(seen.iter().any(|line| line.contains("the rules of this policy can take")), "{seen:#?}");
    // Nor from being checked as a whole.
    let pointless = "when = \"int(attributes.city) > 3\"\nrequired = true";
    assert!(about("", &[rule_of(pointless)]).iter().any(|line| line.contains("without attribute can only fail")));
}

#[test]
fn what_many_rules_take_together_is_bounded() {
    let pattern = |at: usize| rule_of(&format!("attribute = \"companyName\"\npattern = '[a-z]+x{at}'"));
    let many: Vec<_> = (1..=12).map(pattern).collect();
    assert!(about("", &many[..5]).is_empty(), "{:?}", about("", &many[..5]));
    let seen = about("", &many);
    assert!(seen.len() == 1 && seen[0].contains("the rules of this policy can take"), "{seen:#?}");
    assert!(about("max_text = 1000", &many).is_empty(), "less to look at");
    let short = vec![rule_of("attribute = \"city\"\nmax_length = 3"); 257];
    let seen = about("", &short);
    assert!(seen.len() == 1 && seen[0].contains("too many rules: the limit is 256"), "{seen:#?}");
    assert!(about("", &short[1..]).is_empty());
    let tidy =
        |at: usize| rule_of(&format!("attribute = \"ext.A{at}\"\nnormalise = ['trim','lower','upper','collapse']"));
    let seen = about("max_text = 64", &(0..65).map(tidy).collect::<Vec<_>>());
    assert!(seen.len() == 1 && seen[0].contains("a policy is tidied in too many steps: the limit is 256"), "{seen:#?}");
}

#[rstest]
#[case(63, "63 is too small: the least is 64")]
#[case(65537, "65537 is too large: the limit is 65536 bytes")]
fn the_limit_of_texts_lies_within_bounds(#[case] bytes: usize, #[case] says: &str) {
    let seen = about(&format!("max_text = {bytes}"), &[]);
    assert!(seen.len() == 1 && seen[0].contains(&format!("policies.default.max_text: {says}")), "{seen:#?}");
}

#[test]
fn texts_and_values_with_loops_count() {
    let message = "[messages.en]\nlong = \"{% for letter in email %}{{ letter }}{% endfor %}\"\n";
    let rules = |count: usize| vec![rule_of("attribute = \"city\"\nmax_length = 3\nmessage = \"long\""); count];
    let with = |count| about("", &[rules(count).concat(), message.to_owned()]);
    assert!(with(9).is_empty(), "{:?}", with(9));
    let seen = with(11);
    assert!(seen.len() == 1 && seen[0].contains("the text of this rule"), "{seen:#?}");
    let prefill = |count: usize| {
        let value = |at: usize| format!("\"ext.A{at}\" = \"{{% for letter in email %}}x{{% endfor %}}\"");
        about(&format!("prefill = {{ {} }}", (0..count).map(value).collect::<Vec<_>>().join(", ")), &[])
    };
    assert!(prefill(10).is_empty(), "{:?}", prefill(10));
    assert!(prefill(11)[0].contains("policies.default.prefill: the templates can take"), "{:?}", prefill(11));
}
