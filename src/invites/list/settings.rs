//! The configuration of a list.

use std::path::PathBuf;
use std::time::Duration;

use crate::invites::csv_reader::ListOptions;

/// A list in a file.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// The file, CSV.
    pub path: PathBuf,
    /// The most bytes that it may have.
    pub max_bytes: u64,
    /// How it is read; the source's name is in there.
    pub options: ListOptions,
    /// The columns that templates saw of it when the configuration was read; `None`: it could not be read.
    pub columns: Option<Vec<String>>,
    /// How often the file is looked at.
    pub refresh: Duration,
}
