//! `guestlist explain` answers why somebody was refused, or was not, for every reason there is.

use std::path::Path;

use guestlist::signup::reason::Reason;
use guestlist_emulator::sign_up::{App, Event, Person};
use rstest::rstest;
use serde_json::{Value, json};
use strum::VariantArray;

use crate::support::config::{BETA, Config};
use crate::support::function_app::said;
use crate::support::service::{Service, ext, fill};
use crate::support::with_codes::{self, code, files, is_admitted, list};

/// The app with codes, the one with rules, a closed one, one that only reports, and one without a policy.
const PORTAL: &str = "44444444-5555-6666-7777-888888888888";
const SHOP: &str = "44444444-5555-6666-7777-999999999999";
const ARCHIVE: &str = "44444444-5555-6666-7777-aaaaaaaaaaaa";
const TRIAL: &str = "44444444-5555-6666-7777-bbbbbbbbbbbb";
const STRANGE: &str = "44444444-5555-6666-7777-cccccccccccc";

fn policies() -> Config {
    Config::from(BETA).and(format!(
        r#"
[[policies]]
name = "portal"
apps = ["{PORTAL}"]
gate = "invite-only"
allow = ["@contoso.com"]
deny = ["@mailinator.com"]
email_sources = ["identity", "attribute:email", "attribute:ext.IdpEmail"]
invitation_code = "ext.InvitationCode"
  [[policies.rules]]
  attribute = "country"
  one_of = ["AU", "NZ"]
  message = "country"
[[policies]]
name = "shop"
apps = ["{SHOP}"]
gate = "open"
deny_disposable = true
  [[policies.rules]]
  when = "attributes.country == 'XX' || client.ip == '203.0.113.9'"
  outcome = "block"
[[policies]]
name = "archive"
apps = ["{ARCHIVE}"]
gate = "closed"
[[policies]]
name = "trial"
apps = ["{TRIAL}"]
gate = "invite-only"
mode = "report"
email_sources = ["attribute:ext.IdpEmail"]
[messages.en]
country = "We are in Australia and New Zealand."
[messages.de]
code-wrong = "Diesen Code kennen wir nicht."
"#
    ))
}

fn invites() -> String {
    let (other, lines) =
        (format!(",,{SHOP},,,"), "old@fabrikam.com,,,,2020-01-31,,\nnew@fabrikam.com,,,2099-01-31,,,\n");
    let codes = [
        (1, ",,,,,100"),
        (2, ",,,,2020-01-31,"),
        (3, ",,,2099-01-31,,"),
        (4, &other),
        (5, "jo@example.org,,,,,"),
        (7, ",,,,,1"),
    ];
    format!("{}{lines}shop@fabrikam.com,,{SHOP},,,,\n", list(&codes))
}

/// A service whose code 7 has been used.
async fn service() -> Service {
    let service = with_codes::service(policies(), &invites()).await;
    let mut sign_up = service.sign_up(Person::email_otp("first@example.org"));
    sign_up.app = App::new(PORTAL, "Portal");
    service.call(Event::Start, &sign_up.start()).await;
    let mut submit = sign_up.submit();
    fill(&mut submit, &ext("InvitationCode"), &code(7).reveal());
    assert!(is_admitted(&service.call(Event::Submit, &submit).await));
    service
}

/// The exit code, and what was said on both streams.
async fn explain(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let (code, out, err) = said(folder, &[&["explain"], arguments].concat(), &[]).await;
    (code, out + &err)
}

async fn explained(folder: &Path, arguments: &[&str]) -> (String, Value) {
    let (code, text) = explain(folder, arguments).await;
    assert_eq!(code, Some(0), "{text}");
    let (code, json) = explain(folder, &[arguments, &["--json"]].concat()).await;
    assert_eq!(code, Some(0), "{json}");
    (text, serde_json::from_str(&json).unwrap())
}

