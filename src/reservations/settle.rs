//! What becomes of reservations once it is known whose account there is: accepted, released, or kept.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::event::{AddressDigest, Event, Reservation};
use super::log::Slot;
use super::{ATTEMPTS, Reservations};
use crate::storage::{Creation, StoreError};
use crate::values::{CodeDigest, EmailAddress, ObjectId};

/// How many events are written at once.
const WRITERS: usize = 32;

/// Why a use is kept.
const GAP: &str = "the audit log has a gap, so whether there is an account is not known";
const TOO_OLD: &str = "it is older than the very first run reaches, so whether there is an account is not known";

/// Every reservation by which an account can be known, as they stood when they were read. One that has changed since is
/// noticed when its next event is written.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Those no account was found for: reserved or kept.
    open: BTreeMap<AddressDigest, Vec<Slot>>,
    /// The codes of each account, with the time when they were reserved.
    accepted: BTreeMap<ObjectId, Vec<(DateTime<Utc>, CodeDigest)>>,
}

impl Ledger {
    fn add(&mut self, slot: Slot) {
        if let Event::Accepted { account, reservation, .. } = &*slot.event {
            self.accepted.entry(account.clone()).or_default().push((reservation.at, slot.place.code));
        }
        let address = slot.event.without_account().and_then(|reservation| reservation.address.clone());
        if let Some(address) = address {
            self.open.entry(address).or_default().push(slot);
        }
    }

    /// The codes that were accepted for an account, the one reserved last first.
    #[must_use]
    pub fn codes(&self, account: &ObjectId) -> Vec<CodeDigest> {
        latest_first(self.accepted.get(account).cloned().unwrap_or_default())
    }

    /// Whether there is a reservation that no account was found for and whose lease ended by then.
    #[must_use]
    pub fn has_ended(&self, by: DateTime<Utc>) -> bool {
        self.reserved().any(|(_, reservation)| reservation.until <= by)
    }

    /// What waits for an account.
    fn reserved(&self) -> impl Iterator<Item = (&Slot, &Reservation)> {
        self.open.values().flatten().filter_map(|slot| Some((slot, slot.event.waiting()?)))
    }
}

fn latest_first(mut codes: Vec<(DateTime<Utc>, CodeDigest)>) -> Vec<CodeDigest> {
    codes.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    codes.into_iter().map(|(_, code)| code).collect()
}

/// An account's codes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Acceptance {
    /// How many were accepted just now.
    pub new: usize,
    /// All of them, the one reserved last first.
    pub codes: Vec<CodeDigest>,
}

/// What became of reservations whose lease has ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Settled {
    /// Free again.
    pub released: usize,
    /// Used for good.
    pub kept: usize,
}

impl Reservations {
    /// Reads every reservation that has an address. To be read after the log that shows the accounts: whoever is in it
    /// had reserved before.
    pub async fn ledger(&self) -> Result<Ledger, StoreError> {
        let mut ledger = Ledger::default();
        self.log.all().await?.into_iter().for_each(|slot| ledger.add(slot));
        Ok(ledger)
    }

    /// Accepts, for an account, every reservation under one of its addresses; also one that was kept. `None`: others
    /// wrote to one of them each time, so not all is accepted; to be tried again.
    pub async fn accept(
        &self,
        ledger: &Ledger,
        account: &ObjectId,
        addresses: &[EmailAddress],
        now: DateTime<Utc>,
    ) -> Result<Option<Acceptance>, StoreError> {
        let (mut codes, mut new) = (ledger.accepted.get(account).cloned().unwrap_or_default(), 0);
        let addresses: BTreeSet<AddressDigest> = addresses.iter().map(AddressDigest::of).collect();
        for address in &addresses {
            for slot in ledger.open.get(address).into_iter().flatten() {
                let Some(slot) = self.accept_slot(slot.clone(), address, account, now).await? else { return Ok(None) };
                if let Event::Accepted { account: by, reservation, .. } = &*slot.event
                    && by == account
                {
                    codes.push((reservation.at, slot.place.code));
                    new += 1;
                }
            }
        }
        Ok(Some(Acceptance { new, codes: latest_first(codes) }))
    }

