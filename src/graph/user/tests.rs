use std::collections::BTreeSet;

use rstest::rstest;

use super::*;

const ID: &str = "9fb7a577-9469-4489-912d-bc58a5bca276";

fn user(properties: Value) -> User {
    let extensions = Extensions {
        app: "4d0e5c6f-7a8b-49c0-b1d2-e3f405162738".parse().unwrap(),
        names: vec!["Newsletter".to_owned()],
    };
    let Value::Object(properties) = properties else { panic!("not an object") };
    User::new(ID.parse().unwrap(), properties, Some(extensions))
}

fn identity(kind: &str, issuer: &str, assigned: &str) -> Value {
    json!({"signInType": kind, "issuer": issuer, "issuerAssignedId": assigned})
}

#[rstest]
#[case(json!({"identities": [identity("userPrincipalName", "contoso.onmicrosoft.com", "x@contoso.onmicrosoft.com"),
    identity("emailAddress", "contoso.onmicrosoft.com", "local@example.com")], "mail": "mail@example.com"}),
    Some("local@example.com"))]
#[case(json!({"identities": [identity("federated", "mail", "otp@example.com")]}), Some("otp@example.com"))]
#[case(json!({"identities": [identity("federated", "google.com", "108208020366142301111")], "mail": "g@example.com"}),
    Some("g@example.com"))]
#[case(json!({"identities": [identity("federated", "google.com", "someone@google.example")]}), None)]
#[case(json!({"identities": null, "mail": null, "otherMails": ["other@example.com"]}), Some("other@example.com"))]
#[case(json!({"mail": "not an address", "otherMails": ["other@example.com"]}), Some("other@example.com"))]
#[case(json!({"identities": "odd", "otherMails": []}), None)]
fn finds_the_address_of_every_kind_of_user(#[case] properties: Value, #[case] address: Option<&str>) {
    assert_eq!(user(properties).email().as_ref().map(EmailAddress::as_given), address);
}

#[test]
fn the_context_has_every_name_and_custom_attributes_in_their_type() {
    let context = user(json!({
        "givenName": "Jo", "surname": null, "identities": [identity("emailAddress", "contoso.com", "jo@example.com")],
        "extension_4d0e5c6f7a8b49c0b1d2e3f405162738_newsletter": true,
        "extension_4d0e5c6f7a8b49c0b1d2e3f405162738_Plan": null,
        "extension_00000000000000000000000000000001_Other": "x",
    }))
    .to_context();
    assert_eq!(context["id"], ID);
    let seen: BTreeSet<&str> = context.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(seen, context_members().collect());
    assert_eq!((&context["givenName"], &context["surname"], &context["city"]), (&json!("Jo"), &json!(""), &json!("")));
    assert_eq!(context["email"], "jo@example.com");
    assert_eq!(context["ext"], json!({"Newsletter": true}));
    let read = user(json!({"extension_4d0e5c6f7a8b49c0b1d2e3f405162738_plan": "pro"}));
    assert_eq!(read.text("extension_4d0e5c6f7a8b49c0b1d2e3f405162738_Plan"), "pro");
    assert_eq!(context["identities"], json!([{"signInType": "emailAddress", "issuer": "contoso.com"}]));
}

#[test]
fn a_user_does_not_print_itself() {
    let user = user(json!({"displayName": "Jo", "identities": [identity("emailAddress", "c", "jo@example.com")]}));
    let shown = format!("{user:?} {:?}", user.identities());
    assert!(!shown.contains("jo@") && !shown.contains("Jo"), "{shown}");
}