/// Address, app, further arguments, verdict and reason. `CODE 1` stands for code 1.
const CASES: [(&str, &str, &str, &str, &str); 25] = [
    ("alex@fabrikam.com", PORTAL, "", "admitted", "invitation"),
    ("ada@contoso.com", PORTAL, "", "admitted", "allow"),
    ("jo@example.org", SHOP, "", "admitted", "open"),
    ("jo@example.org", PORTAL, "--code CODE 1", "admitted", "code"),
    ("jo@example.org", PORTAL, "", "needs a code", "needs-code"),
    ("jo@example.org", STRANGE, "", "refused", "no-policy"),
    ("alex@fabrikam.com", ARCHIVE, "", "refused", "closed"),
    ("", PORTAL, "", "refused", "no-address"),
    ("", TRIAL, "--attribute ext.IdpEmail=alex@fabrikam.com", "refused", "address-typed"),
    ("jo@example.org", TRIAL, "--email-source attribute:ext.IdpEmail", "refused", "not-invited"),
    ("old@fabrikam.com", TRIAL, "--email-source attribute:ext.IdpEmail", "refused", "invitation-expired"),
    ("new@fabrikam.com", TRIAL, "--email-source attribute:ext.IdpEmail", "refused", "invitation-not-yet-valid"),
    ("shop@fabrikam.com", TRIAL, "--email-source attribute:ext.IdpEmail", "refused", "invitation-for-another-app"),
    ("jo@mailinator.com", PORTAL, "", "refused", "denied"),
    ("jo@mailinator.com", SHOP, "", "refused", "disposable"),
    ("jo@example.org", SHOP, "--attribute country=XX", "refused", "rule-blocked"),
    ("alex@fabrikam.com", PORTAL, "--attribute country=DE", "rejected", "rules"),
    ("jo@example.org", PORTAL, "--submit", "rejected", "code-missing"),
    ("jo@example.org", PORTAL, "--code CODE 99", "rejected", "code-wrong"),
    ("jo@example.org", PORTAL, "--code CODE 2", "rejected", "code-expired"),
    ("jo@example.org", PORTAL, "--code CODE 3", "rejected", "code-not-yet-valid"),
    ("jo@example.org", PORTAL, "--code CODE 4", "rejected", "code-for-another-app"),
    ("kim@example.org", PORTAL, "--code CODE 5", "rejected", "code-for-another-address"),
    ("jo@example.org", PORTAL, "--code CODE 7", "rejected", "code-used-up"),
    ("first@example.org", PORTAL, "--code CODE 7", "admitted", "code"),
];

/// Reasons that follow from other calls or from failures, and that `explain` cannot arrange.
const BY_NAME: [&str; 6] =
    ["too-many-tries", "deadline", "keys-unavailable", "invites-unavailable", "state-unavailable", "panicked"];

/// The further arguments one by one, with codes in place of their numbers.
fn words(further: &str) -> Vec<String> {
    if let Some(number) = further.strip_prefix("--code CODE ") {
        return vec!["--code".to_owned(), code(number.parse().unwrap()).reveal()];
    }
    further.split_whitespace().map(str::to_owned).collect()
}

/// Whether text and JSON say what the reason means and what can be done.
fn assert_explains(reason: &str, text: &str, json: &Value) {
    let known: Reason = reason.parse().unwrap();
    assert!(!known.meaning().is_empty() && text.contains(known.meaning()), "{text}");
    assert!(text.contains(known.remedy()), "{text}");
    assert_eq!((&json["reason"], &json["meaning"]), (&json!(reason), &json!(known.meaning())));
    assert_eq!(json["remedy"].as_str().unwrap_or_default(), known.remedy());
}

#[test]
fn every_reason_there_is_is_explained_below() {
    for reason in Reason::VARIANTS {
        let arranged = CASES.iter().any(|(.., known)| *known == reason.name());
        assert_ne!(arranged, BY_NAME.contains(&reason.name()), "{}", reason.name());
    }
}

#[tokio::test]
async fn every_reason_of_a_decision_is_explained_with_its_steps_and_nothing_is_written() {
    let service = service().await;
    let before = files(service.folder.path());
    for (who, app, further, verdict, reason) in CASES {
        let further = words(further);
        let further = further.iter().map(String::as_str);
        let arguments: Vec<&str> = [who, "--app", app].into_iter().chain(further).collect();
        let (text, json) = explained(service.folder.path(), &arguments).await;
        let shown = if who.is_empty() { "(no address)" } else { who };
        assert_eq!(text.lines().next().unwrap(), format!("{shown}: {verdict}, {reason}"), "{text}");
        assert_explains(reason, &text, &json);
        let steps = json["steps"].as_array().unwrap();
        assert!(steps.len() >= 2, "{json:#}");
        for step in steps {
            let (asked, found) = (step["asked"].as_str().unwrap(), step["found"].as_str().unwrap());
            assert!(step["took_us"].is_u64() && text.contains(asked) && text.contains(found), "{step} {text}");
        }
        assert!(text.lines().any(|line| line.ends_with(" us]")), "{text}");
        assert!(arguments.get(4).is_none_or(|typed| !typed.contains("-4") || !text.contains(typed)), "{text}");
        assert_eq!(json["admitted"], verdict == "admitted");
    }
    assert_eq!(files(service.folder.path()), before);
}

#[rstest]
#[tokio::test]
async fn a_reason_of_the_log_is_explained_by_its_name(
    #[values(
        "too-many-tries",
        "deadline",
        "keys-unavailable",
        "invites-unavailable",
        "state-unavailable",
        "panicked",
        "denied",
        "code"
    )]
    reason: &str,
) {
    // It needs no configuration.
    let nowhere = tempfile::tempdir().unwrap();
    let (text, json) = explained(nowhere.path(), &["--reason", reason]).await;
    assert!(text.starts_with(&format!("{reason}: ")), "{text}");
    assert_explains(reason, &text, &json);
}

