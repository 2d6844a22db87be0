//! The address of a federated sign-up: where it comes from, how far it is trusted, and how Submit knows what Start saw.

use std::os::unix::fs::PermissionsExt;

use guestlist_emulator::sign_up::{App, Event, Person, SignUp};
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::config::{BETA, Config};
use crate::support::service::{INVITES, Plan, Service, ext, fill};
use crate::support::with_codes::{self, PATIENT, files};

/// Two policies that trust an attribute to which a provider's claim is mapped.
fn policies() -> Config {
    Config::from(BETA).and(
        r#"
[[policies]]
name = "shop"
apps = ["44444444-5555-6666-7777-999999999999"]
gate = "invite-only"
allow = ["@fabrikam.com"]
email_sources = ["identity", "attribute:ext.IdpEmail"]
[[policies]]
name = "default"
gate = "invite-only"
allow = ["@contoso.com"]
deny = ["@mailinator.com"]
email_sources = ["identity", "attribute:email", "attribute:ext.IdpEmail"]
"#,
    )
}

/// The key of the policy that most tests here are about.
const EMAIL_SOURCES: &str = "policies.default.email_sources";

const CONTINUE: &str = "continueWithDefaultBehavior";
const PAGE: &str = "showBlockPage";
const START_AGAIN: &str = "We could not match this form with the start of your sign-up.";

async fn service(policy: Config) -> Service {
    with_codes::service(policy, INVITES).await
}

/// Somebody of a custom provider, of whom Entra tells no address.
fn by_provider(service: &Service) -> SignUp {
    service.sign_up(Person::oidc("https://idp.fabrikam.com", "ignored@fabrikam.com"))
}

/// An event of a sign-up with these texts in it.
fn with(sign_up: &SignUp, event: Event, values: &[(&str, &str)]) -> Value {
    let mut body = sign_up.event(event);
    for (name, value) in values {
        fill(&mut body, name, value);
    }
    body
}

/// The claim of the provider, as an event says it.
fn claim(sign_up: &SignUp, event: Event, address: &str) -> Value {
    with(sign_up, event, &[(&ext("IdpEmail"), address)])
}

/// Where the address of the last decision came from, how far it was trusted, and the reason.
fn last(service: &Service) -> [String; 3] {
    let line = service.logged("decision").pop().unwrap();
    ["address_source", "provenance", "reason"].map(|field| line[field].as_str().unwrap_or_default().to_owned())
}

/// The stored admissions.
fn remembered(service: &Service) -> Vec<(String, String)> {
    files(&service.folder.path().join(".guestlist/admissions"))
}

#[rstest]
#[case::the_identity_first(&["identity", "attribute:email", "attribute:ext.IdpEmail"], "identity", "not-invited")]
#[case::the_claim_first(&["attribute:ext.IdpEmail", "identity"], "attribute:ext.IdpEmail", "invitation")]
#[case::the_attribute_email_first(&["attribute:email", "identity"], "attribute:email", "allow")]
#[case::in_any_spelling(&["attribute:emailAddress"], "attribute:email", "allow")]
#[tokio::test]
async fn the_first_source_that_says_an_address_decides(
    #[case] sources: &[&str],
    #[case] source: &str,
    #[case] reason: &str,
) {
    let service = service(policies().set(EMAIL_SOURCES, sources.to_vec())).await;
    let sign_up = service.sign_up(Person::email_otp("nobody@example.org"));
    let values = [("EmailAddress", "ada@contoso.com"), (&ext("IdpEmail"), "alex@fabrikam.com")];
    service.call(Event::Start, &with(&sign_up, Event::Start, &values)).await;
    let [found_in, _, why] = last(&service);
    assert_eq!([found_in, why], [source, reason]);
}

#[rstest]
#[case("not an address")]
#[case("alex@fabrikam")]
#[case("alex@fabrikam.com, ada@contoso.com")]
#[tokio::test]
async fn a_source_that_says_nonsense_is_not_passed_over(#[case] claimed: &str) {
    let sources = vec!["identity", "attribute:ext.IdpEmail", "attribute:email"];
    let service = service(policies().set(EMAIL_SOURCES, sources)).await;
    let sign_up = service.sign_up(Person::google("alex@fabrikam.com"));
    let answer = service.call(Event::Start, &claim(&sign_up, Event::Start, claimed)).await;
    assert_eq!((answer.action_name(), service.reasons()), (PAGE.to_owned(), vec!["no-address".to_owned()]));
}

