//! The failure action: whom it stops, in which language, and its line in the log.

use guestlist_emulator::sign_up::{App, Event, Person, SignUp};

use crate::support::config::Config;
use crate::support::service::{INVITES, Service, ext, fill};
use crate::support::with_codes;

/// The app whose policy only reports.
const TRIAL: &str = "44444444-5555-6666-7777-bbbbbbbbbbbb";

/// A service that cannot open its state, which both policies need for an address of a mapped attribute.
async fn service() -> Service {
    let policies = format!(
        r#"
[[policies]]
name = "trial"
apps = ["{TRIAL}"]
gate = "open"
mode = "report"
email_sources = ["attribute:ext.IdpEmail"]
[[policies]]
name = "default"
gate = "open"
email_sources = ["attribute:ext.IdpEmail"]
[messages.de]
try-later = "Bitte versuchen Sie es später in {{{{ app.name }}}}."
"#
    );
    let service = with_codes::service(Config::from(policies.as_str()), INVITES).await;
    std::fs::write(service.folder.path().join(".guestlist"), "in the way").unwrap();
    service
}

/// The action's name and its text for somebody whose address is in the mapped attribute.
async fn started(service: &Service, sign_up: &SignUp) -> (String, String) {
    let mut start = sign_up.start();
    fill(&mut start, &ext("IdpEmail"), "jo@example.org");
    let answer = service.call(Event::Start, &start).await;
    (answer.action_name(), answer.action()["message"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn the_policy_of_the_app_says_whether_anybody_is_stopped() {
    let service = service().await;
    let portal = service.sign_up(Person::email_otp("jo@example.org"));
    let mut trial = portal.clone();
    trial.app = App::new(TRIAL, "Trial");
    assert_eq!(started(&service, &trial).await.0, "continueWithDefaultBehavior");
    assert_eq!(started(&service, &portal).await.0, "showBlockPage");
}

#[tokio::test]
async fn the_page_is_in_the_persons_language() {
    let service = service().await;
    let german = service.sign_up(Person::email_otp("jo@example.org").locale("de-AT"));
    let (_, text) = started(&service, &german).await;
    assert_eq!(text, "Bitte versuchen Sie es später in Contoso Portal.");
}

#[tokio::test]
async fn its_line_names_the_sign_up_and_the_app() {
    let service = service().await;
    let sign_up = service.sign_up(Person::email_otp("jo@example.org"));
    started(&service, &sign_up).await;
    let lines = service.logged("failure-action");
    let app = sign_up.start()["data"]["authenticationContext"]["clientServicePrincipal"]["appId"].clone();
    assert_eq!((lines.len(), &lines[0]["app"]), (1, &app), "{lines:?}");
    assert_eq!(lines[0]["correlation_id"], sign_up.correlation_id.as_str());
}
