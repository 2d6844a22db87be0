//! Values that are filled into the form, from events as Entra sends them: Start lists the address and no other attribute.
//!
//! The events in `captured/` have the shape of recorded calls, with invented values.

use guestlist_emulator::sign_up::{Event, Kind, Person, attribute};
use rstest::rstest;
use serde_json::{Value, json};
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::config::{Config, invite_only, value};
use crate::support::service::{Service, ext};
use crate::support::with_codes;

const EMAIL_CODE: &str = include_str!("captured/start-email-code.json");
const GOOGLE: &str = include_str!("captured/start-google.json");

/// A policy that fills the form from everywhere.
fn policy() -> Config {
    let types = r#"
[tenant.attributes]
"ext.Newsletter" = "boolean"
"ext.Seats" = "int64"
"ext.Level" = "int64"
"#;
    let prefill =
        r#"{ country = "AU", displayName = "{{ invite.name }}", "ext.Level" = "{{ invite.name | length }}" }"#;
    invite_only().add("policies.default.prefill", value(prefill)).and(types)
}

const INVITES: &str = "email,name,jobTitle,ext.Newsletter,ext.Seats,ext.Plan\n\
    kim@fabrikam.com,Kim,Editor,yes,40,7\nlee@fabrikam.com,Lee,,perhaps,many,\n";

async fn service(policy: Config) -> Service {
    with_codes::service(policy, INVITES).await
}

/// All that Kim's form shows.
fn of_kim() -> Value {
    json!({
        "country": "AU", "displayName": "Kim", "jobTitle": "Editor", ext("Newsletter"): true, ext("Seats"): 40,
        ext("Plan"): "7", ext("Level"): 3,
    })
}

#[rstest]
#[case::email_code(EMAIL_CODE)]
#[case::google(GOOGLE)]
#[tokio::test]
async fn every_value_reaches_the_form_though_start_lists_the_address_alone(#[case] start: &str) {
    let service = service(policy()).await;
    let start: Value = serde_json::from_str(start).unwrap();
    let action = service.call(Event::Start, &start).await.action();
    assert_eq!(action["inputs"], of_kim());
    assert!(service.logged("prefill-type").is_empty());
}

#[rstest]
#[case::email_code(EMAIL_CODE, Person::email_otp("kim@fabrikam.com"))]
#[case::google(GOOGLE, Person::google("kim@fabrikam.com"))]
#[tokio::test]
async fn the_emulated_start_is_the_captured_one(#[case] captured: &str, #[case] person: Person) {
    let service = service(policy()).await;
    let mut sign_up = service.sign_up(person);
    let mut captured: Value = serde_json::from_str(captured).unwrap();
    let context = &mut captured["data"]["authenticationContext"];
    context["correlationId"] = json!(sign_up.correlation_id);
    let mut emulated = sign_up.start();
    let id = "/data/userSignUpInfo/identities/0/issuerAssignedId";
    *captured.pointer_mut(id).unwrap() = emulated.pointer(id).unwrap().clone();
    assert_eq!(emulated, captured);
    sign_up.start_lists_form = true;
    emulated = sign_up.start();
    assert!(emulated["data"]["userSignUpInfo"]["attributes"]["postalCode"].is_object(), "told otherwise");
    assert_eq!(service.call(Event::Start, &emulated).await.action()["inputs"], of_kim());
}

#[tokio::test]
async fn a_value_that_cannot_be_said_in_its_type_is_left_out_with_one_line() {
    let service = service(policy()).await;
    let action = service.start_for("lee@fabrikam.com").await.action();
    assert_eq!(action["inputs"], json!({ "country": "AU", "displayName": "Lee", ext("Level"): 3 }));
    let lines = service.logged("prefill-type");
    let named: Vec<_> = lines.iter().map(|line| line["attribute"].as_str().unwrap().to_owned()).collect();
    assert_eq!(named, [ext("Newsletter"), ext("Seats")]);
    let said: String = service.lines.all().into_iter().map(|(_, line)| line).collect();
    assert!(!said.contains("perhaps") && !said.contains("many"), "{said}");
}

