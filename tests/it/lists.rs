//! Invite lists from outside: what the service, Health and the commands make of a list that is no file, or half of one.

use std::path::Path;
use std::process::Command;

use axum::body::Body;
use axum::extract::Request;
use guestlist_emulator::sign_up::{Action, Event, Person};
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::config::{config, value};
use crate::support::function_app::{SECRETS, project, said};
use crate::support::service::Service;
use crate::support::stage::{Setting, Stage};

fn pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// What stands in the place of the list.
fn put(what: &str, path: &Path) {
    let _ = std::fs::remove_file(path);
    match what {
        "nothing" => {}
        "pipe" => pipe(path),
        "folder" => std::fs::create_dir(path).unwrap(),
        "device" => std::os::unix::fs::symlink("/dev/zero", path).unwrap(),
        "no list" => std::fs::write(path, "name\nalex@fabrikam.com\n").unwrap(),
        _ => unreachable!(),
    }
}

async fn health(service: &Service) -> (u16, Value) {
    let answer = service.send(Request::get("/api/Health").body(Body::empty()).unwrap()).await;
    (answer.status.as_u16(), answer.json())
}

#[rstest]
#[tokio::test]
async fn health_says_that_a_list_can_no_longer_be_read_while_the_old_one_is_used(
    #[values("nothing", "pipe", "folder", "device", "no list")] what: &str,
) {
    let service = Service::start().await;
    assert_eq!(service.start_for("alex@fabrikam.com").await.action_name(), "setPrefillValues");
    let list = &service.app.invites.sources()[0];
    put(what, &service.folder.path().join("invites.csv"));
    list.refresh().await;
    list.refresh().await;
    let (status, said) = health(&service).await;
    assert_eq!((status, &said["ready"], &said["stale"]), (200, &json!(true), &json!(true)), "{said}");
    assert_eq!((&said["lists"][0]["name"], &said["lists"][0]["state"]), (&json!("beta"), &json!("stale")));
    assert!(said["lists"][0]["loaded_seconds_ago"].is_u64());
    assert_eq!(service.start_for("alex@fabrikam.com").await.action_name(), "setPrefillValues");
    assert!(service.logged("invites-failed").iter().all(|line| line["kept_last_good"] == true));
}

#[tokio::test]
async fn health_says_that_a_list_changes_at_every_look() {
    let service = Service::start().await;
    assert_eq!(service.start_for("alex@fabrikam.com").await.action_name(), "setPrefillValues");
    let list = &service.app.invites.sources()[0];
    for look in 0..3 {
        std::fs::write(service.folder.path().join("invites.csv"), format!("email\njo{look}@fabrikam.com\n")).unwrap();
        list.refresh().await;
        let (status, said) = health(&service).await;
        assert_eq!((status, &said["ready"], &said["stale"]), (200, &json!(true), &json!(look > 0)), "{said}");
        assert_eq!(said["lists"][0]["state"], "changing");
    }
    list.refresh().await;
    assert_eq!(health(&service).await.1["stale"], false);
}

/// A service whose list cannot be read when it starts.
async fn without_a_list(list: &Path, on_failure: &str) -> Stage {
    let setting = Setting::default().set("GUESTLIST__INVITES__BETA__REFRESH", "1s");
    let setting = setting.set("GUESTLIST__INVITES__BETA__SOURCE", list.to_str().unwrap());
    setting.set("GUESTLIST__HOOKS__ON_FAILURE", on_failure).start().await
}

async fn said_by_health(stage: &Stage) -> (u16, Value) {
    let answer = stage.health().await;
    (answer.status, answer.json())
}

