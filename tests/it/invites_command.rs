//! `guestlist invites add`, as the binary does it, to the lists that people keep.

use std::collections::BTreeSet;
use std::path::Path;

use guestlist::values::Code;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::config::{self, Config};
use crate::support::function_app::{self, SECRETS, Said, project, said};

const APP: &str = "44444444-5555-6666-7777-888888888888";

async fn guestlist(folder: &Path, arguments: &[&str]) -> Said {
    said(folder, arguments, &SECRETS).await
}

async fn add(folder: &Path, arguments: &[&str]) -> Said {
    guestlist(folder, &[&["invites", "add"], arguments].concat()).await
}

fn list(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("invites.csv")).unwrap()
}

fn write(folder: &Path, list: &str) {
    std::fs::write(folder.join("invites.csv"), list).unwrap();
}

/// The configuration of the tests, with a field for codes.
fn config() -> Config {
    config::config().add("policies.default.invitation_code", "jobTitle")
}

/// A second source besides `beta`, with its list.
fn with_partners() -> tempfile::TempDir {
    let folder = project(config().and("[[invites]]\nname = \"partners\"\nsource = \"partners.csv\""));
    std::fs::write(folder.path().join("partners.csv"), "email\n").unwrap();
    folder
}

#[tokio::test]
async fn an_address_and_a_domain_are_admitted_from_then_on() {
    let folder = project(config());
    write(folder.path(), "email,name\n");
    let (code, out, err) = add(folder.path(), &["Jo@Example.org", "--name", "Jo", "--group", "Testers"]).await;
    assert_eq!((code, out.as_str(), err.as_str()), (Some(0), "invited on line 2 of invites.csv\n", ""));
    assert_eq!(add(folder.path(), &["@*.example.net"]).await.0, Some(0));
    assert_eq!(list(folder.path()), "email,name,groups\nJo@Example.org,Jo,Testers\n@*.example.net,,\n");
    for (address, verdict) in [
        ("jo@example.org", "admitted, invitation"),
        ("anybody@mail.example.net", "admitted, invitation"),
        ("sam@example.org", "needs a code, needs-code"),
    ] {
        let (_, said, _) = guestlist(folder.path(), &["explain", address]).await;
        assert!(said.starts_with(&format!("{address}: {verdict}")), "{said}");
    }
}

#[tokio::test]
async fn a_code_is_shown_once_and_only_its_hash_is_kept() {
    let folder = project(config());
    write(folder.path(), "email\nalex@fabrikam.com\n");
    let arguments =
        ["--code", "--uses", "3", "--for", "@example.org", "--expires", "2099-12-31", "--app", APP, "--tag", "press"];
    let (code, out, err) = add(folder.path(), &arguments).await;
    assert_eq!(code, Some(0), "{err}");
    let shown: Code = out.trim().parse().unwrap();
    assert_eq!(out, format!("{}\n", shown.reveal()));
    assert!(err.contains("line 3 of invites.csv") && !err.contains(out.trim()), "{err}");
    let list = list(folder.path());
    let expected = format!(
        "email,apps,tags,code,uses,expires\nalex@fabrikam.com\n@example.org,{APP},press,{},3,2099-12-31\n",
        shown.digest()
    );
    assert_eq!(list, expected);
    let plain = out.trim();
    assert!(!list.contains(plain) && !list.contains(&plain.replace('-', "")));
    let (code, checked, _) = guestlist(folder.path(), &["check"]).await;
    assert!(code == Some(0) && checked.contains(" 2 invitations"), "{checked}");
    assert!(!checked.contains("warning"), "{checked}");
    let (_, said, _) = guestlist(folder.path(), &["explain", "anybody@example.org"]).await;
    assert!(said.contains("needs-code"), "an address alone is not enough: {said}");
}

#[tokio::test]
async fn many_codes_come_one_a_line_and_nothing_else_does() {
    let folder = project(config());
    let before = list(folder.path());
    let (code, out, err) = add(folder.path(), &["--code", "--count", "25"]).await;
    assert_eq!(code, Some(0), "{err}");
    let digests: BTreeSet<String> =
        out.lines().map(|line| line.parse::<Code>().unwrap().digest().to_string()).collect();
    assert_eq!((digests.len(), out.lines().count(), err.lines().count()), (25, 25, 1), "{err}");
    let after = list(folder.path());
    assert!(digests.iter().all(|digest| after.contains(digest)));
    assert_eq!(after.lines().count(), before.lines().count() + 25);
}

