//! The Starts of this process that no other instance has to know of, by correlation id and by network.
//!
//! Each is kept for an hour. A memory holds at most [`MAX_REMEMBERED`] keys; when a part of it is full, the older half
//! of that part goes. A key takes about 400 bytes with the person under it, so both memories together take at most some
//! 80 MB, and that only if 28 people a second come for an hour.
//!
//! Every person who is admitted is written here twice. So a write is one look-up in a hash table under a lock that few
//! others want. A general cache, which keeps count of what is used, cost ten times as much for a write; and it may keep
//! an old key instead of a new one, where a new Start is worth more than any old one.

use std::collections::HashMap;
use std::collections::hash_map::{Entry, RandomState};
use std::hash::{BuildHasher, Hash};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};

use super::person::{PersonId, PersonKey};
use super::{EventOrigin, FoundStart, MAX_REMEMBERED, PersonTraits, RememberedStart, StartKey, is_fresh};
use crate::values::{AppId, CorrelationId, Network};

/// Into how many shards a memory is divided. Each has a lock of its own.
const SHARDS: usize = 64;

/// How many keys a shard holds.
const MAX_IN_SHARD: usize = MAX_REMEMBERED / SHARDS;

/// The Starts in memory. Cheap to clone; clones share them.
#[derive(Debug, Clone)]
pub(super) struct ProcessStarts {
    key: PersonKey,
    by_id: LatestPeople<(Option<AppId>, CorrelationId)>,
    by_network: LatestPeople<(Option<AppId>, Network)>,
}

impl ProcessStarts {
    pub(super) fn new() -> Self {
        Self { key: PersonKey::random(), by_id: LatestPeople::new(), by_network: LatestPeople::new() }
    }

    pub(super) fn remember(&self, origin: &EventOrigin<'_>, start: RememberedStart, now: DateTime<Utc>) {
        let EventOrigin { app, correlation_id, network, identities } = *origin;
        let person = self.key.person(&PersonTraits { app, network, address: start.email(), identities });
        let seen = SeenPerson { person, start: Arc::new(start), at: now };
        if let Some(id) = correlation_id {
            self.by_id.add((app.cloned(), id.clone()), seen.clone());
        }
        if let Some(network) = network {
            self.by_network.add((app.cloned(), network), seen);
        }
    }

    pub(super) fn recent(&self, app: Option<&AppId>, key: StartKey<'_>, now: DateTime<Utc>) -> Vec<FoundStart> {
        let app = app.cloned();
        match key {
            StartKey::Id(Some(id)) => self.by_id.fresh(&(app, id.clone()), now),
            StartKey::Network(Some(network)) => self.by_network.fresh(&(app, network), now),
            StartKey::Id(None) | StartKey::Network(None) => Vec::new(),
        }
    }

    /// Forgets the Starts that are older than an hour.
    pub(super) fn forget_old(&self, now: DateTime<Utc>) {
        self.by_id.forget_old(now);
        self.by_network.forget_old(now);
    }

    /// How many Starts are in memory.
    #[cfg(test)]
    pub(super) fn remembered(&self) -> usize {
        self.by_id.remembered() + self.by_network.remembered()
    }
}

/// A person, what is known of them, and when they were seen last.
#[derive(Debug, Clone)]
struct SeenPerson {
    person: PersonId,
    start: Arc<RememberedStart>,
    at: DateTime<Utc>,
}

/// The two people under a key who were seen last. They are enough to say whether there was one person within the hour,
/// or more than one. There is seldom a second one.
#[derive(Debug)]
struct LastTwo {
    newest: SeenPerson,
    other: Option<Box<SeenPerson>>,
}

impl LastTwo {
    fn add(&mut self, seen: SeenPerson) {
        let before = std::mem::replace(&mut self.newest, seen);
        if before.person != self.newest.person {
            self.other = Some(Box::new(before));
        }
    }

    /// Forgets whoever was seen more than an hour ago. Returns whether anybody is left.
    fn forget_old(&mut self, now: DateTime<Utc>) -> bool {
        self.other.take_if(|seen| !is_fresh(seen.at, now));
        if is_fresh(self.newest.at, now) {
            return true;
        }
        self.other.take().is_some_and(|other| {
            self.newest = *other;
            true
        })
    }

    /// Those who were seen within the hour, the newest first.
    fn fresh(&self, now: DateTime<Utc>) -> impl Iterator<Item = &SeenPerson> {
        let both = std::iter::once(&self.newest).chain(self.other.as_deref());
        both.filter(move |seen| is_fresh(seen.at, now))
    }
}

