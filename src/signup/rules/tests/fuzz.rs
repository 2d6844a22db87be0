//! Whatever is typed, a rule answers, and what it changes keeps its type.

use proptest::prelude::*;

use super::*;

const STEPS: [Normalise; 8] = [
    Normalise::Collapse,
    Normalise::Lower,
    Normalise::Upper,
    Normalise::Trim,
    Normalise::Title,
    Normalise::Nfkc,
    Normalise::Digits,
    Normalise::Phone,
];

fn any_text() -> impl Strategy<Value = String> {
    let phone = "[+0-9０-９()\\-. \u{202a};=xa-f]{0,40}";
    prop_oneof!["\\PC{0,40}", ".{0,40}", phone, "[0-9]{1,5}-[0-9]{1,3}-[0-9]{1,3}", "(?:[a-z' -]|ß|İ|ﬁ){0,20}"]
}

fn any_value() -> impl Strategy<Value = Option<AttributeValue>> {
    prop_oneof![
        Just(None),
        any_text().prop_map(|text| Some(AttributeValue::String(text))),
        any::<i64>().prop_map(|number| Some(AttributeValue::Int64(number))),
        any::<bool>().prop_map(|yes| Some(AttributeValue::Boolean(yes))),
        proptest::collection::vec(any_text(), 0..4).prop_map(|items| Some(AttributeValue::StringCollection(items))),
    ]
}

fn any_type() -> impl Strategy<Value = AttributeType> {
    use AttributeType::{Boolean, Int64, String, StringCollection};
    prop_oneof![Just(String), Just(Int64), Just(Boolean), Just(StringCollection)]
}

/// Rules with everything a rule can have, each on the values `a` and `b`.
fn all_rules(steps: &[Normalise]) -> Vec<Rule> {
    let date = DateCheck {
        format: "%d.%m.%Y".into(),
        earliest: Some(Day::Today),
        latest: Some(Day::Today),
        min_age: Some(18),
    };
    let checks = [
        Checks { pattern: pattern("[a-z]+"), min_length: Some(2), max_length: Some(9), ..Checks::default() },
        Checks { min: Some(-5), max: Some(5), one_of: vec!["1".into(), "true".into()], ..Checks::default() },
        Checks {
            required: Required::Always,
            date: Some(date),
            min_items: Some(1),
            max_items: Some(2),
            ..Checks::default()
        },
    ];
    let country = PhoneCountry::Attribute(AttributeName::new("B"));
    let mut rules: Vec<_> = checks
        .into_iter()
        .map(|checks| Rule { checks, phone_country: Some(country.clone()), ..tidying("A", steps) })
        .collect();
    let conditions = ["attributes.a > attributes.b", "attributes.a in attributes.b", "attributes.a.size() > 3"];
    rules.extend(conditions.map(|condition| Rule { when: when(condition), ..tidying("b", steps) }));
    rules
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_input_makes_a_rule_panic_or_change_a_type(
        (a, b) in (any_value(), any_value()),
        types in (any_type(), any_type()),
        steps in proptest::sample::subsequence(STEPS.to_vec(), 0..=STEPS.len()).prop_shuffle(),
        several in any::<bool>(),
    ) {
        let form = Form(vec![
            FormField { name: AttributeName::new("a"), attribute_type: types.0, value: a },
            FormField { name: AttributeName::new("b"), attribute_type: types.1, value: b },
        ]);
        let multi_select = if several { vec![AttributeName::new("A")] } else { Vec::new() };
        let checked = check_several(&all_rules(&steps), &form, &multi_select);
        for (name, value) in &checked.changed {
            let field = form.field(name.as_str()).unwrap();
            prop_assert_eq!(field.attribute_type, value.attribute_type());
            prop_assert_eq!(&field.name, name);
        }
    }

    #[test]
    fn a_step_taken_twice_is_taken_once(given in any_text(), step in proptest::sample::select(STEPS.to_vec())) {
        // The one letter whose capital is an apostrophe and a letter.
        prop_assume!(!given.contains('ŉ'));
        let once = tidied(&[step], &given);
        prop_assert_eq!(tidied(&[step], &once), once);
    }
}
