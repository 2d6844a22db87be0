//! People whom no source says an address of: refused, or admitted by a code and by nothing else.

use guestlist_emulator::sign_up::{Event, Person, SignUp};
use rstest::rstest;
use serde_json::Value;

use crate::support::service::{Service, ext, fill};
use crate::support::with_codes::{at_the_field, code, is_in, list, reservations, service};

/// Codes for anybody, and one for an address.
fn codes() -> String {
    list(&[(1, ",,,,,2"), (2, "ada@contoso.com,,,,,5"), (3, "@fabrikam.com,,,,,5")])
}

/// A policy under which a code makes up for an address.
fn policy(gate: &str) -> String {
    format!(
        r#"
[[invites]]
name = "beta"
source = "invites.csv"
[[policies]]
name = "default"
gate = "{gate}"
allow = ["@contoso.com", "ceo@fabrikam.com"]
deny = ["@mailinator.com"]
no_address = "code"
invitation_code = "ext.InvitationCode"
"#
    )
}

async fn without_address(service: &Service) -> SignUp {
    let sign_up = service.sign_up(Person::facebook_without_address());
    let start = service.call(Event::Start, &sign_up.start()).await;
    assert_eq!(start.action_name(), "continueWithDefaultBehavior");
    assert_eq!(service.reasons().last().unwrap(), "needs-code");
    sign_up
}

/// The form of a sign-up with a code, and with an address if there is one.
fn form(sign_up: &SignUp, typed: &str, email: &str) -> Value {
    let mut body = sign_up.submit();
    fill(&mut body, &ext("InvitationCode"), typed);
    if !email.is_empty() {
        fill(&mut body, "email", email);
    }
    body
}

#[tokio::test]
async fn a_code_admits_somebody_without_an_address() {
    let service = service(&policy("invite-only"), &codes()).await;
    let sign_up = without_address(&service).await;
    let missing = service.call(Event::Submit, &form(&sign_up, "", "")).await;
    assert_eq!(at_the_field(&missing), "Enter your invitation code.");
    let body = form(&sign_up, &code(1).reveal(), "");
    // A retry is of the person who alone started under its id.
    for instance in [&service, &service, &service.another()] {
        assert!(is_in(&instance.call(Event::Submit, &body).await));
    }
    assert_eq!(reservations(&service).len(), 1);
    // The next one is somebody else, as far as anybody knows, and the one after is one too many.
    for (number, lets_in) in [(2, true), (3, false)] {
        let sign_up = without_address(&service).await;
        let answer = service.call(Event::Submit, &form(&sign_up, &code(1).reveal(), "")).await;
        assert_eq!(is_in(&answer), lets_in, "{number}");
    }
    let last = service.logged("decision").pop().unwrap();
    assert!(last.get("address").is_none() && last.get("provenance").is_none(), "{last}");
}

#[rstest]
#[case::invited("alex@fabrikam.com")]
#[case::allowed_by_name("ceo@fabrikam.com")]
#[case::allowed_by_domain("ada@contoso.com")]
#[case::whom_an_open_gate_would_admit("jo@example.org")]
#[tokio::test]
async fn an_address_that_was_typed_never_admits(
    #[case] typed: &str,
    #[values("invite-only", "open")] gate: &str,
    #[values("none", "for an address", "for a domain")] which: &str,
) {
    let service = service(&policy(gate), &codes()).await;
    let sign_up = without_address(&service).await;
    let (code, text) = match which {
        "none" => (String::new(), "Enter your invitation code."),
        "for an address" => (code(2).reveal(), "This is not a valid invitation code."),
        _ => (code(3).reveal(), "This is not a valid invitation code."),
    };
    for instance in [&service, &service.another()] {
        let answer = instance.call(Event::Submit, &form(&sign_up, &code, typed)).await;
        assert_eq!(at_the_field(&answer), text);
    }
    assert_eq!(service.logged("decision").pop().unwrap()["provenance"], "typed");
    assert_eq!(reservations(&service).len(), 0);
}

#[tokio::test]
async fn an_address_that_was_typed_neither_hinders_a_code_nor_holds_its_use() {
    let service = service(&policy("invite-only"), &codes()).await;
    let sign_up = without_address(&service).await;
    assert!(is_in(&service.call(Event::Submit, &form(&sign_up, &code(1).reveal(), "alex@fabrikam.com")).await));
    // Whoever types the same address in another sign-up takes a use of their own.
    let other = without_address(&service).await;
    assert!(is_in(&service.call(Event::Submit, &form(&other, &code(1).reveal(), "alex@fabrikam.com")).await));
    assert_eq!(reservations(&service).len(), 2);
}

#[tokio::test]
async fn an_address_that_was_typed_and_is_denied_closes_the_gate() {
    let service = service(&policy("open"), &codes()).await;
    let sign_up = without_address(&service).await;
    let answer = service.call(Event::Submit, &form(&sign_up, &code(1).reveal(), "jo@mailinator.com")).await;
    assert_eq!(
        (answer.action_name().as_str(), service.reasons().last().unwrap().as_str()),
        ("showBlockPage", "denied")
    );
    assert_eq!(reservations(&service).len(), 0);
}

#[tokio::test]
async fn who_has_an_address_is_known_by_it_on_every_instance_whatever_they_type() {
    let service = service(&policy("invite-only"), &codes()).await;
    let invited = service.sign_up(Person::email_otp("alex@fabrikam.com"));
    service.call(Event::Start, &invited.start()).await;
    let answer = service.another().call(Event::Submit, &form(&invited, "", "jo@mailinator.com")).await;
    assert_eq!(answer.action_name(), "continueWithDefaultBehavior");
    let line = service.logged("decision").pop().unwrap();
    assert_eq!((line["address_source"].as_str(), line["provenance"].as_str()), (Some("remembered"), Some("verified")));
    // A code for an address is good for whom Start saw.
    let ada = service.sign_up(Person::email_otp("kim@fabrikam.com"));
    service.call(Event::Start, &ada.start()).await;
    assert!(is_in(&service.another().call(Event::Submit, &form(&ada, &code(3).reveal(), "x@example.org")).await));
}

#[tokio::test]
async fn whom_nobody_remembers_needs_a_code_like_a_stranger() {
    let service = service(&policy("open"), &codes()).await;
    let invited = service.sign_up(Person::email_otp("alex@fabrikam.com"));
    let answer = service.call(Event::Submit, &form(&invited, "", "alex@fabrikam.com")).await;
    assert_eq!(at_the_field(&answer), "Enter your invitation code.");
    assert!(is_in(&service.call(Event::Submit, &form(&invited, &code(1).reveal(), "alex@fabrikam.com")).await));
}

#[rstest]
#[case::without_a_field_for_codes("")]
#[case::with_one("invitation_code = \"ext.InvitationCode\"\n")]
#[tokio::test]
async fn without_that_key_they_are_refused_at_start_and_at_submit(#[case] field: &str) {
    let refusing = "no_address = \"code\"\ninvitation_code = \"ext.InvitationCode\"\n";
    let service = service(&policy("open").replace(refusing, field), &codes()).await;
    let sign_up = service.sign_up(Person::facebook_without_address());
    for body in [sign_up.start(), form(&sign_up, &code(1).reveal(), "")] {
        let event = if body["data"]["userSignUpInfo"]["identities"].is_array() { Event::Start } else { Event::Submit };
        assert_eq!(service.call(event, &body).await.action_name(), "showBlockPage");
    }
    assert_eq!(service.reasons(), ["no-address", "no-address"]);
}
