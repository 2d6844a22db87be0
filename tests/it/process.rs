//! The process: its start, its end, its ports, its two streams.

use std::time::{Duration, Instant};

use guestlist_emulator::host::{Level, Mode};
use guestlist_emulator::sign_up::{Action, Event, Person};
use guestlist_emulator::systems::OutsideSystem;
use guestlist_emulator::tenant::{Fault, Route};
use rstest::rstest;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};

use crate::support::config::config;
use crate::support::function_app::{PATIENCE, SECRETS, project, run};
use crate::support::stage::{Setting, Stage, measured};
use crate::support::wire::get;

/// The longest start on a busy machine, with a binary that is not optimised.
const START: Duration = Duration::from_secs(5);

/// The routes of the tenant that the product asks.
const TENANT_ROUTES: [Route; 5] =
    [Route::LoginKeys, Route::CiamKeys, Route::GraphToken, Route::DirectoryAudits, Route::GetUser];

#[tokio::test]
async fn answers_at_once_when_every_outside_address_hangs() {
    let setting = Setting::default();
    let tenant = setting.tenant().await;
    let outside = tenant.systems().flat_map(OutsideSystem::routes);
    for route in TENANT_ROUTES.iter().chain(outside) {
        tenant.faults().set(*route, Fault::Hang);
    }
    let stage = setting.start_before(tenant).await;
    measured("first answer", stage.host.startup());
    assert!(stage.host.startup() < START, "{:?}", stage.host.startup());
    assert_eq!(get(stage.host.handler_port(), "/").await.status, 200);
    let health = stage.health().await;
    assert_eq!((health.status, &health.json()["ready"]), (503, &Value::Bool(false)));
}

#[tokio::test]
async fn listens_at_one_loopback_address_only() {
    let stage = Setting::default().start().await;
    let port = stage.host.handler_port();
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_ok());
    for other in ["127.0.0.2", "::1"] {
        assert!(TcpStream::connect((other, port)).await.is_err(), "it listens at {other}");
    }
}

/// The answers to a few calls, each with its status and body.
async fn answers(mode: Mode) -> Vec<(u16, String)> {
    let stage = Setting::default().mode(mode).start().await;
    let mut answers = Vec::new();
    for address in ["alex@fabrikam.com", "nobody@example.org"] {
        let sign_up = stage.sign_up(Person::email_otp(address));
        for event in [Event::Start, Event::Submit] {
            let exchange = stage.entra.call(event, sign_up.event(event)).await;
            assert!(exchange.result.is_ok(), "{exchange:?}");
            answers.extend(exchange.attempts.into_iter().map(|attempt| attempt.answer.unwrap()));
        }
    }
    let token = stage.entra.token().encode().unwrap();
    for (body, token) in [("{}", None), ("{}", Some(token.as_str())), ("<xml/>", Some(&token)), ("", Some(&token))] {
        answers.push(stage.entra.post(Event::Start, body, token).await.answer.unwrap());
    }
    answers.into_iter().map(|answer| (answer.status, String::from_utf8(answer.body).unwrap())).collect()
}

#[tokio::test]
async fn both_ways_of_the_host_to_pass_http_on_give_the_same_answers() {
    let (forwarded, proxied) = tokio::join!(answers(Mode::Forwarding), answers(Mode::Proxying));
    assert_eq!(forwarded, proxied);
    let statuses: Vec<u16> = forwarded.iter().map(|(status, _)| *status).collect();
    assert_eq!(statuses, [200, 200, 200, 200, 401, 400, 400, 400]);
}

#[tokio::test]
async fn ends_with_code_0_soon_after_sigterm_whatever_it_waits_for() {
    let setting = Setting::default();
    let tenant = setting.tenant().await;
    for route in [Route::LoginKeys, Route::CiamKeys] {
        tenant.faults().set(route, Fault::Hang);
    }
    let stage = setting.start_before(tenant).await;
    let began = Instant::now();
    let status = stage.host.terminate(PATIENCE).await.unwrap();
    assert_eq!(status.code(), Some(0));
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    assert_eq!(stage.events_after("stopped", 1).await[0]["in_time"], true);
}

