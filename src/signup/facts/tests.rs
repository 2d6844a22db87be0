//! What conditions see, and what they do not.

use std::sync::LazyLock;

use super::*;
use crate::expressions::Condition;
use crate::values::Provenance;

fn field(name: &str, attribute_type: AttributeType, value: Option<AttributeValue>) -> FormField {
    FormField { name: AttributeName::new(name), attribute_type, value }
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::String(value.into())
}

const PLAN: &str = "extension_0f1e2d3c4b5a69788796a5b4c3d2e1f0_Plan";
const TOPICS: &str = "extension_0f1e2d3c4b5a69788796a5b4c3d2e1f0_Topics";

fn form() -> Form {
    Form(vec![
        field("country", AttributeType::String, Some(text("AU"))),
        field(PLAN, AttributeType::String, Some(text("gold"))),
        field(TOPICS, AttributeType::String, Some(text("art, music,,"))),
        field("year", AttributeType::Int64, Some(AttributeValue::Int64(2010))),
        field("terms", AttributeType::Boolean, Some(AttributeValue::Boolean(true))),
    ])
}

/// No attribute has a declared type.
fn undeclared() -> &'static AttributeTypes {
    static UNDECLARED: LazyLock<AttributeTypes> = LazyLock::new(AttributeTypes::default);
    &UNDECLARED
}

fn facts<'a>(form: &'a Form, app: &'a App, client: &'a Client, topics: &'a [AttributeName]) -> Facts<'a> {
    let (types, identity) = (undeclared(), IdentityFacts::default());
    Facts { form, multi_select: topics, types, invitation: None, app, client, identity }
}

#[test]
fn every_part_of_a_sign_up_is_there() {
    let (form, topics) = (form(), [AttributeName::new(TOPICS)]);
    let app = App { id: "44444444-5555-6666-7777-888888888888".parse().ok(), name: "Portal".into() };
    let client = Client { ip: "2001:db8::1".parse().ok(), locale: "de-at".into(), market: "de-de".into() };
    let email: EmailAddress = "Jo@Example.COM".parse().unwrap();
    let identity = IdentityFacts {
        email: Some(&email),
        provenance: Some(Provenance::Verified),
        sign_in_type: "federated",
        issuer: "mail",
    };
    let invitation = Invitation { tags: vec!["press".into()], ..Invitation::new("beta".into(), 2, None) };
    let facts = Facts {
        form: &form,
        multi_select: &topics,
        types: undeclared(),
        invitation: Some(&invitation),
        app: &app,
        client: &client,
        identity,
    };
    let expected = json!({
        "attributes": {
            "country": "AU", "year": 2010, "terms": true, PLAN: "gold", TOPICS: ["art", "music"],
            "ext": { "Plan": "gold", "Topics": ["art", "music"] },
        },
        "invite": { "name": "", "source": "beta", "tags": ["press"], "groups": [], "roles": [] },
        "app": { "id": "44444444-5555-6666-7777-888888888888", "name": "Portal" },
        "client": { "ip": "2001:db8::1", "locale": "de-at", "market": "de-de" },
        "identity": {
            "email": "jo@example.com", "domain": "example.com", "provenance": "verified",
            "signInType": "federated", "issuer": "mail",
        },
    });
    assert_eq!(facts.context().json(), &expected);
    let names: Vec<_> = facts.context().json().as_object().unwrap().keys().cloned().collect();
    assert!(NAMES.iter().all(|name| names.iter().any(|known| known == name)) && names.len() == NAMES.len());
    for (name, members) in [("app", &APP[..]), ("client", &CLIENT), ("identity", &IDENTITY)] {
        let seen = facts.context().json()[name].as_object().unwrap().len();
        assert!(members.iter().all(|member| facts.context().json()[name].get(member).is_some()), "{name}");
        assert_eq!(seen, members.len(), "{name}");
    }
}

