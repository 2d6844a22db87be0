use std::time::Duration;

use rstest::rstest;

use super::*;
use crate::connectors::VARIABLES;
use crate::graph::fake::{FakeDirectory, Fault};
use crate::outbound::Disposition;
use crate::values::AttributeName;

const ID: &str = "9fb7a577-9469-4489-912d-bc58a5bca276";
const APP: &str = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";

fn extensions() -> Extensions {
    Extensions { app: APP.parse().unwrap(), names: vec!["StripeCustomerId".to_owned()] }
}

fn settings(set: &[(&str, &str)]) -> Settings {
    let template = |text: &str| Template::compile(text, &VARIABLES).unwrap();
    Settings {
        name: "directory".to_owned(),
        set: set.iter().map(|(field, text)| ((*field).to_owned(), template(text))).collect(),
        overwrite: Overwrite::Placeholders,
        types: AttributeTypes::default(),
    }
}

fn directory() -> Arc<FakeDirectory> {
    let directory = FakeDirectory::new(Some(extensions()));
    directory.sign_up(ID, "jo@example.com", "2026-11-21T10:00:00Z".parse().unwrap());
    Arc::new(directory)
}

fn profile(settings: Settings, directory: &Arc<FakeDirectory>) -> Profile {
    Profile::try_new(settings, Some(&extensions()), Arc::clone(directory) as Arc<dyn Directory>).unwrap()
}

fn id() -> ObjectId {
    ID.parse().unwrap()
}

fn end() -> Instant {
    Instant::now() + Duration::from_secs(10)
}

async fn rendered(profile: &Profile) -> Rendered {
    let user = profile.directory.user(&id(), end()).await.unwrap();
    let results = json!({"billing": {"id": "cus_1"}});
    let context = json!({"user": user.to_context(), "invite": {}, "results": results});
    profile.render(&RenderInput { user: &user, context: &context }).unwrap()
}

async fn request(profile: &Profile) -> Value {
    match rendered(profile).await {
        Rendered::Request(request) => request,
        Rendered::Nothing { reason } => panic!("{reason}"),
    }
}

#[tokio::test]
async fn fills_names_and_writes_ids_back() {
    let directory = directory();
    let profile = profile(
        settings(&[
            ("displayName", " {{ user.givenName }}  {{ user.surname }} "),
            ("userPrincipalName", "{{ user.givenName | slug }}.{{ user.surname | slug }}"),
            ("ext.StripeCustomerId", "{{ results.billing.id }}"),
            ("city", "{{ user.city }}"),
        ]),
        &directory,
    );
    let request = request(&profile).await;
    assert_eq!(profile.deliver(&id(), &request, end()).await.unwrap(), Receipt::default());
    let expected = json!({
        "displayName": "Jo Bradford", "userPrincipalName": "jo.bradford@contoso.onmicrosoft.com",
        "extension_0f1e2d3c4b5a69788796a5b4c3d2e1f0_StripeCustomerId": "cus_1",
    });
    directory.with(|state| assert_eq!(json!(state.updates[0].1), expected));
    assert!(matches!(rendered(&profile).await, Rendered::Nothing { .. }), "nothing is left to change");
}

