//! What a decision about a sign-up needs, without HTTP and without the question who is calling. Both hooks decide here,
//! and so do `explain` and the configuration's own tests: there is one way to a decision.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::guesses::Guesses;
use super::shared_state::{SharedState, StateError};
use crate::clock::Clock;
use crate::entra::event::SignUpEvent;
use crate::invites::{InviteError, Invites};
use crate::lookups::Lookups;
use crate::signup::decision::{StartDecision, SubmitDecision};
use crate::signup::identity::{Found, NoAddressBecause};
use crate::signup::messages::Reader;
use crate::signup::policy::{Gate, Policy, Settings as SignUpSettings};
use crate::signup::trace::Trace;
use crate::values::{CorrelationId, Deadline, EmailAddress, Invitation, KnownBy};

/// What decisions need, shared by all of them.
#[derive(Debug)]
pub struct Desk {
    /// What the operator decided.
    pub sign_up: SignUpSettings,
    /// Who is invited.
    pub invites: Invites,
    /// What is asked outside for the form.
    pub lookups: Lookups,
    /// Codes in use, and what Starts have seen.
    pub state: SharedState,
    /// Wrong codes.
    pub guesses: Guesses,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
}

/// Why no decision can be made.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
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

impl Failure {
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

/// One decision under way.
#[derive(Debug)]
pub struct Work<'a> {
    /// What happened.
    pub event: &'a SignUpEvent,
    /// What ties the page to the log.
    pub support_code: String,
    /// When the answer has to be there.
    pub deadline: Deadline,
    /// The present.
    pub now: DateTime<Utc>,
    /// The steps, if somebody wants to know.
    pub trace: Trace,
    /// How long others took.
    pub times: Times,
}

/// How long a decision waited for others; `None`: they were not asked.
#[derive(Debug, Clone, Copy, Default)]
pub struct Times {
    /// The check of the caller, with the signing keys where they had to be fetched.
    pub caller: Option<Duration>,
    /// Invite sources.
    pub invites: Option<Duration>,
    /// The state store.
    pub state: Option<Duration>,
    /// Look-ups.
    pub lookups: Option<Duration>,
}

impl Times {
    /// Does something and adds its time.
    pub async fn of<T>(slot: &mut Option<Duration>, work: impl Future<Output = T>) -> T {
        let began = Instant::now();
        let done = work.await;
        *slot = Some(slot.unwrap_or_default() + began.elapsed());
        done
    }
}

impl<'a> Work<'a> {
    /// A decision about an event.
    #[must_use]
    pub fn new(event: &'a SignUpEvent, now: DateTime<Utc>, deadline: Deadline, trace: Trace) -> Self {
        let support_code = event.correlation_id.as_ref().map(CorrelationId::support_code).unwrap_or_default();
        Self { event, support_code, deadline, now, trace, times: Times::default() }
    }

    /// Notes where the address came from, or why there is none.
    pub fn note_address(&mut self, found: &Result<Found, NoAddressBecause>) {
        match found {
            Err(NoAddressBecause::Unusable(source, why)) => {
                self.trace.note("address", format_args!("what {source} says {why}"));
            }
            Err(NoAddressBecause::Absent) => self.trace.note("address", "no source says one"),
            // The gate says it.
            Ok(_) => {}
        }
    }
}

/// Whom the answer's texts are for.
#[must_use]
pub fn reader<'a>(event: &'a SignUpEvent, support_code: &'a str, address: Option<&'a EmailAddress>) -> Reader<'a> {
    Reader { locale: &event.client.locale, email: address, app: &event.app, support_code }
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
    pub found: Option<Found>,
    /// By which way it was known whose the Submit is; `None` for a Start.
    pub known_by: Option<KnownBy>,
}

impl Desk {
    /// The invitations for an address; none are asked for when they could not change the answer.
    pub async fn invitations(
        &self,
        policy: Option<&Policy>,
        found: Option<&Found>,
        work: &mut Work<'_>,
    ) -> Result<Vec<Invitation>, InviteError> {
        match (policy, found) {
            (Some(policy), Some(found)) if policy.gate != Gate::Closed => {
                let asked = self.invites.find(&found.address, policy.email_match);
                let invitations = Times::of(&mut work.times.invites, asked).await?;
                work.trace.note("invite sources", format_args!("{} invitations", invitations.len()));
                Ok(invitations)
            }
            _ => Ok(Vec::new()),
        }
    }
}
