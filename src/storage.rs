//! The state store: small JSON objects in a local folder (or in memory, for tests), through `object_store`.
//!
//! It exists so that the association of accounts survives any crash. A folder cannot update an object conditionally, so
//! every object is written once, with create-only semantics, and two workers meet there: the second one is told
//! [`Creation::AlreadyExists`]. The one exception is `cursor.json`, plainly overwritten.
//!
//! Invariants: an object is there whole or not at all (it is staged beside its place and then linked); names hold no
//! personal data, contents may, so the folder is made readable for its owner only. Writes survive the end of the
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
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload};
use serde::Serialize;
use serde::de::DeserializeOwned;

mod error;
mod sweep;

use error::{corrupt, failed};

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
    objects: Arc<dyn ObjectStore>,
    /// The folder, if it is one: staging leftovers can be seen only there.
    folder: Option<PathBuf>,
}

impl StateStore {
    /// Opens what the settings name.
    pub fn from_settings(settings: &Settings) -> Result<Self, StoreError> {
        match settings {
            Settings::Local(folder) => Self::local(folder),
            Settings::LocalOnAzure => Err(StoreError::LocalOnAzure),
        }
    }

    /// Opens a folder; makes it, for its owner only, if it is not there.
    pub fn local(folder: &FilePath) -> Result<Self, StoreError> {
        let failed = |source| StoreError::Folder { folder: folder.display().to_string(), source };
        make_private_folder(folder).map_err(failed)?;
        let files = LocalFileSystem::new_with_prefix(folder).map_err(|error| failed(std::io::Error::other(error)))?;
        let objects = Arc::new(files.with_automatic_cleanup(true));
        Ok(Self { objects, folder: Some(folder.to_owned()) })
    }

    /// A store that is gone with the process.
    #[must_use]
    pub fn in_memory() -> Self {
        Self::over(Arc::new(InMemory::new()))
    }

    /// A store over any object store.
    #[must_use]
    pub fn over(objects: Arc<dyn ObjectStore>) -> Self {
        Self { objects, folder: None }
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
        let mut put = self.objects.put_opts(&at, payload.clone(), options.clone()).await;
        for _ in 0..RACES {
            // A folder that became empty is deleted, maybe just while this write was making it.
            if self.folder.is_some() && matches!(put, Err(object_store::Error::Generic { .. })) {
                put = self.objects.put_opts(&at, payload.clone(), options.clone()).await;
            }
        }
        put.map(|_| ()).map_err(failed("write", name))
    }

    /// Reads an object; `None` if there is none.
    pub async fn read<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, StoreError> {
        let got = match self.objects.get(&Path::from(name)).await {
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            got => got.map_err(failed("read", name))?,
        };
        let bytes = got.bytes().await.map_err(failed("read", name))?;
        let value = serde_json::from_slice(&bytes);
        value.map(Some).map_err(corrupt(name))
    }

    /// Whether there is such an object.
    pub async fn exists(&self, name: &str) -> Result<bool, StoreError> {
        match self.objects.head(&Path::from(name)).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(source) => Err(failed("look for", name)(source)),
        }
    }

    /// Every object below `prefix` (whole name parts: `pending` does not find `pending2/…`).
    pub async fn list(&self, prefix: &str) -> Result<Vec<Entry>, StoreError> {
        let found = self.objects.list(Some(&Path::from(prefix)));
        let entries = found.map_ok(|meta| Entry { name: meta.location.to_string(), modified: meta.last_modified });
        entries.try_collect().await.map_err(failed("list", prefix))
    }

    /// Deletes an object; one that is not there is in order.
    pub async fn delete(&self, name: &str) -> Result<(), StoreError> {
        match self.objects.delete(&Path::from(name)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(source) => Err(failed("delete", name)(source)),
        }
    }

    /// Deletes what killed writes left beside their object longer than an hour before `now`; says how many.
    /// What cannot be deleted stays and is tried again by the next sweep.
    pub async fn sweep(&self, now: DateTime<Utc>) -> usize {
        let Some(folder) = self.folder.clone() else { return 0 };
        let before = std::time::SystemTime::from(now).checked_sub(LEFTOVER_AGE);
        let Some(before) = before else { return 0 };
        tokio::task::spawn_blocking(move || sweep::delete_leftovers(&folder, before)).await.unwrap_or_default()
    }
}

/// Makes the folder and those above it, readable for their owner only.
fn make_private_folder(folder: &FilePath) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(folder)
}

#[cfg(test)]
mod tests;
