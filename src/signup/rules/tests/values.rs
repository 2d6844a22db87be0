//! Single values: tidied, then checked.

use rstest::rstest;

use super::*;

#[rstest]
#[case(&[Normalise::Trim], "  Leeds \t", "Leeds")]
#[case(&[Normalise::Lower], "LeEDS", "leeds")]
#[case(&[Normalise::Upper], "straße", "STRASSE")]
#[case(&[Normalise::Collapse], " New \u{a0} York ", "New York")]
#[case(&[Normalise::Trim, Normalise::Upper], " ls1 1aa ", "LS1 1AA")]
#[case(&[Normalise::Nfkc], "Ｌｅｅｄｓ ﬁ ①", "Leeds fi 1")]
#[case(&[Normalise::Digits], "４００ 0-3a", "40003")]
fn tidies_before_it_checks(#[case] steps: &[Normalise], #[case] given: &str, #[case] wanted: &str) {
    let rule = Rule { checks: Checks { one_of: vec![wanted.into()], ..Checks::default() }, ..tidying("city", steps) };
    let checked = check_one(rule, Some(text(given)));
    assert!(checked.errors.is_empty());
    assert_eq!(checked.changed.get(&AttributeName::new("city")), Some(&text(wanted)));
    assert_eq!(findings(&checked), [(0, FindingKind::Changed)]);
}

#[rstest]
#[case("jo o'neil-smith", "Jo O'Neil-Smith")]
#[case("JAMES'S", "James's")]
#[case("d\u{2019}arcy", "D\u{2019}Arcy")]
#[case("jean-k. petit", "Jean-k. Petit")]
#[case("straße ßeta", "Straße Sseta")]
#[case("ÉLODIE ÖZGÜR ŁUKASZ", "Élodie Özgür Łukasz")]
#[case("ΟΔΥΣΣΕΎΣ", "Οδυσσεύς")]
#[case("  (jo)  -- 3rd\tfloor", "  (Jo)  -- 3rd\tFloor")]
#[case("ﬁona", "Fiona")]
#[case("李 小龍", "李 小龍")]
fn title_begins_each_word_with_a_capital(#[case] given: &str, #[case] wanted: &str) {
    assert_eq!(tidied(&[Normalise::Title], given), wanted);
    assert_eq!(tidied(&[Normalise::Title], wanted), wanted, "a second time changes nothing");
}

#[test]
fn says_nothing_about_what_did_not_change() {
    assert_eq!(check_one(tidying("city", &[Normalise::Trim]), Some(text("Leeds"))), CheckedForm::default());
}

#[rstest]
#[case::absent(None)]
#[case::empty(Some(text("")))]
#[case::blank(Some(text(" \u{a0}")))]
#[case::no_items(Some(list(&[])))]
#[case::empty_items(Some(list(&["", " "])))]
fn only_required_applies_to_what_is_empty(#[case] value: Option<AttributeValue>) {
    let strict = Checks {
        pattern: pattern("[0-9]{4}"),
        min_length: Some(4),
        one_of: vec!["3000".into()],
        min: Some(1),
        date: Some(DateCheck { format: DateCheck::ISO.into(), earliest: None, latest: None, min_age: Some(18) }),
        min_items: Some(1),
        ..Checks::default()
    };
    assert!(check_one(checking("city", strict.clone()), value.clone()).errors.is_empty());
    let required = Checks { required: Required::Always, ..strict };
    assert_eq!(errors(&check_one(checking("city", required), value)), [("city", "field-required")]);
}

#[rstest]
#[case("3000", true)]
#[case("30000", false)]
#[case("a3000", false)]
#[case("3000\n", false)]
fn a_pattern_is_for_the_whole_value(#[case] value: &str, #[case] wanted: bool) {
    assert_eq!(passes(Checks { pattern: pattern("[0-9]{4}"), ..Checks::default() }, text(value)), wanted);
}

