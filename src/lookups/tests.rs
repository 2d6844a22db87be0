//! Look-ups against servers that answer, stall, send elsewhere, talk nonsense or know nobody.

use std::collections::BTreeMap;
use std::time::Instant;

use rstest::rstest;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tracing::instrument::WithSubscriber;
use tracing::level_filters::LevelFilter;
use wiremock::matchers::{body_json, header, header_exists, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::clock::ManualClock;
use crate::telemetry::{CapturedLines, subscriber};
use crate::values::AttributeValue;

/// Longer than any test waits.
const LONG: Duration = Duration::from_secs(20);

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new("2026-11-21T10:00:00Z".parse().unwrap()))
}

/// A look-up `crm` of `{server}/people?email=…`, which fills in `city` from `/city`.
fn crm(server: &str) -> Settings {
    Settings {
        name: Arc::from("crm"),
        url: UrlTemplate::try_new(&format!("{server}/people?email={{{{ email }}}}")).unwrap(),
        method: MethodAndBody::Get,
        headers: Vec::new(),
        prefill: wanted(&[("city", "/city")]),
        budget: LONG,
        cache: Duration::ZERO,
        max_body: 65_536,
        private: true,
    }
}

fn wanted(pairs: &[(&str, &str)]) -> Vec<(AttributeName, Pointer)> {
    pairs.iter().map(|(name, pointer)| (AttributeName::new(*name), pointer.parse().unwrap())).collect()
}

fn lookups(settings: Vec<Settings>) -> Lookups {
    Lookups::try_new(settings, &Outbound::try_new(clock()).unwrap()).unwrap()
}

/// What look-ups found, and how each of them ended.
#[derive(Debug)]
struct Found {
    values: AttributeValues,
    outcomes: Vec<&'static str>,
}

async fn ask_about(lookups: &Lookups, names: &[&str], address: &str, patience: Duration) -> Found {
    let address: EmailAddress = address.parse().unwrap();
    let app = App { id: Some("44444444-5555-6666-7777-888888888888".parse().unwrap()), name: "Portal".to_owned() };
    let mut invitation = Invitation::new(Arc::from("beta"), 2, None);
    invitation.columns = BTreeMap::from([("name".to_owned(), "Jo \"X\"".to_owned())]);
    let subject = LookupSubject { address: &address, app: &app, invitation: Some(&invitation), locale: "en" };
    let names: Vec<Arc<str>> = names.iter().map(|name| Arc::from(*name)).collect();
    let answers = lookups.ask_each(&names, &subject, Deadline::new(Instant::now(), patience)).await;
    Found { values: merge(&answers), outcomes: answers.iter().map(|(outcome, _)| outcome.name()).collect() }
}

async fn ask(settings: Settings) -> Found {
    ask_about(&lookups(vec![settings]), &["crm"], "jo&co@example.com", LONG).await
}

/// What was found, as JSON, and how each look-up ended.
fn summary(found: &Found) -> (Value, Vec<&'static str>) {
    (json!(found.values), found.outcomes.clone())
}

/// Runs `work` with its log kept. With one subscriber alone, an event that another thread reaches first stays off in
/// all threads, hence the second.
async fn logged<T>(level: LevelFilter, work: impl Future<Output = T>) -> (T, CapturedLines) {
    let lines = CapturedLines::default();
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let done = work.with_subscriber(subscriber(level, lines.clone(), clock())).await;
    (done, lines)
}

async fn answering(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(path("/people")).respond_with(answer).mount(&server).await;
    server
}

fn leeds() -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json!({ "city": "Leeds" }))
}

