//! The moment by which a hook must have answered.

use std::time::{Duration, Instant};

/// A point on the monotonic clock. It is made when a request arrives and is passed on to all that works for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Deadline(Instant);

impl Deadline {
    /// The deadline `budget` after `now`.
    #[must_use]
    pub(crate) fn new(now: Instant, budget: Duration) -> Self {
        Self(now + budget)
    }

    /// A deadline that is earlier by `by`, for a part of a hook's work.
    #[must_use]
    pub(crate) fn earlier(self, by: Duration) -> Self {
        Self(self.0.checked_sub(by).unwrap_or(self.0))
    }

    /// The deadline as a point in time.
    #[must_use]
    pub(crate) fn instant(self) -> Instant {
        self.0
    }
}
