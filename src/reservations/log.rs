//! The slots' logs over the store: what the last event of each slot is, and how the next one is written.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use futures_util::{StreamExt, TryStreamExt, stream};
use moka::sync::Cache;

use super::event::Event;
use super::namespace::RESERVATIONS;
use crate::storage::{Creation, Entry, RoomStore, StoreError};
use crate::telemetry::describe;
use crate::values::CodeDigest;

/// How many events are read at once.
const READERS: usize = 32;

/// How many events are remembered; about 20 MB.
const MOST: u64 = 50_000;

/// A slot, and the number of its next event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) code: CodeDigest,
    pub(super) slot: u32,
    pub(super) next: u32,
}

impl Place {
    fn name(&self, number: u32) -> String {
        format!("{RESERVATIONS}/{}/{}-{number}.json", self.code.to_hex(), self.slot)
    }

    /// The place that follows the event with this name, if it is one.
    fn after(name: &str) -> Option<Self> {
        let (code, event) = name.strip_prefix(RESERVATIONS)?.strip_prefix('/')?.split_once('/')?;
        let (slot, number) = event.strip_suffix(".json")?.split_once('-')?;
        let number: u32 = number.parse().ok()?;
        let place = Self { code: code.parse().ok()?, slot: slot.parse().ok()?, next: number.checked_add(1)? };
        (place.name(number) == name).then_some(place)
    }

    /// The first digits of the code's digest, as the log shows them.
    pub(super) fn short_code(&self) -> String {
        self.code.to_hex().chars().take(8).collect()
    }
}

/// A slot and its last event.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    pub(super) place: Place,
    pub(super) event: Arc<Event>,
}

/// An event that was read. The time is part of it: an object that somebody has put in another's place is another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Known {
    name: String,
    modified: DateTime<Utc>,
}

/// All logs.
#[derive(Debug, Clone)]
pub(super) struct Log {
    store: RoomStore,
    read: Cache<Known, Arc<Event>>,
}

impl Log {
    pub(super) fn new(store: RoomStore) -> Self {
        Self { store, read: Cache::new(MOST) }
    }

    /// Every slot of a code that has an event, by number.
    pub(super) async fn of_code(&self, code: &CodeDigest) -> Result<Vec<Slot>, StoreError> {
        self.slots(&format!("{RESERVATIONS}/{}", code.to_hex())).await
    }

    /// Every slot of every code that has an event, by code and number.
    pub(super) async fn all(&self) -> Result<Vec<Slot>, StoreError> {
        self.slots(RESERVATIONS).await
    }

    async fn slots(&self, prefix: &str) -> Result<Vec<Slot>, StoreError> {
        let mut last: BTreeMap<([u8; 32], u32), (Place, Known)> = BTreeMap::new();
        for Entry { name, modified } in self.store.list(prefix).await? {
            let Some(place) = Place::after(&name) else { continue };
            let known = last.get(&(*place.code.as_bytes(), place.slot));
            if known.is_none_or(|(known, _)| known.next < place.next) {
                last.insert((*place.code.as_bytes(), place.slot), (place, Known { name, modified }));
            }
        }
        let read = |(place, known)| -> BoxFuture<'_, Result<Slot, StoreError>> { Box::pin(self.slot(place, known)) };
        let reads: Vec<_> = last.into_values().map(read).collect();
        let mut slots: Vec<Slot> = stream::iter(reads).buffer_unordered(READERS).try_collect().await?;
        slots.sort_by_key(|slot| (*slot.place.code.as_bytes(), slot.place.slot));
        Ok(slots)
    }

    async fn slot(&self, place: Place, known: Known) -> Result<Slot, StoreError> {
        if let Some(event) = self.read.get(&known) {
            return Ok(Slot { place, event });
        }
        let event = match self.store.read::<Event>(&known.name).await {
            Err(error @ StoreError::Corrupt { .. }) => {
                tracing::error!(event = "reservation-unreadable", object = known.name, reason = describe(&error));
                Event::Unreadable
            }
            // Listed and gone again: somebody deletes what is never deleted.
            read => read?.unwrap_or(Event::Unreadable),
        };
        let event = Arc::new(event);
        self.read.insert(known, Arc::clone(&event));
        Ok(Slot { place, event })
    }

    /// Writes a slot's next event, unless somebody else has written it.
    pub(super) async fn append(&self, place: Place, event: &Event) -> Result<Creation, StoreError> {
        self.store.create(&place.name(place.next), event).await
    }
}
