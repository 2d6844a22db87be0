//! The Starts of this process that no other instance has to know of. Their number is limited; each is kept for an hour.

use std::hash::Hash;
use std::sync::Arc;

use chrono::{DateTime, Utc};
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
