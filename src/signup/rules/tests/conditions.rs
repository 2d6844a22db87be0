//! Conditions, and what a failure leads to.

use rstest::rstest;

use super::*;

/// A state is needed in Australia.
fn state_in_australia() -> Rule {
    Rule { when: when("attributes.country == 'AU' && attributes.state == ''"), ..rule("state") }
}

#[rstest]
#[case("AU", "", &[("state", "field-required")])]
#[case("AU", "VIC", &[])]
#[case("NZ", "", &[])]
fn a_rule_with_nothing_else_to_check_is_its_condition(
    #[case] country: &str,
    #[case] state: &str,
    #[case] wanted: &[(&str, &str)],
) {
    let checked = check_form(&[state_in_australia()], &form(&[("country", country), ("state", state)]));
    assert_eq!(errors(&checked), wanted);
    let verdict = if wanted.is_empty() { Verdict::NotApplicable } else { Verdict::FieldFailed };
    assert_eq!(verdicts(&checked), [(0, verdict)]);
}

#[test]
fn a_condition_limits_the_checks_of_its_rule() {
    let checks = Checks { pattern: pattern("[0-9]{4}"), ..Checks::default() };
    let rule = Rule { when: when("attributes.country == 'AU'"), ..checking("postalCode", checks) };
    let code = |country, code| {
        let form = form(&[("country", country), ("postalCode", code)]);
        check_form(std::slice::from_ref(&rule), &form).errors.len()
    };
    assert_eq!((code("AU", "3000"), code("AU", "LS1"), code("GB", "LS1")), (0, 1, 0));
}

#[test]
fn a_condition_limits_what_its_rule_tidies() {
    let upper = Rule { when: when("attributes.country == 'GB'"), ..tidying("postalCode", &[Normalise::Upper]) };
    let in_gb = check_form(std::slice::from_ref(&upper), &form(&[("country", "GB"), ("postalCode", "ls1")]));
    assert!(in_gb.errors.is_empty() && in_gb.changed.len() == 1, "{in_gb:?}");
    assert!(
        check_form(std::slice::from_ref(&upper), &form(&[("country", "AU"), ("postalCode", "ls1")])).changed.is_empty()
    );
    let worded = Rule { message: Some("no-gb".into()), ..upper };
    let in_gb = check_form(&[worded], &form(&[("country", "GB"), ("postalCode", "ls1")]));
    assert_eq!(errors(&in_gb), [("postalCode", "no-gb")], "with a text it is not there to tidy only");
}

#[test]
fn a_condition_sees_what_rules_before_it_made() {
    let rules = [tidying("country", &[Normalise::Trim, Normalise::Upper]), state_in_australia()];
    let fields = [("Country", " au "), ("state", "")];
    assert_eq!(check_form(&rules, &form(&fields)).errors.len(), 1);
    assert_eq!(check_form(&rules[1..], &form(&fields)).errors.len(), 0);
}

#[test]
fn a_condition_sees_the_rest_of_the_sign_up() {
    let holds = |condition: &str| {
        let rule = Rule { when: when(condition), ..Rule::default() };
        check_form(&[rule], &form(&[("city", "Leeds")])).page_error.is_some()
    };
    assert!(holds("client.locale.startsWith('de') && identity.provenance == 'verified'"));
    assert!(holds("invite.name == '' && size(invite.tags) == 0 && app.name == '' && identity.email == ''"));
    assert!(holds("true") && !holds("false"));
    assert!(holds("attributes.state == ''"), "what the event does not list is absent");
}

#[test]
fn a_failure_of_the_whole_form_is_shown_above_it() {
    let rules = [
        Rule { when: when("attributes.city == attributes.state"), message: Some("same".into()), ..Rule::default() },
        Rule { when: when("true"), message: Some("second".into()), ..Rule::default() },
    ];
    let checked = check_form(&rules, &form(&[("city", "Leeds"), ("state", "Leeds")]));
    assert_eq!((checked.page_error.as_deref(), checked.errors.len()), (Some("same"), 0));
    assert_eq!(verdicts(&checked), [(0, Verdict::PageFailed), (1, Verdict::PageFailed)]);
    let unworded = Rule { when: when("true"), ..Rule::default() };
    assert_eq!(check_form(&[unworded], &form(&[])).page_error.as_deref(), Some("fix-errors"));
}

#[test]
fn a_block_goes_before_errors_and_the_first_one_wins() {
    let block = |condition: &str, message: &str| Rule {
        when: when(condition),
        outcome: Outcome::Block,
        message: Some(message.into()),
        ..Rule::default()
    };
    let rules = [
        tidying("city", &[Normalise::Upper]),
        checking("state", Checks { required: true, ..Checks::default() }),
        block("false", "never"),
        block("attributes.city == 'LEEDS'", "first"),
        block("true", "second"),
    ];
    let checked = check_form(&rules, &form(&[("city", "Leeds"), ("state", "")]));
    assert_eq!(checked.block.as_deref(), Some("first"));
    assert_eq!(checked.findings.last(), Some(&Finding { rule: 3, verdict: Verdict::Blocked }));
}

#[test]
fn a_check_can_block_as_well() {
    let checks = Checks { one_of: vec!["AU".into()], ..Checks::default() };
    let rule = Rule { outcome: Outcome::Block, ..checking("country", checks) };
    let blocked = |country| check_form(std::slice::from_ref(&rule), &form(&[("country", country)])).block;
    assert_eq!(blocked("NZ").as_deref(), Some("rule-blocked"));
    assert_eq!(blocked("AU"), None);
}

#[test]
fn a_block_counts_at_a_field_that_has_failed_before() {
    let rules = [
        checking("country", Checks { min_length: Some(5), ..Checks::default() }),
        Rule {
            outcome: Outcome::Block,
            ..checking("country", Checks { one_of: vec!["AU".into()], ..Checks::default() })
        },
    ];
    assert!(check_form(&rules, &form(&[("country", "NZ")])).block.is_some());
}

#[test]
fn a_condition_that_cannot_be_evaluated_does_not_hold() {
    let rules =
        [Rule { when: when("attributes.city > 5"), ..Rule::default() }, Rule { when: when("true"), ..rule("city") }];
    let checked = check_form(&rules, &form(&[("city", "Leeds")]));
    assert_eq!(checked.page_error, None);
    assert_eq!(verdicts(&checked), [(0, Verdict::Undecided), (1, Verdict::FieldFailed)]);
}

#[test]
fn a_value_that_is_too_long_for_a_condition_is_absent_to_it() {
    let rule = Rule { when: when("attributes.city != ''"), ..Rule::default() };
    let fails =
        |length| check_form(std::slice::from_ref(&rule), &form(&[("city", &"x".repeat(length))])).page_error.is_some();
    assert!(fails(1024) && !fails(1025));
}
