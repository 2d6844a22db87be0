//! Failures, and what follows from them.

use std::sync::atomic::Ordering;
use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::doubles::{Fixture, JO, KIM, LEE, Reply, now};
use crate::accounts::{RunError, RunReport};
use crate::graph::fake::Fault;

async fn runs(fixture: &Fixture, times: usize) -> RunReport {
    let mut last = RunReport::default();
    for _ in 0..times {
        last = fixture.run().await.unwrap();
    }
    last
}

#[tokio::test]
async fn a_failed_delivery_is_sent_again_unchanged_by_the_next_run() {
    let fixture = Fixture::new(&[("news", &[])]);
    fixture.connector("news").replies(Reply::Unavailable(None));
    let jo = fixture.sign_up(JO, 2);
    let report = fixture.run().await.unwrap();
    assert_eq!((report.failed, report.done), (1, 0));
    let attempt: Value = fixture.read(&format!("pending/{jo}/attempt-1.json")).await.unwrap();
    let reason = "the outside system cannot take it now: status 503";
    assert_eq!(attempt, json!({"at": now(), "connector": "news", "reason": reason, "not_before": now()}));
    fixture.directory.set(&jo, "identities", json!([]));
    assert_eq!(fixture.run().await.unwrap().done, 1);
    let calls = fixture.connector("news").calls();
    assert_eq!((calls.len(), &calls[0]), (2, &calls[1]));
    assert_eq!(fixture.connector("news").contexts().len(), 1, "rendered once");
}

#[tokio::test]
async fn waits_grow_after_the_third_failure_and_the_last_attempt_abandons() {
    let fixture = Fixture::new(&[("news", &[])]);
    fixture.connector("news").always(Reply::Unavailable(None));
    let jo = fixture.sign_up(JO, 2);
    assert_eq!(runs(&fixture, 4).await.failed, 1);
    fixture.pass(9);
    assert_eq!(runs(&fixture, 1).await.waiting, 1);
    fixture.pass(3);
    assert_eq!(runs(&fixture, 1).await.abandoned, 1, "ten minutes and at most a fifth more");
    assert_eq!(fixture.connector("news").calls().len(), 5);
    let record: Value = fixture.read(&format!("abandoned/{jo}.json")).await.unwrap();
    assert!(record["abandoned"].as_str().unwrap().starts_with("news: given up after 5 attempts: "), "{record}");
    assert!(fixture.store.list("pending").await.unwrap().is_empty());
    let report = runs(&fixture, 1).await;
    assert_eq!((report.found, report.known, fixture.connector("news").calls().len()), (0, 1, 5), "abandoned for good");
}

#[tokio::test]
async fn an_asked_for_wait_is_kept() {
    let fixture = Fixture::new(&[("news", &[])]);
    fixture.connector("news").replies(Reply::Unavailable(Some(Duration::from_hours(1))));
    fixture.sign_up(JO, 2);
    fixture.run().await.unwrap();
    fixture.pass(59);
    assert_eq!(fixture.run().await.unwrap().waiting, 1);
    fixture.pass(13);
    assert_eq!(fixture.run().await.unwrap().done, 1, "an hour and at most a fifth more");
}

#[tokio::test]
async fn a_connector_that_gives_up_stops_those_after_it_and_no_other() {
    let fixture =
        Fixture::new(&[("billing", &[]), ("directory", &["billing"]), ("last", &["directory"]), ("news", &[])]);
    fixture.connector("billing").always(Reply::Rejected);
    let jo = fixture.sign_up(JO, 2);
    fixture.sign_up(KIM, 2);
    assert_eq!(fixture.run().await.unwrap().abandoned, 2);
    let record: Value = fixture.read(&format!("abandoned/{jo}.json")).await.unwrap();
    let outcomes: Vec<_> =
        ["billing", "directory", "last", "news"].map(|name| record["results"][name]["outcome"].clone()).into();
    assert_eq!(outcomes, ["failed", "not-run", "not-run", "delivered"]);
    assert_eq!(record["abandoned"], "billing: the outside system refuses it: status 400");
}

