//! Which uses of invitation codes are taken, and who has come as far as the form: the little that hooks write.
//!
//! A code is good for a number of uses. Each use is a slot with a log of its own in the state store: the object
//! `reservations/{digest of the code}/{slot}-{n}.json` is the slot's n-th event, both counted from 0. At Submit a slot is
//! *reserved* for whoever signs up; when the account is found, it is *accepted* for it; when nobody was found long after
//! the lease, it is *released* and free again; when nobody can know, it is *kept*, which means used.
//!
//! A use is held by a person: by their address if it is known, else by what Start saw of them. Whoever holds one finds it
//! again [`RENEWALS`] times within [`RENEWABLE`]: Entra repeats calls, and people correct forms. After that, and for
//! whoever cannot be told apart, each Submit takes a further use.
//!
//! Invariants:
//! - every change is the creation of the event after the last one that was read. Of two that try, one is told that it
//!   exists, and reads again. So there is no lock, and it does not matter how many processes there are;
//! - nothing is overwritten or deleted, and the last event says all about its slot. So what was read once is known;
//! - no more slots are in use than the code has uses, also after the list has lowered them;
//! - in doubt a slot is in use: if its last event cannot be read, or if it was reserved without an address, by which
//!   alone an account could be told from nobody;
//! - codes and addresses appear as digests only. The digest of an address has no key, so whoever may read the store can
//!   try addresses: the store is for its owner. [`Admissions`] do hold addresses, for an hour.
//!
//! A store that is slow makes the caller wait, who may go away at any moment: what a call cut off has written is found
//! by the next one of the same person. One that is absent is a [`StoreError`]. One that says that an event exists and
//! never shows it ends in [`ReserveError::Contended`].

mod admissions;
mod choose;
mod event;
mod log;
mod namespace;
mod settle;

use chrono::{DateTime, TimeDelta, Utc};

use crate::storage::{Creation, StateStore, StoreError};
use crate::values::{CodeDigest, EmailAddress};

use choose::{Choice, choose};
use event::{AddressDigest, Event, Holder, Reservation};
use log::{Log, Place};

pub(crate) use namespace::NAMESPACE;

pub use admissions::{Admission, Admissions, Arrival, KnownPerson, PersonId, Scope};
pub use settle::{Acceptance, Ledger, Settled};

/// How long a reservation waits for its account: the person still has to get through the rest of the sign-up. It is
/// released when a run has covered its end and the overlap.
pub const LEASE: TimeDelta = TimeDelta::hours(1);

/// How often whoever holds a use finds it again, and for how long after they got it.
pub const RENEWALS: u32 = 3;
/// See [`RENEWALS`].
pub const RENEWABLE: TimeDelta = TimeDelta::minutes(15);

/// No code is good for more uses: this many slots can be read within a hook's deadline.
pub const MAX_USES: u32 = 1000;

/// How often a change is tried that others forestall. Each time somebody else came further.
const ATTEMPTS: usize = 32;

/// Somebody who wants to use a code.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    /// The code.
    pub code: &'a CodeDigest,
    /// How many uses it is good for; [`MAX_USES`] at most.
    pub uses: u32,
    /// The person's address, if it is known and was not typed by them.
    pub address: Option<&'a EmailAddress>,
    /// The person, if it is known whose the Submit is. Of no use beside an address.
    pub person: Option<&'a PersonId>,
}

/// A use is reserved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reserved {
    /// It was free before.
    New,
    /// The same person had it already.
    Again,
}

/// Why no use is reserved.
#[derive(Debug, thiserror::Error)]
pub enum ReserveError {
    /// Every use is taken.
    #[error("every use of the code is taken")]
    UsedUp,
    /// The store failed.
    #[error("cannot reserve a use of the code")]
    Store(#[from] StoreError),
    /// Others were faster each time.
    #[error("too many others reserve uses of the code at this moment")]
    Contended,
}

/// The uses of all codes, over the store. Cheap to clone; clones share what they have read.
#[derive(Debug, Clone)]
pub struct Reservations {
    log: Log,
}

impl Reservations {
    /// Over this store. Nothing is read yet.
    #[must_use]
    pub fn new(store: &StateStore) -> Self {
        Self { log: Log::new(store.open(&NAMESPACE)) }
    }

    /// Reserves a use for whoever claims it, or renews the one that they have: its lease begins anew.
    pub async fn reserve(&self, claim: &Claim<'_>, now: DateTime<Utc>) -> Result<Reserved, ReserveError> {
        let wanted = reservation(claim, now);
        let uses = claim.uses.min(MAX_USES);
        for _ in 0..ATTEMPTS {
            let slots = self.log.of_code(claim.code).await?;
            let (place, event, reserved) = match choose(&slots, &wanted, uses, now) {
                Choice::UsedUp => return Err(ReserveError::UsedUp),
                Choice::Renew(slot, held) => (slot.place, held.renewed(&wanted), Reserved::Again),
                Choice::Take(number) => (free(&slots, *claim.code, number), wanted.clone(), Reserved::New),
            };
            if self.log.append(place, &Event::Reserved(event)).await? == Creation::Created {
                return Ok(reserved);
            }
        }
        Err(ReserveError::Contended)
    }

    /// Whether whoever claims would get a use, or has one. Reads only: a state folder that is not there is not made.
    pub async fn would_reserve(&self, claim: &Claim<'_>, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let slots = self.log.of_code(claim.code).await?;
        let choice = choose(&slots, &reservation(claim, now), claim.uses.min(MAX_USES), now);
        Ok(!matches!(choice, Choice::UsedUp))
    }
}

/// What is written if a free slot is taken.
fn reservation(claim: &Claim<'_>, now: DateTime<Utc>) -> Reservation {
    let address = claim.address.map(AddressDigest::of);
    Reservation {
        holder: Holder::of(address.as_ref(), claim.person),
        address,
        at: now,
        until: now.checked_add_signed(LEASE).unwrap_or(now),
        since: Some(now),
        renewals: 0,
    }
}

/// Where the next event of a free slot goes.
fn free(slots: &[log::Slot], code: CodeDigest, number: u32) -> Place {
    let known = slots.iter().find(|slot| slot.place.slot == number);
    known.map_or(Place { code, slot: number, next: 0 }, |slot| slot.place)
}

#[cfg(test)]
mod tests;
