//! The state that decisions share: which uses of codes are reserved, and the addresses that Starts saw.
//!
//! It is kept in the state store, which all instances share. Under a policy without codes and with the usual sources
//! of the address, it is kept in this process only, and the store is never asked.
//!
//! A slow store takes time from the decision. If the store fails, only the decisions that need it fail.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::entra::event::SignUpEvent;
use crate::reservations::{
    EventOrigin, MatchedStart, PersonId, RememberedAddress, RememberedStarts, ReservationRequest, Reservations,
    ReserveError, Visibility,
};
use crate::signup::identity::{AddressSource, FoundAddress};
use crate::values::{EmailAddress, InvitationCode, KnownBy, Network};

/// How often old Starts are deleted.
const SWEEP_INTERVAL: Duration = Duration::from_mins(10);

/// Why the state cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StateError {
    /// A use of a code cannot be reserved.
    #[error(transparent)]
    Reserve(#[from] ReserveError),
    /// A Start cannot be remembered. The cause is boxed, since decisions do not know the store.
    #[error("cannot remember the start of the sign-up")]
    Remember(#[source] Box<dyn Error + Send + Sync>),
    /// The store cannot be read.
    #[error("cannot read what is known of the sign-up")]
    Read(#[source] Box<dyn Error + Send + Sync>),
}

/// The person who sent a form, found by their Start.
#[derive(Debug)]
pub(crate) struct KnownSender {
    /// The id of the person.
    pub person: PersonId,
    /// Their address, if Start saw one.
    pub address: Option<FoundAddress>,
    /// How it is known that the Submit is theirs.
    pub known_by: KnownBy,
}

/// The state that decisions share. Cheap to clone; clones share it.
#[derive(Debug, Clone)]
pub(crate) struct SharedState {
    reservations: Reservations,
    starts: RememberedStarts,
    /// Whether codes are only looked up and never reserved.
    is_read_only: bool,
}

impl SharedState {
    /// A state that reserves codes.
    #[must_use]
    pub(crate) fn new(reservations: Reservations, starts: RememberedStarts) -> Self {
        Self { reservations, starts, is_read_only: false }
    }

    /// The same state, but no code is reserved: for `explain`.
    #[must_use]
    pub(crate) fn read_only(self) -> Self {
        Self { is_read_only: true, ..self }
    }

    /// What [`SharedState::reserve`] did if a use was left, in words for the trace.
    #[must_use]
    pub(crate) fn reservation_note(&self) -> &'static str {
        if self.is_read_only { "a use is left" } else { "made" }
    }

    /// Deletes Starts that are older than an hour from the store, and leftovers of killed writes, every ten minutes
    /// until `stop`.
    pub(crate) fn keep_store_swept(&self, tasks: &TaskTracker, stop: CancellationToken, clock: Arc<dyn Clock>) {
        let starts = self.starts.clone();
        let sweep = move || {
            let (starts, now) = (starts.clone(), clock.now());
            async move { starts.sweep_with_leftovers(now).await }
        };
        tasks.spawn(repeat(sweep, stop));
    }

    /// Forgets Starts in memory that are older than an hour, every ten minutes until `stop`.
    pub(crate) fn keep_memory_swept(&self, tasks: &TaskTracker, stop: CancellationToken, clock: Arc<dyn Clock>) {
        let starts = self.starts.clone();
        let sweep = move || {
            let (starts, now) = (starts.clone(), clock.now());
            async move { starts.forget_old(now).await }
        };
        tasks.spawn(repeat(sweep, stop));
    }

    /// Remembers a Start, with its address if there is one.
    pub(crate) async fn remember(
        &self,
        visibility: Visibility,
        start: &SignUpEvent,
        found: Option<&FoundAddress>,
        now: DateTime<Utc>,
    ) -> Result<(), StateError> {
        let address = found.map(|found| RememberedAddress {
            address: found.address.clone(),
            provenance: found.provenance,
            source: found.source.written(),
        });
        let remembered = self.starts.remember(visibility, &origin(start), address, now).await;
        remembered.map_err(|error| StateError::Remember(Box::new(error)))
    }

    /// Finds out who sent a form; `None`: nobody can tell. `lists_address` says whether the form lists an
    /// address.
    pub(crate) async fn find_sender(
        &self,
        visibility: Visibility,
        submit: &SignUpEvent,
        lists_address: impl Fn(&EmailAddress) -> bool,
        now: DateTime<Utc>,
    ) -> Result<Option<KnownSender>, StateError> {
        let matched_start = self.starts.find(visibility, &origin(submit), lists_address, now).await;
        let matched_start = matched_start.map_err(|error| StateError::Read(Box::new(error)))?;
        Ok(matched_start.map(|MatchedStart { person, start, by }| {
            let address = start.address.clone().map(|RememberedAddress { address, provenance, .. }| FoundAddress {
                address,
                provenance,
                source: AddressSource::Remembered,
            });
            KnownSender { person, address, known_by: by }
        }))
    }

    /// Reserves a use of a code. Returns false if none is left.
    pub(crate) async fn reserve(
        &self,
        code: &InvitationCode,
        address: Option<&EmailAddress>,
        person: Option<&PersonId>,
        now: DateTime<Utc>,
    ) -> Result<bool, StateError> {
        let request = ReservationRequest { code: &code.digest, uses: code.uses, address, person };
        if self.is_read_only {
            let can_reserve = self.reservations.would_reserve(&request, now).await;
            return can_reserve.map_err(|error| StateError::Read(Box::new(error)));
        }
        match self.reservations.reserve(&request, now).await {
            Ok(_) => Ok(true),
            Err(ReserveError::UsedUp) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

/// Sweeps every ten minutes, or at once after a sweep that took longer. Ends in the middle of a sweep if it has to.
async fn repeat<S: Future<Output = ()>>(sweep: impl Fn() -> S, stop: CancellationToken) {
    loop {
        let next = Instant::now() + SWEEP_INTERVAL;
        if stop.run_until_cancelled(sweep()).await.is_none() {
            return;
        }
        if timeout_at(next, stop.cancelled()).await.is_ok() {
            return;
        }
    }
}

/// The parts of an event by which its person is recognised.
fn origin(event: &SignUpEvent) -> EventOrigin<'_> {
    EventOrigin {
        app: event.app.id.as_ref(),
        correlation_id: event.correlation_id.as_ref(),
        network: event.client.ip.map(Network::of),
        identities: &event.identities,
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::clock::{ManualClock, SystemClock};
    use crate::signup::identity::EmailSource;
    use crate::storage::StateStore;
    use crate::telemetry::describe;
    use crate::values::{App, Client, Code, Form, Provenance};

    fn start() -> SignUpEvent {
        SignUpEvent {
            correlation_id: "6b264006-9d46-4409-bdb7-a501b6c22527".parse().ok(),
            app: App::default(),
            client: Client::default(),
            identities: Vec::new(),
            form: Form(Vec::new()),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_start_saw_is_deleted_after_an_hour_where_no_timer_runs() {
        let folder = tempfile::tempdir().unwrap();
        let store = StateStore::local(folder.path());
        let state = SharedState::new(Reservations::new(&store), RememberedStarts::new(&store, None));
        let start = start();
        let address = "jo@example.com".parse().unwrap();
        let found = FoundAddress {
            address,
            provenance: Provenance::Asserted,
            source: AddressSource::Event(EmailSource::Identity),
        };
        let written = SystemClock.now();
        state.remember(Visibility::Shared, &start, Some(&found), written).await.unwrap();
        // The leftover of a killed write. It holds the address, too.
        let leftover = folder.path().join("admissions/none/6b264006-9d46-4409-bdb7-a501b6c22527/1-0f.json#3");
        std::fs::write(&leftover, "{").unwrap();
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let clock = Arc::new(ManualClock::new(written + TimeDelta::minutes(59)));
        state.keep_store_swept(&tasks, stop.clone(), clock.clone());
        tokio::time::sleep(SWEEP_INTERVAL / 2).await;
        assert!(store.list("admissions").await.unwrap().len() == 1 && leftover.exists());
        clock.advance(TimeDelta::minutes(2));
        tokio::time::sleep(SWEEP_INTERVAL).await;
        assert!(store.list("admissions").await.unwrap().is_empty() && !leftover.exists());
        stop.cancel();
        tasks.close();
        tasks.wait().await;
    }

    /// A store that can never be used is not an empty one: what needs it fails with its error, and the rest works.
    #[tokio::test]
    async fn a_store_that_can_never_be_used_fails_whoever_needs_it() {
        let store = StateStore::unusable();
        let state = SharedState::new(Reservations::new(&store), RememberedStarts::new(&store, None));
        let (start, now) = (start(), SystemClock.now());
        let code = InvitationCode { digest: Code::from_random([0; 16]).unwrap().digest(), uses: 1 };
        let read_only = state.clone().read_only();
        let failures = [
            state.remember(Visibility::Shared, &start, None, now).await.unwrap_err(),
            state.find_sender(Visibility::Shared, &start, |_| true, now).await.unwrap_err(),
            state.reserve(&code, None, None, now).await.unwrap_err(),
            read_only.reserve(&code, None, None, now).await.unwrap_err(),
        ];
        for failure in failures {
            let said = describe(&failure);
            assert!(said.contains("does not outlive an instance on Azure"), "{said}");
        }
        state.remember(Visibility::Process, &start, None, now).await.unwrap();
        let known = state.find_sender(Visibility::Process, &start, |_| true, now).await.unwrap();
        assert_eq!(known.map(|known| known.known_by), Some(KnownBy::CorrelationId));
    }
}
