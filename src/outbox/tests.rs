//! The room by itself, with a kind of work made for these tests: contacts with a number as key, below a root of their
//! own.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::TimeDelta;
use object_store::ObjectStore;
use serde::Deserialize;
use serde_json::{Value, json};

use super::doubles::KillSwitch;
use super::*;
use crate::storage::{Namespace, StateStore};

const STEPS: [&str; 2] = ["directory", "crm"];

const NAMESPACE: Namespace = Namespace::new("contacts", &["contacts"], &[]);

/// What is to be done for a contact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Change {
    name: String,
}

type Contacts = Outbox<u32, Change>;

fn now() -> DateTime<Utc> {
    "2026-11-21T10:00:00Z".parse().unwrap()
}

fn change(name: &str) -> Change {
    Change { name: name.to_owned() }
}

/// The store and the outside, which outlive each process.
struct Fixture {
    switch: Arc<KillSwitch>,
    store: StateStore,
    sent: Mutex<Vec<(u32, &'static str, Value)>>,
    renderings: Mutex<u32>,
}

impl Fixture {
    fn new() -> Self {
        let switch = Arc::new(KillSwitch::new());
        let store = StateStore::over(Arc::clone(&switch) as Arc<dyn ObjectStore>);
        Self { switch, store, sent: Mutex::default(), renderings: Mutex::default() }
    }

    /// The outbox as a new process opens it.
    fn contacts(&self) -> Contacts {
        Outbox::new(self.store.open(&NAMESPACE), Layout::new("contacts", "change"))
    }

    /// Different each time, so that a second rendering is noticed.
    fn render(&self, entry: &Change) -> Value {
        let mut renderings = self.renderings.lock().unwrap();
        *renderings += 1;
        json!({"name": entry.name, "rendering": *renderings})
    }

    /// Takes every contact through its steps.
    async fn run(&self) -> Result<(), StoreError> {
        let contacts = self.contacts();
        for pending in contacts.pending().await? {
            let id = pending.id;
            if contacts.is_finished(&id).await? {
                contacts.clear(&id).await?;
                continue;
            }
            let mut work = LoadedEntry::load(&contacts, &pending, change("lost")).await?;
            for step in STEPS {
                if work.outcome(step).is_none() {
                    let request = match work.request(step).await? {
                        Some(request) => request,
                        None => work.store_request(step, self.render(work.content())).await?,
                    };
                    self.sent.lock().unwrap().push((id, step, request));
                    work.store_result(step, StepResult::new(StepOutcome::Delivered, None, now())).await?;
                }
            }
            let results = work.results().clone();
            let at = now();
            let done = PermanentRecord::<_, ()> { id, found_at: at, at, skipped: None, abandoned: None, results };
            contacts.finish(&done).await?;
        }
        Ok(())
    }