#[tokio::test]
async fn a_connector_waits_for_those_it_comes_after() {
    let fixture = Fixture::new(&[("billing", &[]), ("directory", &["billing"]), ("news", &[])]);
    fixture.connector("billing").replies(Reply::Unavailable(None));
    fixture.sign_up(JO, 2);
    fixture.run().await.unwrap();
    let calls = |name: &str| fixture.connector(name).calls().len();
    assert_eq!((calls("directory"), calls("news")), (0, 1));
    fixture.run().await.unwrap();
    assert_eq!((calls("directory"), calls("news")), (1, 1));
}

#[tokio::test]
async fn an_account_the_outside_will_never_take_is_done() {
    let fixture = Fixture::new(&[("news", &[]), ("directory", &["news"])]);
    fixture.connector("news").always(Reply::Never);
    let jo = fixture.sign_up(JO, 2);
    assert_eq!(fixture.run().await.unwrap().done, 1);
    let record: Value = fixture.read(&format!("done/{jo}.json")).await.unwrap();
    assert_eq!(record["results"]["news"], json!({"outcome": "skipped", "reason": "unsubscribed", "at": now()}));
    assert_eq!(record["results"]["directory"]["outcome"], "delivered");
}

#[tokio::test]
async fn what_is_not_set_up_uses_no_attempt_and_is_called_once_a_run() {
    let mut fixture = Fixture::new(&[("news", &[])]);
    fixture.settings.concurrency = 1;
    fixture.connector("news").always(Reply::NotSetUp);
    let jo = fixture.sign_up(JO, 2);
    fixture.sign_up(KIM, 2);
    let report = runs(&fixture, 9).await;
    assert_eq!((report.waiting, report.abandoned), (2, 0));
    assert_eq!(fixture.connector("news").calls().len(), 9);
    assert_eq!(fixture.parts(&jo).await.iter().filter(|part| part.starts_with("attempt")).count(), 0);
    fixture.connector("news").always(Reply::Ok);
    assert_eq!(runs(&fixture, 1).await.done, 2);
}

#[rstest]
#[case(Fault::Status(404))]
#[case(Fault::Status(503))]
#[case(Fault::Panics)]
#[tokio::test]
async fn an_account_that_cannot_be_read_stops_no_other_and_is_read_by_the_next_run(#[case] fault: Fault) {
    let fixture = Fixture::new(&[("news", &[])]);
    let jo = fixture.sign_up(JO, 2);
    for id in [KIM, LEE] {
        fixture.sign_up(id, 2);
    }
    fixture.directory.with(|state| state.faults.insert(jo.clone(), fault));
    let report = fixture.run().await.unwrap();
    assert_eq!((report.found, report.done, report.failed), (3, 2, 1));
    fixture.directory.with(|state| state.faults.clear());
    assert_eq!(fixture.run().await.unwrap().done, 1);
}

#[rstest]
#[case("id", json!(KIM))]
#[case("id", json!(null))]
#[case("identities", json!(null))]
#[case("identities", json!("odd"))]
#[case("identities", json!([7]))]
#[case("identities", json!([{"signInType": "emailAddress", "issuer": "contoso.com", "issuerAssignedId": null}]))]
#[tokio::test]
async fn an_account_that_is_another_or_has_no_readable_identities_is_neither_taken_nor_skipped(
    #[case] property: &str,
    #[case] odd: Value,
) {
    let fixture = Fixture::new(&[("news", &[])]);
    let jo = fixture.sign_up(JO, 2);
    let good = fixture.directory.with(|state| state.users[&jo][property].clone());
    fixture.directory.set(&jo, property, odd);
    let report = runs(&fixture, 3).await;
    assert_eq!((report.failed, report.done, report.skipped.len(), report.abandoned), (1, 0, 0, 0));
    assert_eq!(fixture.connector("news").calls().len(), 0);
    fixture.directory.set(&jo, property, good);
    assert_eq!(runs(&fixture, 1).await.done, 1);
}