#[test]
fn a_pattern_with_alternatives_is_for_the_whole_value() {
    assert!(!passes(Checks { pattern: pattern("a|b"), ..Checks::default() }, text("bc")));
}

#[rstest]
#[case("äöü", true)]
#[case("äö", false)]
#[case("äöüß", false)]
fn counts_characters_not_bytes(#[case] value: &str, #[case] wanted: bool) {
    assert_eq!(passes(Checks { min_length: Some(3), max_length: Some(3), ..Checks::default() }, text(value)), wanted);
}

#[rstest]
#[case(AttributeValue::Int64(5), true)]
#[case(AttributeValue::Int64(-1), false)]
#[case(AttributeValue::Int64(11), false)]
#[case(text("5"), true)]
#[case(text("0"), true)]
#[case(text("10"), true)]
#[case(text("11"), false)]
#[case(text("5.0"), false)]
#[case(text("five"), false)]
#[case(text("99999999999999999999"), false)]
#[case(AttributeValue::Boolean(true), false)]
fn numbers_lie_in_their_range(#[case] value: AttributeValue, #[case] wanted: bool) {
    assert_eq!(passes(Checks { min: Some(0), max: Some(10), ..Checks::default() }, value), wanted);
}

#[test]
fn checks_numbers_and_booleans_as_their_text_and_never_changes_their_type() {
    let checks = Checks { pattern: pattern("[0-9]{4}"), ..Checks::default() };
    let rule = Rule { checks, ..tidying("city", &[Normalise::Upper]) };
    assert_eq!(check_one(rule.clone(), Some(AttributeValue::Int64(2010))), CheckedForm::default());
    assert!(!check_one(rule, Some(AttributeValue::Int64(20))).errors.is_empty());
    let yes = Checks { one_of: vec!["true".into()], ..Checks::default() };
    let yes = Rule { checks: yes, ..tidying("city", &[Normalise::Upper]) };
    assert_eq!(check_one(yes, Some(AttributeValue::Boolean(true))), CheckedForm::default());
}

#[test]
fn a_box_that_has_to_be_ticked_is_required() {
    let required = |required| Checks { required, ..Checks::default() };
    let together = Checks { one_of: vec!["true".into()], ..required(Required::Always) };
    let one_of = Checks { required: Required::No, ..together.clone() };
    let terms = |checks: &Checks, value| errors(&check_one(checking("city", checks.clone()), value)).len();
    for checks in [required(Required::Always), together] {
        assert_eq!(terms(&checks, Some(AttributeValue::Boolean(true))), 0);
        assert_eq!(terms(&checks, Some(AttributeValue::Boolean(false))), 1);
        assert_eq!(terms(&checks, None), 1);
    }
    assert_eq!(terms(&one_of, None), 0, "what was not answered passes one_of alone");
    assert_eq!(terms(&required(Required::IfAsked), Some(AttributeValue::Boolean(false))), 0, "no is an answer");
    assert_eq!(terms(&required(Required::Always), Some(AttributeValue::Int64(0))), 0, "zero is a number");
}

#[test]
fn a_value_of_another_type_is_refused_or_sent_back_in_the_fields_own() {
    let year = |value: &str| {
        Form(vec![FormField { attribute_type: AttributeType::Int64, ..field("year", Some(text(value))) }])
    };
    let checks = Checks { pattern: pattern("[0-9]{4}"), ..Checks::default() };
    let strict = Rule { checks, ..tidying("year", &[Normalise::Upper]) };
    assert_eq!(check_form(&[strict], &year("20x0")).errors.len(), 1);
    assert!(check_form(&[tidying("year", &[Normalise::Upper])], &year("20x0")).changed.is_empty());
    let digits = check_form(&[tidying("year", &[Normalise::Digits])], &year("20 10"));
    assert_eq!(digits.changed.into_values().collect::<Vec<_>>(), [AttributeValue::Int64(2010)]);
}

