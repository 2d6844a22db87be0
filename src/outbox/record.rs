//! What stays of an entry: the result of each step, and the permanent record. The only personal values here are the id,
//! and the ids that outside systems give, some of which follow from the address.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

/// How one step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub(crate) enum StepOutcome {
    /// The outside system has it.
    Delivered,
    /// Nothing had to be sent, or the outside system will never take it. Neither is an error.
    Skipped,
    /// It was given up.
    Failed,
    /// It was not run, because a step before it failed.
    NotRun,
}

impl StepOutcome {
    /// The word for it in the records and in the log.
    pub(crate) fn name(self) -> &'static str {
        self.into()
    }
}

/// The content of `result-{step}.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StepResult {
    pub(crate) outcome: StepOutcome,
    /// The outside system's own id of what now exists there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
    /// Why it ended so, without anything personal.
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

/// The permanent record, `done/{id}.json` or `abandoned/{id}.json`. `S` is the reason why nothing had to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct PermanentRecord<K, S> {
    pub(crate) id: K,
    /// When the entry was put into the outbox.
    pub(crate) found_at: DateTime<Utc>,
    /// When it was finished.
    pub(crate) at: DateTime<Utc>,
    /// Why nothing had to be done; `None`: something had.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) skipped: Option<S>,
    /// Why it was abandoned; `None`: it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) abandoned: Option<String>,
    /// How each step ended.
    pub(crate) results: BTreeMap<String, StepResult>,
}
