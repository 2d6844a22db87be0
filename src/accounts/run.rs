//! What the parts of one run share.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::OnceCell;
use tokio::time::Instant;

use super::report::RunReport;
use crate::reservations::ReservationIndex;

/// One run.
#[derive(Debug)]
pub(super) struct Run {
    /// The time of day at its begin.
    pub(super) now: DateTime<Utc>,
    /// No account is taken and nothing is waited for after this moment.
    pub(super) end: Instant,
    /// Reading the audit log ends here, so that the outbox gets its share of every run.
    pub(super) discovery_end: Instant,
    report: Mutex<RunReport>,
    /// What is not set up: not tried again in this run.
    not_set_up: Mutex<BTreeSet<String>>,
    /// The reservations of codes, once they have been needed. Never before discovery has ended.
    pub(super) ledger: OnceCell<ReservationIndex>,
}

/// No run is longer, whatever it is told: moments can be reckoned up to here.
const LONGEST: Duration = Duration::from_hours(24);

impl Run {
    pub(super) fn new(now: DateTime<Utc>, limit: Duration) -> Self {
        let (begin, limit) = (Instant::now(), limit.min(LONGEST));
        Self {
            now,
            end: begin + limit,
            discovery_end: begin + limit / 2,
            report: Mutex::default(),
            not_set_up: Mutex::default(),
            ledger: OnceCell::new(),
        }
    }

    /// Whether the run's time is up.
    pub(super) fn is_over(&self) -> bool {
        Instant::now() >= self.end
    }

    /// Changes the report.
    pub(super) fn report(&self, change: impl FnOnce(&mut RunReport)) {
        change(&mut self.report.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Whether `what` turned out not to be set up.
    pub(super) fn is_not_set_up(&self, what: &str) -> bool {
        self.not_set_up.lock().unwrap_or_else(PoisonError::into_inner).contains(what)
    }

    /// Notes that `what` is not set up; true the first time.
    pub(super) fn note_not_set_up(&self, what: &str) -> bool {
        self.not_set_up.lock().unwrap_or_else(PoisonError::into_inner).insert(what.to_owned())
    }

    pub(super) fn into_report(self) -> RunReport {
        self.report.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}