#[rstest]
#[case("displayName", json!("unknown"), true)]
#[case("displayName", json!(" Unknown "), true)]
#[case("displayName", json!(null), true)]
#[case("displayName", json!(""), true)]
#[case("displayName", json!("9fb7a577-9469-4489-912d-bc58a5bca276"), true)]
#[case("displayName", json!("9FB7A577-9469-4489-912d-bc58a5bca276@contoso.onmicrosoft.com"), true)]
#[case("displayName", json!("9fb7a57794694489912dbc58a5bca276"), false)]
#[case("displayName", json!("{9fb7a577-9469-4489-912d-bc58a5bca276}"), false)]
#[case("displayName", json!("Jo B"), false)]
#[case("givenName", json!("unknown"), false)]
#[case("givenName", json!(" "), true)]
#[case("userPrincipalName", json!("9fb7a577-9469-4489-912d-bc58a5bca276@contoso.com"), true)]
#[case("userPrincipalName", json!("9fb7a57794694489912dbc58a5bca276@contoso.com"), false)]
#[case("userPrincipalName", json!("jo@contoso.com"), false)]
#[case("ext.StripeCustomerId", json!("cus_0"), false)]
#[tokio::test]
async fn changes_placeholders_only(#[case] field: &str, #[case] current: Value, #[case] changed: bool) {
    let directory = directory();
    let property = field.strip_prefix("ext.").map_or_else(|| field.to_owned(), |short| extensions().property(short));
    directory.set(&id(), &property, current);
    let profile = profile(settings(&[(field, "new-value")]), &directory);
    assert_eq!(matches!(rendered(&profile).await, Rendered::Request(_)), changed);
}

/// The attribute that the tests set, as this type.
fn declared(attribute_type: AttributeType) -> AttributeTypes {
    [(AttributeName::new(extensions().property("StripeCustomerId")), attribute_type)].into_iter().collect()
}

#[rstest]
#[case(AttributeType::Boolean, "{{ 'Yes' if user.givenName }}", Some(json!(true)))]
#[case(AttributeType::Boolean, "no", Some(json!(false)))]
#[case(AttributeType::Boolean, "perhaps", None)]
#[case(AttributeType::Boolean, "{{ user.jobTitle }}", None)]
#[case(AttributeType::Int64, " 40 ", Some(json!(40)))]
#[case(AttributeType::Int64, "forty", None)]
#[case(AttributeType::Int64, "{{ user.jobTitle }}", None)]
#[case(AttributeType::String, "40", Some(json!("40")))]
#[tokio::test]
async fn a_value_goes_to_graph_in_its_declared_type_or_not_at_all(
    #[case] attribute_type: AttributeType,
    #[case] template: &str,
    #[case] sent: Option<Value>,
) {
    let types = declared(attribute_type);
    let set = [("displayName", "Jo"), ("ext.StripeCustomerId", template)];
    let profile = profile(Settings { types, ..settings(&set) }, &directory());
    let fields = request(&profile).await["fields"].clone();
    assert_eq!(fields.get(extensions().property("StripeCustomerId")), sent.as_ref());
    assert_eq!(fields["displayName"], "Jo", "the others are set all the same");
}

#[rstest]
#[case(json!(false), Overwrite::Placeholders, false)]
#[case(json!(false), Overwrite::Always, true)]
#[case(json!(true), Overwrite::Always, false)]
#[case(json!(null), Overwrite::Placeholders, true)]
#[tokio::test]
async fn a_box_that_is_as_it_should_be_is_not_sent(
    #[case] current: Value,
    #[case] overwrite: Overwrite,
    #[case] changed: bool,
) {
    let directory = directory();
    directory.set(&id(), &extensions().property("StripeCustomerId"), current);
    let types = declared(AttributeType::Boolean);
    let profile = profile(Settings { overwrite, types, ..settings(&[("ext.StripeCustomerId", "true")]) }, &directory);
    assert_eq!(matches!(rendered(&profile).await, Rendered::Request(_)), changed);
}

#[tokio::test]
async fn overwrites_everything_when_told_to_but_never_with_nothing() {
    let directory = directory();
    let mut settings =
        settings(&[("givenName", "Joanna"), ("surname", "{{ user.jobTitle }}"), ("userPrincipalName", " . ")]);
    settings.overwrite = Overwrite::Always;
    let request = request(&profile(settings, &directory)).await;
    assert_eq!(request, json!({"fields": {"givenName": "Joanna"}, "upn": null}));
}

