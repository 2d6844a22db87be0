use std::sync::Arc;

use axum::Router;
use axum::routing::put;
use futures_util::future::join_all;
use rstest::rstest;
use tokio::net::TcpListener;
use tokio::sync::watch;
use wiremock::matchers::{body_json, header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::clock::ManualClock;
use crate::connectors::VARIABLES;
use crate::graph::User;
use crate::outbound::Disposition;

const ID: &str = "9fb7a577-9469-4489-912d-bc58a5bca276";

fn settings(base: Option<&str>) -> Settings {
    let template = |text: &str| Template::compile(text, &VARIABLES).unwrap();
    Settings {
        name: "news".to_owned(),
        api_key: Ok(Secret::new("0123456789abcdef-us21")),
        list: "a1b2c3d4e5".to_owned(),
        base_url: base.map(|base| base.parse().unwrap()),
        status_if_new: StatusIfNew::default(),
        merge_fields: BTreeMap::from([
            ("FNAME".to_owned(), template("{{ user.givenName }}")),
            ("LNAME".to_owned(), template(" {{ user.surname }} ")),
        ]),
    }
}

fn connector(settings: Settings) -> Mailchimp {
    let clock = Arc::new(ManualClock::new("2026-11-21T10:00:00Z".parse().unwrap()));
    Mailchimp::new(settings, Outbound::try_new(clock).unwrap()).with_retry_pause(Duration::ZERO)
}

fn rendered(connector: &Mailchimp, user: Value) -> Rendered {
    let Value::Object(user) = user else { panic!("not an object") };
    let user = User::new(ID.parse().unwrap(), user, None);
    let context = json!({"user": user.to_context(), "invite": {}, "results": {}});
    connector.render(&RenderInput { user: &user, context: &context }).unwrap()
}

fn request() -> Value {
    json!({"email_address": " Jo.Bradford@example.com", "status_if_new": "pending"})
}

async fn delivered(connector: &Mailchimp) -> Result<Receipt, ConnectorError> {
    connector.deliver(&ID.parse().unwrap(), &request(), Instant::now() + Duration::from_secs(10)).await
}

fn problem(status: u16, title: &str, detail: &str) -> ResponseTemplate {
    let body = json!({"title": title, "status": status, "detail": detail, "instance": "995c5cb0-3280-4a6e-808b-3b096d0bb219",
        "errors": [{"field": "merge_fields.FNAME", "message": "Jo is too long"}]});
    ResponseTemplate::new(status).set_body_raw(body.to_string(), "application/problem+json")
}

#[test]
fn renders_a_member_that_is_never_resubscribed() {
    let connector = connector(settings(None));
    let user = json!({"mail": "Jo.Bradford@example.com", "givenName": "Jo", "surname": null});
    let body = json!({
        "email_address": "Jo.Bradford@example.com", "status_if_new": "pending", "merge_fields": {"FNAME": "Jo"}
    });
    assert_eq!(rendered(&connector, user), Rendered::Request(body));
    let user = json!({"mail": "jo@example.com"});
    let body = json!({"email_address": "jo@example.com", "status_if_new": "pending"});
    assert_eq!(rendered(&connector, user), Rendered::Request(body), "no status, and no empty merge fields");
}

#[test]
fn an_account_without_an_address_is_nothing_to_send() {
    assert!(matches!(rendered(&connector(settings(None)), json!({"mail": null})), Rendered::Nothing { .. }));
}

#[test]
fn the_members_id_is_the_md5_of_the_lower_case_address() {
    assert_eq!(
        subscriber_hash(" Urist.McVankab@freddiesjokes.com "),
        subscriber_hash("urist.mcvankab@freddiesjokes.com")
    );
    assert_eq!(subscriber_hash("Urist.McVankab@freddiesjokes.com"), "62eeb292278cc15f5817cb78f7790b08");
}

#[rstest]
#[case("0123456789abcdef-us21", Some("https://us21.api.mailchimp.com/"))]
#[case("0123-us2-gb1", Some("https://gb1.api.mailchimp.com/"))]
#[case("0123456789abcdef", None)]
#[case("0123456789abcdef-us", None)]
#[case("0123456789abcdef-us21.example.com/", None)]
#[case("0123456789abcdef-US21", None)]
#[case("0123456789abcdef-é1", None)]
fn the_data_centre_comes_from_the_key(#[case] key: &str, #[case] base: Option<&str>) {
    let found = connector(settings(None)).base(&Secret::new(key));
    assert_eq!(found.as_ref().ok().map(Url::as_str), base);
    assert!(found.is_ok() || found.is_err_and(|error| error.is_setup()));
}

#[tokio::test]
async fn puts_the_member_with_the_key_and_keeps_its_id() {
    let server = MockServer::start().await;
    let id = subscriber_hash("jo.bradford@example.com");
    let answer = json!({"id": id, "contact_id": "c0ffee", "status": "unsubscribed", "list_id": "a1b2c3d4e5"});
    Mock::given(method("PUT"))
        .and(path(format!("/3.0/lists/a1b2c3d4e5/members/{}", subscriber_hash("jo.bradford@example.com"))))
        .and(header("authorization", "Basic Z3Vlc3RsaXN0OjAxMjM0NTY3ODlhYmNkZWYtdXMyMQ=="))
        .and(body_json(request()))
        .respond_with(ResponseTemplate::new(200).set_body_json(answer))
        .expect(1)
        .mount(&server)
        .await;
    let receipt = delivered(&connector(settings(Some(&server.uri())))).await.unwrap();
    assert_eq!(receipt.id.as_deref(), Some("c0ffee"));
}

#[rstest]
#[case(
    problem(400, "Invalid Resource", "jo@example.com looks fake or invalid, please enter a real email address."),
    "skip"
)]
#[case(problem(400, "Forgotten Email Not Subscribed", "x was permanently deleted"), "skip")]
#[case(problem(400, "Member In Compliance State", "x is in a compliance state"), "skip")]
#[case(problem(400, "Member Exists", "x is already a list member"), "skip")]
#[case(problem(400, "Invalid Resource", "Your merge fields were invalid."), "give up")]
#[case(problem(405, "Method Not Allowed", ""), "give up")]
#[case(problem(401, "API Key Invalid", "Your API key may be invalid"), "set-up")]
#[case(problem(403, "Forbidden", "User does not have access"), "set-up")]
#[case(problem(404, "Resource Not Found", ""), "set-up")]
#[case(ResponseTemplate::new(403).set_body_string("Access Denied"), "retry")]
#[case(ResponseTemplate::new(401).set_body_string("<html>"), "retry")]
#[case(ResponseTemplate::new(404).set_body_string("<html>"), "retry")]
#[case(ResponseTemplate::new(405).set_body_string("<html>"), "retry")]
#[case(ResponseTemplate::new(302).insert_header("location", "/3.0/elsewhere"), "retry")]
#[case(ResponseTemplate::new(200).set_body_string("<html>"), "retry")]
#[case(ResponseTemplate::new(200), "retry")]
#[case(ResponseTemplate::new(200).set_body_json(json!({"id": "b0", "list_id": "a1b2c3d4e5"})), "retry")]
#[case(problem(429, "Too Many Requests", ""), "retry")]
#[case(ResponseTemplate::new(503).set_body_string("Request Blocked"), "retry")]
#[tokio::test]
async fn knows_whose_fault_a_refusal_is(#[case] answer: ResponseTemplate, #[case] verdict: &str) {
    let server = MockServer::start().await;
    Mock::given(method("PUT")).respond_with(answer).mount(&server).await;
    let error = delivered(&connector(settings(Some(&server.uri())))).await.unwrap_err();
    let found = match error.disposition() {
        _ if error.is_setup() => "set-up",
        Disposition::Skip => "skip",
        Disposition::GiveUp => "give up",
        Disposition::Retry { .. } => "retry",
    };
    assert_eq!(found, verdict, "{error}");
    assert!(!format!("{error:?} {error}").to_lowercase().contains("jo"), "{error:?}");
    let calls = server.received_requests().await.unwrap().len();
    assert_eq!(calls, if verdict == "retry" { 3 } else { 1 });
}

