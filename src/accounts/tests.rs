//! Whole runs over a directory, a store and outside systems in memory.

mod clocks;
mod codes;
mod corrupt;
mod crash;
mod doubles;
mod failures;
mod logs;
mod skips;

use rstest::rstest;
use serde_json::{Value, json};

use super::*;
use crate::connectors::VARIABLES;
use crate::expressions::Condition;
use crate::storage::StoreError;
use crate::values::{AttributeTypes, EmailMatch, Invitation};
use doubles::{Fixture, JO, KIM, LEE, Reply, now};

#[tokio::test]
async fn a_new_account_reaches_every_connector_and_is_recorded_once() {
    let fixture = Fixture::new(&[("billing", &[]), ("news", &["billing"])]);
    let jo = fixture.sign_up(JO, 2);
    let report = fixture.run().await.unwrap();
    assert_eq!((report.found, report.done), (1, 1));
    let record: Value = fixture.read(&format!("done/{jo}.json")).await.unwrap();
    assert_eq!(record["results"]["billing"], json!({"outcome": "delivered", "id": "billing-1", "at": now()}));
    assert_eq!(record["found_at"], json!(now()));
    assert!(!record.to_string().contains("example.com") && !record.to_string().contains("Bradford"), "{record}");
    assert!(fixture.store.list("pending").await.unwrap().is_empty());
    let seen = fixture.connector("news").contexts();
    assert_eq!(seen[0]["results"], json!({"billing": {"id": "billing-1", "outcome": "delivered"}}));
    assert_eq!(seen[0]["user"]["email"], "9fb7a577@example.com");
}

#[tokio::test]
async fn a_second_run_over_the_same_window_does_nothing_twice() {
    let fixture = Fixture::new(&[("news", &[])]);
    fixture.sign_up(JO, 2);
    fixture.run().await.unwrap();
    let report = fixture.run().await.unwrap();
    assert_eq!((report.found, report.known, report.done), (0, 1, 0));
    assert_eq!(fixture.connector("news").calls().len(), 1);
    fixture.directory.with(|state| assert_eq!(state.reads.len(), 1));
}

#[tokio::test]
async fn a_record_that_comes_late_is_found_within_the_overlap() {
    let fixture = Fixture::new(&[("news", &[])]);
    fixture.run().await.unwrap();
    fixture.pass(30);
    fixture.sign_up(JO, 2);
    fixture.run().await.unwrap();
    fixture.pass(5);
    fixture.sign_up(KIM, 36);
    let report = fixture.run().await.unwrap();
    assert_eq!((report.found, report.known, report.done), (1, 1, 1));
    fixture.directory.with(|state| {
        let [first, second, third] = state.windows[..] else { panic!("three windows") };
        assert_eq!((first.from, first.to), (now() - chrono::TimeDelta::minutes(10), now()));
        assert_eq!(second.from, first.from, "the overlap never reaches before the very first run's look back");
        assert_eq!(third.to - second.to, chrono::TimeDelta::minutes(5));
    });
}

#[tokio::test]
async fn a_window_ends_before_what_may_still_be_written() {
    let mut fixture = Fixture::new(&[]);
    fixture.settings.settle = std::time::Duration::from_mins(2);
    fixture.run().await.unwrap();
    fixture.directory.with(|state| assert_eq!(state.windows[0].to, now() - chrono::TimeDelta::minutes(2)));
    fixture.settings.settle = std::time::Duration::from_hours(9);
    assert_eq!(fixture.run().await.unwrap().window, None, "no time at all to look at");
}

#[tokio::test]
async fn every_page_is_read() {
    let fixture = Fixture::new(&[("news", &[])]);
    fixture.directory.with(|state| (state.page_size, state.unreadable) = (1, 2));
    for id in [JO, KIM, LEE] {
        fixture.sign_up(id, 2);
    }
    let report = fixture.run().await.unwrap();
    assert_eq!((report.found, report.done, report.unreadable), (3, 3, 2));
    assert_eq!(report.unreadable_records, ["odd-0 (odd)", "odd-1 (odd)"]);
}

