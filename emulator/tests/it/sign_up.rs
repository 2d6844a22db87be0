//! Entra's side: events, limits, what answers mean, and whole sign-ups against hooks written here.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::response::{IntoResponse, Json, Response};
use axum::routing::post;
use guestlist_emulator::sign_up::{
    Action, App, EmptyFields, Event, ExtensionError, Form, Hooks, Kind, Outcome, Person, RawAnswer, answer, edit,
};
use guestlist_emulator::{Entra, Tenant};
use serde_json::{Value, json};

use crate::support::tenant;

fn form() -> Form {
    Form::new().text("givenName").text("postalCode").field("extension_0f_Age", Kind::Integer)
}

#[expect(clippy::needless_pass_by_value, reason = "the callers read better without borrows")]
fn action(event: Event, name: &str, members: Value) -> Value {
    let mut action = json!({ "@odata.type": format!("microsoft.graph.{}.{name}", event.name()) });
    action.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    json!({ "data": { "@odata.type": event.response_type(), "actions": [action] } })
}

fn raw(body: &Value) -> RawAnswer {
    RawAnswer {
        status: 200,
        content_type: Some("application/json; charset=utf-8".to_owned()),
        body: body.to_string().into_bytes(),
    }
}

/// Serves `hook` for both events, and returns an Entra that calls it.
async fn entra<H, F>(tenant: &Tenant, hook: H) -> Entra
where
    H: Fn(Value) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response> + Send,
{
    let endpoint = post(move |Json(event): Json<Value>| hook(event));
    let router = Router::new().fallback_service(endpoint);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    Entra::new(tenant, Hooks::under(&base)).unwrap()
}

#[tokio::test]
async fn events_carry_the_address_where_each_method_has_it() {
    let tenant = tenant().await;
    let entra = Entra::new(&tenant, Hooks::under("http://127.0.0.1:9")).unwrap();
    let event = |person, event| entra.begin(person, App::default(), form()).event(event);
    let identity = |event: &Value| event["data"]["userSignUpInfo"]["identities"][0].clone();
    let attribute = |event: &Value, name: &str| event["data"]["userSignUpInfo"]["attributes"][name]["value"].clone();
    let address = "a@fabrikam.com";

    let start = event(Person::email_otp(address), Event::Start);
    assert_eq!(identity(&start), json!({ "signInType": "federated", "issuer": "mail", "issuerAssignedId": address }));
    assert_eq!(attribute(&start, "EmailAddress"), address);
    let start = event(Person::email_password(address, "emailAddress"), Event::Start);
    assert_eq!(identity(&start)["signInType"], "emailAddress");
    assert_eq!(identity(&start)["issuer"], "contoso.onmicrosoft.com");
    let start = event(Person::google(address), Event::Start);
    assert_ne!(identity(&start)["issuerAssignedId"], address);
    assert_eq!(attribute(&start, "EmailAddress"), address);
    for nobody in [Person::facebook_without_address(), Person::oidc("https://idp.example", address)] {
        let text = event(nobody, Event::Start).to_string();
        assert!(!text.contains(address) && !text.contains("EmailAddress"));
    }
    let submit = event(Person::email_otp(address), Event::Submit);
    assert_eq!(identity(&submit), Value::Null);
    assert_eq!(attribute(&submit, "email"), address);
}

#[test]
fn takes_one_action_of_the_event_in_the_exact_spelling() {
    let sent = json!({ "data": { "userSignUpInfo": { "attributes": form().attributes(EmptyFields::Empty) } } });
    let check = |event, body: &Value| answer::check(event, &sent, &form(), &raw(body)).map(|taken| taken.action);
    let code = |event, body: &Value| check(event, body).unwrap_err().code();
    let (start, submit) = (Event::Start, Event::Submit);

    let prefill = json!({ "inputs": { "givenName": "Alex" } });
    let taken = check(start, &action(start, "setPrefillValues", prefill.clone())).unwrap();
    assert!(matches!(taken, Action::Prefill(_)));
    assert_eq!(code(start, &action(start, "setPreFillValues", prefill)), 1_003_012);
    let mut foreign = action(submit, "showBlockPage", json!({}));
    foreign["data"]["@odata.type"] = json!(start.response_type());
    assert_eq!(code(start, &foreign), 1_003_012);
    assert_eq!(code(start, &action(start, "showValidationError", json!({}))), 1_003_012);
    let errors = json!({ "message": "No.", "attributeErrors": [{ "name": "city", "value": "No." }] });
    assert_eq!(code(submit, &action(submit, "showValidationError", errors)), 1_003_003);
    let wrong_type = json!({ "attributes": { "extension_0f_Age": "7" } });
    assert_eq!(code(submit, &action(submit, "modifyAttributeValues", wrong_type)), 1_003_003);
    let mut none = action(start, "continueWithDefaultBehavior", json!({}));
    none["data"]["actions"] = json!([]);
    assert_eq!(code(start, &none), 1_003_010);
    assert_eq!(code(start, &json!({ "actions": [] })), 1_003_003);
}

