//! Every reservation by which an account can be known, found by address or by account.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::event::{AddressDigest, Event, Reservation};
use super::log::SlotState;
use crate::values::{CodeDigest, ObjectId};

/// Every reservation with an address, and every accepted one, as they were when they were read. If a slot has
/// changed since, that is noticed when its next event is written.
#[derive(Debug, Default)]
pub(crate) struct ReservationIndex {
    /// The slots that have no account yet: reserved or kept.
    open: BTreeMap<AddressDigest, Vec<SlotState>>,
    /// The codes of each account, with the time when they were reserved.
    accepted: BTreeMap<ObjectId, Vec<(DateTime<Utc>, CodeDigest)>>,
}

impl ReservationIndex {
    pub(super) fn add(&mut self, slot: SlotState) {
        if let Event::Accepted { account, reservation, .. } = &*slot.last {
            self.accepted.entry(account.clone()).or_default().push((reservation.at, slot.next.code));
        }
        let address = slot.last.without_account().and_then(|reservation| reservation.address.clone());
        if let Some(address) = address {
            self.open.entry(address).or_default().push(slot);
        }
    }

    /// The codes that were accepted for an account, the one reserved last first.
    #[must_use]
    pub(crate) fn codes(&self, account: &ObjectId) -> Vec<CodeDigest> {
        latest_first(self.accepted(account))
    }

    /// The codes of an account, with the time when they were reserved.
    pub(super) fn accepted(&self, account: &ObjectId) -> Vec<(DateTime<Utc>, CodeDigest)> {
        self.accepted.get(account).cloned().unwrap_or_default()
    }

    /// The slots that are reserved or kept for an address.
    pub(super) fn open(&self, address: &AddressDigest) -> impl Iterator<Item = &SlotState> {
        self.open.get(address).into_iter().flatten()
    }

    /// The reservations that wait for an account.
    pub(super) fn waiting(&self) -> impl Iterator<Item = (&SlotState, &Reservation)> {
        self.open.values().flatten().filter_map(|slot| Some((slot, slot.last.waiting()?)))
    }

    /// Whether a reservation waits for an account although its lease ended by then.
    #[must_use]
    pub(crate) fn has_ended(&self, by: DateTime<Utc>) -> bool {
        self.waiting().any(|(_, reservation)| reservation.until <= by)
    }
}

/// The codes alone, the one reserved last first.
pub(super) fn latest_first(mut codes: Vec<(DateTime<Utc>, CodeDigest)>) -> Vec<CodeDigest> {
    codes.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    codes.into_iter().map(|(_, code)| code).collect()
}
