//! Whose a Submit is, and what is kept of a Start.

use object_store::ObjectStoreExt;
use object_store::path::Path;
use proptest::prelude::*;

use super::doubles::{Fault, Shelf};
use super::faults::logged;
use super::*;
use crate::values::{AppId, CorrelationId, Identity, KnownBy, Network, Provenance, Secret};

const APP: &str = "44444444-5555-6666-7777-888888888888";
const OTHER_APP: &str = "44444444-5555-6666-7777-999999999999";

/// Somebody on their way through a sign-up.
#[derive(Debug, Clone)]
struct Visitor {
    app: AppId,
    id: Option<CorrelationId>,
    ip: Option<&'static str>,
    identities: Vec<Identity>,
    address: Option<EmailAddress>,
}

/// A visitor with an address or none, under an id.
fn visitor(address: &str, id: usize) -> Visitor {
    let identity = |id: &str| Identity {
        sign_in_type: "federated".to_owned(),
        issuer: "https://idp.example.com".to_owned(),
        issuer_assigned_id: format!("id of {id}"),
    };
    Visitor {
        app: APP.parse().unwrap(),
        id: Some(sign_up(id)),
        ip: Some("203.0.113.7"),
        identities: vec![identity(address)],
        address: address.parse().ok(),
    }
}

fn sign_up(number: usize) -> CorrelationId {
    format!("aaaaaaaa-0000-4000-8000-{number:012}").parse().unwrap()
}

impl Visitor {
    fn at(self, ip: &'static str) -> Self {
        Self { ip: Some(ip), ..self }
    }

    fn origin<'a>(&'a self, identities: &'a [Identity]) -> EventOrigin<'a> {
        EventOrigin {
            app: Some(&self.app),
            correlation_id: self.id.as_ref(),
            network: self.ip.map(|ip| Network::of(ip.parse().unwrap())),
            identities,
        }
    }

    async fn starts(&self, starts: &RememberedStarts, visibility: Visibility, at: DateTime<Utc>) {
        let address = self.address.clone().map(|address| RememberedAddress {
            address,
            provenance: Provenance::Asserted,
            source: "attribute:email".into(),
        });
        starts.remember(visibility, &self.origin(&self.identities), address, at).await.unwrap();
    }

    /// Whose the Submit is, with the address that the form lists.
    async fn submits(&self, starts: &RememberedStarts, listed: &str, at: DateTime<Utc>) -> Option<(String, KnownBy)> {
        let lists = |address: &EmailAddress| listed.parse::<EmailAddress>().is_ok_and(|listed| listed == *address);
        let matched = starts.find(Visibility::Shared, &self.origin(&[]), lists, at).await.unwrap()?;
        let address = matched.start.address.as_ref().map_or("none", |seen| seen.address.as_given()).to_owned();
        Some((address, matched.by))
    }
}

fn remembered(shelf: &Shelf) -> RememberedStarts {
    RememberedStarts::new(&shelf.store(), None)
}

const JO: &str = "Jo@example.com";
const KIM: &str = "kim@example.com";

#[tokio::test]
async fn what_one_instance_has_seen_another_one_knows() {
    let shelf = Shelf::new();
    let (jo, one) = (visitor(JO, 1), remembered(&shelf));
    jo.starts(&one, Visibility::Shared, now()).await;
    for instance in [&one, &remembered(&shelf)] {
        assert_eq!(jo.submits(instance, "", now()).await, Some((JO.to_owned(), KnownBy::CorrelationId)));
    }
    let starts: Vec<String> = shelf.names().into_iter().filter(|name| name.starts_with("admissions/")).collect();
    assert_eq!(starts.len(), 2, "{starts:?}");
    assert!(starts[0].starts_with(&format!("admissions/{APP}/{}/", sign_up(1))), "{starts:?}");
    assert!(starts[1].starts_with(&format!("admissions/{APP}/network-")), "{starts:?}");
    assert!(starts.iter().all(|name| !name.contains("203.0") && !name.contains("example")), "{starts:?}");
}

