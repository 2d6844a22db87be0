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

    /// Whether it is an invite list.
    #[must_use]
    pub(crate) fn is_list(&self) -> bool {
        self.key.starts_with("invites.")
    }

    /// Whether nothing lies at its path. That is reported where the file is read.
    #[must_use]
    pub(crate) fn is_absent(&self) -> bool {
        self.path.try_exists().is_ok_and(|exists| !exists)
    }

    /// An error about the file, at the key that names it.
    #[must_use]
    pub(crate) fn problem(&self, message: &str) -> Problem {
        Problem::error(Some(self.origin.clone()), &self.key, message)
    }
}
