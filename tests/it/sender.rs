//! Who sent a Submit, when people share correlation ids and networks: what somebody else's Start has seen admits nobody,
//! and a person who is alone in their network gets through whichever ids Entra uses.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use chrono::TimeDelta;
use guestlist::clock::{Clock, ManualClock, SystemClock};
use guestlist_emulator::sign_up::{Event, Person, SignUp};
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::support::config::{Config, invite_only};
use crate::support::function_app::PATIENCE;
use crate::support::service::{Answer, Plan, Service, ext, fill};
use crate::support::with_codes::{PATIENT, code, code_error, is_admitted, list, reservations, service};

const START_AGAIN: &str = "We could not match this form with the start of your sign-up.";
const USED_UP: &str = "This invitation code has been used already.";
const MISSING: &str = "Enter your invitation code.";

/// A policy that trusts an attribute to which a provider's claim is mapped.
fn without_codes() -> Config {
    invite_only().add("policies.default.email_sources", vec!["identity", "attribute:ext.IdpEmail"])
}

/// The same for people without an address, too, who need a code.
fn policy() -> Config {
    let sources = vec!["identity", "attribute:email", "attribute:ext.IdpEmail"];
    without_codes()
        .set("policies.default.email_sources", sources)
        .add("policies.default.no_address", "code")
        .add("policies.default.invitation_code", "ext.InvitationCode")
}

/// Somebody at a network address.
fn at(mut person: Person, ip: &str) -> Person {
    ip.clone_into(&mut person.ip);
    person
}

/// Somebody whose address is in a mapped attribute only.
fn by_claim(service: &Service, ip: &str) -> SignUp {
    service.sign_up(at(Person::oidc("https://idp.fabrikam.com", "ignored@fabrikam.com"), ip))
}

fn by_facebook(service: &Service, ip: &str) -> SignUp {
    service.sign_up(at(Person::facebook_without_address(), ip))
}

/// An event with the claim of the provider in its attribute.
fn with_claim(sign_up: &SignUp, event: Event, claim: &str) -> Value {
    let mut body = sign_up.event(event);
    fill(&mut body, &ext("IdpEmail"), claim);
    body
}

fn with_code(sign_up: &SignUp, typed: &str) -> Value {
    let mut body = sign_up.submit();
    fill(&mut body, &ext("InvitationCode"), typed);
    body
}

/// How the sender of the last form was known.
fn known_by(service: &Service) -> String {
    let decisions = service.logged("decision");
    let submits: Vec<&Value> = decisions.iter().filter(|line| line["hook"] == "submit").collect();
    submits.last().unwrap()["known_by"].as_str().unwrap().to_owned()
}

fn asks_to_start_again(answer: &Answer) -> bool {
    answer.action_name() == "showBlockPage" && answer.action()["message"].as_str().unwrap().starts_with(START_AGAIN)
}

#[tokio::test]
async fn six_people_without_an_address_under_one_id_use_a_code_with_one_use_once() {
    let service = service(policy(), &list(&[(1, ",,,,,1")])).await;
    let first = by_facebook(&service, "203.0.113.1");
    let six: Vec<SignUp> = (1..=6)
        .map(|number| {
            let mut sign_up = by_facebook(&service, &format!("203.0.113.{number}"));
            sign_up.correlation_id.clone_from(&first.correlation_id);
            sign_up
        })
        .collect();
    for sign_up in &six {
        service.call(Event::Start, &sign_up.start()).await;
    }
    let mut admitted = 0;
    for (sign_up, instance) in six.iter().zip([&service, &service.another()].into_iter().cycle()) {
        let answer = instance.call(Event::Submit, &with_code(sign_up, &code(1).reveal())).await;
        if is_admitted(&answer) {
            admitted += 1;
        } else {
            assert_eq!(code_error(&answer), USED_UP);
        }
    }
    assert_eq!((admitted, reservations(&service).len(), known_by(&service).as_str()), (1, 1, "nobody"));
}

