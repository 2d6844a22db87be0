//! Values that are too long.

use super::*;

#[test]
fn no_rule_runs_over_a_form_with_a_text_that_is_too_long() {
    let rules = [
        tidying("state", &[Normalise::Upper]),
        Rule { when: when("true"), outcome: Outcome::Block, ..Rule::default() },
        checking("country", Checks { required: Required::Always, ..Checks::default() }),
    ];
    let (long, longest) = ("x".repeat(MAX_TEXT + 1), "x".repeat(MAX_TEXT));
    let checked = check_form(&rules, &form(&[("state", "vic"), ("country", ""), ("companyName", &long)]));
    assert_eq!(errors(&checked), [("companyName", "field-too-long")]);
    assert_eq!(checked.too_long, [AttributeName::new("companyName")]);
    assert!(checked.block.is_none() && checked.findings.is_empty() && checked.changed.is_empty());
    let checked = check_form(&rules, &form(&[("state", "vic"), ("country", ""), ("companyName", &longest)]));
    assert!(checked.block.is_some());
}

#[test]
fn every_attribute_is_measured_whether_a_rule_names_it_or_not() {
    let long = |name: &str, length: usize| check_form(&[], &form(&[(name, &"x".repeat(length))])).errors.len();
    assert_eq!((long("ext.Bio", 4096), long("ext.Bio", 4097), long("CITY", 129)), (0, 1, 1));
    let same_names = form(&[("City", "Leeds"), ("city", &"x".repeat(129))]);
    assert_eq!(errors(&check_form(&[], &same_names)), [("city", "field-too-long")]);
}

#[test]
fn lists_are_measured_in_number_and_in_all() {
    let list = |items: usize, length: usize| AttributeValue::StringCollection(vec!["x".repeat(length); items]);
    let fails = |value| check_form(&[], &Form(vec![field("ext.Topics", Some(value))])).errors.len() == 1;
    assert!(!fails(list(256, 16)) && fails(list(256, 17)) && fails(list(257, 1)));
    let several = [AttributeName::new("topics")];
    let in_one = |items: usize| form(&[("Topics", &"x,".repeat(items))]);
    let fails = |items| check_several(&[], &in_one(items), &several).errors.len() == 1;
    assert!(!fails(256) && fails(257));
}

#[test]
fn more_attributes_than_any_form_has_are_not_looked_at() {
    let many = |count: usize| Form((0..count).map(|at| field(&format!("a{at}"), None)).collect());
    let checked = |count| check_form(&[], &many(count)).page_error;
    assert_eq!((checked(1000), checked(1001).as_deref()), (None, Some("fix-errors")));
}

#[test]
fn what_tidying_makes_too_long_is_an_error_at_its_field_and_stays_as_it_was() {
    // One character that becomes eighteen, and then 31 bytes.
    let salla = "\u{fdfa}";
    let rule = Rule {
        outcome: Outcome::Block,
        message: Some("no".into()),
        ..tidying("city", &[Normalise::Nfkc, Normalise::Upper])
    };
    let rules = [rule, tidying("city", &[Normalise::Trim])];
    let of = |characters: usize| check_form(&rules, &form(&[("city", &salla.repeat(characters))]));
    assert_eq!(of(7).changed.len(), 1);
    let long = of(8);
    assert_eq!((errors(&long), long.block.is_none()), (vec![("city", "field-too-long")], true));
    assert!(long.changed.is_empty(), "{long:?}");
    let list = AttributeValue::StringCollection(vec![salla.repeat(50); 20]);
    let checked =
        check_form(&[tidying("ext.Topics", &[Normalise::Nfkc])], &Form(vec![field("ext.Topics", Some(list))]));
    assert_eq!(errors(&checked), [("ext.Topics", "field-too-long")]);
}

#[test]
fn a_pattern_looks_at_nothing_that_is_longer_than_its_rule_allows() {
    let checks = Checks { pattern: pattern("x+"), max_length: Some(3), ..Checks::default() };
    assert!(passes(checks.clone(), text("xxx")) && !passes(checks.clone(), text("xxxx")) && !passes(checks, text("y")));
}
