//! Look-ups through the hook: what they add to a form, and that nothing waits for them longer than it may.

use std::time::{Duration, Instant};

use guestlist_emulator::sign_up::{Event, Kind, Person, attribute};
use rstest::rstest;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use wiremock::matchers::{header, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::config::{Config, invite_only, value};
use crate::support::function_app::said;
use crate::support::service::{Plan, Service, ext};
use crate::support::with_codes::PATIENT;

/// Time for a busy machine, beyond what the product may take.
const MACHINE: Duration = Duration::from_millis(700);

/// A policy that asks these look-ups, and their sections.
fn policy(asked: &[&str], sections: &str) -> Config {
    let policy = invite_only()
        .add("policies.default.allow", vec!["@contoso.com"])
        .add("policies.default.lookups", asked.to_vec())
        .add("policies.default.prefill", value("{ country = \"AU\" }"));
    policy.and(sections)
}

/// A look-up of a person at this address; nothing of it is remembered.
fn lookup(name: &str, base: &str, keys: &str) -> String {
    format!(
        "[[lookups]]\nname = \"{name}\"\nurl = \"{base}/{name}?email={{{{ email }}}}\"\nallow_private = [\"127.0.0.1\"]\n\
         cache = \"0s\"\n{keys}\n"
    )
}

const TITLE_AND_CITY: &str = r#"prefill = { jobTitle = "/title", city = "/address/city", country = "/country" }"#;

async fn service(policy: Config, hooks: &[(&str, &str)]) -> Service {
    Service::start_as(Plan { policy, hooks, ..Plan::default() }).await
}

/// A server that answers each of these paths with its JSON.
async fn server(answers: &[(&str, Value)]) -> MockServer {
    let server = MockServer::start().await;
    for (at, answer) in answers {
        let json = ResponseTemplate::new(200).set_body_json(answer);
        Mock::given(method("GET")).and(path(*at)).respond_with(json).mount(&server).await;
    }
    server
}

async fn requests(server: &MockServer) -> usize {
    server.received_requests().await.unwrap().len()
}

/// The Start action for a form with every field that the look-ups fill.
async fn started(service: &Service, address: &str) -> Value {
    let mut start = service.sign_up(Person::email_otp(address)).start();
    let attributes = &mut start["data"]["userSignUpInfo"]["attributes"];
    for (name, kind) in [("city", Kind::Text), (&ext("Seats"), Kind::Integer), (&ext("Vip"), Kind::Boolean)] {
        attributes[name] = attribute(name, kind, &Value::Null);
    }
    service.call(Event::Start, &start).await.action()
}

fn person() -> Value {
    json!({ "title": "Director", "address": { "city": "Leeds" }, "country": "GB", "seats": "4", "vip": "yes", "secret": "x" })
}

#[tokio::test]
async fn a_found_value_fills_the_form_unless_the_list_or_the_policy_has_one() {
    let crm = server(&[("/crm", person())]).await;
    let service = service(policy(&["crm"], &lookup("crm", &crm.uri(), TITLE_AND_CITY)), PATIENT).await;
    // The list has a title, and the policy a country.
    let alex = started(&service, "alex@fabrikam.com").await;
    assert_eq!(alex["inputs"], json!({ "jobTitle": "Engineer", "city": "Leeds", "country": "AU" }));
    // An empty cell is no value.
    let sam = started(&service, "sam@fabrikam.com").await;
    assert_eq!(sam["inputs"], json!({ "jobTitle": "Director", "city": "Leeds", "country": "AU" }));
    let line = service.logged("decision").pop().unwrap();
    assert!(line["lookups_us"].as_u64().is_some(), "{line}");
}

#[tokio::test]
async fn values_take_the_types_of_the_form_and_the_earlier_look_up_wins() {
    let answers = [("/one", person()), ("/two", json!({ "title": "Other", "city": "York" }))];
    let crm = server(&answers).await;
    let keys = r#"prefill = { jobTitle = "/title", "ext.Seats" = "/seats", "ext.Vip" = "/vip", surname = "/nothing" }"#;
    let second = r#"prefill = { jobTitle = "/title", city = "/city" }"#;
    let sections = lookup("two", &crm.uri(), second) + &lookup("one", &crm.uri(), keys);
    let service = service(policy(&["one", "two"], &sections), PATIENT).await;
    let inputs = started(&service, "sam@fabrikam.com").await["inputs"].clone();
    let wanted = json!({ "jobTitle": "Director", "city": "York", ext("Seats"): 4, ext("Vip"): true, "country": "AU" });
    assert_eq!(inputs, wanted);
    assert_eq!(service.logged("lookup-failed")[0]["lookup"], "one");
}

#[tokio::test]
async fn no_look_up_is_asked_about_somebody_refused_nor_when_the_form_comes_back() {
    let crm = server(&[("/crm", person())]).await;
    let service = service(policy(&["crm"], &lookup("crm", &crm.uri(), TITLE_AND_CITY)), &[]).await;
    assert_eq!(service.start_for("jo@example.org").await.action_name(), "showBlockPage");
    let submit = service.sign_up(Person::email_otp("alex@fabrikam.com")).submit();
    service.call(Event::Submit, &submit).await.action();
    assert_eq!(requests(&crm).await, 0);
    assert!(service.logged("decision").iter().all(|line| line.get("lookups_us").is_none()));
}

#[tokio::test]
async fn an_address_stays_a_value_of_the_url_and_a_secret_stays_out_of_the_log() {
    let crm = MockServer::start().await;
    let asked = Mock::given(method("GET")).and(path("/crm")).and(query_param("email", "a&email=b+c@contoso.com"));
    let asked = asked.and(header("authorization", "Bearer s3cr3t"));
    asked.respond_with(ResponseTemplate::new(200).set_body_json(person())).expect(1).mount(&crm).await;
    let secrets = tempfile::tempdir().unwrap();
    let file = secrets.path().join("crm-key");
    std::fs::write(&file, "Bearer s3cr3t").unwrap();
    let keys =
        format!("{TITLE_AND_CITY}\nheaders = {{ Authorization = {{ file = {:?} }} }}", file.display().to_string());
    let service = service(policy(&["crm"], &lookup("crm", &crm.uri(), &keys)), PATIENT).await;
    assert_eq!(started(&service, "a&email=b+c@contoso.com").await["inputs"]["city"], "Leeds");
    let said: String = service.lines.all().into_iter().map(|(_, line)| line).collect();
    assert!(!said.contains("s3cr3t") && !said.contains('@') && !said.contains("Leeds"), "{said}");
}

#[tokio::test]
async fn the_same_question_is_not_asked_twice_within_its_time() {
    let crm = server(&[("/crm", person())]).await;
    let policy = policy(&["crm"], &lookup("crm", &crm.uri(), TITLE_AND_CITY)).set("lookups.crm.cache", "5m");
    let service = service(policy, PATIENT).await;
    for address in ["alex@fabrikam.com", "alex@fabrikam.com", "sam@fabrikam.com"] {
        assert_eq!(started(&service, address).await["inputs"]["city"], "Leeds");
    }
    assert_eq!(requests(&crm).await, 2);
}

#[rstest]
#[case::an_error(ResponseTemplate::new(500))]
#[case::unauthorised(ResponseTemplate::new(401).set_body_string("who is alex@fabrikam.com?"))]
#[case::elsewhere(ResponseTemplate::new(302).insert_header("location", "http://127.0.0.1:1/"))]
#[case::no_json(ResponseTemplate::new(200).set_body_string("<html>alex@fabrikam.com</html>"))]
#[case::another_shape(ResponseTemplate::new(200).set_body_json(json!(["alex@fabrikam.com"])))]
#[case::too_much(ResponseTemplate::new(200).set_body_json(json!({ "title": "x".repeat(70_000) })))]
#[tokio::test]
async fn a_look_up_that_fails_fills_nothing_in_and_stops_nobody(#[case] answer: ResponseTemplate) {
    let crm = MockServer::start().await;
    Mock::given(path("/crm")).respond_with(answer).mount(&crm).await;
    let service = service(policy(&["crm"], &lookup("crm", &crm.uri(), TITLE_AND_CITY)), PATIENT).await;
    let inputs = started(&service, "sam@fabrikam.com").await["inputs"].clone();
    assert_eq!(inputs, json!({ "country": "AU" }));
    assert_eq!(service.logged("lookup-failed").len(), 1);
    assert!(service.lines.all().iter().all(|(_, line)| !line.contains("alex@")));
}

#[rstest]
#[case::knows_nobody(404)]
#[case::says_nothing(204)]
#[tokio::test]
async fn a_look_up_that_knows_nobody_is_no_failure(#[case] status: u16) {
    let crm = MockServer::start().await;
    Mock::given(path("/crm")).respond_with(ResponseTemplate::new(status)).mount(&crm).await;
    let service = service(policy(&["crm"], &lookup("crm", &crm.uri(), TITLE_AND_CITY)), PATIENT).await;
    assert_eq!(started(&service, "sam@fabrikam.com").await["inputs"], json!({ "country": "AU" }));
    assert!(service.logged("lookup-failed").is_empty());
}

/// Takes connections and never answers.
async fn hanging() -> (TcpListener, String) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    (listener, base)
}

