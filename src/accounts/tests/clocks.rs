//! Clocks that were wrong once: nothing is silenced until the moment they showed.

use chrono::TimeDelta;
use rstest::rstest;
use serde_json::{Value, json};

use super::doubles::{House, JO, Reply, now};
use crate::clock::Clock;

const DAY: i64 = 24 * 60;

#[tokio::test]
async fn a_cursor_in_the_future_is_moved_back_and_what_was_missed_is_found() {
    let house = House::new(&[("news", &[])]);
    house.run().await.unwrap();
    house.pass(30 * DAY);
    house.run().await.unwrap();
    house.pass(5 - 30 * DAY);
    house.sign_up(JO, 2);
    let report = house.run().await.unwrap();
    assert_eq!((report.found, report.done), (1, 1), "{report:?}");
    let cursor: Value = house.read("cursor.json").await.unwrap();
    assert_eq!(cursor["to"], json!(house.clock.now()));
    house.pass(5);
    let report = house.run().await.unwrap();
    assert_eq!(report.window.unwrap().1, house.clock.now());
}

#[tokio::test]
async fn a_first_run_in_the_future_leaves_nobody_out_afterwards() {
    let house = House::new(&[("news", &[])]);
    house.pass(DAY);
    house.run().await.unwrap();
    house.pass(-DAY);
    house.sign_up(JO, 2);
    let report = house.run().await.unwrap();
    assert_eq!((report.found, report.done, report.skipped.len()), (1, 1, 0), "{report:?}");
    let started: Value = house.read("started.json").await.unwrap();
    assert_eq!(started["at"], json!(now()));
}

#[tokio::test]
async fn a_wait_that_a_wrong_clock_began_is_over() {
    let house = House::new(&[("news", &[])]);
    house.run().await.unwrap();
    house.pass(9);
    house.sign_up(JO, 2);
    house.connector("news").replies(Reply::Unavailable(Some(std::time::Duration::from_hours(20))));
    house.run().await.unwrap();
    assert_eq!(house.run().await.unwrap().waiting, 1);
    house.pass(-9);
    assert_eq!(house.run().await.unwrap().done, 1);
}

#[rstest]
#[case("-262143-01-01T00:00:00Z")]
#[case("0001-01-01T00:00:00Z")]
#[case("+262142-12-31T23:59:59Z")]
#[tokio::test]
async fn an_absurd_moment_in_the_store_is_survived(#[case] moment: &str) {
    let mut house = House::new(&[("news", &[])]);
    for (name, member) in [("started.json", "at"), ("cursor.json", "to")] {
        house.store.create(name, &json!({member: moment})).await.unwrap();
    }
    let jo = house.sign_up(JO, 2);
    let attempt = json!({"at": moment, "connector": "news", "reason": "x", "not_before": moment});
    house.store.create(&format!("pending/{jo}/attempt-1.json"), &attempt).await.unwrap();
    assert_eq!(house.run().await.unwrap().done, 1);
    for forever in [TimeDelta::MAX.to_std().unwrap(), std::time::Duration::MAX] {
        (house.settings.overlap, house.settings.look_back) = (forever, forever);
        (house.settings.settle, house.settings.run_limit) = (forever, forever);
        house.run().await.unwrap();
    }
}
