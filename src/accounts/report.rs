//! What a run did, in numbers, and why a run fails.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};

use super::classify::SkipReason;
use super::progress::Progress;
use super::settings::SettingsError;
use crate::connectors::ConnectorSetupError;
use crate::graph::{GraphError, UnreadableRecord, Window};
use crate::storage::StoreError;
use crate::telemetry::describe;

/// How many unreadable records are named; the others are only counted.
const NAMED: usize = 10;

/// What a run did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RunReport {
    /// Whether another run of this process was going on, so that nothing was done.
    pub in_progress: bool,
    /// The window that was read.
    pub window: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// Whether the audit log does not reach back to the beginning of the window, so that accounts may be missing.
    pub gap_possible: bool,
    /// Whether the window was not read to its end. The next run goes on.
    pub discovery_incomplete: bool,
    /// Accounts that were new and put into the outbox.
    pub found: usize,
    /// Accounts whose record was read again.
    pub known: usize,
    /// Records that could not be read.
    pub unreadable: usize,
    /// The first of the records that could not be read: id and reason.
    pub unreadable_records: Vec<String>,
    /// Accounts that are not sign-ups, by reason.
    pub skipped: BTreeMap<SkipReason, usize>,
    /// Accounts whose association was finished.
    pub done: usize,
    /// Accounts that failed in this run and will be tried again.
    pub failed: usize,
    /// Accounts that wait for their next attempt, or until somebody repairs the set-up.
    pub waiting: usize,
    /// Accounts that were given up.
    pub abandoned: usize,
    /// Accounts that the run had no time for.
    pub left: usize,
    /// Uses of invitation codes that were accepted for an account.
    pub accepted_codes: usize,
    /// Uses of invitation codes that are free again.
    pub released_codes: usize,
    /// Uses of invitation codes that count as used although no account was found.
    pub kept_codes: usize,
}

impl RunReport {
    /// What happened, in lines for the host's log.
    #[must_use]
    pub(crate) fn log_lines(&self) -> Vec<String> {
        if self.in_progress {
            return vec!["a run is in progress already: nothing done".to_owned()];
        }
        let time = |at: &DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
        let window =
            self.window.as_ref().map(|(from, to)| format!("audit log read from {} to {}", time(from), time(to)));
        let skipped = self.skipped.iter().map(|(reason, count)| format!("{count} skipped: {reason}"));
        let numbers = [
            (self.unreadable, "records unreadable"),
            (self.failed, "failed, to be tried again"),
            (self.waiting, "waiting"),
            (self.abandoned, "abandoned: see abandoned/ in the state store"),
            (self.left, "left for the next run"),
            (self.accepted_codes, "codes accepted"),
            (self.released_codes, "codes released"),
            (self.kept_codes, "codes kept: whether there is an account is not known"),
        ];
        let numbers = numbers.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
        let remarks = [
            (self.gap_possible, "gap possible: the audit log does not reach back to the last run"),
            (self.discovery_incomplete, "the audit log was not read to the end: the next run goes on"),
        ];
        let remarks = remarks.iter().filter(|(applies, _)| *applies).map(|(_, what)| (*what).to_owned());
        let counts = format!("accounts: {} new, {} associated", self.found, self.done);
        window.into_iter().chain([counts]).chain(skipped).chain(numbers).chain(remarks).collect()
    }

    /// Counts an account that the run is done with.
    pub(super) fn count(&mut self, progress: Progress) {
        match progress {
            Progress::Done => self.done += 1,
            Progress::Abandoned => self.abandoned += 1,
            Progress::Failed => self.failed += 1,
            Progress::Waiting => self.waiting += 1,
            Progress::LeftForNextRun => self.left += 1,
            Progress::Cleared => {}
        }
    }

    /// Counts records that could not be read, and names the first of them.
    pub(super) fn add_unreadable(&mut self, records: &[UnreadableRecord]) {
        self.unreadable += records.len();
        let left = NAMED.saturating_sub(self.unreadable_records.len());
        let named = records.iter().take(left).map(|record| format!("{} ({})", record.id, record.reason));
        self.unreadable_records.extend(named);
    }

    /// Notes the window that is read.
    pub(super) fn set_window(&mut self, window: Window) {
        self.window = Some((window.from, window.to));
    }

    /// Logs the end of the run, and the records that could not be read.
    pub(super) fn log(&self, error: Option<&RunError>) {
        if self.unreadable > 0 {
            let records = self.unreadable_records.join(", ");
            tracing::warn!(event = "audit-record-unreadable", count = self.unreadable, records);
        }
        let skipped: usize = self.skipped.values().sum();
        let Self { found, known, unreadable, done, failed, waiting, abandoned, left, .. } = *self;
        let Self { accepted_codes, released_codes, kept_codes, .. } = *self;
        if let Some(error) = error {
            tracing::error!(
                event = "run-failed",
                reason = describe(error),
                found,
                done,
                failed,
                waiting,
                abandoned,
                left
            );
        } else {
            tracing::info!(
                event = "run-finished",
                found,
                known,
                unreadable,
                skipped,
                done,
                failed,
                waiting,
                abandoned,
                left,
                accepted_codes,
                released_codes,
                kept_codes
            );
        }
    }
}

/// Why no run is possible.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunUnavailable {
    /// `[graph]` is missing.
    #[error("the configuration has no [graph]: new accounts cannot be found")]
    NoGraph,
    /// The state store can never be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A connector cannot be built.
    #[error(transparent)]
    Connector(#[from] ConnectorSetupError),
    /// The connectors cannot be put in an order.
    #[error(transparent)]
    Settings(#[from] SettingsError),
}

/// Why a run failed as a whole. (The failure of one account is counted in the report.)
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    /// New accounts cannot be found.
    #[error("cannot find new accounts")]
    Discovery(#[source] GraphError),
    /// The moment of the very first run cannot be read.
    #[error(
        "nobody knows any more which accounts are older than the very first run: delete started.json in the state \
         store, and the next run counts as the first one, with look_back before it"
    )]
    StartUnknown(#[source] StoreError),
    /// The state store does not work.
    #[error("the state store does not work")]
    Store(#[from] StoreError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_say_what_happened_and_nothing_that_did_not() {
        let report = RunReport {
            window: Some(("2026-11-21T08:00:00Z".parse().unwrap(), "2026-11-21T10:00:00Z".parse().unwrap())),
            found: 3,
            done: 2,
            skipped: BTreeMap::from([(SkipReason::Guest, 1)]),
            accepted_codes: 2,
            released_codes: 1,
            kept_codes: 1,
            gap_possible: true,
            ..RunReport::default()
        };
        let lines = report.log_lines();
        assert_eq!(
            lines,
            [
                "audit log read from 2026-11-21T08:00:00Z to 2026-11-21T10:00:00Z",
                "accounts: 3 new, 2 associated",
                "1 skipped: guest",
                "2 codes accepted",
                "1 codes released",
                "1 codes kept: whether there is an account is not known",
                "gap possible: the audit log does not reach back to the last run",
            ]
        );
    }
}
