//! Every shape an event was seen in, and bodies that are none.

use rstest::rstest;
use serde_json::{Value, json};

use super::*;
use crate::signup::identity;

mod tree;

const TENANT: &str = "aaaabbbb-0000-cccc-1111-dddd2222eeee";
const CORRELATION: &str = "6b264006-9d46-4409-bdb7-a501b6c22527";

fn event(sign_up: &Value) -> Value {
    json!({
        "type": "microsoft.graph.authenticationEvent.attributeCollectionStart",
        "source": format!("/tenants/{TENANT}/applications/00000003-0000-0000-c000-000000000000"),
        "data": {
            "@odata.type": "microsoft.graph.onAttributeCollectionStartCalloutData",
            "userSignUpInfo": sign_up,
            "tenantId": TENANT,
            "authenticationContext": {
                "correlationId": CORRELATION,
                "client": { "ip": "2001:db8::7", "locale": "de-AT", "market": "de-at" },
                "protocol": "OAUTH2.0",
                "clientServicePrincipal": {
                    "id": "33333333-0000-0000-0000-000000000000",
                    "appId": "44444444-0000-0000-0000-000000000000",
                    "appDisplayName": "Portal",
                    "displayName": "Contoso Portal",
                },
                "resourceServicePrincipal": null,
            },
        },
    })
}

fn parse(body: &Value) -> Result<SignUpEvent, Malformed> {
    SignUpEvent::parse(body.to_string().as_bytes(), EventKind::Start, &TENANT.parse().unwrap())
}

fn text(value: &str) -> Value {
    json!({ "@odata.type": "microsoft.graph.stringDirectoryAttributeValue", "value": value, "attributeType": "builtIn" })
}

fn identity(sign_in_type: &str, issuer: &str, id: &str) -> Value {
    json!([{ "signInType": sign_in_type, "issuer": issuer, "issuerAssignedId": id }])
}

#[rstest]
#[case::one_time_passcode(json!({ "identities": identity("federated", "mail", "jo@example.com"), "attributes": { "EmailAddress": text("other@example.com") } }), Some("identity verified"))]
#[case::password(json!({ "identities": identity("emailAddress", "contoso.onmicrosoft.com", "jo@example.com"), "attributes": {} }), Some("identity verified"))]
#[case::password_as_documented(json!({ "identities": identity("email", "contoso.onmicrosoft.com", "jo@example.com") }), Some("identity verified"))]
#[case::google(json!({ "identities": identity("federated", "google.com", "109876543210987654321"), "attributes": { "EmailAddress": text("jo@example.com") } }), Some("attribute:email asserted"))]
#[case::facebook_with_address(json!({ "identities": identity("federated", "facebook.com", "0123456789"), "attributes": { "email": text("jo@example.com") } }), Some("attribute:email asserted"))]
#[case::facebook_without(json!({ "identities": identity("federated", "facebook.com", "0123456789"), "attributes": { "displayName": text("Jo") } }), None)]
#[case::custom_oidc(json!({ "identities": identity("federated", "https://idp.fabrikam.com", "f3b0"), "attributes": { "city": text("jo@example.com") } }), None)]
#[case::saml_name_id(json!({ "identities": identity("federated", "https://saml.fabrikam.com", "jo@example.com") }), None)]
#[case::submit_without_identities(json!({ "attributes": { "email": text("jo@example.com") } }), Some("attribute:email asserted"))]
#[case::several(json!({ "identities": [
    { "signInType": "federated", "issuer": "google.com", "issuerAssignedId": "1" },
    { "signInType": "emailAddress", "issuer": "contoso.onmicrosoft.com", "issuerAssignedId": "jo@example.com" },
] }), Some("identity verified"))]
fn finds_the_address_of_every_identity_shape(#[case] sign_up: Value, #[case] source: Option<&str>) {
    let event = parse(&event(&sign_up)).unwrap();
    let found = identity::at_start(None, &event.identities, &event.form).ok();
    let shown = found.as_ref().map(|found| format!("{} {}", found.source, found.provenance.name()));
    assert_eq!(shown.as_deref(), source);
    assert!(found.is_none_or(|found| found.address.canonical() == "jo@example.com"));
}

#[test]
fn reads_who_and_where() {
    let event = parse(&event(&json!({}))).unwrap();
    assert_eq!(event.correlation_id.unwrap().as_str(), CORRELATION);
    assert_eq!(event.app.id.unwrap().as_str(), "44444444-0000-0000-0000-000000000000");
    assert_eq!((event.app.name.as_str(), event.client.locale.as_str()), ("Contoso Portal", "de-AT"));
    assert_eq!(event.client.ip, "2001:db8::7".parse().ok());
}