#[tokio::test]
async fn an_account_that_never_can_be_read_is_abandoned() {
    let fixture = Fixture::new(&[("news", &[])]);
    let jo = fixture.sign_up(JO, 2);
    fixture.directory.with(|state| state.users.clear());
    runs(&fixture, 4).await;
    fixture.pass(12);
    assert_eq!(runs(&fixture, 1).await.abandoned, 1);
    let record: Value = fixture.read(&format!("abandoned/{jo}.json")).await.unwrap();
    assert!(record["abandoned"].as_str().unwrap().contains("404"), "{record}");
}

#[tokio::test]
async fn a_missing_permission_to_read_users_makes_accounts_wait() {
    let fixture = Fixture::new(&[("news", &[])]);
    let jo = fixture.sign_up(JO, 2);
    fixture.directory.with(|state| state.faults.insert(jo.clone(), Fault::Status(403)));
    assert_eq!(runs(&fixture, 7).await.waiting, 1);
    assert_eq!(fixture.parts(&jo).await, ["account.json"]);
}

#[tokio::test]
async fn a_connector_that_panics_stops_no_other_account_and_ends_abandoned() {
    let fixture = Fixture::new(&[("news", &[])]);
    fixture.connector("news").always(Reply::Panics);
    fixture.sign_up(JO, 2);
    assert_eq!(runs(&fixture, 4).await.failed, 1);
    fixture.pass(12);
    assert_eq!(runs(&fixture, 1).await.abandoned, 1);
}

#[tokio::test]
async fn an_invite_source_that_cannot_be_asked_makes_accounts_wait() {
    let mut fixture = Fixture::new(&[("news", &[])]);
    fixture.settings.needs_invite = true;
    fixture.invites.broken.store(true, Ordering::Relaxed);
    fixture.sign_up(JO, 2);
    assert_eq!(runs(&fixture, 7).await.waiting, 1);
    fixture.invites.broken.store(false, Ordering::Relaxed);
    assert_eq!(runs(&fixture, 1).await.done, 1);
}

