//! The outbox and the permanent records: every object's name and shape.
//!
//! `started.json`, `cursor.json`, `pending/{oid}/{account,request-X,result-X,attempt-N}.json`, `done/{oid}.json`,
//! `abandoned/{oid}.json`. All but the cursor are written once. Requests may hold personal data; nothing else does.
//!
//! An object that is not what was written (a power cut leaves empty files, a disk its own marks) is reported once and
//! then repaired, since everything can be done again:
//! - a cursor counts as none: the log is read again;
//! - an account counts as found now;
//! - a request is rendered anew. Whether the lost one was sent is not known, and every connector upserts, so at worst the
//!   outside gets the account's present values instead of those of then;
//! - a result counts as none: the stored request is delivered again;
//! - an attempt counts as none: there is one more;
//! - of `done/` and `abandoned/` only the existence counts;
//! - of `started.json` nobody can know what it said, and a guess would touch accounts that are older, or leave some out:
//!   it fails the run, with the remedy.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;

use super::attempt::Attempt;
use super::records::{Account, ConnectorResult, Cursor, FinishedAccount, Started};
use crate::storage::{Creation, RoomStore, StoreError};
use crate::telemetry::describe;
use crate::values::ObjectId;

const STARTED: &str = "started.json";
const CURSOR: &str = "cursor.json";
const ACCOUNT: &str = "account";

/// An account of the outbox and the names of what is stored for it (`account`, `request-news`, …).
#[derive(Debug, Clone)]
pub(super) struct PendingAccount {
    pub(super) id: ObjectId,
    pub(super) parts: Vec<String>,
    oldest: DateTime<Utc>,
}

impl PendingAccount {
    /// Whether anything was done for the account, which begins after it was read and its codes were accepted.
    pub(super) fn has_begun(&self) -> bool {
        self.parts.iter().any(|part| part.starts_with("request-") || part.starts_with("result-"))
    }
}

/// The records of accounts, over the store.
#[derive(Debug, Clone)]
pub(super) struct Outbox {
    store: RoomStore,
}

impl Outbox {
    pub(super) fn new(store: RoomStore) -> Self {
        Self { store }
    }

    /// Deletes what killed writes left behind.
    pub(super) async fn sweep(&self, now: DateTime<Utc>) {
        self.store.sweep(now).await;
    }

    /// The moment of the very first run: `now`, if there was none.
    pub(super) async fn started(&self, now: DateTime<Utc>) -> Result<DateTime<Utc>, StoreError> {
        self.store.create(STARTED, &Started { at: now }).await?;
        Ok(self.store.read::<Started>(STARTED).await?.map_or(now, |started| started.at))
    }

    /// Makes `now` the moment of the very first run.
    pub(super) async fn start_again(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.store.overwrite(STARTED, &Started { at: now }).await
    }

    pub(super) async fn cursor(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        Ok(self.read_or_drop::<Cursor>(CURSOR).await?.map(|cursor| cursor.to))
    }

    pub(super) async fn move_cursor(&self, to: DateTime<Utc>) -> Result<(), StoreError> {
        self.store.overwrite(CURSOR, &Cursor { to }).await
    }

    /// Whether the account has its permanent record.
    pub(super) async fn is_finished(&self, id: &ObjectId) -> Result<bool, StoreError> {
        Ok(self.store.exists(&format!("done/{id}.json")).await?
            || self.store.exists(&format!("abandoned/{id}.json")).await?)
    }

    /// Whether the account is in the outbox.
    pub(super) async fn is_pending(&self, id: &ObjectId) -> Result<bool, StoreError> {
        self.store.exists(&part(id, ACCOUNT)).await
    }

    /// Puts an account into the outbox.
    pub(super) async fn add(&self, id: &ObjectId, account: &Account) -> Result<Creation, StoreError> {
        self.store.create(&part(id, ACCOUNT), account).await
    }

    /// Writes the permanent record.
    pub(super) async fn finish(&self, account: &FinishedAccount) -> Result<Creation, StoreError> {
        let folder = if account.abandoned.is_some() { "abandoned" } else { "done" };
        self.store.create(&format!("{folder}/{}.json", account.id), account).await
    }

