//! What Start leaves for Submit: the address of people whose form alone could not tell it, and of those who need a code.
//!
//! The object `admissions/{correlation id}.json` says with which address a sign-up came to the form, where the address
//! came from, and by which policy. It holds the address itself, since Submit decides by it, so it is deleted: the timer,
//! or the hooks where none runs, sweep what is older than a day, and an older one counts as absent until then. It is
//! written once. Start again with another address under the same correlation id is an error: nobody could tell which of
//! them the form belongs to.
//!
//! What this process has written or read it knows for an hour without asking. A store that is slow makes the caller
//! wait; one that is absent is an error, never an admission; an object that cannot be read counts as absent.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::{StreamExt, TryStreamExt, stream};
use moka::sync::Cache;
use serde::{Deserialize, Serialize};

use crate::storage::{Creation, StateStore, StoreError};
use crate::telemetry::describe;
use crate::values::{CorrelationId, EmailAddress};

/// The folder.
const FOLDER: &str = "admissions";

/// How long an admission counts.
const DAY: TimeDelta = TimeDelta::hours(24);

/// How many this process remembers, and for how long.
const MOST: u64 = 50_000;
const HOUR: Duration = Duration::from_hours(1);

/// How many one sweep deletes, and how many at once.
const SWEPT: usize = 2_000;
const DELETERS: usize = 32;

/// What Submit has to know of Start's decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admission {
    /// The address that was admitted.
    pub address: EmailAddress,
    /// How far the address is trusted, in the words of who asks.
    pub provenance: String,
    /// Where in the event the address stood, in the words of who asks.
    pub source: String,
    /// The name of the policy that admitted it.
    pub policy: String,
}

/// Why an admission is not remembered.
#[derive(Debug, thiserror::Error)]
pub enum RememberError {
    /// The sign-up was admitted with another address before.
    #[error("this sign-up was admitted with another address before")]
    OtherAddress,
    /// The store failed.
    #[error("cannot remember the admission")]
    Store(#[from] StoreError),
}

/// An admission as it is stored. It is personal.
#[derive(Serialize, Deserialize)]
struct Stored {
    address: String,
    provenance: String,
    source: String,
    policy: String,
    at: DateTime<Utc>,
}

/// The admissions, over the store. Cheap to clone; clones share what they know.
#[derive(Debug, Clone)]
pub struct Admissions {
    store: StateStore,
    known: Cache<CorrelationId, Arc<(Admission, DateTime<Utc>)>>,
}

impl Admissions {
    /// Over this store. Nothing is read yet.
    #[must_use]
    pub fn new(store: StateStore) -> Self {
        Self { store, known: Cache::builder().max_capacity(MOST).time_to_live(HOUR).build() }
    }

    /// Remembers an admission; one write. Entra repeats a call, so one that is remembered already is in order.
    pub async fn remember(
        &self,
        sign_up: &CorrelationId,
        admission: &Admission,
        now: DateTime<Utc>,
    ) -> Result<(), RememberError> {
        let stored = Stored::new(admission, now);
        let name = name(sign_up);
        if self.store.create(&name, &stored).await? == Creation::AlreadyExists {
            match self.read(sign_up, now).await? {
                Some(known) if known.0.address == admission.address => return Ok(()),
                Some(_) => return Err(RememberError::OtherAddress),
                // Too old or not readable: no use to anybody as it is.
                None => self.store.overwrite(&name, &stored).await?,
            }
        }
        self.known.insert(sign_up.clone(), Arc::new((admission.clone(), now)));
        Ok(())
    }

    /// The admission of a sign-up, if there was one within a day; one read at most.
    pub async fn recall(&self, sign_up: &CorrelationId, now: DateTime<Utc>) -> Result<Option<Admission>, StoreError> {
        if let Some(known) = self.known.get(sign_up).filter(|known| is_fresh(known.1, now)) {
            return Ok(Some(known.0.clone()));
        }
        let read = self.read(sign_up, now).await?.map(Arc::new);
        if let Some(read) = &read {
            self.known.insert(sign_up.clone(), Arc::clone(read));
        }
        Ok(read.map(|read| read.0.clone()))
    }

    async fn read(
        &self,
        sign_up: &CorrelationId,
        now: DateTime<Utc>,
    ) -> Result<Option<(Admission, DateTime<Utc>)>, StoreError> {
        let object = name(sign_up);
        let reason = match self.store.read::<Stored>(&object).await {
            Ok(None) => return Ok(None),
            Ok(Some(stored)) if !is_fresh(stored.at, now) => return Ok(None),
            Ok(Some(stored)) => match stored.into_admission() {
                Some(admission) => return Ok(Some(admission)),
                None => "it has no address".to_owned(),
            },
            Err(error @ StoreError::Corrupt { .. }) => describe(&error),
            Err(error) => return Err(error),
        };
        tracing::error!(event = "admission-unreadable", object, reason);
        Ok(None)
    }

    /// The same as [`Admissions::sweep`], with a line in the log instead of an outcome: it is tried again later.
    pub async fn tidy(&self, now: DateTime<Utc>) {
        match self.sweep(now).await {
            Ok(0) => {}
            Ok(swept) => tracing::info!(event = "admissions-swept", swept),
            Err(error) => tracing::warn!(event = "admissions-not-swept", reason = describe(&error)),
        }
    }

    /// Deletes what was written more than a day ago, the oldest first, two thousand at most; says how many.
    pub async fn sweep(&self, now: DateTime<Utc>) -> Result<usize, StoreError> {
        let entries = self.store.list(FOLDER).await?.into_iter();
        let mut old: Vec<_> = entries.filter(|entry| !is_fresh(entry.modified, now)).collect();
        old.sort_by_key(|entry| entry.modified);
        old.truncate(SWEPT);
        let swept = old.len();
        let deletions: Vec<_> = old.iter().map(|entry| self.store.delete(&entry.name)).collect();
        stream::iter(deletions).buffer_unordered(DELETERS).try_collect::<()>().await?;
        Ok(swept)
    }
}

impl Stored {
    fn new(admission: &Admission, at: DateTime<Utc>) -> Self {
        let Admission { address, provenance, source, policy } = admission.clone();
        Self { address: address.as_given().to_owned(), provenance, source, policy, at }
    }

    fn into_admission(self) -> Option<(Admission, DateTime<Utc>)> {
        let Self { address, provenance, source, policy, at } = self;
        Some((Admission { address: address.parse().ok()?, provenance, source, policy }, at))
    }
}

fn name(sign_up: &CorrelationId) -> String {
    format!("{FOLDER}/{sign_up}.json")
}

/// Whether something of that time still counts. One from the day after tomorrow was written while a clock was wrong.
fn is_fresh(at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    now.signed_duration_since(at).abs() < DAY
}
