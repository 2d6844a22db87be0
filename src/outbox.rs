//! Durable work: what has to be done for an id, step by step, even if the process is killed in between.
//!
//! It exists so that every kind of work that must not be lost (accounts to be associated today) is stored, repeated,
//! given up and finished by the same code. A kind of work brings its [`Layout`] (where its objects lie), the type of
//! its ids and the shape of its entry. One piece of work is an entry in the outbox with any number of named steps:
//!
//! | object | what it is |
//! | --- | --- |
//! | `pending/{id}/{entry}.json` | the entry: this work is not finished |
//! | `pending/{id}/request-{step}.json` | what the step sends, rendered once; may hold personal data, nothing else does |
//! | `pending/{id}/result-{step}.json` | what came of the step |
//! | `pending/{id}/attempt-{n}.json` | a failed attempt, and when to try again |
//! | `done/{id}.json`, `abandoned/{id}.json` | the permanent record |
//!
//! Invariants: every object is written once; a request is stored before it is sent, a result before the next step runs,
//! the permanent record before the entry is deleted; of an entry, the object of its name is deleted last. An id's text
//! is part of object names, so it holds no `/`.
//!
//! An object that is not what was written (a power cut leaves empty files, a disk its own marks) is reported once and
//! then repaired, since everything can be done again:
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
mod record;
mod repair;
mod work;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::marker::PhantomData;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::storage::{Creation, RoomStore, StoreError};

pub(crate) use layout::{Layout, TOP_FOLDERS};
pub(crate) use record::{Finished, StepOutcome, StepResult};
pub(crate) use repair::read_or_delete;
pub(crate) use work::{Failure, Retry, Work};

use layout::Part;

/// What work is known by. Its text is part of object names.
pub(crate) trait Key: Clone + Ord + Display + FromStr + Serialize + Send + Sync {}

impl<T: Clone + Ord + Display + FromStr + Serialize + Send + Sync> Key for T {}

/// Work in the outbox, and the parts that are stored of it.
#[derive(Debug, Clone)]
pub(crate) struct Pending<K> {
    pub(crate) id: K,
    parts: Vec<Part>,
    oldest: DateTime<Utc>,
}

impl<K> Pending<K> {
    /// Whether a step was begun: its request or its result is stored.
    pub(crate) fn has_begun(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Request(_) | Part::Result(_)))
    }
}

/// One kind of work over the store: ids of type `K`, entries of the shape `E`.
#[derive(Debug)]
pub(crate) struct Outbox<K, E> {
    store: RoomStore,
    layout: Layout,
    kind: PhantomData<fn() -> (K, E)>,
}

impl<K: Key, E: Serialize + DeserializeOwned + Send + Sync> Outbox<K, E> {
    pub(crate) fn new(store: RoomStore, layout: Layout) -> Self {
        Self { store, layout, kind: PhantomData }
    }

    /// Whether the work has its permanent record.
    pub(crate) async fn is_finished(&self, id: &K) -> Result<bool, StoreError> {
        Ok(self.store.exists(&self.layout.finished(id, false)).await?
            || self.store.exists(&self.layout.finished(id, true)).await?)
    }

    /// Whether the work is in the outbox.
    pub(crate) async fn is_pending(&self, id: &K) -> Result<bool, StoreError> {
        self.store.exists(&self.layout.part(id, &Part::Entry)).await
    }

    /// Puts work into the outbox.
    pub(crate) async fn add(&self, id: &K, entry: &E) -> Result<Creation, StoreError> {
        self.store.create(&self.layout.part(id, &Part::Entry), entry).await
    }

    /// Everything in the outbox, the oldest first.
    pub(crate) async fn pending(&self) -> Result<Vec<Pending<K>>, StoreError> {
        let mut works: BTreeMap<K, Pending<K>> = BTreeMap::new();
        for entry in self.store.list(&self.layout.pending()).await? {
            let Some((id, part)) = self.layout.parse::<K>(&entry.name) else {
                tracing::warn!(event = "pending-object-unknown", reason = "it is not named like one of ours");
                continue;
            };
            let new = || Pending { id: id.clone(), parts: Vec::new(), oldest: entry.modified };
            let work = works.entry(id.clone()).or_insert_with(new);
            work.parts.push(part);
            work.oldest = work.oldest.min(entry.modified);
        }
        let mut works: Vec<_> = works.into_values().collect();
        works.sort_by_key(|work| work.oldest);
        Ok(works)
    }

    /// Writes the permanent record. What is pending of the work stays.
    pub(crate) async fn record<S: Serialize + Sync>(&self, record: &Finished<K, S>) -> Result<Creation, StoreError> {
        let abandoned = record.abandoned.is_some();
        self.store.create(&self.layout.finished(&record.id, abandoned), record).await
    }

    /// Writes the permanent record, then deletes what is pending of the work.
    pub(crate) async fn finish<S: Serialize + Sync>(&self, record: &Finished<K, S>) -> Result<(), StoreError> {
        self.record(record).await?;
        self.clear(&record.id).await
    }

    /// Deletes what is pending of finished work. The entry's own object goes last: an entry is never there without it.
    pub(crate) async fn clear(&self, id: &K) -> Result<(), StoreError> {
        let own = self.layout.part(id, &Part::Entry);
        for entry in self.store.list(&self.layout.parts_of(id)).await? {
            if entry.name != own {
                self.store.delete(&entry.name).await?;
            }
        }
        self.store.delete(&own).await
    }
}

#[cfg(test)]
mod tests;