#[tokio::test]
async fn an_id_that_two_people_have_is_nobodys_and_everybody_may_have_it() {
    for visibility in [Visibility::Shared, Visibility::Process] {
        let starts = remembered(&Shelf::new());
        let (jo, kim) = (visitor(JO, 1), visitor(KIM, 1).at("198.51.100.1"));
        jo.starts(&starts, visibility, now()).await;
        jo.starts(&starts, visibility, now() + minutes(1)).await;
        assert_eq!(jo.submits(&starts, "", now() + minutes(1)).await, Some((JO.to_owned(), KnownBy::CorrelationId)));
        kim.starts(&starts, visibility, now() + minutes(2)).await;
        for (who, listed) in [(&jo, JO), (&kim, KIM), (&jo, ""), (&kim, "")] {
            assert_eq!(who.submits(&starts, listed, now() + minutes(3)).await, None, "{visibility:?} {listed}");
        }
        // An hour after the first one, the id is the other one's.
        let later = now() + minutes(61);
        assert_eq!(kim.submits(&starts, "", later).await, Some((KIM.to_owned(), KnownBy::CorrelationId)));
    }
}

#[tokio::test]
async fn whoever_differs_in_one_trait_is_another_person() {
    let jo = visitor(JO, 1);
    let other_id = vec![Identity { issuer_assigned_id: "another".to_owned(), ..jo.identities[0].clone() }];
    for other in [
        Visitor { identities: other_id, ..jo.clone() },
        Visitor { address: None, ..jo.clone() },
        jo.clone().at("203.0.113.8"),
    ] {
        let starts = remembered(&Shelf::new());
        jo.starts(&starts, Visibility::Shared, now()).await;
        other.starts(&starts, Visibility::Shared, now()).await;
        assert_eq!(jo.submits(&starts, JO, now()).await, None, "{other:?}");
    }
    // In another application the id is another one.
    let elsewhere = Visitor { app: OTHER_APP.parse().unwrap(), ..visitor(KIM, 1) };
    let starts = remembered(&Shelf::new());
    jo.starts(&starts, Visibility::Shared, now()).await;
    elsewhere.starts(&starts, Visibility::Shared, now()).await;
    assert_eq!(jo.submits(&starts, "", now()).await, Some((JO.to_owned(), KnownBy::CorrelationId)));
    assert_eq!(elsewhere.submits(&starts, "", now()).await, Some((KIM.to_owned(), KnownBy::CorrelationId)));
}

#[tokio::test]
async fn whoever_is_alone_in_their_network_is_known_by_it_under_another_id_if_the_form_lists_them() {
    for visibility in [Visibility::Shared, Visibility::Process] {
        let starts = remembered(&Shelf::new());
        let (start, submit) = (visitor(JO, 1), visitor(JO, 2));
        start.starts(&starts, visibility, now()).await;
        assert_eq!(submit.submits(&starts, "jo@EXAMPLE.com", now()).await, Some((JO.to_owned(), KnownBy::Network)));
        let without_id = Visitor { id: None, ..submit.clone() };
        assert_eq!(without_id.submits(&starts, JO, now()).await, Some((JO.to_owned(), KnownBy::Network)));
        for (who, listed) in [
            (submit.clone(), ""),
            (submit.clone(), KIM),
            (submit.clone().at("203.0.113.8"), JO),
            (Visitor { ip: None, ..submit.clone() }, JO),
            (Visitor { app: OTHER_APP.parse().unwrap(), ..submit.clone() }, JO),
        ] {
            assert_eq!(who.submits(&starts, listed, now()).await, None, "{who:?} {listed}");
        }
        assert_eq!(submit.submits(&starts, JO, now() + minutes(60)).await, None, "an hour later");
        visitor(KIM, 3).starts(&starts, visibility, now()).await;
        assert_eq!(submit.submits(&starts, JO, now()).await, None, "no longer alone");
        assert_eq!(start.submits(&starts, "", now()).await, Some((JO.to_owned(), KnownBy::CorrelationId)));
    }
}

