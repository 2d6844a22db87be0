//! One connector's turn for one account: condition, request, delivery, result.

use serde_json::Value;
use tokio::time::timeout_at;

use super::{Association, Progress, Stop};
use crate::accounts::ConnectorStep;
use crate::accounts::run::Dependency;
use crate::connectors::{ConnectorError, Disposition, RenderInput, Rendered};
use crate::graph::User;
use crate::outbox::{Failure, StepOutcome, StepResult};
use crate::telemetry::describe;

impl Association<'_> {
    /// Runs one connector that has no result yet.
    pub(super) async fn run_step(&mut self, step: &ConnectorStep) -> Result<StepResult, Stop> {
        let name = &step.settings.name;
        if let Some(result) = self.result_of_earlier_failure(step)? {
            return Ok(result);
        }
        let dependency = Dependency::Connector(name.clone());
        if !self.stored.is_due(Some(name), self.accounts.clock.now()) || self.run.is_not_set_up(&dependency) {
            return Err(Stop::Account(Progress::Waiting));
        }
        if self.run.is_over() {
            return Err(Stop::Account(Progress::LeftForNextRun));
        }
        if let Some(request) = self.stored.request(name).await? {
            return self.deliver(step, &request).await;
        }
        let (user, context) = self.context().await?;
        match self.render(step, &user, &context) {
            Ok(Rendered::Request(request)) => {
                let request = self.stored.store_request(name, request).await?;
                self.deliver(step, &request).await
            }
            Ok(Rendered::Nothing { reason }) => Ok(self.result(StepOutcome::Skipped, Some(reason.to_owned()))),
            Err(error) => self.handle_error(step, &error).await,
        }
    }

    /// The result of a connector whose predecessor failed; it is not run. If a predecessor has no result yet, it waits.
    fn result_of_earlier_failure(&self, step: &ConnectorStep) -> Result<Option<StepResult>, Stop> {
        for earlier in &step.settings.after {
            match self.stored.outcome(earlier) {
                None => return Err(Stop::Account(Progress::Waiting)),
                Some(StepOutcome::Failed | StepOutcome::NotRun) => {
                    let reason = format!("it comes after {earlier}, which failed");
                    return Ok(Some(self.result(StepOutcome::NotRun, Some(reason))));
                }
                Some(StepOutcome::Delivered | StepOutcome::Skipped) => {}
            }
        }
        Ok(None)
    }

    /// Renders what the connector will send: nothing, if its condition is false.
    fn render(&self, step: &ConnectorStep, user: &User, context: &Value) -> Result<Rendered, ConnectorError> {
        match step.settings.when.as_ref().map(|when| when.evaluate(context)) {
            None | Some(Ok(true)) => step.connector.render(&RenderInput { user, context }),
            Some(Ok(false)) => Ok(Rendered::Nothing { reason: "its condition is false" }),
            Some(Err(error)) => {
                let (account, connector, reason) = (self.id(), &step.settings.name, describe(&error));
                tracing::warn!(event = "condition-failed", %account, connector, reason);
                Ok(Rendered::Nothing { reason: "its condition cannot be evaluated, which counts as false" })
            }
        }
    }

    async fn deliver(&mut self, step: &ConnectorStep, request: &Value) -> Result<StepResult, Stop> {
        let end = self.run.end;
        let Ok(delivered) = timeout_at(end, step.connector.deliver(self.id(), request, end)).await else {
            return Err(Stop::Account(Progress::LeftForNextRun));
        };
        match delivered {
            Ok(receipt) => {
                let reason = receipt.note.map(str::to_owned);
                Ok(StepResult { id: receipt.id, ..self.result(StepOutcome::Delivered, reason) })
            }
            Err(error) => self.handle_error(step, &error).await,
        }
    }

    /// Decides what a failed rendering or delivery means: a result, or another attempt in a later run.
    async fn handle_error(&mut self, step: &ConnectorStep, error: &ConnectorError) -> Result<StepResult, Stop> {
        let (name, reason) = (&step.settings.name, describe(error));
        if error.is_setup() {
            if self.run.note_not_set_up(Dependency::Connector(name.clone())) {
                tracing::error!(event = "connector-not-set-up", connector = name, reason);
            }
            return Err(Stop::Account(Progress::Waiting));
        }
        match error.disposition() {
            Disposition::Skip => Ok(self.result(StepOutcome::Skipped, Some(reason))),
            Disposition::GiveUp => Ok(self.result(StepOutcome::Failed, Some(reason))),
            // The end of the run cut the call off. That is not a failed attempt.
            Disposition::Retry { .. } if self.run.is_over() => Err(Stop::Account(Progress::LeftForNextRun)),
            Disposition::Retry { after } => {
                let failure = Failure { reason, retry_after: after };
                Err(Stop::Account(self.failed_attempt(Some(step), failure).await?))
            }
        }
    }
}
