//! One connector's turn for one account: condition, request, delivery, verdict.

use serde_json::Value;
use tokio::time::timeout_at;

use super::{Association, ConnectorResult, Outcome, Progress, Stand};
use crate::accounts::Step;
use crate::connectors::{ConnectorError, Disposition, Input, Rendered};
use crate::storage::StoreError;
use crate::telemetry::describe;

/// What is to be done before a delivery, or instead of it.
enum Prepared {
    Request(Value),
    Stand(Stand),
}

impl Association<'_> {
    /// Runs one connector that has no result yet.
    pub(super) async fn step(&mut self, step: &Step) -> Result<Stand, StoreError> {
        let name = &step.settings.name;
        if let Some(stand) = self.waits_for_others(step) {
            return Ok(stand);
        }
        if !self.is_due(Some(name)) || self.run.is_blocked(name) {
            return Ok(Stand::Open(Progress::Waiting));
        }
        if self.run.is_over() {
            return Ok(Stand::Open(Progress::Left));
        }
        let request = match self.prepare(step).await? {
            Prepared::Request(request) => request,
            Prepared::Stand(stand) => return Ok(stand),
        };
        let end = self.run.end;
        let Ok(delivered) = timeout_at(end, step.connector.deliver(self.id, &request, end)).await else {
            return Ok(Stand::Open(Progress::Left));
        };
        match delivered {
            Ok(receipt) => {
                let reason = receipt.note.map(str::to_owned);
                Ok(Stand::Result(ConnectorResult { id: receipt.id, ..self.result(Outcome::Delivered, reason) }))
            }
            Err(error) => self.judge(step, &error).await,
        }
    }

    /// How the connector stands because of those it comes after, if they do not let it run.
    fn waits_for_others(&self, step: &Step) -> Option<Stand> {
        for before in &step.settings.after {
            match self.results.get(before).map(|result| result.outcome) {
                None => return Some(Stand::Open(Progress::Waiting)),
                Some(Outcome::Failed | Outcome::NotRun) => {
                    let reason = format!("it comes after {before}, which failed");
                    return Some(Stand::Result(self.result(Outcome::NotRun, Some(reason))));
                }
                Some(Outcome::Delivered | Outcome::Skipped) => {}
            }
        }
        None
    }

    /// The stored request, or a new one, which is stored before anything else happens to it.
    async fn prepare(&mut self, step: &Step) -> Result<Prepared, StoreError> {
        let name = &step.settings.name;
        let stored = self.parts.iter().any(|part| part.strip_prefix("request-") == Some(name));
        if stored && let Some(request) = self.accounts.outbox.stored_request(self.id, name).await? {
            return Ok(Prepared::Request(request));
        }
        let id = self.id;
        let (user, context) = match self.context().await? {
            Ok(seen) => seen,
            Err(progress) => return Ok(Prepared::Stand(Stand::Open(progress))),
        };
        match step.settings.when.as_ref().map(|when| when.evaluate(&context)) {
            None | Some(Ok(true)) => {}
            Some(Ok(false)) => return Ok(self.skipped("its condition is false")),
            Some(Err(error)) => {
                tracing::warn!(event = "condition-failed", account = %id, connector = name, reason = describe(&error));
                return Ok(self.skipped("its condition cannot be evaluated, which counts as false"));
            }
        }
        match step.connector.render(&Input { user: &user, context: &context }) {
            Ok(Rendered::Request(request)) => {
                Ok(Prepared::Request(self.accounts.outbox.request(id, name, request).await?))
            }
            Ok(Rendered::Nothing { reason }) => Ok(self.skipped(reason)),
            Err(error) => self.judge(step, &error).await.map(Prepared::Stand),
        }
    }

    fn skipped(&self, reason: &str) -> Prepared {
        Prepared::Stand(Stand::Result(self.result(Outcome::Skipped, Some(reason.to_owned()))))
    }

    /// What follows from a failure.
    async fn judge(&mut self, step: &Step, error: &ConnectorError) -> Result<Stand, StoreError> {
        let (name, reason) = (&step.settings.name, describe(error));
        if error.is_setup() {
            if self.run.block(name) {
                tracing::error!(event = "connector-not-set-up", connector = name, reason);
            }
            return Ok(Stand::Open(Progress::Waiting));
        }
        match error.disposition() {
            Disposition::Skip => Ok(Stand::Result(self.result(Outcome::Skipped, Some(reason)))),
            Disposition::GiveUp => Ok(Stand::Result(self.result(Outcome::Failed, Some(reason)))),
            // Cut off by the run's end: nobody's failure.
            Disposition::Retry { .. } if self.run.is_over() => Ok(Stand::Open(Progress::Left)),
            Disposition::Retry { after } => self.failed_attempt(Some(step), reason, after).await.map(Stand::Open),
        }
    }
}