    async fn names(&self) -> Vec<String> {
        self.store.list("").await.unwrap().into_iter().map(|entry| entry.name).collect()
    }
}

async fn fixture() -> Fixture {
    let fixture = Fixture::new();
    for id in [7, 12] {
        assert_eq!(fixture.contacts().add(&id, &change("Jo")).await.unwrap(), Creation::Created);
    }
    fixture
}

async fn assert_complete(fixture: &Fixture, killed_after: i64) {
    assert_eq!(fixture.names().await, ["contacts/done/12.json", "contacts/done/7.json"], "killed after {killed_after}");
    let mut first = BTreeMap::new();
    for (id, step, request) in fixture.sent.lock().unwrap().clone() {
        let first = first.entry((id, step)).or_insert_with(|| request.clone());
        assert_eq!(*first, request, "killed after {killed_after}: sent again as it was");
    }
    assert_eq!(first.len(), 4, "killed after {killed_after}");
}

#[tokio::test]
async fn work_of_any_kind_killed_between_any_two_writes_is_neither_lost_nor_changed() {
    let whole = fixture().await;
    whole.switch.allow(i64::MAX);
    whole.run().await.unwrap();
    assert_complete(&whole, i64::MAX).await;
    let writes = whole.switch.used.load(Ordering::Relaxed);
    assert!(writes > 15, "{writes} writes are too few to show anything");
    for killed_after in 0..writes {
        let fixture = fixture().await;
        fixture.switch.allow(killed_after);
        assert!(fixture.run().await.is_err(), "killed after {killed_after}");
        fixture.switch.allow(i64::MAX);
        let names = fixture.names().await;
        for id in [7, 12] {
            let has = |name: &str| names.contains(&format!("contacts/{name}"));
            let entry = has(&format!("pending/{id}/change.json"));
            assert!(entry || has(&format!("done/{id}.json")), "killed after {killed_after}: {id} is lost");
            let parts = names.iter().any(|name| name.starts_with(&format!("contacts/pending/{id}/")));
            assert!(entry || !parts, "killed after {killed_after}: the entry's own object goes last: {names:?}");
        }
        fixture.run().await.unwrap();
        assert_complete(&fixture, killed_after).await;
    }
}

#[tokio::test]
async fn a_request_that_another_process_stored_meanwhile_is_the_one_to_be_sent() {
    let fixture = fixture().await;
    let contacts = fixture.contacts();
    let pending = contacts.pending().await.unwrap();
    let first = LoadedEntry::load(&contacts, &pending[0], change("lost")).await.unwrap();
    let second = LoadedEntry::load(&contacts, &pending[0], change("lost")).await.unwrap();
    assert_eq!(first.store_request("crm", json!(1)).await.unwrap(), 1);
    assert_eq!(second.store_request("crm", json!(2)).await.unwrap(), 1);
}

#[tokio::test]
async fn a_step_that_fails_waits_and_is_given_up_after_its_last_attempt() {
    let fixture = fixture().await;
    let contacts = fixture.contacts();
    let failure = |retry_after| Failure { reason: "status 503".to_owned(), retry_after };
    for attempt in 1..=2 {
        let pending = contacts.pending().await.unwrap().into_iter().find(|pending| pending.id == 7).unwrap();
        let mut work = LoadedEntry::load(&contacts, &pending, change("lost")).await.unwrap();
        let retry_after = Some(Duration::from_mins(10));
        assert_eq!(work.failures(Some("crm")), attempt - 1);
        assert_eq!(work.fail(Some("crm"), failure(retry_after), 3, now()).await.unwrap(), AfterFailure::RetryLater);
        assert!(!work.is_due(Some("crm"), now() + TimeDelta::minutes(9)), "as long as retry_after");
        assert!(work.is_due(Some("crm"), now() + TimeDelta::minutes(12)), "at most a fifth longer");
        assert!(work.is_due(Some("directory"), now()) && work.is_due(None, now()), "others need not wait");
    }
    let pending = contacts.pending().await.unwrap().into_iter().find(|pending| pending.id == 7).unwrap();
    assert!(!pending.has_begun(), "nothing was stored for a step");
    let mut work = LoadedEntry::load(&contacts, &pending, change("lost")).await.unwrap();
    let last = work.fail(Some("crm"), failure(None), 3, now()).await.unwrap();
    assert_eq!(last, AfterFailure::GiveUp("given up after 3 attempts: status 503".to_owned()));
}

#[tokio::test]
async fn an_object_that_is_none_of_ours_is_passed_over_and_deleted_with_its_work() {
    let fixture = fixture().await;
    for name in [
        "contacts/pending/odd/change.json",
        "contacts/pending/007/change.json",
        "contacts/pending/7/notes.json",
        "contacts/pending/7/attempt-x.json",
    ] {
        fixture.store.create(name, &json!("odd")).await.unwrap();
    }
    fixture.run().await.unwrap();
    let names = fixture.names().await;
    let odd = ["contacts/pending/007/change.json", "contacts/pending/odd/change.json"];
    assert_eq!(names, ["contacts/done/12.json", "contacts/done/7.json", odd[0], odd[1]]);
}
