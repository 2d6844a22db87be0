//! Where a value of the configuration was written.

use std::fmt;
use std::sync::Arc;

/// A line and column of the file, or an app setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::config) enum Origin {
    /// A place in the file, both from 1; the column counts characters.
    File { line: usize, column: usize },
    /// An app setting.
    Setting(Arc<str>),
}

impl Origin {
    /// Line and column. `None` for an app setting.
    pub(in crate::config) fn place(&self) -> Option<(usize, usize)> {
        match self {
            Self::File { line, column } => Some((*line, *column)),
            Self::Setting(_) => None,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { line, column } => write!(out, "line {line}, column {column}"),
            Self::Setting(name) => write!(out, "app setting {name}"),
        }
    }
}