#[tokio::test]
async fn a_call_that_is_under_way_at_sigterm_is_answered() {
    // A look-up that takes a connection and never answers keeps the call under way.
    let crm = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let lookup = format!(
        "[[lookups]]\nname = \"crm\"\nurl = \"http://{}/?email={{{{ email }}}}\"\n\
         allow_private = [\"127.0.0.1\"]\nbudget = \"500ms\"\nprefill = {{ city = \"/city\" }}",
        crm.local_addr().unwrap()
    );
    let config = config().add("policies.default.lookups", vec!["crm"]).and(lookup);
    let stage = Setting::default().config(config).set("GUESTLIST__HOOKS__BUDGET", "1800ms").start().await;
    let start = stage.sign_up(Person::email_otp("alex@fabrikam.com")).start().to_string();
    let token = stage.entra.token().encode().unwrap();
    let terminated = async {
        let connection = crm.accept().await.unwrap();
        (stage.host.terminate(PATIENCE).await.unwrap(), connection)
    };
    let (call, (status, _)) = tokio::join!(stage.entra.post(Event::Start, &start, Some(&token)), terminated);
    assert_eq!((call.answer.unwrap().status, status.code()), (200, Some(0)));
    assert_eq!(stage.events_after("decision", 1).await[0]["action"], "prefill");
}

#[tokio::test]
async fn decides_again_after_a_sigkill_and_a_restart() {
    let stage = Setting::default().start().await;
    stage.host.kill().await.unwrap();
    assert!(!stage.host.is_running().await);
    stage.host.restart().await.unwrap();
    let start = stage.entra.call(Event::Start, stage.sign_up(Person::email_otp("alex@fabrikam.com")).start()).await;
    assert!(matches!(start.result.unwrap().action, Action::Prefill(_)));
}

/// The lines of a stream, each of which has to be a JSON object.
fn objects(stream: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(stream).unwrap();
    let object = |line: &str| serde_json::from_str(line).ok().filter(Value::is_object);
    text.lines().map(|line| object(line).unwrap_or_else(|| panic!("no JSON object: {line}"))).collect()
}

#[rstest]
#[case::that_the_host_chose(0)]
#[case::that_is_the_default(3000)]
#[tokio::test]
async fn an_occupied_port_ends_it_with_one_clear_line(#[case] port: u16) {
    // Another program may have the default port already. Then it is occupied as well.
    let occupied = TcpListener::bind(("127.0.0.1", port)).await;
    let chosen = (port == 0).then(|| occupied.as_ref().unwrap().local_addr().unwrap().port().to_string());
    let chosen = chosen.as_deref().map(|port| ("FUNCTIONS_CUSTOMHANDLER_PORT", port));
    let folder = project(config());
    let settings: Vec<_> = SECRETS.into_iter().chain(chosen).collect();
    let ended = run(folder.path(), &["serve"], &settings).await;
    assert_eq!(ended.status.code(), Some(1));
    let lines = objects(&ended.stderr);
    assert_eq!((lines.len(), ended.stdout.len()), (1, 0), "{lines:#?}");
    assert_eq!((&lines[0]["level"], &lines[0]["event"]), (&"ERROR".into(), &"failed".into()));
    assert!(lines[0]["error"].as_str().unwrap().to_ascii_lowercase().contains("in use"), "{lines:?}");
}

#[rstest]
#[case("http")]
#[case("65536")]
#[case("0")]
#[case("-1")]
#[case("")]
#[tokio::test]
async fn an_invalid_port_ends_it_with_one_clear_line(#[case] port: &str) {
    let folder = project(config());
    let ended = run(folder.path(), &[], &[("FUNCTIONS_CUSTOMHANDLER_PORT", port)]).await;
    assert_eq!(ended.status.code(), Some(64));
    let lines = objects(&ended.stderr);
    assert_eq!((lines.len(), ended.stdout.len()), (1, 0), "{lines:#?}");
    assert_eq!(lines[0]["level"], "ERROR");
    assert!(lines[0]["problem"].as_str().unwrap().contains("FUNCTIONS_CUSTOMHANDLER_PORT"), "{lines:?}");
}

