//! What is stored for accounts, in addition to what the outbox stores for every entry. The object id is the only
//! personal value here.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::classify::SkipReason;
use crate::outbox::{Layout, LoadedEntry, Outbox, PendingEntry, PermanentRecord};
use crate::values::ObjectId;

/// Accounts are at the top of the store. The object of an entry is `account.json`.
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
    /// Takes the place of an `account.json` that is lost: the account counts as found now.
    pub(super) fn lost(now: DateTime<Utc>) -> Self {
        Self { found_at: now, record: String::new() }
    }
}

/// The accounts that are not finished.
pub(super) type AccountOutbox = Outbox<ObjectId, FoundAccount>;
/// An account in the outbox.
pub(super) type PendingAccount = PendingEntry<ObjectId>;
/// What is stored for an account that is being associated.
pub(super) type LoadedAccount<'a> = LoadedEntry<'a, ObjectId, FoundAccount>;
/// `done/{oid}.json` and `abandoned/{oid}.json`.
pub(super) type FinishedAccount = PermanentRecord<ObjectId, SkipReason>;
