//! Durable work: what has to be done for an id, step by step, even if the process is killed in between.
//!
//! It exists so that every kind of work that must not be lost (accounts to be associated today) is stored, repeated,
//! given up and finished by the same code. A kind of work brings its [`Layout`] (where its objects lie), the type of
//! its ids and the shape of its entry. One piece of work is an entry in the outbox with any number of named steps:
//!
//! | object | what it is |
//! | --- | --- |
//! | `pending/{id}/{entry}.json` | the entry: this work is not finished |
//! | `pending/{id}/request-{step}.json` | what the step sends, rendered once; only this object may hold personal data |
//! | `pending/{id}/result-{step}.json` | what came of the step |
//! | `pending/{id}/attempt-{n}.json` | a failed attempt, and when to try again |
//! | `done/{id}.json`, `abandoned/{id}.json` | the permanent record |
//!
//! Invariants: every object is written once; a request is stored before it is sent, a result before the next step runs,
//! the permanent record before the entry is deleted; of an entry, `{entry}.json` is deleted last. An id's text
//! is part of object names, so it holds no `/`.
//!
//! A corrupt object (a power cut may leave an empty file) is reported once and then repaired, since every step can be
//! done again:
//! - an entry is written anew, with the content that its kind of work has for a lost one;
//! - a request is rendered anew. It is not known whether the lost one was sent, but every step can be repeated. At
//!   worst the outside system gets the present values instead of the earlier ones;
//! - a result counts as none: the stored request is sent again;
//! - an attempt counts as none: there is one more;
//! - of `done/` and `abandoned/` only the existence counts.
//!
//! A store that is slow makes its caller wait. One that fails is a [`StoreError`], and the step that was not stored is
//! done again.

mod attempt;
#[cfg(test)]
pub(crate) mod doubles;
mod layout;
mod loaded_entry;
mod record;
mod repair;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::marker::PhantomData;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::storage::{Creation, RoomStore, StoreError};

pub(crate) use layout::{Layout, TOP_FOLDERS};
pub(crate) use loaded_entry::{AfterFailure, Failure, LoadedEntry};
pub(crate) use record::{PermanentRecord, StepOutcome, StepResult};
pub(crate) use repair::read_or_delete;

use layout::Part;

/// The id of an entry. Its text is part of object names.
pub(crate) trait EntryId: Clone + Ord + Display + FromStr + Serialize + Send + Sync {}

impl<T: Clone + Ord + Display + FromStr + Serialize + Send + Sync> EntryId for T {}

/// An entry in the outbox, as a listing shows it: its id, and which parts of it are stored.
#[derive(Debug, Clone)]
pub(crate) struct PendingEntry<K> {
    pub(crate) id: K,
    parts: Vec<Part>,
    /// When the oldest part was written.
    oldest: DateTime<Utc>,
}

impl<K> PendingEntry<K> {
    /// Whether a step was begun: its request or its result is stored.
    pub(crate) fn has_begun(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Request(_) | Part::Result(_)))
    }
}

/// The outbox of one kind of work, in the store. `K` is the type of its ids, `E` the content of its entries.
#[derive(Debug)]
pub(crate) struct Outbox<K, E> {
    store: RoomStore,
    layout: Layout,
    kind: PhantomData<fn() -> (K, E)>,
}

impl<K: EntryId, E: Serialize + DeserializeOwned + Send + Sync> Outbox<K, E> {
    pub(crate) fn new(store: RoomStore, layout: Layout) -> Self {
        Self { store, layout, kind: PhantomData }
    }

    /// Whether the permanent record of this id exists.
    pub(crate) async fn is_finished(&self, id: &K) -> Result<bool, StoreError> {
        Ok(self.store.exists(&self.layout.finished(id, false)).await?
            || self.store.exists(&self.layout.finished(id, true)).await?)
    }

    /// Whether this id has an entry in the outbox.
    pub(crate) async fn is_pending(&self, id: &K) -> Result<bool, StoreError> {
        self.store.exists(&self.layout.part(id, &Part::Entry)).await
    }

    /// Puts an entry into the outbox.
    pub(crate) async fn add(&self, id: &K, content: &E) -> Result<Creation, StoreError> {
        self.store.create(&self.layout.part(id, &Part::Entry), content).await
    }

    /// Every entry in the outbox, the oldest first.
    pub(crate) async fn pending(&self) -> Result<Vec<PendingEntry<K>>, StoreError> {
        let mut entries: BTreeMap<K, PendingEntry<K>> = BTreeMap::new();
        for object in self.store.list(&self.layout.pending()).await? {
            let Some((id, part)) = self.layout.parse::<K>(&object.name) else {
                tracing::warn!(event = "pending-object-unknown", reason = "it is not named like one of ours");
                continue;
            };
            let new = || PendingEntry { id: id.clone(), parts: Vec::new(), oldest: object.modified };
            let entry = entries.entry(id.clone()).or_insert_with(new);
            entry.parts.push(part);
            entry.oldest = entry.oldest.min(object.modified);
        }
        let mut entries: Vec<_> = entries.into_values().collect();
        entries.sort_by_key(|entry| entry.oldest);
        Ok(entries)
    }

    /// Writes the permanent record. The entry stays in the outbox.
    pub(crate) async fn record<S: Serialize + Sync>(
        &self,
        record: &PermanentRecord<K, S>,
    ) -> Result<Creation, StoreError> {
        let abandoned = record.abandoned.is_some();
        self.store.create(&self.layout.finished(&record.id, abandoned), record).await
    }

    /// Writes the permanent record, then deletes the entry.
    pub(crate) async fn finish<S: Serialize + Sync>(&self, record: &PermanentRecord<K, S>) -> Result<(), StoreError> {
        self.record(record).await?;
        self.clear(&record.id).await
    }

    /// Deletes the entry of a finished id. Its own object is deleted last: as long as anything of an entry is there,
    /// that object is.
    pub(crate) async fn clear(&self, id: &K) -> Result<(), StoreError> {
        let own = self.layout.part(id, &Part::Entry);
        for object in self.store.list(&self.layout.parts_of(id)).await? {
            if object.name != own {
                self.store.delete(&object.name).await?;
            }
        }
        self.store.delete(&own).await
    }
}

#[cfg(test)]
mod tests;