/// Providers may tell no id, and events no network: such people are not one person.
#[tokio::test]
async fn people_of_whom_nothing_is_known_are_not_one_person() {
    let service = service(policy(), &list(&[(1, ",,,,,1")])).await;
    let mut admitted = 0;
    for identities in [json!([]), json!([]), json!([{ "signInType": "federated", "issuer": "apple.com" }]), json!(null)]
    {
        let sign_up = by_facebook(&service, "");
        let mut start = sign_up.start();
        start["data"]["userSignUpInfo"]["identities"] = identities;
        service.call(Event::Start, &start).await;
        let form = with_code(&sign_up, &code(1).reveal());
        // Entra's retry is in order.
        let answers = [service.call(Event::Submit, &form).await, service.call(Event::Submit, &form).await];
        assert_eq!(is_admitted(&answers[0]), is_admitted(&answers[1]));
        admitted += usize::from(is_admitted(&answers[0]));
    }
    assert_eq!((admitted, reservations(&service).len()), (1, 1));
}

#[tokio::test]
async fn somebody_who_may_be_invited_and_cannot_be_identified_is_asked_to_start_again_beside_the_code() {
    let service = service(policy(), &list(&[(1, "jo@example.org,,,,,1")])).await;
    // The same person, over IPv4 and over IPv6.
    let mut invited = by_claim(&service, "203.0.113.1");
    for (ip, address) in [("203.0.113.1", "alex@fabrikam.com"), ("2001:db8::1", "alex@fabrikam.com")] {
        ip.clone_into(&mut invited.person.ip);
        service.call(Event::Start, &with_claim(&invited, Event::Start, address)).await;
    }
    for typed in ["", &code(1).reveal()] {
        let mut form = with_claim(&invited, Event::Submit, "alex@fabrikam.com");
        fill(&mut form, &ext("InvitationCode"), typed);
        let answer = service.call(Event::Submit, &form).await;
        assert!(!code_error(&answer).is_empty(), "{answer:?}");
        assert!(answer.action()["message"].as_str().unwrap().starts_with(START_AGAIN), "{answer:?}");
    }
}

#[tokio::test]
async fn a_policy_that_only_reports_knows_whom_it_would_have_refused() {
    let reporting = without_codes().add("policies.default.mode", "report");
    let service = service(reporting, "email\n").await;
    let stranger = by_claim(&service, "203.0.113.1");
    for event in [Event::Start, Event::Submit] {
        let answer = service.call(event, &with_claim(&stranger, event, "nobody@example.org")).await;
        assert_eq!(answer.action_name(), "continueWithDefaultBehavior");
    }
    assert_eq!(service.reasons(), ["not-invited", "not-invited"]);
    assert_eq!(known_by(&service), "correlation-id");
}

#[tokio::test]
async fn a_stranger_is_not_the_invited_friend_who_started_under_the_same_id() {
    for has_codes in [true, false] {
        let policy = if has_codes { policy() } else { without_codes() };
        let service = service(policy, &list(&[(1, ",,,,,1")])).await;
        let friend = by_claim(&service, "203.0.113.1");
        let answer = service.call(Event::Start, &with_claim(&friend, Event::Start, "alex@fabrikam.com")).await;
        assert_ne!(answer.action_name(), "showBlockPage");
        let mut stranger = by_facebook(&service, "203.0.113.2");
        stranger.correlation_id.clone_from(&friend.correlation_id);
        service.call(Event::Start, &stranger.start()).await;
        if !has_codes {
            continue; // Refused at Start: Entra shows them no form.
        }
        for instance in [&service, &service.another()] {
            let mut body = with_claim(&stranger, Event::Submit, "alex@fabrikam.com");
            fill(&mut body, &ext("InvitationCode"), "");
            assert_eq!(code_error(&instance.call(Event::Submit, &body).await), MISSING);
        }
        assert_eq!(known_by(&service), "nobody");
    }
}

