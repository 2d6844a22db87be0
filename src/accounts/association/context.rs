//! What templates and conditions see of one account: read when it is first needed, never stored, never logged.

use serde_json::{Value, json};
use tokio::time::timeout_at;

use super::{Association, Progress};
use crate::graph::{Disposition, User};
use crate::storage::StoreError;
use crate::telemetry::describe;
use crate::values::{EmailMatch, Invitation, InvitationState};

/// Names under which a run remembers what is not set up; no connector can be called so.
const USERS: &str = "read:users";
const INVITES: &str = "read:invites";

impl Association<'_> {
    /// Reads the account from the directory, or says how the account stands without it.
    pub(super) async fn read_user(&mut self) -> Result<Result<User, Progress>, StoreError> {
        if self.run.is_blocked(USERS) {
            return Ok(Err(Progress::Waiting));
        }
        let Ok(read) = timeout_at(self.run.end, self.accounts.directory.user(self.id, self.run.end)).await else {
            return Ok(Err(Progress::Left));
        };
        let error = match read {
            Ok(user) => return Ok(Ok(user)),
            Err(error) => error,
        };
        if error.is_setup() {
            if self.run.block(USERS) {
                tracing::error!(event = "users-unreadable", reason = describe(&error));
            }
            return Ok(Err(Progress::Waiting));
        }
        if self.run.is_over() {
            return Ok(Err(Progress::Left));
        }
        let after = if let Disposition::Retry { after } = error.disposition() { after } else { None };
        self.failed_attempt(None, describe(&error), after).await.map(Err)
    }

    /// The account and its context, with the results so far.
    pub(super) async fn context(&mut self) -> Result<Result<(User, Value), Progress>, StoreError> {
        if let Some(progress) = self.unread {
            return Ok(Err(progress));
        }
        let (user, invite) = match self.seen.take() {
            Some(seen) => seen,
            None => match self.read_user().await? {
                Ok(user) => (user, None),
                Err(progress) => {
                    self.unread = Some(progress);
                    return Ok(Err(progress));
                }
            },
        };
        let invite = match invite {
            Some(invite) => invite,
            None => match self.invite(&user).await {
                Ok(invite) => invite,
                Err(progress) => {
                    self.seen = Some((user, None));
                    return Ok(Err(progress));
                }
            },
        };
        let context = json!({"user": user.to_context(), "invite": invite, "results": self.results_so_far()});
        self.seen = Some((user.clone(), Some(invite)));
        Ok(Ok((user, context)))
    }

    fn results_so_far(&self) -> Value {
        let result = |(name, result): (&String, &super::ConnectorResult)| {
            let id = result.id.clone().unwrap_or_default();
            (name.clone(), json!({"id": id, "outcome": result.outcome}))
        };
        Value::Object(self.results.iter().map(result).collect())
    }

    /// The first invitation for the account's address that was valid when the account was made; everything in it is
    /// empty if there is none, or nothing asks for it.
    async fn invite(&self, user: &User) -> Result<Value, Progress> {
        let Some(email) = user.email().filter(|_| self.accounts.settings.needs_invite) else {
            return Ok(Invitation::to_context(None));
        };
        if self.run.is_blocked(INVITES) {
            return Err(Progress::Waiting);
        }
        let found = timeout_at(self.run.end, self.accounts.invites.find(&email, EmailMatch::Exact)).await;
        let found = found.map_err(|_| Progress::Left)?.map_err(|error| {
            if self.run.block(INVITES) {
                tracing::error!(event = "invites-unavailable", reason = describe(&error));
            }
            Progress::Waiting
        })?;
        let at = user.created().unwrap_or(self.found_at);
        // Which app the person signed up to is not known here, so an invitation for certain apps counts as well.
        let valid = |invitation: &&Invitation| invitation.state(invitation.apps.first(), at) == InvitationState::Valid;
        Ok(Invitation::to_context(found.iter().find(valid)))
    }
}
