//! Adding lines to a list's file.
//!
//! The file is replaced as a whole, by a rename in its folder, so that whoever reads it finds the old list or the new
//! one. The new one is read first as the service would read it: what would be skipped is not written, nor what would
//! change the meaning of a line that is there. Writers wait for each other (`lock.rs`); who writes the file without the
//! lock, an editor say, is noticed until the moment of the rename.

use std::fs::{File, FileTimes, Metadata, OpenOptions};
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Settings;
use super::lock::Lock;
use super::reading::unreadable;
use crate::files::{self, FileError, Version};
use crate::invites::csv_reader::{self, LineProblem, ListError, Reading, UnendedLine};
use crate::invites::csv_writer::{self, BadCell, NewLine};

/// What was added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Added {
    /// The lines' numbers, from 1 with the header.
    pub lines: Range<u64>,
    /// What is to be said about them, though they are used.
    pub remarks: Vec<LineProblem>,
}

/// Why nothing was added.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The list as it is cannot be used.
    #[error(transparent)]
    List(#[from] ListError),
    /// A cell cannot be written.
    #[error(transparent)]
    Cell(#[from] BadCell),
    /// There is a line with that rule.
    #[error("line {line} already invites the same: change that line")]
    AlreadyInvited {
        /// The first such line.
        line: u64,
    },
    /// The reader would skip a new line.
    #[error("nothing was added, since the new line {problem}")]
    Unusable {
        /// What the reader says.
        problem: String,
    },
    /// A line that is skipped would be used, or the other way round.
    #[error("with more columns, line {line} would mean something else: correct that line first")]
    Unsettled {
        /// The line.
        line: u64,
    },
    /// The service would not read so large a list.
    #[error("with the new lines the list would have more than max_bytes, which is {max_bytes}")]
    TooLarge {
        /// The limit.
        max_bytes: u64,
    },
    /// Another writer has the lock.
    #[error("{holder} is writing the list: try again, or delete {} if no such process runs any more", lock.display())]
    Locked {
        /// The lock's file.
        lock: PathBuf,
        /// Who holds it.
        holder: String,
    },
    /// The file was marked so.
    #[error("{} is read-only: allow writing it first", path.display())]
    ReadOnly {
        /// The list's file.
        path: PathBuf,
    },
    /// Somebody else wrote the file meanwhile.
    #[error("{} was changed by somebody else meanwhile: try again", path.display())]
    Changed {
        /// The list's file.
        path: PathBuf,
    },
    /// A file cannot be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// Adds lines to a list's file, and waits for other writers as long as `patience`.
pub fn add(settings: &Settings, lines: &[NewLine], patience: Duration) -> Result<Added, EditError> {
    let failed = |error: FileError| EditError::List(unreadable(&error));
    // The file itself, not a link to it, is to be replaced.
    let path = settings.path.canonicalize().map_err(|error| failed(error.into()))?;
    let _lock = Lock::take(&path, patience)?;
    let (file, old) = files::open(&path).map_err(failed)?;
    if old.permissions().readonly() {
        return Err(EditError::ReadOnly { path });
    }
    let list = files::read_opened(file, &old, settings.max_bytes).map_err(|error| match error {
        FileError::Changed => EditError::Changed { path: path.clone() },
        error => failed(error),
    })?;
    let (written, added) = with_lines(&list.bytes, lines, &settings.reading)?;
    if written.len() as u64 > settings.max_bytes {
        return Err(EditError::TooLarge { max_bytes: settings.max_bytes });
    }
    replace(&path, &old, &written)?;
    Ok(added)
}

/// The list with the lines, if it means what it meant, and them besides.
fn with_lines(list: &[u8], lines: &[NewLine], reading: &Reading) -> Result<(Vec<u8>, Added), EditError> {
    let (before, old_problems) = csv_reader::read(list, reading, UnendedLine::Used)?;
    let rules = lines.iter().filter(|line| line.code.is_none()).filter_map(|line| line.rule.as_ref());
    if let Some(line) = rules.filter_map(|rule| before.line_of(rule)).min() {
        return Err(EditError::AlreadyInvited { line });
    }
    let (columns, _) = csv_reader::columns(csv_reader::lines(list).next().unwrap_or_default(), reading)?;
    let (written, first) = csv_writer::append(list, &columns, lines)?;
    let (after, problems) = csv_reader::read(&written, reading, UnendedLine::Used)?;
    let (new, old): (Vec<_>, Vec<_>) = problems.into_iter().partition(|problem| problem.line >= first);
    if let Some(line) = unsettled(&old_problems, &old) {
        return Err(EditError::Unsettled { line });
    }
    if let Some(bad) = new.iter().find(|problem| !problem.used) {
        return Err(EditError::Unusable { problem: bad.problem.clone() });
    }
    if after.len() != before.len() + lines.len() {
        return Err(EditError::Unusable { problem: "is empty".to_owned() });
    }
    Ok((written, Added { lines: first..first + lines.len() as u64, remarks: new }))
}

/// The first line that is skipped in one of two readings only.
fn unsettled(before: &[LineProblem], after: &[LineProblem]) -> Option<u64> {
    let skipped = |problems: &[LineProblem]| -> Vec<u64> {
        problems.iter().filter(|problem| !problem.used).map(|problem| problem.line).collect()
    };
    let (before, after) = (skipped(before), skipped(after));
    before
        .iter()
        .filter(|line| !after.contains(line))
        .chain(after.iter().filter(|line| !before.contains(line)))
        .min()
        .copied()
}

/// A file's neighbour: `invites.csv.lock`.
pub(super) fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}

/// Puts a new file into the place of one that is still as it was.
fn replace(path: &Path, old: &Metadata, content: &[u8]) -> Result<(), EditError> {
    let new = beside(path, "new");
    let replaced = write(&new, old, content)
        .map_err(|source| EditError::Write { path: new.clone(), source })
        .and_then(|()| move_over(&new, path, Version::of(old)));
    if replaced.is_err() {
        // The next one writes over it anyway.
        let _ = std::fs::remove_file(&new);
    }
    replaced
}

/// Writes a file that is for the same people as another one.
fn write(path: &Path, like: &Metadata, content: &[u8]) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = private(path)?;
    give_to_owner_of(&file, like)?;
    file.set_permissions(like.permissions())?;
    file.write_all(content)?;
    // Where times cannot be set, the service may only use the list one look later.
    let _ = mark_as_complete(&file);
    file.sync_all()
}