#[tokio::test]
async fn a_next_page_that_was_read_already_fails_the_run_at_once_and_what_was_read_is_kept() {
    let fixture = Fixture::new(&[("news", &[])]);
    fixture.directory.with(|state| (state.page_size, state.next_page) = (1, Some(1)));
    fixture.sign_up(JO, 3);
    fixture.sign_up(KIM, 2);
    let error = fixture.run().await.unwrap_err();
    assert!(crate::telemetry::describe(&error).contains("one that was read already"), "{error:?}");
    fixture.directory.with(|state| assert_eq!(state.pages, 2));
    assert_eq!(fixture.connector("news").holds().len(), 2);
    assert!(fixture.read("cursor.json").await.is_none(), "what was not read is not passed");
}

#[tokio::test(start_paused = true)]
async fn pages_go_out_no_faster_than_the_service_takes_them() {
    let fixture = Fixture::new(&[]);
    fixture.directory.with(|state| state.page_size = 1);
    for number in 0..12 {
        fixture.sign_up(&format!("aaaaaaaa-0000-0000-0000-0000000001{number:02}"), 2);
    }
    let begin = tokio::time::Instant::now();
    assert_eq!(fixture.run().await.unwrap().found, 12);
    assert_eq!(begin.elapsed(), std::time::Duration::from_secs(20));
}

#[tokio::test(start_paused = true)]
async fn what_the_pace_leaves_no_time_for_is_read_by_the_next_run() {
    let mut fixture = Fixture::new(&[("news", &[])]);
    fixture.settings.run_limit = std::time::Duration::from_secs(18);
    fixture.directory.with(|state| state.page_size = 1);
    for number in 0..6 {
        fixture.sign_up(&format!("aaaaaaaa-0000-0000-0000-0000000001{number:02}"), 9 - number);
    }
    let report = fixture.run().await.unwrap();
    assert!(report.discovery_incomplete && report.found == 5 && report.done == 5, "{report:?}");
}

#[tokio::test(start_paused = true)]
async fn a_window_too_large_for_one_run_is_read_in_parts() {
    let fixture = Fixture::new(&[("news", &[])]);
    fixture.directory.with(|state| (state.page_size, state.page_delay) = (1, std::time::Duration::from_mins(3)));
    for (id, minutes) in [(JO, 9), (KIM, 8), (LEE, 7)] {
        fixture.sign_up(id, minutes);
    }
    let report = fixture.run().await.unwrap();
    assert!(report.discovery_incomplete && report.found == 1 && report.done == 1, "{report:?}");
    let cursor: Value = fixture.read("cursor.json").await.unwrap();
    assert_eq!(cursor["to"], json!(now() - chrono::TimeDelta::minutes(9)), "up to what was stored, no further");
}

/// Records can come so late that a cut leaves what was read before the cursor.
#[tokio::test(start_paused = true)]
async fn a_cut_never_moves_the_cursor_back() {
    let fixture = Fixture::new(&[("news", &[])]);
    fixture.run().await.unwrap();
    fixture.pass(1);
    fixture.directory.with(|state| (state.page_size, state.page_delay) = (1, std::time::Duration::from_mins(3)));
    for (id, minutes) in [(JO, 9), (KIM, 8), (LEE, 7)] {
        fixture.sign_up(id, minutes);
    }
    let report = fixture.run().await.unwrap();
    assert!(report.discovery_incomplete && report.found == 1, "{report:?}");
    let cursor: Value = fixture.read("cursor.json").await.unwrap();
    assert_eq!(cursor["to"], json!(now()));
}

#[rstest]
#[case::between_pages(1, 90)]
#[case::within_a_page(2, 180)]
#[tokio::test(start_paused = true)]
async fn a_part_of_a_window_that_came_out_of_order_is_read_again(#[case] page_size: usize, #[case] seconds: u64) {
    let mut fixture = Fixture::new(&[("news", &[])]);
    fixture.settings.overlap = std::time::Duration::ZERO;
    let delay = std::time::Duration::from_secs(seconds);
    fixture.directory.with(|state| (state.page_size, state.page_delay) = (page_size, delay));
    for (id, minutes) in [(JO, 7), (KIM, 9), (LEE, 8)] {
        fixture.sign_up(id, minutes);
    }
    let report = fixture.run().await.unwrap();
    assert!(report.discovery_incomplete && report.found == 2, "{report:?}");
    assert!(fixture.read("cursor.json").await.is_none(), "older records may be on the pages that were not read");
    fixture.directory.with(|state| state.page_delay = std::time::Duration::ZERO);
    let report = fixture.run().await.unwrap();
    assert_eq!((report.found, report.known, report.done), (1, 2, 1));
}