#[tokio::test]
async fn json_is_one_object() {
    let folder = with_partners();
    let (code, out, err) = add(folder.path(), &["--code", "--count", "2", "--source", "partners", "--json"]).await;
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let answer: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&answer["source"], &answer["file"]), (&json!("partners"), &json!("partners.csv")));
    assert_eq!((&answer["lines"], &answer["warnings"]), (&json!([2, 3]), &json!([])));
    let codes = answer["codes"].as_array().unwrap();
    assert!(codes.len() == 2 && codes.iter().all(|code| code.as_str().unwrap().parse::<Code>().is_ok()), "{answer}");
    let (code, out, err) = add(folder.path(), &["a@example.org", "--source", "partnres", "--json"]).await;
    assert_eq!((code, err.as_str()), (Some(64), ""));
    let answer: Value = serde_json::from_str(&out).unwrap();
    assert!(answer["error"].as_str().unwrap().contains("did you mean partners?"), "{answer}");
}

#[tokio::test]
async fn a_spreadsheets_list_keeps_its_mark_its_line_ends_and_its_lines() {
    let folder = project(config());
    write(folder.path(), "\u{FEFF}Name,Email\r\n\"Fabrikam, Alex\",alex@fabrikam.com\r\nSam,sam@fabrikam.com");
    let note = "said \"yes\", twice";
    let (code, _, err) = add(folder.path(), &["jo@example.org", "--note", note, "--tag", "a", "--tag", "b"]).await;
    assert!(code == Some(0) && err.starts_with("invites.csv:3: warning: ") && err.lines().count() == 1, "{err}");
    let expected = "\u{FEFF}Name,Email,tags,note\r\n\"Fabrikam, Alex\",alex@fabrikam.com\r\nSam,sam@fabrikam.com\r\n\
                    ,jo@example.org,a;b,\"said \"\"yes\"\", twice\"\r\n";
    assert_eq!(list(folder.path()), expected);
    let (code, checked, _) = guestlist(folder.path(), &["check"]).await;
    assert!(code == Some(0) && checked.contains("3 invitations") && !checked.contains("warning"), "{checked}");
}

#[tokio::test]
async fn processes_that_add_at_once_lose_nothing() {
    let folder = project(config());
    write(folder.path(), "email\n");
    let addresses: Vec<String> = (0..8).map(|number| format!("jo{number}@example.org")).collect();
    let adds = addresses.iter().map(|address| {
        let path = folder.path();
        async move { add(path, &[address.as_str()]).await }
    });
    let said = futures_util::future::join_all(adds).await;
    assert!(said.iter().all(|(code, ..)| *code == Some(0)), "{said:?}");
    let list = list(folder.path());
    assert_eq!(list.lines().skip(1).collect::<BTreeSet<_>>(), addresses.iter().map(String::as_str).collect());
    assert!(!folder.path().join("invites.csv.lock").exists());
}

/// The writer is killed while it has the list: it has so many lines that reading them takes its time.
#[cfg(unix)]
#[tokio::test]
async fn a_writer_that_was_killed_stops_nobody() {
    let folder = project(config());
    let whole = (0..100_000).fold("email\n".to_owned(), |list, number| list + &format!("jo{number}@example.org\n"));
    write(folder.path(), &whole);
    let lock = folder.path().join("invites.csv.lock");
    let mut writer =
        function_app::command(folder.path(), &["invites", "add", "sam@example.org"], &SECRETS).spawn().unwrap();
    while !lock.exists() {
        assert_eq!(writer.try_wait().unwrap(), None, "it ended before it had the list");
        std::thread::yield_now();
    }
    writer.kill().unwrap();
    let ended = writer.wait().unwrap();
    assert!(!ended.success() && list(folder.path()) == whole && lock.exists(), "it was killed in the middle: {ended}");
    write(folder.path(), "email\n");
    let (code, out, err) = add(folder.path(), &["jo@example.org"]).await;
    assert_eq!((code, out.as_str(), err.as_str()), (Some(0), "invited on line 2 of invites.csv\n", ""));
    assert!(!lock.exists());
}

#[tokio::test]
async fn the_source_is_named_if_there_are_several() {
    let folder = with_partners();
    for (arguments, says) in [
        (&["jo@example.org"][..], "name one by --source: beta, partners"),
        (&["jo@example.org", "--source", "vips"][..], "there is no invite source \"vips\" (there is beta, partners)"),
    ] {
        let (code, out, err) = add(folder.path(), arguments).await;
        assert_eq!((code, out.as_str()), (Some(64), ""));
        assert!(err.contains(says), "{err}");
    }
    let (code, out, _) = add(folder.path(), &["jo@example.org", "--source", "partners"]).await;
    assert_eq!((code, out.as_str()), (Some(0), "invited on line 2 of partners.csv\n"));
}

