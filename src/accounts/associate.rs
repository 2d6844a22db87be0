//! Association: every account of the outbox, several at once, each on its own.

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

/// What an account under way may use after the run's end, to record what it did. Nothing outside is called then.
const GRACE: Duration = Duration::from_secs(5);

/// What all accounts of a run have in common.
struct Shared<'a> {
    run: &'a Run,
    oldest: DateTime<Utc>,
    /// Why the store does not work: no other account is taken then.
    broken: Mutex<Option<StoreError>>,
}

impl Shared<'_> {
    fn broken(&self) -> std::sync::MutexGuard<'_, Option<StoreError>> {
        self.broken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn takes_no_more(&self) -> bool {
        self.run.is_over() || self.broken().is_some()
    }
}

impl Accounts {
    /// Takes every account of the outbox as far as it goes.
    pub(super) async fn associate_all(&self, run: &Run) -> Result<(), RunError> {
        let oldest = self.oldest(self.started(run.now).await?);
        let shared = Shared { run, oldest, broken: Mutex::default() };
        let pending = self.outbox.pending().await?;
        let works = stream::iter(pending.into_iter().map(|account| self.take(&shared, account)));
        works.buffer_unordered(self.settings.concurrency.max(1)).for_each(|()| std::future::ready(())).await;
        let broken = shared.broken().take();
        broken.map_or(Ok(()), |error| Err(RunError::Store(error)))
    }

    /// Takes one account; whatever happens to it is counted, and stays with it.
    async fn take(&self, shared: &Shared<'_>, account: PendingAccount) {
        let run = shared.run;
        if shared.takes_no_more() {
            return run.report(|report| report.left += 1);
        }
        let work = AssertUnwindSafe(Box::pin(self.associate(shared, &account))).catch_unwind();
        let stop = match timeout_at(run.end + GRACE, work).await {
            Err(_) => Stop::Account(Progress::Left),
            Ok(Ok(advanced)) => advanced.map_or_else(|stop| stop, Stop::Account),
            Ok(Err(_)) => self.panicked(shared, &account).await.map_or_else(|stop| stop, Stop::Account),
        };
        let progress = match stop {
            Stop::Account(progress) => progress,
            Stop::Unreadable(error) => {
                tracing::error!(event = "account-unreadable", account = %account.id, reason = describe(&error));
                Progress::Failed
            }
            Stop::Run(error) => {
                shared.broken().get_or_insert(error);
                Progress::Left
            }
        };
        run.report(|report| report.count(progress));
    }

    async fn associate(&self, shared: &Shared<'_>, account: &PendingAccount) -> Result<Progress, Stop> {
        if self.outbox.is_finished(&account.id).await? {
            self.outbox.clear(&account.id).await?;
            return Ok(Progress::Cleared);
        }
        Association::load(self, shared.run, shared.oldest, account).await?.advance().await
    }

    /// A panic is a failed attempt like any other, so that it ends one day.
    async fn panicked(&self, shared: &Shared<'_>, account: &PendingAccount) -> Result<Progress, Stop> {
        tracing::error!(event = "association-panicked", account = %account.id);
        let mut association = Association::load(self, shared.run, shared.oldest, account).await?;
        let failure = Failure { reason: "the association panicked".to_owned(), asked: None };
        Ok(association.failed_attempt(None, failure).await?)
    }

    /// Writes the permanent record, then deletes the outbox entry.
    pub(super) async fn finish(&self, record: &FinishedAccount) -> Result<Progress, StoreError> {
        self.outbox.finish(record).await?;
        let outcome = |(name, result): (&String, &StepResult)| format!("{name}={}", result.outcome.as_str());
        let results = record.results.iter().map(outcome).collect::<Vec<_>>().join(",");
        if let Some(reason) = &record.abandoned {
            tracing::error!(event = "account-abandoned", account = %record.id, reason, results);
            return Ok(Progress::Abandoned);
        }
        tracing::info!(event = "account-done", account = %record.id, results);
        Ok(Progress::Done)
    }
}
