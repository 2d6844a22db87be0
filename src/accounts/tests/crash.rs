//! Killed between any two writes: nothing lost, nothing doubled, nothing rendered twice once it was sent.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use serde_json::json;

use super::doubles::{House, JO, KIM, LEE};
use crate::graph::Initiator;
use crate::graph::fake::record;

const CONNECTORS: [(&str, &[&str]); 3] =
    [("directory", &["billing", "news"]), ("billing", &[]), ("news", &["billing"])];

fn house() -> House {
    let house = House::new(&CONNECTORS);
    house.sign_up(JO, 3);
    let kim = house.sign_up(KIM, 2);
    house.directory.set(&kim, "userType", "Guest".into());
    let admin = Initiator { user_id: Some("728309ae-1a37-4937-9afe-e35d964db09b".to_owned()), ..Initiator::default() };
    let by_admin = record(&"cccccccc-0000-0000-0000-000000000003".parse().unwrap(), super::now(), admin);
    house.directory.with(|state| state.records.push(by_admin));
    house.sign_up(LEE, 1);
    house
}

/// Whatever is left of an account in the outbox, `account.json` is there.
async fn assert_entries_are_whole(house: &House, killed_after: &str) {
    let entries = house.store.list("pending").await.unwrap();
    for entry in &entries {
        let (folder, _) = entry.name.rsplit_once('/').unwrap();
        let account = format!("{folder}/account.json");
        assert!(entries.iter().any(|entry| entry.name == account), "{killed_after}: {entries:?}");
    }
}

/// What everything looks like in the end, but for the numbers of renderings.
async fn assert_complete(house: &House, killed_after: &str) {
    let names: Vec<_> = house.store.list("done").await.unwrap().into_iter().map(|entry| entry.name).collect();
    assert_eq!(names.len(), 4, "{killed_after}: {names:?}");
    assert!(house.store.list("pending").await.unwrap().is_empty(), "{killed_after}");
    assert!(house.store.list("abandoned").await.unwrap().is_empty(), "{killed_after}");
    for connector in &house.connectors {
        let holds: Vec<_> = connector.holds().into_keys().map(|id| id.as_str().to_owned()).collect();
        assert_eq!(holds, [JO, LEE], "{killed_after}");
        let mut sent = BTreeMap::new();
        for (id, request) in connector.calls() {
            let first = sent.entry(id).or_insert_with(|| request.clone());
            assert_eq!(*first, request, "{killed_after}: a retry is the same request");
        }
        let most = sent.keys().map(|id| connector.calls().iter().filter(|(called, _)| called == id).count()).max();
        assert!(most <= Some(2), "{killed_after}: {most:?} calls");
    }
}

#[tokio::test]
async fn a_kill_between_any_two_writes_loses_and_doubles_nothing() {
    let whole = house();
    whole.switch.allow(i64::MAX);
    whole.run().await.unwrap();
    assert_complete(&whole, "no kill").await;
    let writes = whole.switch.used.load(Ordering::Relaxed);
    assert!(writes > 25, "{writes} writes are too few to show anything");
    for first in 0..writes {
        let house = house();
        house.switch.allow(first);
        assert!(house.run().await.is_err(), "killed after {first}");
        house.switch.allow(i64::MAX);
        assert_entries_are_whole(&house, &format!("killed after {first}")).await;
        house.run().await.unwrap();
        assert_complete(&house, &format!("killed after {first}")).await;
        let calls: usize = house.connectors.iter().map(|connector| connector.calls().len()).sum();
        house.run().await.unwrap();
        let after: usize = house.connectors.iter().map(|connector| connector.calls().len()).sum();
        assert_eq!(calls, after, "killed after {first}: the run after does nothing");
    }
}

#[tokio::test]
async fn a_request_that_was_stored_before_a_kill_is_sent_as_it_was() {
    for writes in 0.. {
        let house = House::new(&[("news", &[])]);
        let jo = house.sign_up(JO, 2);
        house.switch.allow(writes);
        let _killed = house.run().await;
        house.switch.allow(i64::MAX);
        let Some(stored) = house.read(&format!("pending/{jo}/request-news.json")).await else { continue };
        let other = json!([{"signInType": "federated", "issuer": "mail", "issuerAssignedId": "other@example.com"}]);
        house.directory.set(&jo, "identities", other);
        assert_eq!(house.run().await.unwrap().done, 1, "killed after {writes}");
        for (_, request) in house.connector("news").calls() {
            assert_eq!(request, stored, "killed after {writes}");
        }
        assert_eq!(house.connector("news").contexts().len(), 1, "rendered once");
        return;
    }
}

#[tokio::test]
async fn two_kills_in_a_row_lose_and_double_nothing() {
    for first in (0..24).step_by(3) {
        for second in 0..24 {
            let house = house();
            for writes in [first, second] {
                house.switch.allow(writes);
                let _killed = house.run().await;
            }
            house.switch.allow(i64::MAX);
            house.run().await.unwrap();
            let names = house.store.list("done").await.unwrap();
            assert_eq!(names.len(), 4, "killed after {first} and {second}");
            for connector in &house.connectors {
                assert_eq!(connector.holds().len(), 2, "killed after {first} and {second}");
            }
        }
    }
}

#[tokio::test]
async fn the_cursor_moves_only_after_every_account_is_in_the_outbox() {
    for writes in 0..40 {
        let house = house();
        house.switch.allow(writes);
        let _killed = house.run().await;
        house.switch.allow(i64::MAX);
        if house.read("cursor.json").await.is_some() {
            for id in [JO, KIM, LEE] {
                let done = house.read(&format!("done/{id}.json")).await.is_some();
                let pending = house.read(&format!("pending/{id}/account.json")).await.is_some();
                assert!(done || pending, "killed after {writes}: {id} is lost");
            }
        }
    }
}
