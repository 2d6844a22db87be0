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
    let kind = if wanted.is_empty() { FindingKind::NotApplicable } else { FindingKind::FieldFailed };
    assert_eq!(findings(&checked), [(0, kind)]);
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
    assert_eq!(findings(&checked), [(0, FindingKind::PageFailed), (1, FindingKind::PageFailed)]);
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
        checking("state", Checks { required: Required::Always, ..Checks::default() }),
        block("false", "never"),
        block("attributes.city == 'LEEDS'", "first"),
        block("true", "second"),
    ];
    let checked = check_form(&rules, &form(&[("city", "Leeds"), ("state", "")]));
    assert_eq!(checked.block.as_deref(), Some("first"));
    assert_eq!(checked.findings.last(), Some(&Finding { rule: 3, kind: FindingKind::Blocked }));
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

/// A rule that ends the sign-up where its condition holds.
fn block(condition: &str) -> Rule {
    Rule { when: when(condition), outcome: Outcome::Block, ..Rule::default() }
}

/// What a rule that blocks leads to: a page, errors at fields, or an error above the form.
fn seen(condition: &str, fields: &[(&str, &str)]) -> String {
    let checked = check_form(&[block(condition)], &form(fields));
    let marked = errors(&checked).into_iter().map(|(name, key)| format!("{name}={key}"));
    let page = checked.page_error.iter().map(|key| format!("form={key}"));
    let all: Vec<_> = checked.block.iter().cloned().chain(page).chain(marked).collect();
    all.join(" ")
}

#[rstest]
#[case::no_number("int(attributes.city) < 18", &[("city", "five")], "city=field-invalid")]
#[case::below("int(attributes.city) < 18", &[("city", "5")], "rule-blocked")]
#[case::above("int(attributes.city) < 18", &[("city", "18")], "")]
#[case::kinds("attributes.city > 5", &[("city", "Leeds")], "city=field-invalid")]
#[case::no_boolean("attributes.city", &[("city", "Leeds")], "city=field-invalid")]
#[case::in_other_case("int(attributes.city) < 18", &[("CITY", "five")], "CITY=field-invalid")]
#[case::not_on_the_form("int(client.locale) < 18", &[("city", "Leeds")], "form=fix-errors")]
#[case::two("int(attributes.city) > int(attributes.state)", &[("city", "a"), ("state", "b")],
    "city=field-invalid state=field-invalid")]
#[case::one_of_two("int(attributes.city) > int(attributes.state)", &[("city", "4"), ("state", "b")], "state=field-invalid")]
#[case::not_asked("attributes.country == 'AU' && int(attributes.city) < 18", &[("country", "NZ"), ("city", "five")], "")]
#[case::asked("attributes.country == 'AU' && int(attributes.city) < 18", &[("country", "AU"), ("city", "five")],
    "city=field-invalid")]
#[case::decided_elsewhere("int(attributes.city) < 18 || attributes.country == 'AU'", &[("country", "AU"), ("city", "x")],
    "rule-blocked")]
#[case::chosen("attributes.country == 'AU' ? int(attributes.city) < 18 : false", &[("country", "AU"), ("city", "x")],
    "city=field-invalid")]
#[case::negated("!(int(attributes.city) >= 18)", &[("city", "x")], "city=field-invalid")]
fn a_condition_that_is_the_check_fails_where_it_cannot_be_evaluated(
    #[case] condition: &str,
    #[case] fields: &[(&str, &str)],
    #[case] expected: &str,
) {
    assert_eq!(seen(condition, fields), expected);
}

#[rstest]
#[case::alone("int(attributes.city) < 18", &[("city", "")], "")]
#[case::blank("int(attributes.city) < 18", &[("city", "  ")], "")]
#[case::not_listed("int(attributes.city) < 18", &[("state", "")], "")]
#[case::negated("!(int(attributes.city) >= 18)", &[("city", "")], "")]
#[case::divided("100 / size(attributes.city) < 18", &[("city", "")], "")]
#[case::behind_what_holds("attributes.country == 'AU' && int(attributes.city) < 18", &[("country", "AU"), ("city", "")], "")]
#[case::behind_what_is_empty("attributes.country == '' && int(attributes.city) < 18", &[("country", ""), ("city", "x")],
    "city=field-invalid")]
#[case::the_other_holds("int(attributes.city) < 18 || int(attributes.state) < 18", &[("city", ""), ("state", "5")],
    "rule-blocked")]
#[case::the_other_fails("int(attributes.city) < 18 || int(attributes.state) < 18", &[("city", ""), ("state", "x")],
    "state=field-invalid")]
#[case::the_other_is_no("int(attributes.city) < 18 || int(attributes.state) < 18", &[("city", ""), ("state", "18")], "")]
#[case::side_by_side("int(attributes.city) + int(attributes.state) < 18", &[("city", ""), ("state", "x")],
    "state=field-invalid")]
