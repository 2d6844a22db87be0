//! One writer at a time: a file beside the list that is created exclusively and goes away with the writer.
//!
//! A writer that was killed leaves its file behind. Nobody can tell from outside whether it still runs (it may be on
//! another machine), so whoever comes next waits for a while, and is then told which file to delete.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::edit::{EditError, beside};
use crate::files;

/// How long one waits before the next look.
const PAUSE: Duration = Duration::from_millis(10);

/// How much is read of what a holder wrote, in bytes.
const MAX_HOLDER: u64 = 20;

/// The right to write a list, until it is dropped.
#[derive(Debug)]
pub(super) struct WriteLock {
    path: PathBuf,
}

impl WriteLock {
    /// Takes the lock, for which it waits as long as `patience`.
    pub(super) fn take(list: &Path, patience: Duration) -> Result<Self, EditError> {
        let path = beside(list, "lock");
        let looks = patience.as_millis() / PAUSE.as_millis();
        for look in 0..=looks {
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(mut file) => {
                    // It is only said for whoever waits.
                    let _ = write!(file, "{}", std::process::id());
                    return Ok(Self { path });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(source) => return Err(EditError::Write { path, source }),
            }
            if look < looks {
                std::thread::sleep(PAUSE);
            }
        }
        Err(EditError::Locked { holder: holder(&path), lock: path })
    }
}

impl Drop for WriteLock {
    fn drop(&mut self) {
        // What cannot be deleted is found by the next one, with its remedy.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// The process that holds a lock, as far as it says so.
fn holder(lock: &Path) -> String {
    let text = files::read(lock, MAX_HOLDER).ok().and_then(|content| String::from_utf8(content.bytes).ok());
    let number = text.and_then(|text| text.trim().parse::<u32>().ok());
    number.map_or_else(|| "another process".to_owned(), |number| format!("the process {number}"))
}
