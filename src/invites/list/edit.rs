//! Adds lines to a list's file.
//!
//! The file is replaced as a whole, by a rename in its folder, so that readers find the old list or the new one. The
//! new list is read first as the service would read it. If a new line would be skipped, or an existing line would
//! change its meaning, nothing is written. Writers take turns (`lock.rs`). A change by somebody without the lock, such
//! as an editor, is noticed up to the rename.

use std::ops::Range;
use std::time::Duration;

use super::Settings;
use super::file::unreadable;
use super::lock::WriteLock;
use super::replacement::replace;
use crate::files::{self, FileError};
use crate::invites::csv_reader::{self, ListOptions, ListStart, UnendedLine};
use crate::invites::csv_writer::{self, NewLine};
use crate::invites::line_problem::{LineProblem, LineReport};

pub(crate) use super::edit_error::EditError;

/// The lines that were added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AddedLines {
    /// The lines' numbers, from 1 with the header.
    pub lines: Range<u64>,
    /// What is wrong with them, and with the line before them, although they are used.
    pub remarks: Vec<LineReport>,
}

/// Adds lines to a list's file, and waits for other writers as long as `patience`.
pub(crate) fn add(settings: &Settings, lines: &[NewLine], patience: Duration) -> Result<AddedLines, EditError> {
    let failed = |error: FileError| EditError::List(unreadable(&error));
    // The file itself, not a link to it, is to be replaced.
    let path = settings.path.canonicalize().map_err(|error| failed(error.into()))?;
    let _lock = WriteLock::take(&path, patience)?;
    let (file, old) = files::open(&path).map_err(failed)?;
    if old.permissions().readonly() {
        return Err(EditError::ReadOnly { path });
    }
    let list = files::read_opened(file, &old, settings.max_bytes).map_err(|error| match error {
        FileError::Changed => EditError::Changed { path: path.clone() },
        error => failed(error),
    })?;
    let (written, added) = with_lines(&list.bytes, lines, &settings.options)?;
    if written.len() as u64 > settings.max_bytes {
        return Err(EditError::TooLarge { max_bytes: settings.max_bytes });
    }
    replace(&path, &old, &written)?;
    Ok(added)
}

/// The list with the lines added, if all other lines keep their meaning.
fn with_lines(list: &[u8], lines: &[NewLine], options: &ListOptions) -> Result<(Vec<u8>, AddedLines), EditError> {
    let (before, old_problems) = csv_reader::read(list, options, UnendedLine::Used)?;
    let rules = lines.iter().filter(|line| line.code.is_none()).filter_map(|line| line.rule.as_ref());
    if let Some(line) = rules.filter_map(|rule| before.line_of(rule)).min() {
        return Err(EditError::AlreadyInvited { line });
    }
    let start = ListStart::read(list)?;
    let (columns, _) = csv_reader::columns(&start, options)?;
    let (written, first) = csv_writer::append(list, &start, &columns, lines)?;
    if ListStart::read(&written)?.format != start.format {
        return Err(EditError::ChangesFormat);
    }
    let (after, problems) = csv_reader::read(&written, options, UnendedLine::Used)?;
    let (new, old): (Vec<_>, Vec<_>) = problems.into_iter().partition(|problem| problem.line >= first);
    if let Some(line) = line_that_changes_meaning(&old_problems, &old) {
        return Err(EditError::ChangesMeaning { line });
    }
    if let Some(bad) = new.iter().find(|problem| !problem.is_used()) {
        return Err(EditError::Unusable { problem: bad.problem.clone() });
    }
    if after.len() != before.len() + lines.len() {
        return Err(EditError::Unusable { problem: LineProblem::Empty });
    }
    let ended =
        old_problems.iter().filter(|problem| problem.problem == LineProblem::Unended).map(|problem| problem.line);
    let ended = ended.map(|line| LineReport { line, problem: LineProblem::EndedNow });
    let remarks = ended.chain(new).collect();
    Ok((written, AddedLines { lines: first..first + lines.len() as u64, remarks }))
}

/// The first line that is skipped either before or after the change, but not both.
fn line_that_changes_meaning(before: &[LineReport], after: &[LineReport]) -> Option<u64> {
    let skipped = |problems: &[LineReport]| -> Vec<u64> {
        problems.iter().filter(|problem| !problem.is_used()).map(|problem| problem.line).collect()
    };
    let (before, after) = (skipped(before), skipped(after));
    before
        .iter()
        .filter(|line| !after.contains(line))
        .chain(after.iter().filter(|line| !before.contains(line)))
        .min()
        .copied()
}

#[cfg(test)]
mod tests;