fn a_failure_from_emptiness_alone_counts_as_false(
    #[case] condition: &str,
    #[case] fields: &[(&str, &str)],
    #[case] expected: &str,
) {
    assert_eq!(seen(condition, fields), expected);
}

#[test]
fn emptiness_is_no_excuse_at_a_required_field() {
    let required = |condition: Option<Condition>| {
        let checks = Checks { required: Required::Always, ..Checks::default() };
        let rules = [block("int(attributes.city) < 18"), Rule { when: condition, ..checking("city", checks) }];
        let checked = check_form(&rules, &form(&[("city", "")]));
        assert_eq!(checked.block, None);
        (errors(&checked).len(), findings(&checked)[0].1)
    };
    assert_eq!(required(None), (1, FindingKind::CheckNotEvaluated));
    assert_eq!(required(when("false")), (0, FindingKind::NotApplicable));
}

#[test]
fn a_number_of_zero_is_not_empty() {
    let divided = |value| {
        let field = FormField { attribute_type: AttributeType::Int64, ..field("year", value) };
        check_form(&[block("100 / attributes.year > 3")], &Form(vec![field])).errors.len()
    };
    assert_eq!((divided(Some(AttributeValue::Int64(0))), divided(None)), (1, 0));
}

#[test]
fn a_failure_of_the_condition_says_nothing_of_the_rules_own_text() {
    let rule = Rule { message: Some("too-young".into()), ..block("int(attributes.city) < 18") };
    let as_error = Rule { outcome: Outcome::Error, ..rule.clone() };
    for rule in [rule, as_error] {
        let checked = check_form(&[rule], &form(&[("city", "five")]));
        assert_eq!((checked.block.as_deref(), errors(&checked)), (None, vec![("city", "field-invalid")]));
        assert_eq!(findings(&checked), [(0, FindingKind::CheckNotEvaluated)]);
    }
}

#[test]
fn a_condition_that_limits_a_rule_does_not_hold_where_it_cannot_be_evaluated() {
    let checks = Checks { min_length: Some(9), ..Checks::default() };
    let rule = Rule { when: when("attributes.city > 5"), ..checking("city", checks) };
    let checked = check_form(&[rule], &form(&[("city", "Leeds")]));
    assert!(checked.errors.is_empty());
    assert_eq!(findings(&checked), [(0, FindingKind::NotEvaluated)]);
}

#[test]
fn a_value_that_is_too_long_for_a_condition_that_is_the_check_fails() {
    let competitor = "attributes.companyName.contains('Competitor')";
    let long = |before: usize, name: &str| {
        seen(competitor, &[("companyName", &format!("{}{name}", " ".repeat(before))), ("country", "AU")])
    };
    assert_eq!(long(1000, "Competitor"), "rule-blocked");
    assert_eq!(long(1014, "Fabrikam"), "");
    for name in ["Competitor", "Fabrikam", ""] {
        assert_eq!(long(1100, name), "companyName=field-too-long", "{name}");
    }
    let other = format!("attributes.country == 'NZ' && {competitor}");
    assert_eq!(seen(&other, &[("companyName", &"x".repeat(1100)), ("country", "AU")]), "", "not asked for");
}

#[test]
fn a_list_that_is_too_large_for_a_condition_that_is_the_check_fails() {
    let rule = block("'x' in attributes.topics");
    let fails = |items: Vec<String>| {
        let form = Form(vec![field("topics", Some(AttributeValue::StringCollection(items)))]);
        let checked = check_form(std::slice::from_ref(&rule), &form);
        (checked.block.is_some(), checked.errors.len())
    };
    let many = |count: usize| vec!["x".to_owned(); count];
    assert_eq!((fails(many(256)), fails(many(257))), ((true, 0), (false, 1)));
    assert_eq!(fails(vec!["y".to_owned(), "x".repeat(1100)]), (false, 1));
}

#[test]
fn a_value_that_is_too_long_for_the_condition_of_another_rule_is_absent_to_it() {
    let checks = Checks { max_length: Some(9), ..Checks::default() };
    let rule = Rule { when: when("attributes.companyName != ''"), ..checking("companyName", checks) };
    let fails = |length| {
        check_form(std::slice::from_ref(&rule), &form(&[("companyName", &"x".repeat(length))])).errors.len() == 1
    };
    assert!(fails(1024) && !fails(1025));
}

#[test]
fn a_condition_that_blocks_is_asked_even_if_the_event_does_not_list_its_attribute() {
    let rule = Rule { attribute: Some(AttributeName::new("state")), ..block("attributes.country == 'XX'") };
    let checked = check_form(std::slice::from_ref(&rule), &form(&[("country", "XX")]));
    assert_eq!(checked.block.as_deref(), Some("rule-blocked"));
    assert!(check_form(&[rule], &form(&[("country", "AU")])).block.is_none());
}

