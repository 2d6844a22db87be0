use serde_json::json;
use wiremock::matchers::{body_string, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::clock::ManualClock;
use crate::outbound::Disposition;

const TENANT: &str = "aaaabbbb-0000-cccc-1111-dddd2222eeee";
const CLIENT: &str = "88888888-3333-4444-5555-666666666666";

fn end() -> Instant {
    Instant::now() + Duration::from_secs(10)
}

fn source(server: &MockServer, secret: Result<Secret, SecretError>) -> (ClientSecretTokens, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new("2026-11-21T10:00:00Z".parse().unwrap()));
    let settings = Settings {
        login: server.uri().parse().unwrap(),
        tenant: TENANT.parse().unwrap(),
        client_id: CLIENT.parse().unwrap(),
        secret,
        scope: "https://graph.microsoft.com/.default".to_owned(),
    };
    let outbound = Outbound::try_new(Arc::clone(&clock) as Arc<dyn Clock>).unwrap();
    (ClientSecretTokens::new(settings, outbound, Arc::clone(&clock) as Arc<dyn Clock>), clock)
}

fn secret() -> Secret {
    Secret::new("s3cret~value")
}

async fn answering(answer: ResponseTemplate, times: u64) -> MockServer {
    let server = MockServer::start().await;
    let endpoint = Mock::given(method("POST")).and(path(format!("/{TENANT}/oauth2/v2.0/token")));
    endpoint.respond_with(answer).expect(times).mount(&server).await;
    server
}

fn granted() -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json!({
        "token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599, "access_token": "tok"
    }))
}

#[tokio::test]
async fn asks_with_the_client_credentials_grant_once_and_keeps_the_token() {
    let server = MockServer::start().await;
    let form = "grant_type=client_credentials&client_id=88888888-3333-4444-5555-666666666666\
                &scope=https%3A%2F%2Fgraph.microsoft.com%2F.default&client_secret=s3cret%7Evalue";
    Mock::given(body_string(form)).respond_with(granted()).expect(1).mount(&server).await;
    let (source, clock) = source(&server, Ok(secret()));
    let many = futures_util::future::join_all((0..8).map(|_| source.token(end()))).await;
    assert!(many.into_iter().all(|token| token.unwrap().expose() == "tok"));
    clock.advance(TimeDelta::minutes(54));
    source.token(end()).await.unwrap();
}

#[tokio::test]
async fn asks_again_five_minutes_before_the_end_and_after_a_refusal_of_the_token() {
    let server = answering(granted(), 3).await;
    let (source, clock) = source(&server, Ok(secret()));
    let first = source.token(end()).await.unwrap();
    clock.advance(TimeDelta::minutes(55));
    let second = source.token(end()).await.unwrap();
    source.invalidate(&first);
    assert!(Arc::ptr_eq(&second, &source.token(end()).await.unwrap()), "an older token's refusal changes nothing");
    source.invalidate(&second);
    source.token(end()).await.unwrap();
}

#[tokio::test]
async fn a_refusal_shows_its_code_and_remedy_never_the_body_or_the_secret() {
    let body = json!({
        "error": "invalid_client", "error_codes": [7_000_215],
        "error_description": "AADSTS7000215: Invalid client secret 's3cret~value' provided."
    });
    let server = answering(ResponseTemplate::new(401).set_body_json(body), 1).await;
    let (source, _) = source(&server, Ok(secret()));
    let error = source.token(end()).await.unwrap_err();
    assert!(error.to_string().contains("AADSTS7000215: the client secret is wrong"), "{error}");
    assert!(!format!("{error} {error:?} {source:?}").contains("s3cret"));
    assert!(source.token(end()).await.is_err(), "remembered for a moment: the endpoint is asked once");
}

