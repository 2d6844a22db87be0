//! The time that the emulated systems share, and the formats in which they write it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};

use crate::shared::locked;

/// A clock that runs, or that a test has stopped at some time. Clones show the same time.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    fixed: Arc<Mutex<Option<DateTime<Utc>>>>,
}

impl Clock {
    /// The machine's own clock.
    #[must_use]
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that is stopped at `at`.
    #[must_use]
    pub fn fixed(at: DateTime<Utc>) -> Self {
        let clock = Self::default();
        clock.set(at);
        clock
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        locked(&self.fixed).unwrap_or_else(Utc::now)
    }

    /// Stops the clock at `at`.
    pub fn set(&self, at: DateTime<Utc>) {
        *locked(&self.fixed) = Some(at);
    }

    /// Stops the clock `by` later than it shows now.
    pub fn advance(&self, by: Duration) {
        self.set(later(self.now(), by));
    }
}

/// The time `by` after `at`; `at` if the calendar does not reach so far.
#[must_use]
pub fn later(at: DateTime<Utc>, by: Duration) -> DateTime<Utc> {
    chrono::TimeDelta::from_std(by).ok().and_then(|by| at.checked_add_signed(by)).unwrap_or(at)
}

/// `at` in Graph's format: UTC with `Z`, and `fraction_digits` (0 to 7) digits of the second's fraction, not rounded.
#[must_use]
pub fn timestamp(at: DateTime<Utc>, fraction_digits: usize) -> String {
    let whole = at.format("%Y-%m-%dT%H:%M:%S");
    let digits: String = format!("{:09}", at.timestamp_subsec_nanos()).chars().take(fraction_digits.min(7)).collect();
    if digits.is_empty() { format!("{whole}Z") } else { format!("{whole}.{digits}Z") }
}

/// `at` in whole seconds with `Z`.
#[must_use]
pub fn seconds(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_zero_to_seven_fraction_digits() {
        let at: DateTime<Utc> = "2026-03-04T05:06:07.123456789Z".parse().unwrap();
        assert_eq!(timestamp(at, 0), "2026-03-04T05:06:07Z");
        assert_eq!(timestamp(at, 3), "2026-03-04T05:06:07.123Z");
        assert_eq!(timestamp(at, 9), "2026-03-04T05:06:07.1234567Z");
    }

    #[test]
    fn stands_still_until_moved() {
        let at: DateTime<Utc> = "2026-03-04T05:06:07Z".parse().unwrap();
        let clock = Clock::fixed(at);
        clock.clone().advance(Duration::from_mins(1));
        assert_eq!(seconds(clock.now()), "2026-03-04T05:07:07Z");
    }
}