#[tokio::test]
async fn a_window_before_the_logs_begin_is_cut_and_the_gap_reported() {
    let fixture = Fixture::new(&[("news", &[])]);
    fixture.run().await.unwrap();
    fixture.pass(60 * 24 * 30);
    fixture.directory.with(|state| state.retention = Some(fixture.clock.now() - chrono::TimeDelta::days(7)));
    fixture.sign_up(JO, 2);
    let report = fixture.run().await.unwrap();
    assert!(report.gap_possible && report.found == 1, "{report:?}");
    assert!(!fixture.run().await.unwrap().gap_possible);
}

#[tokio::test]
async fn a_condition_decides_and_one_without_an_answer_is_false() {
    for (when, delivered) in [
        ("user.givenName == 'Jo'", true),
        ("user.ext.Newsletter", false),
        ("'billing' in invite.tags", false),
        ("user.givenName", false),
    ] {
        let mut fixture = Fixture::new(&[("news", &[])]);
        fixture.settings.connectors[0].when = Some(Condition::compile(when, &VARIABLES).unwrap());
        let jo = fixture.sign_up(JO, 2);
        assert_eq!(fixture.run().await.unwrap().done, 1);
        assert_eq!(fixture.connector("news").calls().len(), usize::from(delivered), "{when}");
        let record: Value = fixture.read(&format!("done/{jo}.json")).await.unwrap();
        assert_eq!(record["results"]["news"]["outcome"], if delivered { "delivered" } else { "skipped" });
    }
}

#[tokio::test]
async fn a_connector_with_nothing_to_send_is_skipped_with_its_reason() {
    let fixture = Fixture::new(&[("news", &[])]);
    fixture.connector("news").renders_nothing();
    let jo = fixture.sign_up(JO, 2);
    assert_eq!(fixture.run().await.unwrap().done, 1);
    let record: Value = fixture.read(&format!("done/{jo}.json")).await.unwrap();
    assert_eq!(record["results"]["news"]["reason"], "there is nothing");
}

#[tokio::test]
async fn the_invitation_is_looked_up_when_something_uses_it() {
    let mut fixture = Fixture::new(&[("news", &[])]);
    fixture.invite("9fb7a577@example.com", Some("2026-11-21T09:00:00Z"), &[("plan", "old")]);
    fixture.invite("9fb7a577@example.com", None, &[("plan", "pro"), ("name", "Jo B")]);
    fixture.sign_up(JO, 2);
    fixture.settings.needs_invite = true;
    fixture.run().await.unwrap();
    let invite = fixture.connector("news").contexts()[0]["invite"].clone();
    let lists = json!({"plan": "pro", "name": "Jo B", "tags": ["vip"], "groups": [], "roles": [], "source": "beta"});
    assert_eq!(invite, lists);
    let fixture = Fixture::new(&[("news", &[])]);
    fixture.invite("9fb7a577@example.com", None, &[]);
    fixture.sign_up(JO, 2);
    fixture.run().await.unwrap();
    assert_eq!(
        fixture.connector("news").contexts()[0]["invite"],
        Invitation::to_context(None, &AttributeTypes::default())
    );
}

/// The invitation that the connector saw.
fn invite_seen(fixture: &Fixture) -> Value {
    fixture.connector("news").contexts()[0]["invite"]["name"].clone()
}

#[tokio::test]
async fn an_invitation_is_judged_by_when_the_account_was_made() {
    let mut fixture = Fixture::new(&[("news", &[])]);
    fixture.settings.needs_invite = true;
    fixture.invite("9fb7a577@example.com", Some("2026-11-21T09:57:00Z"), &[("name", "expired before")]);
    fixture.invite("9fb7a577@example.com", Some("2026-11-21T09:59:00Z"), &[("name", "expired since")]);
    fixture.invite("9fb7a577@example.com", None, &[("name", "never expires")]);
    fixture.sign_up(JO, 2);
    assert_eq!(fixture.run().await.unwrap().done, 1);
    assert_eq!(invite_seen(&fixture), "expired since");
}

