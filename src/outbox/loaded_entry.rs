//! One entry of the outbox, loaded: what is stored of it, and its changes. A change is stored before it counts.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::attempt::{Attempt, not_before};
use super::layout::Part;
use super::repair::{read_or_delete, report_corrupt};
use super::{EntryId, Outbox, PendingEntry, StepOutcome, StepResult};
use crate::storage::{Creation, StoreError};

/// A failed attempt.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    /// Why, without anything personal.
    pub(crate) reason: String,
    /// The wait that the outside system asked for.
    pub(crate) retry_after: Option<Duration>,
}

/// What a failed attempt leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AfterFailure {
    /// A further attempt, once the wait is over.
    RetryLater,
    /// It was the last attempt. Nothing is stored yet: the caller gives up for this reason.
    GiveUp(String),
}

/// One entry, as it is stored. It is read once; later changes are made here and in the store.
#[derive(Debug)]
pub(crate) struct LoadedEntry<'a, K, E> {
    outbox: &'a Outbox<K, E>,
    id: K,
    /// What the kind of work stores in `{entry}.json`.
    content: E,
    /// The steps whose request is stored.
    requested: BTreeSet<String>,
    results: BTreeMap<String, StepResult>,
    attempts: Vec<Attempt>,
    /// The highest number of an attempt; those that could not be read are not in `attempts`.
    last_attempt: u32,
}

impl<'a, K: EntryId, E: Serialize + DeserializeOwned + Send + Sync> LoadedEntry<'a, K, E> {
    /// Reads what is stored of an entry. If its content is gone or corrupt, `lost` takes its place.
    pub(crate) async fn load(outbox: &'a Outbox<K, E>, pending: &PendingEntry<K>, lost: E) -> Result<Self, StoreError> {
        let id = pending.id.clone();
        let content = read_content(outbox, &id, lost).await?;
        let (requested, results, attempts) = (BTreeSet::new(), BTreeMap::new(), Vec::new());
        let mut loaded = Self { outbox, id, content, requested, results, attempts, last_attempt: 0 };
        for part in &pending.parts {
            match part {
                Part::Request(step) => _ = loaded.requested.insert(step.clone()),
                Part::Result(step) => {
                    let result = loaded.read(part).await?;
                    loaded.results.extend(result.map(|result| (step.clone(), result)));
                }
                Part::Attempt(number) => {
                    loaded.last_attempt = loaded.last_attempt.max(*number);
                    let attempt: Option<Attempt> = loaded.read(part).await?;
                    loaded.attempts.extend(attempt);
                }
                Part::Entry | Part::Unknown(_) => {}
            }
        }
        Ok(loaded)
    }

    pub(crate) fn id(&self) -> &K {
        &self.id
    }

    pub(crate) fn content(&self) -> &E {
        &self.content
    }

    /// Whether a step was begun: its request or its result is stored.
    pub(crate) fn has_begun(&self) -> bool {
        !self.results.is_empty() || !self.requested.is_empty()
    }

    pub(crate) fn results(&self) -> &BTreeMap<String, StepResult> {
        &self.results
    }

    /// How a step ended; `None`: it has not ended yet.
    pub(crate) fn outcome(&self, step: &str) -> Option<StepOutcome> {
        self.results.get(step).map(|result| result.outcome)
    }

    /// How often this step has failed (`None`: what comes before all steps).
    pub(crate) fn failures(&self, step: Option<&str>) -> u32 {
        u32::try_from(self.failed_attempts(step).count()).unwrap_or(u32::MAX)
    }

    /// Whether this step may be tried now (`None`: what comes before all steps): the waits after its failures are over.
    pub(crate) fn is_due(&self, step: Option<&str>, now: DateTime<Utc>) -> bool {
        self.failed_attempts(step).all(|attempt| attempt.is_over(now))
    }

    fn failed_attempts<'b>(&'b self, step: Option<&'b str>) -> impl Iterator<Item = &'b Attempt> {
        self.attempts.iter().filter(move |attempt| attempt.step.as_deref() == step)
    }

    /// The stored request of a step.
    pub(crate) async fn request(&self, step: &str) -> Result<Option<Value>, StoreError> {
        if !self.requested.contains(step) {
            return Ok(None);
        }
        self.read(&Part::Request(step.to_owned())).await
    }

    /// Stores the request of a step before it is sent, and returns the request to send: the one of another process, if
    /// that has stored one first.
    pub(crate) async fn store_request(&self, step: &str, request: Value) -> Result<Value, StoreError> {
        let (store, name) = (&self.outbox.store, self.name(&Part::Request(step.to_owned())));
        match store.create(&name, &request).await? {
            Creation::Created => Ok(request),
            Creation::AlreadyExists => Ok(store.read(&name).await?.unwrap_or(request)),
        }
    }

    /// Stores what came of a step.
    pub(crate) async fn store_result(&mut self, step: &str, result: StepResult) -> Result<(), StoreError> {
        self.outbox.store.create(&self.name(&Part::Result(step.to_owned())), &result).await?;
        self.results.insert(step.to_owned(), result);
        Ok(())
    }

    /// Stores a failed attempt and when to try again, unless it was the last one of `max_attempts`.
    pub(crate) async fn fail(
        &mut self,
        step: Option<&str>,
        failure: Failure,
        max_attempts: u32,
        now: DateTime<Utc>,
    ) -> Result<AfterFailure, StoreError> {
        let (failures, Failure { reason, retry_after }) = (self.failures(step).saturating_add(1), failure);
        if failures >= max_attempts {
            return Ok(AfterFailure::GiveUp(format!("given up after {failures} attempts: {reason}")));
        }
        let not_before = not_before(&self.id, step, failures, retry_after, now);
        let attempt = Attempt { at: now, step: step.map(str::to_owned), reason, not_before };
        self.last_attempt = self.last_attempt.saturating_add(1);
        self.outbox.store.create(&self.name(&Part::Attempt(self.last_attempt)), &attempt).await?;
        self.attempts.push(attempt);
        Ok(AfterFailure::RetryLater)
    }

    fn name(&self, part: &Part) -> String {
        self.outbox.layout.part(&self.id, part)
    }

    async fn read<T: DeserializeOwned>(&self, part: &Part) -> Result<Option<T>, StoreError> {
        read_or_delete(&self.outbox.store, &self.name(part)).await
    }
}

/// Reads an entry's own object. A corrupt one is overwritten with `lost`. It is never deleted, not even for a moment,
/// because without it the entry would not be in the outbox.
async fn read_content<K: EntryId, E: Serialize + DeserializeOwned + Send + Sync>(
    outbox: &Outbox<K, E>,
    id: &K,
    lost: E,
) -> Result<E, StoreError> {
    let name = outbox.layout.part(id, &Part::Entry);
    match outbox.store.read(&name).await {
        Err(error @ StoreError::Corrupt { .. }) => {
            report_corrupt(&name, &error);
            outbox.store.overwrite(&name, &lost).await?;
            Ok(lost)
        }
        read => Ok(read?.unwrap_or(lost)),
    }
}
