//! Reads files that other people write: as a whole, up to a size limit, and only if they are regular files.
//!
//! Anything else is an error and is never waited for: opening a named pipe would block, and a device may have no end.
//! So the kind is checked before the file is opened, the file is opened without waiting, and the kind is checked again.
//! The limit is enforced while reading, whatever size is reported. A file that changes while it is read is an error of
//! its own. If the file system hangs, these functions hang: callers that cannot wait use another thread.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::path::Path;
use std::time::SystemTime;

/// How often a file is read that changes each time while it is read.
const TRIES: usize = 3;

/// `O_NONBLOCK`: opening a named pipe does not wait for its writer. It has no effect on regular files.
#[cfg(any(target_os = "linux", target_os = "android"))]
const DO_NOT_WAIT: i32 = 0o4000;
#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
const DO_NOT_WAIT: i32 = 0x4;

/// Why a file cannot be used. Each text can follow the file's name.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    /// The system's own error.
    #[error("{0}")]
    System(#[from] io::Error),
    /// It is no regular file; the text says what it is.
    #[error("it is {0}, not a file")]
    NotAFile(&'static str),
    /// It has more bytes than may be read.
    #[error("it has more than {0} bytes")]
    TooLarge(u64),
    /// Somebody was writing it.
    #[error("it changed while it was read")]
    Changed,
}

/// Tells one version of a file from another, as far as the file system can.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Version {
    /// Device and inode.
    pub place: Option<(u64, u64)>,
    /// In bytes.
    pub length: u64,
    /// When its content was last written. The owner of the file can set it to any time.
    pub modified: Option<SystemTime>,
    /// When anything about it was last changed, a rename included: seconds and nanoseconds since 1970. Nobody can set
    /// it.
    pub changed: Option<(i64, i64)>,
    /// When the file was created.
    pub born: Option<SystemTime>,
}

impl Version {
    /// The version that the metadata show.
    #[must_use]
    pub(crate) fn of(file: &Metadata) -> Self {
        #[cfg(unix)]
        let (place, changed) = {
            use std::os::unix::fs::MetadataExt;
            (Some((file.dev(), file.ino())), Some((file.ctime(), file.ctime_nsec())))
        };
        #[cfg(not(unix))]
        let (place, changed) = (None, None);
        Self { place, length: file.len(), modified: file.modified().ok(), changed, born: file.created().ok() }
    }

    /// Whether this is another file than `other`, moved into its place by a rename: not the same file, written again.
    ///
    /// A file that is deleted and created again has another inode as well, and may still be incomplete. So the last
    /// change must be no write: the rename came after it. A rename on the same tick of the file system's clock is not
    /// noticed. File systems give an inode to a new file as soon as the old one is gone. So with the same inode the
    /// time of birth must differ. (A layered file system changes a file's time of birth at the first write.)
    #[must_use]
    pub(crate) fn is_another_file_than(&self, other: &Self) -> bool {
        if self.place.is_none() || other.place.is_none() {
            return false;
        }
        let born_again = self.born.is_some() && other.born.is_some() && self.born != other.born;
        (self.place != other.place || born_again) && self.was_changed_after_writing()
    }

    fn was_changed_after_writing(&self) -> bool {
        let written = self.modified.and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok());
        let written = written.and_then(|at| Some((i64::try_from(at.as_secs()).ok()?, i64::from(at.subsec_nanos()))));
        written.zip(self.changed).is_some_and(|(written, changed)| written < changed)
    }
}

/// A file's bytes, and the version of the file that they are from.
#[derive(Debug)]
pub(crate) struct Content {
    /// The whole content.
    pub bytes: Vec<u8>,
    /// The version, which was the same before and after reading.
    pub version: Version,
}

/// Opens a regular file for reading, and never waits for anything else.
pub(crate) fn open(path: &Path) -> Result<(File, Metadata), FileError> {
    must_be_regular(&std::fs::metadata(path)?)?;
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, DO_NOT_WAIT);
    let file = options.open(path)?;
    let metadata = file.metadata()?;
    must_be_regular(&metadata)?;
    Ok((file, metadata))
}

/// Reads a regular file of at most `limit` bytes. A file that changes meanwhile is read again, three times in all.
pub(crate) fn read(path: &Path, limit: u64) -> Result<Content, FileError> {
    for _ in 1..TRIES {
        match read_once(path, limit) {
            Err(FileError::Changed) => {}
            done => return done,
        }
    }
    read_once(path, limit)
}

fn read_once(path: &Path, limit: u64) -> Result<Content, FileError> {
    let (file, metadata) = open(path)?;
    read_opened(file, &metadata, limit)
}

/// Reads a file that was opened when it had these metadata.
pub(crate) fn read_opened(mut file: File, metadata: &Metadata, limit: u64) -> Result<Content, FileError> {
    if metadata.len() > limit {
        return Err(FileError::TooLarge(limit));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default());
    (&mut file).take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    let length = bytes.len() as u64;
    if length > limit {
        return Err(FileError::TooLarge(limit));
    }
    let version = Version::of(&file.metadata()?);
    if version != Version::of(metadata) || version.length != length {
        return Err(FileError::Changed);
    }
    Ok(Content { bytes, version })
}

fn must_be_regular(file: &Metadata) -> Result<(), FileError> {
    if file.is_file() { Ok(()) } else { Err(FileError::NotAFile(kind(file))) }
}

#[cfg(unix)]
fn kind(file: &Metadata) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    let kind = file.file_type();
    match () {
        () if kind.is_dir() => "a folder",
        () if kind.is_fifo() => "a named pipe",
        () if kind.is_socket() => "a socket",
        () => "a device",
    }
}

#[cfg(not(unix))]
fn kind(file: &Metadata) -> &'static str {
    if file.is_dir() { "a folder" } else { "a device" }
}

#[cfg(test)]
mod tests;
