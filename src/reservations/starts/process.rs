//! The Starts of this process that no other instance has to know of. Their number is limited; each is kept for an hour.

use std::hash::Hash;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use moka::ops::compute::Op;
use moka::sync::Cache;

use super::person::{PersonId, PersonKey};
use super::{EventOrigin, FoundStart, MAX_REMEMBERED, PersonTraits, RememberedStart, StartKey, TIME_TO_LIVE, is_fresh};
use crate::values::{AppId, CorrelationId, Network};

/// A person, what is known of them, and when they were seen last.
type LastSeen = (PersonId, Arc<RememberedStart>, DateTime<Utc>);

/// The two people under a key who were seen last. They are enough to say whether there was one person within the hour,
/// or more than one.
type Latest = [Option<LastSeen>; 2];

/// The Starts in memory. Cheap to clone; clones share them.
#[derive(Debug, Clone)]
pub(super) struct ProcessStarts {
    key: PersonKey,
    by_id: Cache<(Option<AppId>, CorrelationId), Latest>,
    by_network: Cache<(Option<AppId>, Network), Latest>,
}

impl ProcessStarts {
    pub(super) fn new() -> Self {
        Self { key: PersonKey::random(), by_id: cache(), by_network: cache() }
    }

    pub(super) fn remember(&self, origin: &EventOrigin<'_>, start: RememberedStart, now: DateTime<Utc>) {
        let EventOrigin { app, correlation_id, network, identities } = *origin;
        let person = self.key.person(&PersonTraits { app, network, address: start.email(), identities });
        let seen = (person, Arc::new(start), now);
        if let Some(id) = correlation_id {
            add(&self.by_id, (app.cloned(), id.clone()), &seen);
        }
        if let Some(network) = network {
            add(&self.by_network, (app.cloned(), network), &seen);
        }
    }

    pub(super) fn recent(&self, app: Option<&AppId>, key: StartKey<'_>, now: DateTime<Utc>) -> Vec<FoundStart> {
        let app = app.cloned();
        let latest = match key {
            StartKey::Id(id) => id.and_then(|id| self.by_id.get(&(app, id.clone()))),
            StartKey::Network(network) => network.and_then(|network| self.by_network.get(&(app, network))),
        };
        fresh_starts(latest, now)
    }

    /// Forgets the Starts that are older than an hour.
    pub(super) fn forget_old(&self, now: DateTime<Utc>) {
        forget_old(&self.by_id, now);
        forget_old(&self.by_network, now);
    }

    /// How many Starts are in memory.
    #[cfg(test)]
    pub(super) fn remembered(&self) -> usize {
        let people = |latest: Latest| latest.into_iter().flatten().count();
        let by_id = self.by_id.iter().map(|(_, latest)| people(latest));
        by_id.chain(self.by_network.iter().map(|(_, latest)| people(latest))).sum()
    }
}

/// Takes out of each entry the people whose Start is too old. An entry without people goes.
fn forget_old<K: Eq + Hash + Clone + Send + Sync + 'static>(cache: &Cache<K, Latest>, now: DateTime<Utc>) {
    let is_old = |seen: &LastSeen| !is_fresh(seen.2, now);
    for (key, _) in cache.iter().filter(|(_, latest)| latest.iter().flatten().any(is_old)) {
        cache.entry_by_ref(&*key).and_compute_with(|entry| {
            let latest = entry.map(moka::Entry::into_value).unwrap_or_default();
            let fresh = latest.map(|seen| seen.filter(|seen| !is_old(seen)));
            if fresh.iter().all(Option::is_none) { Op::Remove } else { Op::Put(fresh) }
        });
    }
    cache.run_pending_tasks();
}

fn cache<K: Eq + Hash + Send + Sync + 'static>() -> Cache<K, Latest> {
    Cache::builder().max_capacity(MAX_REMEMBERED).time_to_live(TIME_TO_LIVE).build()
}

/// Puts a person in front and keeps one other, the one who was seen last.
fn add<K: Eq + Hash + Send + Sync + 'static>(cache: &Cache<K, Latest>, key: K, seen: &LastSeen) {
    cache.entry(key).and_upsert_with(|entry| {
        let before = entry.map(moka::Entry::into_value).unwrap_or_default();
        let other = before.into_iter().flatten().find(|(person, ..)| *person != seen.0);
        [Some(seen.clone()), other]
    });
}

fn fresh_starts(latest: Option<Latest>, now: DateTime<Utc>) -> Vec<FoundStart> {
    let fresh = latest.into_iter().flatten().flatten().filter(|(.., at)| is_fresh(*at, now));
    fresh.map(|(person, start, _)| FoundStart::InMemory(person, start)).collect()
}
