//! The files that a configuration names.

use std::path::{Path, PathBuf};

use super::origin::Origin;
use super::problems::Problem;

/// A file that the service reads, and the key that names it.
#[derive(Debug, Clone)]
pub(crate) struct NamedFile {
    /// The path as the configuration has it.
    pub written: PathBuf,
    /// The path from the working directory.
    pub path: PathBuf,
    key: String,
    origin: Origin,
}

impl NamedFile {
    /// A file that the key at `origin` names.
    pub(in crate::config) fn new(written: &Path, path: &Path, key: String, origin: &Origin) -> Self {
        Self { written: written.to_owned(), path: path.to_owned(), key, origin: origin.clone() }
    }

    /// An error about the file, at the key that names it.
    #[must_use]
    pub(crate) fn problem(&self, message: &str) -> Problem {
        Problem::error(Some(self.origin.clone()), &self.key, message)
    }
}
