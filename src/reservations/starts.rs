//! The Starts of the last hour: what each one saw of a person, so that the Submit that belongs to it can be recognised.
//!
//! A Submit (the form was sent) usually carries no identities, so the service has to find out from the Start (the form
//! is about to be shown) who sent it. The correlation id is only a hint: a client can choose the id of its sign-in, so
//! several people can have the same one. Whether Entra uses one id for both events is not documented either. So Starts
//! are remembered by person: application, network, address (or none), and a keyed digest of what identity providers
//! call them. A Submit belongs to
//!
//! - the person who started under its id, if all Starts under that id in this application were one person's;
//! - else, if there was no Start under its id, the only person who started in this application from this network, if
//!   the Submit lists that person's address;
//! - else nobody that is known, and no Start is used for it.
//!
//! Everything is remembered for an hour. What other instances have to know is in the state store
//! ([`Visibility::Shared`]); the rest is in this process. A store that is slow makes the caller wait. One that is
//! absent is an error, never an admission. An object that cannot be read belongs to nobody.

mod person;
mod process;
mod shared;
mod sweep;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::namespace::NAMESPACE;
use crate::storage::{StateStore, StoreError};
use crate::telemetry::describe;
use crate::values::{AppId, CorrelationId, EmailAddress, Identity, KnownBy, Network, Provenance, Secret};
use person::PersonTraits;
use process::ProcessStarts;
use shared::SharedStarts;
use sweep::Sweep;

pub(crate) use person::PersonId;

/// How long a Start is remembered.
const LIFETIME: TimeDelta = TimeDelta::hours(1);
const TIME_TO_LIVE: Duration = Duration::from_hours(1);

/// How many ids, networks and people this process remembers each, at most.
const MAX_REMEMBERED: usize = 100_000;

/// The address that a Start saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RememberedAddress {
    /// The address.
    pub address: EmailAddress,
    /// How far it is trusted.
    pub provenance: Provenance,
    /// Where in the event it was, for whoever reads the store: `attribute:email`. Nothing follows from it.
    pub source: Cow<'static, str>,
}

/// What a Start saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RememberedStart {
    /// The address; `None` if the person has none.
    pub address: Option<RememberedAddress>,
}

impl RememberedStart {
    fn email(&self) -> Option<&EmailAddress> {
        self.address.as_ref().map(|remembered| &remembered.address)
    }
}

/// Where an event comes from. A Submit usually has no identities.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EventOrigin<'a> {
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
pub(crate) enum Visibility {
    /// This process only: it is kept in memory.
    Process,
    /// Every instance: it is written to the state store.
    Shared,
}

/// The Start that a Submit belongs to.
#[derive(Debug, Clone)]
pub(crate) struct MatchedStart {
    /// The person, the same for both events.
    pub person: PersonId,
    /// What Start saw of them.
    pub start: Arc<RememberedStart>,
    /// How it is known that both events are from one person.
    pub by: KnownBy,
}

/// What Starts are looked up by. `None`: the event does not say it, so none is found.
#[derive(Debug, Clone, Copy)]
enum StartKey<'a> {
    /// Under a correlation id.
    Id(Option<&'a CorrelationId>),
    /// In a network.
    Network(Option<Network>),
}

/// A Start of the last hour that was found.
#[derive(Debug, Clone)]
enum FoundStart {
    /// What it saw is here.
    InMemory(PersonId, Arc<RememberedStart>),
    /// What it saw is in an object of this name.
    Stored(PersonId, String),
}

impl FoundStart {
    fn person(&self) -> &PersonId {
        match self {
            Self::InMemory(person, _) | Self::Stored(person, _) => person,
        }
    }
}

/// The person, if all Starts are of one.
fn only_person(starts: &[FoundStart]) -> Option<&PersonId> {
    let people: BTreeSet<&PersonId> = starts.iter().map(FoundStart::person).collect();
    people.first().copied().filter(|_| people.len() == 1)
}

/// The Starts of the last hour. Cheap to clone; clones share what they know.
#[derive(Debug, Clone)]
pub(crate) struct RememberedStarts {
    process: ProcessStarts,
    shared: SharedStarts,
}

impl RememberedStarts {
    /// The Starts in this store and this process. Nothing is read yet. People are digested under a key that follows
    /// from the secret; without one, under a key that is kept in the store.
    #[must_use]
    pub(crate) fn new(store: &StateStore, secret: Option<&Secret>) -> Self {
        Self { process: ProcessStarts::new(), shared: SharedStarts::new(store.open(&NAMESPACE), secret) }
    }

