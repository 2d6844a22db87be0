//! One account's association.

mod codes;
mod context;
mod deliver;

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::attempt::{Attempt, not_before};
use super::classify::by_user;
use super::discover::is_ahead;
use super::outbox::PendingAccount;
use super::records::{ConnectorResult, FinishedAccount, Outcome};
use super::{Accounts, Run, Step};
use crate::graph::User;
use crate::storage::StoreError;
use crate::values::{CodeDigest, ObjectId};

/// How far an account came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// Finished, every connector with a result.
    Done,
    /// No sign-up.
    Skipped,
    /// Given up.
    Abandoned,
    /// An attempt failed; there will be another.
    Failed,
    /// Nothing could be tried yet.
    Waiting,
    /// The run had no time.
    Left,
    /// It was finished before; what was left of it is deleted.
    Cleared,
}

/// How one connector stands after its turn.
enum Stand {
    Result(ConnectorResult),
    Open(Progress),
}

/// An account under way.
pub(super) struct Association<'a> {
    accounts: &'a Accounts,
    run: &'a Run,
    id: &'a ObjectId,
    found_at: DateTime<Utc>,
    /// Earlier creation means no sign-up of ours.
    oldest: DateTime<Utc>,
    /// Names of the stored parts: `request-news`, …
    parts: &'a [String],
    results: BTreeMap<String, ConnectorResult>,
    attempts: Vec<Attempt>,
    /// The highest number of an attempt; those that could not be read are not in `attempts`.
    last_attempt: u32,
    /// The account and its invitation, once they have been needed.
    seen: Option<(User, Option<Value>)>,
    /// The account could not be read in this run; it is not asked for again.
    unread: Option<Progress>,
    /// The codes that were accepted for the account, once that is known.
    codes: Option<Vec<CodeDigest>>,
}

impl<'a> Association<'a> {
    /// Reads what is stored for the account.
    pub(super) async fn load(
        accounts: &'a Accounts,
        run: &'a Run,
        oldest: DateTime<Utc>,
        pending: &'a PendingAccount,
    ) -> Result<Self, StoreError> {
        let PendingAccount { id, parts, .. } = pending;
        let found_at = accounts.outbox.found_at(id, run.now).await?;
        let (mut results, mut attempts, mut last_attempt) = (BTreeMap::new(), Vec::new(), 0);
        for part in parts {
            if let Some(connector) = part.strip_prefix("result-") {
                results.extend(accounts.outbox.part(id, part).await?.map(|result| (connector.to_owned(), result)));
            } else if let Some(number) = part.strip_prefix("attempt-") {
                last_attempt = last_attempt.max(number.parse().unwrap_or(0));
                attempts.extend(accounts.outbox.part::<Attempt>(id, part).await?);
            }
        }
        let (seen, unread, codes) = (None, None, None);
        Ok(Self { accounts, run, id, found_at, oldest, parts, results, attempts, last_attempt, seen, unread, codes })
    }

    /// Takes the account as far as it goes now.
    pub(super) async fn go(mut self) -> Result<Progress, StoreError> {
        if !self.is_due(None) {
            return Ok(Progress::Waiting);
        }
        if let Some(progress) = self.begin().await? {
            return Ok(progress);
        }
        let mut progress = Progress::Waiting;
        for step in &self.accounts.steps {
            if self.results.contains_key(&step.settings.name) {
                continue;
            }
            match self.step(step).await? {
                Stand::Result(result) => self.record(step, result).await?,
                Stand::Open(Progress::Abandoned) => return Ok(Progress::Abandoned),
                Stand::Open(Progress::Left) => progress = Progress::Left,
                Stand::Open(open) if progress == Progress::Waiting => progress = open,
                Stand::Open(_) => {}
            }
        }
        let finished = self.accounts.steps.iter().all(|step| self.results.contains_key(&step.settings.name));
        if finished { self.finish().await } else { Ok(progress) }
    }

