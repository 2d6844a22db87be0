//! A new file in the place of a list's, by a rename in its folder.
//!
//! The new file has a hidden name that is drawn at random, so that nothing that others keep beside the list is touched.
//! By the name also what a killed writer left is told; the next one deletes it when it is an hour old.

use std::ffi::OsString;
use std::fs::{DirEntry, File, FileTimes, Metadata, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, SystemTime};

use aws_lc_rs::rand::{SecureRandom, SystemRandom};

use super::edit_error::EditError;
use crate::files::Version;

/// How many hex digits a name's random part has.
const DIGITS: usize = 16;

/// How old a file is that nobody writes any more.
const LEFT_BEHIND: Duration = Duration::from_hours(1);

/// Puts a new file into the place of one that is still as it was.
pub(super) fn replace(path: &Path, old: &Metadata, content: &[u8]) -> Result<(), EditError> {
    let mut name = beginning(path);
    name.push(random().map_err(|source| EditError::Write { path: path.to_owned(), source })?);
    let new = path.with_file_name(name);
    let failed = |source| EditError::Write { path: new.clone(), source };
    let file = private(&new).map_err(failed)?;
    let replaced = write(file, old, content).map_err(failed).and_then(|()| move_over(&new, path, Version::of(old)));
    if replaced.is_err() {
        // What cannot be deleted now, a later writer deletes.
        let _ = std::fs::remove_file(&new);
    } else {
        delete_leftovers(path);
    }
    replaced
}

/// How the names of the new files begin: `.invites.csv.guestlist-`.
fn beginning(list: &Path) -> OsString {
    let mut name = OsString::from(".");
    name.push(list.file_name().unwrap_or_default());
    name.push(".guestlist-");
    name
}

fn random() -> io::Result<String> {
    let mut bytes = [0; DIGITS / 2];
    SystemRandom::new().fill(&mut bytes).map_err(|_| io::Error::other("the system gives no random numbers"))?;
    Ok(format!("{:0DIGITS$x}", u64::from_be_bytes(bytes)))
}

/// Deletes what killed writers of a list left, as far as it can be. The list was written just now.
fn delete_leftovers(list: &Path) {
    let now = std::fs::metadata(list).and_then(|list| list.modified());
    let before = now.ok().and_then(|now| now.checked_sub(LEFT_BEHIND));
    let (Some(before), Some(Ok(entries))) = (before, list.parent().map(std::fs::read_dir)) else { return };
    let beginning = beginning(list);
    for entry in entries.flatten().filter(|entry| is_leftover(entry, &beginning, before)) {
        let _ = std::fs::remove_file(entry.path());
    }
}

/// Whether a file, and no link, has such a name and was last written before then.
fn is_leftover(entry: &DirEntry, beginning: &OsString, before: SystemTime) -> bool {
    let is_digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let name = entry.file_name();
    let id = name.as_encoded_bytes().strip_prefix(beginning.as_encoded_bytes());
    id.is_some_and(|id| id.len() == DIGITS && id.iter().all(is_digit))
        && entry.file_type().is_ok_and(|kind| kind.is_file())
        && entry.metadata().and_then(|file| file.modified()).is_ok_and(|modified| modified < before)
}

/// Writes a file that is for the same people as another one.
fn write(mut file: File, like: &Metadata, content: &[u8]) -> io::Result<()> {
    give_to_owner_of(&file, like)?;
    file.set_permissions(like.permissions())?;
    file.write_all(content)?;
    // Where times cannot be set, the service may only use the list one look later.
    let _ = mark_as_complete(&file);
    file.sync_all()
}

/// Sets the time of the content a little back, so that it is before the time of the last change. Who reads the list then
/// sees that nothing was written after that.
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