#[tokio::test]
async fn asks_with_the_encoded_address_and_its_own_headers() {
    let server = MockServer::start().await;
    let asked = Mock::given(method("GET")).and(path("/people")).and(query_param("email", "jo&co@example.com"));
    let asked = asked.and(header("authorization", "Bearer s3cr3t")).and(header("x-tenant", "contoso"));
    asked.and(header("accept", "application/json")).respond_with(leeds()).expect(1).mount(&server).await;
    let mut settings = crm(&server.uri());
    settings.headers = vec![
        ("authorization".parse().unwrap(), LookupHeader::Secret(Ok(Secret::new("Bearer s3cr3t")))),
        ("x-tenant".parse().unwrap(), LookupHeader::Text(HeaderValue::from_static("contoso"))),
    ];
    assert_eq!(summary(&ask(settings).await), (json!({ "city": "Leeds" }), vec!["answered"]));
}

#[tokio::test]
async fn posts_json() {
    let server = MockServer::start().await;
    let body = json!({ "email": "jo&co@example.com", "name": "Jo \"X\"", "app": "Portal" });
    let asked = Mock::given(method("POST")).and(body_json(body)).and(header("content-type", "application/json"));
    asked.respond_with(leeds()).expect(1).mount(&server).await;
    let mut settings = crm(&server.uri());
    let body = r#"{"email": {{ email }}, "name": {{ invite.name | default("null") }}, "app": {{ app.name }}}"#;
    settings.method = MethodAndBody::Post(Some(BodyTemplate::try_new(body).unwrap()));
    assert_eq!(summary(&ask(settings).await), (json!({ "city": "Leeds" }), vec!["answered"]));
}

#[rstest]
#[case::knows_nobody(ResponseTemplate::new(404).set_body_string("<html>"), "knows-nobody")]
#[case::nothing_to_say(ResponseTemplate::new(204), "knows-nobody")]
#[case::broken(ResponseTemplate::new(500), "status")]
#[case::not_for_us(ResponseTemplate::new(401), "status")]
#[case::elsewhere(ResponseTemplate::new(302).insert_header("location", "/there"), "redirect")]
#[case::garbage(ResponseTemplate::new(200).set_body_string("<html>jo@example.com"), "not-json")]
#[case::nothing(ResponseTemplate::new(200), "not-json")]
#[case::too_deep(ResponseTemplate::new(200).set_body_string("[".repeat(10_000)), "not-json")]
#[case::another_shape(ResponseTemplate::new(200).set_body_json(json!([{ "city": "Leeds" }])), "absent")]
#[case::too_large(ResponseTemplate::new(200).set_body_json(json!({ "city": "x".repeat(65_536) })), "too-large")]
#[tokio::test]
async fn an_answer_that_is_of_no_use_fills_nothing_in(#[case] answer: ResponseTemplate, #[case] outcome: &str) {
    let server = answering(answer).await;
    Mock::given(path("/there")).respond_with(leeds()).expect(0).mount(&server).await;
    let (found, lines) = logged(LevelFilter::INFO, ask(crm(&server.uri()))).await;
    assert_eq!(summary(&found), (json!({}), vec![outcome]));
    if outcome == "knows-nobody" {
        assert!(lines.all().is_empty(), "that is in order: {:?}", lines.all());
        return;
    }
    let events = lines.events();
    let said = |key: &str| events[0][key].as_str().unwrap().to_owned();
    assert_eq!((events.len(), said("level"), said("event")), (1, "WARN".into(), "lookup-failed".into()));
    assert_eq!((said("lookup"), said("reason")), ("crm".into(), outcome.to_owned()));
    assert!(events[0]["duration_ms"].is_number());
    let personal = |line: &str| ["jo&co", "jo%26co", "jo@", "people?"].iter().any(|value| line.contains(value));
    assert!(lines.all().iter().all(|(_, line)| !personal(line)), "{:?}", lines.all());
}

#[tokio::test]
async fn what_is_there_is_taken_even_if_something_else_is_not() {
    let server = answering(leeds()).await;
    let mut settings = crm(&server.uri());
    settings.prefill = wanted(&[("jobTitle", "/title"), ("city", "/city")]);
    assert_eq!(summary(&ask(settings).await), (json!({ "city": "Leeds" }), vec!["absent"]));
}

