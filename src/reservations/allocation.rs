//! Decides which slot a person gets. Pure: nothing is read or written here.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::event::Reservation;
use super::log::SlotState;

/// The slot that a person gets.
#[derive(Debug)]
pub(super) enum Allocation<'s> {
    /// The slot that the holder has already.
    Renew(&'s SlotState, &'s Reservation),
    /// This free slot.
    Take(u32),
    /// Nothing: no slot is free.
    UsedUp,
}

/// Finds a slot of a code with this many `uses`, given the slots that have events.
pub(super) fn allocate<'s>(
    slots: &'s [SlotState],
    wanted: &Reservation,
    uses: u32,
    now: DateTime<Utc>,
) -> Allocation<'s> {
    if let Some((slot, held)) = renewable(slots, wanted, now) {
        return Allocation::Renew(slot, held);
    }
    let in_use = slots.iter().filter(|slot| slot.last.is_in_use()).map(|slot| slot.next.slot).collect();
    let Some(limit) = limit(&in_use, uses) else { return Allocation::UsedUp };
    let first = wanted.holder.first_slot(limit);
    let free = (first..limit).chain(0..first).find(|number| !in_use.contains(number));
    free.map_or(Allocation::UsedUp, Allocation::Take)
}

/// The use that the holder has already and may still renew.
fn renewable<'s>(
    slots: &'s [SlotState],
    wanted: &Reservation,
    now: DateTime<Utc>,
) -> Option<(&'s SlotState, &'s Reservation)> {
    let mut waiting = slots.iter().filter_map(|slot| Some((slot, slot.last.waiting()?)));
    waiting.find(|(_, held)| held.holder == wanted.holder && held.is_renewable(now))
}

/// The limit below which slots may be taken; `None`: no slot may be taken.
///
/// Usually the limit is the number of uses. If the list has lowered the uses, slots above them may still be in use. Then
/// the limit is lower: the slots below it, and the slots in use from it on, are together no more than the uses. It is a
/// limit rather than a count, so that two people who see one use left try for the same slot, and only one gets it.
fn limit(in_use: &BTreeSet<u32>, uses: u32) -> Option<u32> {
    let from = |limit: u32| u32::try_from(in_use.range(limit..).count()).unwrap_or(u32::MAX);
    (1..=uses).rev().find(|limit| limit.saturating_add(from(*limit)) <= uses)
}
