//! Decides when a change of the file is used. Pure: it knows what the looks found, and does not touch files.
//!
//! Somebody may be writing the file during a look, and may pause in the middle. So a change is used when the file was
//! the same for two looks. A file that was renamed into place was complete before, so it is used at once, unless it
//! ends in the middle of a line: then it may be half a copy. A file that is deleted and created again shows no change
//! after its last write, so it waits like any other change. A file that could not be read at the last look waits,
//! too.
//!
//! Two writes can happen on the same tick of the file system's clock. So the version in use is read once more at the
//! next look. Only then it counts as known.

use aws_lc_rs::digest::{SHA256, digest};

use crate::files::{Content, Version};
use crate::invites::csv_reader::{LineEnds, UnendedLine};

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
        let LineEnds { ended, has_lines } = LineEnds::of(&content.bytes);
        Self { version: content.version, digest: digest(&SHA256, &content.bytes).as_ref().to_vec(), ended, has_lines }
    }

    /// Whether it is the same file with the same content. The times may differ: somebody may touch the file all the
    /// time.
    fn is_same_as(&self, other: &Self) -> bool {
        let place = |observed: &Self| (observed.version.place, observed.version.length);
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
    /// The file that is in use.
    in_use: Option<ObservedFile>,
    /// Whether the file ever ended with the end of a line while it was used: then its writers end their lines.
    ends_lines: bool,
    /// Whether the version in use was read twice.
    is_confirmed: bool,
    /// The file that the last look found, if it is not in use.
    not_used: Option<ObservedFile>,
    last_look: LastLook,
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
    Unreadable,
}

impl ChangeDetector {
    /// The version whose content is known without reading it.
    pub(super) fn known(&self) -> Option<Version> {
        self.in_use.as_ref().filter(|_| self.is_confirmed).map(|in_use| in_use.version)
    }

    /// Notes that the file has the known version.
    pub(super) fn note_unchanged(&mut self) {
        (self.not_used, self.last_look) = (None, LastLook::Settled);
    }

    /// Compares the file with the list in use, and remembers it.
    pub(super) fn compare(&mut self, observed: &ObservedFile) -> FileChange {
        let last = std::mem::take(&mut self.last_look);
        let Some(in_use) = &mut self.in_use else { return FileChange::Complete };
        if in_use.digest == observed.digest {
            self.is_confirmed = in_use.version == observed.version;
            in_use.version = observed.version;
            self.not_used = None;
            return FileChange::Unchanged;
        }
        let unused = self.not_used.as_ref();
        let another = [Some(&*in_use), unused]
            .into_iter()
            .flatten()
            .all(|old| observed.version.is_another_file_than(&old.version));
        if unused.is_some_and(|unused| unused.is_same_as(observed))
            || (another && last != LastLook::Unreadable && observed.ended)
        {
            return FileChange::Complete;
        }
        (self.not_used, self.last_look) = (Some(observed.clone()), LastLook::Waited);
        FileChange::Unsettled { again: last == LastLook::Waited }
    }

    /// Whether the file had complete lines and has none now. Then even the header may be cut off.
    pub(super) fn lost_its_lines(&self, observed: &ObservedFile) -> bool {
        !observed.has_lines
            && observed.version.length > 0
            && self.in_use.as_ref().is_some_and(|in_use| in_use.has_lines)
    }

    /// What becomes of a last line without a line break.
    pub(super) fn unended_line(&self) -> UnendedLine {
        if self.ends_lines { UnendedLine::CutOff } else { UnendedLine::Used }
    }

    /// Notes that the file is the list in use now.
    pub(super) fn note_in_use(&mut self, observed: ObservedFile) {
        self.ends_lines |= observed.ended;
        (self.in_use, self.is_confirmed, self.not_used) = (Some(observed), false, None);
    }

    /// Notes that the file changed and is no list.
    pub(super) fn note_unusable(&mut self, observed: ObservedFile) {
        (self.not_used, self.last_look) = (Some(observed), LastLook::Waited);
    }

    /// Notes that the file kept changing while it was read. Returns whether it had changed at the last look, too.
    pub(super) fn note_unsteady(&mut self) -> bool {
        self.not_used = None;
        std::mem::replace(&mut self.last_look, LastLook::Waited) == LastLook::Waited
    }

    /// Notes that the file could not be read.
    pub(super) fn note_unreadable(&mut self) {
        (self.not_used, self.last_look) = (None, LastLook::Unreadable);
    }

    /// Whether a list is in use.
    pub(super) fn has_list(&self) -> bool {
        self.in_use.is_some()
    }
}
