//! What becomes of a reservation in the end: accepted for its account, released, or kept.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::event::{AddressDigest, Event, Reservation};
use super::index::{ReservationIndex, latest_first};
use super::log::SlotState;
use super::{ATTEMPTS, Reservations};
use crate::storage::{Creation, StoreError};
use crate::values::{CodeDigest, EmailAddress, ObjectId};

/// How many events are written at once.
const WRITERS: usize = 32;

/// Why a use is kept.
const GAP: &str = "the audit log has a gap, so whether there is an account is not known";
const TOO_OLD: &str = "it is older than the very first run reaches, so whether there is an account is not known";

/// An account's codes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct AcceptedCodes {
    /// How many were accepted just now.
    pub new: usize,
    /// All of them, the one reserved last first.
    pub codes: Vec<CodeDigest>,
}

/// What became of reservations whose lease has ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ReleaseCounts {
    /// Free again.
    pub released: usize,
    /// Used for good.
    pub kept: usize,
}

impl Reservations {
    /// Reads every reservation that has an address. Call it after the log of accounts was read: each account in that
    /// log made its reservation before.
    pub(crate) async fn index(&self) -> Result<ReservationIndex, StoreError> {
        let mut index = ReservationIndex::default();
        self.logs.all().await?.into_iter().for_each(|slot| index.add(slot));
        Ok(index)
    }

    /// Accepts, for an account, every reservation under one of its addresses; also one that was kept. `None`: others
    /// kept writing to one of them, so not all are accepted. The caller tries again later.
    pub(crate) async fn accept(
        &self,
        index: &ReservationIndex,
        account: &ObjectId,
        addresses: &[EmailAddress],
        now: DateTime<Utc>,
    ) -> Result<Option<AcceptedCodes>, StoreError> {
        let (mut codes, mut new) = (index.accepted(account), 0);
        let addresses: BTreeSet<AddressDigest> = addresses.iter().map(AddressDigest::of).collect();
        for address in &addresses {
            for slot in index.open(address) {
                let Some(slot) = self.accept_slot(slot.clone(), address, account, now).await? else { return Ok(None) };
                if let Event::Accepted { account: by, reservation, .. } = &*slot.last
                    && by == account
                {
                    codes.push((reservation.at, slot.next.code));
                    new += 1;
                }
            }
        }
        Ok(Some(AcceptedCodes { new, codes: latest_first(codes) }))
    }

    /// Accepts one slot, and returns it: accepted for the account, or no longer held by this address. `None`: others
    /// kept writing to it.
    async fn accept_slot(
        &self,
        mut slot: SlotState,
        address: &AddressDigest,
        account: &ObjectId,
        now: DateTime<Utc>,
    ) -> Result<Option<SlotState>, StoreError> {
        for _ in 0..ATTEMPTS {
            let next = slot.next;
            let open = slot.last.without_account().filter(|open| open.address.as_ref() == Some(address));
            let Some(reservation) = open.cloned() else { return Ok(Some(slot)) };
            let event = Event::Accepted { account: account.clone(), at: now, reservation };
            if self.logs.append(next, &event).await? == Creation::Created {
                tracing::info!(event = "code-accepted", code = next.short_code(), slot = next.slot, account = %account);
                return Ok(Some(SlotState { next, last: Arc::new(event) }));
            }
            let again = self.logs.of_code(&next.code).await?;
            slot = again.into_iter().find(|again| again.next.slot == next.slot).unwrap_or(slot);
        }
        Ok(None)
    }

    /// Releases every reservation of the index whose lease ended by `ended_by`: no account came for it. A
    /// reservation from before `oldest` is kept, since accounts that old are not looked at.
    pub(crate) async fn release(
        &self,
        index: &ReservationIndex,
        ended_by: DateTime<Utc>,
        oldest: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<ReleaseCounts, StoreError> {
        let ended = index.waiting().filter(|(_, reservation)| reservation.until <= ended_by);
        let events = ended.map(|(slot, reservation)| {
            let event =
                if reservation.at < oldest { kept(reservation, TOO_OLD, now) } else { Event::Released { at: now } };
            (slot.clone(), event)
        });
        self.append_all(events.collect()).await
    }

    /// Keeps every reservation whose lease began before a gap in the audit log ended; says how many.
    pub(crate) async fn keep(&self, gap_end: DateTime<Utc>, now: DateTime<Utc>) -> Result<usize, StoreError> {
        let index = self.index().await?;
        let before_gap_end = index.waiting().filter(|(_, reservation)| reservation.at < gap_end);
        let events = before_gap_end.map(|(slot, reservation)| (slot.clone(), kept(reservation, GAP, now)));
        Ok(self.append_all(events.collect()).await?.kept)
    }

    async fn append_all(&self, events: Vec<(SlotState, Event)>) -> Result<ReleaseCounts, StoreError> {
        let write = |(slot, event)| -> BoxFuture<'_, Result<ReleaseCounts, StoreError>> {
            Box::pin(self.append_last(slot, event))
        };
        let writes: Vec<_> = events.into_iter().map(write).collect();
        let add = |sum: ReleaseCounts, next: ReleaseCounts| async move {
            Ok(ReleaseCounts { released: sum.released + next.released, kept: sum.kept + next.kept })
        };
        stream::iter(writes).buffer_unordered(WRITERS).try_fold(ReleaseCounts::default(), add).await
    }

    /// Writes one event, unless the slot has another one by now.
    async fn append_last(&self, slot: SlotState, event: Event) -> Result<ReleaseCounts, StoreError> {
        let (code, number) = (slot.next.short_code(), slot.next.slot);
        if self.logs.append(slot.next, &event).await? == Creation::AlreadyExists {
            return Ok(ReleaseCounts::default());
        }
        if let Event::Kept { reason, .. } = event {
            tracing::warn!(event = "code-kept", code, slot = number, reason);
            return Ok(ReleaseCounts { released: 0, kept: 1 });
        }
        tracing::info!(event = "code-released", code, slot = number);
        Ok(ReleaseCounts { released: 1, kept: 0 })
    }
}

fn kept(reservation: &Reservation, reason: &str, now: DateTime<Utc>) -> Event {
    Event::Kept { at: now, reason: reason.to_owned(), reservation: reservation.clone() }
}
