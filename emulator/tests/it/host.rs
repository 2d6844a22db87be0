//! The host stand-in, with this test binary as the handler.

use std::time::Duration;

use guestlist_emulator::Host;
use guestlist_emulator::host::{HostSettings, InvokeError, Level, Mode, TimerForm};
use serde_json::{Value, json};

use crate::support::{ProjectFolder, client, project, sent};

async fn host_with(answer: &str, change: impl FnOnce(&mut HostSettings)) -> (Host, ProjectFolder) {
    let folder = project();
    let own = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut settings = HostSettings {
        environment: vec![own("FROM_CALLER", "caller"), own("HANDLER_ANSWER", answer)],
        ..HostSettings::default()
    };
    change(&mut settings);
    (Host::start(&folder.0, settings).await.unwrap(), folder)
}

#[tokio::test]
async fn proxies_with_its_own_host_and_forwarded_headers() {
    let (host, _folder) = host_with("", |_| {}).await;
    let url = format!("{}/API/echo/?a=1&a=2", host.url());
    let request = client().post(url).header("x-forwarded-for", "203.0.113.1").body("hello");
    let (status, seen) = sent(request).await;
    let public = host.url().trim_start_matches("http://");
    assert_eq!(status, 200);
    assert_eq!(seen["uri"], "/API/echo/?a=1&a=2");
    assert_eq!(seen["host"], format!("127.0.0.1:{}", host.handler_port()));
    assert_eq!(seen["forwarded"], json!(["127.0.0.1", public, "http"]));
    assert_eq!(seen["body"], "hello");
    assert_eq!((&seen["setting"], &seen["extra"]), (&json!("settings"), &json!("caller")));
}

#[tokio::test]
async fn forwards_with_the_original_host_and_a_rebuilt_query() {
    let (host, _folder) = host_with("", |settings| settings.mode = Some(Mode::Forwarding)).await;
    let url = format!("{}/api/Echo?a=1&a=2", host.url());
    let request = client().post(&url).header("x-azure-functions-invocationid", "mine");
    let (_, seen) = sent(request.header("user-agent", "Entra").body("hello")).await;
    assert_eq!(seen["uri"], "/api/Echo?a=1%2C2");
    assert_eq!(seen["host"], host.url().trim_start_matches("http://"));
    assert_eq!(seen["forwarded"], json!(["", "", ""]));
    assert!(seen["invocation"].as_str().unwrap().starts_with("mine | "));
    assert!(seen["agent"].as_str().unwrap().starts_with("Entra Azure-Functions-Host/"));
    assert_eq!(seen["body"], "hello");
    let stream = futures_util::stream::once(async { Ok::<_, std::io::Error>("hello") });
    let chunked = client().post(&url).body(reqwest::Body::wrap_stream(stream));
    assert_eq!(sent(chunked).await.0, 500);
}

#[tokio::test]
async fn routes_only_what_function_json_names() {
    let (host, _folder) = host_with("", |_| {}).await;
    let status = async |method: &str, path: &str| {
        let url = format!("{}{path}", host.url());
        sent(client().request(method.parse().unwrap(), url)).await.0
    };
    assert_eq!(status("GET", "/api/Echo").await, 200);
    assert_eq!(status("DELETE", "/api/Echo").await, 404);
    assert_eq!(status("POST", "/api/Timer").await, 404);
    assert_eq!(status("POST", "/Timer").await, 404);
}

#[tokio::test]
async fn fires_timers_chunked_in_every_form() {
    let (host, _folder) = host_with("", |_| {}).await;
    for form in TimerForm::ALL {
        let invocation = host.invoke_timer_as("timer", form).await.unwrap();
        assert_eq!(invocation.logs[0], "exact: true");
        let body: Value = serde_json::from_str(&invocation.logs[1]).unwrap();
        let status = &body["Data"]["timer"]["ScheduleStatus"];
        assert_eq!(status.is_null(), form == TimerForm::NoStatus);
    }
}

#[tokio::test]
async fn holds_answers_to_the_contract() {
    let failure = async |answer: &str| {
        let (host, _folder) = host_with(answer, |_| {}).await;
        host.invoke_timer("Timer").await.unwrap_err()
    };
    assert!(matches!(failure("error").await, InvokeError::Status { status: 500, .. }));
    assert!(matches!(failure("empty").await, InvokeError::Empty));
    assert!(matches!(failure("null").await, InvokeError::Empty));
    assert!(matches!(failure("text").await, InvokeError::ContentType(_)));
    assert!(matches!(failure("array").await, InvokeError::NotAnObject(_)));
    assert!(matches!(failure("output").await, InvokeError::UnknownOutput(_)));
    assert!(matches!(failure("logs").await, InvokeError::Logs));
}

#[tokio::test]
async fn restarts_what_exceeds_the_function_timeout() {
    let limit = Duration::from_millis(200);
    let (host, _folder) = host_with("hang", |settings| settings.function_timeout = Some(limit)).await;
    let before = host.process_id().await;
    assert!(matches!(host.invoke_timer("Timer").await, Err(InvokeError::TimedOut(_))));
    assert!(host.is_running().await);
    assert_ne!(host.process_id().await, before);
}

#[tokio::test]
async fn kills_in_the_middle_of_an_invocation_and_starts_again() {
    let (host, _folder) = host_with("hang", |_| {}).await;
    let moment = tokio::time::sleep(Duration::from_millis(50));
    assert!(host.invoke_timer_and_kill("Timer", moment).await.unwrap().is_none());
    assert!(!host.is_running().await);
    let url = format!("{}/api/Echo", host.url());
    assert_eq!(sent(client().get(&url)).await.0, 502);
    host.restart().await.unwrap();
    assert_eq!(sent(client().get(&url)).await.0, 200);
}

#[tokio::test]
async fn grades_lines_as_the_host_does() {
    let (host, _folder) = host_with("", |_| {}).await;
    let limit = Duration::from_secs(5);
    let level = async |text: &str| {
        let line = host.wait_for_line(limit, |line| line.text == text).await;
        line.map(|line| line.level)
    };
    assert_eq!(level("a WARNing").await, Some(Level::Warning));
    assert_eq!(level("an error").await, Some(Level::Error));
    let information = host.logs().into_iter().any(|line| line.level == Level::Information);
    assert!(information);
}

#[tokio::test]
async fn terminates_with_a_signal() {
    let (host, _folder) = host_with("", |_| {}).await;
    let status = host.terminate(Duration::from_secs(5)).await.unwrap();
    assert!(!status.success());
    assert!(!host.is_running().await);
}

#[tokio::test]
async fn a_process_that_ends_at_once_is_an_error_with_its_last_words() {
    let folder = project();
    let settings =
        HostSettings { environment: vec![("HANDLER_ANSWER".to_owned(), "exit".to_owned())], ..HostSettings::default() };
    let error = Host::start(&folder.0, settings).await.unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("cannot go on"), "{cause}");
}
