//! When a change of the file is taken. Pure: it knows what the looks found, and nothing of files.
//!
//! Somebody may be writing the file while it is looked at, and pause in the middle. So a change is taken when the file
//! was the same for two looks. One that was renamed into place was complete before it came, and is taken at once, unless
//! it ends in the middle of a line: it may have been put there in two steps, or be half a copy. A file that is made anew
//! shows no change after its last write, so it waits like any other. What comes back after it was away is not known to be
//! complete either.
//!
//! Two writes can fall on the same tick of the file system's clock. So the version that was taken is read once more at
//! the next look, and only then counts as known.

use aws_lc_rs::digest::{SHA256, digest};

use crate::files::{Content, Version};
use crate::invites::csv_reader::UnendedLine;

/// What a look found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ObservedFile {
    version: Version,
    digest: Vec<u8>,
    /// Whether it ends with the end of a line.
    ended: bool,
    /// Whether it has a complete line at all.
    has_lines: bool,
}

impl ObservedFile {
    /// What is to be known of a content.
    pub(super) fn of(content: &Content) -> Self {
        let is_end = |byte: &u8| matches!(byte, b'\n' | b'\r');
        Self {
            version: content.version,
            digest: digest(&SHA256, &content.bytes).as_ref().to_vec(),
            ended: content.bytes.last().is_some_and(is_end),
            has_lines: content.bytes.iter().any(is_end),
        }
    }

    /// Whether it is the same file with the same content. Its times may differ: somebody may touch it all the time.
    fn is_as(&self, other: &Self) -> bool {
        let place = |found: &Self| (found.version.place, found.version.length);
        self.digest == other.digest && place(self) == place(other)
    }
}

/// What to do about what was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileChange {
    /// It is what is in use.
    Unchanged,
    /// It is to be used.
    Complete,
    /// It changed, and may change further; `again`: it was not the same at the last look either.
    Unsettled { again: bool },
}

/// What the looks so far have found.
#[derive(Debug, Default)]
pub(super) struct ChangeDetector {
    /// What is in use.
    taken: Option<ObservedFile>,
    /// Whether any that was in use ended with the end of a line: whoever writes it ends its lines.
    ends_lines: bool,
    /// Whether it was read twice.
    sure: bool,
    /// What the last look found, if it is not in use.
    waiting: Option<ObservedFile>,
    last: LastLook,
}

/// What became of the last look.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum LastLook {
    /// The file is in use, or there was no look.
    #[default]
    Settled,
    /// It changed, and nothing was taken.
    Waited,
    /// There was no file.
    Away,
}

impl ChangeDetector {
    /// The version that need not be read to be known.
    pub(super) fn known(&self) -> Option<Version> {
        self.taken.as_ref().filter(|_| self.sure).map(|taken| taken.version)
    }

    /// The file is as it was known.
    pub(super) fn same(&mut self) {
        (self.waiting, self.last) = (None, LastLook::Settled);
    }

    /// Says what to do, and remembers what was found.
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

    /// Whether there is no complete line any more where there were some: then even the header may be cut off.
    pub(super) fn lost_its_lines(&self, found: &ObservedFile) -> bool {
        !found.has_lines && found.version.length > 0 && self.taken.as_ref().is_some_and(|taken| taken.has_lines)
    }

    /// What becomes of a last line that is not ended.
    pub(super) fn unended_line(&self) -> UnendedLine {
        if self.ends_lines { UnendedLine::CutOff } else { UnendedLine::Used }
    }

    /// It is in use.
    pub(super) fn taken(&mut self, found: ObservedFile) {
        self.ends_lines |= found.ended;
        (self.taken, self.sure, self.waiting) = (Some(found), false, None);
    }

    /// It was to be used and is no list.
    pub(super) fn unusable(&mut self, found: ObservedFile) {
        (self.waiting, self.last) = (Some(found), LastLook::Waited);
    }

    /// It kept changing while it was read. Says whether it was not the same at the last look either.
    pub(super) fn unsteady(&mut self) -> bool {
        self.waiting = None;
        std::mem::replace(&mut self.last, LastLook::Waited) == LastLook::Waited
    }

    /// It could not be read.
    pub(super) fn failed(&mut self) {
        (self.waiting, self.last) = (None, LastLook::Away);
    }

    /// Whether something is in use.
    pub(super) fn has_taken(&self) -> bool {
        self.taken.is_some()
    }
}