#[rstest]
#[case::nobody(&[], 64, "--code")]
#[case::both(&["jo@example.org", "--code"], 64, "--code")]
#[case::no_address(&["jo"], 64, "it has no @")]
#[case::a_public_suffix(&["@co.uk"], 64, "public suffix")]
#[case::a_public_suffix_for_a_code(&["--code", "--for", "@*.github.io"], 64, "public suffix")]
#[case::uses_of_an_address(&["jo@example.org", "--uses", "2"], 64, "cannot be used with")]
#[case::uses_of_nothing(&["--uses", "2"], 64, "--code")]
#[case::for_whom_without_a_code(&["--for", "@example.org"], 64, "--code")]
#[case::no_uses(&["--code", "--uses", "0"], 64, "from 1 to 1000")]
#[case::too_many_uses(&["--code", "--uses", "1001"], 64, "from 1 to 1000")]
#[case::no_codes(&["--code", "--count", "0"], 64, "--count")]
#[case::no_date(&["jo@example.org", "--expires", "soon"], 64, "neither 2026-12-31 nor")]
#[case::the_past(&["jo@example.org", "--expires", "2020-01-31"], 64, "in the past")]
#[case::backwards(&["jo@example.org", "--not-before", "2099-12-31", "--expires", "2099-01-31"], 64, "never valid")]
#[case::no_app(&["jo@example.org", "--app", "portal"], 64, "--app")]
#[case::two_tags_in_one(&["jo@example.org", "--tag", "a;b"], 64, "repeat the option")]
#[case::no_tag(&["jo@example.org", "--tag", " "], 64, "it is empty")]
#[case::two_lines(&["jo@example.org", "--note", "two\nlines"], 64, "line break")]
#[case::there_already(&["ALEX@fabrikam.com"], 1, "line 2 already invites the same: change that line")]
#[tokio::test]
async fn an_invitation_that_makes_no_sense_changes_nothing(
    #[case] arguments: &[&str],
    #[case] exit: i32,
    #[case] says: &str,
) {
    let folder = project(config());
    let before = list(folder.path());
    let (code, out, err) = add(folder.path(), arguments).await;
    assert_eq!((code, out.as_str()), (Some(exit), ""), "{err}");
    assert!(err.contains(says), "{err}");
    assert_eq!(list(folder.path()), before);
}

