//! The decision about a sign-up: an event goes in, a decision comes out. It knows neither HTTP nor who is calling.
//!
//! Everybody who needs a decision calls this room: the hooks, `explain`, and the configuration's own tests. [`start()`]
//! decides before the form is shown, [`submit()`] when it was sent. Both take [`DecisionServices`], which all decisions
//! share, and the [`DecisionContext`] of this one decision.
//!
//! The caller enforces the deadline. If an invite source or the state store fails, the result is a [`DecisionError`],
//! and the caller answers with the failure action: [`DecisionServices::try_later`] or
//! [`UndecidedSignUp::continue_sign_up`]. If a look-up fails or is late, only its values are missing.

mod codes;
mod context;
mod failure_action;
mod guess_limit;
mod sender;
mod shared_state;
mod start;
mod submit;

use std::sync::Arc;

use crate::clock::Clock;
use crate::invites::{InviteError, Invites};
use crate::lookups::Lookups;
use crate::signup::identity::FoundAddress;
use crate::signup::policy::{Gate, Policy, SignUpSettings};
use crate::values::{Invitation, KnownBy};

pub(crate) use crate::signup::decision::{ActionKind, Decision};
pub(crate) use crate::signup::reason::Reason;
pub(crate) use context::{DecisionContext, WaitTimes};
pub(crate) use failure_action::UndecidedSignUp;
pub(crate) use guess_limit::GuessLimit;
pub(crate) use shared_state::{SharedState, StateError};
pub(crate) use start::start;
pub(crate) use submit::submit;

/// The services that all decisions share.
#[derive(Debug)]
pub(crate) struct DecisionServices {
    /// Policies and texts.
    pub sign_up: SignUpSettings,
    /// The invite sources.
    pub invites: Invites,
    /// The look-ups whose values fill the form.
    pub lookups: Lookups,
    /// Which uses of codes are taken, and the addresses that Starts saw.
    pub state: SharedState,
    /// How many wrong codes may be tried.
    pub guess_limit: GuessLimit,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
}

impl DecisionServices {
    /// The invitations for an address. The sources are not asked if their answer could change nothing.
    async fn invitations(
        &self,
        policy: Option<&Policy>,
        address: Option<&FoundAddress>,
        context: &mut DecisionContext<'_>,
    ) -> Result<Vec<Invitation>, InviteError> {
        match (policy, address) {
            (Some(policy), Some(found)) if policy.gate != Gate::Closed => {
                let search = self.invites.find(&found.address, policy.email_match);
                let invitations = WaitTimes::measure(&mut context.times.invites, search).await?;
                context.trace.note("invite sources", format_args!("{} invitations", invitations.len()));
                Ok(invitations)
            }
            _ => Ok(Vec::new()),
        }
    }
}

/// A decision, with everything that the log shows about it.
#[derive(Debug)]
pub(crate) struct DecisionRecord {
    /// The decision.
    pub decision: Decision,
    /// Why the decision is what it is.
    pub reason: Reason,
    /// What would have been answered, if the policy only reports.
    pub reported: Option<ActionKind>,
    /// The name of the policy that decided.
    pub policy: Option<Arc<str>>,
    /// The address, how far it can be trusted, and where it came from.
    pub address: Option<FoundAddress>,
    /// How it is known who sent the form; `None` for a Start.
    pub known_by: Option<KnownBy>,
}

/// Why no decision can be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DecisionError {
    /// An invite source failed.
    #[error(transparent)]
    Invites(#[from] InviteError),
    /// The state store failed.
    #[error(transparent)]
    State(#[from] StateError),
}

impl DecisionError {
    /// The reason of the failure action that answers it.
    #[must_use]
    pub(crate) fn reason(&self) -> Reason {
        match self {
            Self::Invites(_) => Reason::InvitesUnavailable,
            Self::State(_) => Reason::StateUnavailable,
        }
    }
}

#[cfg(test)]
mod tests;
