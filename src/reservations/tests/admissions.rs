//! What Start remembers for Submit.

use object_store::ObjectStoreExt;
use object_store::path::Path;

use super::doubles::{Fault, Shelf};
use super::faults::logged;
use super::*;

fn admission(address: &str) -> Admission {
    Admission {
        address: address.parse().unwrap(),
        provenance: "asserted".to_owned(),
        source: "attribute:email".to_owned(),
        policy: "default".to_owned(),
    }
}

fn name() -> String {
    format!("admissions/{}.json", sign_up(1))
}

#[tokio::test]
async fn what_one_instance_admits_another_one_knows() {
    let shelf = Shelf::new();
    let jo = admission("Jo@Example.com");
    Admissions::new(shelf.store()).remember(&sign_up(1), &jo, now()).await.unwrap();
    let other = Admissions::new(shelf.store());
    let recalled = other.recall(&sign_up(1), now() + minutes(1)).await.unwrap().unwrap();
    assert_eq!((&recalled, recalled.address.as_given()), (&jo, "Jo@Example.com"));
    assert_eq!(other.recall(&sign_up(2), now()).await.unwrap(), None);
    assert_eq!(shelf.names(), [name()], "one write");
}

#[tokio::test]
async fn an_address_that_is_remembered_does_not_print_itself() {
    let folder = tempfile::tempdir().unwrap();
    let admissions = Admissions::new(StateStore::local(folder.path()));
    let jo = admission("jo@example.com");
    admissions.remember(&sign_up(1), &jo, now()).await.unwrap();
    let debugged = format!("{admissions:?} {jo:?}");
    assert!(debugged.contains("default") && !debugged.contains("example"), "{debugged}");
}

#[tokio::test]
async fn what_was_written_or_read_here_is_known_without_asking() {
    let shelf = Shelf::new();
    let (jo, writer, reader) = (admission("jo@example.com"), shelf.store(), Admissions::new(shelf.store()));
    let writer = Admissions::new(writer);
    writer.remember(&sign_up(1), &jo, now()).await.unwrap();
    reader.recall(&sign_up(1), now()).await.unwrap();
    shelf.store().delete(&name()).await.unwrap();
    for admissions in [&writer, &reader] {
        assert_eq!(admissions.recall(&sign_up(1), now()).await.unwrap().as_ref(), Some(&jo));
        assert_eq!(admissions.recall(&sign_up(1), now() + minutes(24 * 60)).await.unwrap(), None, "but for a day");
    }
}

#[tokio::test]
async fn a_repeated_call_is_in_order_and_another_address_is_not() {
    let shelf = Shelf::new();
    let jo = admission("jo@example.com");
    for _ in 0..2 {
        Admissions::new(shelf.store()).remember(&sign_up(1), &jo, now()).await.unwrap();
    }
    let kim = Admissions::new(shelf.store()).remember(&sign_up(1), &admission("kim@example.com"), now()).await;
    assert!(matches!(kim, Err(RememberError::OtherAddress)));
    let recalled = Admissions::new(shelf.store()).recall(&sign_up(1), now()).await.unwrap();
    assert_eq!((recalled, shelf.names().len()), (Some(jo), 1));
}

#[tokio::test]
async fn what_is_older_than_a_day_counts_as_absent() {
    let shelf = Shelf::new();
    let admissions = Admissions::new(shelf.store());
    admissions.remember(&sign_up(1), &admission("jo@example.com"), now()).await.unwrap();
    for (after, there) in [(24 * 60 - 1, true), (24 * 60, false), (-24 * 60, false)] {
        let reader = Admissions::new(shelf.store());
        assert_eq!(reader.recall(&sign_up(1), now() + minutes(after)).await.unwrap().is_some(), there, "{after}");
    }
    let kim = admission("kim@example.com");
    let later = now() + minutes(24 * 60);
    Admissions::new(shelf.store()).remember(&sign_up(1), &kim, later).await.unwrap();
    assert_eq!(Admissions::new(shelf.store()).recall(&sign_up(1), later).await.unwrap(), Some(kim));
}

#[tokio::test]
async fn what_cannot_be_read_counts_as_absent_and_is_written_anew() {
    let no_address = r#"{"address":"jo","provenance":"","source":"","policy":"","at":"2026-11-21T10:00:00Z"}"#;
    for content in ["", "{\"address\":\"jo@example.com\"", "{}", no_address] {
        let shelf = Shelf::new();
        shelf.put(&Path::from(name()), content.into()).await.unwrap();
        let lines = logged("admission-unreadable", async {
            assert_eq!(Admissions::new(shelf.store()).recall(&sign_up(1), now()).await.unwrap(), None);
        });
        let lines = lines.await;
        assert!(lines.len() == 1 && lines[0]["object"] == name().as_str(), "{lines:?}");
        assert!(!format!("{lines:?}").contains("example.com"), "{lines:?}");
        let jo = admission("jo@example.com");
        Admissions::new(shelf.store()).remember(&sign_up(1), &jo, now()).await.unwrap();
        assert_eq!(Admissions::new(shelf.store()).recall(&sign_up(1), now()).await.unwrap(), Some(jo));
    }
}

#[tokio::test]
async fn a_store_that_fails_is_an_error_and_no_admission() {
    let shelf = Shelf::new();
    shelf.fault(Fault::Refuses);
    let admissions = Admissions::new(shelf.store());
    let failed = admissions.remember(&sign_up(1), &admission("jo@example.com"), now()).await;
    assert!(matches!(failed, Err(RememberError::Store(_))));
    assert_eq!(admissions.recall(&sign_up(1), now()).await.unwrap(), None);
}

#[tokio::test]
async fn a_sweep_deletes_what_is_older_than_a_day_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    for store in [StateStore::in_memory(), StateStore::local(folder.path())] {
        let admissions = Admissions::new(store.clone());
        for number in 0..3 {
            admissions.remember(&sign_up(number), &admission("jo@example.com"), now()).await.unwrap();
        }
        guest(1, 1).at(&Reservations::new(store.clone()), 1, now()).await.unwrap();
        let written = store.list("admissions").await.unwrap().iter().map(|entry| entry.modified).max().unwrap();
        assert_eq!(admissions.sweep(written + minutes(23 * 60)).await.unwrap(), 0);
        assert_eq!(admissions.sweep(written + minutes(24 * 60)).await.unwrap(), 3);
        assert!(store.list("admissions").await.unwrap().is_empty());
        assert_eq!(store.list("reservations").await.unwrap().len(), 1);
    }
}