#[tokio::test]
async fn the_errors_of_a_configuration_are_shown_as_by_other_commands() {
    let folder = project("[tenant]\n");
    let (code, _, err) = add(folder.path(), &["jo@example.org"]).await;
    assert!(code == Some(64) && err.contains("guestlist.toml:1:1: tenant.id: this key is missing"), "{err}");
    let folder = project(config().remove("invites"));
    let (code, _, err) = add(folder.path(), &["jo@example.org"]).await;
    assert!(code == Some(64) && err.contains("the configuration has no [[invites]]"), "{err}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_list_or_a_folder_that_cannot_be_written_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let folder = project(config());
    let before = list(folder.path());
    let mode = |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    mode(&folder.path().join("invites.csv"), 0o444);
    let (code, out, err) = add(folder.path(), &["--code"]).await;
    assert!(code == Some(1) && out.is_empty() && err.contains("invites.csv is read-only"), "{err}");
    mode(&folder.path().join("invites.csv"), 0o644);
    mode(folder.path(), 0o555);
    // Root may write everywhere: then the folder is no obstacle.
    let closed = std::fs::write(folder.path().join("probe"), "").is_err();
    let (code, out, err) = add(folder.path(), &["--code"]).await;
    mode(folder.path(), 0o755);
    if closed {
        assert!(code == Some(1) && out.is_empty() && err.contains("cannot write"), "{err}");
        assert_eq!(list(folder.path()), before);
    } else {
        assert_eq!(code, Some(0), "{err}");
    }
}

#[tokio::test]
async fn a_new_list_that_cannot_be_written_is_an_error_and_no_code_is_shown() {
    // Its name is so long that there is none for a new file beside it, but one for the lock.
    let name = format!("{}.csv", "invites".repeat(34));
    let folder = project(config().set("invites.beta.source", name.as_str()));
    let path = folder.path().join(&name);
    std::fs::write(&path, "email\n").unwrap();
    let (code, out, err) = add(folder.path(), &["--code"]).await;
    assert!(code == Some(1) && out.is_empty() && err.contains("cannot write"), "{err}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "email\n");
    assert!(!folder.path().join(format!("{name}.lock")).exists());
}

/// Scripts may write a new list there before they rename it, and people may keep codes there.
#[tokio::test]
async fn a_file_of_somebody_else_beside_the_list_is_left_alone() {
    let folder = project(config());
    write(folder.path(), "email\n");
    let (code, out, err) = add(folder.path(), &["--code", "--out", "invites.csv.new"]).await;
    assert_eq!(code, Some(0), "{out} {err}");
    let codes = std::fs::read_to_string(folder.path().join("invites.csv.new")).unwrap();
    let code: Code = codes.trim().parse().unwrap();
    assert!(list(folder.path()).contains(&code.digest().to_string()));
    assert_eq!(add(folder.path(), &["jo@example.org"]).await.0, Some(0));
    assert_eq!(std::fs::read_to_string(folder.path().join("invites.csv.new")).unwrap(), codes);
}

#[rstest]
#[case(&["invites", "--help"], "add")]
#[case(&["invites", "add", "--help"], "--for <ADDRESS|@DOMAIN>")]
#[tokio::test]
async fn help_is_an_answer(#[case] arguments: &[&str], #[case] says: &str) {
    let nowhere = tempfile::tempdir().unwrap();
    let (code, out, _) = guestlist(nowhere.path(), arguments).await;
    assert!(code == Some(0) && out.contains(says), "{out}");
}

#[tokio::test]
async fn codes_that_no_form_asks_for_are_reported() {
    let folder = project(config::config());
    let (code, out, said) = add(folder.path(), &["--code"]).await;
    assert_eq!((code, out.lines().count()), (Some(0), 1));
    assert!(said.contains("no policy has invitation_code"), "{said}");
}

#[cfg(unix)]
#[tokio::test]
async fn codes_go_to_a_file_that_nobody_else_may_read() {
    use std::os::unix::fs::PermissionsExt;

    let folder = project(config());
    write(folder.path(), "email\nalex@fabrikam.com\n");
    let (code, out, err) = add(folder.path(), &["--code", "--count", "3", "--out", "codes.txt"]).await;
    assert_eq!((code, err.as_str()), (Some(0), ""), "{err}");
    let file = folder.path().join("codes.txt");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o7777, 0o600);
    let codes: Vec<Code> = std::fs::read_to_string(&file).unwrap().lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(codes.len(), 3);
    assert!(out.contains("codes.txt") && out.contains("lines 3 to 5 of invites.csv"), "{out}");
    for code in &codes {
        assert!(list(folder.path()).contains(&code.digest().to_string()));
        assert!(!out.contains(&code.reveal()), "{out}");
    }
    let (code, out, _) = add(folder.path(), &["--code", "--json", "--out", "more.txt"]).await;
    let answer: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &answer["codes"], &answer["out"]), (Some(0), &json!([]), &json!("more.txt")));
}

#[tokio::test]
async fn a_file_that_is_there_keeps_its_codes_and_a_list_that_cannot_be_changed_leaves_no_file() {
    let folder = project(config());
    write(folder.path(), "email\n");
    std::fs::write(folder.path().join("codes.txt"), "earlier ones\n").unwrap();
    let (code, _, err) = add(folder.path(), &["--code", "--out", "codes.txt"]).await;
    assert!(code == Some(64) && err.contains("codes.txt is there already"), "{code:?} {err}");
    let (code, _, err) = add(folder.path(), &["--code", "--out", "nowhere/codes.txt"]).await;
    assert!(code == Some(1) && err.contains("cannot write nowhere/codes.txt"), "{code:?} {err}");
    assert_eq!(std::fs::read_to_string(folder.path().join("codes.txt")).unwrap(), "earlier ones\n");
    assert_eq!(list(folder.path()), "email\n");
    // Nothing is added to a list whose header cannot be used.
    write(folder.path(), "email,email\nalex@fabrikam.com,\n");
    let (code, _, err) = add(folder.path(), &["--code", "--out", "new.txt"]).await;
    assert_ne!(code, Some(0), "{err}");
    assert!(!folder.path().join("new.txt").exists());
    assert_eq!(add(folder.path(), &["jo@example.org", "--out", "new.txt"]).await.0, Some(64));
}

