//! Association: takes every account in the outbox as far as possible, several at once. The failure of one account does
//! not stop the others.

use std::panic::AssertUnwindSafe;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::{FutureExt, StreamExt, stream};
use tokio::time::timeout_at;

use super::association::Association;
use super::progress::{Progress, Stop};
use super::records::{FinishedAccount, PendingAccount};
use super::report::RunError;
use super::{Accounts, Run};
use crate::outbox::{Failure, StepResult};
use crate::storage::StoreError;
use crate::telemetry::describe;

/// How long after the run's end an account may still record what it did. No outside system is called then.
const GRACE: Duration = Duration::from_secs(5);

/// What all accounts of a run share.
struct RunContext<'a> {
    run: &'a Run,
    /// Accounts made before this moment are skipped.
    oldest: DateTime<Utc>,
    /// The store's first error. After it, no other account is taken.
    store_error: Mutex<Option<StoreError>>,
}

impl RunContext<'_> {
    fn store_error(&self) -> std::sync::MutexGuard<'_, Option<StoreError>> {
        self.store_error.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_over(&self) -> bool {
        self.run.is_over() || self.store_error().is_some()
    }
}

impl Accounts {
    /// Associates every account in the outbox.
    pub(super) async fn associate_all(&self, run: &Run) -> Result<(), RunError> {
        let oldest = self.oldest(self.started(run.now).await?);
        let context = RunContext { run, oldest, store_error: Mutex::default() };
        let pending = self.outbox.pending().await?;
        let associations = stream::iter(pending.into_iter().map(|account| self.associate_and_count(&context, account)));
        associations.buffer_unordered(self.settings.concurrency.max(1)).for_each(|()| std::future::ready(())).await;
        let failed = context.store_error().take();
        failed.map_or(Ok(()), |error| Err(RunError::Store(error)))
    }

    /// Associates one account and counts how far it came. Neither a failure nor a panic stops the other accounts.
    async fn associate_and_count(&self, context: &RunContext<'_>, account: PendingAccount) {
        let run = context.run;
        if context.is_over() {
            return run.update_report(|report| report.left += 1);
        }
        let association = AssertUnwindSafe(Box::pin(self.associate(context, &account))).catch_unwind();
        let stop = match timeout_at(run.end + GRACE, association).await {
            Err(_) => Stop::Account(Progress::LeftForNextRun),
            Ok(Ok(advanced)) => advanced.map_or_else(|stop| stop, Stop::Account),
            Ok(Err(_)) => self.record_panic(context, &account).await.map_or_else(|stop| stop, Stop::Account),
        };
        let progress = match stop {
            Stop::Account(progress) => progress,
            Stop::Unreadable(error) => {
                tracing::error!(event = "account-unreadable", account = %account.id, reason = describe(&error));
                Progress::Failed
            }
            Stop::Run(error) => {
                context.store_error().get_or_insert(error);
                Progress::LeftForNextRun
            }
        };
        run.update_report(|report| report.count(progress));
    }

    async fn associate(&self, context: &RunContext<'_>, account: &PendingAccount) -> Result<Progress, Stop> {
        if self.outbox.is_finished(&account.id).await? {
            self.outbox.clear(&account.id).await?;
            return Ok(Progress::Cleared);
        }
        Association::load(self, context.run, context.oldest, account).await?.advance().await
    }

    /// Records a panic as a failed attempt, so that an account that always panics is given up in the end.
    async fn record_panic(&self, context: &RunContext<'_>, account: &PendingAccount) -> Result<Progress, Stop> {
        tracing::error!(event = "association-panicked", account = %account.id);
        let mut association = Association::load(self, context.run, context.oldest, account).await?;
        let failure = Failure { reason: "the association panicked".to_owned(), retry_after: None };
        Ok(association.failed_attempt(None, failure).await?)
    }

    /// Writes the permanent record, then deletes the outbox entry.
    pub(super) async fn finish(&self, record: &FinishedAccount) -> Result<Progress, StoreError> {
        self.outbox.finish(record).await?;
        let outcome = |(name, result): (&String, &StepResult)| format!("{name}={}", result.outcome.name());
        let results = record.results.iter().map(outcome).collect::<Vec<_>>().join(",");
        if let Some(reason) = &record.abandoned {
            tracing::error!(event = "account-abandoned", account = %record.id, reason, results);
            return Ok(Progress::Abandoned);
        }
        tracing::info!(event = "account-done", account = %record.id, results);
        Ok(Progress::Done)
    }
}
