//! The logs of slots in the store: reads the last event of each slot, and writes the next one.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use futures_util::{StreamExt, TryStreamExt, stream};
use moka::sync::Cache;

use super::event::Event;
use super::namespace::RESERVATIONS;
use crate::storage::{Creation, ListedObject, RoomStore, StoreError};
use crate::telemetry::describe;
use crate::values::CodeDigest;

/// How many events are read at once.
const READERS: usize = 32;

/// How many events are remembered; about 20 MB.
const MAX_KNOWN: u64 = 50_000;

/// Where the next event of a slot is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NextEvent {
    pub(super) code: CodeDigest,
    pub(super) slot: u32,
    /// From 0.
    pub(super) number: u32,
}

impl NextEvent {
    /// The name of one of the slot's events.
    fn name(&self, number: u32) -> String {
        format!("{RESERVATIONS}/{}/{}-{number}.json", self.code.to_hex(), self.slot)
    }

    /// The event after the one with this name; `None` if the name is not an event's.
    fn after(name: &str) -> Option<Self> {
        let (code, event) = name.strip_prefix(RESERVATIONS)?.strip_prefix('/')?.split_once('/')?;
        let (slot, number) = event.strip_suffix(".json")?.split_once('-')?;
        let number: u32 = number.parse().ok()?;
        let next = Self { code: code.parse().ok()?, slot: slot.parse().ok()?, number: number.checked_add(1)? };
        (next.name(number) == name).then_some(next)
    }

    /// Identifies the slot, and orders slots by code and number.
    fn slot_key(&self) -> ([u8; 32], u32) {
        (*self.code.as_bytes(), self.slot)
    }

    /// The first digits of the code's digest, as the log shows them.
    pub(super) fn short_code(&self) -> String {
        self.code.to_hex().chars().take(8).collect()
    }
}

/// A slot and its last event.
#[derive(Debug, Clone)]
pub(super) struct SlotState {
    pub(super) next: NextEvent,
    pub(super) last: Arc<Event>,
}

/// One version of an object. A replaced object has another time, so it is read anew.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct ObjectVersion {
    name: String,
    modified: DateTime<Utc>,
}

/// The logs of all slots. Cheap to clone; clones share what they have read.
#[derive(Debug, Clone)]
pub(super) struct SlotLogs {
    store: RoomStore,
    known: Cache<ObjectVersion, Arc<Event>>,
}

impl SlotLogs {
    pub(super) fn new(store: RoomStore) -> Self {
        Self { store, known: Cache::new(MAX_KNOWN) }
    }

    /// Every slot of a code that has an event, by number.
    pub(super) async fn of_code(&self, code: &CodeDigest) -> Result<Vec<SlotState>, StoreError> {
        self.slots(&format!("{RESERVATIONS}/{}", code.to_hex())).await
    }

    /// Every slot of every code that has an event, by code and number.
    pub(super) async fn all(&self) -> Result<Vec<SlotState>, StoreError> {
        self.slots(RESERVATIONS).await
    }

    async fn slots(&self, folder: &str) -> Result<Vec<SlotState>, StoreError> {
        let mut last: BTreeMap<([u8; 32], u32), (NextEvent, ObjectVersion)> = BTreeMap::new();
        for ListedObject { name, modified } in self.store.list(folder).await? {
            let Some(next) = NextEvent::after(&name) else { continue };
            let known = last.get(&next.slot_key());
            if known.is_none_or(|(known, _)| known.number < next.number) {
                last.insert(next.slot_key(), (next, ObjectVersion { name, modified }));
            }
        }
        let read =
            |(next, object)| -> BoxFuture<'_, Result<SlotState, StoreError>> { Box::pin(self.slot(next, object)) };
        let reads: Vec<_> = last.into_values().map(read).collect();
        let mut slots: Vec<SlotState> = stream::iter(reads).buffer_unordered(READERS).try_collect().await?;
        slots.sort_by_key(|slot| slot.next.slot_key());
        Ok(slots)
    }

    async fn slot(&self, next: NextEvent, object: ObjectVersion) -> Result<SlotState, StoreError> {
        if let Some(last) = self.known.get(&object) {
            return Ok(SlotState { next, last });
        }
        let event = match self.store.read::<Event>(&object.name).await {
            Err(error @ StoreError::Corrupt { .. }) => {
                tracing::error!(event = "reservation-unreadable", object = object.name, reason = describe(&error));
                Event::Unreadable
            }
            // It was listed and is gone: somebody deletes objects that this room never deletes.
            read => read?.unwrap_or(Event::Unreadable),
        };
        let last = Arc::new(event);
        self.known.insert(object, Arc::clone(&last));
        Ok(SlotState { next, last })
    }

    /// Writes a slot's next event, unless somebody else has written it.
    pub(super) async fn append(&self, next: NextEvent, event: &Event) -> Result<Creation, StoreError> {
        self.store.create(&next.name(next.number), event).await
    }
}
