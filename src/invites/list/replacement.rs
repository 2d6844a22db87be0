//! Replaces a list's file by a new one, by a rename in its folder.
//!
//! The new file has a hidden, random name, so that no other file beside the list is touched. The name also shows which
//! files a killed writer left. The next writer deletes those that are an hour old.

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

/// How old a new file must be to count as left by a killed writer: no write takes this long.
const LEFTOVER_AGE: Duration = Duration::from_hours(1);

/// Replaces the file, if it is still the one with the `old` metadata.
pub(super) fn replace(path: &Path, old: &Metadata, content: &[u8]) -> Result<(), EditError> {
    let mut name = name_prefix(path);
    name.push(random_digits().map_err(|source| EditError::Write { path: path.to_owned(), source })?);
    let new = path.with_file_name(name);
    let failed = |source| EditError::Write { path: new.clone(), source };
    let file = create_private(&new).map_err(failed)?;
    let replaced = write(file, old, content).map_err(failed).and_then(|()| move_over(&new, path, Version::of(old)));
    if replaced.is_err() {
        // If this fails, a later writer deletes it.
        let _ = std::fs::remove_file(&new);
    } else {
        delete_leftovers(path);
    }
    replaced
}

/// How the names of the new files begin: `.invites.csv.guestlist-`.
fn name_prefix(list: &Path) -> OsString {
    let mut name = OsString::from(".");
    name.push(list.file_name().unwrap_or_default());
    name.push(".guestlist-");
    name
}

fn random_digits() -> io::Result<String> {
    let mut bytes = [0; DIGITS / 2];
    SystemRandom::new().fill(&mut bytes).map_err(|_| io::Error::other("the system gives no random numbers"))?;
    Ok(format!("{:0DIGITS$x}", u64::from_be_bytes(bytes)))
}

/// Deletes what killed writers of a list left, as far as possible. The list was written just now.
fn delete_leftovers(list: &Path) {
    let now = std::fs::metadata(list).and_then(|list| list.modified());
    let before = now.ok().and_then(|now| now.checked_sub(LEFTOVER_AGE));
    let (Some(before), Some(Ok(entries))) = (before, list.parent().map(std::fs::read_dir)) else { return };
    let prefix = name_prefix(list);
    for entry in entries.flatten().filter(|entry| is_leftover(entry, &prefix, before)) {
        let _ = std::fs::remove_file(entry.path());
    }
}

/// Whether it is a regular file with such a name that was last written before that time.
fn is_leftover(entry: &DirEntry, prefix: &OsString, before: SystemTime) -> bool {
    let is_digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let name = entry.file_name();
    let id = name.as_encoded_bytes().strip_prefix(prefix.as_encoded_bytes());
    id.is_some_and(|id| id.len() == DIGITS && id.iter().all(is_digit))
        && entry.file_type().is_ok_and(|kind| kind.is_file())
        && entry.metadata().and_then(|file| file.modified()).is_ok_and(|modified| modified < before)
}

/// Writes a file and gives it the owner and the permissions of another one.
fn write(mut file: File, like: &Metadata, content: &[u8]) -> io::Result<()> {
    give_to_owner_of(&file, like)?;
    file.set_permissions(like.permissions())?;
    file.write_all(content)?;
    // If times cannot be set, the service uses the list one look later.
    let _ = mark_as_complete(&file);
    file.sync_all()
}

/// Sets the time of the last write a little back, before the time of the last change. Readers then see that the last
/// change was no write.
fn mark_as_complete(file: &File) -> io::Result<()> {
    let written = file.metadata()?.modified()?;
    let earlier = written.checked_sub(Duration::from_millis(1)).unwrap_or(written);
    file.set_times(FileTimes::new().set_modified(earlier))
}

fn move_over(new: &Path, path: &Path, expected: Version) -> Result<(), EditError> {
    let failed = |source| EditError::Write { path: path.to_owned(), source };
    if Version::of(&std::fs::metadata(path).map_err(failed)?) != expected {
        return Err(EditError::Changed { path: path.to_owned() });
    }
    std::fs::rename(new, path).map_err(failed)?;
    // The list is in its place. Whether it survives a power cut is up to the file system, which is asked to see to it.
    let _ = path.parent().map(File::open).map(|folder| folder.and_then(|folder| folder.sync_all()));
    Ok(())
}

/// Creates a file that only its owner can open.
fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Gives a file the owner and the group of another one. Otherwise the service might be unable to read its list.
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
