//! Collects the results of decoding and checking: problems, each at the path of its key, and the files that the
//! configuration names.

use std::path::Path;

use super::named_files::NamedFile;
use super::origin::Origin;
use super::problems::{Problem, Severity};

/// The problems and the named files found so far, and the path of the key that is checked now.
#[derive(Debug, Default)]
pub(in crate::config) struct Diagnostics {
    pub(in crate::config) problems: Vec<Problem>,
    pub(in crate::config) files: Vec<NamedFile>,
    path: Vec<String>,
    /// The paths of all keys that the decoded sections know.
    #[cfg(test)]
    pub(in crate::config) known: std::collections::BTreeSet<String>,
}

impl Diagnostics {
    /// Diagnostics that begin with these problems.
    pub(in crate::config) fn new(problems: Vec<Problem>) -> Self {
        Self { problems, ..Self::default() }
    }

    /// Runs `check` with `segment` added to the path.
    pub(in crate::config) fn within<T>(&mut self, segment: &str, check: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(segment.to_owned());
        let result = check(self);
        self.path.pop();
        result
    }

    /// Reports an error at the present path.
    pub(in crate::config) fn error(&mut self, origin: &Origin, message: impl Into<String>) {
        self.report(Severity::Error, origin, message);
    }

    /// Reports an error at a key below the present path.
    pub(in crate::config) fn error_at(&mut self, key: &str, origin: &Origin, message: impl Into<String>) {
        self.report_at(key, Severity::Error, origin, message);
    }

    /// Reports a warning at the present path.
    pub(in crate::config) fn warn(&mut self, origin: &Origin, message: impl Into<String>) {
        self.report(Severity::Warning, origin, message);
    }

    /// Reports a warning at a key below the present path.
    pub(in crate::config) fn warn_at(&mut self, key: &str, origin: &Origin, message: impl Into<String>) {
        self.report_at(key, Severity::Warning, origin, message);
    }

    /// Reports a problem of any severity at the present path.
    pub(in crate::config) fn report(&mut self, severity: Severity, origin: &Origin, message: impl Into<String>) {
        self.problems.push(Problem::error(Some(origin.clone()), &self.path(), message).with_severity(severity));
    }

    /// Reports a problem of any severity at a key below the present path.
    pub(in crate::config) fn report_at(
        &mut self,
        key: &str,
        severity: Severity,
        origin: &Origin,
        message: impl Into<String>,
    ) {
        self.within(key, |diagnostics| diagnostics.report(severity, origin, message));
    }

    /// The value of a key below the present path. Reports an error and returns `None`.
    pub(in crate::config) fn ok_at<T, E: std::fmt::Display>(
        &mut self,
        key: &str,
        origin: &Origin,
        value: Result<T, E>,
    ) -> Option<T> {
        value.map_err(|error| self.error_at(key, origin, error.to_string())).ok()
    }

    /// Whether the present path, or something below it, has a problem that is more than a warning.
    pub(in crate::config) fn has_errors_here(&self) -> bool {
        let here = self.path();
        self.errors().any(|problem| problem.is_within(&here))
    }

    /// Whether a key below the present path, or something below it, is wrong. Then its value is not what was meant, and no
    /// other problem is concluded from it.
    pub(in crate::config) fn is_wrong(&self, key: &str) -> bool {
        let key = self.path_of(key);
        self.errors().any(|problem| problem.is_within(&key))
    }

    /// Whether a list or a table, or a whole member of it, is wrong. Right after decoding this says that nobody knows what
    /// it holds.
    pub(in crate::config) fn is_incomplete(&self, key: &str) -> bool {
        let key = self.path_of(key);
        self.errors().any(|problem| problem.is_about_member_of(&key))
    }

    fn errors(&self) -> impl Iterator<Item = &Problem> {
        self.problems.iter().filter(|problem| problem.severity != Severity::Warning)
    }

    /// Remembers that the key at the present path names a file.
    pub(in crate::config) fn add_named_file(&mut self, origin: &Origin, written: &Path, path: &Path) {
        self.files.push(NamedFile::new(written, path, self.path(), origin));
    }

    /// Remembers that the section at the present path knows these keys.
    #[cfg(test)]
    pub(in crate::config) fn knows(&mut self, keys: &[&str]) {
        let section = self.path();
        self.known.extend(keys.iter().map(|key| format!("{section}.{key}")));
    }

    /// The last part of the present path.
    pub(in crate::config) fn last_key(&self) -> &str {
        self.path.last().map_or("", String::as_str)
    }

    fn path(&self) -> String {
        self.path.join(".")
    }

    fn path_of(&self, key: &str) -> String {
        let here = self.path();
        if here.is_empty() { key.to_owned() } else { format!("{here}.{key}") }
    }
}