#[tokio::test]
async fn a_missing_secret_is_the_set_ups_fault_and_calls_nobody() {
    let server = MockServer::start().await;
    let missing = SecretError::SettingMissing { name: "MAILCHIMP_API_KEY".to_owned() };
    let connector = connector(Settings { api_key: Err(missing), ..settings(Some(&server.uri())) });
    assert!(delivered(&connector).await.unwrap_err().is_setup());
    assert!(server.received_requests().await.unwrap().is_empty());
}

/// The calls that a server holds back: how many are there now, and how many there were at most.
#[derive(Default)]
struct Held {
    now: usize,
    most: usize,
}

/// A server that answers a delivery only when the gate lets it, and everything else at once.
fn holding(held: &watch::Sender<Held>, gate: &Arc<Semaphore>) -> Router {
    let (held, gate) = (held.clone(), Arc::clone(gate));
    let member = move || async move {
        held.send_modify(|held| *held = Held { now: held.now + 1, most: held.most.max(held.now + 1) });
        gate.acquire().await.unwrap().forget();
        held.send_modify(|held| held.now -= 1);
        json!({"id": subscriber_hash("jo.bradford@example.com"), "list_id": "a1b2c3d4e5"}).to_string()
    };
    Router::new().route("/3.0/lists/{list}/members/{id}", put(member)).fallback(|| async { "" })
}