#[tokio::test]
async fn a_taken_name_gets_a_suffix_that_stays_the_same() {
    let directory = directory();
    directory.with(|state| state.taken_upns.insert("jo@contoso.onmicrosoft.com".to_owned()));
    let profile = profile(settings(&[("userPrincipalName", "{{ user.givenName | slug }}")]), &directory);
    let request = request(&profile).await;
    let receipt = profile.deliver(&id(), &request, end()).await.unwrap();
    assert!(receipt.note.unwrap().contains("suffix"));
    profile.deliver(&id(), &request, end()).await.unwrap();
    directory.with(|state| {
        let upns: Vec<_> =
            state.updates.iter().map(|(_, fields)| fields["userPrincipalName"].as_str().unwrap()).collect();
        assert_eq!(upns[0], upns[1]);
        assert!(upns[0].starts_with("jo-") && upns[0].len() == "jo-0123@contoso.onmicrosoft.com".len(), "{upns:?}");
    });
}

#[tokio::test]
async fn a_taken_name_costs_the_account_none_of_its_other_fields() {
    let directory = directory();
    let profile = profile(settings(&[("displayName", "Jo Bradford"), ("userPrincipalName", "jo")]), &directory);
    let request = request(&profile).await;
    let candidates = Upn::from_json(&request["upn"]).unwrap().candidates(&id());
    directory.with(|state| state.taken_upns.extend(candidates[..3].iter().cloned()));
    profile.deliver(&id(), &request, end()).await.unwrap();
    let expected = json!({"displayName": "Jo Bradford", "userPrincipalName": candidates[3]});
    directory.with(|state| assert_eq!(json!(state.updates), json!([[ID, expected]])));
}

#[tokio::test]
async fn a_name_that_is_taken_with_every_suffix_is_given_up() {
    let directory = directory();
    let profile = profile(settings(&[("userPrincipalName", "jo")]), &directory);
    let request = request(&profile).await;
    let candidates = Upn::from_json(&request["upn"]).unwrap().candidates(&id());
    directory.with(|state| state.taken_upns.extend(candidates));
    let error = profile.deliver(&id(), &request, end()).await.unwrap_err();
    assert_eq!((error.disposition(), error.is_setup()), (Disposition::GiveUp, false));
}

#[rstest]
#[case(404, Disposition::Retry { after: None }, false)]
#[case(429, Disposition::Retry { after: Some(Duration::from_hours(8)) }, false)]
#[case(403, Disposition::GiveUp, true)]
#[case(400, Disposition::GiveUp, false)]
#[tokio::test]
async fn knows_whose_fault_a_refusal_is(#[case] status: u16, #[case] verdict: Disposition, #[case] setup: bool) {
    let directory = directory();
    let profile = profile(settings(&[("displayName", "Jo")]), &directory);
    let request = request(&profile).await;
    directory.with(|state| state.faults.insert(id(), Fault::Status(status)));
    let error = profile.deliver(&id(), &request, end()).await.unwrap_err();
    assert_eq!((error.disposition(), error.is_setup()), (verdict, setup), "{error}");
}

#[tokio::test]
async fn a_text_is_cut_to_what_the_directory_takes() {
    let directory = directory();
    let profile = profile(settings(&[("displayName", &"ä".repeat(300))]), &directory);
    assert_eq!(request(&profile).await["fields"]["displayName"].as_str().unwrap().chars().count(), 256);
}

#[rstest]
#[case("accountEnabled")]
#[case("identities")]
#[case("ext.")]
#[case("ext.Unread")]
fn a_field_that_cannot_be_set_is_refused(#[case] field: &str) {
    assert!(Profile::try_new(settings(&[(field, "x")]), Some(&extensions()), directory()).is_err());
}

#[tokio::test]
async fn an_old_request_of_another_shape_is_refused() {
    let error = profile(settings(&[]), &directory()).deliver(&id(), &json!({}), end()).await.unwrap_err();
    assert!(matches!(error, ConnectorError::UnusableRequest { .. }));
}