#[rstest]
#[case::its_own_budget(Duration::from_millis(50), LONG)]
#[case::the_deadline(LONG, Duration::from_millis(50))]
#[tokio::test]
async fn waits_no_longer_than_it_may(#[case] budget: Duration, #[case] deadline: Duration) {
    let server = answering(leeds().set_delay(Duration::from_secs(10))).await;
    let all = lookups(vec![Settings { budget, ..crm(&server.uri()) }]);
    let started = Instant::now();
    let found = ask_about(&all, &["crm"], "jo@example.com", deadline).await;
    assert_eq!(summary(&found), (json!({}), vec!["late"]));
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[tokio::test]
async fn asks_nobody_once_the_deadline_is_over() {
    let server = MockServer::start().await;
    Mock::given(method("GET")).respond_with(leeds()).expect(0).mount(&server).await;
    let found = ask_about(&lookups(vec![crm(&server.uri())]), &["crm"], "jo@example.com", Duration::ZERO).await;
    assert_eq!(summary(&found), (json!({}), vec!["late"]));
}

#[tokio::test]
async fn a_server_that_is_not_there_fills_nothing_in() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let found = ask(crm(&format!("http://127.0.0.1:{port}"))).await;
    assert_eq!(summary(&found), (json!({}), vec!["unreachable"]));
}

#[rstest]
#[case("127.0.0.1")]
#[case("localhost")]
#[tokio::test]
async fn reaches_the_machine_itself_only_where_that_is_allowed(#[case] host: &str) {
    let server = answering(leeds()).await;
    let base = server.uri().replace("127.0.0.1", host);
    let found = ask(Settings { private: false, ..crm(&base) }).await;
    assert_eq!(summary(&found), (json!({}), vec!["not-public"]));
    assert_eq!(summary(&ask(crm(&base)).await), (json!({ "city": "Leeds" }), vec!["answered"]));
}

#[rstest]
#[case(Err(SecretError::SettingMissing { name: "CRM_KEY".to_owned() }), "secret-missing")]
#[case(Ok(Secret::new("s3\ncr3t")), "secret-unusable")]
#[tokio::test]
async fn without_its_secret_nothing_is_asked(#[case] secret: Result<Secret, SecretError>, #[case] reason: &str) {
    let server = MockServer::start().await;
    Mock::given(method("GET")).respond_with(leeds()).expect(0).mount(&server).await;
    let mut settings = crm(&server.uri());
    settings.headers = vec![("x-api-key".parse().unwrap(), LookupHeader::Secret(secret))];
    let found = ask(settings).await;
    assert_eq!(summary(&found), (json!({}), vec![reason]));
    assert!(!format!("{found:?}").contains("cr3t"));
}

#[tokio::test]
async fn an_answer_is_remembered_per_person_and_a_failure_is_not() {
    let server = MockServer::start().await;
    let about = |address| Mock::given(query_param("email", address));
    about("jo@example.com").respond_with(leeds()).expect(1).mount(&server).await;
    about("unknown@example.com").respond_with(ResponseTemplate::new(404)).expect(1).mount(&server).await;
    about("broken@example.com").respond_with(ResponseTemplate::new(500)).expect(2).mount(&server).await;
    let all = lookups(vec![Settings { cache: Duration::from_mins(10), ..crm(&server.uri()) }]);
    for (address, first, second) in [
        ("jo@example.com", "answered", "remembered"),
        ("unknown@example.com", "knows-nobody", "remembered"),
        ("broken@example.com", "status", "status"),
    ] {
        let before = ask_about(&all, &["crm"], address, LONG).await;
        let after = ask_about(&all, &["crm"], address, LONG).await;
        assert_eq!((before.outcomes[0], after.outcomes[0]), (first, second), "{address}");
        assert_eq!(before.values, after.values);
    }
    assert!(!format!("{all:?}").contains("example.com"), "{all:?}");
}