#[tokio::test]
async fn without_a_time_of_creation_an_invitation_is_judged_by_when_the_account_was_found() {
    let mut fixture = Fixture::new(&[("news", &[])]);
    fixture.settings.needs_invite = true;
    fixture.invite("9fb7a577@example.com", Some("2026-11-21T10:01:00Z"), &[("name", "expired since")]);
    fixture.invite("9fb7a577@example.com", None, &[("name", "never expires")]);
    let jo = fixture.sign_up(JO, 2);
    fixture.directory.set(&jo, "createdDateTime", json!(null));
    fixture.invites.broken.store(true, std::sync::atomic::Ordering::Relaxed);
    fixture.run().await.unwrap();
    fixture.invites.broken.store(false, std::sync::atomic::Ordering::Relaxed);
    fixture.pass(2);
    assert_eq!(fixture.run().await.unwrap().done, 1);
    assert_eq!(invite_seen(&fixture), "expired since");
}

/// It is not known which policy decided, and each may compare addresses in its own way.
#[rstest]
#[case::in_the_wider_way(&["jo@example.com"], "jo@example.com")]
#[case::in_the_narrower_way_first(&["jo@example.com", "jo+x@example.com"], "jo+x@example.com")]
#[tokio::test]
async fn an_invitation_is_looked_for_in_each_way_of_comparing(#[case] invited: &[&str], #[case] seen: &str) {
    let mut fixture = Fixture::new(&[("news", &[])]);
    fixture.settings.needs_invite = true;
    fixture.settings.email_matches = vec![EmailMatch::Exact, EmailMatch::IgnoreTag];
    for address in invited {
        fixture.invite(address, None, &[("name", address)]);
    }
    fixture.directory.sign_up(JO, "jo+x@example.com", now() - chrono::TimeDelta::minutes(2));
    assert_eq!(fixture.run().await.unwrap().done, 1);
    assert_eq!(invite_seen(&fixture), seen);
}

#[tokio::test]
async fn a_run_while_another_is_going_on_does_nothing() {
    let fixture = Fixture::new(&[("news", &[])]);
    fixture.sign_up(JO, 2);
    let accounts = fixture.accounts();
    let (first, second) = tokio::join!(accounts.run(), accounts.run());
    assert_eq!((first.unwrap().done, second.unwrap().in_progress), (1, true));
}

#[rstest]
#[case::that_was_not_built(["news", "billing"], SettingsError::NoConnector { name: "news".to_owned() })]
#[case::of_an_unusable_name(["a/b", "c/d"], SettingsError::BadName { name: "a/b".to_owned() })]
#[tokio::test]
async fn the_first_connector_that_cannot_be_used_is_named(#[case] names: [&str; 2], #[case] error: SettingsError) {
    let fixture = Fixture::new(&names.map(|name| (name, &[][..])));
    let store = StateStore::in_memory();
    let (directory, clock) = (Arc::clone(&fixture.directory), Arc::clone(&fixture.clock));
    let (settings, reservations) = (fixture.settings.clone(), Reservations::new(&store));
    let built = Accounts::try_new(settings, directory, &[], Invites::default(), &store, reservations, clock);
    assert_eq!(built.unwrap_err(), error);
}

#[tokio::test]
async fn what_was_left_of_a_finished_account_is_deleted_and_not_done_again() {
    let fixture = Fixture::new(&[("news", &[])]);
    let jo = fixture.sign_up(JO, 2);
    fixture.run().await.unwrap();
    let account = json!({"found_at": now(), "record": "x"});
    fixture.store.create(&format!("pending/{jo}/account.json"), &account).await.unwrap();
    fixture.store.create(&format!("pending/{jo}/request-news.json"), &json!({})).await.unwrap();
    let report = fixture.run().await.unwrap();
    assert_eq!((report.done, fixture.connector("news").calls().len()), (0, 1));
    assert!(fixture.store.list("pending").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_store_that_fails_fails_the_run() {
    let fixture = Fixture::new(&[("news", &[])]);
    fixture.sign_up(JO, 2);
    fixture.switch.allow(0);
    assert!(matches!(fixture.run().await, Err(RunError::Store(StoreError::Failed { .. }))));
    fixture.connector("news").replies(Reply::Ok);
}