/// A part of a memory.
type Shard<K> = HashMap<K, LastTwo>;

/// The people who were seen last under each key.
#[derive(Debug, Clone)]
struct LatestPeople<K> {
    shards: Arc<[Mutex<Shard<K>>]>,
    /// Its keys are random, so that nobody can choose ids that all fall into one shard.
    hasher: RandomState,
}

impl<K: Eq + Hash> LatestPeople<K> {
    fn new() -> Self {
        Self { shards: (0..SHARDS).map(|_| Mutex::default()).collect(), hasher: RandomState::new() }
    }

    fn add(&self, key: K, seen: SeenPerson) {
        if let Some(mut shard) = self.shard(&key) {
            if shard.len() >= MAX_IN_SHARD {
                make_room(&mut shard, seen.at);
            }
            match shard.entry(key) {
                Entry::Occupied(mut known) => known.get_mut().add(seen),
                Entry::Vacant(free) => drop(free.insert(LastTwo { newest: seen, other: None })),
            }
        }
    }

    fn fresh(&self, key: &K, now: DateTime<Utc>) -> Vec<FoundStart> {
        let Some(shard) = self.shard(key) else { return Vec::new() };
        let fresh = shard.get(key).into_iter().flat_map(|people| people.fresh(now));
        fresh.map(|seen| FoundStart::InMemory(seen.person.clone(), Arc::clone(&seen.start))).collect()
    }

    fn forget_old(&self, now: DateTime<Utc>) {
        for shard in self.shards.iter() {
            lock(shard).retain(|_, people| people.forget_old(now));
        }
    }

    #[cfg(test)]
    fn remembered(&self) -> usize {
        let people = |people: &LastTwo| 1 + usize::from(people.other.is_some());
        self.shards.iter().map(|shard| lock(shard).values().map(people).sum::<usize>()).sum()
    }

    /// The shard of a key; there always is one.
    fn shard(&self, key: &K) -> Option<MutexGuard<'_, Shard<K>>> {
        let index = self.hasher.hash_one(key) % SHARDS as u64;
        self.shards.get(usize::try_from(index).ok()?).map(lock)
    }
}

fn lock<K>(shard: &Mutex<Shard<K>>) -> MutexGuard<'_, Shard<K>> {
    // No panic can leave a shard half written.
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Drops what is too old, and the older half of a shard that is still full.
fn make_room<K: Eq + Hash>(shard: &mut Shard<K>, now: DateTime<Utc>) {
    shard.retain(|_, people| people.forget_old(now));
    if shard.len() >= MAX_IN_SHARD {
        let mut times: Vec<_> = shard.values().map(|people| people.newest.at).collect();
        let (_, median, _) = times.select_nth_unstable(MAX_IN_SHARD / 2);
        let median = *median;
        shard.retain(|_, people| people.newest.at > median);
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    const START: DateTime<Utc> = DateTime::from_timestamp_nanos(1_795_255_200_000_000_000);

    fn remember(starts: &ProcessStarts, number: u32, at: DateTime<Utc>) {
        let (id, network) = traits(number);
        let origin = EventOrigin { app: None, correlation_id: Some(&id), network: Some(network), identities: &[] };
        starts.remember(&origin, RememberedStart { address: None }, at);
    }

    fn traits(number: u32) -> (CorrelationId, Network) {
        let id = format!("aaaaaaaa-0000-4000-8000-{number:012}").parse().unwrap();
        (id, Network::of(std::net::Ipv4Addr::from(number).into()))
    }

    fn is_known(starts: &ProcessStarts, number: u32, now: DateTime<Utc>) -> [bool; 2] {
        let (id, network) = traits(number);
        [StartKey::Id(Some(&id)), StartKey::Network(Some(network))].map(|key| !starts.recent(None, key, now).is_empty())
    }

    #[test]
    fn however_many_come_the_newest_are_known_and_the_number_is_limited() {
        let starts = ProcessStarts::new();
        let count = u32::try_from(MAX_REMEMBERED / 2 * 3).unwrap();
        let at = |number: u32| START + TimeDelta::milliseconds(number.into());
        for number in 0..count {
            remember(&starts, number, at(number));
        }
        for size in [starts.by_id.remembered(), starts.by_network.remembered()] {
            assert!((MAX_IN_SHARD / 3 * SHARDS..=MAX_IN_SHARD * SHARDS).contains(&size), "{size}");
        }
        for number in count - 20_000..count {
            assert_eq!(is_known(&starts, number, at(count)), [true, true], "{number}");
        }
        assert_eq!(is_known(&starts, 0, at(count)), [false, false]);
    }
}
