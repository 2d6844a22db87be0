//! The part of the store that one room owns: the only way in which rooms reach objects.

use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::backend::{Backend, Creation, ListedObject, Listing};
use super::error::StoreError;
use super::namespace::Namespace;

/// One room's part of the store. Cheap to clone. Names are full ones (`reservations/a/0-0.json`); a name that is not
/// the room's own is [`StoreError::NotOwned`].
#[derive(Debug, Clone)]
pub(crate) struct RoomStore {
    backend: Backend,
    namespace: &'static Namespace,
}

impl RoomStore {
    pub(super) fn new(backend: Backend, namespace: &'static Namespace) -> Self {
        Self { backend, namespace }
    }

    /// The backend, if the object is this room's own.
    fn object(&self, name: &str) -> Result<&Backend, StoreError> {
        self.backend_if(self.namespace.has_object(name), name)
    }

    fn backend_if(&self, is_own: bool, name: &str) -> Result<&Backend, StoreError> {
        let not_owned = || StoreError::NotOwned { room: self.namespace.room(), name: name.to_owned() };
        is_own.then_some(&self.backend).ok_or_else(not_owned)
    }

    /// Writes an object that must not exist yet.
    pub(crate) async fn create<T: Serialize + Sync>(&self, name: &str, value: &T) -> Result<Creation, StoreError> {
        self.object(name)?.create(name, value).await
    }

    /// Writes an object, even if it exists. Only for `cursor.json`, and for objects that cannot be used as they are.
    pub(crate) async fn overwrite<T: Serialize + Sync>(&self, name: &str, value: &T) -> Result<(), StoreError> {
        self.object(name)?.overwrite(name, value).await
    }

    /// Reads an object; `None` if there is none.
    pub(crate) async fn read<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, StoreError> {
        self.object(name)?.read(name).await
    }

    /// Whether there is such an object.
    pub(crate) async fn exists(&self, name: &str) -> Result<bool, StoreError> {
        self.object(name)?.exists(name).await
    }

    /// Every object in a folder of the room, at any depth (whole name parts: `pending` does not find `pending2/…`).
    pub(crate) async fn list(&self, folder: &str) -> Result<Vec<ListedObject>, StoreError> {
        self.listing(folder).await?.try_collect().await
    }

    /// The same objects one after the other, for folders that may hold more than there is memory for.
    pub(crate) async fn listing(&self, folder: &str) -> Result<Listing, StoreError> {
        self.backend_if(self.namespace.has_folder(folder), folder)?.listing(folder).await
    }

    /// Deletes an object. It is not an error if there is none.
    pub(crate) async fn delete(&self, name: &str) -> Result<(), StoreError> {
        self.object(name)?.delete(name).await
    }

    /// Whether the store can be used at all. If not, every operation answers the same error.
    pub(crate) fn usable(&self) -> Result<(), StoreError> {
        self.backend.usable()
    }

    /// Deletes what killed writes left beside their objects longer than an hour before `now`, in the whole store; says
    /// how many. What cannot be deleted stays and is tried again by the next sweep.
    pub(crate) async fn sweep(&self, now: DateTime<Utc>) -> usize {
        self.backend.sweep(now).await
    }
}