#[tokio::test]
async fn a_start_that_was_written_while_a_clock_was_wrong_does_not_count() {
    for visibility in [Visibility::Shared, Visibility::Process] {
        let starts = remembered(&Shelf::new());
        visitor(JO, 1).starts(&starts, visibility, now() + minutes(60)).await;
        assert_eq!(visitor(JO, 1).submits(&starts, JO, now()).await, None, "{visibility:?}");
        visitor(KIM, 1).starts(&starts, visibility, now()).await;
        let found = visitor(KIM, 1).submits(&starts, "", now()).await;
        assert_eq!(found, Some((KIM.to_owned(), KnownBy::CorrelationId)), "{visibility:?}");
    }
}

#[tokio::test]
async fn of_two_starts_of_one_person_the_newer_one_counts() {
    for visibility in [Visibility::Shared, Visibility::Process] {
        let (shelf, jo) = (Shelf::new(), visitor(JO, 1));
        let starts = remembered(&shelf);
        for (minute, provenance) in [(0, Provenance::Verified), (1, Provenance::Asserted)] {
            let address = RememberedAddress { address: JO.parse().unwrap(), provenance, source: "".into() };
            let at = now() + minutes(minute);
            starts.remember(visibility, &jo.origin(&jo.identities), Some(address), at).await.unwrap();
        }
        let reader = if visibility == Visibility::Shared { remembered(&shelf) } else { starts };
        let matched = reader.find(visibility, &jo.origin(&[]), |_| true, now() + minutes(2)).await.unwrap().unwrap();
        let address = matched.start.address.as_ref().unwrap();
        assert_eq!(address.provenance, Provenance::Asserted, "{visibility:?}");
    }
}

#[tokio::test]
async fn who_has_no_address_is_known_by_their_id_only() {
    let starts = remembered(&Shelf::new());
    visitor("", 1).starts(&starts, Visibility::Shared, now()).await;
    assert_eq!(visitor("", 1).submits(&starts, JO, now()).await, Some(("none".to_owned(), KnownBy::CorrelationId)));
    assert_eq!(visitor("", 2).submits(&starts, JO, now()).await, None);
}

#[tokio::test]
async fn what_is_seen_by_the_process_and_what_is_shared_count_together() {
    let shelf = Shelf::new();
    let one = remembered(&shelf);
    visitor(JO, 1).starts(&one, Visibility::Process, now()).await;
    visitor(KIM, 1).starts(&remembered(&shelf), Visibility::Shared, now()).await;
    assert_eq!(visitor(JO, 1).submits(&one, JO, now()).await, None);
}

#[tokio::test]
async fn a_secret_in_common_needs_no_key_in_the_store() {
    let (shelf, secret) = (Shelf::new(), Secret::new("s3cr3t"));
    visitor(JO, 1).starts(&RememberedStarts::new(&shelf.store(), Some(&secret)), Visibility::Shared, now()).await;
    assert!(shelf.names().iter().all(|name| name.starts_with("admissions/")), "{:?}", shelf.names());
    let other = RememberedStarts::new(&shelf.store(), Some(&secret));
    visitor(JO, 1).starts(&other, Visibility::Shared, now() + minutes(1)).await;
    let found = visitor(JO, 1).submits(&other, "", now() + minutes(1)).await;
    assert_eq!(found, Some((JO.to_owned(), KnownBy::CorrelationId)), "the same person, for both");
}

#[tokio::test]
async fn instances_that_come_at_once_agree_on_a_key() {
    let shelf = Shelf::new();
    shelf.pauses((0..64).map(|number| number % 3).collect());
    let instances: Vec<_> = (0..4).map(|_| remembered(&shelf)).collect();
    let jo = visitor(JO, 1);
    join_all(instances.iter().map(|instance| jo.starts(instance, Visibility::Shared, now()))).await;
    assert_eq!(jo.submits(&remembered(&shelf), "", now()).await, Some((JO.to_owned(), KnownBy::CorrelationId)));
    assert_eq!(shelf.names().iter().filter(|name| *name == "person-key.json").count(), 1);
}

