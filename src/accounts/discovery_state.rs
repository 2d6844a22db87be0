//! What discovery remembers from run to run: `started.json` and `cursor.json`.
//!
//! A corrupt cursor is reported and counts as absent: the log is read again. A corrupt `started.json` fails the run,
//! and the error says what to do. Its content cannot be guessed: a wrong guess would touch older accounts or leave some
//! out.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::outbox::read_or_delete;
use crate::storage::{RoomStore, StoreError};

/// The object with the moment of the very first run.
pub(super) const STARTED: &str = "started.json";
/// The object with the cursor.
pub(super) const CURSOR: &str = "cursor.json";

/// The moment of the very first run.
#[derive(Serialize, Deserialize)]
struct Started {
    at: DateTime<Utc>,
}

/// Up to where the audit log has been read.
#[derive(Serialize, Deserialize)]
struct Cursor {
    to: DateTime<Utc>,
}

/// What discovery remembers, in the store.
#[derive(Debug)]
pub(super) struct DiscoveryState {
    store: RoomStore,
}

impl DiscoveryState {
    pub(super) fn new(store: RoomStore) -> Self {
        Self { store }
    }

    /// The moment of the very first run: `now`, if there was none.
    pub(super) async fn started(&self, now: DateTime<Utc>) -> Result<DateTime<Utc>, StoreError> {
        self.store.create(STARTED, &Started { at: now }).await?;
        Ok(self.store.read::<Started>(STARTED).await?.map_or(now, |started| started.at))
    }

    /// Makes `now` the moment of the very first run.
    pub(super) async fn start_again(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.store.overwrite(STARTED, &Started { at: now }).await
    }

    /// Up to where the audit log has been read; `None`: not at all.
    pub(super) async fn cursor(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        Ok(read_or_delete::<Cursor>(&self.store, CURSOR).await?.map(|cursor| cursor.to))
    }

    pub(super) async fn move_cursor(&self, to: DateTime<Utc>) -> Result<(), StoreError> {
        self.store.overwrite(CURSOR, &Cursor { to }).await
    }
}
