//! People without an address in any source: they are refused, or admitted by a code and by nothing else.

use guestlist_emulator::sign_up::{Event, Person, SignUp};
use rstest::rstest;
use serde_json::Value;

use crate::support::config::{Config, invite_only};
use crate::support::service::{Service, ext, fill};
use crate::support::with_codes::{code, code_error, is_admitted, list, reservations, service};

/// A code for anybody, one for an address, and one for a domain.
fn codes() -> String {
    list(&[(1, ",,,,,2"), (2, "ada@contoso.com,,,,,5"), (3, "@fabrikam.com,,,,,5")])
}

/// A policy under which people without an address need a code.
fn policy(gate: &str) -> Config {
    let keys = r#"
        allow = ["@contoso.com", "ceo@fabrikam.com"]
        deny = ["@mailinator.com"]
        no_address = "code"
        invitation_code = "ext.InvitationCode"
        "#;
    invite_only().set("policies.default.gate", gate).add_keys("policies.default", keys)
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
    let service = service(policy("invite-only"), &codes()).await;
    let sign_up = without_address(&service).await;
    let missing = service.call(Event::Submit, &form(&sign_up, "", "")).await;
    assert_eq!(code_error(&missing), "Enter your invitation code.");
    let body = form(&sign_up, &code(1).reveal(), "");
    // Only one person started under this id: a retry is theirs.
    for instance in [&service, &service, &service.another()] {
        assert!(is_admitted(&instance.call(Event::Submit, &body).await));
    }
    assert_eq!(reservations(&service).len(), 1);
    // The next ones count as somebody else. The code has two uses.
    for (number, lets_in) in [(2, true), (3, false)] {
        let sign_up = without_address(&service).await;
        let answer = service.call(Event::Submit, &form(&sign_up, &code(1).reveal(), "")).await;
        assert_eq!(is_admitted(&answer), lets_in, "{number}");
    }
    let last = service.logged("decision").pop().unwrap();
    assert!(last.get("address").is_none() && last.get("provenance").is_none(), "{last}");
}

#[rstest]
#[case::invited("alex@fabrikam.com")]
#[case::allowed_by_name("ceo@fabrikam.com")]
#[case::allowed_by_domain("ada@contoso.com")]
#[case::admitted_by_an_open_gate("jo@example.org")]
#[tokio::test]
async fn a_typed_address_never_admits(
    #[case] typed: &str,
    #[values("invite-only", "open")] gate: &str,
    #[values("none", "for an address", "for a domain")] which: &str,
) {
    let service = service(policy(gate), &codes()).await;
    let sign_up = without_address(&service).await;
    let (code, text) = match which {
        "none" => (String::new(), "Enter your invitation code."),
        "for an address" => (code(2).reveal(), "This is not a valid invitation code."),
        _ => (code(3).reveal(), "This is not a valid invitation code."),
    };
    for instance in [&service, &service.another()] {
        let answer = instance.call(Event::Submit, &form(&sign_up, &code, typed)).await;
        assert_eq!(code_error(&answer), text);
    }
    assert_eq!(service.logged("decision").pop().unwrap()["provenance"], "typed");
    assert_eq!(reservations(&service).len(), 0);
}

#[tokio::test]
async fn a_typed_address_neither_prevents_the_use_of_a_code_nor_keeps_it() {
    let service = service(policy("invite-only"), &codes()).await;
    let sign_up = without_address(&service).await;
    assert!(is_admitted(&service.call(Event::Submit, &form(&sign_up, &code(1).reveal(), "alex@fabrikam.com")).await));
    // Another sign-up with the same typed address takes a use of its own.
    let other = without_address(&service).await;
    assert!(is_admitted(&service.call(Event::Submit, &form(&other, &code(1).reveal(), "alex@fabrikam.com")).await));
    assert_eq!(reservations(&service).len(), 2);
}

#[tokio::test]
async fn a_typed_address_that_is_denied_is_refused() {
    let service = service(policy("open"), &codes()).await;
    let sign_up = without_address(&service).await;
    let answer = service.call(Event::Submit, &form(&sign_up, &code(1).reveal(), "jo@mailinator.com")).await;
    assert_eq!(
        (answer.action_name().as_str(), service.reasons().last().unwrap().as_str()),
        ("showBlockPage", "denied")
    );
    assert_eq!(reservations(&service).len(), 0);
}

#[tokio::test]
async fn somebody_with_an_address_is_known_by_it_on_every_instance_whatever_they_type() {
    let service = service(policy("invite-only"), &codes()).await;
    let invited = service.sign_up(Person::email_otp("alex@fabrikam.com"));
    service.call(Event::Start, &invited.start()).await;
    let answer = service.another().call(Event::Submit, &form(&invited, "", "jo@mailinator.com")).await;
    assert_eq!(answer.action_name(), "continueWithDefaultBehavior");
    let line = service.logged("decision").pop().unwrap();
    assert_eq!((line["address_source"].as_str(), line["provenance"].as_str()), (Some("remembered"), Some("verified")));
    // A code for a domain goes by the address that Start saw.
    let ada = service.sign_up(Person::email_otp("kim@fabrikam.com"));
    service.call(Event::Start, &ada.start()).await;
    assert!(is_admitted(&service.another().call(Event::Submit, &form(&ada, &code(3).reveal(), "x@example.org")).await));
}

#[tokio::test]
async fn somebody_who_is_not_remembered_needs_a_code_like_a_stranger() {
    let service = service(policy("open"), &codes()).await;
    let invited = service.sign_up(Person::email_otp("alex@fabrikam.com"));
    let answer = service.call(Event::Submit, &form(&invited, "", "alex@fabrikam.com")).await;
    assert_eq!(code_error(&answer), "Enter your invitation code.");
    assert!(is_admitted(&service.call(Event::Submit, &form(&invited, &code(1).reveal(), "alex@fabrikam.com")).await));
}

#[rstest]
#[case::without_a_field_for_codes(false)]
#[case::with_one(true)]
#[tokio::test]
async fn without_that_key_they_are_refused_at_start_and_at_submit(#[case] has_field: bool) {
    let policy = policy("open").remove("policies.default.no_address");
    let policy = if has_field { policy } else { policy.remove("policies.default.invitation_code") };
    let service = service(policy, &codes()).await;
    let sign_up = service.sign_up(Person::facebook_without_address());
    for body in [sign_up.start(), form(&sign_up, &code(1).reveal(), "")] {
        let event = if body["data"]["userSignUpInfo"]["identities"].is_array() { Event::Start } else { Event::Submit };
        assert_eq!(service.call(event, &body).await.action_name(), "showBlockPage");
    }
    assert_eq!(service.reasons(), ["no-address", "no-address"]);
}
