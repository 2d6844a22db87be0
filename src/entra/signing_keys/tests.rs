use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};
use rstest::rstest;
use serde_json::{Value as Json, json};
use tokio::time::{advance, sleep};

use super::super::test_key::{KEY, OTHER_KEY, base64, jwks};
use super::key_set::{InvalidKeySet, KeySet};
use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// What a document does when it is fetched.
#[derive(Debug, Clone)]
enum Behaviour {
    /// Answers with these bytes after a time.
    Answer(Duration, Vec<u8>),
    Fail,
    Hang,
    Panic,
}

/// A document that can be told what to do, and counts how often it is asked.
#[derive(Debug, Clone)]
struct Fake {
    behaviour: Arc<Mutex<Behaviour>>,
    fetches: Arc<AtomicUsize>,
    running: Arc<AtomicUsize>,
}

impl Fake {
    fn new(behaviour: Behaviour) -> Self {
        Self { behaviour: Arc::new(Mutex::new(behaviour)), fetches: Arc::default(), running: Arc::default() }
    }

    /// Answers at once with keys of these ids.
    fn with(kids: &[&str]) -> Self {
        Self::new(answer(kids))
    }

    fn now(&self, behaviour: Behaviour) {
        *self.behaviour.lock().unwrap() = behaviour;
    }

    fn fetches(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }
}

impl KeySource for Fake {
    fn name(&self) -> &'static str {
        "fake"
    }

    fn fetch(&self) -> BoxFuture<'_, Result<Vec<u8>, SourceError>> {
        self.fetches.fetch_add(1, Ordering::SeqCst);
        let behaviour = self.behaviour.lock().unwrap().clone();
        Box::pin(async move {
            assert_eq!(self.running.fetch_add(1, Ordering::SeqCst), 0, "two fetches at once");
            let outcome = match behaviour {
                Behaviour::Answer(after, bytes) => {
                    sleep(after).await;
                    Ok(bytes)
                }
                Behaviour::Fail => Err(SourceError::Status(reqwest::StatusCode::SERVICE_UNAVAILABLE)),
                Behaviour::Hang => {
                    // The time limit drops this future: the count must not stay up.
                    self.running.fetch_sub(1, Ordering::SeqCst);
                    std::future::pending().await
                }
                Behaviour::Panic => {
                    self.running.fetch_sub(1, Ordering::SeqCst);
                    panic!("told to")
                }
            };
            self.running.fetch_sub(1, Ordering::SeqCst);
            outcome
        })
    }
}

fn answer(kids: &[&str]) -> Behaviour {
    answer_after(Duration::ZERO, kids)
}

fn answer_after(time: Duration, kids: &[&str]) -> Behaviour {
    Behaviour::Answer(time, jwks(&kids.iter().map(|kid| KEY.jwk(kid)).collect::<Vec<_>>()))
}

fn keys(documents: &[&Fake]) -> SigningKeys {
    let sources = documents.iter().map(|document| Box::new((*document).clone()) as Box<dyn KeySource>);
    SigningKeys::from_sources(sources, TaskTracker::new(), CancellationToken::new())
}

fn within(time: Duration) -> Deadline {
    Deadline::new(Instant::now().into_std(), time)
}

/// How many keys of that id are found within a second, which is how long a hook would wait at most.
async fn find(keys: &SigningKeys, kid: &str) -> Result<usize, FindKeyError> {
    keys.find(kid, within(SECOND)).await.map(|found| found.len())
}

