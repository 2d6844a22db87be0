//! The hooks from outside: what Entra sends, and what it gets.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use guestlist_emulator::sign_up::{Event, Person};
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::config::{Config, policy};
use crate::support::service::{Plan, START, SUBMIT, Service, fill};

#[tokio::test]
async fn an_invited_person_gets_the_form_filled() {
    let service = Service::start().await;
    let action = service.start_for("Alex@Fabrikam.com").await.action();
    assert_eq!(action["@odata.type"], "microsoft.graph.attributeCollectionStart.setPrefillValues");
    let wanted = json!({ "country": "AU", "displayName": "Alex Fabrikam", "jobTitle": "Engineer" });
    assert_eq!(action["inputs"], wanted);
}

#[tokio::test]
async fn an_uninvited_person_gets_a_block_page_in_their_language() {
    let service = Service::start().await;
    let action = service.start_for("nobody@example.org").await.action();
    assert_eq!(action["@odata.type"], "microsoft.graph.attributeCollectionStart.showBlockPage");
    assert_eq!(action["title"], "By invitation only");
    assert_eq!(action["message"], "nobody@example.org is not on the list of Contoso Portal.");
    let german = service.sign_up(Person::email_otp("nobody@example.org").locale("de-AT"));
    let action = service.call(Event::Start, &german.start()).await.action();
    assert_eq!(action["message"], "nobody@example.org steht nicht auf der Liste.");
    assert!(action.get("title").is_none());
}

#[rstest]
#[case::passcode(Person::email_otp("alex@fabrikam.com"), "setPrefillValues")]
#[case::password(Person::email_password("alex@fabrikam.com", "emailAddress"), "setPrefillValues")]
#[case::password_as_documented(Person::email_password("alex@fabrikam.com", "email"), "setPrefillValues")]
#[case::google(Person::google("alex@fabrikam.com"), "setPrefillValues")]
#[case::facebook_without_address(Person::facebook_without_address(), "showBlockPage")]
#[case::oidc_without_address(Person::oidc("https://idp.fabrikam.com", "alex@fabrikam.com"), "showBlockPage")]
#[tokio::test]
async fn every_way_to_sign_in_is_understood(#[case] person: Person, #[case] action: &str) {
    let service = Service::start().await;
    let sign_up = service.sign_up(person);
    assert_eq!(service.call(Event::Start, &sign_up.start()).await.action_name(), action);
}

#[tokio::test]
async fn somebody_without_an_address_is_told_so() {
    let policy = policy().set("policies.default.gate", "open");
    let service = Service::start_as(Plan { policy, ..Plan::default() }).await;
    let sign_up = service.sign_up(Person::facebook_without_address());
    // Start shows nobody this form without an address: a person who sends it can only start again.
    for (event, text) in [(Event::Start, "could not see your email"), (Event::Submit, "sign up again")] {
        let action = service.call(event, &sign_up.event(event)).await.action();
        assert!(action["message"].as_str().unwrap().contains(text), "{action}");
    }
    assert_eq!(service.reasons(), ["no-address", "no-address"]);
}

#[tokio::test]
async fn submit_uses_the_address_that_it_proves_itself_and_otherwise_the_one_that_start_saw() {
    let service = Service::start().await;
    let sign_up = service.sign_up(Person::email_otp("alex@fabrikam.com"));
    assert_eq!(service.call(Event::Start, &sign_up.start()).await.action_name(), "setPrefillValues");
    let mut submit = sign_up.submit();
    fill(&mut submit, "displayName", "Alex");
    let admitted = "continueWithDefaultBehavior";
    assert_eq!(service.call(Event::Submit, &submit).await.action_name(), admitted);
    // A flow that does not select the attribute email.
    submit["data"]["userSignUpInfo"]["attributes"].as_object_mut().unwrap().remove("email");
    assert_eq!(service.call(Event::Submit, &submit).await.action_name(), admitted);
    assert_eq!(service.another().call(Event::Submit, &submit).await.action_name(), "showBlockPage");
    let known: Vec<[Value; 3]> = service
        .logged("decision")
        .iter()
        .map(|line| ["known_by", "address_source", "provenance"].map(|field| line[field].clone()))
        .collect();
    let none = Value::Null;
    assert_eq!(
        known,
        [
            [none.clone(), json!("identity"), json!("verified")],
            [json!("submit"), json!("attribute:email"), json!("asserted")],
            [json!("correlation-id"), json!("remembered"), json!("verified")],
            [json!("nobody"), none.clone(), none],
        ]
    );
}

/// A Submit of somebody invited, with these values.
async fn submitted(service: &Service, values: &[(&str, Value)]) -> Value {
    let mut submit = service.sign_up(Person::email_otp("alex@fabrikam.com")).submit();
    for (name, value) in values {
        submit["data"]["userSignUpInfo"]["attributes"][name]["value"] = value.clone();
    }
    service.call(Event::Submit, &submit).await.action()
}

