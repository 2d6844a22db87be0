//! What a decision about a sign-up needs, without HTTP and without the question who is calling. Both hooks decide here,
//! and so do `explain` and the configuration's own tests: there is one way to a decision.

mod context;
mod guess_limit;
mod sender;
mod shared_state;
mod start;
mod submit;

use std::sync::Arc;

use crate::clock::Clock;
use crate::entra::event::SignUpEvent;
use crate::invites::{InviteError, Invites};
use crate::lookups::Lookups;
use crate::signup::decision::{StartDecision, SubmitDecision};
use crate::signup::identity::FoundAddress;
use crate::signup::messages::MessageContext;
use crate::signup::policy::{Gate, Policy, SignUpSettings};
use crate::values::{EmailAddress, Invitation, KnownBy};

pub use context::{DecisionContext, WaitTimes};
pub use guess_limit::GuessLimit;
pub use shared_state::{SharedState, StateError};
pub use start::start;
pub use submit::submit;

/// What decisions need, shared by all of them.
#[derive(Debug)]
pub struct DecisionServices {
    /// What the operator decided.
    pub sign_up: SignUpSettings,
    /// Who is invited.
    pub invites: Invites,
    /// What is asked outside for the form.
    pub lookups: Lookups,
    /// Codes in use, and what Starts have seen.
    pub state: SharedState,
    /// Wrong codes.
    pub guess_limit: GuessLimit,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
}

/// Why no decision can be made.
#[derive(Debug, thiserror::Error)]
pub enum DecisionFailure {
    /// The deadline passed.
    #[error("no answer in time")]
    Deadline,
    /// Nobody can say who is calling.
    #[error("the signing keys cannot be had in time")]
    KeysUnavailable,
    /// Nobody can say who is invited.
    #[error(transparent)]
    Invites(#[from] InviteError),
    /// The state store does not work.
    #[error(transparent)]
    State(#[from] StateError),
    /// A defect.
    #[error("the handler panicked")]
    Panicked,
}

impl DecisionFailure {
    /// Its name in the log.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Deadline => "deadline",
            Self::KeysUnavailable => "keys-unavailable",
            Self::Invites(_) => "invites-unavailable",
            Self::State(_) => "state-unavailable",
            Self::Panicked => "panicked",
        }
    }
}

/// Whom the answer's texts are for.
#[must_use]
pub fn message_context<'a>(
    event: &'a SignUpEvent,
    support_code: &'a str,
    address: Option<&'a EmailAddress>,
) -> MessageContext<'a> {
    MessageContext { locale: &event.client.locale, email: address, app: &event.app, support_code }
}

/// A decision of either hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Before the form.
    Start(StartDecision),
    /// After it.
    Submit(SubmitDecision),
}

impl Decision {
    /// The action's name in logs and in `explain`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Start(decision) => decision.name(),
            Self::Submit(decision) => decision.name(),
        }
    }
}

/// A decision with what the log says about it.
#[derive(Debug)]
pub struct Decided {
    /// The decision.
    pub decision: Decision,
    /// Why.
    pub reason: &'static str,
    /// What would have been decided, if the policy only reports.
    pub reported: Option<&'static str>,
    /// The policy that decided.
    pub policy: Option<String>,
    /// The address, and how far it is trusted.
    pub found: Option<FoundAddress>,
    /// By which way it was known whose the Submit is; `None` for a Start.
    pub known_by: Option<KnownBy>,
}

impl DecisionServices {
    /// The invitations for an address; none are asked for when they could not change the answer.
    pub async fn invitations(
        &self,
        policy: Option<&Policy>,
        found: Option<&FoundAddress>,
        context: &mut DecisionContext<'_>,
    ) -> Result<Vec<Invitation>, InviteError> {
        match (policy, found) {
            (Some(policy), Some(found)) if policy.gate != Gate::Closed => {
                let asked = self.invites.find(&found.address, policy.email_match);
                let invitations = WaitTimes::of(&mut context.times.invites, asked).await?;
                context.trace.note("invite sources", format_args!("{} invitations", invitations.len()));
                Ok(invitations)
            }
            _ => Ok(Vec::new()),
        }
    }
}
