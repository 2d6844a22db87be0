//! Stores for tests, and their view of every object.

use std::path::Path;
use std::sync::Arc;

use futures_util::TryStreamExt;
use object_store::ObjectStore;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::backend::Backend;
use super::folder::Folder;
use super::{Creation, ListedObject, Namespace, StateStore, StoreError};

impl StateStore {
    /// A store that is gone with the process.
    pub(crate) fn in_memory() -> Self {
        Self::for_rehearsal()
    }

    /// A store in a folder that no room has registered anything for.
    pub(crate) fn local(folder: &Path) -> Self {
        Self::local_for(folder, &[])
    }

    /// A store in a folder, for these namespaces.
    pub(crate) fn local_for(folder: &Path, namespaces: &'static [&'static Namespace]) -> Self {
        Self { backend: Backend::Folder(Arc::new(Folder::new(folder, namespaces))) }
    }

    /// A store over any object store.
    pub(crate) fn over(objects: Arc<dyn ObjectStore>) -> Self {
        Self { backend: Backend::Objects(objects) }
    }

    /// A store that can never be used.
    pub(crate) fn unusable() -> Self {
        Self { backend: Backend::LocalOnAzure }
    }
}

/// Tests look at the objects of every room.
impl StateStore {
    pub(crate) async fn create<T: Serialize + Sync>(&self, name: &str, value: &T) -> Result<Creation, StoreError> {
        self.backend.create(name, value).await
    }

    pub(crate) async fn overwrite<T: Serialize + Sync>(&self, name: &str, value: &T) -> Result<(), StoreError> {
        self.backend.overwrite(name, value).await
    }

    pub(crate) async fn read<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, StoreError> {
        self.backend.read(name).await
    }

    pub(crate) async fn exists(&self, name: &str) -> Result<bool, StoreError> {
        self.backend.exists(name).await
    }

    pub(crate) async fn list(&self, folder: &str) -> Result<Vec<ListedObject>, StoreError> {
        self.backend.listing(folder).await?.try_collect().await
    }

    pub(crate) async fn delete(&self, name: &str) -> Result<(), StoreError> {
        self.backend.delete(name).await
    }
}
