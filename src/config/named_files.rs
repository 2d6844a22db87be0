//! The files that a configuration names.

use std::path::{Path, PathBuf};

use super::decode::Reading;
use super::problems::Problem;
use super::tree::Origin;

/// A file that the service reads, and the key that names it.
#[derive(Debug, Clone)]
pub struct NamedFile {
    /// As it is written.
    pub written: PathBuf,
    /// Where it is.
    pub path: PathBuf,
    key: String,
    origin: Origin,
}

impl NamedFile {
    /// Something that is wrong with it.
    #[must_use]
    pub fn problem(&self, message: &str) -> Problem {
        Problem::error(Some(self.origin.clone()), &self.key, message)
    }
}

impl Reading {
    /// Remembers that the key at the present path names a file.
    pub(super) fn names_file(&mut self, origin: &Origin, written: &Path, path: &Path) {
        let (written, path, key) = (written.to_owned(), path.to_owned(), self.place());
        self.files.push(NamedFile { written, path, key, origin: origin.clone() });
    }
}
