//! The Starts that every instance has to know of: objects in the state store.
//!
//! `admissions/{application}/{correlation id}/{time}-{person}.json` is one Start of a person under an id, and
//! `admissions/{application}/network-{digest}/{time}-{person}.json` the same Start by its network. The time is that of
//! the service's clock, in milliseconds; whether a Start still counts follows from it, without reading the object. Each
//! is written once. They hold the address itself, since Submit decides by it; they are deleted after an hour.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use moka::sync::Cache;
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;

use super::person::{PersonId, PersonKey, StoredKey};
use super::sweep::{Sweep, sweep};
use super::{
    EventOrigin, FoundStart, MAX_REMEMBERED, PersonTraits, RememberedAddress, RememberedStart, StartKey, TIME_TO_LIVE,
    is_fresh,
};
use crate::reservations::namespace::{ADMISSIONS, PERSON_KEY};
use crate::storage::{Creation, ListedObject, RoomStore, StoreError};
use crate::telemetry::describe;
use crate::values::{AppId, Secret};

/// How often the key is read or made before giving up: another process may make it first.
const ATTEMPTS: usize = 3;

/// A Start as it is stored. It is personal. Without an address, the other two are empty.
#[derive(Serialize, Deserialize)]
struct StoredStart {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    provenance: String,
    source: String,
}

/// The Starts in the store. Cheap to clone; clones share what they have read.
#[derive(Debug, Clone)]
pub(super) struct SharedStarts {
    store: RoomStore,
    key: Arc<OnceCell<PersonKey>>,
    known: Cache<PersonId, KnownStart>,
}

/// A Start of the store that this process knows, and its time.
#[derive(Debug, Clone)]
struct KnownStart {
    start: Arc<RememberedStart>,
    at: DateTime<Utc>,
}

impl SharedStarts {
    pub(super) fn new(store: RoomStore, secret: Option<&Secret>) -> Self {
        let key = secret.map(PersonKey::from_secret);
        let known = Cache::builder().max_capacity(MAX_REMEMBERED as u64).time_to_live(TIME_TO_LIVE).build();
        Self { store, key: Arc::new(OnceCell::new_with(key)), known }
    }

    /// The key. The first process that needs one makes it. A key that cannot be read is replaced, and people who
    /// started under it have to start again.
    async fn key(&self) -> Result<&PersonKey, StoreError> {
        let made = self.key.get_or_try_init(|| async {
            for _ in 0..ATTEMPTS {
                match self.store.read::<StoredKey>(PERSON_KEY).await {
                    Ok(Some(stored)) => return Ok(stored.into_key()),
                    Ok(None) => {}
                    Err(error @ StoreError::Corrupt { .. }) => {
                        tracing::error!(
                            event = "person-key-unreadable",
                            object = PERSON_KEY,
                            reason = describe(&error)
                        );
                        self.store.delete(PERSON_KEY).await?;
                    }
                    Err(error) => return Err(error),
                }
                let new = StoredKey::random();
                if self.store.create(PERSON_KEY, &new).await? == Creation::Created {
                    return Ok(new.into_key());
                }
            }
            // The store says that it exists and never shows it: the same as a key that cannot be read.
            Err(StoreError::Corrupt { name: PERSON_KEY.to_owned(), line: 1, column: 1 })
        });
        made.await
    }

    /// Writes a Start twice at the same time, under its id and by its network.
    pub(super) async fn remember(
        &self,
        origin: &EventOrigin<'_>,
        start: RememberedStart,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let key = self.key().await?;
        let (app, network) = (origin.app, origin.network);
        let person = key.person(&PersonTraits { app, network, address: start.email(), identities: origin.identities });
        let (stored, name) = (StoredStart::new(&start), object_name(&person, now));
        let both = [StartKey::Id(origin.correlation_id), StartKey::Network(network)];
        let writes = both.into_iter().filter_map(|by| folder(key, app, by)).map(|folder| {
            let (name, stored) = (format!("{folder}/{name}"), &stored);
            async move { self.store.create(&name, stored).await }
        });
        // The same Start in the same millisecond is the same object.
        futures_util::future::try_join_all(writes).await?;
        self.known.insert(person, KnownStart { start: Arc::new(start), at: now });
        Ok(())
    }

