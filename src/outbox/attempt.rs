//! Failed attempts, and when to try again.

use std::fmt::Display;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::clock::is_ahead;

/// After each of this many failures the next run tries again.
const AT_ONCE: u32 = 3;
/// The wait after the next failure; it doubles from then on.
const FIRST_WAIT: TimeDelta = TimeDelta::minutes(10);
/// The longest wait of our own, without its spread.
const LONGEST_WAIT: TimeDelta = TimeDelta::hours(6);
/// The longest wait that another side can ask for, without its spread.
const LONGEST_ASKED: TimeDelta = TimeDelta::hours(24);
/// The most that is added to a wait, in thousandths of it.
const SPREAD: u64 = 200;

/// One failed attempt, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Attempt {
    /// When it failed.
    pub(super) at: DateTime<Utc>,
    /// Which step; `None`: what comes before all steps. The stored name is older than other kinds of work.
    #[serde(rename = "connector")]
    pub(super) step: Option<String>,
    /// Why, without anything personal.
    pub(super) reason: String,
    /// No other attempt before this moment.
    pub(super) not_before: DateTime<Utc>,
}

impl Attempt {
    /// Whether the wait after it is over. What failed in the future failed by a wrong clock, which says nothing about
    /// when to try again.
    pub(super) fn is_over(&self, now: DateTime<Utc>) -> bool {
        self.not_before <= now || is_ahead(self.at, now)
    }
}

/// When to try again after the `failures`th failure of a step (from 1) at `now`; `asked` is what `Retry-After` said.
///
/// Up to a fifth is added to each wait, so that what failed together in one outage does not come back at one moment.
/// How much follows from the id, the step and the number of failures, so no random numbers are needed, and a wait is
/// never shorter than what was asked for.
pub(super) fn not_before(
    id: &impl Display,
    step: Option<&str>,
    failures: u32,
    asked: Option<Duration>,
    now: DateTime<Utc>,
) -> DateTime<Utc> {
    let doublings = failures.saturating_sub(AT_ONCE + 1).min(16);
    let own = match failures {
        0..=AT_ONCE => TimeDelta::zero(),
        _ => (FIRST_WAIT * (1 << doublings)).min(LONGEST_WAIT),
    };
    let asked = asked.map_or(TimeDelta::zero(), |asked| TimeDelta::from_std(asked).unwrap_or(LONGEST_ASKED));
    let wait = own.max(asked.min(LONGEST_ASKED));
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
    fn wait(id: u32, failures: u32, asked: Option<Duration>) -> i64 {
        (not_before(&id, Some("news"), failures, asked, now()) - now()).num_seconds()
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
        #[case] asked: Option<u64>,
        #[case] minutes: i64,
    ) {
        let asked = asked.map(|minutes| Duration::from_secs(minutes * 60));
        let waits: Vec<i64> = (0..500).map(|id| wait(id, failures, asked)).collect();
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