    /// The slot as it stands in the end: accepted for the account, or not this address's any more. `None`: others wrote
    /// to it each time.
    async fn accept_slot(
        &self,
        mut slot: Slot,
        address: &AddressDigest,
        account: &ObjectId,
        now: DateTime<Utc>,
    ) -> Result<Option<Slot>, StoreError> {
        for _ in 0..ATTEMPTS {
            let place = slot.place;
            let open = slot.event.without_account().filter(|one| one.address.as_ref() == Some(address));
            let Some(reservation) = open.cloned() else { return Ok(Some(slot)) };
            let event = Event::Accepted { account: account.clone(), at: now, reservation };
            if self.log.append(place, &event).await? == Creation::Created {
                tracing::info!(event = "code-accepted", code = place.short_code(), slot = place.slot, account = %account);
                return Ok(Some(Slot { place, event: Arc::new(event) }));
            }
            let again = self.log.of_code(&place.code).await?;
            slot = again.into_iter().find(|again| again.place.slot == place.slot).unwrap_or(slot);
        }
        Ok(None)
    }

    /// Releases what nobody was found for: every reservation of the ledger whose lease ended by `ended_by`. One that is
    /// older than the accounts that are looked at, `oldest`, is kept.
    pub async fn release(
        &self,
        ledger: &Ledger,
        ended_by: DateTime<Utc>,
        oldest: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Settled, StoreError> {
        let ended = ledger.reserved().filter(|(_, reservation)| reservation.until <= ended_by);
        let settled = ended.map(|(slot, reservation)| {
            let event =
                if reservation.at < oldest { kept(reservation, TOO_OLD, now) } else { Event::Released { at: now } };
            (slot.clone(), event)
        });
        self.settle(settled.collect()).await
    }

    /// Keeps every reservation whose lease began before a gap in the audit log ended; says how many.
    pub async fn keep(&self, gap_end: DateTime<Utc>, now: DateTime<Utc>) -> Result<usize, StoreError> {
        let ledger = self.ledger().await?;
        let unseen = ledger.reserved().filter(|(_, reservation)| reservation.at < gap_end);
        let settled = unseen.map(|(slot, reservation)| (slot.clone(), kept(reservation, GAP, now)));
        Ok(self.settle(settled.collect()).await?.kept)
    }

    async fn settle(&self, events: Vec<(Slot, Event)>) -> Result<Settled, StoreError> {
        let write =
            |(slot, event)| -> BoxFuture<'_, Result<Settled, StoreError>> { Box::pin(self.settle_one(slot, event)) };
        let writes: Vec<_> = events.into_iter().map(write).collect();
        let add = |all: Settled, one: Settled| async move {
            Ok(Settled { released: all.released + one.released, kept: all.kept + one.kept })
        };
        stream::iter(writes).buffer_unordered(WRITERS).try_fold(Settled::default(), add).await
    }

    /// Writes one event, unless the slot has another one by now.
    async fn settle_one(&self, slot: Slot, event: Event) -> Result<Settled, StoreError> {
        let (code, number) = (slot.place.short_code(), slot.place.slot);
        if self.log.append(slot.place, &event).await? == Creation::AlreadyExists {
            return Ok(Settled::default());
        }
        if let Event::Kept { reason, .. } = event {
            tracing::warn!(event = "code-kept", code, slot = number, reason);
            return Ok(Settled { released: 0, kept: 1 });
        }
        tracing::info!(event = "code-released", code, slot = number);
        Ok(Settled { released: 1, kept: 0 })
    }
}

fn kept(reservation: &Reservation, reason: &str, now: DateTime<Utc>) -> Event {
    Event::Kept { at: now, reason: reason.to_owned(), reservation: reservation.clone() }
}