#[test]
fn an_attribute_without_a_value_is_the_empty_value_of_its_type() {
    let empty = [AttributeType::String, AttributeType::Int64, AttributeType::Boolean, AttributeType::StringCollection];
    let form = Form(empty.iter().zip(["a", "b", "c", "d"]).map(|(of, name)| field(name, *of, None)).collect());
    let (app, client) = (App::default(), Client::default());
    let context = facts(&form, &app, &client, &[]).context();
    assert_eq!(context.json()["attributes"], json!({ "a": "", "b": 0, "c": false, "d": [], "ext": {} }));
    let several = [AttributeName::new("A")];
    assert_eq!(facts(&form, &app, &client, &several).context().json()["attributes"]["a"], json!([]));
    let blank = Form(vec![field("a", AttributeType::String, Some(text(" \u{a0}")))]);
    assert_eq!(facts(&blank, &app, &client, &[]).context().json()["attributes"]["a"], json!(""));
}

#[test]
fn absent_null_and_empty_are_the_empty_value_of_the_declared_type() {
    let of = |name: &str, declared| (AttributeName::new(name), declared);
    let types =
        [of(PLAN, AttributeType::Int64), of("terms", AttributeType::Boolean), of("city", AttributeType::String)];
    let types = types.into_iter().collect();
    let several = [AttributeName::new(TOPICS)];
    let (app, client) = (App::default(), Client::default());
    let expected = json!({
        PLAN: 0, "terms": false, "city": "", TOPICS: [], "ext": { "Plan": 0, "Topics": [] },
    });
    let fields = |value: Option<AttributeValue>| {
        Form([PLAN, "terms", "city", TOPICS].map(|name| field(name, AttributeType::String, value.clone())).into())
    };
    for form in [Form::default(), fields(None), fields(Some(text(" ")))] {
        let facts = Facts { types: &types, ..facts(&form, &app, &client, &several) };
        assert_eq!(facts.context().json()["attributes"], expected);
        let condition = "!attributes.terms && attributes.TERMS == attributes.terms && attributes.ext.Plan < 18 \
            && attributes.ext.Topics == [] && attributes.city + 'x' == 'x' && attributes.ext.Plan == 0";
        let condition = Condition::compile(condition, &NAMES).unwrap();
        let mut context = facts.context();
        condition.paths().iter().for_each(|path| context.add_spelling(path));
        assert_eq!(condition.evaluate(context.json()), Ok(true));
    }
}

#[test]
fn a_value_that_is_not_of_its_type_is_seen_as_it_is() {
    let form = Form(vec![field("year", AttributeType::Int64, Some(text("20x0")))]);
    let context = facts(&form, &App::default(), &Client::default(), &[]).context();
    assert_eq!(context.json()["attributes"]["year"], json!("20x0"));
}

#[test]
fn a_name_is_found_however_the_event_spells_it() {
    let form = Form(vec![
        field("PostalCode", AttributeType::String, Some(text("3000"))),
        field("EmailAddress", AttributeType::String, Some(text("jo@example.com"))),
        field(PLAN, AttributeType::String, Some(text("gold"))),
    ]);
    let condition = Condition::compile(
        "attributes.postalCode == '3000' && attributes.email != '' && attributes.ext.plan == 'gold'",
        &NAMES,
    );
    let condition = condition.unwrap();
    let mut context = facts(&form, &App::default(), &Client::default(), &[]).context();
    assert_eq!(condition.evaluate(context.json()), Ok(false));
    condition.paths().iter().for_each(|path| context.add_spelling(path));
    assert_eq!(condition.evaluate(context.json()), Ok(true));
    context.set(&form.0[0], Some(&text("4000")), false);
    assert_eq!(condition.evaluate(context.json()), Ok(false));
}

#[test]
fn nothing_of_it_is_printed() {
    let form = form();
    let client = Client { ip: "192.0.2.7".parse().ok(), ..Client::default() };
    let app = App::default();
    let facts = facts(&form, &app, &client, &[]);
    let printed = format!("{:?} {facts:?}", facts.context());
    assert!(!printed.contains("gold") && !printed.contains("192.0.2.7"), "{printed}");
}