#[rstest]
#[case::never(Duration::ZERO)]
#[case::for_an_instant(Duration::from_nanos(1))]
#[tokio::test]
async fn an_answer_is_remembered_no_longer_than_it_may(#[case] cache: Duration) {
    let server = MockServer::start().await;
    Mock::given(method("GET")).respond_with(leeds()).expect(2).mount(&server).await;
    let all = lookups(vec![Settings { cache, ..crm(&server.uri()) }]);
    for _ in 0..2 {
        assert_eq!(ask_about(&all, &["crm"], "jo@example.com", LONG).await.outcomes[0], "answered");
    }
}

/// Reads a request up to its end, and answers with a city.
async fn answer(connection: &mut TcpStream, city: &str) {
    let mut asked = Vec::new();
    while !asked.ends_with(b"\r\n\r\n") {
        assert_ne!(connection.read_buf(&mut asked).await.unwrap(), 0, "the request broke off");
    }
    let body = json!({ "city": city, "from": city }).to_string();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    connection.write_all((head + &body).as_bytes()).await.unwrap();
}

#[tokio::test]
async fn asks_all_at_once_and_the_earlier_in_the_list_wins() {
    let (crm_door, erp_door) =
        (TcpListener::bind("127.0.0.1:0").await.unwrap(), TcpListener::bind("127.0.0.1:0").await.unwrap());
    let base = |door: &TcpListener| format!("http://{}", door.local_addr().unwrap());
    let erp = Settings {
        name: Arc::from("erp"),
        prefill: wanted(&[("City", "/city"), ("state", "/from")]),
        ..crm(&base(&erp_door))
    };
    let all = lookups(vec![crm(&base(&crm_door)), erp]);
    let servers = async {
        // Neither answers before both are asked, and the one that counts answers last.
        let (mut crm, _) = crm_door.accept().await.unwrap();
        let (mut erp, _) = erp_door.accept().await.unwrap();
        answer(&mut erp, "York").await;
        answer(&mut crm, "Leeds").await;
    };
    let (found, ()) = tokio::join!(ask_about(&all, &["crm", "erp"], "jo@example.com", LONG), servers);
    assert_eq!(summary(&found), (json!({ "city": "Leeds", "state": "York" }), vec!["answered", "answered"]));
    assert_eq!(found.values.get(&AttributeName::new("city")), Some(&AttributeValue::String("Leeds".into())));
}

#[tokio::test]
async fn a_name_that_is_no_look_ups_is_a_failure_and_no_names_are_nothing() {
    let all = lookups(Vec::new());
    let found = ask_about(&all, &["cmr"], "jo@example.com", LONG).await;
    assert_eq!(summary(&found), (json!({}), vec!["unknown"]));
    assert_eq!(summary(&ask_about(&all, &[], "jo@example.com", LONG).await), (json!({}), vec![]));
}

#[tokio::test]
async fn nothing_secret_or_personal_is_in_any_line_or_printed() {
    let server = MockServer::start().await;
    Mock::given(header_exists("x-api-key")).respond_with(leeds()).expect(1).mount(&server).await;
    let mut settings = crm(&server.uri());
    settings.headers = vec![("x-api-key".parse().unwrap(), LookupHeader::Secret(Ok(Secret::new("s3cr3t"))))];
    settings.cache = Duration::from_mins(10);
    let all = lookups(vec![settings]);
    let (found, lines) = logged(LevelFilter::TRACE, ask_about(&all, &["crm"], "jo@example.com", LONG)).await;
    assert_eq!(found.values.len(), 1);
    let everything = format!("{all:?} {found:?} {:?}", lines.all());
    assert!(lines.events().iter().any(|event| event["event"] == "lookup" && event["outcome"] == "answered"));
    for value in ["s3cr3t", "example.com", "Leeds", "/people?email=jo"] {
        assert!(!everything.contains(value), "{value}: {everything}");
    }
}