#[tokio::test]
async fn a_look_up_that_hangs_costs_its_budget_and_the_others_are_used() {
    let (crm, (_listener, hangs)) = (server(&[("/crm", person())]).await, hanging().await);
    let budget = "budget = \"150ms\"\nprefill = { jobTitle = \"/title\" }";
    let others: String = ["hr", "erp"].map(|name| lookup(name, &hangs, budget)).concat();
    let sections = lookup("crm", &crm.uri(), &format!("{TITLE_AND_CITY}\nbudget = \"1500ms\"")) + &others;
    let service = service(policy(&["hr", "crm", "erp"], &sections), PATIENT).await;
    started(&service, "ada@contoso.com").await;
    let began = Instant::now();
    let inputs = started(&service, "sam@fabrikam.com").await["inputs"].clone();
    assert!(began.elapsed() < Duration::from_millis(150) + MACHINE, "{:?}", began.elapsed());
    assert_eq!(inputs, json!({ "jobTitle": "Director", "city": "Leeds", "country": "AU" }));
    assert_eq!(service.logged("lookup-failed").len(), 4);
}

#[tokio::test]
async fn a_look_up_that_would_outlast_the_hook_is_abandoned_and_nothing_else_is_lost() {
    let (_listener, hangs) = hanging().await;
    let section = lookup("crm", &hangs, &format!("{TITLE_AND_CITY}\nbudget = \"1500ms\""));
    let service = service(policy(&["crm"], &section), &[("budget", "300ms")]).await;
    // The first call may wait for the signing keys.
    service.start_for("jo@example.org").await;
    for number in 0..5 {
        let began = Instant::now();
        let action = started(&service, "alex@fabrikam.com").await;
        assert!(began.elapsed() < Duration::from_millis(300) + MACHINE, "{:?}", began.elapsed());
        assert_eq!(action["inputs"], json!({ "jobTitle": "Engineer", "country": "AU" }), "{number}");
    }
    assert!(service.logged("failure-action").is_empty());
}

#[tokio::test]
async fn explain_asks_as_the_hook_does() {
    let crm = server(&[("/crm", person())]).await;
    let service = service(policy(&["crm"], &lookup("crm", &crm.uri(), TITLE_AND_CITY)), &[]).await;
    let (_, said, _) = said(service.folder.path(), &["explain", "sam@fabrikam.com"], &[]).await;
    let rows: Vec<Vec<&str>> = said.lines().map(|line| line.split_whitespace().collect()).collect();
    assert!(rows.iter().any(|row| row[..] == ["city", "Leeds"]), "{said}");
    assert!(rows.iter().any(|row| row.starts_with(&["look-ups", "3", "values"])), "{said}");
    assert_eq!(requests(&crm).await, 1);
}
