//! The state folder: made when something is first written, and kept for its owner only.
//!
//! Reading changes nothing: a folder that is not there counts as empty.
//!
//! `object_store` makes folders and files with the usual modes of the process, so only the top folder keeps other users
//! out. It is checked before every write. If it is gone, it is made again, for its owner only. If others can open it
//! and it holds nothing but state, it is closed to them. If it also holds something else (a mistake such as `/tmp`), it
//! is left as it is, with one log line.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;

use super::error::StoreError;
use super::namespace::Namespace;
use super::sweep::is_leftover;

/// A folder that may not be there yet.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) path: PathBuf,
    /// What the rooms keep in it. If the folder holds anything else, it is not for the state alone.
    namespaces: &'static [&'static Namespace],
    objects: OnceLock<Arc<dyn ObjectStore>>,
    /// Whether others can open it and that cannot be changed. The log has said so.
    is_open_to_others: AtomicBool,
}

impl Folder {
    pub(super) fn new(path: &Path, namespaces: &'static [&'static Namespace]) -> Self {
        Self { path: path.to_owned(), namespaces, objects: OnceLock::new(), is_open_to_others: AtomicBool::new(false) }
    }

    /// The objects in it, for reading.
    pub(super) async fn readable(self: &Arc<Self>) -> Result<Arc<dyn ObjectStore>, StoreError> {
        match self.objects.get() {
            Some(objects) => Ok(Arc::clone(objects)),
            None => self.run_blocking(Self::open_for_reading).await,
        }
    }

    /// The objects in it, for writing. Before that, the folder is made if necessary, and closed to others.
    pub(super) async fn writable(self: &Arc<Self>) -> Result<Arc<dyn ObjectStore>, StoreError> {
        self.run_blocking(Self::open_for_writing).await
    }

    async fn run_blocking(
        self: &Arc<Self>,
        operation: impl FnOnce(&Self) -> std::io::Result<Arc<dyn ObjectStore>> + Send + 'static,
    ) -> Result<Arc<dyn ObjectStore>, StoreError> {
        let folder = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || operation(&folder)).await;
        done.unwrap_or_else(|error| Err(std::io::Error::other(error)))
            .map_err(|source| StoreError::Folder { folder: self.path.display().to_string(), source })
    }

    /// The objects of the folder as it is; none if it is not there.
    fn open_for_reading(&self) -> std::io::Result<Arc<dyn ObjectStore>> {
        match std::fs::metadata(&self.path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Arc::new(InMemory::new())),
            Ok(found) if !found.is_dir() => Err(std::io::Error::other("something else has its name")),
            found => found.and_then(|_| self.open()),
        }
    }

    /// Makes the folder if it is not there, closes it to others, and opens it.
    pub(super) fn open_for_writing(&self) -> std::io::Result<Arc<dyn ObjectStore>> {
        make_private(&self.path)?;
        if !self.is_open_to_others.load(Ordering::Relaxed)
            && let Err(reason) = self.restrict_to_owner()
        {
            self.is_open_to_others.store(true, Ordering::Relaxed);
            let folder = self.path.display();
            tracing::warn!(event = "state-folder-open", %folder, %reason);
        }
        self.open()
    }

    /// Whether an entry of the top folder belongs to the state.
    fn is_ours(&self, name: &str) -> bool {
        let mut ours = self.namespaces.iter().flat_map(|namespace| namespace.names());
        ours.any(|own| own.split('/').next() == Some(name)) || is_leftover(name)
    }

    /// Takes the folder's rights from everybody but its owner; fails if that cannot or should not be done.
    #[cfg(unix)]
    fn restrict_to_owner(&self) -> std::io::Result<()> {
        use std::os::unix::fs::PermissionsExt;
        let mut permissions = std::fs::metadata(&self.path)?.permissions();
        let private = permissions.mode() & !0o077;
        if permissions.mode() == private {
            return Ok(());
        }
        for entry in std::fs::read_dir(&self.path)? {
            if !self.is_ours(&entry?.file_name().to_string_lossy()) {
                let reason =
                    "others can open it, and it is not for the state alone: name a folder of its own in state.url";
                return Err(std::io::Error::other(reason));
            }
        }
        permissions.set_mode(private);
        std::fs::set_permissions(&self.path, permissions)
    }

    /// On other systems a folder inherits its rights, so there is nothing to do.
    #[cfg(not(unix))]
    fn restrict_to_owner(&self) -> std::io::Result<()> {
        Ok(())
    }

    fn open(&self) -> std::io::Result<Arc<dyn ObjectStore>> {
        if let Some(objects) = self.objects.get() {
            return Ok(Arc::clone(objects));
        }
        let files = LocalFileSystem::new_with_prefix(&self.path).map_err(std::io::Error::other)?;
        Ok(Arc::clone(self.objects.get_or_init(|| Arc::new(files.with_automatic_cleanup(true)))))
    }
}

/// Makes the folder and those above it, if they are not there, for their owner only.
fn make_private(folder: &Path) -> std::io::Result<()> {
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
mod tests {
    use crate::storage::{Namespace, StateStore};

    const OWN: Namespace = Namespace::new("tests", &["reservations", "admissions/deep"], &["cursor.json"]);

    #[tokio::test]
    async fn whoever_only_reads_makes_no_folder() {
        let above = tempfile::tempdir().unwrap();
        let path = above.path().join("state");
        let store = StateStore::local(&path);
        assert!(store.list("reservations").await.unwrap().is_empty());
        assert_eq!(store.read::<u8>("cursor.json").await.unwrap(), None);
        assert!(!store.exists("cursor.json").await.unwrap());
        store.delete("cursor.json").await.unwrap();
        assert!(!path.exists());
        StateStore::local(&path).overwrite("cursor.json", &1).await.unwrap();
        assert_eq!(store.read::<u8>("cursor.json").await.unwrap(), Some(1), "somebody else has made it meanwhile");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn whoever_only_reads_leaves_the_rights_as_they_are() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let mode = || std::fs::metadata(folder.path()).unwrap().permissions().mode() & 0o777;
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        std::fs::write(folder.path().join("cursor.json"), "1").unwrap();
        let store = StateStore::local_for(folder.path(), &[&OWN]);
        assert_eq!((store.read::<u8>("cursor.json").await.unwrap(), mode()), (Some(1), 0o755));
        store.overwrite("reservations/a/0-0.json", &1).await.unwrap();
        store.overwrite("admissions/a.json", &1).await.unwrap();
        assert_eq!(mode(), 0o700);
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        store.overwrite("cursor.json", &2).await.unwrap();
        assert_eq!(mode(), 0o700, "both folders are ours");
    }
}
