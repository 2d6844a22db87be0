//! What discovery and association share in one run.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::OnceCell;
use tokio::time::Instant;

use super::report::RunReport;
use crate::reservations::ReservationIndex;

/// One run of the timer: its limits, and what it has learned so far.
#[derive(Debug)]
pub(super) struct Run {
    /// When the run began.
    pub(super) now: DateTime<Utc>,
    /// After this moment no account is taken and nothing is waited for.
    pub(super) end: Instant,
    /// After this moment no further page of the audit log is read, so that every run has time left for the outbox.
    pub(super) discovery_end: Instant,
    report: Mutex<RunReport>,
    /// What turned out not to be set up. It is not tried again in this run.
    not_set_up: Mutex<BTreeSet<Dependency>>,
    /// The reservations of codes, read when they are first needed, which is after discovery.
    pub(super) reservation_index: OnceCell<ReservationIndex>,
}

/// What a run depends on, and somebody may have to set up first.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Dependency {
    /// Reading users from the directory.
    Users,
    /// The invite sources.
    Invites,
    /// A connector, by its name.
    Connector(String),
}

/// The longest run, so that adding the limit to the present moment cannot overflow.
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
            reservation_index: OnceCell::new(),
        }
    }

    /// Whether its time is used up.
    pub(super) fn is_over(&self) -> bool {
        Instant::now() >= self.end
    }

    /// Changes the report, which all accounts under way share.
    pub(super) fn update_report(&self, change: impl FnOnce(&mut RunReport)) {
        change(&mut self.report.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Whether a dependency turned out not to be set up.
    pub(super) fn is_not_set_up(&self, dependency: &Dependency) -> bool {
        self.not_set_up.lock().unwrap_or_else(PoisonError::into_inner).contains(dependency)
    }

    /// Notes that a dependency is not set up; true the first time.
    pub(super) fn note_not_set_up(&self, dependency: Dependency) -> bool {
        self.not_set_up.lock().unwrap_or_else(PoisonError::into_inner).insert(dependency)
    }

    pub(super) fn into_report(self) -> RunReport {
        self.report.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}