#[tokio::test]
async fn a_listed_attribute_fixes_the_type_before_the_declaration() {
    let service = service(policy()).await;
    let mut start: Value = serde_json::from_str(EMAIL_CODE).unwrap();
    let attributes = &mut start["data"]["userSignUpInfo"]["attributes"];
    for (name, kind) in [("Seats", Kind::Text), ("Plan", Kind::Integer)] {
        attributes[ext(name)] = attribute(&ext(name), kind, &Value::Null);
    }
    let inputs = service.call(Event::Start, &start).await.action()["inputs"].clone();
    assert_eq!((&inputs[ext("Seats")], &inputs[ext("Plan")]), (&json!("40"), &json!(7)));
}

#[tokio::test]
async fn what_a_look_up_finds_takes_the_declared_types() {
    let crm = MockServer::start().await;
    let found = json!({ "news": "no", "seats": "12", "title": ["Editor", "Author"], "size": 7 });
    Mock::given(path("/crm")).respond_with(ResponseTemplate::new(200).set_body_json(found)).mount(&crm).await;
    let keys =
        r#"prefill = { "ext.Newsletter" = "/news", "ext.Seats" = "/seats", jobTitle = "/title", city = "/size" }"#;
    let lookup = format!(
        "[[lookups]]\nname = \"crm\"\nurl = \"{}/crm?email={{{{ email }}}}\"\nallow_private = [\"127.0.0.1\"]\n{keys}\n",
        crm.uri()
    );
    let open = policy().set("policies.default.gate", "open").add("policies.default.lookups", vec!["crm"]);
    let service = service(open.and(lookup)).await;
    let inputs = service.start_for("jo@example.org").await.action()["inputs"].clone();
    let wanted = json!({
        "country": "AU", ext("Newsletter"): false, ext("Seats"): 12, "jobTitle": "Editor,Author", "city": "7",
        ext("Level"): 0,
    });
    assert_eq!(inputs, wanted);
}

/// A rule that says whether its condition holds.
async fn holds(when: &str, address: &str, fields: &[(&str, Value)]) -> bool {
    let rule = format!("[[policies.rules]]\nwhen = {when:?}\nmessage = \"seen\"\n[messages.en]\nseen = \"Seen.\"\n");
    let service = service(policy().and(rule)).await;
    let sign_up = service.sign_up(Person::email_otp(address));
    service.call(Event::Start, &sign_up.start()).await.action();
    let mut submit = sign_up.submit();
    let attributes = submit["data"]["userSignUpInfo"]["attributes"].as_object_mut().unwrap();
    attributes.retain(|name, _| name == "email");
    for (name, value) in fields {
        attributes.insert(ext(name), json!({ "value": value }));
    }
    match service.call(Event::Submit, &submit).await.action_name().as_str() {
        "showValidationError" => true,
        "continueWithDefaultBehavior" => false,
        other => panic!("{other}"),
    }
}

#[rstest]
#[case("attributes.ext.Seats > invite['ext.Seats']", &[("Seats", json!(41))], true)]
#[case("attributes.ext.Seats > invite['ext.Seats']", &[("Seats", json!(9))], false)]
#[case("attributes.ext.Newsletter == invite['ext.Newsletter']", &[("Newsletter", json!(true))], true)]
#[case("attributes.ext.Newsletter == invite['ext.Newsletter']", &[], false)]
#[case("invite['ext.Newsletter'] && invite['ext.Plan'] == '7'", &[], true)]
#[tokio::test]
async fn conditions_see_a_column_in_the_declared_type(
    #[case] when: &str,
    #[case] fields: &[(&str, Value)],
    #[case] wanted: bool,
) {
    assert_eq!(holds(when, "kim@fabrikam.com", fields).await, wanted, "{when}");
}

#[rstest]
#[case::absent(&[])]
#[case::null(&[("Newsletter", Value::Null), ("Seats", Value::Null)])]
#[case::empty(&[("Newsletter", json!("")), ("Seats", json!(""))])]
#[case::as_entra_may_list_it(&[("Newsletter", json!(false)), ("Seats", json!(0))])]
#[tokio::test]
async fn a_field_left_empty_is_the_same_to_a_condition_however_entra_sends_it(#[case] fields: &[(&str, Value)]) {
    let when =
        "!attributes.ext.Newsletter && attributes.ext.Seats == attributes.ext.Level && attributes.ext.Seats - 1 < 0";
    assert!(holds(when, "kim@fabrikam.com", fields).await);
}
