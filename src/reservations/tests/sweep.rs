//! What Starts saw is deleted and forgotten after an hour, however much it is.

use chrono::DateTime;

use super::doubles::{Fault, Shelf};
use super::faults::logged;
use super::*;
use crate::storage::StateStore;
use crate::values::{Network, Provenance};

/// More than a listing reads at once, and many times what is deleted at once.
const MANY: usize = 2500;

/// Stores this many Starts, each under an id of its own; the time by which all of them are old.
async fn stored(store: &StateStore, number: usize) -> DateTime<Utc> {
    for at in 0..number {
        store.create(&format!("admissions/none/{at}/0-{at:032x}.json"), &0).await.unwrap();
    }
    let objects = store.list("admissions").await.unwrap();
    assert_eq!(objects.len(), number);
    objects.iter().map(|object| object.modified).max().unwrap() + minutes(60)
}

async fn left(store: &StateStore) -> usize {
    store.list("admissions").await.unwrap().len()
}

#[tokio::test]
async fn a_sweep_goes_on_until_nothing_old_is_left_and_deletes_a_few_at_once() {
    let (folder, shelf) = (tempfile::tempdir().unwrap(), Shelf::new());
    for store in [shelf.store(), StateStore::local(folder.path())] {
        let old = stored(&store, MANY).await;
        let lines = logged("admissions-swept", RememberedStarts::new(&store, None).sweep(old)).await;
        assert_eq!((left(&store).await, lines.len()), (0, 1));
        assert_eq!(lines[0]["swept"], MANY);
    }
    assert!((2..=32).contains(&shelf.most_deletions_at_once()), "{}", shelf.most_deletions_at_once());
}

#[tokio::test]
async fn what_cannot_be_deleted_at_first_is_tried_again() {
    let shelf = Shelf::new();
    let old = stored(&shelf.store(), 100).await;
    shelf.fault(Fault::RefusesSomeDeletions);
    let lines = logged("admissions-not-swept", RememberedStarts::new(&shelf.store(), None).sweep(old)).await;
    // The last pass may end with one object and a refusal; nothing else may be left.
    assert!(left(&shelf.store()).await <= 1 && lines.len() <= 1, "{lines:?}");
    shelf.fault(Fault::None);
    RememberedStarts::new(&shelf.store(), None).sweep(old).await;
    assert_eq!(left(&shelf.store()).await, 0);
}

#[tokio::test]
async fn one_object_that_stays_keeps_no_other_and_ends_the_sweep() {
    let shelf = Shelf::new();
    let old = stored(&shelf.store(), 100).await;
    shelf.keep(&format!("admissions/none/7/0-{:032x}.json", 7));
    let lines = logged("admissions-not-swept", RememberedStarts::new(&shelf.store(), None).sweep(old)).await;
    assert_eq!((left(&shelf.store()).await, shelf.deletions()), (1, 101), "a second pass, and no third");
    assert!(lines.len() == 1 && lines[0]["level"] == "WARN", "{lines:?}");
}

#[rstest]
#[case(Fault::HangsAtDeletions)]
#[case(Fault::HangsAtListings)]
#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_ends_the_sweep(#[case] fault: Fault) {
    let shelf = Shelf::new();
    let old = stored(&shelf.store(), 100).await;
    shelf.fault(fault);
    let lines = logged("admissions-not-swept", RememberedStarts::new(&shelf.store(), None).sweep(old)).await;
    assert!(lines.len() == 1 && lines[0]["reason"] == "the state store did not answer within 30 s", "{lines:?}");
}

/// A Start of Jo's under an id, at a minute.
async fn start(starts: &RememberedStarts, visibility: Visibility, id: usize, address: &str, minute: i64) {
    let id = format!("aaaaaaaa-0000-4000-8000-{id:012}").parse().unwrap();
    let network = Some(Network::of("203.0.113.7".parse().unwrap()));
    let origin = EventOrigin { app: None, correlation_id: Some(&id), network, identities: &[] };
    let address = RememberedAddress {
        address: address.parse().unwrap(),
        provenance: Provenance::Verified,
        source: "identity".into(),
    };
    starts.remember(visibility, &origin, Some(address), now() + minutes(minute)).await.unwrap();
}

#[tokio::test]
async fn this_process_forgets_what_is_older_than_an_hour_and_nothing_else() {
    let starts = RememberedStarts::new(&StateStore::in_memory(), None);
    for number in 0..MANY {
        start(&starts, Visibility::Process, number, "jo@example.com", 0).await;
    }
    start(&starts, Visibility::Shared, 1, "jo@example.com", 0).await;
    start(&starts, Visibility::Process, 1, "kim@example.com", 30).await;
    start(&starts, Visibility::Shared, 1, "kim@example.com", 30).await;
    // Jo by each id and by the network, Kim by both as well; and one object of each.
    let whole = MANY + 1 + 2 + 2;
    starts.forget_old(now() + minutes(59)).await;
    assert_eq!(starts.remembered(), whole);
    starts.forget_old(now() + minutes(60)).await;
    assert_eq!(starts.remembered(), 2 + 1, "Kim, who came later, by the id and the network, and Kim's object");
    starts.forget_old(now() + minutes(90)).await;
    assert_eq!(starts.remembered(), 0);
}
