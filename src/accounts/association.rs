//! One account's association: checks that it is a sign-up, accepts its codes, then runs one connector after the other.

mod codes;
mod context;
mod deliver;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::classify::skip_reason_by_user;
use super::progress::{Progress, Stop};
use super::records::{FinishedAccount, FoundAccount, LoadedAccount, PendingAccount};
use super::{Accounts, ConnectorStep, Run};
use crate::graph::User;
use crate::outbox::{AfterFailure, Failure, StepOutcome, StepResult};
use crate::storage::StoreError;
use crate::values::{CodeDigest, ObjectId};

/// The association of one account, as far as it is in this run.
pub(super) struct Association<'a> {
    accounts: &'a Accounts,
    run: &'a Run,
    /// Accounts made before this moment are skipped.
    oldest: DateTime<Utc>,
    /// What is stored for the account.
    stored: LoadedAccount<'a>,
    /// The account as the directory has it; read when it is first needed.
    user: Option<User>,
    /// The invitation as templates see it; looked up when it is first needed.
    invite: Option<Value>,
    /// Set if the account could not be read in this run: how far it came. It is not read again.
    read_failure: Option<Progress>,
    /// The codes that were accepted for the account; `None`: not known yet.
    codes: Option<Vec<CodeDigest>>,
}

impl<'a> Association<'a> {
    /// Reads what is stored for the account.
    pub(super) async fn load(
        accounts: &'a Accounts,
        run: &'a Run,
        oldest: DateTime<Utc>,
        pending: &PendingAccount,
    ) -> Result<Self, Stop> {
        let stored = LoadedAccount::load(&accounts.outbox, pending, FoundAccount::lost(run.now)).await?;
        Ok(Self { accounts, run, oldest, stored, user: None, invite: None, read_failure: None, codes: None })
    }

    fn id(&self) -> &ObjectId {
        self.stored.id()
    }

    /// Takes the account as far as it can go now.
    pub(super) async fn advance(mut self) -> Result<Progress, Stop> {
        if !self.stored.is_due(None, self.accounts.clock.now()) {
            return Ok(Progress::Waiting);
        }
        if !self.stored.has_begun() {
            self.check_sign_up().await?;
        }
        let mut progress = Progress::Waiting;
        let accounts = self.accounts;
        for step in &accounts.steps {
            let name = &step.settings.name;
            if self.stored.outcome(name).is_some() {
                continue;
            }
            match self.run_step(step).await {
                Ok(result) => self.record(name, result).await?,
                Err(Stop::Account(Progress::LeftForNextRun)) => progress = Progress::LeftForNextRun,
                Err(Stop::Account(stopped)) if stopped != Progress::Abandoned => {
                    if progress == Progress::Waiting {
                        progress = stopped;
                    }
                }
                Err(stop) => return Err(stop),
            }
        }
        let finished = accounts.steps.iter().all(|step| self.stored.outcome(&step.settings.name).is_some());
        if finished { self.finish().await } else { Ok(progress) }
    }

    /// Accepts the account's codes, before anything else is done for it. If the account is not a sign-up, it is
    /// finished here.
    async fn check_sign_up(&mut self) -> Result<(), Stop> {
        let user = self.user().await?;
        let Some(reason) = skip_reason_by_user(&user, self.oldest) else {
            return self.accept_codes(&user).await;
        };
        self.accounts.skip(self.run, self.id(), self.stored.content().found_at, reason).await?;
        self.accounts.outbox.clear(self.id()).await?;
        Err(Stop::Account(Progress::Cleared))
    }

    /// Records a failed attempt of a connector (`None`: of reading the account). If no further attempt is allowed,
    /// gives up instead.
    pub(super) async fn failed_attempt(
        &mut self,
        step: Option<&ConnectorStep>,
        failure: Failure,
    ) -> Result<Progress, StoreError> {
        let (connector, now) = (step.map(|step| step.settings.name.as_str()), self.accounts.clock.now());
        let failures = self.stored.failures(connector).saturating_add(1);
        tracing::warn!(event = "attempt-failed", account = %self.id(), connector, failures, reason = failure.reason);
        match (self.stored.fail(connector, failure, self.accounts.settings.max_attempts, now).await?, connector) {
            (AfterFailure::RetryLater, _) => Ok(Progress::Failed),
            (AfterFailure::GiveUp(reason), Some(connector)) => {
                self.record(connector, StepResult::new(StepOutcome::Failed, Some(reason), now)).await?;
                Ok(Progress::Failed)
            }
            (AfterFailure::GiveUp(reason), None) => self.finish_as(Some(reason)).await,
        }
    }

    fn result(&self, outcome: StepOutcome, reason: Option<String>) -> StepResult {
        StepResult::new(outcome, reason, self.accounts.clock.now())
    }

    async fn record(&mut self, connector: &str, result: StepResult) -> Result<(), StoreError> {
        let (outcome, reason) = (result.outcome.name(), result.reason.clone());
        self.stored.store_result(connector, result).await?;
        tracing::info!(event = "connector-result", account = %self.id(), connector, outcome, reason);
        Ok(())
    }

    /// Finishes an account whose connectors all have a result: as abandoned if one of them failed, otherwise as done.
    async fn finish(self) -> Result<Progress, Stop> {
        let failed = |(name, result): (&String, &StepResult)| {
            (result.outcome == StepOutcome::Failed)
                .then(|| format!("{name}: {}", result.reason.as_deref().unwrap_or("failed")))
        };
        let failures: Vec<String> = self.stored.results().iter().filter_map(failed).collect();
        Ok(self.finish_as((!failures.is_empty()).then(|| failures.join("; "))).await?)
    }

    async fn finish_as(&self, abandoned: Option<String>) -> Result<Progress, StoreError> {
        let (id, found_at, at) = (self.id().clone(), self.stored.content().found_at, self.accounts.clock.now());
        let results = self.stored.results().clone();
        self.accounts.finish(&FinishedAccount { id, found_at, at, skipped: None, abandoned, results }).await
    }
}