#[test]
fn the_first_failure_of_a_field_is_shown_and_every_failing_field() {
    let required = || Checks { required: Required::Always, ..Checks::default() };
    let rules = [
        Rule {
            message: Some("too-short".into()),
            ..checking("city", Checks { min_length: Some(4), ..Checks::default() })
        },
        Rule {
            message: Some("letters".into()),
            ..checking("CITY", Checks { pattern: pattern("[a-z]+"), ..Checks::default() })
        },
        checking("state", required()),
        checking("country", required()),
    ];
    let form = Form(vec![field("city", Some(text("L1"))), field("state", None), field("country", Some(text("GB")))]);
    assert_eq!(errors(&check_form(&rules, &form)), [("city", "too-short"), ("state", "field-required")]);
}

#[test]
fn a_rule_sees_what_the_rule_before_it_made() {
    let leeds = Checks { pattern: pattern("LEEDS"), ..Checks::default() };
    let rules = [tidying("city", &[Normalise::Trim]), Rule { checks: leeds, ..tidying("city", &[Normalise::Upper]) }];
    let checked = check_form(&rules, &form(&[("city", " leeds ")]));
    assert!(checked.errors.is_empty());
    assert_eq!(checked.changed.values().collect::<Vec<_>>(), [&text("LEEDS")]);
}

#[test]
fn a_value_that_becomes_what_it_was_is_not_sent_back() {
    let rules = [tidying("city", &[Normalise::Lower]), tidying("city", &[Normalise::Upper])];
    assert!(check_form(&rules, &form(&[("city", "LEEDS")])).changed.is_empty());
}

#[test]
fn what_must_be_filled_in_fails_if_the_event_does_not_list_it() {
    let required = Checks { required: Required::Always, min_length: Some(2), ..Checks::default() };
    let rules = [
        checking("jobTitle", required.clone()),
        checking("jobTitle", Checks { min_length: Some(2), ..Checks::default() }),
        Rule { when: when("attributes.country == 'AU'"), ..checking("state", required.clone()) },
        Rule { when: when("attributes.companyName == ''"), message: Some("company".into()), ..rule("companyName") },
    ];
    let checked = check_form(&rules, &form(&[("country", "AU")]));
    let wanted = [("companyName", "company"), ("jobTitle", "field-required"), ("state", "field-required")];
    assert_eq!(errors(&checked), wanted);
    let missing = ["jobTitle", "state", "companyName"].map(AttributeName::new);
    assert_eq!((checked.missing, checked.not_listed), (missing.into(), vec![]), "each is named in one way");
    let elsewhere = check_form(&rules[2..3], &form(&[("country", "NZ")]));
    assert_eq!(elsewhere.errors.len() + elsewhere.missing.len(), 0, "its condition does not hold");
    let block = Rule { outcome: Outcome::Block, ..checking("jobTitle", required) };
    assert_eq!(check_form(&[block], &form(&[])).block.as_deref(), Some("rule-blocked"));
}

#[test]
fn every_other_rule_for_an_attribute_the_event_lacks_is_skipped_and_named_once() {
    let rules = [
        checking("jobTitle", Checks { required: Required::IfAsked, ..Checks::default() }),
        checking("jobTitle", Checks { min_length: Some(2), ..Checks::default() }),
        tidying("state", &[Normalise::Trim]),
    ];
    let checked = check_form(&rules, &Form(vec![field("city", None)]));
    assert!(checked.errors.is_empty() && checked.missing.is_empty());
    assert_eq!(checked.not_listed, [AttributeName::new("jobTitle"), AttributeName::new("state")]);
    assert_eq!(findings(&checked), [0, 1, 2].map(|rule| (rule, FindingKind::NotListed)));
    let listed = check_form(&rules, &Form(vec![field("jobTitle", None)]));
    assert_eq!(errors(&listed), [("jobTitle", "field-required")], "a listed one that is empty fails");
}

