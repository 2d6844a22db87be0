//! How far a window of the audit log was read.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::Run;
use super::classify::unknown_app;
use crate::graph::AuditRecord;

/// How far a window was read.
#[derive(Debug, Default)]
pub(super) struct WindowProgress {
    /// Whether the window was read to its end.
    pub(super) complete: bool,
    /// Applications that made accounts and are not known to make sign-ups.
    pub(super) unknown_apps: BTreeSet<String>,
    latest: Option<DateTime<Utc>>,
    out_of_order: bool,
}

impl WindowProgress {
    /// Notes a record that was read.
    pub(super) fn add(&mut self, record: &AuditRecord) {
        self.unknown_apps.extend(unknown_app(&record.initiator).map(str::to_owned));
        if let Some(at) = record.at {
            self.out_of_order |= self.latest.is_some_and(|latest| latest > at);
            self.latest = self.latest.max(Some(at));
        }
    }

    /// The latest time that was read, if the records came in the order of their times. Otherwise older records may be
    /// on the pages that were not read.
    pub(super) fn stored_to(&self) -> Option<DateTime<Utc>> {
        self.latest.filter(|_| !self.out_of_order)
    }

    /// Ends the reading early; the next run reads the rest.
    pub(super) fn cut_off(self, run: &Run) -> Self {
        run.update_report(|report| report.discovery_incomplete = true);
        tracing::warn!(event = "discovery-incomplete", reason = "the window is too large for one run");
        self
    }
}
