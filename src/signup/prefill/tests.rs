//! Which values reach the form, and in which type.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::expressions::Template;
use crate::signup::policy::Gate;
use crate::values::{AttributeType, FormField};

fn policy(prefill: &[(&str, PrefillValue)]) -> Policy {
    let prefill = prefill.iter().map(|(name, value)| (AttributeName::new(*name), value.clone())).collect();
    Policy { prefill, ..Policy::new("default", Gate::Open) }
}

fn constant(value: &str) -> PrefillValue {
    PrefillValue::Constant(text(value))
}

fn template(source: &str) -> PrefillValue {
    PrefillValue::Template(Template::compile(source, &NAMES).unwrap())
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::String(value.into())
}

fn invitation(columns: &[(&str, &str)]) -> Invitation {
    let prefilled = columns.iter().filter(|(name, _)| *name != "name");
    Invitation {
        tags: vec!["press".into()],
        columns: columns.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        prefill: prefilled
            .map(|(name, value)| (AttributeName::new(*name), (*value).to_owned()))
            .collect::<BTreeMap<_, _>>(),
        ..Invitation::new("beta".into(), 2, Some("jo@example.com".parse().unwrap()))
    }
}

fn form(fields: &[(&str, AttributeType)]) -> Form {
    let field = |(name, attribute_type): &(&str, AttributeType)| FormField {
        name: AttributeName::new(*name),
        attribute_type: *attribute_type,
        value: None,
    };
    Form(fields.iter().map(field).collect())
}

fn filled(policy: &Policy, invitation: Option<&Invitation>, form: &Form) -> Vec<(String, AttributeValue)> {
    filled_with(policy, invitation, &AttributeValues::new(), form)
}

fn filled_with(
    policy: &Policy,
    invitation: Option<&Invitation>,
    looked_up: &AttributeValues,
    form: &Form,
) -> Vec<(String, AttributeValue)> {
    let address = "jo@example.com".parse().unwrap();
    let app = App { id: None, name: "Portal".into() };
    let filling = PrefillInput { policy, invitation, address: Some(&address), app: &app, looked_up };
    values(&filling, form).into_iter().map(|(name, value)| (name.to_string(), value)).collect()
}

#[test]
fn columns_fill_the_attribute_of_their_name_and_the_policy_wins() {
    let invitation = invitation(&[("name", "Jo"), ("city", "Leeds"), ("country", "GB")]);
    let policy =
        policy(&[("country", constant("AU")), ("displayName", template("{{ invite.name }} of {{ app.name }}"))]);
    let seen = filled(&policy, Some(&invitation), &Form::default());
    assert_eq!(
        seen,
        [("city".into(), text("Leeds")), ("country".into(), text("AU")), ("displayName".into(), text("Jo of Portal")),]
    );
}

#[test]
fn a_look_up_is_weaker_than_a_column_and_that_weaker_than_the_policy() {
    let looked_up = ["city", "country", "jobTitle"].map(|name| (AttributeName::new(name), text("looked up"))).into();
    let invitation = invitation(&[("city", "Leeds"), ("country", "GB")]);
    let policy = policy(&[("country", constant("AU"))]);
    let seen = filled_with(&policy, Some(&invitation), &looked_up, &Form::default());
    let wanted = [("city", "Leeds"), ("country", "AU"), ("jobTitle", "looked up")];
    assert_eq!(seen, wanted.map(|(name, value)| (name.to_owned(), text(value))));
}

#[test]
fn several_choices_of_a_cell_take_the_form_of_the_directory() {
    let invitation = invitation(&[("city", "Leeds; York,Hull ;"), ("state", "a;b")]);
    let policy = Policy { multi_select: vec![AttributeName::new("City")], ..policy(&[]) };
    let seen = filled(&policy, Some(&invitation), &Form::default());
    assert_eq!(seen, [("city".to_owned(), text("Leeds,York,Hull")), ("state".to_owned(), text("a;b"))]);
}