    /// The Starts under a key in the last hour, the newest first. Takes one listing.
    pub(super) async fn recent(
        &self,
        app: Option<&AppId>,
        by: StartKey<'_>,
        now: DateTime<Utc>,
    ) -> Result<Vec<FoundStart>, StoreError> {
        let Some(folder) = folder(self.key().await?, app, by) else { return Ok(Vec::new()) };
        let objects = self.store.list(&folder).await?.into_iter();
        let fresh = |object: ListedObject| {
            let (person, at) = parse(&object.name)?;
            is_fresh(at, now).then_some((at, person, object.name))
        };
        let mut starts: Vec<_> = objects.filter_map(fresh).collect();
        starts.sort_by_key(|(at, ..)| std::cmp::Reverse(*at));
        Ok(starts.into_iter().map(|(_, person, name)| self.found_start(person, name)).collect())
    }

    fn found_start(&self, person: PersonId, name: String) -> FoundStart {
        match self.known.get(&person) {
            Some(known) => FoundStart::InMemory(person, known.start),
            None => FoundStart::Stored(person, name),
        }
    }

    /// Reads a Start. `None`: it is gone, or cannot be read.
    pub(super) async fn read(
        &self,
        person: &PersonId,
        object: &str,
    ) -> Result<Option<Arc<RememberedStart>>, StoreError> {
        let reason = match self.store.read::<StoredStart>(object).await {
            Ok(None) => return Ok(None),
            Ok(Some(stored)) => match stored.into_start() {
                Some(start) => {
                    let start = Arc::new(start);
                    if let Some((_, at)) = parse(object) {
                        self.known.insert(person.clone(), KnownStart { start: Arc::clone(&start), at });
                    }
                    return Ok(Some(start));
                }
                None => "its address is none".to_owned(),
            },
            Err(error @ StoreError::Corrupt { .. }) => describe(&error),
            Err(error) => return Err(error),
        };
        tracing::error!(event = "admission-unreadable", object, reason);
        Ok(None)
    }

    /// Whether the store can be used at all.
    pub(super) fn is_usable(&self) -> bool {
        self.store.usable().is_ok()
    }

    /// Deletes what killed writes have left.
    pub(super) async fn sweep_leftovers(&self, now: DateTime<Utc>) {
        self.store.sweep(now).await;
    }

    /// Deletes from the store what was written more than an hour ago.
    pub(super) async fn sweep(&self, now: DateTime<Utc>) -> Sweep {
        sweep(&self.store, now).await
    }

    /// Forgets what this process has read or written of Starts that are older than an hour.
    pub(super) fn forget_old(&self, now: DateTime<Utc>) {
        let is_old = |(_, known): &(Arc<PersonId>, KnownStart)| !is_fresh(known.at, now);
        self.known.iter().filter(is_old).for_each(|(person, _)| self.known.invalidate(&*person));
        self.known.run_pending_tasks();
    }

    /// How many Starts this process knows.
    #[cfg(test)]
    pub(super) fn remembered(&self) -> usize {
        self.known.iter().count()
    }
}

impl StoredStart {
    fn new(start: &RememberedStart) -> Self {
        match &start.address {
            Some(RememberedAddress { address, provenance, source }) => Self {
                address: Some(address.as_given().to_owned()),
                provenance: provenance.name().to_owned(),
                source: source.clone().into_owned(),
            },
            None => Self { address: None, provenance: String::new(), source: String::new() },
        }
    }

    /// `None`: the address is no address, or its provenance is unknown.
    fn into_start(self) -> Option<RememberedStart> {
        let Self { address, provenance, source } = self;
        let Some(address) = address else { return Some(RememberedStart { address: None }) };
        let (address, provenance) = (address.parse().ok()?, provenance.parse().ok()?);
        Some(RememberedStart { address: Some(RememberedAddress { address, provenance, source: source.into() }) })
    }
}

/// The folder of the Starts under a key; `None`: the event does not say the key.
fn folder(key: &PersonKey, app: Option<&AppId>, by: StartKey<'_>) -> Option<String> {
    let app = app.map_or("none", AppId::as_str);
    match by {
        StartKey::Id(id) => id.map(|id| format!("{ADMISSIONS}/{app}/{id}")),
        StartKey::Network(network) => {
            network.map(|network| format!("{ADMISSIONS}/{app}/network-{}", key.network(network)))
        }
    }
}

fn object_name(person: &PersonId, now: DateTime<Utc>) -> String {
    format!("{}-{}.json", now.timestamp_millis(), person.digits())
}

/// The person and the time of a Start, from the name of its object.
fn parse(name: &str) -> Option<(PersonId, DateTime<Utc>)> {
    let (at, person) = name.rsplit('/').next()?.strip_suffix(".json")?.split_once('-')?;
    Some((PersonId::from_digits(person)?, DateTime::from_timestamp_millis(at.parse().ok()?)?))
}
