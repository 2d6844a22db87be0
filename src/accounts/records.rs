//! What is stored of accounts, beside what the outbox stores of any work. Nothing here is personal but the object id.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::classify::SkipReason;
use crate::outbox::{Finished, Layout, Outbox, Pending, Work};
use crate::values::ObjectId;

/// Accounts lie at the top of the store, their entry is `account.json`.
pub(super) const LAYOUT: Layout = Layout::new("", "account");

/// `account.json`: an account whose association is not finished.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct FoundAccount {
    /// When it was found.
    pub(super) found_at: DateTime<Utc>,
    /// The audit record's id.
    pub(super) record: String,
}

impl FoundAccount {
    /// What counts for an account whose `account.json` is lost: it was found now.
    pub(super) fn lost(now: DateTime<Utc>) -> Self {
        Self { found_at: now, record: String::new() }
    }
}

/// The accounts that are not finished.
pub(super) type AccountOutbox = Outbox<ObjectId, FoundAccount>;
/// An account in the outbox.
pub(super) type PendingAccount = Pending<ObjectId>;
/// What is stored of an account under way.
pub(super) type AccountWork<'a> = Work<'a, ObjectId, FoundAccount>;
/// `done/{oid}.json` and `abandoned/{oid}.json`.
pub(super) type FinishedAccount = Finished<ObjectId, SkipReason>;
