//! Objects that are not what was written: they are reported once and repaired, and no account is lost.

use object_store::{ObjectStoreExt, path::Path};
use rstest::rstest;
use serde_json::{Value, json};

use super::doubles::{Fixture, JO, KIM, Reply, now};
use crate::accounts::RunError;
use crate::telemetry::{CapturedLines, describe};

/// What a power cut leaves, and two other contents that were never written.
const CORRUPT: [&str; 3] = ["", "{\"to\":", "\"odd\""];

impl Fixture {
    async fn corrupt(&self, name: &str, content: &'static str) {
        self.switch.put(&Path::from(name), content.into()).await.unwrap();
    }
}

/// The objects that were reported while `work` ran.
async fn reported(work: impl Future<Output = ()>) -> Vec<String> {
    let lines = CapturedLines::default();
    let clock = std::sync::Arc::new(crate::clock::ManualClock::new(now()));
    let subscriber = crate::telemetry::subscriber(tracing::level_filters::LevelFilter::INFO, lines.clone(), clock);
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let _guard = tracing::subscriber::set_default(subscriber);
    work.await;
    let corrupt = |line: &Value| line["event"] == "state-corrupt" && line["level"] == "ERROR";
    let events = lines.events().into_iter().filter(corrupt);
    events.map(|line| line["object"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_cursor_counts_as_none_and_is_written_anew() {
    for content in CORRUPT {
        let fixture = Fixture::new(&[("news", &[])]);
        fixture.run().await.unwrap();
        fixture.sign_up(JO, 2);
        fixture.corrupt("cursor.json", content).await;
        let objects = reported(async {
            assert_eq!(fixture.run().await.unwrap().done, 1);
            fixture.run().await.unwrap();
        });
        assert_eq!(objects.await, ["cursor.json"]);
        assert_eq!(fixture.read("cursor.json").await.unwrap(), json!({"to": now()}));
    }
}

#[tokio::test]
async fn an_account_counts_as_found_now_and_is_associated() {
    for content in CORRUPT {
        let fixture = Fixture::new(&[("news", &[])]);
        let (jo, _) = (fixture.sign_up(JO, 2), fixture.sign_up(KIM, 2));
        fixture.connector("news").replies(Reply::Unavailable(None));
        fixture.connector("news").replies(Reply::Unavailable(None));
        fixture.run().await.unwrap();
        let name = format!("pending/{jo}/account.json");
        fixture.corrupt(&name, content).await;
        fixture.pass(1);
        fixture.connector("news").always(Reply::Unavailable(None));
        let objects = reported(async {
            fixture.run().await.unwrap();
            fixture.connector("news").always(Reply::Ok);
            assert_eq!(fixture.run().await.unwrap().done, 2);
        });
        assert_eq!(objects.await, [name]);
        let record: Value = fixture.read(&format!("done/{jo}.json")).await.unwrap();
        assert_eq!(record["found_at"], json!(now() + chrono::TimeDelta::minutes(1)));
    }
}

#[tokio::test]
async fn a_kill_while_an_account_is_repaired_does_not_lose_it() {
    for writes in 0..12 {
        let fixture = Fixture::new(&[("news", &[])]);
        fixture.connector("news").replies(Reply::Unavailable(None));
        let jo = fixture.sign_up(JO, 2);
        fixture.run().await.unwrap();
        let [account, record] = [format!("pending/{jo}/account.json"), format!("done/{jo}.json")];
        fixture.corrupt(&account, "").await;
        fixture.switch.allow(writes);
        let _killed = fixture.run().await;
        fixture.switch.allow(i64::MAX);
        let (is_pending, is_done) = (fixture.store.exists(&account).await, fixture.store.exists(&record).await);
        assert!(is_pending.unwrap() || is_done.unwrap(), "killed after {writes}");
        fixture.run().await.unwrap();
        assert!(fixture.store.exists(&record).await.unwrap(), "killed after {writes}");
    }
}

/// A request may be any JSON, so only one that is not JSON is known to be corrupt.
#[rstest]
#[case("")]
#[case("{\"email\":")]
#[tokio::test]
async fn a_request_is_rendered_anew(#[case] content: &'static str) {
    let fixture = Fixture::new(&[("news", &[])]);
    fixture.connector("news").replies(Reply::Unavailable(None));
    let jo = fixture.sign_up(JO, 2);
    fixture.run().await.unwrap();
    let name = format!("pending/{jo}/request-news.json");
    fixture.corrupt(&name, content).await;
    let objects = reported(async { assert_eq!(fixture.run().await.unwrap().done, 1) });
    assert_eq!(objects.await, [name]);
    assert_eq!((fixture.connector("news").contexts().len(), fixture.connector("news").holds().len()), (2, 1));
}

#[tokio::test]
async fn a_result_counts_as_none_and_the_same_request_is_delivered_again() {
    for content in CORRUPT {
        let fixture = Fixture::new(&[("billing", &[]), ("news", &[])]);
        fixture.connector("news").replies(Reply::Unavailable(None));
        let jo = fixture.sign_up(JO, 2);
        fixture.run().await.unwrap();
        let name = format!("pending/{jo}/result-billing.json");
        fixture.corrupt(&name, content).await;
        let objects = reported(async { assert_eq!(fixture.run().await.unwrap().done, 1) });
        assert_eq!(objects.await, [name]);
        let calls = fixture.connector("billing").calls();
        assert_eq!((calls.len(), &calls[0], fixture.connector("billing").contexts().len()), (2, &calls[1], 1));
    }
}

#[tokio::test]
async fn an_attempt_counts_as_none_and_takes_no_other_ones_place() {
    for content in CORRUPT {
        let fixture = Fixture::new(&[("news", &[])]);
        fixture.connector("news").always(Reply::Unavailable(None));
        let jo = fixture.sign_up(JO, 2);
        fixture.run().await.unwrap();
        fixture.run().await.unwrap();
        let name = format!("pending/{jo}/attempt-1.json");
        fixture.corrupt(&name, content).await;
        let objects = reported(async {
            fixture.run().await.unwrap();
            fixture.run().await.unwrap();
        });
        assert_eq!(objects.await, [name]);
        let attempts = fixture.parts(&jo).await.into_iter().filter(|part| part.starts_with("attempt"));
        assert_eq!(attempts.collect::<Vec<_>>(), ["attempt-2.json", "attempt-3.json", "attempt-4.json"]);
    }
}

#[tokio::test]
async fn a_permanent_record_only_has_to_be_there() {
    for (content, folder) in CORRUPT.into_iter().zip(["done", "abandoned", "done"]) {
        let fixture = Fixture::new(&[("news", &[])]);
        let jo = fixture.sign_up(JO, 2);
        fixture.corrupt(&format!("{folder}/{jo}.json"), content).await;
        let report = fixture.run().await.unwrap();
        assert_eq!((report.known, fixture.connector("news").calls().len()), (1, 0));
    }
}

#[tokio::test]
async fn the_first_runs_moment_fails_the_run_with_the_remedy_and_the_remedy_works() {
    for content in CORRUPT {
        let fixture = Fixture::new(&[("news", &[])]);
        fixture.corrupt("started.json", content).await;
        fixture.sign_up(JO, 2);
        let error = fixture.run().await.unwrap_err();
        assert!(matches!(error, RunError::StartUnknown(_)), "{error:?}");
        let error = describe(&error);
        assert!(error.contains("delete started.json in the state store") && error.contains("look_back"), "{error}");
        fixture.store.delete("started.json").await.unwrap();
        assert_eq!(fixture.run().await.unwrap().done, 1);
    }
}
