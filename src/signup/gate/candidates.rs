//! Sorts the invitations for an address: which ones are valid, and what is wrong with the others.

use super::GateInput;
use crate::signup::reason::Reason;
use crate::signup::trace::Trace;
use crate::values::{Invitation, InvitationState};

/// The valid invitations for an address.
#[derive(Default)]
pub(super) struct Candidates<'a> {
    pub(super) exact: Option<&'a Invitation>,
    pub(super) domain: Option<&'a Invitation>,
    /// What is wrong with the first invitation that is not valid.
    pub(super) first_problem: Option<Reason>,
}

impl<'a> Candidates<'a> {
    /// No valid invitation.
    pub(super) fn none() -> Self {
        Self::default()
    }

    pub(super) fn sort(input: &GateInput<'a>, trace: &mut Trace) -> Self {
        let mut sorted = Self::default();
        for invitation in input.invitations.iter().filter(|invitation| invitation.code.is_none()) {
            let reason = match invitation.state(input.app.id.as_ref(), input.now) {
                InvitationState::Valid => None,
                InvitationState::Expired => Some(Reason::InvitationExpired),
                InvitationState::NotYetValid => Some(Reason::InvitationNotYetValid),
                InvitationState::OtherApp => Some(Reason::InvitationForAnotherApp),
            };
            let (source, line, whom) = (&invitation.source, invitation.line, invitation.for_whom());
            let state = reason.map_or("valid", Reason::name);
            trace.note("invitation", format_args!("{source} line {line}, for {whom}: {state}"));
            match reason {
                Some(reason) => sorted.first_problem = sorted.first_problem.or(Some(reason)),
                None => sorted.take(invitation),
            }
        }
        sorted
    }

    /// Keeps the first exact invitation, and the first one for the longest domain rule.
    fn take(&mut self, invitation: &'a Invitation) {
        match invitation.specificity() {
            None => self.exact = self.exact.or(Some(invitation)),
            length => {
                let longest = self.domain.and_then(Invitation::specificity);
                if longest.is_none() || longest < length {
                    self.domain = Some(invitation);
                }
            }
        }
    }

    pub(super) fn best(&self) -> Option<&'a Invitation> {
        self.exact.or(self.domain)
    }
}
