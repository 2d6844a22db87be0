//! What is stored of accounts: the shape of every object but requests and attempts. Nothing here is personal but the
//! object id, and what an outside system calls a person where that follows from their address.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::classify::SkipReason;
use crate::values::ObjectId;

/// The moment of the very first run.
#[derive(Serialize, Deserialize)]
pub(super) struct Started {
    pub(super) at: DateTime<Utc>,
}

/// Up to where the audit log has been read.
#[derive(Serialize, Deserialize)]
pub(super) struct Cursor {
    pub(super) to: DateTime<Utc>,
}

/// `account.json`: an account whose association is not finished.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Account {
    /// When it was found.
    pub(super) found_at: DateTime<Utc>,
    /// The audit record's id.
    pub(super) record: String,
}

/// What came of one connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The outside system has it.
    Delivered,
    /// It was not to be sent, or will never be taken, and that is in order.
    Skipped,
    /// Given up.
    Failed,
    /// Not run, because one that it comes after failed.
    NotRun,
}

impl Outcome {
    /// Its name, in the records and in the log.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
            Self::NotRun => "not-run",
        }
    }
}

/// `result-{connector}.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectorResult {
    /// What came of it.
    pub outcome: Outcome,
    /// The outside system's own id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Why, without anything personal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
}

/// `done/{oid}.json` and `abandoned/{oid}.json`: the permanent record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FinishedAccount {
    /// The account.
    pub id: ObjectId,
    /// When it was found.
    pub found_at: DateTime<Utc>,
    /// When it was finished.
    pub at: DateTime<Utc>,
    /// Why it was not associated at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skipped: Option<SkipReason>,
    /// Why it was abandoned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abandoned: Option<String>,
    /// What came of each connector.
    pub results: BTreeMap<String, ConnectorResult>,
}
