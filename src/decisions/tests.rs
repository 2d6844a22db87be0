//! Which address counts at Submit, when it says something else than Start did.

use std::time::Duration;

use rstest::rstest;
use tokio::time::Instant;

use super::*;
use crate::clock::ManualClock;
use crate::entra::event::SignUpEvent;
use crate::reservations::{RememberedStarts, Reservations};
use crate::signup::identity::EmailSource;
use crate::storage::StateStore;
use crate::values::{App, AttributeName, AttributeType, AttributeValue, Client, Deadline, Form, FormField, Identity};

/// The attribute to which a provider's claim is mapped.
const MAPPED: &str = "extension_0_IdpEmail";

fn services(email_sources: Vec<EmailSource>) -> DecisionServices {
    let policy = Policy {
        allow: vec!["@contoso.com".parse().unwrap()],
        email_sources,
        ..Policy::new("default", Gate::InviteOnly)
    };
    let store = StateStore::in_memory();
    DecisionServices {
        sign_up: SignUpSettings { policies: vec![policy], ..SignUpSettings::default() },
        invites: Invites::default(),
        lookups: Lookups::default(),
        state: SharedState::new(Reservations::new(&store), RememberedStarts::new(&store, None)),
        guess_limit: GuessLimit::default(),
        clock: Arc::new(ManualClock::new("2026-11-21T10:00:00Z".parse().unwrap())),
    }
}

/// An event under this sign-up's number, from this network, by these identities, with these attributes.
fn event(number: u8, ip: &str, identities: &[(&str, &str)], attributes: &[(&str, &str)]) -> SignUpEvent {
    let identity = |(issuer, id): &(&str, &str)| Identity {
        sign_in_type: "federated".to_owned(),
        issuer: (*issuer).to_owned(),
        issuer_assigned_id: (*id).to_owned(),
    };
    let field = |(name, value): &(&str, &str)| FormField {
        name: AttributeName::new(*name),
        attribute_type: AttributeType::String,
        value: Some(AttributeValue::String((*value).to_owned())),
    };
    SignUpEvent {
        correlation_id: format!("6b264006-9d46-4409-bdb7-a501b6c2250{number}").parse().ok(),
        app: App { id: "44444444-5555-6666-7777-888888888888".parse().ok(), name: "Portal".to_owned() },
        client: Client { ip: ip.parse().ok(), ..Client::default() },
        identities: identities.iter().map(identity).collect(),
        form: Form(attributes.iter().map(field).collect()),
    }
}

/// Start and Submit of somebody; address, source and trust of Submit, how it is known whose it is, and the reason.
async fn submitted(services: &DecisionServices, start: &SignUpEvent, submit: &SignUpEvent) -> (String, Reason) {
    let began = Instant::now();
    let context = |event| {
        DecisionContext::new(event, services.clock.now(), Deadline::new(began.into_std(), Duration::from_mins(1)))
    };
    super::start(services, &mut context(start)).await.unwrap();
    let decided = super::submit(services, &mut context(submit)).await.unwrap();
    let found = decided.address.unwrap();
    let known_by = decided.known_by.unwrap().name();
    let (address, trust) = (found.address.canonical(), found.provenance.name());
    (format!("{address} {} {trust} {known_by}", found.source), decided.reason)
}

const ADA: &[(&str, &str)] = &[(MAPPED, "ada@contoso.com")];
const EVE: &[(&str, &str)] = &[(MAPPED, "eve@contoso.com")];
const IDP: &[(&str, &str)] = &[("https://idp.example.com", "0f1e2d3c")];
const OTHER_IDP: &[(&str, &str)] = &[("google.com", "1098")];
const HOME: &str = "203.0.113.7";

#[rstest]
#[case::nothing_but_the_id(1, "198.51.100.9", &[], &[], "ada@contoso.com remembered asserted correlation-id")]
#[case::another_attribute(1, HOME, &[], EVE, "ada@contoso.com remembered asserted correlation-id")]
#[case::another_identity(1, HOME, OTHER_IDP, ADA, "ada@contoso.com remembered asserted correlation-id")]
#[case::both(1, "198.51.100.9", OTHER_IDP, EVE, "ada@contoso.com remembered asserted correlation-id")]
#[case::another_id(2, HOME, &[], ADA, "ada@contoso.com remembered asserted network")]
#[case::another_id_and_identity(2, HOME, OTHER_IDP, ADA, "ada@contoso.com remembered asserted network")]
#[tokio::test]
async fn the_address_that_start_saw_counts_whatever_else_submit_says(
    #[case] number: u8,
    #[case] ip: &str,
    #[case] identities: &[(&str, &str)],
    #[case] attributes: &[(&str, &str)],
    #[case] expected: &str,
) {
    let services = services(vec![EmailSource::Identity, EmailSource::Attribute(AttributeName::new(MAPPED))]);
    let submit = event(number, ip, identities, attributes);
    let (address, reason) = submitted(&services, &event(1, HOME, IDP, ADA), &submit).await;
    assert_eq!((address.as_str(), reason), (expected, Reason::Allow));
}

/// Start saw the address that Entra proved. The form does not list it, so nothing in Submit proves it.
#[rstest]
#[case::without_an_identity(&[])]
#[case::with_another_identity(OTHER_IDP)]
#[tokio::test]
async fn it_counts_too_where_only_this_process_remembers_it(#[case] identities: &[(&str, &str)]) {
    let services = services(EmailSource::usual());
    let start = event(1, HOME, &[("mail", "ada@contoso.com")], &[]);
    let (address, reason) = submitted(&services, &start, &event(1, HOME, identities, &[])).await;
    assert_eq!((address.as_str(), reason), ("ada@contoso.com remembered verified correlation-id", Reason::Allow));
}

#[tokio::test]
async fn where_nobody_can_tell_whose_the_form_is_its_own_address_lets_nobody_in() {
    let services = services(vec![EmailSource::Identity, EmailSource::Attribute(AttributeName::new(MAPPED))]);
    let (address, reason) = submitted(&services, &event(1, HOME, IDP, ADA), &event(2, HOME, &[], EVE)).await;
    let expected = "eve@contoso.com attribute:ext.IdpEmail typed nobody";
    assert_eq!((address.as_str(), reason), (expected, Reason::AddressTyped));
}

#[tokio::test]
async fn an_identity_that_submit_proves_goes_before_what_start_saw() {
    let services = services(vec![EmailSource::Identity, EmailSource::Attribute(AttributeName::new(MAPPED))]);
    let submit = event(1, HOME, &[("mail", "kim@contoso.com")], ADA);
    let (address, _) = submitted(&services, &event(1, HOME, IDP, ADA), &submit).await;
    assert_eq!(address, "kim@contoso.com identity verified submit");
}
