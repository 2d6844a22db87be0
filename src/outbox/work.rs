//! One piece of work under way: what is stored of it, and each change, stored before it counts.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::attempt::{Attempt, not_before};
use super::layout::Part;
use super::repair::{read_or_delete, report_corrupt};
use super::{Key, Outbox, Pending, StepOutcome, StepResult};
use crate::storage::{Creation, StoreError};

/// A failed attempt.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    /// Why, without anything personal.
    pub(crate) reason: String,
    /// The wait that the other side asked for.
    pub(crate) asked: Option<Duration>,
}

/// What a failed attempt leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Retry {
    /// Another attempt, when its wait is over.
    Later,
    /// It was the last attempt. Nothing is stored yet: the caller gives up for this reason.
    GiveUp(String),
}

/// One piece of work under way.
#[derive(Debug)]
pub(crate) struct Work<'a, K, E> {
    outbox: &'a Outbox<K, E>,
    id: K,
    entry: E,
    /// The steps whose request is stored.
    requested: BTreeSet<String>,
    results: BTreeMap<String, StepResult>,
    attempts: Vec<Attempt>,
    /// The highest number of an attempt; those that could not be read are not in `attempts`.
    last_attempt: u32,
}

impl<'a, K: Key, E: Serialize + DeserializeOwned + Send + Sync> Work<'a, K, E> {
    /// Reads what is stored of pending work. An entry that is gone or corrupt counts as `lost`.
    pub(crate) async fn load(outbox: &'a Outbox<K, E>, pending: &Pending<K>, lost: E) -> Result<Self, StoreError> {
        let id = pending.id.clone();
        let entry = read_entry(outbox, &id, lost).await?;
        let (requested, results, attempts) = (BTreeSet::new(), BTreeMap::new(), Vec::new());
        let mut work = Self { outbox, id, entry, requested, results, attempts, last_attempt: 0 };
        for part in &pending.parts {
            match part {
                Part::Request(step) => _ = work.requested.insert(step.clone()),
                Part::Result(step) => {
                    let result = work.read(part).await?;
                    work.results.extend(result.map(|result| (step.clone(), result)));
                }
                Part::Attempt(number) => {
                    work.last_attempt = work.last_attempt.max(*number);
                    let attempt: Option<Attempt> = work.read(part).await?;
                    work.attempts.extend(attempt);
                }
                Part::Entry | Part::Unknown(_) => {}
            }
        }
        Ok(work)
    }

    pub(crate) fn id(&self) -> &K {
        &self.id
    }

    pub(crate) fn entry(&self) -> &E {
        &self.entry
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

    /// Whether the waits after failures of this step (`None`: of what comes before all steps) are over.
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

    /// Stores the request of a step before it is sent. Gives back what is to be sent: if another process has stored one
    /// meanwhile, that one.
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
    ) -> Result<Retry, StoreError> {
        let (failures, Failure { reason, asked }) = (self.failures(step).saturating_add(1), failure);
        if failures >= max_attempts {
            return Ok(Retry::GiveUp(format!("given up after {failures} attempts: {reason}")));
        }
        let not_before = not_before(&self.id, step, failures, asked, now);
        let attempt = Attempt { at: now, step: step.map(str::to_owned), reason, not_before };
        self.last_attempt = self.last_attempt.saturating_add(1);
        self.outbox.store.create(&self.name(&Part::Attempt(self.last_attempt)), &attempt).await?;
        self.attempts.push(attempt);
        Ok(Retry::Later)
    }

    fn name(&self, part: &Part) -> String {
        self.outbox.layout.part(&self.id, part)
    }

    async fn read<T: DeserializeOwned>(&self, part: &Part) -> Result<Option<T>, StoreError> {
        read_or_delete(&self.outbox.store, &self.name(part)).await
    }
}

/// Reads an entry's own object. A corrupt one is overwritten with `lost`, never deleted, not even for a moment: it is
/// what keeps the work in the outbox.
async fn read_entry<K: Key, E: Serialize + DeserializeOwned + Send + Sync>(
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