/// Runs the binary with another standard output than a pipe that is read. Exit code and standard error.
#[cfg(unix)]
fn shown_on(out: impl Into<std::process::Stdio>, folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = function_app::command(folder, arguments, &SECRETS);
    let ended = command.stdout(out).stderr(std::process::Stdio::piped()).spawn().unwrap().wait_with_output().unwrap();
    (ended.status.code(), String::from_utf8(ended.stderr).unwrap())
}

/// A device that is always full.
#[cfg(target_os = "linux")]
fn full() -> std::fs::File {
    std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap()
}

/// A pipe whose reader has gone.
#[cfg(unix)]
fn abandoned() -> std::io::PipeWriter {
    std::io::pipe().unwrap().1
}

#[cfg(target_os = "linux")]
#[rstest]
#[case::one(&["--code"], "the code on line 3 of invites.csv")]
#[case::several(&["--code", "--count", "3"], "the codes on lines 3 to 5 of invites.csv")]
#[case::as_json(&["--code", "--count", "3", "--json"], "the codes on lines 3 to 5 of invites.csv")]
fn codes_that_could_not_be_shown_are_a_failure_that_names_their_lines(#[case] arguments: &[&str], #[case] says: &str) {
    for is_full in [true, false] {
        let folder = project(config());
        write(folder.path(), "email\nalex@fabrikam.com\n");
        let arguments = [&["invites", "add"], arguments].concat();
        let (code, err) = if is_full {
            shown_on(full(), folder.path(), &arguments)
        } else {
            shown_on(abandoned(), folder.path(), &arguments)
        };
        assert_eq!(code, Some(1), "{err}");
        assert!(err.contains(says) && err.contains("add again with --out"), "{err}");
        assert!(!err.contains("shown once"), "{err}");
        assert!(!list(folder.path()).lines().nth(2).unwrap().is_empty());
    }
}

#[cfg(target_os = "linux")]
#[rstest]
#[case(&["check"])]
#[case(&["check", "--json"])]
#[case(&["explain", "alex@fabrikam.com"])]
#[case(&["schema"])]
#[case(&["invites", "add", "jo@example.org"])]
#[case(&["invites", "add", "--code", "--out", "codes.txt"])]
fn an_answer_to_a_full_device_is_a_failure_and_one_to_a_closed_pipe_is_not(#[case] arguments: &[&str]) {
    let folder = project(config());
    let (code, err) = shown_on(full(), folder.path(), arguments);
    assert!(code == Some(1) && err.contains("standard output"), "{code:?} {err}");
    let folder = project(config());
    assert_eq!(shown_on(abandoned(), folder.path(), arguments), (Some(0), String::new()));
}

#[rstest]
#[case("@gmail.com")]
#[case("@*.Yahoo.de")]
#[tokio::test]
async fn a_public_mail_provider_is_invited_only_if_it_is_meant(#[case] domain: &str) {
    let folder = project(config());
    write(folder.path(), "email\n");
    let (code, _, err) = add(folder.path(), &[domain]).await;
    assert!(code == Some(64) && err.contains("everyone who has an address there") && err.contains("--yes"), "{err}");
    let (code, out, _) = add(folder.path(), &[domain, "--json"]).await;
    let answer: Value = serde_json::from_str(&out).unwrap();
    assert!(code == Some(64) && answer["error"].as_str().unwrap().contains("--yes"), "{out}");
    assert_eq!(list(folder.path()), "email\n");
    let (code, _, err) = add(folder.path(), &[domain, "--yes"]).await;
    assert!(code == Some(0) && err.contains("invites.csv:2: warning: invites everyone"), "{err}");
    // An address there, and a code for those who have one, are nothing unusual.
    assert_eq!(add(folder.path(), &["jo@gmail.com"]).await.2, "");
    let (code, _, err) = add(folder.path(), &["--code", "--for", "@gmail.com"]).await;
    assert!(code == Some(0) && !err.contains("provider"), "{err}");
}

#[tokio::test]
async fn what_the_encoding_of_a_list_lacks_is_not_written() {
    let folder = project(config());
    let path = folder.path().join("invites.csv");
    let old = b"E-Mail;Name\r\na@fabrikam.org;Jos\xE9\r\n";
    std::fs::write(&path, old).unwrap();
    for arguments in [&["b@fabrikam.org", "--name", "Йо"][..], &["jörg@fabrikam.org"]] {
        let (code, _, err) = add(folder.path(), arguments).await;
        assert!(code == Some(64) && err.contains("UTF-8"), "{err}");
        assert_eq!(std::fs::read(&path).unwrap(), old);
    }
}