    /// Everything in the outbox, the oldest first.
    pub(super) async fn pending(&self) -> Result<Vec<PendingAccount>, StoreError> {
        let mut accounts: BTreeMap<ObjectId, PendingAccount> = BTreeMap::new();
        for entry in self.store.list("pending").await? {
            let Some((id, name)) = split(&entry.name) else {
                tracing::warn!(event = "pending-object-unknown", reason = "it is not named like one of ours");
                continue;
            };
            let fresh = || PendingAccount { id: id.clone(), parts: Vec::new(), oldest: entry.modified };
            let account = accounts.entry(id.clone()).or_insert_with(fresh);
            account.parts.push(name.to_owned());
            account.oldest = account.oldest.min(entry.modified);
        }
        let mut accounts: Vec<_> = accounts.into_values().collect();
        accounts.sort_by_key(|account| account.oldest);
        Ok(accounts)
    }

    /// Deletes an account's outbox entry, `account.json` last: until then the next run finds it and goes on.
    pub(super) async fn clear(&self, id: &ObjectId) -> Result<(), StoreError> {
        let account = part(id, ACCOUNT);
        for entry in self.store.list(&format!("pending/{id}")).await? {
            if entry.name != account {
                self.store.delete(&entry.name).await?;
            }
        }
        self.store.delete(&account).await
    }

    /// When the account was found: `now`, if that is not known any more.
    pub(super) async fn found_at(&self, id: &ObjectId, now: DateTime<Utc>) -> Result<DateTime<Utc>, StoreError> {
        let name = part(id, ACCOUNT);
        match self.store.read::<Account>(&name).await {
            Err(error @ StoreError::Corrupt { .. }) => {
                report_corrupt(&name, &error);
                // Never deleted, not even for a moment: it is what keeps the account in the outbox.
                self.store.overwrite(&name, &Account { found_at: now, record: String::new() }).await?;
                Ok(now)
            }
            read => Ok(read?.map_or(now, |account| account.found_at)),
        }
    }

    /// Stores the request, unless there is one; gives back the stored one.
    pub(super) async fn request(
        &self,
        id: &ObjectId,
        connector: &str,
        request: serde_json::Value,
    ) -> Result<serde_json::Value, StoreError> {
        let name = part(id, &format!("request-{connector}"));
        match self.store.create(&name, &request).await? {
            Creation::Created => Ok(request),
            Creation::AlreadyExists => Ok(self.store.read(&name).await?.unwrap_or(request)),
        }
    }

    pub(super) async fn stored_request(
        &self,
        id: &ObjectId,
        connector: &str,
    ) -> Result<Option<serde_json::Value>, StoreError> {
        self.read_or_drop(&part(id, &format!("request-{connector}"))).await
    }

    pub(super) async fn record(
        &self,
        id: &ObjectId,
        connector: &str,
        result: &ConnectorResult,
    ) -> Result<(), StoreError> {
        self.store.create(&part(id, &format!("result-{connector}")), result).await.map(|_| ())
    }

    pub(super) async fn record_attempt(&self, id: &ObjectId, number: u32, attempt: &Attempt) -> Result<(), StoreError> {
        self.store.create(&part(id, &format!("attempt-{number}")), attempt).await.map(|_| ())
    }

    /// Reads one part of an account's entry.
    pub(super) async fn part<T: DeserializeOwned>(&self, id: &ObjectId, name: &str) -> Result<Option<T>, StoreError> {
        self.read_or_drop(&part(id, name)).await
    }

    /// Reads an object that can be done without: one that is corrupt is deleted and counts as absent.
    async fn read_or_drop<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, StoreError> {
        match self.store.read(name).await {
            Err(error @ StoreError::Corrupt { .. }) => {
                report_corrupt(name, &error);
                self.store.delete(name).await?;
                Ok(None)
            }
            read => read,
        }
    }
}

fn report_corrupt(name: &str, error: &StoreError) {
    tracing::error!(event = "state-corrupt", object = name, reason = describe(error));
}

fn part(id: &ObjectId, name: &str) -> String {
    format!("pending/{id}/{name}.json")
}

/// The account and the part that an object's name names.
fn split(name: &str) -> Option<(ObjectId, &str)> {
    let (id, part) = name.strip_prefix("pending/")?.split_once('/')?;
    Some((ObjectId::from_hyphenated(id).ok()?, part.strip_suffix(".json")?))
}