/// Lets other tasks do what they can do now.
async fn settle() {
    advance(Duration::from_millis(1)).await;
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn finds_keys_of_either_document() {
    let (one, two) = (Fake::with(&["a", "c"]), Fake::with(&["b", "c"]));
    let keys = keys(&[&one, &two]);
    assert!(!keys.ready());
    assert_eq!(find(&keys, "a").await, Ok(1));
    assert_eq!(find(&keys, "b").await, Ok(1));
    assert_eq!(find(&keys, "c").await, Ok(2));
    assert_eq!(find(&keys, "d").await, Err(FindKeyError::Unknown));
    assert!(keys.ready());
    assert_eq!((one.fetches(), two.fetches()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn fetches_ahead_and_then_every_hour() {
    let one = Fake::with(&["a"]);
    let keys = keys(&[&one]);
    keys.prefetch();
    settle().await;
    assert!(keys.ready());
    assert_eq!(one.fetches(), 1);
    advance(Duration::from_mins(59)).await;
    settle().await;
    assert_eq!(one.fetches(), 1);
    advance(Duration::from_mins(1)).await;
    settle().await;
    assert_eq!(one.fetches(), 2);
}

#[tokio::test(start_paused = true)]
async fn tries_again_after_growing_pauses() {
    let one = Fake::new(Behaviour::Fail);
    let keys = keys(&[&one]);
    keys.prefetch();
    settle().await;
    for (fetches, seconds) in (1..).zip([2, 4, 8, 16, 32, 60, 60]) {
        assert_eq!(one.fetches(), fetches, "before a pause of {seconds} s");
        advance(Duration::from_millis(seconds * 1000 - 10)).await;
        settle().await;
        assert_eq!(one.fetches(), fetches, "within a pause of {seconds} s");
        advance(Duration::from_millis(10)).await;
        settle().await;
    }
    one.now(answer(&["a"]));
    advance(Duration::from_mins(1)).await;
    settle().await;
    assert!(keys.ready());
}

#[tokio::test(start_paused = true)]
async fn a_hundred_misses_lead_to_one_fetch_and_all_get_the_key() {
    let one = Fake::new(answer_after(SECOND / 2, &["a"]));
    let keys = keys(&[&one]);
    let found = join_all((0..100).map(|_| find(&keys, "a"))).await;
    assert_eq!(found, vec![Ok(1); 100]);
    assert_eq!(one.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_rotated_key_is_found_once_the_cool_down_is_over() {
    let one = Fake::with(&["a"]);
    let keys = keys(&[&one]);
    assert_eq!(find(&keys, "a").await, Ok(1));
    one.now(answer(&["b"]));
    advance(Duration::from_secs(299)).await;
    assert_eq!(find(&keys, "b").await, Err(FindKeyError::Unknown));
    assert_eq!(one.fetches(), 1);
    advance(SECOND).await;
    assert_eq!(find(&keys, "b").await, Ok(1));
    assert_eq!(one.fetches(), 2);
    assert_eq!(find(&keys, "a").await, Err(FindKeyError::Unknown));
}

#[tokio::test(start_paused = true)]
async fn a_failure_has_a_short_cool_down() {
    let one = Fake::new(Behaviour::Fail);
    let keys = keys(&[&one]);
    for _ in 0..5 {
        assert_eq!(find(&keys, "a").await, Err(FindKeyError::Unavailable));
    }
    assert_eq!(one.fetches(), 1);
    one.now(answer(&["a"]));
    advance(2 * SECOND).await;
    assert_eq!(find(&keys, "a").await, Ok(1));
    assert_eq!(one.fetches(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_last_good_keys_are_kept_through_an_outage() {
    let one = Fake::with(&["a"]);
    let keys = keys(&[&one]);
    keys.prefetch();
    settle().await;
    let outages = [
        Behaviour::Fail,
        Behaviour::Hang,
        Behaviour::Panic,
        Behaviour::Answer(Duration::ZERO, b"<html>".to_vec()),
        Behaviour::Answer(Duration::ZERO, b"{}".to_vec()),
        Behaviour::Answer(Duration::ZERO, jwks(&[])),
    ];
    for outage in outages {
        one.now(outage.clone());
        let before = one.fetches();
        // A fetch that hangs ends in the first hour, and the next begins in the second.
        for _ in 0..2 {
            advance(Duration::from_hours(1)).await;
            settle().await;
        }
        assert!(one.fetches() > before, "{outage:?}");
        assert_eq!(find(&keys, "a").await, Ok(1), "{outage:?}");
        assert_eq!(find(&keys, "b").await, Err(FindKeyError::Unavailable), "{outage:?}");
    }
    one.now(answer(&["b"]));
    advance(Duration::from_mins(1)).await;
    assert_eq!(find(&keys, "b").await, Ok(1));
}

#[tokio::test(start_paused = true)]
async fn a_hanging_document_never_keeps_the_others_keys_from_being_used() {
    let (hanging, one) = (Fake::new(Behaviour::Hang), Fake::with(&["a"]));
    let keys = keys(&[&hanging, &one]);
    keys.prefetch();
    let started = Instant::now();
    assert_eq!(find(&keys, "a").await, Ok(1));
    assert!(started.elapsed() < SECOND / 10);
    assert!(keys.ready());
}

#[tokio::test(start_paused = true)]
async fn a_key_that_a_hanging_document_may_have_is_unavailable_by_the_deadline() {
    let (hanging, one) = (Fake::new(Behaviour::Hang), Fake::with(&["a"]));
    let keys = keys(&[&hanging, &one]);
    let started = Instant::now();
    assert_eq!(find(&keys, "b").await, Err(FindKeyError::Unavailable));
    assert_eq!(started.elapsed().as_millis().div_ceil(10), 100);
    let known = keys.find("a", within(Duration::ZERO)).await;
    assert_eq!(known.map(|found| found.len()), Ok(1));
}

#[tokio::test(start_paused = true)]
async fn a_fetch_goes_on_when_whoever_asked_for_it_gives_up() {
    let one = Fake::new(answer_after(5 * SECOND, &["a"]));
    let keys = keys(&[&one]);
    assert_eq!(find(&keys, "a").await, Err(FindKeyError::Unavailable));
    advance(5 * SECOND).await;
    settle().await;
    assert_eq!(find(&keys, "a").await, Ok(1));
    assert_eq!(one.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_hangs_ends_after_ten_seconds() {
    let one = Fake::new(Behaviour::Hang);
    let keys = keys(&[&one]);
    assert_eq!(find(&keys, "a").await, Err(FindKeyError::Unavailable));
    one.now(answer(&["a"]));
    advance(8 * SECOND).await;
    settle().await;
    assert_eq!(keys.find("a", within(SECOND / 2)).await.unwrap_err(), FindKeyError::Unavailable);
    assert_eq!(one.fetches(), 1);
    advance(SECOND).await;
    settle().await;
    advance(2 * SECOND).await;
    assert_eq!(find(&keys, "a").await, Ok(1));
    assert_eq!(one.fetches(), 2);
}

#[tokio::test(start_paused = true)]
async fn every_task_ends_when_it_is_told_to() {
    let (hanging, one) = (Fake::new(Behaviour::Hang), Fake::with(&["a"]));
    let keys = keys(&[&hanging, &one]);
    keys.prefetch();
    settle().await;
    let started = Instant::now();
    keys.stop.cancel();
    keys.tracker.close();
    keys.tracker.wait().await;
    assert!(started.elapsed() < SECOND / 10);
}

/// The test key with one member changed, or taken out when the value is null.
fn key_with(name: &str, value: Json) -> Json {
    let mut key = OTHER_KEY.jwk("odd");
    match value {
        Json::Null => key.as_object_mut().unwrap().remove(name),
        value => key.as_object_mut().unwrap().insert(name.to_owned(), value),
    };
    key
}

#[rstest]
#[case(key_with("kty", json!("EC")))]
#[case(key_with("kty", json!(null)))]
#[case(key_with("use", json!("enc")))]
#[case(key_with("alg", json!("RS512")))]
#[case(key_with("alg", json!(1)))]
#[case(key_with("kid", json!(null)))]
#[case(key_with("kid", json!("")))]
#[case(key_with("kid", json!("k".repeat(257))))]
#[case(key_with("n", json!(null)))]
#[case(key_with("n", json!("not base64!")))]
#[case(key_with("n", json!(base64([0xff; 255]))))]
#[case(key_with("n", json!(base64([&[0x7f][..], &[0xff; 255][..]].concat()))))]
#[case(key_with("n", json!(base64([0xfe; 256]))))]
#[case(key_with("n", json!(base64([0xff; 1025]))))]
#[case(key_with("e", json!(null)))]
#[case(key_with("e", json!("")))]
#[case(key_with("e", json!("AQ")))]
#[case(key_with("e", json!("AA")))]
#[case(json!("a key"))]
#[case(json!(null))]
fn skips_a_key_that_cannot_be_used(#[case] odd: Json) {
    assert!(matches!(KeySet::parse(&jwks(std::slice::from_ref(&odd))), Err(InvalidKeySet::NoUsableKey(1))), "{odd}");
    let set = KeySet::parse(&jwks(&[odd, KEY.jwk("good")])).unwrap();
    assert_eq!((set.len(), set.skipped(), set.get("good").len(), set.get("odd").len()), (1, 1, 1, 0));
}

#[rstest]
#[case(key_with("use", json!(null)))]
#[case(key_with("alg", json!("RS256")))]
#[case(key_with("issuer", json!("https://login.microsoftonline.com/{tenantid}/v2.0")))]
#[case(key_with("n", json!(base64([&[0][..], &[0xff; 256][..]].concat()))))]
fn takes_a_key_with_what_may_be_absent_or_more(#[case] key: Json) {
    assert_eq!(KeySet::parse(&jwks(&[key])).unwrap().get("odd").len(), 1);
}

#[test]
fn reads_at_most_two_hundred_keys() {
    let keys: Vec<_> = (0..250).map(|at| KEY.jwk(&at.to_string())).collect();
    let set = KeySet::parse(&jwks(&keys)).unwrap();
    assert_eq!((set.len(), set.skipped()), (200, 50));
}