#[rstest]
#[case::placeholders("/data/authenticationContext/correlationId", json!("<GUID>"))]
#[case::no_context("/data/authenticationContext", Value::Null)]
#[case::no_sign_up("/data/userSignUpInfo", Value::Null)]
#[case::odd_identities("/data/userSignUpInfo/identities", json!([null, 7, {}]))]
#[case::odd_attributes("/data/userSignUpInfo/attributes", json!([]))]
#[case::no_principal("/data/authenticationContext/clientServicePrincipal", Value::Null)]
#[case::no_client("/data/authenticationContext/client", json!("?"))]
#[case::unknown_member("/data/authenticationEventListenerId", json!({ "new": true }))]
#[case::no_source("/source", Value::Null)]
fn is_lenient_about_what_it_can_do_without(#[case] pointer: &str, #[case] value: Value) {
    let mut body = event(&json!({ "identities": [], "attributes": {} }));
    if let Some(place) = body.pointer_mut(pointer) {
        *place = value;
    } else if let Some(data) = body.get_mut("data").and_then(Value::as_object_mut) {
        data.insert(pointer.rsplit('/').next().unwrap().to_owned(), value);
    }
    assert!(parse(&body).is_ok());
}

#[rstest]
#[case("MICROSOFT.GRAPH.authenticationevent.attributeCollectionSTART")]
#[case("#microsoft.graph.authenticationEvent.attributeCollectionStart")]
fn takes_the_type_in_any_case(#[case] name: &str) {
    let mut body = event(&json!({}));
    body["type"] = json!(name);
    assert!(parse(&body).is_ok());
}

#[test]
fn takes_odata_type_with_a_capital() {
    let mut body = event(&json!({}));
    let data = body["data"].as_object_mut().unwrap();
    let value = data.remove("@odata.type").unwrap();
    data.insert("@odata.Type".into(), value);
    body["type"] = Value::Null;
    assert!(parse(&body).is_ok());
}

#[test]
fn one_of_the_two_names_is_enough_and_both_must_agree() {
    let mut without_type = event(&json!({}));
    without_type.as_object_mut().unwrap().remove("type");
    assert!(parse(&without_type).is_ok());
    let mut without_data_type = event(&json!({}));
    without_data_type["data"].as_object_mut().unwrap().remove("@odata.type");
    assert!(parse(&without_data_type).is_ok());
    without_type["data"].as_object_mut().unwrap().remove("@odata.type");
    assert_eq!(parse(&without_type).unwrap_err(), Malformed::NoType);
    let mut mixed = event(&json!({}));
    mixed["type"] = json!("microsoft.graph.authenticationEvent.attributeCollectionSubmit");
    assert_eq!(parse(&mixed).unwrap_err(), Malformed::OtherEvent { member: "type" });
    let mut mixed = event(&json!({}));
    mixed["data"]["@odata.type"] = json!("microsoft.graph.onTokenIssuanceStartCalloutData");
    assert_eq!(parse(&mixed).unwrap_err(), Malformed::OtherEvent { member: "data.@odata.type" });
}

#[rstest]
#[case::absent(Value::Null, Malformed::NoTenant)]
#[case::zero(json!("00000000-0000-0000-0000-000000000000"), Malformed::NoTenant)]
#[case::placeholder(json!("<tenant>"), Malformed::NoTenant)]
#[case::a_number(json!(7), Malformed::NoTenant)]
#[case::foreign(json!("99999999-0000-cccc-1111-dddd2222eeee"), Malformed::OtherTenant)]
fn refuses_an_event_of_no_tenant_or_another(#[case] tenant: Value, #[case] why: Malformed) {
    let mut body = event(&json!({}));
    body["data"]["tenantId"] = tenant;
    assert_eq!(parse(&body).unwrap_err(), why);
}

#[rstest]
#[case::empty("")]
#[case::blank(" \r\n")]
#[case::xml("<event/>")]
#[case::trailing_comma("{\"type\":1,}")]
#[case::null("null")]
#[case::array("[]")]
#[case::text("\"x\"")]
#[case::no_data("{}")]
#[case::data_is_a_list("{\"data\":[]}")]
#[case::two_values("{} {}")]
fn refuses_a_body_that_is_no_event(#[case] body: &str) {
    assert!(SignUpEvent::parse(body.as_bytes(), EventKind::Start, &TENANT.parse().unwrap()).is_err());
}

#[test]
fn refuses_every_truncation_and_too_deep_a_nesting() {
    let body = event(&json!({ "identities": [], "attributes": {} })).to_string();
    for length in 0..body.len() {
        let cut = &body.as_bytes()[..length];
        assert!(SignUpEvent::parse(cut, EventKind::Start, &TENANT.parse().unwrap()).is_err(), "{length}");
    }
    let deep = format!("{{\"data\":{}", "[".repeat(200_000));
    assert!(SignUpEvent::parse(deep.as_bytes(), EventKind::Start, &TENANT.parse().unwrap()).is_err());
}

#[test]
fn finds_the_correlation_id_of_a_broken_body() {
    let body = event(&json!({})).to_string();
    let cut = &body.as_bytes()[..body.find(CORRELATION).unwrap() + 36];
    assert_eq!(find_correlation_id(cut).unwrap().as_str(), CORRELATION);
    for none in ["", "{}", "\"correlationId\"", "\"correlationId\": \"<GUID>\"", "\"correlationId\": \"äöü"] {
        assert_eq!(find_correlation_id(none.as_bytes()), None);
    }
}
