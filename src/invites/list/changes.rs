//! Decides when a change of the file is used. Pure: it knows what the looks found, and does not touch files.
//!
//! Somebody may be writing the file during a look, and may pause in the middle. So a change is used when the file was the
//! same for two looks. A file that was renamed into place was complete before, so it is used at once, unless it ends in
//! the middle of a line: then it may be half a copy. A file that is deleted and created again shows no change after its
//! last write, so it waits like any other change. A file that was away for a look waits, too.
//!
//! Two writes can happen on the same tick of the file system's clock. So the version in use is read once more at the next
//! look. Only then it counts as known.

use aws_lc_rs::digest::{SHA256, digest};

use crate::files::{Content, Version};
use crate::invites::csv_reader::UnendedLine;

/// The file as a look found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ObservedFile {
    version: Version,
    digest: Vec<u8>,
    /// Whether the content ends with the end of a line.
    ended: bool,
    /// Whether the content has any complete line.
    has_lines: bool,
}

impl ObservedFile {
    /// The properties of a file's content.
    pub(super) fn of(content: &Content) -> Self {
        let is_end = |byte: &u8| matches!(byte, b'\n' | b'\r');
        Self {
            version: content.version,
            digest: digest(&SHA256, &content.bytes).as_ref().to_vec(),
            ended: content.bytes.last().is_some_and(is_end),
            has_lines: content.bytes.iter().any(is_end),
        }
    }

    /// Whether it is the same file with the same content. The times may differ: somebody may touch the file all the time.
    fn is_as(&self, other: &Self) -> bool {
        let place = |found: &Self| (found.version.place, found.version.length);
        self.digest == other.digest && place(self) == place(other)
    }
}

/// How the file has changed since the list in use was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileChange {
    /// It is the list in use.
    Unchanged,
    /// It changed, and the change is complete: use it.
    Complete,
    /// It changed, and may change further: wait. `again`: it changed at the last look, too.
    Unsettled { again: bool },
}

/// Remembers what the looks found.
#[derive(Debug, Default)]
pub(super) struct ChangeDetector {
    /// What is in use.
    taken: Option<ObservedFile>,
    /// Whether the file ever ended with the end of a line while it was used: then its writers end their lines.
    ends_lines: bool,
    /// Whether the version in use was read twice.
    sure: bool,
    /// What the last look found, if it is not in use.
    waiting: Option<ObservedFile>,
    last: LastLook,
}

/// The outcome of the last look.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum LastLook {
    /// The file is in use, or there was no look.
    #[default]
    Settled,
    /// The file changed, and the change was not used.
    Waited,
    /// The file could not be read.
    Away,
}

impl ChangeDetector {
    /// The version whose content is known without reading it.
    pub(super) fn known(&self) -> Option<Version> {
        self.taken.as_ref().filter(|_| self.sure).map(|taken| taken.version)
    }

    /// Notes that the file has the known version.
    pub(super) fn same(&mut self) {
        (self.waiting, self.last) = (None, LastLook::Settled);
    }

    /// Compares the file with the list in use, and remembers it.
    pub(super) fn judge(&mut self, found: &ObservedFile) -> FileChange {
        let last = std::mem::take(&mut self.last);
        let Some(taken) = &mut self.taken else { return FileChange::Complete };
        if taken.digest == found.digest {
            self.sure = taken.version == found.version;
            taken.version = found.version;
            self.waiting = None;
            return FileChange::Unchanged;
        }
        let seen = self.waiting.as_ref();
        let another =
            [Some(&*taken), seen].into_iter().flatten().all(|one| found.version.is_another_file_than(&one.version));
        if seen.is_some_and(|seen| seen.is_as(found)) || (another && last != LastLook::Away && found.ended) {
            return FileChange::Complete;
        }
        (self.waiting, self.last) = (Some(found.clone()), LastLook::Waited);
        FileChange::Unsettled { again: last == LastLook::Waited }
    }

    /// Whether the file had complete lines and has none now. Then even the header may be cut off.
    pub(super) fn lost_its_lines(&self, found: &ObservedFile) -> bool {
        !found.has_lines && found.version.length > 0 && self.taken.as_ref().is_some_and(|taken| taken.has_lines)
    }

    /// What becomes of a last line without a line break.
    pub(super) fn unended_line(&self) -> UnendedLine {
        if self.ends_lines { UnendedLine::CutOff } else { UnendedLine::Used }
    }

    /// Notes that the file is the list in use now.
    pub(super) fn taken(&mut self, found: ObservedFile) {
        self.ends_lines |= found.ended;
        (self.taken, self.sure, self.waiting) = (Some(found), false, None);
    }

    /// Notes that the file changed and is no list.
    pub(super) fn unusable(&mut self, found: ObservedFile) {
        (self.waiting, self.last) = (Some(found), LastLook::Waited);
    }

    /// Notes that the file kept changing while it was read. Says whether it had changed at the last look, too.
    pub(super) fn unsteady(&mut self) -> bool {
        self.waiting = None;
        std::mem::replace(&mut self.last, LastLook::Waited) == LastLook::Waited
    }

    /// Notes that the file could not be read.
    pub(super) fn failed(&mut self) {
        (self.waiting, self.last) = (None, LastLook::Away);
    }

    /// Whether a list is in use.
    pub(super) fn has_taken(&self) -> bool {
        self.taken.is_some()
    }
}
