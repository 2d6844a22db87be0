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

/// A text in UTF-16 with a byte order mark, as Excel saves "Unicode Text".
fn utf_16(text: &str) -> Vec<u8> {
    format!("\u{FEFF}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// A text in Windows-1252, as Excel saves "CSV". Its letters are those of Latin-1.
fn windows_1252(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()
}

#[rstest]
#[case::csv_utf_8("\u{FEFF}E-Mail;Name;Not Before\r\njo@fabrikam.org;Jörg;\r\n".into(), 2)]
#[case::unicode_text(utf_16("E-Mail\tName\tNot Before\r\njo@fabrikam.org\tJörg\t\r\n"), 2)]
#[case::csv(windows_1252("E-Mail;Name;Not Before\r\njo@fabrikam.org;Jörg;\r\n"), 2)]
#[case::named_separator("sep=;\r\nE-Mail;Name;Not Before\r\njo@fabrikam.org;Jörg;\r\n".into(), 3)]
#[case::outlook("Title,\"Name\",\"E-mail Address\"\r\n,\"Jörg\",\"jo@fabrikam.org\"\r\n".into(), 2)]
#[tokio::test]
async fn a_list_as_a_spreadsheet_saves_it_is_used_everywhere(#[case] list: Vec<u8>, #[case] line: usize) {
    let prefill = value(r#"{ jobTitle = "{{ invite.email }} is {{ invite.name }}" }"#);
    let folder = project(config().set("policies.default.prefill", prefill));
    let path = folder.path().join("invites.csv");
    std::fs::write(&path, &list).unwrap();
    let (code, out, _) = said(folder.path(), &["check"], &SECRETS).await;
    assert!(code == Some(0) && out.contains("invites.csv: 1 line is used, 0 are not\n"), "{out}");
    let guessed = format!("invites.csv:{line}: warning: is not UTF-8, so the list is read as Windows-1252");
    assert_eq!(out.contains(&guessed), str::from_utf8(&list).is_err() && list[0] != 0xFF, "{out}");
    let (_, out, _) = said(folder.path(), &["explain", "jo@fabrikam.org"], &[]).await;
    assert!(out.contains("jo@fabrikam.org is Jörg"), "{out}");
    let (code, out, err) = said(folder.path(), &["invites", "add", "zoe@fabrikam.org", "--name", "Zoë"], &[]).await;
    assert_eq!((code, out), (Some(0), format!("invited on line {} of invites.csv\n", line + 1)), "{err}");
    assert!(std::fs::read(&path).unwrap().starts_with(&list));
    let (_, out, _) = said(folder.path(), &["explain", "zoe@fabrikam.org"], &[]).await;
    assert!(out.contains("zoe@fabrikam.org is Zoë"), "{out}");
    let service = Service::start().await;
    assert_eq!(service.start_for("zoe@fabrikam.org").await.action_name(), "showBlockPage");
    std::fs::copy(&path, service.folder.path().join("invites.csv")).unwrap();
    for _ in 0..2 {
        service.app.invites.sources()[0].refresh().await;
    }
    assert_eq!(service.start_for("zoe@fabrikam.org").await.action_name(), "setPrefillValues");
}

#[rstest]
#[case("Vorname;Nachname;Ort\n", "line 1: ", "this line names Vorname, Nachname, Ort")]
#[case("email;E-Mail\n", "line 1: the column email occurs twice", "as \"email\" and as \"E-Mail\"")]
#[case("Example, Jo;jo@fabrikam.org\n", "line 1: ", "looks like an address, not like a header")]
#[case("email;a,email\n", "line 1: it cannot be told", "sep=;")]
#[tokio::test]
async fn a_header_that_cannot_be_used_is_shown_unless_it_is_data(
    #[case] list: &str,
    #[case] place: &str,
    #[case] says: &str,
) {
    let folder = project(config());
    std::fs::write(folder.path().join("invites.csv"), list).unwrap();
    for arguments in [&["check"][..], &["explain", "a@fabrikam.org"], &["invites", "add", "a@fabrikam.org"]] {
        let (code, out, err) = said(folder.path(), arguments, &SECRETS).await;
        let said = out + &err;
        assert!(code == Some(64) && said.contains(place) && said.contains(says), "{arguments:?} {said}");
        assert!(!said.contains("jo@") && !said.contains("Example"), "{said}");
    }
}
