//! The time of day. It is an input: code asks a [`Clock`] and never the system.
//!
//! Everything that compares dates (a token's lifetime, an invitation's expiry, the window of a discovery run) asks a
//! [`Clock`], so that a test can say what time it is. Durations and time limits use the runtime's monotonic clock.

use std::fmt::Debug;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};

/// Says what time it is.
pub trait Clock: Debug + Send + Sync {
    /// The present moment, UTC.
    fn now(&self) -> DateTime<Utc>;
}

/// A moment further in the future than this was written while a clock was wrong. The clocks of machines differ by less.
const TOLERANCE: TimeDelta = TimeDelta::minutes(5);

/// Whether a moment that was the present once lies in the future now, so that some clock was wrong.
pub(crate) fn is_ahead(moment: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    moment.signed_duration_since(now) > TOLERANCE
}

/// The machine's own clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where the time of day is read")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

/// A clock that stands still until it is moved: for tests and benches.
#[derive(Debug)]
pub struct ManualClock {
    /// Microseconds since the epoch.
    micros: AtomicI64,
}

impl ManualClock {
    /// A clock that shows `now`, to the microsecond.
    #[must_use]
    pub fn new(now: DateTime<Utc>) -> Self {
        Self { micros: AtomicI64::new(now.timestamp_micros()) }
    }

    /// Moves the clock by `by`, which may be negative.
    pub fn advance(&self, by: TimeDelta) {
        let micros = by.num_microseconds().unwrap_or(i64::MAX);
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.micros.load(Ordering::Relaxed)).unwrap_or_default()
    }
}