#[tokio::test]
async fn a_used_up_code_stays_so_for_another_address_under_the_same_id() {
    let service = service(policy(), &list(&[(1, ",,,,,1")])).await;
    let (jo, mut kim) = (by_claim(&service, "203.0.113.1"), by_claim(&service, "203.0.113.2"));
    kim.correlation_id.clone_from(&jo.correlation_id);
    for (who, address, lets_in) in [(&jo, "jo@example.org", true), (&kim, "kim@example.org", false)] {
        service.call(Event::Start, &with_claim(who, Event::Start, address)).await;
        let mut body = with_claim(who, Event::Submit, address);
        fill(&mut body, &ext("InvitationCode"), &code(1).reveal());
        let answer = service.call(Event::Submit, &body).await;
        assert_eq!(answer.action_name() == "modifyAttributeValues", lets_in, "{answer:?}");
    }
    assert_eq!(reservations(&service).len(), 1);
}

#[tokio::test]
async fn somebody_alone_in_their_network_gets_through_with_two_ids() {
    for has_codes in [true, false] {
        let policy = if has_codes { policy() } else { without_codes() };
        let service = service(policy, &list(&[(1, ",,,,,1")])).await;
        let mut invited = by_claim(&service, "2001:db8:1:2::7");
        invited.submit_correlation_id = Some(by_claim(&service, "").correlation_id);
        service.call(Event::Start, &with_claim(&invited, Event::Start, "alex@fabrikam.com")).await;
        // Their device takes another address of the same network meanwhile.
        "2001:db8:1:2:ffff::1".clone_into(&mut invited.person.ip);
        let form = with_claim(&invited, Event::Submit, "Alex@Fabrikam.com");
        for instance in [&service, &service.another()] {
            assert_eq!(instance.call(Event::Submit, &form).await.action_name(), "continueWithDefaultBehavior");
            assert_eq!(known_by(&service), "network");
        }
        // A form that lists another address, or none, may be anybody's.
        for typed in ["sam@fabrikam.com", ""] {
            let answer = service.call(Event::Submit, &with_claim(&invited, Event::Submit, typed)).await;
            assert_ne!(answer.action_name(), "continueWithDefaultBehavior");
            assert_eq!(known_by(&service), "nobody");
        }
        // Once somebody else has started from there, this form may be anybody's, too.
        let other = by_claim(&service, "2001:db8:1:2::8");
        service.call(Event::Start, &with_claim(&other, Event::Start, "ceo@fabrikam.com")).await;
        let let_in = service.call(Event::Submit, &form).await.action_name() == "continueWithDefaultBehavior";
        assert_eq!(let_in, !has_codes, "without codes the other one was refused, and saw no form");
    }
}

#[tokio::test]
async fn two_people_in_one_network_with_two_ids_are_asked_to_start_again() {
    let service = service(without_codes(), "email\nalex@fabrikam.com\nsam@fabrikam.com\n").await;
    let people: Vec<(SignUp, &str)> = ["alex@fabrikam.com", "sam@fabrikam.com"]
        .into_iter()
        .map(|address| {
            let mut sign_up = by_claim(&service, "203.0.113.1");
            sign_up.submit_correlation_id = Some(by_claim(&service, "").correlation_id);
            (sign_up, address)
        })
        .collect();
    for (sign_up, address) in &people {
        service.call(Event::Start, &with_claim(sign_up, Event::Start, address)).await;
    }
    for (sign_up, address) in &people {
        let answer = service.call(Event::Submit, &with_claim(sign_up, Event::Submit, address)).await;
        assert!(asks_to_start_again(&answer), "{answer:?}");
    }
    assert_eq!(service.logged("decision").pop().unwrap()["reason"], "address-typed");
}

