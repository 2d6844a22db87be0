//! What templates and conditions see of one account: read when it is first needed, never stored, never logged.

use serde_json::{Value, json};
use tokio::time::timeout_at;

use super::{Association, Progress};
use crate::graph::{Disposition, User};
use crate::invites::InviteError;
use crate::storage::StoreError;
use crate::telemetry::describe;
use crate::values::{CodeDigest, Invitation, InvitationState};

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
            None => match self.invite(&user).await? {
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

    /// The invitation as templates see it; all of it is empty if there is none, or nothing asks for it.
    async fn invite(&mut self, user: &User) -> Result<Result<Value, Progress>, StoreError> {
        let types = &self.accounts.settings.types;
        if !self.accounts.settings.needs_invite {
            return Ok(Ok(Invitation::to_context(None, types)));
        }
        if self.run.is_blocked(INVITES) {
            return Ok(Err(Progress::Waiting));
        }
        let codes = self.codes().await?;
        let Ok(found) = timeout_at(self.run.end, self.invitation(user, &codes)).await else {
            return Ok(Err(Progress::Left));
        };
        Ok(found.map(|found| Invitation::to_context(found.as_ref(), types)).map_err(|error| {
            if self.run.block(INVITES) {
                tracing::error!(event = "invites-unavailable", reason = describe(&error));
            }
            Progress::Waiting
        }))
    }

    /// The invitation of the code that was accepted, if there is one: it is what the person got in by, valid then or not.
    /// Otherwise the first for the account's address that was valid when the account was made, compared as narrowly as any
    /// policy does.
    async fn invitation(&self, user: &User, codes: &[CodeDigest]) -> Result<Option<Invitation>, InviteError> {
        let (invites, at) = (&self.accounts.invites, user.created().unwrap_or(self.found_at));
        // Which app the person signed up to is not known here, so an invitation for certain apps counts as well.
        let valid = |invitation: &Invitation| invitation.state(invitation.apps.first(), at) == InvitationState::Valid;
        for code in codes {
            let mut found = invites.find_code(code).await?;
            if !found.is_empty() {
                let first = found.iter().position(valid).unwrap_or_default();
                return Ok(Some(found.swap_remove(first)));
            }
        }
        // Nor is which policy decided: the narrowest way of comparing that finds one is taken.
        if let Some(email) = user.email() {
            for how in &self.accounts.settings.email_matches {
                let found = invites.find(&email, *how).await?;
                if let Some(invitation) = found.into_iter().find(valid) {
                    return Ok(Some(invitation));
                }
            }
        }
        Ok(None)
    }
}
