//! Staging leftovers: `LocalFileSystem` writes `name#1` beside `name` and links it into place. A process that is killed
//! in between leaves `name#1` behind. No listing shows it, and it may hold personal data, so it must not stay.

use std::fs::DirEntry;
use std::path::Path;
use std::time::SystemTime;

/// How many folders deep objects are, the top folder included (`admissions/{application}/{correlation id}/x.json`).
const DEPTH: usize = 4;

/// Deletes leftovers below `folder` that were last written before `before`; says how many.
pub(super) fn delete_leftovers(folder: &Path, before: SystemTime) -> usize {
    sweep(folder, before, DEPTH)
}

fn sweep(folder: &Path, before: SystemTime, depth: usize) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    entries.flatten().map(|entry| sweep_entry(&entry, before, depth)).sum()
}

fn sweep_entry(entry: &DirEntry, before: SystemTime, depth: usize) -> usize {
    // `file_type` does not follow links: nothing outside the folder is touched.
    let Ok(kind) = entry.file_type() else { return 0 };
    if kind.is_dir() {
        return if depth > 1 { sweep(&entry.path(), before, depth - 1) } else { 0 };
    }
    let old = entry.metadata().and_then(|meta| meta.modified()).is_ok_and(|modified| modified < before);
    let leftover = kind.is_file() && old && is_leftover(&entry.file_name().to_string_lossy());
    usize::from(leftover && std::fs::remove_file(entry.path()).is_ok())
}

/// `cursor.json#17`: an object's name, `#`, digits. Objects all end in `.json`, so nobody else's file looks like this.
pub(super) fn is_leftover(name: &str) -> bool {
    name.rsplit_once(".json#").is_some_and(|(_, id)| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()))
}