    /// Remembers a Start, with the address that it saw. If Entra repeats a call, the same person is remembered
    /// twice, which does no harm.
    pub(crate) async fn remember(
        &self,
        visibility: Visibility,
        origin: &EventOrigin<'_>,
        address: Option<RememberedAddress>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let start = RememberedStart { address };
        match visibility {
            Visibility::Process => self.process.remember(origin, start, now),
            Visibility::Shared => self.shared.remember(origin, start, now).await?,
        }
        Ok(())
    }

    /// The Start that a Submit belongs to; `None` if that cannot be told. The store is asked only for
    /// [`Visibility::Shared`]. `form_lists` says whether the form lists an address.
    pub(crate) async fn find(
        &self,
        visibility: Visibility,
        submit: &EventOrigin<'_>,
        form_lists: impl Fn(&EmailAddress) -> bool,
        now: DateTime<Utc>,
    ) -> Result<Option<MatchedStart>, StoreError> {
        let by_id = StartKey::Id(submit.correlation_id);
        let (mut starts, mut by) = (self.recent(visibility, submit, by_id, now).await?, KnownBy::CorrelationId);
        if starts.is_empty() {
            let by_network = StartKey::Network(submit.network);
            (starts, by) = (self.recent(visibility, submit, by_network, now).await?, KnownBy::Network);
        }
        let Some(person) = only_person(&starts).cloned() else { return Ok(None) };
        let Some(start) = self.read(&starts).await? else { return Ok(None) };
        let is_theirs = by == KnownBy::CorrelationId || start.email().is_some_and(form_lists);
        Ok(is_theirs.then_some(MatchedStart { person, start, by }))
    }

    /// The Starts of the last hour under a key, the newest first.
    async fn recent(
        &self,
        visibility: Visibility,
        submit: &EventOrigin<'_>,
        key: StartKey<'_>,
        now: DateTime<Utc>,
    ) -> Result<Vec<FoundStart>, StoreError> {
        let mut starts = self.process.recent(submit.app, key, now);
        if visibility == Visibility::Shared {
            starts.extend(self.shared.recent(submit.app, key, now).await?);
        }
        Ok(starts)
    }

    /// What the newest of these Starts saw that can be read. All of them are one person's.
    async fn read(&self, starts: &[FoundStart]) -> Result<Option<Arc<RememberedStart>>, StoreError> {
        for start in starts {
            let read = match start {
                FoundStart::InMemory(_, start) => Some(Arc::clone(start)),
                FoundStart::Stored(person, object) => self.shared.read(person, object).await?,
            };
            if read.is_some() {
                return Ok(read);
            }
        }
        Ok(None)
    }

    /// Deletes from the store all that is older than an hour. A failure is a line in the log: the next call tries again.
    pub(crate) async fn sweep(&self, now: DateTime<Utc>) {
        let Sweep { deleted: swept, error } = self.shared.sweep(now).await;
        if swept > 0 {
            tracing::info!(event = "admissions-swept", swept);
        }
        if let Some(error) = error {
            tracing::warn!(event = "admissions-not-swept", reason = describe(&error));
        }
    }

    /// Forgets all that this process remembers and that is older than an hour. Looks at every entry, so it takes a
    /// thread of its own.
    pub(crate) async fn forget_old(&self, now: DateTime<Utc>) {
        let starts = self.clone();
        let forgotten = tokio::task::spawn_blocking(move || {
            starts.process.forget_old(now);
            starts.shared.forget_old(now);
        });
        // It fails only if the process ends.
        let _ = forgotten.await;
    }

    /// How many Starts this process remembers, by each key.
    #[cfg(test)]
    pub(crate) fn remembered(&self) -> usize {
        self.process.remembered() + self.shared.remembered()
    }

    /// Does what [`RememberedStarts::sweep`] does, and also deletes what killed writes have left anywhere in the store.
    /// For services without a timer, which would do it. A store that can never be used holds nothing.
    pub(crate) async fn sweep_with_leftovers(&self, now: DateTime<Utc>) {
        if self.shared.is_usable() {
            self.shared.sweep_leftovers(now).await;
            self.sweep(now).await;
        }
    }
}

/// Whether a Start of that time still counts. One from much later than now was written while a clock was wrong.
fn is_fresh(at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    now.signed_duration_since(at).abs() < LIFETIME
}
