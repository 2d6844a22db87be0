//! The Starts that this process has seen, where no other has to know of them. Bounded; kept for an hour.

use std::hash::Hash;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use moka::sync::Cache;

use super::person::{PersonId, PersonKey};
use super::{Admission, Arrival, MOST, Sighting, StartKey, TIME_TO_LIVE, Traits, is_fresh};
use crate::values::{AppId, CorrelationId, Network};

/// A person, what is known of them, and when they were seen last.
type LastSeen = (PersonId, Arc<Admission>, DateTime<Utc>);

/// The two people under a key who were seen last. Whether there was one within the hour, or more than one, follows from
/// them, however many there were.
type Latest = [Option<LastSeen>; 2];

/// What this process remembers. Cheap to clone; clones share it.
#[derive(Debug, Clone)]
pub(super) struct Memory {
    key: PersonKey,
    by_id: Cache<(Option<AppId>, CorrelationId), Latest>,
    by_network: Cache<(Option<AppId>, Network), Latest>,
}

impl Memory {
    pub(super) fn new() -> Self {
        Self { key: PersonKey::random(), by_id: cache(), by_network: cache() }
    }

    pub(super) fn remember(&self, arrival: &Arrival<'_>, admission: Admission, now: DateTime<Utc>) {
        let address = admission.address.as_ref();
        let Arrival { app, correlation_id, network, identities } = *arrival;
        let person = self.key.person(&Traits { app, network, address, identities });
        let seen = (person, Arc::new(admission), now);
        if let Some(id) = correlation_id {
            add(&self.by_id, (app.cloned(), id.clone()), &seen);
        }
        if let Some(network) = network {
            add(&self.by_network, (app.cloned(), network), &seen);
        }
    }

    pub(super) fn seen(&self, app: Option<&AppId>, key: StartKey<'_>, now: DateTime<Utc>) -> Vec<Sighting> {
        let app = app.cloned();
        let latest = match key {
            StartKey::Id(id) => id.and_then(|id| self.by_id.get(&(app, id.clone()))),
            StartKey::Network(network) => network.and_then(|network| self.by_network.get(&(app, network))),
        };
        sightings(latest, now)
    }
}

fn cache<K: Eq + Hash + Send + Sync + 'static>() -> Cache<K, Latest> {
    Cache::builder().max_capacity(MOST).time_to_live(TIME_TO_LIVE).build()
}

/// Puts a person in front, and drops whoever was seen before the other one.
fn add<K: Eq + Hash + Send + Sync + 'static>(cache: &Cache<K, Latest>, key: K, seen: &LastSeen) {
    cache.entry(key).and_upsert_with(|entry| {
        let before = entry.map(moka::Entry::into_value).unwrap_or_default();
        let other = before.into_iter().flatten().find(|(person, ..)| *person != seen.0);
        [Some(seen.clone()), other]
    });
}

fn sightings(latest: Option<Latest>, now: DateTime<Utc>) -> Vec<Sighting> {
    let fresh = latest.into_iter().flatten().flatten().filter(|(.., at)| is_fresh(*at, now));
    fresh.map(|(person, admission, _)| Sighting::Here(person, admission)).collect()
}
