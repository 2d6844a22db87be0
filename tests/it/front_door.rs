//! Only the host fires the timer: a request from the public front door runs nothing. On Azure the timer has no state.

use guestlist_emulator::Host;
use guestlist_emulator::host::Mode;
use guestlist_emulator::sign_up::{Action, Event, Person};
use guestlist_emulator::tenant::Route;
use rstest::rstest;
use serde_json::json;

use crate::support::stage::{Setting, Stage};
use crate::support::wire::exchange;

async fn stage_with_an_account(mode: Mode) -> Stage {
    let stage = Setting::default().mode(mode).start().await;
    stage.joins("alex@fabrikam.com", "Alex", "Fabrikam");
    stage
}

/// The port of the host's public side.
fn public_port(stage: &Stage) -> u16 {
    stage.host.url().rsplit_once(':').unwrap().1.parse().unwrap()
}

async fn post(port: u16, path: &str, headers: &str) -> u16 {
    let body = r#"{"Data":{"timer":{"IsPastDue":false}},"Metadata":{}}"#;
    let length = body.len();
    let request = format!(
        "POST {path} HTTP/1.1\r\n{headers}Connection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    );
    exchange(port, &request).await.status
}

fn asked(stage: &Stage) -> usize {
    stage.tenant.faults().count(Route::GraphToken) + stage.tenant.faults().count(Route::DirectoryAudits)
}

#[tokio::test]
async fn only_a_request_of_the_host_itself_is_a_run() {
    let stage = stage_with_an_account(Mode::Proxying).await;
    let port = stage.host.handler_port();
    let own = format!("Host: 127.0.0.1:{port}\r\n");
    let strangers = [
        "Host: guestlist.azurewebsites.net\r\n".to_owned(),
        "Host: localhost\r\n".to_owned(),
        format!("Host: localhost:{port}\r\n"),
        format!("{own}X-Forwarded-Host: guestlist.azurewebsites.net\r\n"),
        format!("{own}x-forwarded-host:\r\n"),
        format!("{own}Host: guestlist.azurewebsites.net\r\n"),
    ];
    for headers in &strangers {
        for path in ["/UpdateNewAccounts", "/updatenewaccounts/"] {
            let status = post(port, path, headers).await;
            assert!((400..500).contains(&status), "{status} {path} {headers}");
        }
    }
    // A target in absolute form has an address of its own, which counts before `Host`.
    for address in ["evil.example", "guestlist.azurewebsites.net", "localhost", &format!("evil@127.0.0.1:{port}")] {
        for path in ["/UpdateNewAccounts", "/updatenewaccounts"] {
            let status = post(port, &format!("http://{address}{path}"), &own).await;
            assert!((400..500).contains(&status), "{status} http://{address}{path}");
        }
    }
    assert_eq!(asked(&stage), 0);
    assert_eq!(post(port, &format!("http://127.0.0.1:{port}/UpdateNewAccounts"), &own).await, 200);
    assert_eq!(post(port, "/UpdateNewAccounts", &own).await, 200);
    assert!(asked(&stage) > 0);
    assert_eq!(stage.members().len(), 1);
}

#[tokio::test]
async fn the_timer_takes_a_post_only_and_health_a_get_or_head() {
    let stage = stage_with_an_account(Mode::Forwarding).await;
    let port = stage.host.handler_port();
    let asking = async |method: &str, path: &str| {
        let request = format!("{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
        exchange(port, &request).await
    };
    for method in ["GET", "PUT", "DELETE", "PATCH"] {
        let answer = asking(method, "/UpdateNewAccounts").await;
        assert!(answer.status == 405 && answer.json()["error"].is_string(), "{method} {answer:?}");
    }
    assert_eq!((asked(&stage), stage.members().len()), (0, 0));
    for (method, allowed) in [("GET", true), ("HEAD", true), ("POST", false), ("DELETE", false)] {
        let status = asking(method, "/api/Health").await.status;
        assert_eq!(status != 405, allowed, "{method} {status}");
    }
}

#[rstest]
#[case(Mode::Forwarding)]
#[case(Mode::Proxying)]
#[tokio::test]
async fn no_public_address_leads_to_the_timer(#[case] mode: Mode) {
    let stage = stage_with_an_account(mode).await;
    let host = format!("Host: 127.0.0.1:{}\r\n", stage.host.handler_port());
    for path in [
        "/UpdateNewAccounts",
        "/api/UpdateNewAccounts",
        "/api/Health/../../UpdateNewAccounts",
        "/api/%2e%2e/UpdateNewAccounts",
    ] {
        let status = post(public_port(&stage), path, &host).await;
        assert!(status >= 400, "{status} {path}");
    }
    // The paths that the process serves in public do not lead there either.
    assert_eq!(post(stage.host.handler_port(), "/api/UpdateNewAccounts", &host).await, 404);
    assert_eq!(asked(&stage), 0);
}

#[rstest]
#[case(Mode::Forwarding)]
#[case(Mode::Proxying)]
#[tokio::test]
async fn a_catch_all_function_beside_it_opens_no_way_to_the_timer(#[case] mode: Mode) {
    let stage = stage_with_an_account(mode).await;
    let folder = stage.folder.path().join("CatchAll");
    std::fs::create_dir_all(&folder).unwrap();
    let bindings = json!({ "bindings": [
        { "type": "httpTrigger", "direction": "in", "name": "req", "route": "{*path}" },
        { "type": "http", "direction": "out", "name": "res" },
    ] });
    std::fs::write(folder.join("function.json"), bindings.to_string()).unwrap();
    // The host decodes a forwarded path once more: this one becomes `/UpdateNewAccounts`.
    let paths = ["/api/%252e%252e/UpdateNewAccounts", "/api/UpdateNewAccounts"];
    let settings = Setting::default().mode(mode).host_settings(&stage.tenant);
    let other = Host::start(stage.folder.path(), settings).await.unwrap();
    let port: u16 = other.url().rsplit_once(':').unwrap().1.parse().unwrap();
    for path in paths {
        // Callers outside can use this name only: the front end of Azure knows no site of another name.
        let status = post(port, path, "Host: guestlist.azurewebsites.net\r\n").await;
        assert!(status >= 400, "{status} {path}");
        // A proxying host says for whom it asks (`X-Forwarded-Host`), whatever the name.
        if mode == Mode::Proxying {
            assert!(post(port, path, &format!("Host: 127.0.0.1:{}\r\n", other.handler_port())).await >= 400, "{path}");
        }
    }
    assert_eq!(asked(&stage), 0);
}

#[tokio::test]
async fn on_azure_the_timer_refuses_a_folder_as_state_while_the_hooks_run() {
    let stage = Setting::default().set("WEBSITE_INSTANCE_ID", "0f1e2d3c").start().await;
    stage.joins("alex@fabrikam.com", "Alex", "Fabrikam");
    let start = stage.entra.call(Event::Start, stage.sign_up(Person::email_otp("alex@fabrikam.com")).start()).await;
    assert!(matches!(start.result.unwrap().action, Action::Prefill(_)));
    let error = stage.failing_run().await;
    assert!(error.contains("state") && error.contains("Azure"), "{error}");
    assert_eq!(stage.events_after("timer-unavailable", 1).await[0]["reason"], error.as_str());
    assert_eq!(asked(&stage), 0);
    assert!(!stage.folder.path().join("state").exists());
    let noted = stage.events("configuration");
    assert!(noted.iter().any(|line| line["problem"].as_str().unwrap().contains("graph: cannot be used on Azure")));
}
