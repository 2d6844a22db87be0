//! Which slot a claim gets: pure.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::event::Reservation;
use super::log::Slot;

/// What follows from a claim.
#[derive(Debug)]
pub(super) enum Choice<'s> {
    /// Whoever claims has one already.
    Renew(&'s Slot, &'s Reservation),
    /// This slot is free.
    Take(u32),
    /// None is.
    UsedUp,
}

/// What follows from a claim of a code with so many uses, given the slots that have events.
pub(super) fn choose<'s>(slots: &'s [Slot], wanted: &Reservation, uses: u32, now: DateTime<Utc>) -> Choice<'s> {
    if let Some((slot, held)) = theirs(slots, wanted, now) {
        return Choice::Renew(slot, held);
    }
    let in_use = slots.iter().filter(|slot| slot.event.is_in_use()).map(|slot| slot.place.slot).collect();
    let Some(limit) = limit(&in_use, uses) else { return Choice::UsedUp };
    let first = wanted.holder.first_slot(limit);
    let free = (first..limit).chain(0..first).find(|number| !in_use.contains(number));
    free.map_or(Choice::UsedUp, Choice::Take)
}

/// The use that whoever claims has already, and may still find again: it waits for the same holder.
fn theirs<'s>(slots: &'s [Slot], wanted: &Reservation, now: DateTime<Utc>) -> Option<(&'s Slot, &'s Reservation)> {
    let mut waiting = slots.iter().filter_map(|slot| Some((slot, slot.event.waiting()?)));
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
