//! Several choices in one text, and lists.

use rstest::rstest;

use super::*;

fn topics(rule: Rule, value: AttributeValue) -> CheckedForm {
    check_several(&[rule], &Form(vec![field("topics", Some(value))]), &[AttributeName::new("Topics")])
}

#[test]
fn tidies_each_choice_and_joins_them_with_commas_alone() {
    let rule = tidying("topics", &[Normalise::Lower, Normalise::Collapse]);
    let checked = topics(rule.clone(), text(" ART,  Modern   Music , ,film,"));
    assert_eq!(checked.changed.into_values().collect::<Vec<_>>(), [text("art,modern music,film")]);
    let checked = topics(rule, list(&[" ART", "", "Film "]));
    assert_eq!(checked.changed.into_values().collect::<Vec<_>>(), [list(&["art", "film"])]);
}

#[test]
fn a_rule_that_tidies_nothing_leaves_the_text_as_it_is() {
    let rule = checking("topics", Checks { one_of: vec!["art".into(), "film".into()], ..Checks::default() });
    assert_eq!(topics(rule, text("art, film")), CheckedForm::default());
}

#[rstest]
#[case("art,film", true)]
#[case("art,sport", false)]
#[case("sport", false)]
#[case(",", true)]
fn checks_each_choice(#[case] value: &str, #[case] wanted: bool) {
    let each = [
        Checks { one_of: vec!["art".into(), "film".into()], ..Checks::default() },
        Checks { pattern: pattern("art|film"), ..Checks::default() },
        Checks { max_length: Some(4), ..Checks::default() },
    ];
    for checks in each {
        assert_eq!(topics(checking("topics", checks), text(value)).errors.is_empty(), wanted, "{value}");
    }
}

#[rstest]
#[case("a", false)]
#[case("a,a, a ,", false)]
#[case("a,b", true)]
#[case("a,b,c", true)]
#[case("a,b,c,d", false)]
#[case("", true)]
fn counts_different_choices(#[case] value: &str, #[case] wanted: bool) {
    let checks = Checks { min_items: Some(2), max_items: Some(3), ..Checks::default() };
    assert_eq!(topics(checking("topics", checks.clone()), text(value)).errors.is_empty(), wanted);
    let items: Vec<_> = value.split(',').collect();
    assert_eq!(topics(checking("topics", checks), list(&items)).errors.is_empty(), wanted);
}

#[test]
fn a_text_that_is_not_named_as_several_choices_is_one_value() {
    let checks = Checks { max_items: Some(1), max_length: Some(3), ..Checks::default() };
    assert!(passes(checks.clone(), text("a,b")));
    assert!(!topics(checking("topics", checks), text("a,b")).errors.is_empty());
}

#[test]
fn required_wants_one_choice() {
    let checks = Checks { required: Required::Always, ..Checks::default() };
    assert_eq!(errors(&topics(checking("topics", checks), text(" , "))), [("topics", "field-required")]);
}

#[test]
fn conditions_see_a_list_and_what_became_of_it() {
    let rules = [
        tidying("topics", &[Normalise::Lower]),
        Rule { when: when("'art' in attributes.topics && size(attributes.topics) == 2"), ..Rule::default() },
    ];
    let form = form(&[("topics", "ART, Film")]);
    let checked = check_several(&rules, &form, &[AttributeName::new("topics")]);
    assert_eq!(checked.page_error.as_deref(), Some("fix-errors"));
}