/// Sets the time of the content a little back, so that it is before the time of the last change. Who reads the list then
/// sees that nothing was written after that, even if the file gets the inode of one that is gone.
fn mark_as_complete(file: &File) -> io::Result<()> {
    let written = file.metadata()?.modified()?;
    let earlier = written.checked_sub(Duration::from_millis(1)).unwrap_or(written);
    file.set_times(FileTimes::new().set_modified(earlier))
}

fn move_over(new: &Path, path: &Path, seen: Version) -> Result<(), EditError> {
    let failed = |source| EditError::Write { path: path.to_owned(), source };
    if Version::of(&std::fs::metadata(path).map_err(failed)?) != seen {
        return Err(EditError::Changed { path: path.to_owned() });
    }
    std::fs::rename(new, path).map_err(failed)?;
    // The list is in its place; that the folder says so after a power cut can only be asked for.
    let _ = path.parent().map(File::open).map(|folder| folder.and_then(|folder| folder.sync_all()));
    Ok(())
}

/// A new file that nobody else can open.
fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Lets a file belong to whom another one belongs to. Without it the service might not be able to read its list.
#[cfg(unix)]
fn give_to_owner_of(file: &File, like: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    let own = file.metadata()?;
    if (own.uid(), own.gid()) == (like.uid(), like.gid()) {
        return Ok(());
    }
    std::os::unix::fs::fchown(file, Some(like.uid()), Some(like.gid()))
}

#[cfg(not(unix))]
fn give_to_owner_of(_: &File, _: &Metadata) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests;
