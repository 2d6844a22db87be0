//! What passes, what fails, and what is changed.

use proptest::prelude::*;
use rstest::rstest;

use super::*;
use crate::values::AttributeType;

fn rule(attribute: &str) -> Rule {
    Rule {
        attribute: AttributeName::new(attribute),
        normalise: Vec::new(),
        required: false,
        pattern: None,
        min_length: None,
        max_length: None,
        one_of: Vec::new(),
        message: None,
    }
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

fn check_one(rule: Rule, value: Option<AttributeValue>) -> Checked {
    check(&[rule], &Form(vec![field("city", value)]))
}

#[rstest]
#[case(&[Normalise::Trim], "  Leeds \t", "Leeds")]
#[case(&[Normalise::Lower], "LeEDS", "leeds")]
#[case(&[Normalise::Upper], "straße", "STRASSE")]
#[case(&[Normalise::Collapse], " New \u{a0} York ", "New York")]
#[case(&[Normalise::Trim, Normalise::Upper], " ls1 1aa ", "LS1 1AA")]
fn normalises_before_it_checks(#[case] steps: &[Normalise], #[case] given: &str, #[case] wanted: &str) {
    let rule = Rule { normalise: steps.to_vec(), one_of: vec![wanted.into()], ..rule("city") };
    let checked = check_one(rule, Some(text(given)));
    assert!(checked.errors.is_empty());
    assert_eq!(checked.changed.get(&AttributeName::new("city")), Some(&text(wanted)));
}

#[test]
fn says_nothing_about_what_did_not_change() {
    let rule = Rule { normalise: vec![Normalise::Trim], ..rule("city") };
    assert_eq!(check_one(rule, Some(text("Leeds"))), Checked::default());
}

#[rstest]
#[case::absent(None)]
#[case::empty(Some(text("")))]
#[case::blank(Some(text(" \u{a0}")))]
fn only_required_applies_to_what_is_empty(#[case] value: Option<AttributeValue>) {
    let strict =
        Rule { pattern: pattern("[0-9]{4}"), min_length: Some(4), one_of: vec!["3000".into()], ..rule("city") };
    assert!(check_one(strict.clone(), value.clone()).errors.is_empty());
    let required = Rule { required: true, ..strict };
    assert_eq!(check_one(required, value).errors.values().collect::<Vec<_>>(), ["field-required"]);
}

#[rstest]
#[case("3000", true)]
#[case("30000", false)]
#[case("a3000", false)]
#[case("3000\n", false)]
fn a_pattern_is_for_the_whole_value(#[case] value: &str, #[case] passes: bool) {
    let rule = Rule { pattern: pattern("[0-9]{4}"), ..rule("city") };
    assert_eq!(check_one(rule, Some(text(value))).errors.is_empty(), passes);
}

#[test]
fn a_pattern_with_alternatives_is_for_the_whole_value() {
    let rule = Rule { pattern: pattern("a|b"), ..rule("city") };
    assert!(!check_one(rule, Some(text("bc"))).errors.is_empty());
}

#[rstest]
#[case("äöü", true)]
#[case("äö", false)]
#[case("äöüß", false)]
fn counts_characters_not_bytes(#[case] value: &str, #[case] passes: bool) {
    let rule = Rule { min_length: Some(3), max_length: Some(3), ..rule("city") };
    assert_eq!(check_one(rule, Some(text(value))).errors.is_empty(), passes);
}

#[test]
fn checks_numbers_and_booleans_as_their_text_and_never_changes_their_type() {
    let rule = Rule { normalise: vec![Normalise::Upper], pattern: pattern("[0-9]{4}"), ..rule("city") };
    assert_eq!(check_one(rule.clone(), Some(AttributeValue::Int64(2010))), Checked::default());
    assert!(!check_one(rule, Some(AttributeValue::Int64(20))).errors.is_empty());
    let yes = Rule { one_of: vec!["true".into()], normalise: vec![Normalise::Upper], ..self::rule("city") };
    assert_eq!(check_one(yes, Some(AttributeValue::Boolean(true))), Checked::default());
}

#[test]
fn tidies_each_item_of_a_list() {
    let list = |items: &[&str]| AttributeValue::StringCollection(items.iter().map(|item| (*item).to_owned()).collect());
    let rule = Rule { normalise: vec![Normalise::Trim], ..rule("city") };
    let checked = check_one(rule, Some(list(&[" a", "b "])));
    assert_eq!(checked.changed.values().collect::<Vec<_>>(), [&list(&["a", "b"])]);
}

#[test]
fn a_value_of_another_type_is_refused_or_sent_back_in_the_fields_own() {
    let year = |value: &str| {
        Form(vec![FormField { attribute_type: AttributeType::Int64, ..field("year", Some(text(value))) }])
    };
    let digits = Rule { normalise: vec![Normalise::Upper], pattern: pattern("[0-9]{4}"), ..rule("year") };
    assert_eq!(check(std::slice::from_ref(&digits), &year("20x0")).errors.len(), 1);
    let lenient = Rule { pattern: None, ..digits };
    assert_eq!(check(&[lenient], &year("20x0")), Checked::default());
}

#[test]
fn the_first_failure_of_a_field_is_shown_and_every_failing_field() {
    let rules = [
        Rule { min_length: Some(4), message: Some("too-short".into()), ..rule("city") },
        Rule { pattern: pattern("[a-z]+"), message: Some("letters".into()), ..rule("CITY") },
        Rule { required: true, ..rule("state") },
        Rule { required: true, ..rule("country") },
    ];
    let form = Form(vec![field("city", Some(text("L1"))), field("state", None), field("country", Some(text("GB")))]);
    let checked = check(&rules, &form);
    let errors: Vec<_> = checked.errors.iter().map(|(name, key)| (name.as_str(), key.as_str())).collect();
    assert_eq!(errors, [("city", "too-short"), ("state", "field-required")]);
}

#[test]
fn a_rule_sees_what_the_rule_before_it_made() {
    let rules = [
        Rule { normalise: vec![Normalise::Trim], ..rule("city") },
        Rule { normalise: vec![Normalise::Upper], pattern: pattern("LEEDS"), ..rule("city") },
    ];
    let checked = check(&rules, &Form(vec![field("city", Some(text(" leeds ")))]));
    assert!(checked.errors.is_empty());
    assert_eq!(checked.changed.values().collect::<Vec<_>>(), [&text("LEEDS")]);
}

#[test]
fn a_rule_for_an_attribute_the_event_lacks_is_skipped_and_named_once() {
    let rules = [Rule { required: true, ..rule("jobTitle") }, Rule { min_length: Some(2), ..rule("jobTitle") }];
    let checked = check(&rules, &Form(vec![field("city", None)]));
    assert!(checked.errors.is_empty());
    assert_eq!(checked.lacking, [AttributeName::new("jobTitle")]);
}

proptest! {
    #[test]
    fn a_changed_value_keeps_its_type_and_its_name(value in "\\PC{0,20}", number in any::<i64>()) {
        let all = vec![Normalise::Collapse, Normalise::Lower, Normalise::Upper, Normalise::Trim];
        let rules = [Rule { normalise: all.clone(), ..rule("CITY") }, Rule { normalise: all, ..rule("year") }];
        let form = Form(vec![field("city", Some(text(&value))), field("year", Some(AttributeValue::Int64(number)))]);
        let checked = check(&rules, &form);
        for (name, value) in &checked.changed {
            let field = form.field(name.as_str()).unwrap();
            prop_assert_eq!(field.attribute_type, value.attribute_type());
            prop_assert_eq!(&field.name, name);
        }
    }
}