#[tokio::test]
async fn somebody_admitted_by_the_claim_is_let_in_by_any_instance() {
    let service = service(policies()).await;
    let sign_up = by_provider(&service);
    let answer = service.call(Event::Start, &claim(&sign_up, Event::Start, "alex@fabrikam.com")).await;
    assert_eq!(answer.action_name(), "setPrefillValues");
    assert_eq!(last(&service), ["attribute:ext.IdpEmail", "asserted", "invitation"]);
    let another = service.another();
    for instance in [&another, &service] {
        let answer = instance.call(Event::Submit, &claim(&sign_up, Event::Submit, "alex@fabrikam.com")).await;
        assert_eq!(answer.action_name(), CONTINUE);
        assert_eq!(last(&service), ["remembered", "asserted", "invitation"]);
    }
}

#[tokio::test]
async fn an_admission_is_remembered_by_id_and_by_network_and_for_the_owner_only() {
    let service = service(policies()).await;
    let sign_up = by_provider(&service);
    let body = claim(&sign_up, Event::Start, "alex@fabrikam.com");
    assert_eq!(service.call(Event::Start, &body).await.action_name(), "setPrefillValues");
    // Somebody who was refused is not remembered.
    let stranger = by_provider(&service);
    let refused = service.call(Event::Start, &claim(&stranger, Event::Start, "jo@example.org")).await;
    assert_eq!(refused.action_name(), PAGE);
    let found = remembered(&service);
    assert_eq!(found.len(), 2, "under its id, and by its network: {found:?}");
    let under_its_id = found.iter().filter(|(path, _)| path.contains(&format!("/{}/", sign_up.correlation_id)));
    assert_eq!(under_its_id.count(), 1, "{found:?}");
    let mode = std::fs::metadata(service.folder.path().join(".guestlist")).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "{mode:o}");
}

#[tokio::test]
async fn somebody_who_edits_the_attribute_is_judged_by_what_start_saw() {
    let service = service(policies()).await;
    let sign_up = by_provider(&service);
    service.call(Event::Start, &claim(&sign_up, Event::Start, "alex@fabrikam.com")).await;
    for (typed, email) in [("jo@mailinator.com", ""), ("jo@example.org", "jo@mailinator.com"), ("", ""), ("no", "no")] {
        let values = [(ext("IdpEmail"), typed), ("email".to_owned(), email)];
        let values = values.each_ref().map(|(name, value)| (name.as_str(), *value));
        let answer = service.call(Event::Submit, &with(&sign_up, Event::Submit, &values)).await;
        assert_eq!(answer.action_name(), CONTINUE, "{typed:?} {email:?}");
        assert_eq!(last(&service)[0], "remembered");
    }
}

#[rstest]
#[case::in_the_claims_attribute("IdpEmail", "alex@fabrikam.com")]
#[case::in_the_claims_attribute_by_domain("IdpEmail", "ada@contoso.com")]
#[case::as_the_address("email", "alex@fabrikam.com")]
#[tokio::test]
async fn without_an_admission_that_is_remembered_an_address_on_the_form_does_not_count(
    #[case] attribute: &str,
    #[case] address: &str,
) {
    let service = service(policies()).await;
    let attribute = if attribute == "email" { attribute.to_owned() } else { ext(attribute) };
    // Start never happened, was refused, or the store lost what it knew.
    let (unseen, refused, lost) = (by_provider(&service), by_provider(&service), by_provider(&service));
    service.call(Event::Start, &claim(&refused, Event::Start, "jo@example.org")).await;
    service.call(Event::Start, &claim(&lost, Event::Start, address)).await;
    std::fs::remove_dir_all(service.folder.path().join(".guestlist/admissions")).unwrap();
    let another = service.another();
    for sign_up in [unseen, refused, lost] {
        let answer = another.call(Event::Submit, &with(&sign_up, Event::Submit, &[(&attribute, address)])).await;
        assert_eq!(answer.action_name(), PAGE);
        assert_eq!(last(&service)[1..], ["typed", "address-typed"]);
    }
}

#[tokio::test]
async fn an_admission_to_one_app_is_none_to_another() {
    let service = service(policies()).await;
    let portal = by_provider(&service);
    let mut shop = portal.clone();
    shop.app = App::new("44444444-5555-6666-7777-999999999999", "Shop");
    // On the list of the shop's policy only.
    service.call(Event::Start, &claim(&shop, Event::Start, "kim@fabrikam.com")).await;
    assert_eq!(last(&service)[2], "allow");
    let answer = service.call(Event::Submit, &claim(&portal, Event::Submit, "ada@contoso.com")).await;
    assert_eq!((answer.action_name(), last(&service)[2].clone()), (PAGE.to_owned(), "address-typed".to_owned()));
    let answer = service.call(Event::Submit, &claim(&shop, Event::Submit, "ada@contoso.com")).await;
    assert_eq!((answer.action_name(), last(&service)[2].clone()), (CONTINUE.to_owned(), "allow".to_owned()));
}