#[test]
fn a_condition_is_not_passed_by_a_second_attribute_of_the_same_name() {
    let rule = block("attributes.city == 'Leeds' && attributes.state == 'X'");
    let blocks = |fields: &[(&str, &str)]| check_form(std::slice::from_ref(&rule), &form(fields)).block.is_some();
    assert!(blocks(&[("City", "Leeds"), ("city", ""), ("state", "X")]));
    assert!(blocks(&[("City", ""), ("city", "Leeds"), ("state", "X")]));
    assert!(blocks(&[("City", ""), ("city", "Leeds"), ("state", "X"), ("STATE", "Y")]));
    assert!(!blocks(&[("City", ""), ("city", "York"), ("state", "X")]));
    let ext = |app: char| format!("extension_{}_Plan", String::from(app).repeat(32));
    let plan = block("attributes.ext.Plan == 'gold'");
    let same_names = form(&[(&ext('a'), "gold"), (&ext('b'), "lead")]);
    assert!(check_form(&[plan], &same_names).block.is_some());
}

#[test]
fn a_condition_sees_what_became_of_each_of_two_attributes_of_the_same_name() {
    let rules = [tidying("city", &[Normalise::Upper]), block("attributes.city == 'LEEDS'")];
    assert!(check_form(&rules, &form(&[("City", "leeds"), ("city", "york")])).block.is_some());
}

#[test]
fn more_attributes_of_the_same_name_than_can_be_told_apart_fail() {
    let in_case = |at: u32| {
        let upper = |bit: usize| at >> bit & 1 == 1;
        let letters = "citystate".chars().enumerate();
        letters.map(|(bit, letter)| if upper(bit) { letter.to_ascii_uppercase() } else { letter }).collect::<String>()
    };
    let many: Vec<(String, &str)> = (0..32).map(|at| (in_case(at), "York")).collect();
    let fields: Vec<(&str, &str)> = many.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let form = form(&fields);
    let checked = check_form(&[block("attributes.citystate == 'Leeds'")], &form);
    assert_eq!((checked.block, checked.errors.len()), (None, 32));
}

#[test]
fn as_many_attributes_of_one_name_as_there_are_ways_are_looked_at() {
    let rules =
        [tidying("city", &[Normalise::Trim]), checking("city", Checks { max_length: Some(9), ..Checks::default() })];
    let failing = |names: &[&str]| {
        let fields: Vec<_> = names.iter().map(|name| (*name, "York")).collect();
        check_form(&rules, &form(&fields)).errors.len()
    };
    assert_eq!(failing(&["city", "City"]), 0);
    assert_eq!(failing(&["city", "City", "CITY", "state"]), 3);
    let three = block("attributes.city == 'X' && attributes.state == 'Y' && attributes.country == 'Z'");
    let names = ["city", "City", "state", "State", "country", "Country"];
    let fields: Vec<_> = names.iter().map(|name| (*name, "York")).collect();
    assert_eq!(check_form(&[three], &form(&fields)).errors.len(), 6);
}

#[test]
fn whether_a_field_is_required_is_asked_anew_when_a_value_has_changed() {
    let fails = |between: Vec<Rule>| {
        let checks = Checks { required: Required::IfAsked, ..Checks::default() };
        let required = Rule { when: when("attributes.country == 'AU'"), ..checking("city", checks) };
        let check = Rule { outcome: Outcome::Error, ..block("-attributes.city == 'n'") };
        let mut rules = vec![check.clone(), check.clone()];
        rules.extend(between);
        rules.extend([check, required]);
        let form = form(&[("city", ""), ("country", "au")]);
        let checked = check_form(&rules, &form);
        findings(&checked).iter().filter(|(_, kind)| *kind == FindingKind::CheckNotEvaluated).count()
    };
    assert_eq!(fails(Vec::new()), 0);
    assert_eq!(fails(vec![tidying("country", &[Normalise::Upper])]), 1, "the value has changed");
}

#[test]
fn a_part_that_is_only_half_empty_fails_at_all_that_it_reads_unless_it_is_guarded() {
    let seats = || field("seats", Some(AttributeValue::Int64(5)));
    let marked = |condition: &str, form: Vec<FormField>| {
        let checked = check_form(&[block(condition)], &Form(form));
        assert_eq!(checked.block, None);
        errors(&checked).into_iter().map(|(name, _)| name.to_owned()).collect::<Vec<_>>()
    };
    for condition in ["attributes.seats > attributes.max", "attributes.seats / attributes.max > 1"] {
        assert_eq!(marked(condition, vec![seats(), field("max", None)]), ["max", "seats"]);
        assert_eq!(marked(condition, vec![seats()]), ["seats"], "what is not listed cannot be marked");
        let guarded = format!("attributes.max != 0 && {condition}");
        assert_eq!(marked(&guarded, vec![seats()]), Vec::<String>::new());
    }
}
