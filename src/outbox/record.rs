//! What stays of work: the result of each step, and the permanent record. Nothing here is personal but the id, and what
//! an outside system calls a person where that follows from their address.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What came of one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum StepOutcome {
    /// The outside system has it.
    Delivered,
    /// It was not to be sent, or will never be taken, and that is in order.
    Skipped,
    /// Given up.
    Failed,
    /// Not run, because a step that it comes after failed.
    NotRun,
}

impl StepOutcome {
    /// Its name in the records and in the log.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
            Self::NotRun => "not-run",
        }
    }
}

/// `result-{step}.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StepResult {
    pub(crate) outcome: StepOutcome,
    /// The outside system's own id of what now exists there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
    /// Why it came to this, without anything personal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    pub(crate) at: DateTime<Utc>,
}

impl StepResult {
    /// A result without an outside id.
    pub(crate) fn new(outcome: StepOutcome, reason: Option<String>, at: DateTime<Utc>) -> Self {
        Self { outcome, id: None, reason, at }
    }
}

/// `done/{id}.json` and `abandoned/{id}.json`: the permanent record. `S` says why work was not needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Finished<K, S> {
    pub(crate) id: K,
    /// When the work was put into the outbox.
    pub(crate) found_at: DateTime<Utc>,
    /// When it was finished.
    pub(crate) at: DateTime<Utc>,
    /// Why nothing was to be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) skipped: Option<S>,
    /// Why it was abandoned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) abandoned: Option<String>,
    /// What came of each step.
    pub(crate) results: BTreeMap<String, StepResult>,
}
