//! Who has come as far as the form: what a Start saw of somebody, for the Submit that belongs to them.
//!
//! Submit usually carries no identities, so it has to be known whose it is. The correlation id is a hint, and no proof:
//! a client can choose the id of its sign-in, so several people can have one, and whether Entra uses one id for both
//! events is documented nowhere. So Starts are remembered by person: application, network, address or none, and a keyed
//! digest of what identity providers call them. A Submit belongs to
//!
//! - the person under its id, if all Starts under that id in this application were one person;
//! - else, if no Start was seen under its id, the one person who alone started in this application from this network,
//!   if Submit lists the address of that person;
//! - else nobody can tell, and nothing of anybody's is used.
//!
//! Everything is remembered for an hour. What other instances have to know lies in the state store ([`Scope::Shared`]);
//! the rest in this process. A store that is slow makes the caller wait; one that is absent is an error, never an
//! admission; an object that cannot be read is nobody's.

mod memory;
mod person;
mod shared;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::namespace::NAMESPACE;
use crate::storage::{StateStore, StoreError};
use crate::telemetry::describe;
use crate::values::{AppId, CorrelationId, EmailAddress, Identity, KnownBy, Network, Secret};
use memory::Memory;
use person::Traits;
use shared::Shared;

pub use person::PersonId;

/// How long a Start is remembered.
const LIFETIME: TimeDelta = TimeDelta::hours(1);
const TIME_TO_LIVE: Duration = Duration::from_hours(1);

/// How many ids, networks and people this process remembers each; the least used go first.
const MOST: u64 = 100_000;

/// What a Start saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admission {
    /// The address, if there is one.
    pub address: Option<EmailAddress>,
    /// How far the address is trusted, in the words of who asks; empty without one.
    pub provenance: String,
    /// Where in the event the address stood, in the words of who asks; empty without one.
    pub source: String,
}

/// Where an event comes from. A Submit usually has no identities.
#[derive(Debug, Clone, Copy)]
pub struct Arrival<'a> {
    /// The application.
    pub app: Option<&'a AppId>,
    /// The id under which the event came.
    pub correlation_id: Option<&'a CorrelationId>,
    /// The network.
    pub network: Option<Network>,
    /// Who Entra says they are.
    pub identities: &'a [Identity],
}

/// Who has to know of a Start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// This process.
    Process,
    /// Every instance.
    Shared,
}

/// The person of a Submit.
#[derive(Debug, Clone)]
pub struct KnownPerson {
    /// Who.
    pub person: PersonId,
    /// What Start saw of them.
    pub admission: Arc<Admission>,
    /// How they are known.
    pub by: KnownBy,
}

/// By what Starts are looked for; `None`: the event does not say, so none is found.
#[derive(Debug, Clone, Copy)]
enum StartKey<'a> {
    /// Under a correlation id.
    Id(Option<&'a CorrelationId>),
    /// In a network.
    Network(Option<Network>),
}

/// One Start of the last hour.
#[derive(Debug, Clone)]
enum Sighting {
    /// What it saw is here.
    Here(PersonId, Arc<Admission>),
    /// What it saw is in an object of this name.
    Stored(PersonId, String),
}

impl Sighting {
    fn person(&self) -> &PersonId {
        match self {
            Self::Here(person, _) | Self::Stored(person, _) => person,
        }
    }
}

/// The person, if all sightings are of one.
fn only(sightings: &[Sighting]) -> Option<&PersonId> {
    let people: BTreeSet<&PersonId> = sightings.iter().map(Sighting::person).collect();
    people.first().copied().filter(|_| people.len() == 1)
}

/// What Starts have seen. Cheap to clone; clones share what they know.
#[derive(Debug, Clone)]
pub struct Admissions {
    memory: Memory,
    shared: Shared,
}

impl Admissions {
    /// Over this store; nothing is read yet. People are digested under a key that follows from the secret; without
    /// one, under a key that is kept in the store.
    #[must_use]
    pub fn new(store: &StateStore, secret: Option<&Secret>) -> Self {
        Self { memory: Memory::new(), shared: Shared::new(store.open(&NAMESPACE), secret) }
    }

    /// Remembers a Start. Entra repeats a call: the same person is remembered twice then, which is one person.
    pub async fn remember(
        &self,
        scope: Scope,
        start: &Arrival<'_>,
        admission: Admission,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        match scope {
            Scope::Process => self.memory.remember(start, admission, now),
            Scope::Shared => self.shared.remember(start, admission, now).await?,
        }
        Ok(())
    }

    /// Whose a Submit is. `None`: nobody can tell. The store is asked only for [`Scope::Shared`]. `lists` says whether
    /// the form lists an address.
    pub async fn whose(
        &self,
        scope: Scope,
        submit: &Arrival<'_>,
        lists: impl Fn(&EmailAddress) -> bool,
        now: DateTime<Utc>,
    ) -> Result<Option<KnownPerson>, StoreError> {
        let by_id = StartKey::Id(submit.correlation_id);
        let (mut seen, mut by) = (self.seen(scope, submit, by_id, now).await?, KnownBy::CorrelationId);
        if seen.is_empty() {
            (seen, by) = (self.seen(scope, submit, StartKey::Network(submit.network), now).await?, KnownBy::Network);
        }
        let Some(person) = only(&seen).cloned() else { return Ok(None) };
        let Some(admission) = self.read(&seen).await? else { return Ok(None) };
        let is_theirs = by == KnownBy::CorrelationId || admission.address.as_ref().is_some_and(lists);
        Ok(is_theirs.then_some(KnownPerson { person, admission, by }))
    }

    /// The Starts of the last hour under a key, the newest first.
    async fn seen(
        &self,
        scope: Scope,
        submit: &Arrival<'_>,
        key: StartKey<'_>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Sighting>, StoreError> {
        let mut seen = self.memory.seen(submit.app, key, now);
        if scope == Scope::Shared {
            seen.extend(self.shared.seen(submit.app, key, now).await?);
        }
        Ok(seen)
    }

    /// What the newest of one person's Starts saw that can be read.
    async fn read(&self, sightings: &[Sighting]) -> Result<Option<Arc<Admission>>, StoreError> {
        for sighting in sightings {
            let read = match sighting {
                Sighting::Here(_, admission) => Some(Arc::clone(admission)),
                Sighting::Stored(person, object) => self.shared.read(person, object).await?,
            };
            if read.is_some() {
                return Ok(read);
            }
        }
        Ok(None)
    }

    /// The same as [`Admissions::tidy`], and what killed writes have left anywhere in the store: where no timer does it.
    /// A store that can never be used holds nothing.
    pub async fn tidy_store(&self, now: DateTime<Utc>) {
        if !self.shared.is_usable() {
            return;
        }
        self.shared.sweep_leftovers(now).await;
        self.tidy(now).await;
    }

    /// Deletes from the store what is older than an hour; a failure is a line in the log, since it is tried again.
    pub async fn tidy(&self, now: DateTime<Utc>) {
        match self.shared.sweep(now).await {
            Ok(0) => {}
            Ok(swept) => tracing::info!(event = "admissions-swept", swept),
            Err(error) => tracing::warn!(event = "admissions-not-swept", reason = describe(&error)),
        }
    }
}

/// Whether something of that time still counts. One from much later was written while a clock was wrong.
fn is_fresh(at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    now.signed_duration_since(at).abs() < LIFETIME
}