#[tokio::test]
async fn the_page_that_asks_to_start_again_has_a_text_of_its_own() {
    let own = "[messages.de]\nstart-again = \"Bitte beginnen Sie noch einmal. {{ support_code }}\"\n";
    let service = service(without_codes().and(own), "email\n").await;
    let nobody = service.sign_up(Person::facebook_without_address().locale("de-at"));
    let action = service.call(Event::Submit, &nobody.submit()).await.action();
    assert!(action["message"].as_str().unwrap().starts_with("Bitte beginnen Sie noch einmal. "), "{action}");
    // Where every refusal reads the same, so does this one.
    let uniform = without_codes().add("policies.default.uniform_refusals", true);
    let service = self::service(uniform, "email\n").await;
    let nobody = by_facebook(&service, "203.0.113.1");
    let action = service.call(Event::Submit, &nobody.submit()).await.action();
    assert!(action["message"].as_str().unwrap().contains("need an invitation"), "{action}");
}

/// One sign-up among a few ids, networks and addresses.
#[derive(Debug, Clone)]
struct Walk {
    /// What the provider claims; the first one is no address, the second one is invited.
    claim: usize,
    /// Who they are to their provider.
    subject: usize,
    network: usize,
    /// The id that they chose; `None`: Entra makes one for each event.
    id: Option<usize>,
    /// What they type into the field of the claim.
    types: usize,
    /// Whether they have the code.
    has_code: bool,
    /// How often they send the form.
    sends: usize,
    instance: usize,
}

const CLAIMS: [&str; 4] = ["", "alex@fabrikam.com", "jo@example.org", "kim@example.org"];
const NETWORKS: [&str; 2] = ["203.0.113.7", "2001:db8::7"];

fn walk() -> impl Strategy<Value = Walk> {
    let who = (0..4_usize, 0..3_usize, 0..2_usize);
    let id = prop::option::weighted(0.7, 0..2_usize);
    (who, id, 0..4_usize, any::<bool>(), 1..3_usize, 0..2_usize).prop_map(
        |((claim, subject, network), id, types, has_code, sends, instance)| Walk {
            claim,
            subject,
            network,
            id,
            types,
            has_code,
            sends,
            instance,
        },
    )
}

impl Walk {
    fn sign_up(&self, service: &Service) -> SignUp {
        let mut sign_up = by_claim(service, NETWORKS[self.network]);
        match self.id {
            Some(id) => sign_up.correlation_id = format!("aaaaaaaa-0000-4000-8000-{id:012}"),
            None => sign_up.submit_correlation_id = Some(by_claim(service, "").correlation_id),
        }
        sign_up
    }

    /// Who they are to a code. Somebody with an address is known by it, wherever they come from. Somebody without one is
    /// known by provider id and network, and is another person each time if there is no id.
    fn person(&self, number: usize) -> (usize, usize, usize) {
        match (self.claim, self.subject) {
            (0, 0) => (0, 100 + number, self.network),
            (0, subject) => (0, subject, self.network),
            (claim, _) => (claim, 0, 0),
        }
    }

    fn start(&self, sign_up: &SignUp) -> Value {
        let mut body = with_claim(sign_up, Event::Start, CLAIMS[self.claim]);
        // One provider says nothing of who they are.
        let id = if self.subject == 0 { String::new() } else { format!("subject {} {}", self.subject, self.claim) };
        body["data"]["userSignUpInfo"]["identities"][0]["issuerAssignedId"] = id.into();
        body
    }

    fn submit(&self, sign_up: &SignUp) -> Value {
        let mut body = with_claim(sign_up, Event::Submit, CLAIMS[self.types]);
        if self.has_code {
            fill(&mut body, &ext("InvitationCode"), &code(1).reveal());
        }
        body
    }
}

/// Whether an answer makes an account.
fn admits(answer: &Answer) -> bool {
    ["continueWithDefaultBehavior", "modifyAttributeValues"].contains(&answer.action_name().as_str())
}

