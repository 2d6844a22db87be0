//! How far an account came in a run, and why it went no further.

use crate::storage::StoreError;

/// How far an account came in this run, as the report counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// Finished, every connector with a result.
    Done,
    /// Given up.
    Abandoned,
    /// An attempt failed; there will be another.
    Failed,
    /// Nothing could be tried yet.
    Waiting,
    /// The run had no time.
    Left,
    /// Out of the outbox, and counted elsewhere: it is not a sign-up, or an earlier run finished it.
    Cleared,
}

/// Why an account, or a connector's turn, goes no further in this run.
#[derive(Debug)]
pub(super) enum Stop {
    /// The store does not work: the run takes no other account.
    Run(StoreError),
    /// What is stored of this account cannot be read. Others go on.
    Unreadable(StoreError),
    /// Nothing else can be done for this account now, or with this connector. Others go on.
    Account(Progress),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Corrupt { .. } => Self::Unreadable(error),
            error => Self::Run(error),
        }
    }
}
