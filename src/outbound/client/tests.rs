//! The door against servers that redirect, stall, talk too much or are not there.

use rstest::rstest;
use serde_json::json;
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::clock::ManualClock;

fn outbound() -> Outbound {
    Outbound::try_new(Arc::new(ManualClock::new("2026-11-21T10:00:00Z".parse().unwrap()))).unwrap()
}

fn get(url: &str) -> Request {
    Request::new(Method::GET, url.parse().unwrap())
}

#[tokio::test]
async fn sends_the_request_and_reads_the_answer_whatever_its_status() {
    let server = MockServer::start().await;
    let asked = Mock::given(method("POST")).and(path("/x")).and(header("content-type", "application/json"));
    let asked = asked.and(header("authorization", "Bearer s3cr3t"));
    let answer = ResponseTemplate::new(429).insert_header("retry-after", "7").set_body_json(json!({ "a": 1 }));
    asked.respond_with(answer).expect(1).mount(&server).await;
    let request = Request::new(Method::POST, format!("{}/x", server.uri()).parse().unwrap()).json(&json!({}));
    let request = request.authorization("Bearer s3cr3t").unwrap();
    let answer = outbound().send(request, Limits::default()).await.unwrap();
    assert_eq!(answer.disposition(), Disposition::Retry { after: Some(Duration::from_secs(7)) });
    assert_eq!(answer.json::<serde_json::Value>().unwrap(), json!({ "a": 1 }));
}

#[tokio::test]
async fn follows_no_redirect() {
    let server = MockServer::start().await;
    let elsewhere = ResponseTemplate::new(302).insert_header("location", format!("{}/there", server.uri()));
    Mock::given(path("/here")).respond_with(elsewhere).mount(&server).await;
    Mock::given(path("/there")).respond_with(ResponseTemplate::new(200)).expect(0).mount(&server).await;
    let answer = outbound().send(get(&format!("{}/here", server.uri())), Limits::default()).await.unwrap();
    assert_eq!(answer.status, StatusCode::FOUND);
    assert_eq!(answer.disposition(), Disposition::Retry { after: None });
}

#[rstest]
#[case(100, true)]
#[case(101, false)]
#[tokio::test]
async fn reads_a_body_up_to_its_limit(#[case] length: usize, #[case] fits: bool) {
    let server = MockServer::start().await;
    let answer = ResponseTemplate::new(200).set_body_bytes(vec![b'x'; length]);
    Mock::given(method("GET")).respond_with(answer).mount(&server).await;
    let limits = Limits { body: 100, ..Limits::default() };
    match outbound().send(get(&server.uri()), limits).await {
        Ok(answer) => assert!(fits && answer.body.len() == length),
        Err(error) => assert!(!fits && matches!(error, OutboundError::TooLarge { limit: 100, .. }), "{error}"),
    }
}

#[tokio::test]
async fn waits_no_longer_than_the_limit() {
    let server = MockServer::start().await;
    let late = ResponseTemplate::new(200).set_delay(Duration::from_mins(1));
    Mock::given(method("GET")).respond_with(late).mount(&server).await;
    let limits = Limits { time: Duration::from_millis(50), ..Limits::default() };
    let error = outbound().send(get(&server.uri()), limits).await.unwrap_err();
    assert!(matches!(error, OutboundError::TimedOut { .. }), "{error}");
    assert_eq!(error.disposition(), Disposition::Retry { after: None });
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unreachable_and_the_error_names_no_path() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = outbound().send(get(&format!("http://127.0.0.1:{port}/s3cr3t")), Limits::default()).await.unwrap_err();
    assert!(matches!(error, OutboundError::Unreachable { .. }), "{error}");
    assert!(!crate::telemetry::describe(&error).contains("s3cr3t"));
}

#[rstest]
#[case("http://example.com/")]
#[case("ftp://127.0.0.1/")]
#[case("file:///etc/passwd")]
#[case("http://localhost.example.com/")]
#[tokio::test]
async fn calls_nothing_but_https_and_loopback(#[case] url: &str) {
    let error = outbound().send(get(url), Limits::default()).await.unwrap_err();
    assert!(matches!(error, OutboundError::NotHttps { .. }), "{error}");
    assert_eq!(error.disposition(), Disposition::GiveUp);
}

#[test]
fn a_credential_that_no_header_carries_is_refused_unprinted() {
    let error = get("https://example.com").authorization("Bearer a\nb").err().unwrap();
    assert!(!format!("{error} {error:?}").contains("Bearer"));
}

#[tokio::test]
async fn a_name_for_the_machine_itself_is_refused_where_only_public_addresses_are_called() {
    let server = MockServer::start().await;
    Mock::given(method("GET")).respond_with(ResponseTemplate::new(204)).expect(1).mount(&server).await;
    let url = server.uri().replace("127.0.0.1", "localhost");
    let error = outbound().public_only().unwrap().send(get(&url), Limits::default()).await.unwrap_err();
    assert!(matches!(error, OutboundError::NotPublic { .. }), "{error}");
    assert_eq!(error.disposition(), Disposition::GiveUp);
    let answer = outbound().without_proxy().send(get(&url), Limits::default()).await.unwrap();
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "the same name, when it may be");
}

#[rstest]
#[case("http://127.0.0.1:1/")]
#[case("https://10.0.0.1/")]
#[case("https://169.254.169.254/metadata")]
#[case("https://[::1]/")]
#[case("https://[::ffff:10.0.0.1]/")]
#[case("https://2130706433/")]
#[tokio::test]
async fn an_address_that_is_not_public_is_refused_unasked(#[case] url: &str) {
    let error = outbound().public_only().unwrap().send(get(url), Limits::default()).await.unwrap_err();
    assert!(matches!(error, OutboundError::NotPublic { .. }), "{error}");
}