#[rstest]
#[case(&["--reason", "not-invitd"], "did you mean not-invited?")]
#[case(&["jo@example.org", "--email-source", "attribute:ext.No Such"], "is not an attribute's name")]
#[case(&["jo@example.org", "--email-source", "identety"], "identity, federated-id, attribute:NAME")]
#[case(&["jo@example.org", "--attribute", "countyr=AU"], "\"countyr\" is not an attribute's name")]
#[case(&["jo@example.org", "--attribute", "AU"], "NAME=VALUE")]
#[case(&["jo@example.org", "--attribute", "country:=AU"], "true or false")]
#[case(&["jo@example.org", "--at", "yesterday"], "--at")]
#[case(&["jo@example.org", "--ip", "localhost"], "--ip")]
#[case(&["jo@example.org", "--reason", "denied"], "--reason")]
#[tokio::test]
async fn a_question_that_cannot_be_asked_is_code_64_and_a_hint(#[case] arguments: &[&str], #[case] hint: &str) {
    let service = service().await;
    let (code, said) = explain(service.folder.path(), arguments).await;
    assert_eq!(code, Some(64), "{said}");
    assert!(said.contains(hint), "{said}");
}

/// The reason for somebody at the portal, and the text.
async fn at_the_portal(service: &Service, arguments: &[&str]) -> (String, String) {
    let (text, json) = explained(service.folder.path(), &[&["--app", PORTAL], arguments].concat()).await;
    (json["reason"].as_str().unwrap().to_owned(), text)
}

#[rstest]
#[case::now(&[], "needs-code")]
#[case::before_it_expired(&["--at", "2020-01-31T23:59:59Z"], "invitation")]
#[case::after_it_expired(&["--at", "2020-02-01T00:00:00Z"], "needs-code")]
#[tokio::test]
async fn explain_travels_in_time(#[case] at: &[&str], #[case] reason: &str) {
    let service = service().await;
    assert_eq!(at_the_portal(&service, &[&["old@fabrikam.com"], at].concat()).await.0, reason);
}

#[rstest]
#[case::verified(&["ada@contoso.com"], "allow", "verified by identity")]
#[case::an_attribute(&["ada@contoso.com", "--email-source", "attribute:ext.IdpEmail"], "allow", "asserted by attribute:ext.IdpEmail")]
#[case::remembered(&["ada@contoso.com", "--email-source", "attribute:ext.IdpEmail", "--attribute", "country=AU"], "allow", "asserted by remembered")]
#[case::edited(&["ada@contoso.com", "--email-source", "attribute:ext.IdpEmail", "--attribute", "ext.IdpEmail=jo@mailinator.com"], "allow", "remembered")]
#[case::a_source_that_is_not_asked(&["ada@contoso.com", "--email-source", "federated-id"], "no-address", "no source says one")]
#[case::no_address_at_all(&["ada@contoso"], "no-address", "what identity says")]
#[tokio::test]
async fn explain_says_where_the_address_comes_from(
    #[case] arguments: &[&str],
    #[case] reason: &str,
    #[case] says: &str,
) {
    let service = service().await;
    let (found, text) = at_the_portal(&service, arguments).await;
    assert_eq!(found, reason, "{text}");
    assert!(text.contains(says), "{text}");
}

#[tokio::test]
async fn explain_shows_the_errors_as_the_person_reads_them_and_what_is_compared() {
    let service = service().await;
    let arguments = ["jo+x@example.org", "--code", "welcome", "--attribute", "country=DE", "--locale", "de-AT"];
    let (_, text) = at_the_portal(&service, &arguments).await;
    for row in [
        "ext.InvitationCode Diesen Code kennen wir nicht.",
        "country We are in Australia and New Zealand.",
        "compared, ignore-tag jo@example.org",
        "above the form Please correct the marked fields.",
    ] {
        let squeezed = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
        assert!(squeezed.into_iter().any(|line| line == row), "{row}\n{text}");
    }
    assert!(text.contains("\nstart\n") && text.contains("\nsubmit\n") && !text.contains("welcome"), "{text}");
    let (code, said) =
        explain(service.folder.path(), &["jo@example.org", "--app", SHOP, "--submit", "--ip", "203.0.113.9"]).await;
    assert!(code == Some(0) && said.contains("refused, rule-blocked"), "{said}");
}

#[tokio::test]
async fn explain_looks_at_the_reservations_there_are_and_says_if_it_cannot() {
    let service = service().await;
    let used = code(7).reveal();
    // The person who took the use keeps it.
    assert_eq!(at_the_portal(&service, &["FIRST@example.org", "--code", &used]).await.0, "code");
    assert_eq!(at_the_portal(&service, &["jo@example.org", "--code", &used]).await.0, "code-used-up");
    std::fs::remove_dir_all(service.folder.path().join(".guestlist")).unwrap();
    assert_eq!(at_the_portal(&service, &["jo@example.org", "--code", &used]).await.0, "code");
    assert!(!service.folder.path().join(".guestlist").exists());
    std::fs::write(service.folder.path().join(".guestlist"), "in the way").unwrap();
    let (code, said) = explain(service.folder.path(), &["jo@example.org", "--app", PORTAL, "--code", &used]).await;
    assert_ne!(code, Some(0));
    assert!(said.starts_with("state-unavailable: the state store does not work"), "{said}");
}
