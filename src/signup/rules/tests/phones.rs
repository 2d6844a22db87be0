//! Phone numbers as people type them. The numbers are those that numbering plans give as examples, or that are kept
//! free for fiction.

use rstest::rstest;

use super::*;

fn phone(country: Option<PhoneCountry>) -> Rule {
    Rule { phone_country: country, ..tidying("mobilePhone", &[Normalise::Phone]) }
}

fn fixed(country: &str) -> Option<PhoneCountry> {
    country.parse().ok().map(PhoneCountry::Fixed)
}

/// What a number becomes; `None` if it fails.
fn read(country: &str, typed: &str) -> Option<String> {
    let checked = check_form(&[phone(fixed(country))], &form(&[("mobilePhone", typed)]));
    let changed = checked.changed.into_values().next().map_or_else(|| typed.to_owned(), |value| value.to_text());
    checked.errors.is_empty().then_some(changed)
}

#[rstest]
#[case("AU", "0412 345 678", "+61412345678")]
#[case("AU", "+61 (0)412 345-678", "+61412345678")]
#[case("AU", "0061 412 345 678", "")]
#[case("AU", "0011 44 20 7946 0018", "+442079460018")]
#[case("GB", "0061 412 345 678", "+61412345678")]
#[case("AU", "\u{202a}+61 412 345 678\u{202c}", "+61412345678")]
#[case("AU", "＋６１ ４１２ ３４５ ６７８", "+61412345678")]
#[case("AU", "+61412345678", "+61412345678")]
#[case("US", "(415) 555-2671", "+14155552671")]
#[case("US", "+44 (0)20 7946 0018", "+442079460018")]
#[case("DE", "030/123456", "+4930123456")]
#[case("IT", "06 1234 5678", "+390612345678")]
#[case("IT", "+39 06 1234 5678", "+390612345678")]
#[case("KZ", "7710009998", "+77710009998")]
#[case("AR", "011 15-2345-6789", "+5491123456789")]
#[case("AU", "1234", "")]
#[case("AU", "+1", "")]
#[case("AU", "+", "")]
#[case("AU", "0412 345 678 ext. 5", "")]
#[case("AU", "0412 345 678 x5", "")]
#[case("US", "1-800-FLOWERS", "")]
#[case("AU", "tel:0412345678;phone-context=+61", "")]
#[case("AU", "jo@example.com", "")]
#[case("AU", "00000000000000000000000000000000000000000000", "")]
#[case("", "+61 412 345 678", "+61412345678")]
#[case("", "0412 345 678", "")]
fn a_number_becomes_e164_or_fails(#[case] country: &str, #[case] typed: &str, #[case] wanted: &str) {
    let wanted = (!wanted.is_empty()).then(|| wanted.to_owned());
    assert_eq!(read(country, typed), wanted, "{country} {typed}");
}

#[test]
fn a_failure_without_a_text_of_its_own_is_an_invalid_field() {
    let number = form(&[("mobilePhone", "12")]);
    assert_eq!(errors(&check_form(&[phone(fixed("AU"))], &number)), [("mobilePhone", "field-invalid")]);
    let worded = Rule { message: Some("phone".into()), ..phone(fixed("AU")) };
    assert_eq!(errors(&check_form(&[worded], &number)), [("mobilePhone", "phone")]);
}

#[test]
fn no_number_is_no_failure() {
    assert_eq!(check_form(&[phone(fixed("AU"))], &form(&[("mobilePhone", "")])), CheckedForm::default());
}

#[test]
fn a_condition_says_when_a_number_must_be_valid_and_is_no_failure_itself() {
    let rule = Rule { when: when("attributes.country == 'AU'"), message: Some("phone".into()), ..phone(fixed("AU")) };
    let number = |number| form(&[("mobilePhone", number), ("country", "AU")]);
    assert!(check_form(std::slice::from_ref(&rule), &number("0412345678")).errors.is_empty());
    assert_eq!(errors(&check_form(&[rule], &number("12"))), [("mobilePhone", "phone")]);
}

#[rstest]
#[case("au", Some("+61412345678"))]
#[case(" AU ", Some("+61412345678"))]
#[case("Australia", None)]
#[case("XX", None)]
#[case("", None)]
fn the_country_can_be_another_attributes(#[case] country: &str, #[case] wanted: Option<&str>) {
    let rule = phone(Some(PhoneCountry::Attribute(AttributeName::new("country"))));
    let checked = check_form(&[rule], &form(&[("mobilePhone", "0412 345 678"), ("Country", country)]));
    assert_eq!(checked.changed.into_values().next(), wanted.map(text));
    assert_eq!(checked.errors.is_empty(), wanted.is_some());
}

#[test]
fn the_country_is_the_one_that_rules_before_have_tidied() {
    let rules =
        [tidying("country", &[Normalise::Nfkc]), phone(Some(PhoneCountry::Attribute(AttributeName::new("country"))))];
    let checked = check_form(&rules, &form(&[("mobilePhone", "0412 345 678"), ("country", "ＡＵ")]));
    assert!(checked.errors.is_empty());
}

#[test]
fn a_number_in_a_field_of_another_type_keeps_it() {
    let number = |value| check_form(&[phone(fixed("AU"))], &Form(vec![field("mobilePhone", Some(value))]));
    assert_eq!(number(AttributeValue::Int64(412_345_678)), CheckedForm::default());
    assert_eq!(number(AttributeValue::Int64(12)).errors.len(), 1);
    assert_eq!(number(AttributeValue::Boolean(true)).errors.len(), 1);
}

#[rstest]
#[case("AU", true)]
#[case(" de", true)]
#[case("XX", false)]
#[case("AUS", false)]
#[case("001", false)]
#[case("", false)]
fn a_country_has_a_code_of_two_letters(#[case] written: &str, #[case] known: bool) {
    assert_eq!(written.parse::<Country>().is_ok(), known);
}

#[test]
fn numbers_of_many_countries_make_nobody_wait_for_their_patterns() {
    prepare_phones();
    let before = phone::compiled();
    assert!(before > 1000, "{before} patterns");
    for code in 1..1000 {
        for national in ["201234567", "6502530000", "0412345678"] {
            let _ = read("AU", &format!("+{code}{national}"));
        }
    }
    assert_eq!(phone::compiled(), before, "a pattern was compiled while somebody waited");
    assert_eq!(read("NZ", "021 123 4567"), Some("+64211234567".into()));
}

#[test]
fn a_value_has_few_phone_numbers() {
    let numbers = |count| {
        let list = list(&vec!["+61412345678"; count]);
        errors(&check_form(&[phone(None)], &Form(vec![field("mobilePhone", Some(list))]))).len()
    };
    assert_eq!((numbers(4), numbers(5)), (0, 1));
}
