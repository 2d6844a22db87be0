//! Clocks that were wrong once: nothing waits until the moment that they showed.

use chrono::TimeDelta;
use rstest::rstest;
use serde_json::{Value, json};

use super::doubles::{Fixture, JO, Reply, now};
use crate::clock::Clock;

const DAY: i64 = 24 * 60;

#[tokio::test]
async fn a_cursor_in_the_future_is_moved_back_and_what_was_missed_is_found() {
    let fixture = Fixture::new(&[("news", &[])]);
    fixture.run().await.unwrap();
    fixture.pass(30 * DAY);
    fixture.run().await.unwrap();
    fixture.pass(5 - 30 * DAY);
    fixture.sign_up(JO, 2);
    let report = fixture.run().await.unwrap();
    assert_eq!((report.found, report.done), (1, 1), "{report:?}");
    let cursor: Value = fixture.read("cursor.json").await.unwrap();
    assert_eq!(cursor["to"], json!(fixture.clock.now()));
    fixture.pass(5);
    let report = fixture.run().await.unwrap();
    assert_eq!(report.window.unwrap().1, fixture.clock.now());
}

#[tokio::test]
async fn a_first_run_in_the_future_leaves_nobody_out_afterwards() {
    let fixture = Fixture::new(&[("news", &[])]);
    fixture.pass(DAY);
    fixture.run().await.unwrap();
    fixture.pass(-DAY);
    fixture.sign_up(JO, 2);
    let report = fixture.run().await.unwrap();
    assert_eq!((report.found, report.done, report.skipped.len()), (1, 1, 0), "{report:?}");
    let started: Value = fixture.read("started.json").await.unwrap();
    assert_eq!(started["at"], json!(now()));
}

#[tokio::test]
async fn a_wait_that_a_wrong_clock_began_is_over() {
    let fixture = Fixture::new(&[("news", &[])]);
    fixture.run().await.unwrap();
    fixture.pass(9);
    fixture.sign_up(JO, 2);
    fixture.connector("news").replies(Reply::Unavailable(Some(std::time::Duration::from_hours(20))));
    fixture.run().await.unwrap();
    assert_eq!(fixture.run().await.unwrap().waiting, 1);
    fixture.pass(-9);
    assert_eq!(fixture.run().await.unwrap().done, 1);
}

#[rstest]
#[case("-262143-01-01T00:00:00Z")]
#[case("0001-01-01T00:00:00Z")]
#[case("+262142-12-31T23:59:59Z")]
#[tokio::test]
async fn an_absurd_moment_in_the_store_is_survived(#[case] moment: &str) {
    let mut fixture = Fixture::new(&[("news", &[])]);
    for (name, member) in [("started.json", "at"), ("cursor.json", "to")] {
        fixture.store.create(name, &json!({member: moment})).await.unwrap();
    }
    let jo = fixture.sign_up(JO, 2);
    let attempt = json!({"at": moment, "connector": "news", "reason": "x", "not_before": moment});
    fixture.store.create(&format!("pending/{jo}/attempt-1.json"), &attempt).await.unwrap();
    assert_eq!(fixture.run().await.unwrap().done, 1);
    for forever in [TimeDelta::MAX.to_std().unwrap(), std::time::Duration::MAX] {
        (fixture.settings.overlap, fixture.settings.look_back) = (forever, forever);
        (fixture.settings.settle, fixture.settings.run_limit) = (forever, forever);
        fixture.run().await.unwrap();
    }
}
