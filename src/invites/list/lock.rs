//! One writer at a time: an exclusive lock of the operating system on a file beside the list.
//!
//! The system frees the lock when the process ends, however it ends: a writer that was killed stops nobody. The file
//! that it leaves is not locked; the next writer takes it over and deletes it. The list itself is not locked: it is
//! replaced by a rename, and on some network drives nobody else could read it meanwhile.
//!
//! A writer deletes the lock file while it has the lock. Another writer may have opened that file before, and then gets
//! the lock of a deleted file. So after locking, each writer checks that the path still names the file that it locked.
//! If not, it starts again.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::edit_error::EditError;
use crate::files::{self, Version};

/// The pause between two attempts: the system's own waiting has no time limit.
const PAUSE: Duration = Duration::from_millis(10);

/// How many bytes of the lock file are read, to find out who holds the lock.
const MAX_HOLDER: u64 = 20;

/// The exclusive right to write a list. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct WriteLock {
    path: PathBuf,
    /// The lock lasts as long as this file is open.
    _locked: File,
}

impl WriteLock {
    /// Takes the lock; waits for other writers as long as `patience`.
    pub(super) fn take(list: &Path, patience: Duration) -> Result<Self, EditError> {
        let path = lock_file(list);
        let attempts = patience.as_millis() / PAUSE.as_millis();
        for attempt in 0..=attempts {
            match open(&path).and_then(|file| claim(file, &path)) {
                Ok(Some(locked)) => return Ok(Self { path, _locked: locked }),
                Ok(None) if attempt < attempts => std::thread::sleep(PAUSE),
                Ok(None) => {}
                Err(source) => return Err(EditError::Write { path, source }),
            }
        }
        Err(EditError::Locked { holder: holder(&path), path: list.to_owned() })
    }
}

impl Drop for WriteLock {
    fn drop(&mut self) {
        // On other systems an open file cannot be deleted, or blocks its name until it is closed.
        if cfg!(unix) {
            // If this fails, the file stays, but without a lock it stops nobody.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// The file beside a list that writers lock: `invites.csv.lock`.
fn lock_file(list: &Path) -> PathBuf {
    let mut name = list.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

/// Opens the lock file, and creates it if there is none. It is opened for reading, too, since otherwise a named pipe of
/// this name would block.
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
}

/// Locks the opened file; `None`: another writer has it, or has deleted it since it was opened.
fn claim(mut file: File, path: &Path) -> io::Result<Option<File>> {
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(error)) => return Err(error),
    }
    if !is_still_at(&file, path)? {
        return Ok(None);
    }
    // The number is for the error of writers that wait too long. If it cannot be written, that error only says less.
    let _ = file.set_len(0).and_then(|()| write!(file, "{}", std::process::id()));
    Ok(Some(file))
}

/// Whether the path names this very file.
fn is_still_at(file: &File, path: &Path) -> io::Result<bool> {
    let own = Version::of(&file.metadata()?).place;
    match std::fs::metadata(path) {
        Ok(found) => Ok(Version::of(&found).place == own),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// The process that holds a lock, as far as it says so.
fn holder(lock: &Path) -> String {
    let text = files::read(lock, MAX_HOLDER).ok().and_then(|content| String::from_utf8(content.bytes).ok());
    let number = text.and_then(|text| text.trim().parse::<u32>().ok());
    number.map_or_else(|| "another process".to_owned(), |number| format!("the process {number}"))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_lock_of_a_file_that_was_deleted_or_replaced_is_worth_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("invites.csv.lock");
        let claimed = claim(open(&path).unwrap(), &path).unwrap();
        assert!(claimed.is_some() && claim(open(&path).unwrap(), &path).unwrap().is_none(), "one at a time");
        let late = open(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        drop(claimed);
        assert!(claim(late.try_clone().unwrap(), &path).unwrap().is_none(), "deleted");
        let next = open(&path).unwrap();
        assert!(claim(late, &path).unwrap().is_none(), "replaced");
        assert!(claim(next, &path).unwrap().is_some());
    }
}