/// Plays all of them. Everybody starts, `late` of them after the others have sent their forms. Returns the reasons of the
/// admissions of each.
async fn play(walks: &[Walk], uses: u32, late: usize) -> Vec<Vec<String>> {
    let service = service(policy(), &list(&[(1, &format!(",,,,,{uses}"))])).await;
    let instances = [&service, &service.another()];
    let sign_ups: Vec<SignUp> = walks.iter().map(|walk| walk.sign_up(&service)).collect();
    let mut let_in = vec![Vec::new(); walks.len()];
    let early = walks.len() - late.min(walks.len());
    for group in [0..early, early..walks.len()] {
        for number in group.clone() {
            let start = walks[number].start(&sign_ups[number]);
            instances[walks[number].instance].call(Event::Start, &start).await;
        }
        for number in group {
            for sent in 0..walks[number].sends {
                let instance = instances[(walks[number].instance + sent) % 2];
                let answer = instance.call(Event::Submit, &walks[number].submit(&sign_ups[number])).await;
                if admits(&answer) {
                    let_in[number].push(service.reasons().pop().unwrap());
                }
            }
        }
    }
    let_in
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    /// For any sign-ups that share ids and networks: an address admits only the person who came with it, and a code no
    /// more people than it has uses.
    #[test]
    fn nobody_is_let_in_by_what_another_one_has(
        walks in prop::collection::vec(walk(), 1..7),
        uses in 1..3_u32,
        late in 0..4_usize,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let let_in = runtime.block_on(play(&walks, uses, late));
        let mut by_code: BTreeMap<(usize, usize, usize), usize> = BTreeMap::new();
        for (number, (walk, reasons)) in walks.iter().zip(&let_in).enumerate() {
            for reason in reasons {
                match reason.as_str() {
                    "invitation" => prop_assert_eq!(walk.claim, 1, "{:?} was taken for somebody invited", walk),
                    "code" => {
                        prop_assert!(walk.has_code);
                        *by_code.entry(walk.person(number)).or_default() += 1;
                    }
                    other => prop_assert!(false, "{}", other),
                }
            }
        }
        let people: BTreeSet<_> = by_code.keys().collect();
        prop_assert!(people.len() <= uses as usize, "{people:?} on {uses} uses");
    }

    /// A person alone in their network gets in with their invitation, whatever others do with whichever ids.
    #[test]
    fn whoever_is_invited_and_alone_gets_in(
        walks in prop::collection::vec(walk(), 0..6),
        two_ids in any::<bool>(),
        late in 0..4_usize,
    ) {
        let alone = Walk {
            claim: 1, subject: 9, network: 0, types: 1, has_code: false, sends: 2, instance: 0,
            id: if two_ids { None } else { Some(7) },
        };
        let others = walks.into_iter().map(|walk| Walk { network: 1, ..walk });
        let walks: Vec<Walk> = std::iter::once(alone).chain(others).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let let_in = runtime.block_on(play(&walks, 1, late)).remove(0);
        prop_assert_eq!(let_in, ["invitation", "invitation"]);
    }
}

/// How many files there are in a folder, some of which may be going away.
fn count(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| if entry.path().is_dir() { count(&entry.path()) } else { 1 }).sum()
}

#[tokio::test]
async fn what_a_start_saw_is_deleted_after_an_hour_where_no_timer_runs() {
    let clock = Arc::new(ManualClock::new(SystemClock.now()));
    let now = Arc::clone(&clock) as Arc<dyn Clock>;
    let service =
        Service::start_as(Plan { policy: without_codes(), hooks: PATIENT, clock: now, ..Plan::default() }).await;
    let start = with_claim(&by_claim(&service, "198.51.100.7"), Event::Start, "alex@fabrikam.com");
    assert_eq!(service.call(Event::Start, &start).await.action_name(), "setPrefillValues");
    let stored = || count(&service.folder.path().join(".guestlist/admissions"));
    assert_eq!(stored(), 2);
    clock.advance(TimeDelta::minutes(61));
    let _another = service.another();
    let deleted = async {
        while stored() > 0 {
            tokio::task::yield_now().await;
        }
    };
    assert!(timeout(PATIENCE, deleted).await.is_ok(), "{} are left", stored());
}
