//! What templates and conditions see of one account. It is read when it is first needed, never stored and never logged.

use serde_json::{Value, json};
use tokio::time::timeout_at;

use super::{Association, Progress, StepResult, Stop};
use crate::accounts::run::Dependency;
use crate::graph::{Disposition, User};
use crate::invites::InviteError;
use crate::outbox::Failure;
use crate::telemetry::describe;
use crate::values::{CodeDigest, Invitation, InvitationState};

impl Association<'_> {
    /// The account and what templates see, with the results so far.
    pub(super) async fn context(&mut self) -> Result<(User, Value), Stop> {
        let user = self.user().await?;
        let invite = self.invite(&user).await?;
        let context = json!({"user": user.to_context(), "invite": invite, "results": self.results_so_far()});
        Ok((user, context))
    }

    /// The account as the directory has it; read at most once in a run.
    pub(super) async fn user(&mut self) -> Result<User, Stop> {
        if let Some(progress) = self.read_failure {
            return Err(Stop::Account(progress));
        }
        if let Some(user) = &self.user {
            return Ok(user.clone());
        }
        let read = self.read_user().await;
        match &read {
            Ok(user) => self.user = Some(user.clone()),
            Err(Stop::Account(progress)) => self.read_failure = Some(*progress),
            Err(_) => {}
        }
        read
    }

    async fn read_user(&mut self) -> Result<User, Stop> {
        if self.run.is_not_set_up(&Dependency::Users) {
            return Err(Stop::Account(Progress::Waiting));
        }
        let Ok(read) = timeout_at(self.run.end, self.accounts.directory.user(self.id(), self.run.end)).await else {
            return Err(Stop::Account(Progress::LeftForNextRun));
        };
        let error = match read {
            Ok(user) => return Ok(user),
            Err(error) => error,
        };
        if error.is_setup() {
            if self.run.note_not_set_up(Dependency::Users) {
                tracing::error!(event = "users-unreadable", reason = describe(&error));
            }
            return Err(Stop::Account(Progress::Waiting));
        }
        // The end of the run cut the call off. That is not a failed attempt.
        if self.run.is_over() {
            return Err(Stop::Account(Progress::LeftForNextRun));
        }
        let retry_after = if let Disposition::Retry { after } = error.disposition() { after } else { None };
        let failure = Failure { reason: describe(&error), retry_after };
        Err(Stop::Account(self.failed_attempt(None, failure).await?))
    }

    fn results_so_far(&self) -> Value {
        let result = |(name, result): (&String, &StepResult)| {
            let id = result.id.clone().unwrap_or_default();
            (name.clone(), json!({"id": id, "outcome": result.outcome}))
        };
        Value::Object(self.stored.results().iter().map(result).collect())
    }

    /// The invitation as templates see it. All its members are empty if there is none, or if no template uses it.
    async fn invite(&mut self, user: &User) -> Result<Value, Stop> {
        if let Some(invite) = &self.invite {
            return Ok(invite.clone());
        }
        let types = &self.accounts.settings.types;
        let invitation = if self.accounts.settings.needs_invite { self.find_invitation(user).await? } else { None };
        Ok(self.invite.insert(Invitation::to_context(invitation.as_ref(), types)).clone())
    }

    async fn find_invitation(&mut self, user: &User) -> Result<Option<Invitation>, Stop> {
        if self.run.is_not_set_up(&Dependency::Invites) {
            return Err(Stop::Account(Progress::Waiting));
        }
        let codes = self.codes().await?;
        let Ok(found) = timeout_at(self.run.end, self.invitation(user, &codes)).await else {
            return Err(Stop::Account(Progress::LeftForNextRun));
        };
        found.map_err(|error| {
            if self.run.note_not_set_up(Dependency::Invites) {
                tracing::error!(event = "invites-unavailable", reason = describe(&error));
            }
            Stop::Account(Progress::Waiting)
        })
    }

    /// The invitation of an accepted code, even if it has expired since: it admitted the person. Without such a code,
    /// the first invitation for the account's address that was valid when the account was made.
    async fn invitation(&self, user: &User, codes: &[CodeDigest]) -> Result<Option<Invitation>, InviteError> {
        let (invites, at) = (&self.accounts.invites, user.created().unwrap_or(self.stored.content().found_at));
        // It is not known which app the person signed up to, so an invitation for certain apps counts as well.
        let valid = |invitation: &Invitation| invitation.state(invitation.apps.first(), at) == InvitationState::Valid;
        for code in codes {
            let mut found = invites.find_code(code).await?;
            if !found.is_empty() {
                let first = found.iter().position(valid).unwrap_or_default();
                return Ok(Some(found.swap_remove(first)));
            }
        }
        // Which policy decided is not known either. So the ways of comparing are tried, the narrowest first.
        if let Some(email) = user.email() {
            for email_match in &self.accounts.settings.email_matches {
                let found = invites.find(&email, *email_match).await?;
                if let Some(invitation) = found.into_iter().find(valid) {
                    return Ok(Some(invitation));
                }
            }
        }
        Ok(None)
    }
}