#[test]
fn reports_what_an_administrator_would_see() {
    let sent = json!({});
    let body = action(Event::Start, "continueWithDefaultBehavior", json!({}));
    let check = |answer: &RawAnswer| answer::check(Event::Start, &sent, &form(), answer).unwrap_err();
    let bad = RawAnswer { status: 400, ..raw(&body) };
    assert_eq!(check(&bad), ExtensionError::InvalidHttpStatus(400));
    let text = RawAnswer { content_type: Some("text/plain".to_owned()), ..raw(&body) };
    assert_eq!(check(&text).code(), 1_003_006);
    let empty = RawAnswer { body: Vec::new(), ..raw(&body) };
    assert_eq!(check(&empty), ExtensionError::EmptyResponse);
}

#[tokio::test]
async fn a_hook_that_hangs_is_called_twice_with_the_same_correlation_id() {
    let tenant = tenant().await;
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let hook = move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        std::future::pending()
    };
    let entra = entra(&tenant, hook).await.time_limit(Duration::from_millis(50));
    let sign_up = entra.begin(Person::email_otp("a@fabrikam.com"), App::default(), form());
    let flow = entra.sign_up(sign_up, Vec::new()).await;
    assert_eq!(flow.outcome, Outcome::Failed(ExtensionError::TimedOut));
    assert_eq!((flow.start.attempts.len(), calls.load(Ordering::SeqCst)), (2, 2));
    assert!(tenant.directory().users().is_empty());
}

#[tokio::test]
async fn a_corrected_form_makes_the_account() {
    let tenant = tenant().await;
    let hook = |event: Value| async move {
        let attributes = &event["data"]["userSignUpInfo"]["attributes"];
        let answer = match attributes["postalCode"]["value"].as_str().unwrap_or_default() {
            "" => action(Event::Start, "setPrefillValues", json!({ "inputs": { "givenName": "Alex" } })),
            "30x0" => action(
                Event::Submit,
                "showValidationError",
                json!({ "message": "No.", "attributeErrors": { "postalCode": "No." } }),
            ),
            code => {
                action(Event::Submit, "modifyAttributeValues", json!({ "attributes": { "postalCode": code.trim() } }))
            }
        };
        Json(answer).into_response()
    };
    let entra = entra(&tenant, hook).await;
    let sign_up = entra.begin(Person::email_otp("a@fabrikam.com"), App::default(), form());
    let edits = vec![edit([("postalCode", json!("30x0"))]), edit([("postalCode", json!(" 3000 "))])];
    let flow = entra.sign_up(sign_up.clone(), edits).await;
    let Outcome::Created { object_id } = &flow.outcome else {
        panic!("{:?}", flow.outcome);
    };
    let user = tenant.directory().user(object_id).unwrap();
    assert_eq!((&user["postalCode"], &user["givenName"]), (&json!("3000"), &json!("Alex")));
    assert_eq!(flow.submits.len(), 2);
    let given_up = entra.sign_up(sign_up, vec![edit([("postalCode", json!("30x0"))])]).await;
    assert!(matches!(given_up.outcome, Outcome::Rejected { .. }));
}

#[tokio::test]
async fn start_lists_the_address_alone_and_submit_leaves_out_what_is_empty_unless_told_otherwise() {
    let tenant = tenant().await;
    let entra = Entra::new(&tenant, Hooks::under("http://127.0.0.1:9")).unwrap();
    let mut sign_up = entra.begin(Person::email_otp("a@fabrikam.com"), App::default(), form());
    let values = |event: Value| {
        let attributes = event["data"]["userSignUpInfo"]["attributes"].as_object().unwrap().clone();
        attributes.into_iter().map(|(name, attribute)| (name, attribute["value"].clone())).collect::<Vec<_>>()
    };
    let names = |event: Value| values(event).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!(names(sign_up.start()), ["EmailAddress"]);
    assert_eq!(names(sign_up.submit()), ["email"]);
    let typed: serde_json::Map<String, Value> = edit([("givenName", json!("Alex"))]).into_iter().collect();
    sign_up.form.fill(&typed);
    assert_eq!(names(sign_up.submit()), ["email", "givenName"]);
    sign_up.start_lists_form = true;
    assert_eq!(names(sign_up.start()), ["EmailAddress", "extension_0f_Age", "givenName", "postalCode"]);
    for (empty_fields, text, number) in
        [(EmptyFields::Null, Value::Null, Value::Null), (EmptyFields::Empty, json!(""), json!(0))]
    {
        sign_up.empty_fields = empty_fields;
        let listed = values(sign_up.submit());
        assert!(listed.contains(&("postalCode".to_owned(), text)), "{listed:?}");
        assert!(listed.contains(&("extension_0f_Age".to_owned(), number)), "{listed:?}");
    }
}
