//! What is stored of a slot: its events, and for whom it is reserved.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{PersonId, RENEWABLE, RENEWALS};
use crate::values::{EmailAddress, ObjectId, hex, sha256};

/// One event of a slot, as it is stored. The last one says all about the slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub(super) enum Event {
    /// It waits for an account.
    Reserved(Reservation),
    /// The account was found.
    Accepted {
        /// The account.
        account: ObjectId,
        /// When this was written.
        at: DateTime<Utc>,
        /// What was accepted.
        reservation: Reservation,
    },
    /// It counts as used although no account was found, because an account could have been missed.
    Kept {
        /// When this was written.
        at: DateTime<Utc>,
        /// Why.
        reason: String,
        /// What was kept. If the account is found after all, the reservation is accepted.
        reservation: Reservation,
    },
    /// No account was found; the slot is free.
    Released {
        /// When this was written.
        at: DateTime<Utc>,
    },
    /// Something is there that cannot be read, so the slot counts as used.
    #[serde(skip)]
    Unreadable,
}

impl Event {
    /// Whether the slot is taken.
    pub(super) fn is_in_use(&self) -> bool {
        !matches!(self, Self::Released { .. })
    }

    /// The reservation that the event is about; `None` if the slot is free or the event unreadable.
    pub(super) fn reservation(&self) -> Option<&Reservation> {
        match self {
            Self::Reserved(reservation) | Self::Accepted { reservation, .. } | Self::Kept { reservation, .. } => {
                Some(reservation)
            }
            Self::Released { .. } | Self::Unreadable => None,
        }
    }

    /// The reservation, if it waits for its account.
    pub(super) fn waiting(&self) -> Option<&Reservation> {
        if let Self::Reserved(reservation) = self { Some(reservation) } else { None }
    }

    /// The reservation, if it waits for its account or was kept without one.
    pub(super) fn without_account(&self) -> Option<&Reservation> {
        self.reservation().filter(|_| !matches!(self, Self::Accepted { .. }))
    }
}

/// A use that waits for its account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Reservation {
    /// Whose use it is.
    pub(super) holder: HolderId,
    /// The address by which the account will be known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) address: Option<AddressDigest>,
    /// When the lease began.
    pub(super) at: DateTime<Utc>,
    /// When it ends.
    pub(super) until: DateTime<Utc>,
    /// When the holder got the use; absent in what was written by an earlier version, and then the same as `at`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) since: Option<DateTime<Utc>>,
    /// How often the holder has got it again since.
    #[serde(default)]
    pub(super) renewals: u32,
}

impl Reservation {
    /// Whether the holder may get it once more.
    pub(super) fn is_renewable(&self, now: DateTime<Utc>) -> bool {
        let since = self.since.unwrap_or(self.at);
        self.renewals < RENEWALS && now.signed_duration_since(since).abs() < RENEWABLE
    }

    /// The same use with the lease of `wanted`. Its holder and its address stay.
    pub(super) fn renewed(&self, wanted: &Self) -> Self {
        let renewals = self.renewals.saturating_add(1);
        Self { at: wanted.at, until: wanted.until, since: self.since.or(Some(self.at)), renewals, ..self.clone() }
    }
}

/// The SHA-256 of an address's canonical form. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct AddressDigest(String);

impl AddressDigest {
    pub(super) fn of(address: &EmailAddress) -> Self {
        let text = format!("guestlist reservation address 1 {}", address.canonical());
        Self(hex(&sha256(text.as_bytes())))
    }
}

impl fmt::Debug for AddressDigest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("AddressDigest(…)")
    }
}

/// For whom a use is reserved. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct HolderId(String);

impl HolderId {
    /// The holder with this address. Without one, the person as Start saw them. Without both, a new holder, whom no
    /// later Submit can match.
    pub(super) fn of(address: Option<&AddressDigest>, person: Option<&PersonId>) -> Self {
        let known = address.map(|address| address.0.clone()).or_else(|| person.map(PersonId::digits));
        Self(known.unwrap_or_else(|| Uuid::new_v4().to_string()))
    }

    /// The slot at which the holder begins to look for a free one. People who come at once seldom begin at the same
    /// slot; one person always does.
    pub(super) fn first_slot(&self, slots: u32) -> u32 {
        let hash = sha256(self.0.as_bytes());
        let hash = hash.iter().take(8).fold(0, |hash: u64, byte| hash << 8 | u64::from(*byte));
        u32::try_from(hash.checked_rem(u64::from(slots)).unwrap_or_default()).unwrap_or_default()
    }
}

impl fmt::Debug for HolderId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("HolderId(…)")
    }
}
