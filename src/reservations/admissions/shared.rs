//! The Starts that every instance has to know of: objects in the state store.
//!
//! `admissions/{application}/{correlation id}/{time}-{person}.json` is one Start of a person under an id, and
//! `admissions/{application}/network-{digest}/{time}-{person}.json` the same Start by its network. The time is that of
//! the service's clock, in milliseconds; whether a Start still counts follows from it, without reading the object. Each
//! is written once. They hold the address itself, since Submit decides by it; they are deleted after an hour.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_util::{StreamExt, TryStreamExt, stream};
use moka::sync::Cache;
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;

use super::person::{PersonId, PersonKey, StoredKey};
use super::{Admission, Arrival, LIFETIME, MOST, Seen, Sighting, TIME_TO_LIVE, Traits, is_fresh};
use crate::storage::{Creation, Entry, StateStore, StoreError};
use crate::telemetry::describe;
use crate::values::{AppId, Secret};

/// The folder.
const FOLDER: &str = "admissions";

/// The key of the digests, where no secret is configured.
const KEY: &str = "person-key.json";

/// How often another process may come first with the key.
const ATTEMPTS: usize = 3;

/// How many one sweep deletes, and how many at once.
const SWEPT: usize = 20_000;
const DELETERS: usize = 32;

/// An admission as it is stored. It is personal.
#[derive(Serialize, Deserialize)]
struct Stored {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    provenance: String,
    source: String,
}

/// What the store remembers. Cheap to clone; clones share what they have read.
#[derive(Debug, Clone)]
pub(super) struct Shared {
    store: StateStore,
    key: Arc<OnceCell<PersonKey>>,
    known: Cache<PersonId, Arc<Admission>>,
}

impl Shared {
    pub(super) fn new(store: StateStore, secret: Option<&Secret>) -> Self {
        let key = secret.map(PersonKey::from_secret);
        let known = Cache::builder().max_capacity(MOST).time_to_live(TIME_TO_LIVE).build();
        Self { store, key: Arc::new(OnceCell::new_with(key)), known }
    }

    /// The key; the first process to need one makes it.
    async fn key(&self) -> Result<&PersonKey, StoreError> {
        let made = self.key.get_or_try_init(|| async {
            for _ in 0..ATTEMPTS {
                if let Some(stored) = self.store.read::<StoredKey>(KEY).await? {
                    return Ok(stored.into_key());
                }
                let new = StoredKey::random();
                if self.store.create(KEY, &new).await? == Creation::Created {
                    return Ok(new.into_key());
                }
            }
            // It exists and is never there: as good as one that cannot be read.
            Err(StoreError::Corrupt { name: KEY.to_owned(), line: 1, column: 1 })
        });
        made.await
    }

    /// Writes a Start, under its id and by its network, at the same time.
    pub(super) async fn remember(
        &self,
        arrival: &Arrival<'_>,
        admission: Admission,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let key = self.key().await?;
        let (app, network) = (arrival.app, arrival.network);
        let address = admission.address.as_ref();
        let person = key.person(&Traits { app, network, address, identities: arrival.identities });
        let (stored, name) = (Stored::new(&admission), object(&person, now));
        let writes = folders(key, arrival).into_iter().flatten().map(|folder| {
            let (name, stored) = (format!("{folder}/{name}"), &stored);
            async move { self.store.create(&name, stored).await }
        });
        // The same Start in the same millisecond is the same object.
        futures_util::future::try_join_all(writes).await?;
        self.known.insert(person, Arc::new(admission));
        Ok(())
    }

    /// Everybody under the id, and everybody in the network, of the last hour: two lists, at the same time.
    pub(super) async fn seen(&self, arrival: &Arrival<'_>, now: DateTime<Utc>) -> Result<Seen, StoreError> {
        let key = self.key().await?;
        let [by_id, by_network] = folders(key, arrival);
        let list = |folder: Option<String>| async move {
            let Some(folder) = folder else { return Ok(Vec::new()) };
            let entries = self.store.list(&folder).await?;
            Ok(entries.into_iter().filter_map(|entry| self.sighting(entry, now)).collect())
        };
        let (under_id, in_network) = futures_util::try_join!(list(by_id), list(by_network))?;
        Ok(Seen { under_id, in_network })
    }

    fn sighting(&self, entry: Entry, now: DateTime<Utc>) -> Option<Sighting> {
        let (person, at) = parse(&entry.name)?;
        if !is_fresh(at, now) {
            return None;
        }
        let known = self.known.get(&person);
        Some(match known {
            Some(admission) => Sighting::Here(person, admission),
            None => Sighting::Stored(person, entry.name),
        })
    }

    /// Reads a Start. `None`: it is gone, or cannot be read.
    pub(super) async fn read(&self, person: &PersonId, object: &str) -> Result<Option<Arc<Admission>>, StoreError> {
        let reason = match self.store.read::<Stored>(object).await {
            Ok(None) => return Ok(None),
            Ok(Some(stored)) => match stored.into_admission() {
                Some(admission) => {
                    let admission = Arc::new(admission);
                    self.known.insert(person.clone(), Arc::clone(&admission));
                    return Ok(Some(admission));
                }
                None => "its address is none".to_owned(),
            },
            Err(error @ StoreError::Corrupt { .. }) => describe(&error),
            Err(error) => return Err(error),
        };
        tracing::error!(event = "admission-unreadable", object, reason);
        Ok(None)
    }

    /// Deletes what was written more than an hour ago, the oldest first; says how many.
    pub(super) async fn sweep(&self, now: DateTime<Utc>) -> Result<usize, StoreError> {
        let entries = self.store.list(FOLDER).await?.into_iter();
        let mut old: Vec<_> = entries.filter(|entry| now - entry.modified >= LIFETIME).collect();
        old.sort_by_key(|entry| entry.modified);
        old.truncate(SWEPT);
        let swept = old.len();
        let deletions: Vec<_> = old.iter().map(|entry| self.store.delete(&entry.name)).collect();
        stream::iter(deletions).buffer_unordered(DELETERS).try_collect::<()>().await?;
        Ok(swept)
    }
}

impl Stored {
    fn new(admission: &Admission) -> Self {
        let Admission { address, provenance, source } = admission.clone();
        Self { address: address.map(|address| address.as_given().to_owned()), provenance, source }
    }

    /// `None`: what stands for the address is none.
    fn into_admission(self) -> Option<Admission> {
        let Self { address, provenance, source } = self;
        let address = address.map(|address| address.parse()).transpose().ok()?;
        Some(Admission { address, provenance, source })
    }
}

/// The folder of the id, and that of the network.
fn folders(key: &PersonKey, arrival: &Arrival<'_>) -> [Option<String>; 2] {
    let app = arrival.app.map_or("none", AppId::as_str);
    let by_id = arrival.correlation_id.map(|id| format!("{FOLDER}/{app}/{id}"));
    let by_network = arrival.network.map(|network| format!("{FOLDER}/{app}/network-{}", key.network(network)));
    [by_id, by_network]
}

fn object(person: &PersonId, now: DateTime<Utc>) -> String {
    format!("{}-{}.json", now.timestamp_millis(), person.as_str())
}

/// Whose Start an object is, and when it was.
fn parse(name: &str) -> Option<(PersonId, DateTime<Utc>)> {
    let (at, person) = name.rsplit('/').next()?.strip_suffix(".json")?.split_once('-')?;
    Some((PersonId::from_digits(person)?, DateTime::from_timestamp_millis(at.parse().ok()?)?))
}
