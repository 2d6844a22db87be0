//! Failed attempts, and when to try again.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// So many failures are followed by another try in the very next run.
const AT_ONCE: u32 = 3;
/// The wait after the next one; it doubles from then on.
const FIRST_WAIT: TimeDelta = TimeDelta::minutes(10);
/// The longest wait of our own.
const LONGEST_WAIT: TimeDelta = TimeDelta::hours(6);
/// The longest wait that another side can ask for.
const LONGEST_ASKED: TimeDelta = TimeDelta::hours(24);

/// One failed attempt, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Attempt {
    /// When it failed.
    pub(super) at: DateTime<Utc>,
    /// Which connector; `None`: before any, while the account was read.
    pub(super) connector: Option<String>,
    /// Why, without anything personal.
    pub(super) reason: String,
    /// No other attempt before this moment.
    pub(super) not_before: DateTime<Utc>,
}

/// When to try again after the `failures`th failure (from 1) at `now`; `asked` is what `Retry-After` said.
pub(super) fn not_before(now: DateTime<Utc>, failures: u32, asked: Option<Duration>) -> DateTime<Utc> {
    let doublings = failures.saturating_sub(AT_ONCE + 1).min(16);
    let own = match failures {
        0..=AT_ONCE => TimeDelta::zero(),
        _ => (FIRST_WAIT * (1 << doublings)).min(LONGEST_WAIT),
    };
    let asked = asked.map_or(TimeDelta::zero(), |asked| TimeDelta::from_std(asked).unwrap_or(LONGEST_ASKED));
    now.checked_add_signed(own.max(asked.min(LONGEST_ASKED))).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

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
    fn waits_longer_each_time_and_as_long_as_asked(
        #[case] failures: u32,
        #[case] asked: Option<u64>,
        #[case] minutes: i64,
    ) {
        let now = "2026-11-21T10:00:00Z".parse().unwrap();
        let asked = asked.map(|minutes| Duration::from_secs(minutes * 60));
        assert_eq!((not_before(now, failures, asked) - now).num_minutes(), minutes);
    }
}