#[tokio::test]
async fn somebody_who_starts_again_with_another_account_under_the_same_id_is_asked_to_start_again() {
    let service = service(policies()).await;
    let (alex, mut sam) = (by_provider(&service), by_provider(&service));
    sam.correlation_id.clone_from(&alex.correlation_id);
    for (who, address) in [(&alex, "alex@fabrikam.com"), (&sam, "sam@fabrikam.com")] {
        let answer = service.call(Event::Start, &claim(who, Event::Start, address)).await;
        assert_ne!(answer.action_name(), PAGE);
    }
    let answer = service.call(Event::Submit, &claim(&sam, Event::Submit, "sam@fabrikam.com")).await;
    assert!(answer.action()["message"].as_str().unwrap().starts_with(START_AGAIN), "{answer:?}");
    assert_eq!(last(&service)[2], "address-typed");
    let mut again = sam.clone();
    again.correlation_id = by_provider(&service).correlation_id;
    service.call(Event::Start, &claim(&again, Event::Start, "sam@fabrikam.com")).await;
    let answer = service.call(Event::Submit, &claim(&again, Event::Submit, "sam@fabrikam.com")).await;
    assert_eq!(answer.action_name(), CONTINUE);
    assert!(service.logged("failure-action").is_empty());
}

#[tokio::test]
async fn an_identity_on_the_form_goes_before_what_is_remembered() {
    let service = service(policies()).await;
    let mut sign_up = service.sign_up(Person::email_otp("alex@fabrikam.com"));
    sign_up.submit_identities = true;
    let answer = service.call(Event::Submit, &claim(&sign_up, Event::Submit, "jo@mailinator.com")).await;
    assert_eq!(answer.action_name(), CONTINUE);
    assert_eq!(last(&service), ["identity", "verified", "invitation"]);
}

#[rstest]
#[case::blocks("block", PAGE)]
#[case::continues("continue", CONTINUE)]
#[tokio::test]
async fn an_admission_that_cannot_be_remembered_is_a_failure(#[case] on_failure: &str, #[case] action: &str) {
    let hooks = [PATIENT, &[("on_failure", on_failure)]].concat();
    let service = Service::start_as(Plan { policy: policies(), hooks: &hooks, ..Plan::default() }).await;
    std::fs::write(service.folder.path().join(".guestlist"), "in the way").unwrap();
    let sign_up = by_provider(&service);
    let answer = service.call(Event::Start, &claim(&sign_up, Event::Start, "alex@fabrikam.com")).await;
    assert_eq!(answer.action_name(), action);
    let failure = &service.logged("failure-action")[0];
    assert_eq!((&failure["reason"], &failure["hook"]), (&json!("state-unavailable"), &json!("start")));
    // Somebody who is refused anyway needs no store.
    let stranger = claim(&by_provider(&service), Event::Start, "jo@example.org");
    assert_eq!(service.call(Event::Start, &stranger).await.action_name(), PAGE);
    assert_eq!(service.reasons(), ["not-invited"]);
}

#[tokio::test]
async fn the_usual_sources_touch_no_store_and_the_log_knows_no_address() {
    let service = service(policies().remove(EMAIL_SOURCES)).await;
    let sign_up = service.sign_up(Person::google("alex@fabrikam.com"));
    for event in [Event::Start, Event::Submit] {
        service.call(event, &sign_up.event(event)).await;
    }
    assert_eq!(service.reasons(), ["invitation", "invitation"]);
    assert!(!service.folder.path().join(".guestlist").exists());
    assert!(service.lines.all().iter().all(|(_, line)| !line.contains('@')));
}

/// An event whose only identity is the provider's own id of the person.
fn with_id(sign_up: &SignUp, event: Event, id: &str) -> Value {
    let mut body = sign_up.event(event);
    if event == Event::Start {
        body["data"]["userSignUpInfo"]["identities"][0]["issuerAssignedId"] = json!(id);
    }
    body
}

#[rstest]
#[case::an_address("alex@fabrikam.com", "federated-id", "invitation")]
#[case::of_a_stranger("jo@example.org", "federated-id", "not-invited")]
#[case::no_address("1234567890", "", "no-address")]
#[tokio::test]
async fn the_providers_own_id_counts_only_if_the_policy_says_so(
    #[case] id: &str,
    #[case] source: &str,
    #[case] reason: &str,
) {
    let trusting = service(policies().set(EMAIL_SOURCES, vec!["identity", "federated-id"])).await;
    let sign_up = by_provider(&trusting);
    trusting.call(Event::Start, &with_id(&sign_up, Event::Start, id)).await;
    let [found_in, _, why] = last(&trusting);
    assert_eq!([found_in, why], [source, reason]);
    let form = with_id(&sign_up, Event::Submit, id);
    let let_in = trusting.another().call(Event::Submit, &form).await.action_name() == CONTINUE;
    assert_eq!(let_in, reason == "invitation");
    let usual = service(policies()).await;
    usual.call(Event::Start, &with_id(&by_provider(&usual), Event::Start, id)).await;
    assert_eq!(usual.reasons(), ["no-address"]);
}