#[tokio::test]
async fn what_is_remembered_does_not_print_itself() {
    let folder = tempfile::tempdir().unwrap();
    let starts = RememberedStarts::new(&StateStore::local(folder.path()), Some(&Secret::new("s3cr3t")));
    let jo = visitor(JO, 1);
    jo.starts(&starts, Visibility::Shared, now()).await;
    jo.starts(&starts, Visibility::Process, now()).await;
    let known = starts.find(Visibility::Process, &jo.origin(&[]), |_| true, now()).await.unwrap().unwrap();
    let debugged = format!("{starts:?} {known:?} {:?}", jo.origin(&jo.identities));
    for personal in ["Jo@", "203.0", "id of", "s3cr3t"] {
        assert!(!debugged.contains(personal), "{debugged}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_nobodys() {
    let jo = visitor(JO, 1);
    let no_address = r#"{"address":"jo","provenance":"asserted","source":"identity"}"#;
    let rumoured = r#"{"address":"jo@example.com","provenance":"rumoured","source":"identity"}"#;
    for content in ["", "{\"address\":\"jo@example.com\"", "{}", no_address, rumoured] {
        let shelf = Shelf::new();
        jo.starts(&remembered(&shelf), Visibility::Shared, now()).await;
        let name = shelf.names().into_iter().find(|name| name.contains(sign_up(1).as_str())).unwrap();
        shelf.put(&Path::from(name.as_str()), content.into()).await.unwrap();
        let lines = logged("admission-unreadable", async {
            assert_eq!(jo.submits(&remembered(&shelf), JO, now()).await, None);
        });
        let lines = lines.await;
        assert!(lines.len() == 1 && lines[0]["object"] == name.as_str(), "{lines:?}");
        assert!(!format!("{lines:?}").contains("xample.com"), "{lines:?}");
    }
}

/// The JSON of a Start, which instances of other versions read, too.
#[tokio::test]
async fn what_is_stored_of_a_start_stays_readable_both_ways() {
    let with_address = r#"{"address":"Jo@example.com","provenance":"asserted","source":"attribute:email"}"#;
    for (address, wanted) in [(JO, with_address), ("", r#"{"provenance":"","source":""}"#)] {
        let shelf = Shelf::new();
        visitor(address, 1).starts(&remembered(&shelf), Visibility::Shared, now()).await;
        let (name, written) = shelf.written().into_iter().find(|(name, _)| name.contains(sign_up(1).as_str())).unwrap();
        assert_eq!(String::from_utf8(written).unwrap(), wanted);
        shelf.put(&Path::from(name), wanted.into()).await.unwrap();
        let origin = visitor(address, 1);
        let found = remembered(&shelf).find(Visibility::Shared, &origin.origin(&[]), |_| true, now()).await;
        let seen = found.unwrap().unwrap().start.address.clone();
        assert_eq!(
            seen.map(|seen| (seen.address, seen.provenance)),
            address.parse().ok().map(|jo| (jo, Provenance::Asserted))
        );
    }
}

#[tokio::test]
async fn whoever_starts_again_under_the_same_id_is_known_though_an_earlier_start_cannot_be_read() {
    let (shelf, jo) = (Shelf::new(), visitor(JO, 1));
    jo.starts(&remembered(&shelf), Visibility::Shared, now()).await;
    let name = shelf.names().into_iter().find(|name| name.contains(sign_up(1).as_str())).unwrap();
    shelf.put(&Path::from(name.as_str()), "".into()).await.unwrap();
    jo.starts(&remembered(&shelf), Visibility::Shared, now() + minutes(1)).await;
    let known = jo.submits(&remembered(&shelf), "", now() + minutes(2)).await;
    assert_eq!(known, Some((JO.to_owned(), KnownBy::CorrelationId)));
}

#[tokio::test]
async fn a_key_that_cannot_be_read_is_made_anew_and_whoever_started_under_it_starts_again() {
    for content in ["", "{\"key\":", "{}"] {
        let (shelf, jo) = (Shelf::new(), visitor(JO, 1));
        jo.starts(&remembered(&shelf), Visibility::Shared, now()).await;
        shelf.put(&Path::from("person-key.json"), content.into()).await.unwrap();
        let lines = logged("person-key-unreadable", async {
            jo.starts(&remembered(&shelf), Visibility::Shared, now() + minutes(1)).await;
        });
        let lines = lines.await;
        assert!(lines.len() == 1 && lines[0]["level"] == "ERROR", "{lines:?}");
        assert_eq!(jo.submits(&remembered(&shelf), "", now() + minutes(1)).await, None, "two keys, two people");
        let later = now() + minutes(60);
        let known = jo.submits(&remembered(&shelf), "", later).await;
        assert_eq!(known, Some((JO.to_owned(), KnownBy::CorrelationId)));
    }
}

#[tokio::test]
async fn a_store_that_fails_is_an_error_and_no_admission() {
    let shelf = Shelf::new();
    let (starts, jo) = (remembered(&shelf), visitor(JO, 1));
    shelf.fault(Fault::Refuses);
    let failed = starts.remember(Visibility::Shared, &jo.origin(&jo.identities), None, now()).await;
    assert!(failed.is_err());
    // A key that exists and is never there.
    shelf.fault(Fault::Lies);
    assert!(starts.find(Visibility::Shared, &jo.origin(&[]), |_| true, now()).await.is_err());
    shelf.fault(Fault::None);
    assert_eq!(jo.submits(&starts, JO, now()).await, None);
}

#[tokio::test]
async fn a_store_that_can_never_be_used_has_nothing_to_sweep() {
    let lines = logged("admissions-not-swept", async {
        RememberedStarts::new(&StateStore::unusable(), None).sweep_with_leftovers(now()).await;
    });
    assert_eq!(lines.await, Vec::<serde_json::Value>::new());
}

#[tokio::test]
async fn a_sweep_deletes_what_is_older_than_an_hour_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    for store in [StateStore::in_memory(), StateStore::local(folder.path())] {
        let starts = RememberedStarts::new(&store, None);
        for number in 0..3 {
            visitor(JO, number).starts(&starts, Visibility::Shared, now() + minutes(1)).await;
        }
        guest(1, 1).at(&Reservations::new(&store), 1, now()).await.unwrap();
        let entries = store.list("admissions").await.unwrap();
        let [first, last] =
            [entries.iter().map(|entry| entry.modified).min(), entries.iter().map(|entry| entry.modified).max()];
        starts.sweep(first.unwrap() + minutes(59)).await;
        assert_eq!(store.list("admissions").await.unwrap().len(), 4, "one for each id, and one for the network");
        starts.sweep(last.unwrap() + minutes(60)).await;
        assert!(store.list("admissions").await.unwrap().is_empty());
        assert_eq!(store.list("reservations").await.unwrap().len(), 1);
    }
}

/// One sign-up in a world of few ids, networks and addresses.
#[derive(Debug, Clone)]
struct Walk {
    /// Which address they come with; the first one is nobody's.
    address: usize,
    /// What their provider calls them.
    subject: usize,
    network: usize,
    /// The id that they chose for the whole sign-up; `None`: Entra makes a new one for each event.
    id: Option<usize>,
    /// The address that they type.
    types: usize,
    /// Minutes before Start, and between Start and Submit.
    waits: [i64; 2],
    shared: bool,
}

const ADDRESSES: [&str; 4] = ["", "jo@example.com", "kim@example.com", "sam@example.com"];
const NETWORKS: [&str; 3] = ["203.0.113.7", "203.0.113.8", "2001:db8::7"];

fn walk() -> impl Strategy<Value = Walk> {
    let id = prop::option::weighted(0.6, 0..2_usize);
    let minutes = prop_oneof![3 => 0..10_i64, 1 => 50..70_i64];
    ((0..4_usize, 0..3_usize, 0..3_usize), id, 0..4_usize, [minutes.clone(), minutes], any::<bool>()).prop_map(
        |((address, subject, network), id, types, waits, shared)| Walk {
            address,
            subject,
            network,
            id,
            types,
            waits,
            shared,
        },
    )
}

/// An event of a sign-up, in the order of time.
#[derive(Debug, Clone, Copy)]
struct Step {
    walk: usize,
    at: i64,
    is_submit: bool,
}

/// Everybody's events, in order.
fn steps(walks: &[Walk]) -> Vec<Step> {
    let both = walks.iter().enumerate().flat_map(|(number, walk)| {
        let start = walk.waits[0];
        [(start, false), (start + walk.waits[1], true)].map(|(at, is_submit)| Step { walk: number, at, is_submit })
    });
    let mut steps: Vec<Step> = both.collect();
    steps.sort_by_key(|step| (step.at, step.walk));
    steps
}

impl Walk {
    fn visitor(&self, number: usize, is_submit: bool) -> Visitor {
        let made = 100 + 2 * number + usize::from(is_submit);
        let id = sign_up(self.id.unwrap_or(made));
        // One provider says nothing of who they are.
        let id_there = if self.subject == 0 { String::new() } else { format!("{}-{}", self.subject, self.address) };
        let identities = vec![Identity {
            sign_in_type: "federated".to_owned(),
            issuer: "https://idp.example.com".to_owned(),
            issuer_assigned_id: id_there,
        }];
        let address = ADDRESSES[self.address].parse().ok();
        Visitor { app: APP.parse().unwrap(), id: Some(id), ip: Some(NETWORKS[self.network]), identities, address }
    }

    fn visibility(&self) -> Visibility {
        if self.shared { Visibility::Shared } else { Visibility::Process }
    }
}

/// Plays them all; says for each whose the Submit was taken to be.
async fn play(walks: &[Walk]) -> Vec<Option<(String, KnownBy)>> {
    let starts = remembered(&Shelf::new());
    let mut whose = vec![None; walks.len()];
    for Step { walk: number, at, is_submit } in steps(walks) {
        let (walk, at) = (&walks[number], now() + minutes(at));
        let visitor = walk.visitor(number, is_submit);
        if is_submit {
            whose[number] = visitor.submits(&starts, ADDRESSES[walk.types], at).await;
        } else {
            visitor.starts(&starts, walk.visibility(), at).await;
        }
    }
    whose
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whoever shares ids and networks with others: what is used of a Start is an address that a Start of theirs has
    /// shown, as long as it is remembered.
    #[test]
    fn nobody_gets_an_address_that_no_start_of_theirs_has_shown(walks in prop::collection::vec(walk(), 1..8)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for (walk, whose) in walks.iter().zip(runtime.block_on(play(&walks))) {
            let Some((address, by)) = whose else { continue };
            let own = ADDRESSES[walk.address];
            let forgotten = walk.waits[1] >= 60;
            prop_assert!(address == own || (own.is_empty() && address == "none") || forgotten, "{walk:?}: {address} by {by:?}");
        }
    }

    /// Whoever is alone in their network gets through, whatever ids Entra uses and whatever others do elsewhere.
    #[test]
    fn whoever_is_alone_in_their_network_is_known(walks in prop::collection::vec(walk(), 0..8), entra_uses in 0..3_usize) {
        let honest = Walk {
            address: 1, subject: 9, network: 0, types: 1, waits: [30, 5], shared: true,
            // One id for the whole sign-up that nobody else has, or one for each event.
            id: (entra_uses > 0).then_some(50 + entra_uses),
        };
        let others = walks.into_iter().map(|walk| Walk { network: 1 + walk.network % 2, ..walk });
        let walks: Vec<Walk> = std::iter::once(honest).chain(others).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let whose = runtime.block_on(play(&walks)).remove(0);
        prop_assert_eq!(whose.map(|(address, _)| address), Some("jo@example.com".to_owned()));
    }
}
