//! How far an account came in a run, and why it did not get further.

use crate::storage::StoreError;

/// How far an account came in this run, as the report counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// Finished: every connector has a result.
    Done,
    /// Given up.
    Abandoned,
    /// An attempt failed. A later run tries again.
    Failed,
    /// Nothing could be tried: a wait is not over, or something is not set up.
    Waiting,
    /// The run ended before the account was finished. The next run goes on with it.
    LeftForNextRun,
    /// Deleted from the outbox: it is not a sign-up, or an earlier run finished it. It is counted elsewhere.
    Cleared,
}

/// Why nothing more is done in this run for an account, or for one of its connectors.
#[derive(Debug)]
pub(super) enum Stop {
    /// The store does not work. The run takes no other account.
    Run(StoreError),
    /// What is stored for this account cannot be read. Other accounts go on.
    Unreadable(StoreError),
    /// This account, or this connector, can go no further now. Others go on.
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