#[tokio::test]
async fn a_refusal_without_a_code_shows_the_error_name_and_markup_is_no_refusal() {
    let server = answering(ResponseTemplate::new(400).set_body_json(json!({"error": "unauthorized_client"})), 1).await;
    let error = source(&server, Ok(secret())).0.token(end()).await.unwrap_err();
    assert!(error.to_string().contains("with unauthorized_client"), "{error}");
    let server = answering(ResponseTemplate::new(403).set_body_string("<html>secret page</html>"), 1).await;
    let error = source(&server, Ok(secret())).0.token(end()).await.unwrap_err();
    assert!(error.to_string().contains("answers 403 (no error of its own)"), "{error}");
    assert_eq!(error.disposition(), Disposition::Retry { after: None });
}

#[tokio::test]
async fn an_overloaded_endpoint_can_be_asked_again_after_the_wait_it_names() {
    let answer = ResponseTemplate::new(503).insert_header("retry-after", "7");
    let server = answering(answer, 2).await;
    let (source, clock) = source(&server, Ok(secret()));
    let error = source.token(end()).await.unwrap_err();
    assert_eq!(error.disposition(), Disposition::Retry { after: Some(Duration::from_secs(7)) });
    clock.advance(TimeDelta::seconds(6));
    assert!(source.token(end()).await.is_err());
}

#[tokio::test]
async fn a_missing_secret_is_an_error_when_the_token_is_asked_for() {
    let server = answering(granted(), 0).await;
    let missing = SecretError::SettingMissing { name: "GUESTLIST_GRAPH_SECRET".to_owned() };
    let error = source(&server, Err(missing)).0.token(end()).await.unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("GUESTLIST_GRAPH_SECRET"), "{cause}");
}

#[tokio::test]
async fn a_success_without_a_token_is_asked_for_once_more_and_then_remembered_as_a_failure() {
    let server = answering(ResponseTemplate::new(200).set_body_json(json!({"expires_in": "3599"})), 4).await;
    let (source, clock) = source(&server, Ok(secret()));
    let error = source.token(end()).await.unwrap_err();
    assert!(matches!(error, CredentialError::NoToken { .. }), "{error}");
    assert_eq!(error.disposition(), Disposition::Retry { after: None });
    assert!(source.token(end()).await.is_err(), "two calls so far");
    clock.advance(TimeDelta::seconds(6));
    assert!(source.token(end()).await.is_err());
}

#[tokio::test]
async fn a_gateways_error_is_an_outage_that_passes() {
    let server = MockServer::start().await;
    let page = ResponseTemplate::new(400).set_body_string("<html>");
    Mock::given(method("POST")).respond_with(page).up_to_n_times(1).expect(1).mount(&server).await;
    Mock::given(method("POST")).respond_with(granted()).expect(1).mount(&server).await;
    let (source, clock) = source(&server, Ok(secret()));
    let error = source.token(end()).await.unwrap_err();
    assert_eq!(error.disposition(), Disposition::Retry { after: None });
    clock.advance(TimeDelta::seconds(6));
    assert_eq!(source.token(end()).await.unwrap().expose(), "tok");
}

#[tokio::test]
async fn one_page_instead_of_a_token_costs_one_more_call() {
    let server = MockServer::start().await;
    let page = ResponseTemplate::new(200).set_body_string("<html>");
    Mock::given(method("POST")).respond_with(page).up_to_n_times(1).expect(1).mount(&server).await;
    Mock::given(method("POST")).respond_with(granted()).expect(1).mount(&server).await;
    assert_eq!(source(&server, Ok(secret())).0.token(end()).await.unwrap().expose(), "tok");
}

#[tokio::test]
async fn a_token_that_ends_within_the_margin_is_used_once() {
    let short = json!({"token_type": "Bearer", "access_token": "tok", "expires_in": 60});
    let server = answering(ResponseTemplate::new(200).set_body_json(short), 2).await;
    let (source, _) = source(&server, Ok(secret()));
    source.token(end()).await.unwrap();
    source.token(end()).await.unwrap();
}
