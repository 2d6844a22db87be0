//! Why lines were not added to a list.

use std::io;
use std::path::PathBuf;

use crate::invites::csv_reader::ListError;
use crate::invites::csv_writer::BadCell;
use crate::invites::line_problem::LineProblem;

/// Why nothing was added.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EditError {
    /// The existing list cannot be used.
    #[error(transparent)]
    List(#[from] ListError),
    /// A cell cannot be written.
    #[error(transparent)]
    Cell(#[from] BadCell),
    /// The list has a line with that rule.
    #[error("line {line} already invites the same: change that line")]
    AlreadyInvited {
        /// The first such line.
        line: u64,
    },
    /// The reader would skip a new line.
    #[error("nothing was added, because the new line would not be used: {problem}")]
    Unusable {
        /// What the reader says.
        problem: LineProblem,
    },
    /// A skipped line would be used, or a used line skipped.
    #[error("with more columns, line {line} would mean something else: correct that line first")]
    ChangesMeaning { line: u64 },
    /// The whole list would be read in another way.
    #[error("with the new line, the list would be read in another encoding: save it as UTF-8 first")]
    ChangesFormat,
    /// The service would not read so large a list.
    #[error("with the new lines the list would have more than max_bytes, which is {max_bytes}")]
    TooLarge { max_bytes: u64 },
    /// Another writer has the lock.
    #[error("{holder} is writing {}: try again when that has ended", path.display())]
    Locked {
        path: PathBuf,
        /// Who holds the lock.
        holder: String,
    },
    /// The file is marked as read-only.
    #[error("{} is read-only: allow writing it first", path.display())]
    ReadOnly { path: PathBuf },
    /// Somebody without the lock wrote the file meanwhile.
    #[error("{} was changed by somebody else meanwhile: try again", path.display())]
    Changed { path: PathBuf },
    /// A file cannot be written.
    #[error("cannot write {}", path.display())]
    Write {
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}