#[tokio::test]
async fn a_form_is_checked_corrected_or_passed() {
    let service = Service::start().await;
    let wrong = submitted(&service, &[("displayName", json!("")), ("postalCode", json!("30x0"))]).await;
    assert_eq!(wrong["@odata.type"], "microsoft.graph.attributeCollectionSubmit.showValidationError");
    assert_eq!(wrong["message"], "Please correct the marked fields.");
    let errors = json!({ "displayName": "This field is required.", "postalCode": "A postal code has four digits." });
    assert_eq!(wrong["attributeErrors"], errors);
    let tidied = submitted(&service, &[("displayName", json!(" Alex  F ")), ("postalCode", json!("3000"))]).await;
    assert_eq!(tidied["@odata.type"], "microsoft.graph.attributeCollectionSubmit.modifyAttributeValues");
    assert_eq!(tidied["attributes"], json!({ "displayName": "Alex F" }));
    let right = submitted(&service, &[("displayName", json!("Alex")), ("postalCode", Value::Null)]).await;
    assert_eq!(right["@odata.type"], "microsoft.graph.attributeCollectionSubmit.continueWithDefaultBehavior");
}

#[tokio::test]
async fn a_rule_for_an_attribute_the_flow_lacks_is_skipped_with_one_warning() {
    let service = Service::start().await;
    let mut submit = service.sign_up(Person::email_otp("alex@fabrikam.com")).submit();
    fill(&mut submit, "displayName", "Alex");
    assert_eq!(service.call(Event::Submit, &submit).await.action_name(), "continueWithDefaultBehavior");
    let skipped = service.logged("rule-skipped");
    assert_eq!(skipped.len(), 1);
    assert_eq!(skipped[0]["attribute"], "postalCode");
    assert!(skipped[0]["correlation_id"].is_string(), "{skipped:?}");
}

#[rstest]
#[case("/api/OnAttributeCollectionStart")]
#[case("/api/onattributecollectionstart/")]
#[case("/API/ONATTRIBUTECOLLECTIONSTART")]
#[case("/api/OnAttributeCollectionStart?code=abc&x=1")]
#[tokio::test]
async fn a_path_matches_without_regard_to_case_or_a_trailing_slash(#[case] path: &str) {
    let service = Service::start().await;
    let body = service.sign_up(Person::email_otp("alex@fabrikam.com")).start().to_string();
    assert_eq!(service.post(path, body, Some(&service.token())).await.action_name(), "setPrefillValues");
}

#[rstest]
#[case("text/plain")]
#[case("application/json; charset=utf-16")]
#[case("")]
#[tokio::test]
async fn any_content_type_will_do(#[case] content_type: &str) {
    let service = Service::start().await;
    let body = service.sign_up(Person::email_otp("alex@fabrikam.com")).start().to_string();
    let request = Request::post(START)
        .header("authorization", format!("bearer {}", service.token()))
        .header("content-type", content_type)
        .body(Body::from(body))
        .unwrap();
    assert_eq!(service.send(request).await.action_name(), "setPrefillValues");
}

#[rstest]
#[case("GET")]
#[case("HEAD")]
#[case("PUT")]
#[case("OPTIONS")]
#[case("DELETE")]
#[tokio::test]
async fn another_method_is_405_before_anything_else(#[case] method: &str) {
    let service = Service::start().await;
    let request = Request::builder().method(method).uri(START).body(Body::from(vec![b'x'; 300 * 1024])).unwrap();
    let answer = service.send(request).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.headers["allow"], "POST");
}

#[tokio::test]
async fn a_body_over_256_kib_is_413_before_the_token_is_looked_at() {
    let service = Service::start().await;
    let answer = service.post(START, vec![b' '; 256 * 1024 + 1], None).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    let answer = service.post(START, vec![b' '; 256 * 1024], None).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    // Its length need not be announced.
    let chunks = futures_util::stream::iter((0..300).map(|_| Ok::<_, std::io::Error>(vec![b' '; 1024])));
    let answer = service.post(START, Body::from_stream(chunks), None).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
}

/// The host would see its connection break if the rest were left unread.
#[rstest]
#[case::to_its_end(1024, 1024)]
#[case::up_to_16_mib(17 * 1024, 16 * 1024 + 1)]
#[tokio::test]
async fn a_body_that_is_too_large_is_read_all_the_same(#[case] sent: usize, #[case] read: usize) {
    let service = Service::start().await;
    let chunks = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&chunks);
    let body = futures_util::stream::iter((0..sent).map(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        Ok::<_, std::io::Error>(vec![b' '; 1024])
    }));
    let answer = service.post(START, Body::from_stream(body), None).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(chunks.load(Ordering::Relaxed), read);
}

#[tokio::test]
async fn the_token_is_looked_at_before_the_body() {
    let service = Service::start().await;
    let answer = service.post(START, "<xml/>", None).await;
    assert_eq!((answer.status, answer.body.len()), (StatusCode::UNAUTHORIZED, 0));
    let answer = service.post(START, "<xml/>", Some(&service.token())).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(answer.json()["error"].as_str().unwrap().contains("not JSON"));
}