#[rstest]
#[case("nothing", "block")]
#[case("pipe", "block")]
#[case("folder", "continue")]
#[case("device", "continue")]
#[case("no list", "block")]
#[tokio::test]
async fn a_list_that_cannot_be_read_at_the_start_leads_to_the_failure_action(
    #[case] what: &str,
    #[case] on_failure: &str,
) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("list.csv");
    put(what, &path);
    let stage = without_a_list(&path, on_failure).await;
    let noted = stage.events_after("configuration", 1).await;
    assert!(noted.iter().any(|line| line["problem"].as_str().unwrap().contains("invites.beta: ")), "{noted:?}");
    let sign_up = stage.sign_up(Person::email_otp("alex@fabrikam.com"));
    let answered = stage.entra.call(Event::Start, sign_up.start()).await.result.unwrap();
    assert_eq!(matches!(answered.action, Action::Continue), on_failure == "continue", "{answered:?}");
    let failed = stage.events_after("failure-action", 1).await;
    assert_eq!(failed[0]["reason"], "invites-unavailable");
    let (status, said) = said_by_health(&stage).await;
    assert_eq!((status, &said["ready"], &said["lists"][0]["state"]), (503, &json!(false), &json!("missing")));
    // The list is used without a restart as soon as it can be read.
    let new = folder.path().join("new.csv");
    std::fs::write(&new, "email\nalex@fabrikam.com\n").unwrap();
    let _ = std::fs::remove_dir(&path);
    std::fs::rename(new, &path).unwrap();
    stage.events_after("invites-loaded", 1).await;
    let answered = stage.entra.call(Event::Start, sign_up.start()).await.result.unwrap();
    assert!(matches!(answered.action, Action::Prefill(_)), "{answered:?}");
}

#[rstest]
#[case("nothing", "cannot be read: No such file")]
#[case("pipe", "cannot be read: it is a named pipe, not a file")]
#[case("folder", "cannot be read: it is a folder, not a file")]
#[case("device", "cannot be read: it is a device, not a file")]
#[case("no list", "line 1: ")]
#[tokio::test]
async fn check_fails_for_a_list_that_cannot_be_read_and_does_not_hang(#[case] what: &str, #[case] says: &str) {
    let folder = project(config());
    put(what, &folder.path().join("invites.csv"));
    let (code, said, _) = said(folder.path(), &["check"], &SECRETS).await;
    assert_eq!(code, Some(64), "{said}");
    assert!(said.contains(&format!("invites.beta: invites.csv: {says}")), "{said}");
    assert!(said.ends_with("guestlist.toml has 1 error\n"), "{said}");
}

/// Reading a secret or `.funcignore` never waits.
#[rstest]
#[case("key.txt", "the secret file ./key.txt cannot be used: it is a named pipe, not a file")]
#[case(".funcignore", ".funcignore: cannot be used: it is a named pipe, not a file")]
#[tokio::test]
async fn check_fails_for_other_pipes_in_place_of_files_and_does_not_hang(#[case] name: &str, #[case] says: &str) {
    let folder = project(config().set("telemetry.hash_key", value("{ file = \"./key.txt\" }")));
    std::fs::write(folder.path().join("key.txt"), "s3cr3t").unwrap();
    put("pipe", &folder.path().join(name));
    let (code, said, _) = said(folder.path(), &["check"], &SECRETS).await;
    assert!(code == Some(64) && said.contains(says), "{said}");
}

#[tokio::test]
async fn the_service_starts_without_a_secret_that_is_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key.txt");
    pipe(&path);
    let (left, right) = ("{ file = \"", "\" }");
    let setting = Setting::default().set("GUESTLIST__TELEMETRY__HASH_KEY", &format!("{left}{}{right}", path.display()));
    let stage = setting.start().await;
    let noted = stage.events_after("configuration", 1).await;
    let says = "it is a named pipe, not a file";
    assert!(noted.iter().any(|line| line["problem"].as_str().unwrap().contains(says)), "{noted:?}");
    assert_eq!(said_by_health(&stage).await.0, 200);
}

#[tokio::test]
async fn a_last_line_that_is_not_ended_is_used_and_check_warns_of_it() {
    let folder = project(config());
    let list = "email,expires\nalex@fabrikam.com,\nold@fabrikam.com";
    std::fs::write(folder.path().join("invites.csv"), list).unwrap();
    let (code, out, _) = said(folder.path(), &["check"], &SECRETS).await;
    assert!(code == Some(0) && out.contains("invites.csv:3: warning: is the last line"), "{out}");
    let (_, out, _) = said(folder.path(), &["explain", "old@fabrikam.com"], &[]).await;
    assert!(out.contains("old@fabrikam.com: admitted, invitation"), "{out}");
    let (code, _, err) = said(folder.path(), &["invites", "add", "jo@fabrikam.com"], &[]).await;
    assert_eq!(code, Some(0), "{err}");
    assert!(err.contains("invites.csv:3: warning: was the last line") && err.lines().count() == 1, "{err}");
    let written = std::fs::read_to_string(folder.path().join("invites.csv")).unwrap();
    assert_eq!(written, "email,expires\nalex@fabrikam.com,\nold@fabrikam.com\njo@fabrikam.com,\n");
}
