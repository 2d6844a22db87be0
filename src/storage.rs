//! The state store: small JSON objects in a local folder (or in memory, for tests), through `object_store`.
//!
//! It exists so that the association of accounts survives any crash, and so that hooks of several processes agree. A
//! folder cannot update an object conditionally, so every object is written once, with create-only semantics, and two
//! workers meet there: the second one is told [`Creation::AlreadyExists`]. The exceptions are `cursor.json`, plainly
//! overwritten, and whatever cannot be used as it is.
//!
//! Invariants: an object is there whole or not at all (it is staged beside its place and then linked); names hold no
//! personal data, contents may, so the folder is kept for its owner only. It is opened when it is first needed: what was
//! in its way may be gone by the next run. Writes survive the end of the
//! process, not a power cut: what such a cut loses is discovered again within the overlap.
//!
//! A store that is slow makes its caller wait; one that is absent, full or read-only is a [`StoreError`] that names the
//! object and what was being done; an object that is not the JSON expected is [`StoreError::Corrupt`].

use std::fmt::Debug;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload};
use serde::Serialize;
use serde::de::DeserializeOwned;

mod error;
mod folder;
mod sweep;

use error::{corrupt, failed};
use folder::Folder;

pub use error::StoreError;

/// How old a staging leftover must be before it is deleted: no write takes this long.
const LEFTOVER_AGE: Duration = Duration::from_hours(1);

/// How often a write into a folder is repeated that met the deletion of that folder.
const RACES: usize = 3;

/// Where the state lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settings {
    /// In this folder, which is created if it is not there.
    Local(PathBuf),
    /// A folder was named (or nothing) but the process runs on Azure, where a folder does not outlive the instance.
    LocalOnAzure,
}

/// What a create-only write did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Creation {
    /// The object is new.
    Created,
    /// There was one already; it is as it was.
    AlreadyExists,
}

/// An object's name and when it was last written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The full name, with `/` between its parts.
    pub name: String,
    /// The time of the last write, by the store's clock.
    pub modified: DateTime<Utc>,
}

/// The store. Cheap to clone.
#[derive(Debug, Clone)]
pub struct StateStore {
    place: Place,
}

#[derive(Debug, Clone)]
enum Place {
    Folder(Arc<Folder>),
    Objects(Arc<dyn ObjectStore>),
}

impl StateStore {
    /// What the settings name. Nothing is opened yet.
    pub fn from_settings(settings: &Settings) -> Result<Self, StoreError> {
        match settings {
            Settings::Local(folder) => Ok(Self::local(folder)),
            Settings::LocalOnAzure => Err(StoreError::LocalOnAzure),
        }
    }

    /// A folder; it is made when it is first needed, if it is not there.
    #[must_use]
    pub fn local(folder: &FilePath) -> Self {
        Self { place: Place::Folder(Arc::new(Folder::new(folder))) }
    }

    /// A store that is gone with the process.
    #[must_use]
    pub fn in_memory() -> Self {
        Self::over(Arc::new(InMemory::new()))
    }

    /// A store over any object store.
    #[must_use]
    pub fn over(objects: Arc<dyn ObjectStore>) -> Self {
        Self { place: Place::Objects(objects) }
    }

    async fn objects(&self) -> Result<Arc<dyn ObjectStore>, StoreError> {
        match &self.place {
            Place::Folder(folder) => folder.objects().await,
            Place::Objects(objects) => Ok(Arc::clone(objects)),
        }
    }

    /// Writes an object that must not exist yet.
    pub async fn create<T: Serialize + Sync>(&self, name: &str, value: &T) -> Result<Creation, StoreError> {
        match self.put(name, value, PutMode::Create).await {
            Ok(()) => Ok(Creation::Created),
            Err(StoreError::Failed { source: object_store::Error::AlreadyExists { .. }, .. }) => {
                Ok(Creation::AlreadyExists)
            }
            Err(error) => Err(error),
        }
    }

    /// Writes an object whatever is there. For `cursor.json`, and for what cannot be used as it is.
    pub async fn overwrite<T: Serialize + Sync>(&self, name: &str, value: &T) -> Result<(), StoreError> {
        self.put(name, value, PutMode::Overwrite).await
    }

    async fn put<T: Serialize + Sync>(&self, name: &str, value: &T, mode: PutMode) -> Result<(), StoreError> {
        let bytes = serde_json::to_vec(value).map_err(corrupt(name))?;
        let options = PutOptions { mode, ..PutOptions::default() };
        let (at, payload) = (Path::from(name), PutPayload::from(bytes));
        let (objects, races) = match &self.place {
            Place::Folder(folder) => (folder.prepared().await?, RACES),
            Place::Objects(objects) => (Arc::clone(objects), 0),
        };
        let mut put = objects.put_opts(&at, payload.clone(), options.clone()).await;
        for _ in 0..races {
            // A folder that became empty is deleted, maybe just while this write was making it.
            if matches!(put, Err(object_store::Error::Generic { .. })) {
                put = objects.put_opts(&at, payload.clone(), options.clone()).await;
            }
        }
        put.map(|_| ()).map_err(failed("write", name))
    }

    /// Reads an object; `None` if there is none.
    pub async fn read<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, StoreError> {
        let got = match self.objects().await?.get(&Path::from(name)).await {
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            got => got.map_err(failed("read", name))?,
        };
        let bytes = got.bytes().await.map_err(failed("read", name))?;
        let value = serde_json::from_slice(&bytes);
        value.map(Some).map_err(corrupt(name))
    }

    /// Whether there is such an object.
    pub async fn exists(&self, name: &str) -> Result<bool, StoreError> {
        match self.objects().await?.head(&Path::from(name)).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(source) => Err(failed("look for", name)(source)),
        }
    }

    /// Every object below `prefix` (whole name parts: `pending` does not find `pending2/…`).
    pub async fn list(&self, prefix: &str) -> Result<Vec<Entry>, StoreError> {
        let objects = self.objects().await?;
        let found = objects.list(Some(&Path::from(prefix)));
        let entries = found.map_ok(|meta| Entry { name: meta.location.to_string(), modified: meta.last_modified });
        entries.try_collect().await.map_err(failed("list", prefix))
    }

    /// Deletes an object; one that is not there is in order.
    pub async fn delete(&self, name: &str) -> Result<(), StoreError> {
        match self.objects().await?.delete(&Path::from(name)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(source) => Err(failed("delete", name)(source)),
        }
    }

    /// Deletes what killed writes left beside their object longer than an hour before `now`; says how many.
    /// What cannot be deleted stays and is tried again by the next sweep.
    pub async fn sweep(&self, now: DateTime<Utc>) -> usize {
        let Place::Folder(folder) = &self.place else { return 0 };
        let folder = folder.path.clone();
        let before = std::time::SystemTime::from(now).checked_sub(LEFTOVER_AGE);
        let Some(before) = before else { return 0 };
        let swept = tokio::task::spawn_blocking(move || sweep::delete_leftovers(&folder, before)).await;
        let swept = swept.unwrap_or_default();
        if swept > 0 {
            tracing::info!(event = "leftovers-swept", swept);
        }
        swept
    }
}

#[cfg(test)]
mod tests;
