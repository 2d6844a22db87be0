//! How often each decision was made, and how the sender of each form was known. Counted in memory, written to the log
//! once a minute if there is anything to write, and once more at the end. Each line has the count since the last one,
//! so that the sum over the lines of all instances is right.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::values::KnownBy;

/// How often the counts are written.
const INTERVAL: Duration = Duration::from_mins(1);

/// What is counted: hook, action, reason.
type DecisionKey = (&'static str, &'static str, &'static str);

/// The counts. Cheap to clone; clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counters {
    counts: Arc<Mutex<BTreeMap<DecisionKey, u64>>>,
    known_by: Arc<Mutex<BTreeMap<KnownBy, u64>>>,
}

impl Counters {
    /// Counts one decision.
    pub(crate) fn count(&self, hook: &'static str, action: &'static str, reason: &'static str) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry((hook, action, reason)).or_default() += 1;
    }

    /// Counts how the sender of a form was known.
    pub(crate) fn count_known_by(&self, known_by: KnownBy) {
        *self.known_by.lock().unwrap_or_else(PoisonError::into_inner).entry(known_by).or_default() += 1;
    }

    /// Writes what was counted since the last time: a line for each hook, action and reason, and one for each
    /// [`KnownBy`].
    pub(crate) fn write(&self) {
        let counts = std::mem::take(&mut *self.counts.lock().unwrap_or_else(PoisonError::into_inner));
        let known_by = std::mem::take(&mut *self.known_by.lock().unwrap_or_else(PoisonError::into_inner));
        for ((hook, action, reason), count) in counts {
            tracing::info!(event = "decision-count", hook, action, reason, count);
        }
        for (known_by, count) in known_by {
            tracing::info!(event = "known-by-count", known_by = known_by.name(), count);
        }
    }

    /// Writes every minute until `stop`, and then once more.
    pub(crate) fn keep_writing(&self, tasks: &TaskTracker, stop: CancellationToken) {
        let counters = self.clone();
        tasks.spawn(async move {
            loop {
                let ended = tokio::time::timeout(INTERVAL, stop.cancelled()).await.is_ok();
                counters.write();
                if ended {
                    return;
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use crate::telemetry::{CapturedLines, subscriber};
    use serde_json::json;
    use tracing::level_filters::LevelFilter;

    #[test]
    fn writes_each_difference_once() {
        let lines = CapturedLines::default();
        let _capture =
            tracing::subscriber::set_default(subscriber(LevelFilter::INFO, lines.clone(), Arc::new(SystemClock)));
        let counters = Counters::default();
        for reason in ["not-invited", "not-invited", "denied"] {
            counters.count("start", "refuse", reason);
        }
        counters.write();
        counters.write();
        counters.count("start", "refuse", "denied");
        counters.write();
        let counts: Vec<_> =
            lines.events().iter().map(|line| (line["reason"].clone(), line["count"].clone())).collect();
        assert_eq!(
            counts,
            [(json!("denied"), json!(1)), (json!("not-invited"), json!(2)), (json!("denied"), json!(1))]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn writes_every_minute() {
        let counters = Counters::default();
        counters.keep_writing(&TaskTracker::new(), CancellationToken::new());
        for reason in ["open", "denied"] {
            counters.count("submit", "continue", reason);
            tokio::time::sleep(INTERVAL + Duration::from_secs(1)).await;
            assert!(counters.counts.lock().unwrap().is_empty(), "{reason}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn writes_at_the_end_what_is_left() {
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let counters = Counters::default();
        counters.keep_writing(&tasks, stop.clone());
        counters.count("submit", "continue", "open");
        stop.cancel();
        tasks.close();
        tasks.wait().await;
        assert!(counters.counts.lock().unwrap().is_empty());
    }
}