#[tokio::test]
async fn a_bad_configuration_ends_it_with_code_64_and_a_line_for_each_error() {
    let folder =
        project("[tenant]\nid = \"contoso\"\n[hooks]\naudience = []\nbudgte = \"1s\"\n[[policies]]\nname = \"a\"\n");
    let ended = run(folder.path(), &["serve"], &[("GUESTLIST__HOOKS__ON_FAILURE", "open")]).await;
    assert_eq!((ended.status.code(), ended.stdout.len()), (Some(64), 0));
    let problems: Vec<String> = objects(&ended.stderr)
        .iter()
        .inspect(|line| assert_eq!((&line["level"], &line["event"]), (&"ERROR".into(), &"configuration".into())))
        .map(|line| line["problem"].as_str().unwrap().to_owned())
        .collect();
    let expected = [
        "guestlist.toml:2:6: tenant.id:",
        "guestlist.toml:4:12: hooks.audience:",
        "guestlist.toml:5:1: hooks.budgte:",
        "guestlist.toml:6:1: policies.a.gate:",
        "app setting GUESTLIST__HOOKS__ON_FAILURE: hooks.on_failure:",
    ];
    for place in expected {
        assert!(problems.iter().any(|problem| problem.starts_with(place)), "{place}\n{problems:#?}");
    }
    assert_eq!(problems.len(), expected.len(), "{problems:#?}");
}

async fn without(secret: &'static str) -> Stage {
    let stage = Setting::default().unset(secret).start().await;
    let start = stage.entra.call(Event::Start, stage.sign_up(Person::email_otp("alex@fabrikam.com")).start()).await;
    assert!(matches!(start.result.unwrap().action, Action::Prefill(_)));
    let noted = stage.events_after("configuration", 1).await;
    assert!(noted.iter().all(|line| line["level"] == "WARN" && line["problem"].as_str().unwrap().contains(secret)));
    stage.joins("alex@fabrikam.com", "Alex", "Fabrikam");
    stage
}

#[tokio::test]
async fn without_the_secret_of_graph_the_hooks_run_and_the_timer_reports_it() {
    let error = without("GUESTLIST_GRAPH_SECRET").await.failing_run().await;
    assert!(error.contains("GUESTLIST_GRAPH_SECRET"), "{error}");
}

#[tokio::test]
async fn without_the_secret_of_a_connector_the_hooks_run_and_the_timer_reports_it() {
    let stage = without("MAILCHIMP_API_KEY").await;
    let logs = stage.run().await;
    assert!(logs.contains(&"1 waiting".to_owned()), "{logs:?}");
    let reported = stage.events_after("connector-not-set-up", 1).await;
    assert!(reported[0]["reason"].as_str().unwrap().contains("MAILCHIMP_API_KEY"), "{reported:?}");
    // What needs no such secret is done all the same.
    assert_eq!(stage.tenant.directory().patches().len(), 1);
}

#[tokio::test]
async fn each_stream_has_its_levels_and_every_line_is_one_json_object() {
    let setting = Setting::default().unset("MAILCHIMP_API_KEY");
    let tenant = setting.tenant().await;
    tenant.faults().set(Route::LoginKeys, Fault::Status(500));
    let stage = setting.start_before(tenant).await;
    stage.entra.call(Event::Start, stage.sign_up(Person::email_otp("alex@fabrikam.com")).start()).await;
    stage.entra.post(Event::Start, "{}", None).await;
    stage.joins("alex@fabrikam.com", "Alex", "Fabrikam");
    stage.run().await;
    // An error whose own words are a warning to the host, unless they are written otherwise.
    let body = r#"{"error":{"code":"WarningCode","message":"WARN: warned"}}"#.to_owned();
    stage.tenant.faults().set(Route::DirectoryAudits, Fault::Answer { status: 400, headers: Vec::new(), body });
    assert!(stage.failing_run().await.contains("WarningCode"));
    stage.settle().await;
    stage.host.terminate(PATIENCE).await.unwrap();
    stage.events_after("stopped", 1).await;
    let mut levels = std::collections::BTreeSet::new();
    for line in stage.lines() {
        let read: Value = serde_json::from_str(&line.text).unwrap_or_else(|_| panic!("no JSON: {line:?}"));
        let level = read.as_object().unwrap()["level"].as_str().unwrap().to_owned();
        // The host goes by the stream and by the letters "warn"; this is what it made of the line.
        let graded = match level.as_str() {
            "INFO" | "DEBUG" | "TRACE" => Level::Information,
            "WARN" => Level::Warning,
            _ => Level::Error,
        };
        assert_eq!(line.level, graded, "{}", line.text);
        levels.insert(level);
    }
    assert_eq!(levels.into_iter().collect::<Vec<_>>(), ["ERROR", "INFO", "WARN"]);
}
