//! Failed attempts, and when to try again.

use std::fmt::Display;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::clock::is_ahead;

/// After each of the first failures, this many, the next run tries again without a wait.
const FAILURES_WITHOUT_WAIT: u32 = 3;
/// The wait after the failure that follows. From then on it doubles.
const FIRST_WAIT: TimeDelta = TimeDelta::minutes(10);
/// The longest wait that is not asked for, without its spread.
const MAX_WAIT: TimeDelta = TimeDelta::hours(6);
/// The longest wait that an outside system can ask for, without its spread.
const MAX_RETRY_AFTER: TimeDelta = TimeDelta::hours(24);
/// The most that is added to a wait, in thousandths of it.
const SPREAD: u64 = 200;

/// One failed attempt, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Attempt {
    /// When it failed.
    pub(super) at: DateTime<Utc>,
    /// The step that failed; `None`: what comes before all steps. Its name in the object is older than this room.
    #[serde(rename = "connector")]
    pub(super) step: Option<String>,
    /// Why, without anything personal.
    pub(super) reason: String,
    /// No other attempt before this moment.
    pub(super) not_before: DateTime<Utc>,
}

impl Attempt {
    /// Whether the wait after it is over. A failure with a time in the future was written while a clock was wrong, so
    /// its wait does not count.
    pub(super) fn is_over(&self, now: DateTime<Utc>) -> bool {
        self.not_before <= now || is_ahead(self.at, now)
    }
}

/// When to try again after the `failures`th failure of a step (from 1) at `now`; `retry_after` is the
/// wait that the outside system asked for.
///
/// Up to a fifth is added to each wait, so that what failed together in one outage is not tried again at one moment.
/// The addition follows from the id, the step and the number of failures, so no random numbers are needed. A wait is
/// never shorter than the outside system asked for.
pub(super) fn not_before(
    id: &impl Display,
    step: Option<&str>,
    failures: u32,
    retry_after: Option<Duration>,
    now: DateTime<Utc>,
) -> DateTime<Utc> {
    let doublings = failures.saturating_sub(FAILURES_WITHOUT_WAIT + 1).min(16);
    let own = match failures {
        0..=FAILURES_WITHOUT_WAIT => TimeDelta::zero(),
        _ => (FIRST_WAIT * (1 << doublings)).min(MAX_WAIT),
    };
    let retry_after = retry_after
        .map_or(TimeDelta::zero(), |retry_after| TimeDelta::from_std(retry_after).unwrap_or(MAX_RETRY_AFTER));
    let wait = own.max(retry_after.min(MAX_RETRY_AFTER));
    now.checked_add_signed(wait + wait * spread(id, step, failures) / 1000).unwrap_or(now)
}

/// What is added to a wait, in thousandths of it: from 0 to `SPREAD`.
fn spread(id: &impl Display, step: Option<&str>, failures: u32) -> i32 {
    // The end of the wait is stored, so the hash need not be the same in the next version.
    let mut hasher = DefaultHasher::new();
    (id.to_string(), step, failures).hash(&mut hasher);
    i32::try_from(hasher.finish() % (SPREAD + 1)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-21T10:00:00Z".parse().unwrap()
    }

    /// The wait of an id, in seconds.
    fn wait(id: u32, failures: u32, retry_after: Option<Duration>) -> i64 {
        (not_before(&id, Some("news"), failures, retry_after, now()) - now()).num_seconds()
    }

    #[rstest]
    #[case(1, None, 0)]
    #[case(3, None, 0)]
    #[case(4, None, 10)]
    #[case(5, None, 20)]
    #[case(9, None, 320)]
    #[case(10, None, 360)]
    #[case(4_000_000_000, None, 360)]
    #[case(1, Some(30), 30)]
    #[case(5, Some(5), 20)]
    #[case(1, Some(100_000), 24 * 60)]
    fn waits_longer_each_time_and_as_long_as_asked_and_at_most_a_fifth_more(
        #[case] failures: u32,
        #[case] retry_after: Option<u64>,
        #[case] minutes: i64,
    ) {
        let retry_after = retry_after.map(|minutes| Duration::from_secs(minutes * 60));
        let waits: Vec<i64> = (0..500).map(|id| wait(id, failures, retry_after)).collect();
        let (least, most) = (minutes * 60, minutes * 72);
        assert!(waits.iter().all(|wait| (least..=most).contains(wait)), "{waits:?}");
        let edge = (most - least) / 20;
        let reached = |bound: i64| waits.iter().any(|wait| (wait - bound).abs() <= edge);
        assert!(reached(least) && reached(most), "the waits use all of the span: {waits:?}");
    }

    #[test]
    fn one_id_waits_the_same_time_again_and_others_wait_another() {
        assert_eq!(wait(7, 5, None), wait(7, 5, None));
        let ids: std::collections::BTreeSet<i64> = (0..100).map(|id| wait(id, 5, None)).collect();
        assert!(ids.len() > 50, "a hundred that fail together come back at {} moments", ids.len());
        let of = |step| not_before(&7, step, 5, None, now());
        assert_ne!(of(Some("news")), of(Some("billing")));
    }
}
