//! Stores that fail, hang, lose and lie.

use std::time::Duration;

use object_store::ObjectStoreExt;
use object_store::path::Path;
use serde_json::Value;

use super::super::release::ReleaseCounts;
use super::doubles::{Fault, Shelf};
use super::*;
use crate::telemetry::CapturedLines;

#[tokio::test]
async fn a_store_that_refuses_is_an_error_and_nobody_is_let_in() {
    let shelf = Shelf::new();
    shelf.fault(Fault::Refuses);
    assert!(matches!(guest(1, 1).at(&shelf.reservations(), 1, now()).await, Err(ReserveError::Store(_))));
    shelf.fault(Fault::None);
    assert_eq!(guest(2, 2).at(&shelf.reservations(), 1, now()).await.unwrap(), Reserved::New);
}

#[tokio::test]
async fn a_use_whose_answer_was_lost_is_found_by_the_repeated_call() {
    let shelf = Shelf::new();
    shelf.fault(Fault::LosesTheAnswer);
    assert!(matches!(guest(1, 1).at(&shelf.reservations(), 1, now()).await, Err(ReserveError::Store(_))));
    shelf.fault(Fault::None);
    assert_eq!(guest(1, 1).at(&shelf.reservations(), 1, now()).await.unwrap(), Reserved::Again);
}

#[tokio::test(start_paused = true)]
async fn whoever_stops_waiting_finds_the_use_again() {
    let shelf = Shelf::new();
    shelf.fault(Fault::HangsAfterwards);
    let reservations = shelf.reservations();
    let cut_off = tokio::time::timeout(Duration::from_millis(800), guest(1, 1).at(&reservations, 1, now())).await;
    assert!(cut_off.is_err());
    shelf.fault(Fault::None);
    assert_eq!(guest(1, 1).at(&reservations, 1, now()).await.unwrap(), Reserved::Again);
    assert_eq!(reservations.uses_left(&code(), 2).await.unwrap(), 1);
}

#[tokio::test]
async fn a_store_that_lies_is_not_asked_for_ever() {
    let shelf = Shelf::new();
    shelf.fault(Fault::Lies);
    assert!(matches!(guest(1, 1).at(&shelf.reservations(), 3, now()).await, Err(ReserveError::Contended)));
    shelf.fault(Fault::None);
    guest(1, 1).at(&shelf.reservations(), 3, now()).await.unwrap();
    let reservations = shelf.reservations();
    let (index, account) = (reservations.index().await.unwrap(), "9fb7a577-9469-4489-912d-bc58a5bca276".parse());
    shelf.fault(Fault::Lies);
    assert_eq!(reservations.accept(&index, &account.unwrap(), &[person(1)], now()).await.unwrap(), None);
}

/// The lines that `work` wrote with this event.
pub(super) async fn logged(event: &str, work: impl Future<Output = ()>) -> Vec<Value> {
    let lines = CapturedLines::default();
    let clock = std::sync::Arc::new(crate::clock::ManualClock::new(now()));
    let subscriber = crate::telemetry::subscriber(tracing::level_filters::LevelFilter::INFO, lines.clone(), clock);
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let _guard = tracing::subscriber::set_default(subscriber);
    work.await;
    lines.events().into_iter().filter(|line| line["event"] == event).collect()
}

#[tokio::test]
async fn a_slot_whose_last_event_cannot_be_read_is_in_use_and_reported_once() {
    for content in ["", "{\"event\":", "{\"event\":\"sold\"}"] {
        let shelf = Shelf::new();
        let reservations = shelf.reservations();
        guest(1, 1).at(&reservations, 1, now()).await.unwrap();
        let name = format!("reservations/{}/0-1.json", code().to_hex());
        shelf.put(&Path::from(name.as_str()), content.into()).await.unwrap();
        let lines = logged("reservation-unreadable", async {
            for _ in 0..2 {
                assert!(matches!(guest(2, 2).at(&reservations, 1, now()).await, Err(ReserveError::UsedUp)));
                let index = reservations.index().await.unwrap();
                let settled = reservations.release(&index, now() + LEASE, now(), now()).await.unwrap();
                assert_eq!(settled, ReleaseCounts::default(), "nor is it ever released");
            }
        });
        let lines = lines.await;
        assert!(lines.len() == 1 && lines[0]["object"] == name.as_str() && lines[0]["level"] == "ERROR", "{lines:?}");
    }
}

#[tokio::test]
async fn what_is_not_named_like_an_event_is_passed_over() {
    let shelf = Shelf::new();
    let folder = format!("reservations/{}", code().to_hex());
    for name in ["00-0", "0-00", "0", "a-0", "0-a", "0-4294967295", "-0-0", "0-0-0"] {
        shelf.put(&Path::from(format!("{folder}/{name}.json")), "{}".into()).await.unwrap();
    }
    for name in ["reservations/x/0-0.json", "reservations/0-0.json"] {
        shelf.put(&Path::from(name), "{}".into()).await.unwrap();
    }
    let upper = format!("reservations/{}/0-0.json", code().to_hex().to_uppercase());
    shelf.put(&Path::from(upper), "{}".into()).await.unwrap();
    assert_eq!(guest(1, 1).at(&shelf.reservations(), 1, now()).await.unwrap(), Reserved::New);
}

#[tokio::test]
async fn an_event_that_somebody_has_put_in_anothers_place_is_read_anew() {
    let folder = tempfile::tempdir().unwrap();
    let store = StateStore::local(folder.path());
    let reservations = Reservations::new(&store);
    guest(1, 1).at(&reservations, 1, now()).await.unwrap();
    let object = store.list("reservations").await.unwrap().remove(0);
    store.delete(&object.name).await.unwrap();
    guest(2, 3).at(&Reservations::new(&store), 1, now()).await.unwrap();
    let file = std::fs::File::options().append(true).open(folder.path().join(&object.name)).unwrap();
    file.set_modified(std::time::SystemTime::from(object.modified + minutes(1))).unwrap();
    assert!(matches!(guest(1, 4).at(&reservations, 1, now()).await, Err(ReserveError::UsedUp)));
}
