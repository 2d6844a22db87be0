//! Reads a list's file within a time limit: a file system that hangs must not block the caller.

use std::fmt::Debug;
use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use super::Settings;
use super::changes::ObservedFile;
use crate::files::{self, FileError, Version};
use crate::invites::csv_reader::{self, Header, ListError};

/// How long reading a file may take.
pub(super) const READ_LIMIT: Duration = Duration::from_secs(10);

/// The error's text for a file that takes longer.
pub(super) fn too_slow() -> String {
    format!("reading it takes longer than {} seconds", READ_LIMIT.as_secs())
}

/// The result of reading the file.
#[derive(Debug)]
pub(super) enum FileRead {
    /// The file has the known version; it was not read.
    Unchanged,
    /// The file's bytes.
    Content(Vec<u8>, ObservedFile),
}

/// Where the files of lists are read from: the file system. Tests have one that hangs.
pub(super) trait ListFiles: Debug + Send + Sync {
    /// Reads a list's file, unless it has the known version.
    fn read(&self, settings: &Settings, known: Option<Version>) -> Result<FileRead, FileError>;
}

/// The file system.
#[derive(Debug)]
pub(super) struct FileSystem;

impl ListFiles for FileSystem {
    fn read(&self, settings: &Settings, known: Option<Version>) -> Result<FileRead, FileError> {
        if known.is_some() && known == Some(Version::of(&files::open(&settings.path)?.1)) {
            return Ok(FileRead::Unchanged);
        }
        let content = files::read(&settings.path, settings.max_bytes)?;
        let observed = ObservedFile::of(&content);
        Ok(FileRead::Content(content.bytes, observed))
    }
}

/// Why a list's file cannot be read.
pub(super) fn unreadable(error: &FileError) -> ListError {
    ListError::Read(match error {
        FileError::TooLarge(limit) => format!("it has more than max_bytes, which is {limit}"),
        error => error.to_string(),
    })
}

/// The bytes of a list's file, for commands.
pub(super) fn content(settings: &Settings) -> Result<Vec<u8>, ListError> {
    let own = settings.clone();
    let content = begin(move || files::read(&own.path, own.max_bytes).map_err(|error| unreadable(&error)));
    Ok(content?.wait(READ_LIMIT)?.bytes)
}

/// A list's header that is being read.
#[derive(Debug)]
pub(crate) struct PendingHeader(Result<ReadThread<Header>, ListError>);

/// Begins to read a list's first line.
#[must_use]
pub(crate) fn check(settings: &Settings) -> PendingHeader {
    let own = settings.clone();
    PendingHeader(begin(move || {
        let (file, metadata) = files::open(&own.path).map_err(|error| unreadable(&error))?;
        if metadata.len() > own.max_bytes {
            return Err(unreadable(&FileError::TooLarge(own.max_bytes)));
        }
        csv_reader::check_header(io::BufReader::new(file), &own.options)
    }))
}

impl PendingHeader {
    /// The header, or an error if reading it takes longer.
    pub(crate) fn wait_until(self, until: Instant) -> Result<Header, ListError> {
        self.0?.wait(until.saturating_duration_since(Instant::now()))
    }
}

/// The result of a thread that reads. If nobody waits for it any more, the thread goes on until the file system
/// answers.
#[derive(Debug)]
struct ReadThread<T>(Receiver<Result<T, ListError>>);

fn begin<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, ListError> + Send + 'static,
) -> Result<ReadThread<T>, ListError> {
    let (sender, receiver) = sync_channel(1);
    let thread = std::thread::Builder::new().name("list".to_owned());
    // Sending fails if nobody waits any more.
    let begun = thread.spawn(move || drop(sender.send(read())));
    begun.map(|_| ReadThread(receiver)).map_err(|error| unreadable(&error.into()))
}

impl<T> ReadThread<T> {
    fn wait(self, limit: Duration) -> Result<T, ListError> {
        match self.0.recv_timeout(limit) {
            Ok(read) => read,
            Err(RecvTimeoutError::Timeout) => Err(ListError::Read("the file system does not answer".to_owned())),
            Err(RecvTimeoutError::Disconnected) => Err(ListError::Read("reading it broke off".to_owned())),
        }
    }
}
