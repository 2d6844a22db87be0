//! The hooks' side of the state store, where all instances meet: codes are reserved in it, and addresses remembered that
//! Submit cannot see by itself. A policy without codes, and with the usual sources of the address, never touches it.
//!
//! A store that is slow takes from the hook's own time; one that does not work leads to the failure action, of whoever
//! has need of it.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::reservations::{Admission, Admissions, Claim, RememberError, Reservations, ReserveError};
use crate::signup::identity::{AddressSource, Found, Provenance};
use crate::values::{CorrelationId, EmailAddress, InvitationCode};

/// How often what is too old is deleted.
const HOUR: Duration = Duration::from_hours(1);

/// Why the state cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// A use of a code cannot be reserved.
    #[error(transparent)]
    Reserve(#[from] ReserveError),
    /// An address cannot be remembered.
    #[error(transparent)]
    Remember(#[from] RememberError),
    /// What is in the store cannot be read. (Boxed: hooks do not know the store itself.)
    #[error("cannot read what is known of the sign-up")]
    Read(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What the hooks share through the store.
#[derive(Debug, Clone)]
pub struct SharedState {
    reservations: Reservations,
    admissions: Admissions,
    /// Codes are looked at and not reserved.
    only_looks: bool,
}

impl SharedState {
    /// Over these.
    #[must_use]
    pub fn new(reservations: Reservations, admissions: Admissions) -> Self {
        Self { reservations, admissions, only_looks: false }
    }

    /// The same, without reserving anything: for `explain`.
    #[must_use]
    pub fn only_looking(self) -> Self {
        Self { only_looks: true, ..self }
    }

    /// What [`SharedState::reserve`] does when a use is left, in a word for `explain`.
    #[must_use]
    pub fn reserving(&self) -> &'static str {
        if self.only_looks { "a use is left" } else { "made" }
    }

    /// Deletes addresses that are remembered for more than a day, once an hour until `stop`.
    pub fn keep_swept(&self, tasks: &TaskTracker, stop: CancellationToken, clock: Arc<dyn Clock>) {
        let admissions = self.admissions.clone();
        tasks.spawn(async move {
            loop {
                admissions.tidy(clock.now()).await;
                if tokio::time::timeout(HOUR, stop.cancelled()).await.is_ok() {
                    return;
                }
            }
        });
    }

    /// Remembers the address of a sign-up for whichever instance gets the form.
    pub async fn remember(
        &self,
        sign_up: &CorrelationId,
        found: &Found,
        policy: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StateError> {
        let admission = Admission {
            address: found.address.clone(),
            provenance: found.provenance.name().to_owned(),
            source: found.source.to_string(),
            policy: policy.to_owned(),
        };
        Ok(self.admissions.remember(sign_up, &admission, now).await?)
    }

    /// The address that Start saw. One of a policy by another name does not count: it was admitted elsewhere.
    pub async fn recall(
        &self,
        sign_up: &CorrelationId,
        policy: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<Found>, StateError> {
        let admission =
            self.admissions.recall(sign_up, now).await.map_err(|error| StateError::Read(Box::new(error)))?;
        Ok(admission.filter(|admission| admission.policy == policy).and_then(|admission| {
            let provenance = Provenance::named(&admission.provenance)?;
            Some(Found { address: admission.address, provenance, source: AddressSource::Remembered })
        }))
    }

    /// Reserves a use of a code; false if none is left.
    pub async fn reserve(
        &self,
        code: &InvitationCode,
        address: Option<&EmailAddress>,
        correlation_id: Option<&CorrelationId>,
        now: DateTime<Utc>,
    ) -> Result<bool, StateError> {
        let claim = Claim { code: &code.digest, uses: code.uses, address, correlation_id };
        if self.only_looks {
            let would = self.reservations.would_reserve(&claim, now).await;
            return would.map_err(|error| StateError::Read(Box::new(error)));
        }
        match self.reservations.reserve(&claim, now).await {
            Ok(_) => Ok(true),
            Err(ReserveError::UsedUp) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::clock::{ManualClock, SystemClock};
    use crate::storage::StateStore;

    #[tokio::test(start_paused = true)]
    async fn addresses_are_deleted_after_a_day_where_no_timer_runs() {
        let store = StateStore::in_memory();
        let state = SharedState::new(Reservations::new(store.clone()), Admissions::new(store.clone()));
        let sign_up = "6b264006-9d46-4409-bdb7-a501b6c22527".parse().unwrap();
        let address = "jo@example.com".parse().unwrap();
        let found = Found { address, provenance: Provenance::Asserted, source: AddressSource::Identity };
        let written = SystemClock.now();
        state.remember(&sign_up, &found, "default", written).await.unwrap();
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let clock = Arc::new(ManualClock::new(written + TimeDelta::hours(23)));
        state.keep_swept(&tasks, stop.clone(), clock.clone());
        tokio::time::sleep(HOUR / 2).await;
        assert_eq!(store.list("admissions").await.unwrap().len(), 1);
        clock.advance(TimeDelta::hours(2));
        tokio::time::sleep(HOUR).await;
        assert!(store.list("admissions").await.unwrap().is_empty());
        stop.cancel();
        tasks.close();
        tasks.wait().await;
    }
}
