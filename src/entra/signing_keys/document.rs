//! One key document: its last good keys, and the one fetch at a time that replaces them.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::key_set::KeySet;
use super::source::{FETCH_LIMIT, KeySource, SourceError};
use crate::telemetry::describe;

/// How long after a success a document is not fetched on demand.
const FRESH_FOR: Duration = Duration::from_mins(5);

/// How long after a failure a document is not fetched on demand.
const COOL_DOWN: Duration = Duration::from_secs(2);

/// How often the background fetches after a success.
const INTERVAL: Duration = Duration::from_hours(1);

/// The background's pauses after failures: the first, and the longest. The code counts them itself: the background task
/// never gives up and goes on after a success, while a retry library ends with one call.
const PAUSES_AFTER_FAILURE: (Duration, Duration) = (Duration::from_secs(2), Duration::from_mins(1));

/// The state of a document's fetches.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct FetchState {
    /// Whether a fetch is running.
    pub(super) fetching: bool,
    /// When the last successful one ended.
    succeeded: Option<Instant>,
    /// When the last failed one ended.
    failed: Option<Instant>,
}

impl FetchState {
    /// Whether the document was fetched so recently that a key it lacks does not exist.
    pub(super) fn is_fresh(&self) -> bool {
        self.succeeded.is_some_and(|at| at.elapsed() < FRESH_FOR)
    }

    /// Whether an unknown key id may lead to a fetch now.
    fn may_be_fetched(&self) -> bool {
        !self.is_fresh() && self.failed.is_none_or(|at| at.elapsed() >= COOL_DOWN)
    }
}

/// One of the tenant's key documents.
#[derive(Debug)]
pub(super) struct KeyDocument {
    source: Box<dyn KeySource>,
    keys: RwLock<Arc<KeySet>>,
    state: watch::Sender<FetchState>,
}

impl KeyDocument {
    pub(super) fn new(source: Box<dyn KeySource>) -> Self {
        Self { source, keys: RwLock::default(), state: watch::Sender::default() }
    }

    /// The keys of the last successful fetch.
    pub(super) fn keys(&self) -> Arc<KeySet> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// A receiver of the changes of the state.
    pub(super) fn watch(&self) -> watch::Receiver<FetchState> {
        self.state.subscribe()
    }

    /// Starts a fetch, unless one is running or ended too recently.
    pub(super) fn fetch_if_allowed(self: &Arc<Self>, tracker: &TaskTracker, stop: &CancellationToken) {
        self.start_fetch(FetchState::may_be_fetched, tracker, stop);
    }

    /// Fetches at once, then again and again, until it is cancelled.
    pub(super) async fn keep_fresh(self: Arc<Self>, tracker: &TaskTracker, stop: &CancellationToken) {
        let (first, longest) = PAUSES_AFTER_FAILURE;
        let mut pause = first;
        loop {
            let mut watch = self.watch();
            self.start_fetch(|_| true, tracker, stop);
            // The sender lives as long as `self`.
            let ended = watch.wait_for(|state| !state.fetching).await.map(|state| *state).unwrap_or_default();
            let succeeded = ended.succeeded > ended.failed;
            sleep(if succeeded { INTERVAL } else { pause }).await;
            pause = if succeeded { first } else { (pause * 2).min(longest) };
        }
    }

    /// Starts a fetch in a task of its own, if none is running and `is_wanted` says so.
    fn start_fetch(
        self: &Arc<Self>,
        is_wanted: impl Fn(&FetchState) -> bool,
        tracker: &TaskTracker,
        stop: &CancellationToken,
    ) {
        let started = self.state.send_if_modified(|state| {
            let start = !state.fetching && is_wanted(state);
            state.fetching |= start;
            start
        });
        if started {
            let (fetching, stop) = (RunningFetch { document: Arc::clone(self), succeeded: false }, stop.clone());
            tracker.spawn(async move { stop.run_until_cancelled(fetching.run()).await });
        }
    }
}

/// A running fetch. Dropping it reports its end, so a task that is cancelled or panics counts as failed.
struct RunningFetch {
    document: Arc<KeyDocument>,
    succeeded: bool,
}

impl RunningFetch {
    async fn run(mut self) {
        let source = &self.document.source;
        let fetched = timeout(FETCH_LIMIT, source.fetch()).await.unwrap_or(Err(SourceError::TimedOut));
        match fetched.and_then(|bytes| Ok(KeySet::parse(&bytes)?)) {
            Ok(keys) => {
                let (host, count, skipped) = (source.name(), keys.len(), keys.skipped());
                tracing::debug!(event = "signing-keys", host, keys = count, skipped);
                *self.document.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
                self.succeeded = true;
            }
            Err(error) => {
                let kept = self.document.keys().len();
                tracing::warn!(event = "signing-keys", host = source.name(), error = describe(&error), kept);
            }
        }
    }
}

impl Drop for RunningFetch {
    fn drop(&mut self) {
        let now = Some(Instant::now());
        self.document.state.send_modify(|state| {
            state.fetching = false;
            if self.succeeded { state.succeeded = now } else { state.failed = now }
        });
    }
}