#[rstest]
#[case::empty("", "empty")]
#[case::xml("<event/>", "not JSON")]
#[case::truncated("{\"type\":", "not JSON")]
#[case::null("null", "object")]
#[case::array("[]", "object")]
#[case::no_data("{\"type\":\"x\"}", "data")]
#[tokio::test]
async fn a_malformed_body_is_400_with_a_short_error(#[case] body: &'static str, #[case] says: &str) {
    let service = Service::start().await;
    for path in [START, SUBMIT] {
        let answer = service.post(path, body, Some(&service.token())).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert_eq!(answer.headers["content-type"], "application/json");
        assert!(answer.json()["error"].as_str().unwrap().contains(says), "{answer:?}");
    }
    assert_eq!(service.logged("malformed").len(), 2);
}

#[tokio::test]
async fn a_malformed_event_is_logged_with_its_correlation_id() {
    let service = Service::start().await;
    let sign_up = service.sign_up(Person::email_otp("alex@fabrikam.com"));
    let mut foreign = sign_up.start();
    foreign["data"]["tenantId"] = json!("99999999-0000-cccc-1111-dddd2222eeee");
    let text = sign_up.start().to_string();
    let cut = text.strip_suffix('}').unwrap().to_owned();
    for body in [foreign.to_string(), cut] {
        assert_eq!(service.post(START, body, Some(&service.token())).await.status, StatusCode::BAD_REQUEST);
    }
    let logged = service.logged("malformed");
    assert_eq!(logged.len(), 2);
    assert!(logged.iter().all(|line| line["correlation_id"] == sign_up.correlation_id.as_str()), "{logged:?}");
}

#[tokio::test]
async fn the_event_of_the_other_route_is_400() {
    let service = Service::start().await;
    let sign_up = service.sign_up(Person::email_otp("alex@fabrikam.com"));
    for (path, body) in [(START, sign_up.submit()), (SUBMIT, sign_up.start())] {
        let answer = service.post(path, body.to_string(), Some(&service.token())).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    }
}

#[tokio::test]
async fn each_app_has_its_policy_and_an_app_without_one_is_refused() {
    let app = "44444444-5555-6666-7777-888888888888";
    let policies = format!(
        "[[policies]]\nname = \"portal\"\napps = [\"{app}\"]\ngate = \"open\"\n\
         [[policies]]\nname = \"shop\"\napps = [\"44444444-5555-6666-7777-999999999999\"]\ngate = \"closed\"\n"
    );
    let policy = Config::from(policies.as_str());
    let service = Service::start_as(Plan { policy, ..Plan::default() }).await;
    let mut start = service.sign_up(Person::email_otp("jo@example.com")).start();
    assert_eq!(service.call(Event::Start, &start).await.action_name(), "continueWithDefaultBehavior");
    for (app, reason) in [("44444444-5555-6666-7777-999999999999", "closed"), ("<app>", "no-policy")] {
        start["data"]["authenticationContext"]["clientServicePrincipal"]["appId"] = json!(app);
        assert_eq!(service.call(Event::Start, &start).await.action_name(), "showBlockPage");
        assert_eq!(service.logged("decision").last().unwrap()["reason"], reason);
    }
}

#[tokio::test]
async fn health_tells_the_version_readiness_and_the_lists_age_and_nothing_else() {
    let service = Service::start().await;
    assert_eq!(service.start_for("alex@fabrikam.com").await.status, StatusCode::OK);
    let answer = service.send(Request::get("/api/Health").body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::OK);
    let mut json = answer.json();
    for age in ["checked_seconds_ago", "loaded_seconds_ago"] {
        assert!(json["lists"][0][age].take().as_u64().unwrap() < 60);
    }
    let list = json!({ "name": "beta", "state": "current", "checked_seconds_ago": null, "loaded_seconds_ago": null });
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(json, json!({ "version": version, "ready": true, "stale": false, "lists": [list] }));
    let root = service.send(Request::get("/").body(Body::empty()).unwrap()).await;
    assert_eq!(root.status, StatusCode::OK);
}

#[tokio::test]
async fn each_decision_is_one_line_with_what_an_engineer_asks_for() {
    let service = Service::start().await;
    let sign_up = service.sign_up(Person::email_otp("alex@fabrikam.com"));
    let start = sign_up.start();
    service.call(Event::Start, &start).await;
    let logged = service.logged("decision");
    assert_eq!(logged.len(), 1);
    let line = &logged[0];
    assert_eq!(line["correlation_id"], sign_up.correlation_id.as_str());
    assert_eq!(line["app"], start["data"]["authenticationContext"]["clientServicePrincipal"]["appId"]);
    assert_eq!((line["hook"].as_str(), line["policy"].as_str()), (Some("start"), Some("default")));
    assert_eq!((line["action"].as_str(), line["reason"].as_str()), (Some("prefill"), Some("invitation")));
    assert_eq!(line["address"].as_str().unwrap().len(), 16);
    assert!(line["duration_us"].as_u64().is_some());
}