#[test]
fn an_empty_rendering_is_left_out_and_displaces_nothing() {
    let invitation = invitation(&[("city", "Leeds")]);
    let policy = policy(&[("city", template("{{ invite.town }}")), ("displayName", template(" {{ invite.name }} "))]);
    assert_eq!(filled(&policy, Some(&invitation), &Form::default()), [("city".into(), text("Leeds"))]);
    assert_eq!(filled(&policy, None, &Form::default()), []);
}

#[test]
fn a_listed_attribute_gives_its_spelling_and_its_type_and_nothing_else_is_dropped() {
    let invitation = invitation(&[("year", "2010"), ("news", "yes"), ("age", "old"), ("city", "Leeds")]);
    let constants = policy(&[("Score", PrefillValue::Constant(AttributeValue::Int64(7)))]);
    let form = form(&[
        ("YEAR", AttributeType::Int64),
        ("news", AttributeType::Boolean),
        ("age", AttributeType::Int64),
        ("score", AttributeType::String),
    ]);
    let seen = filled(&constants, Some(&invitation), &form);
    assert_eq!(
        seen,
        [
            ("YEAR".into(), AttributeValue::Int64(2010)),
            ("city".into(), text("Leeds")),
            ("news".into(), AttributeValue::Boolean(true)),
            ("score".into(), text("7")),
        ]
    );
}

/// A policy where `year` is a number and `news` is yes or no.
fn declared(prefill: &[(&str, PrefillValue)]) -> Policy {
    let types = [("year", AttributeType::Int64), ("news", AttributeType::Boolean)];
    let types = types.into_iter().map(|(name, declared)| (AttributeName::new(name), declared)).collect();
    Policy { types, ..policy(prefill) }
}

#[test]
fn what_is_not_listed_has_the_declared_type_or_is_a_text() {
    let invitation = invitation(&[("Year", "2010"), ("city", "Leeds")]);
    let policy = declared(&[
        ("news", template("{{ 'no' if invite.city else 'yes' }}")),
        ("score", PrefillValue::Constant(AttributeValue::Int64(7))),
    ]);
    let wanted = [
        ("Year".to_owned(), AttributeValue::Int64(2010)),
        ("city".to_owned(), text("Leeds")),
        ("news".to_owned(), AttributeValue::Boolean(false)),
        ("score".to_owned(), text("7")),
    ];
    for form in [Form::default(), form(&[("EmailAddress", AttributeType::String)])] {
        assert_eq!(filled(&policy, Some(&invitation), &form), wanted);
    }
    let listed = form(&[("year", AttributeType::String)]);
    assert_eq!(filled(&policy, Some(&invitation), &listed)[3], ("year".to_owned(), text("2010")), "listed goes first");
}

#[test]
fn what_cannot_be_said_in_its_type_displaces_nothing() {
    let looked_up = [(AttributeName::new("year"), AttributeValue::Int64(1999))].into();
    let invitation = invitation(&[("year", "last year"), ("news", "perhaps")]);
    let seen = filled_with(&declared(&[]), Some(&invitation), &looked_up, &Form::default());
    assert_eq!(seen, [("year".to_owned(), AttributeValue::Int64(1999))]);
}

proptest! {
    #[test]
    fn never_sends_another_type_than_the_one_declared(value in "\\PC{0,12}|[0-9]{1,20}|true|no") {
        for (name, value) in filled(&declared(&["year", "news", "city"].map(|name| (name, constant(&value)))), None, &Form::default()) {
            let wanted = [("year", AttributeType::Int64), ("news", AttributeType::Boolean)];
            let wanted = wanted.into_iter().find(|(known, _)| *known == name).map_or(AttributeType::String, |(_, own)| own);
            prop_assert_eq!(value.attribute_type(), wanted);
        }
    }

    #[test]
    fn never_sends_another_type_than_the_one_listed(value in "\\PC{0,12}|[0-9]{1,20}|true|no", wanted in 0..4_usize) {
        let types = [AttributeType::String, AttributeType::Int64, AttributeType::Boolean, AttributeType::StringCollection];
        let seen = filled(&policy(&[("x", constant(&value))]), None, &form(&[("x", types[wanted])]));
        for (_, value) in seen {
            prop_assert_eq!(value.attribute_type(), types[wanted]);
        }
    }
}