#[tokio::test]
async fn of_fifty_deliveries_five_are_under_way_at_once() {
    let (held, gate) = (watch::Sender::new(Held::default()), Arc::new(Semaphore::new(0)));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let base = format!("http://{}/", listener.local_addr().unwrap());
    let connector = connector(settings(Some(&base)));
    let deliveries = join_all((0..50).map(|_| delivered(&connector)));
    let let_go = async {
        for left in (1..=50).rev() {
            let mut calls = held.subscribe();
            let under_way = calls.wait_for(|held| held.now >= left.min(5));
            tokio::time::timeout(Duration::from_secs(10), under_way).await.expect("fewer are under way").unwrap();
            // By the time that the server has answered these, a sixth delivery would be there, too.
            for _ in 0..3 {
                let call = Request::new(Method::GET, base.parse().unwrap());
                connector.outbound.send(call, Limits::default()).await.unwrap();
            }
            gate.add_permits(1);
        }
    };
    let (receipts, ()) = tokio::select! {
        ended = axum::serve(listener, holding(&held, &gate)).into_future() => panic!("{ended:?}"),
        done = async { tokio::join!(deliveries, let_go) } => done,
    };
    assert!(receipts.iter().all(Result::is_ok), "{receipts:?}");
    assert_eq!(held.borrow().most, 5);
}

#[tokio::test]
async fn a_delivery_whose_turn_does_not_come_in_time_is_tried_again_later() {
    let connector = connector(settings(Some("http://127.0.0.1:9")));
    let held = connector.call_permits.acquire_many(u32::try_from(MAX_CALLS_AT_ONCE).unwrap()).await.unwrap();
    let end = Instant::now() + Duration::from_millis(50);
    let outcome = connector.deliver(&ID.parse().unwrap(), &request(), end).await;
    assert!(matches!(outcome, Err(ConnectorError::OutOfTime)), "{outcome:?}");
    drop(held);
}

#[test]
fn the_key_does_not_print_itself() {
    assert!(!format!("{:?}", connector(settings(None))).contains("0123456789abcdef"));
}
