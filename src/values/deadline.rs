//! The moment by which a hook must have answered.

use std::time::{Duration, Instant};

/// A point on the monotonic clock. The one who knows the present makes it; everything below passes it on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

impl Deadline {
    /// The deadline `budget` after `now`.
    #[must_use]
    pub fn new(now: Instant, budget: Duration) -> Self {
        Self(now + budget)
    }

    /// The deadline as a point in time.
    #[must_use]
    pub fn instant(self) -> Instant {
        self.0
    }
}