    /// For an account nothing was done about yet: is it a sign-up at all?
    async fn begin(&mut self) -> Result<Option<Progress>, StoreError> {
        let begun = !self.results.is_empty() || self.parts.iter().any(|part| part.starts_with("request-"));
        if begun {
            return Ok(None);
        }
        let user = match self.read_user().await? {
            Ok(user) => user,
            Err(progress) => return Ok(Some(progress)),
        };
        let Some(reason) = by_user(&user, self.oldest) else {
            if !self.accept_codes(&user).await? {
                return Ok(Some(Progress::Left));
            }
            self.seen = Some((user, None));
            return Ok(None);
        };
        self.accounts.skip(self.run, self.id, self.found_at, reason).await?;
        self.accounts.outbox.clear(self.id).await?;
        Ok(Some(Progress::Skipped))
    }

    /// Whether the waits after failures of this connector (`None`: of reading the account) are over.
    fn is_due(&self, connector: Option<&str>) -> bool {
        let now = self.accounts.clock.now();
        // What failed in the future failed by a wrong clock, which says nothing about when to try again.
        self.failures(connector).all(|attempt| attempt.not_before <= now || is_ahead(attempt.at, now))
    }

    fn failures<'b>(&'b self, connector: Option<&'b str>) -> impl Iterator<Item = &'b Attempt> {
        self.attempts.iter().filter(move |attempt| attempt.connector.as_deref() == connector)
    }

    /// Records a failed attempt; the last one that is allowed gives up instead.
    pub(super) async fn failed_attempt(
        &mut self,
        step: Option<&Step>,
        reason: String,
        after: Option<Duration>,
    ) -> Result<Progress, StoreError> {
        let connector = step.map(|step| step.settings.name.clone());
        let failures = u32::try_from(self.failures(connector.as_deref()).count()).unwrap_or(u32::MAX).saturating_add(1);
        let at = self.accounts.clock.now();
        tracing::warn!(event = "attempt-failed", account = %self.id, connector, failures, reason);
        if failures >= self.accounts.settings.max_attempts {
            let reason = format!("given up after {failures} attempts: {reason}");
            return match step {
                Some(step) => {
                    self.record(step, self.result(Outcome::Failed, Some(reason))).await?;
                    Ok(Progress::Failed)
                }
                None => self.finish_as(Some(reason)).await,
            };
        }
        let attempt = Attempt { at, connector, reason, not_before: not_before(at, failures, after) };
        self.last_attempt = self.last_attempt.saturating_add(1);
        self.accounts.outbox.record_attempt(self.id, self.last_attempt, &attempt).await?;
        self.attempts.push(attempt);
        Ok(Progress::Failed)
    }

    fn result(&self, outcome: Outcome, reason: Option<String>) -> ConnectorResult {
        ConnectorResult { outcome, id: None, reason, at: self.accounts.clock.now() }
    }

    async fn record(&mut self, step: &Step, result: ConnectorResult) -> Result<(), StoreError> {
        let name = &step.settings.name;
        self.accounts.outbox.record(self.id, name, &result).await?;
        tracing::info!(
            event = "connector-result", account = %self.id, connector = name, outcome = result.outcome.as_str(), reason = result.reason
        );
        self.results.insert(name.clone(), result);
        Ok(())
    }

    /// Every connector has a result: done, or abandoned if one of them failed.
    async fn finish(self) -> Result<Progress, StoreError> {
        let failed = |(name, result): (&String, &ConnectorResult)| {
            (result.outcome == Outcome::Failed)
                .then(|| format!("{name}: {}", result.reason.as_deref().unwrap_or("failed")))
        };
        let failures: Vec<String> = self.results.iter().filter_map(failed).collect();
        self.finish_as((!failures.is_empty()).then(|| failures.join("; "))).await
    }

    async fn finish_as(&self, abandoned: Option<String>) -> Result<Progress, StoreError> {
        let (id, at) = (self.id.clone(), self.accounts.clock.now());
        let results = self.results.clone();
        let record = FinishedAccount { id, found_at: self.found_at, at, skipped: None, abandoned, results };
        self.accounts.finish(&record).await
    }
}
