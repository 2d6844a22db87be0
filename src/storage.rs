//! The state store: small JSON objects in a local folder, through `object_store`.
//!
//! It exists so that the association of accounts survives any crash, and so that hooks of several processes agree. A
//! folder cannot update an object conditionally, so every object is written once, with create-only semantics. If
//! two processes write the same object, the second one is told [`Creation::AlreadyExists`]. The exceptions are
//! `cursor.json`, which is simply overwritten, and objects that cannot be used as they are.
//!
//! The store is built once, from the configuration. Each room that keeps something in it declares what is its own (its
//! [`Namespace`]), opens that part ([`StateStore::open`]) and reaches nothing else.
//!
//! Invariants: an object is there whole or not at all (it is staged beside its place and then linked); names hold no
//! personal data, contents may, so the folder is kept for its owner only. The folder is opened when it is first needed,
//! so an obstacle that is removed in the meantime does no harm. Writes survive the end of the process, but not
//! always a power cut. What a power cut loses is discovered again within the overlap.
//!
//! A store that is slow makes its caller wait. One that is absent, full or read-only is a [`StoreError`] that names the
//! object and what was being done. One that can never be used answers every operation with the reason; it is never
//! replaced by another. An object that is not the JSON expected is [`StoreError::Corrupt`].

use std::path::PathBuf;
use std::sync::Arc;

use object_store::memory::InMemory;

mod backend;
mod error;
mod folder;
mod namespace;
mod room_store;
mod sweep;

use backend::Backend;
use folder::Folder;

pub(crate) use backend::{Creation, ListedObject, Listing};
pub(crate) use error::StoreError;
pub(crate) use namespace::Namespace;
pub(crate) use room_store::RoomStore;

#[cfg(test)]
pub(crate) use namespace::overlaps;

/// Where the state is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Settings {
    /// In this folder, which is created if it is not there.
    Local(PathBuf),
    /// In a local folder, named or by default, but the process runs on Azure. There a folder does not outlive the
    /// instance, so the store cannot be used.
    LocalOnAzure,
}

/// The store as a whole. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct StateStore {
    backend: Backend,
}

impl StateStore {
    /// The store that the settings name; `namespaces` are those of all rooms that keep something in it. Nothing is
    /// opened yet.
    #[must_use]
    pub(crate) fn from_settings(settings: &Settings, namespaces: &'static [&'static Namespace]) -> Self {
        let backend = match settings {
            Settings::Local(folder) => Backend::Folder(Arc::new(Folder::new(folder, namespaces))),
            Settings::LocalOnAzure => Backend::LocalOnAzure,
        };
        Self { backend }
    }

    /// A store in memory that ends with the process, for playing a sign-up that leaves nothing behind.
    #[must_use]
    pub(crate) fn for_rehearsal() -> Self {
        Self { backend: Backend::Objects(Arc::new(InMemory::new())) }
    }

    /// Whether the store can be used at all. If not, every operation answers the same error.
    pub(crate) fn usable(&self) -> Result<(), StoreError> {
        self.backend.usable()
    }

    /// The part of the store that a room declared as its own.
    #[must_use]
    pub(crate) fn open(&self, namespace: &'static Namespace) -> RoomStore {
        RoomStore::new(self.backend.clone(), namespace)
    }
}

#[cfg(test)]
mod test_support;
#[cfg(test)]
mod tests;
