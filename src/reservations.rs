//! What hooks write to the state store: which uses of invitation codes are taken, and who has started a sign-up.
//!
//! A code is good for a number of uses. Each use is a slot with a log of its own in the state store: the object
//! `reservations/{digest of the code}/{slot}-{n}.json` is the slot's n-th event, both counted from 0. At Submit a slot
//! is *reserved* for the person who signs up. When the account is found, the slot is *accepted* for it. When no account
//! was found long after the lease, the slot is *released* and free again. When nobody can know whether there is
//! an account, the slot is *kept*, which means used.
//!
//! A use belongs to a holder: the person, known by their address, or else by what Start saw of them. The holder gets it
//! again [`RENEWALS`] times within [`RENEWABLE`], since Entra repeats calls and people correct forms. After that, each
//! Submit takes a further use. So does each Submit whose sender is not known.
//!
//! Invariants:
//! - every change is the creation of the event after the last one that was read. If two try, one of them is told that
//!   the event exists, and reads again. So there is no lock, and it does not matter how many processes there are;
//! - nothing is overwritten or deleted, and the last event says all about its slot. So no event has to be read twice;
//! - no more slots are in use than the code has uses, even after the list has lowered that number;
//! - in doubt a slot counts as in use: if its last event cannot be read, or if it was reserved without an address, since
//!   only an address shows whether there is an account;
//! - a renewal changes neither the holder nor the address by which the account will be known;
//! - codes and addresses appear as digests only. The digest of an address has no key, so whoever may read the store can
//!   try addresses: the store is for its owner. [`RememberedStarts`] do hold addresses, for an hour.
//!
//! A store that is slow makes the caller wait. The caller may go away at any moment: what an interrupted call has
//! written is found by the next call of the same person. A store that is absent is a [`StoreError`]. If the store says
//! that an event exists and never shows it, the error is [`ReserveError::Contended`].

mod allocation;
mod event;
mod index;
mod log;
mod namespace;
mod release;
mod starts;

use chrono::{DateTime, TimeDelta, Utc};

use crate::storage::{Creation, StateStore, StoreError};
use crate::values::{CodeDigest, EmailAddress};

use allocation::{Allocation, allocate};
use event::{AddressDigest, Event, HolderId, Reservation};
use log::{NextEvent, SlotLogs, SlotState};

pub(crate) use namespace::NAMESPACE;

pub(crate) use index::ReservationIndex;
pub(crate) use starts::{EventOrigin, MatchedStart, PersonId, RememberedAddress, RememberedStarts, Visibility};

/// How long a reservation waits for its account: the person still has to get through the rest of the sign-up. It is
/// released when a run has covered its end and the overlap.
pub(crate) const LEASE: TimeDelta = TimeDelta::hours(1);

/// How often the holder of a use can get it again. [`RENEWABLE`] says for how long.
pub(crate) const RENEWALS: u32 = 3;
/// How long after they got a use its holder can get it again. [`RENEWALS`] says how often.
pub(crate) const RENEWABLE: TimeDelta = TimeDelta::minutes(15);

/// No code is good for more uses: this many slots can be read within a hook's deadline.
pub(crate) const MAX_USES: u32 = 1000;

/// How often a change is tried if others write first. Each time it fails, somebody else has succeeded.
const ATTEMPTS: usize = 32;

/// A person asks for a use of a code.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReservationRequest<'a> {
    /// The code.
    pub code: &'a CodeDigest,
    /// How many uses the code is good for; [`MAX_USES`] at most.
    pub uses: u32,
    /// The person's address, if it is known and was not typed by them.
    pub address: Option<&'a EmailAddress>,
    /// The person who sent the Submit, if that is known. Not used if there is an address.
    pub person: Option<&'a PersonId>,
}

/// How a use was reserved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reserved {
    /// The use was free before.
    New,
    /// The same person had it already.
    Again,
}

/// Why no use is reserved.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReserveError {
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
pub(crate) struct Reservations {
    logs: SlotLogs,
}

impl Reservations {
    /// The reservations in this store. Nothing is read yet.
    #[must_use]
    pub(crate) fn new(store: &StateStore) -> Self {
        Self { logs: SlotLogs::new(store.open(&NAMESPACE)) }
    }

    /// Reserves a use for the person, or renews the one that they have: its lease begins anew.
    pub(crate) async fn reserve(
        &self,
        request: &ReservationRequest<'_>,
        now: DateTime<Utc>,
    ) -> Result<Reserved, ReserveError> {
        let wanted = reservation(request, now);
        let uses = request.uses.min(MAX_USES);
        for _ in 0..ATTEMPTS {
            let slots = self.logs.of_code(request.code).await?;
            let (next, event, reserved) = match allocate(&slots, &wanted, uses, now) {
                Allocation::UsedUp => return Err(ReserveError::UsedUp),
                Allocation::Renew(slot, held) => (slot.next, held.renewed(&wanted), Reserved::Again),
                Allocation::Take(number) => {
                    (next_event_of(&slots, *request.code, number), wanted.clone(), Reserved::New)
                }
            };
            if self.logs.append(next, &Event::Reserved(event)).await? == Creation::Created {
                return Ok(reserved);
            }
        }
        Err(ReserveError::Contended)
    }

    /// Whether the person would get a use, or has one. Reads only: a state folder that is not there is not made.
    pub(crate) async fn would_reserve(
        &self,
        request: &ReservationRequest<'_>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let slots = self.logs.of_code(request.code).await?;
        let allocation = allocate(&slots, &reservation(request, now), request.uses.min(MAX_USES), now);
        Ok(!matches!(allocation, Allocation::UsedUp))
    }
}

/// The reservation that is written if a free slot is taken.
fn reservation(request: &ReservationRequest<'_>, now: DateTime<Utc>) -> Reservation {
    let address = request.address.map(AddressDigest::of);
    Reservation {
        holder: HolderId::of(address.as_ref(), request.person),
        address,
        at: now,
        until: now.checked_add_signed(LEASE).unwrap_or(now),
        since: Some(now),
        renewals: 0,
    }
}

/// Where the next event of a free slot is written.
fn next_event_of(slots: &[SlotState], code: CodeDigest, number: u32) -> NextEvent {
    let known = slots.iter().find(|slot| slot.next.slot == number);
    known.map_or(NextEvent { code, slot: number, number: 0 }, |slot| slot.next)
}

#[cfg(test)]
mod tests;