#[tokio::test]
async fn an_audit_log_that_cannot_be_read_fails_the_run_but_not_the_outbox() {
    let fixture = Fixture::new(&[("news", &[])]);
    fixture.connector("news").replies(Reply::Unavailable(None));
    fixture.sign_up(JO, 2);
    fixture.run().await.unwrap();
    fixture.directory.with(|state| state.log_status = Some(403));
    let cursor = fixture.read("cursor.json").await;
    fixture.pass(5);
    let error = fixture.run().await.unwrap_err();
    assert!(matches!(error, RunError::Discovery(_)), "{error}");
    assert_eq!(fixture.read("cursor.json").await, cursor, "what was not read is not passed");
    assert_eq!(fixture.connector("news").holds().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_run_ends_at_its_limit_and_the_next_one_goes_on() {
    let mut fixture = Fixture::new(&[("news", &[])]);
    fixture.settings.concurrency = 1;
    fixture.connector("news").always(Reply::Takes(Duration::from_mins(5)));
    for id in [JO, KIM, LEE] {
        fixture.sign_up(id, 2);
    }
    let begin = Instant::now();
    let report = fixture.run().await.unwrap();
    assert_eq!((report.done, report.left, report.failed), (1, 2, 0));
    assert_eq!(begin.elapsed(), Duration::from_mins(8));
    assert_eq!(fixture.connector("news").calls().len(), 2, "no account is taken after the limit");
    fixture.directory.with(|state| assert_eq!(state.reads.len(), 2));
    let report = runs(&fixture, 2).await;
    assert_eq!((report.done, report.left), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn what_hangs_is_left_at_the_limit_without_an_attempt() {
    let fixture = Fixture::new(&[("news", &[])]);
    fixture.connector("news").replies(Reply::Hangs);
    let (jo, kim) = (fixture.sign_up(JO, 2), fixture.sign_up(KIM, 2));
    fixture.directory.with(|state| state.faults.insert(kim.clone(), Fault::Hangs));
    fixture.sign_up(LEE, 2);
    let begin = Instant::now();
    let report = fixture.run().await.unwrap();
    assert_eq!((report.done, report.left), (1, 2));
    assert_eq!(begin.elapsed(), Duration::from_mins(8));
    let parts = [fixture.parts(&jo).await, fixture.parts(&kim).await].concat();
    assert!(!parts.iter().any(|part| part.starts_with("attempt")), "{parts:?}");
}

#[tokio::test(start_paused = true)]
async fn what_ends_with_the_run_uses_no_attempt() {
    let mut fixture = Fixture::new(&[("news", &[])]);
    fixture.settings.max_attempts = 1;
    fixture.connector("news").replies(Reply::UntilTheEnd);
    let (jo, kim) = (fixture.sign_up(JO, 2), fixture.sign_up(KIM, 2));
    fixture.directory.with(|state| state.faults.insert(kim.clone(), Fault::UntilTheEnd));
    let report = fixture.run().await.unwrap();
    assert_eq!((report.left, report.failed, report.abandoned), (2, 0, 0));
    let parts = [fixture.parts(&jo).await, fixture.parts(&kim).await].concat();
    assert_eq!(parts, ["account.json", "request-news.json", "account.json"]);
    fixture.directory.with(|state| state.faults.clear());
    assert_eq!(fixture.run().await.unwrap().done, 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_delivered_at_the_limit_is_recorded_and_nothing_else_is_begun() {
    let fixture = Fixture::new(&[("billing", &[]), ("news", &["billing"])]);
    fixture.connector("billing").replies(Reply::Takes(Duration::from_mins(8)));
    let jo = fixture.sign_up(JO, 2);
    let report = fixture.run().await.unwrap();
    assert_eq!((report.done, report.left), (0, 1));
    assert_eq!(fixture.parts(&jo).await, ["account.json", "request-billing.json", "result-billing.json"]);
    assert!(fixture.connector("news").calls().is_empty());
    assert_eq!(fixture.run().await.unwrap().done, 1);
}

#[tokio::test(start_paused = true)]
async fn an_invite_source_that_hangs_uses_no_attempt() {
    let mut fixture = Fixture::new(&[("news", &[])]);
    fixture.settings.needs_invite = true;
    fixture.invites.hangs.store(true, Ordering::Relaxed);
    let jo = fixture.sign_up(JO, 2);
    let report = fixture.run().await.unwrap();
    assert_eq!((report.left, report.failed), (1, 0));
    assert_eq!(fixture.parts(&jo).await, ["account.json"]);
    fixture.invites.hangs.store(false, Ordering::Relaxed);
    assert_eq!(fixture.run().await.unwrap().done, 1);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_ends_the_run_soon_after_its_limit_and_the_account_counts_as_left() {
    let fixture = Fixture::new(&[("news", &[])]);
    fixture.sign_up(JO, 2);
    fixture.switch.hang_at("request-news.json");
    let begin = Instant::now();
    let report = fixture.run().await.unwrap();
    assert_eq!((report.found, report.left, report.failed), (1, 1, 0));
    assert_eq!(begin.elapsed(), Duration::from_secs(8 * 60 + 5));
}

#[tokio::test]
async fn accounts_that_failed_together_are_not_all_tried_again_at_one_moment() {
    let fixture = Fixture::new(&[("news", &[])]);
    fixture.connector("news").always(Reply::Unavailable(None));
    let ids: Vec<_> =
        (0..8).map(|n| fixture.sign_up(&format!("aaaaaaaa-0000-0000-0000-0000000001{n:02}"), 2)).collect();
    runs(&fixture, 4).await;
    let mut moments = std::collections::BTreeSet::new();
    for id in ids {
        let attempt: Value = fixture.read(&format!("pending/{id}/attempt-4.json")).await.unwrap();
        moments.insert(attempt["not_before"].as_str().unwrap().to_owned());
    }
    assert!(moments.len() > 4, "{moments:?}");
}
