//! Runs that are killed between any two writes: nothing is lost, doubled, or rendered again after it was sent.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use serde_json::json;

use super::doubles::{Fixture, JO, KIM, LEE};
use crate::graph::Initiator;
use crate::graph::fake::record;

const CONNECTORS: [(&str, &[&str]); 3] =
    [("directory", &["billing", "news"]), ("billing", &[]), ("news", &["billing"])];

fn fixture() -> Fixture {
    let fixture = Fixture::new(&CONNECTORS);
    fixture.sign_up(JO, 3);
    let kim = fixture.sign_up(KIM, 2);
    fixture.directory.set(&kim, "userType", "Guest".into());
    let admin = Initiator { user_id: Some("728309ae-1a37-4937-9afe-e35d964db09b".to_owned()), ..Initiator::default() };
    let by_admin = record(&"cccccccc-0000-0000-0000-000000000003".parse().unwrap(), super::now(), admin);
    fixture.directory.with(|state| state.records.push(by_admin));
    fixture.sign_up(LEE, 1);
    fixture
}

/// While anything of an account is in the outbox, its `account.json` is there.
async fn assert_entries_are_whole(fixture: &Fixture, killed_after: &str) {
    let entries = fixture.store.list("pending").await.unwrap();
    for entry in &entries {
        let (folder, _) = entry.name.rsplit_once('/').unwrap();
        let account = format!("{folder}/account.json");
        assert!(entries.iter().any(|entry| entry.name == account), "{killed_after}: {entries:?}");
    }
}

/// Checks the end state: every account is finished, and each connector got the same request for it each time.
async fn assert_complete(fixture: &Fixture, killed_after: &str) {
    let names: Vec<_> = fixture.store.list("done").await.unwrap().into_iter().map(|entry| entry.name).collect();
    assert_eq!(names.len(), 4, "{killed_after}: {names:?}");
    assert!(fixture.store.list("pending").await.unwrap().is_empty(), "{killed_after}");
    assert!(fixture.store.list("abandoned").await.unwrap().is_empty(), "{killed_after}");
    for connector in &fixture.connectors {
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
    let whole = fixture();
    whole.switch.allow(i64::MAX);
    whole.run().await.unwrap();
    assert_complete(&whole, "no kill").await;
    let writes = whole.switch.used.load(Ordering::Relaxed);
    assert!(writes > 25, "{writes} writes are too few to show anything");
    for first in 0..writes {
        let fixture = fixture();
        fixture.switch.allow(first);
        assert!(fixture.run().await.is_err(), "killed after {first}");
        fixture.switch.allow(i64::MAX);
        assert_entries_are_whole(&fixture, &format!("killed after {first}")).await;
        fixture.run().await.unwrap();
        assert_complete(&fixture, &format!("killed after {first}")).await;
        let calls: usize = fixture.connectors.iter().map(|connector| connector.calls().len()).sum();
        fixture.run().await.unwrap();
        let after: usize = fixture.connectors.iter().map(|connector| connector.calls().len()).sum();
        assert_eq!(calls, after, "killed after {first}: the run after does nothing");
    }
}

#[tokio::test]
async fn a_request_that_was_stored_before_a_kill_is_sent_as_it_was() {
    for writes in 0.. {
        let fixture = Fixture::new(&[("news", &[])]);
        let jo = fixture.sign_up(JO, 2);
        fixture.switch.allow(writes);
        let _killed = fixture.run().await;
        fixture.switch.allow(i64::MAX);
        let Some(stored) = fixture.read(&format!("pending/{jo}/request-news.json")).await else { continue };
        let other = json!([{"signInType": "federated", "issuer": "mail", "issuerAssignedId": "other@example.com"}]);
        fixture.directory.set(&jo, "identities", other);
        assert_eq!(fixture.run().await.unwrap().done, 1, "killed after {writes}");
        for (_, request) in fixture.connector("news").calls() {
            assert_eq!(request, stored, "killed after {writes}");
        }
        assert_eq!(fixture.connector("news").contexts().len(), 1, "rendered once");
        return;
    }
}

#[tokio::test]
async fn two_kills_in_a_row_lose_and_double_nothing() {
    for first in (0..24).step_by(3) {
        for second in 0..24 {
            let fixture = fixture();
            for writes in [first, second] {
                fixture.switch.allow(writes);
                let _killed = fixture.run().await;
            }
            fixture.switch.allow(i64::MAX);
            fixture.run().await.unwrap();
            let names = fixture.store.list("done").await.unwrap();
            assert_eq!(names.len(), 4, "killed after {first} and {second}");
            for connector in &fixture.connectors {
                assert_eq!(connector.holds().len(), 2, "killed after {first} and {second}");
            }
        }
    }
}

#[tokio::test]
async fn the_cursor_moves_only_after_every_account_is_in_the_outbox() {
    for writes in 0..40 {
        let fixture = fixture();
        fixture.switch.allow(writes);
        let _killed = fixture.run().await;
        fixture.switch.allow(i64::MAX);
        if fixture.read("cursor.json").await.is_some() {
            for id in [JO, KIM, LEE] {
                let done = fixture.read(&format!("done/{id}.json")).await.is_some();
                let pending = fixture.read(&format!("pending/{id}/account.json")).await.is_some();
                assert!(done || pending, "killed after {writes}: {id} is lost");
            }
        }
    }
}