#[test]
fn tidying_never_deletes_all_that_was_typed() {
    for (checks, value) in
        [(Checks::default(), "abcd"), (Checks { pattern: pattern("[0-9]{4}"), ..Checks::default() }, "-")]
    {
        let rule = Rule { normalise: vec![Normalise::Digits], ..checking("city", checks) };
        let checked = check_one(rule, Some(text(value)));
        assert_eq!(checked.errors.values().collect::<Vec<_>>(), ["field-invalid"]);
        assert!(checked.changed.is_empty());
    }
    let checked = check_one(tidying("city", &[Normalise::Digits]), Some(text("  ")));
    assert!(checked.errors.is_empty());
}

#[test]
fn what_cannot_be_read_is_an_error_at_the_field_and_never_blocks() {
    let date = DateCheck { format: DateCheck::ISO.to_owned(), earliest: None, latest: None, min_age: Some(16) };
    let young = Checks { date: Some(date), ..Checks::default() };
    let number = Checks { min: Some(1), ..Checks::default() };
    for (checks, slip, bad) in [(young, "31.01.2000", "2020-01-31"), (number, "one", "0")] {
        let rule = Rule { outcome: Outcome::Block, message: Some("too-young".to_owned()), ..checking("city", checks) };
        let checked = check_one(rule.clone(), Some(text(slip)));
        assert_eq!(
            (checked.block, checked.errors.into_values().collect::<Vec<_>>()),
            (None, vec!["field-invalid".to_owned()])
        );
        assert_eq!(check_one(rule, Some(text(bad))).block.as_deref(), Some("too-young"));
    }
}

#[test]
fn of_two_attributes_that_differ_in_case_only_both_are_checked() {
    let rule = checking("city", Checks { pattern: pattern("[A-Z][a-z]+"), ..Checks::default() });
    let errors_of = |first: &str, second: &str| {
        let checked = check_form(std::slice::from_ref(&rule), &form(&[("City", first), ("city", second)]));
        checked.errors.into_keys().map(|name| name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(errors_of("Leeds", "x"), ["city"]);
    assert_eq!(errors_of("x", "Leeds"), ["City"]);
    assert_eq!(errors_of("x", "x"), ["City", "city"]);
    let both = check_form(&[tidying("CITY", &[Normalise::Upper])], &form(&[("City", "Leeds"), ("city", "York")]));
    let changed: Vec<_> = both.changed.values().map(AttributeValue::to_text).collect();
    assert_eq!(changed, ["LEEDS", "YORK"]);
}

/// Whether a box that has to be ticked passes with this value, listed as this type.
fn ticked(listed: AttributeType, declared: Option<AttributeType>, value: AttributeValue) -> bool {
    let rule = checking("terms", Checks { required: Required::Always, ..Checks::default() });
    let field = FormField { name: AttributeName::new("terms"), attribute_type: listed, value: Some(value) };
    let types = declared.map(|declared| (AttributeName::new("Terms"), declared)).into_iter().collect();
    check_typed(&[rule], &Form(vec![field]), &[], &types).errors.is_empty()
}

#[rstest]
#[case(text("true"), true)]
#[case(text("Yes"), true)]
#[case(AttributeValue::Boolean(true), true)]
#[case(AttributeValue::Int64(1), true)]
#[case(text("false"), false)]
#[case(text("perhaps"), false)]
#[case(text("{}"), false)]
#[case(AttributeValue::Boolean(false), false)]
#[case(AttributeValue::Int64(0), false)]
#[case(list(&["false"]), false)]
fn a_box_that_must_be_ticked_needs_a_yes_in_whatever_type_it_is_listed(
    #[case] value: AttributeValue,
    #[case] passes: bool,
) {
    use AttributeType::{Boolean, Int64, String};
    for listed in [String, Int64, Boolean] {
        assert_eq!(ticked(listed, Some(Boolean), value.clone()), passes, "listed as {listed:?}");
    }
    for declared in [None, Some(String)] {
        assert_eq!(ticked(Boolean, declared, value.clone()), passes, "declared as {declared:?}");
    }
    assert!(ticked(String, None, text("false")), "a text is no box");
}
