//! The store behind the parts of the rooms: where the objects are, and the operations on them.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::{StoreError, corrupt, failed};
use super::folder::Folder;
use super::sweep;

/// How old a staging leftover must be before it is deleted: no write takes this long.
const LEFTOVER_AGE: Duration = Duration::from_hours(1);

/// How often a write is repeated that failed because its folder was deleted at that moment.
const FOLDER_RETRIES: usize = 3;

/// What a create-only write did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Creation {
    /// The object is new.
    Created,
    /// The object exists already. It was not changed.
    AlreadyExists,
}

/// An object as a listing shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListedObject {
    /// The full name, with `/` between its parts.
    pub name: String,
    /// The time of the last write, by the store's clock.
    pub modified: DateTime<Utc>,
}

/// The objects of a folder, read as they are asked for.
pub(crate) type Listing = BoxStream<'static, Result<ListedObject, StoreError>>;

/// Where the objects are.
#[derive(Debug, Clone)]
pub(super) enum Backend {
    /// In a local folder.
    Folder(Arc<Folder>),
    /// In an object store.
    Objects(Arc<dyn ObjectStore>),
    /// Nowhere. On Azure, a local folder would be lost with the instance.
    LocalOnAzure,
}

impl Backend {
    pub(super) fn usable(&self) -> Result<(), StoreError> {
        match self {
            Self::Folder(_) | Self::Objects(_) => Ok(()),
            Self::LocalOnAzure => Err(StoreError::LocalOnAzure),
        }
    }

    async fn readable(&self) -> Result<Arc<dyn ObjectStore>, StoreError> {
        match self {
            Self::Folder(folder) => folder.readable().await,
            Self::Objects(objects) => Ok(Arc::clone(objects)),
            Self::LocalOnAzure => Err(StoreError::LocalOnAzure),
        }
    }

    /// The objects to write to, and how often a write is repeated.
    async fn writable(&self) -> Result<(Arc<dyn ObjectStore>, usize), StoreError> {
        match self {
            Self::Folder(folder) => Ok((folder.writable().await?, FOLDER_RETRIES)),
            Self::Objects(objects) => Ok((Arc::clone(objects), 0)),
            Self::LocalOnAzure => Err(StoreError::LocalOnAzure),
        }
    }

    pub(super) async fn create<T: Serialize + Sync>(&self, name: &str, value: &T) -> Result<Creation, StoreError> {
        match self.put(name, value, PutMode::Create).await {
            Ok(()) => Ok(Creation::Created),
            Err(StoreError::Failed { source: object_store::Error::AlreadyExists { .. }, .. }) => {
                Ok(Creation::AlreadyExists)
            }
            Err(error) => Err(error),
        }
    }

    pub(super) async fn overwrite<T: Serialize + Sync>(&self, name: &str, value: &T) -> Result<(), StoreError> {
        self.put(name, value, PutMode::Overwrite).await
    }

    async fn put<T: Serialize + Sync>(&self, name: &str, value: &T, mode: PutMode) -> Result<(), StoreError> {
        let bytes = serde_json::to_vec(value).map_err(corrupt(name))?;
        let options = PutOptions { mode, ..PutOptions::default() };
        let (at, payload) = (Path::from(name), PutPayload::from(bytes));
        let (objects, retries) = self.writable().await?;
        let mut put = objects.put_opts(&at, payload.clone(), options.clone()).await;
        for _ in 0..retries {
            // An empty folder is deleted, perhaps at the moment when this write needs it.
            if matches!(put, Err(object_store::Error::Generic { .. })) {
                put = objects.put_opts(&at, payload.clone(), options.clone()).await;
            }
        }
        put.map(|_| ()).map_err(failed("write", name))
    }

    pub(super) async fn read<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, StoreError> {
        let answer = match self.readable().await?.get(&Path::from(name)).await {
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            answer => answer.map_err(failed("read", name))?,
        };
        let bytes = answer.bytes().await.map_err(failed("read", name))?;
        let value = serde_json::from_slice(&bytes);
        value.map(Some).map_err(corrupt(name))
    }

    pub(super) async fn exists(&self, name: &str) -> Result<bool, StoreError> {
        match self.readable().await?.head(&Path::from(name)).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(source) => Err(failed("look for", name)(source)),
        }
    }

    pub(super) async fn listing(&self, folder: &str) -> Result<Listing, StoreError> {
        let objects = self.readable().await?;
        let listing = objects.list(Some(&Path::from(folder)));
        let folder = folder.to_owned();
        let listed =
            listing.map_ok(|meta| ListedObject { name: meta.location.to_string(), modified: meta.last_modified });
        Ok(listed.map_err(move |source| failed("list", &folder)(source)).boxed())
    }

    pub(super) async fn delete(&self, name: &str) -> Result<(), StoreError> {
        match self.readable().await?.delete(&Path::from(name)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(source) => Err(failed("delete", name)(source)),
        }
    }

    /// Deletes what killed writes left; returns how many. Only a folder has such leftovers.
    pub(super) async fn sweep(&self, now: DateTime<Utc>) -> usize {
        let Self::Folder(folder) = self else { return 0 };
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
