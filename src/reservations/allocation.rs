//! Which slot a claim gets: pure.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::event::Reservation;
use super::log::SlotState;

/// What a claim gets.
#[derive(Debug)]
pub(super) enum Allocation<'s> {
    /// The slot that its holder has already.
    Renew(&'s SlotState, &'s Reservation),
    /// This free slot.
    Take(u32),
    /// Nothing: no slot is free.
    UsedUp,
}

/// What a claim gets of a code with so many uses, given the slots that have events.
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

/// Only slots below the limit may be taken; `None`: none at all.
///
/// It is the highest number for which the slots below it, and those from it on that are in use, are no more than the
/// uses. That is simply the number of uses, unless the list has lowered it below a slot in use. A limit, rather than a
/// count: two people who see one use left have to meet at one slot, so that only one of them gets it.
fn limit(in_use: &BTreeSet<u32>, uses: u32) -> Option<u32> {
    let from = |limit: u32| u32::try_from(in_use.range(limit..).count()).unwrap_or(u32::MAX);
    (1..=uses).rev().find(|limit| limit.saturating_add(from(*limit)) <= uses)
}
