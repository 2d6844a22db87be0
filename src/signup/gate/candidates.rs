//! The invitations that count, and why the others do not.

use super::GateInput;
use crate::signup::reason::Reason;
use crate::signup::trace::Trace;
use crate::values::{Invitation, InvitationState};

/// What came of the invitations for an address.
#[derive(Default)]
pub(super) struct Candidates<'a> {
    pub(super) exact: Option<&'a Invitation>,
    pub(super) domain: Option<&'a Invitation>,
    /// Why the first of those that do not count does not.
    pub(super) absent_because: Option<Reason>,
}

impl<'a> Candidates<'a> {
    /// Nothing counts.
    pub(super) fn none() -> Self {
        Self::default()
    }

    pub(super) fn sort(question: &GateInput<'a>, trace: &mut Trace) -> Self {
        let mut sorted = Self::default();
        for invitation in question.invitations.iter().filter(|invitation| invitation.code.is_none()) {
            let reason = match invitation.state(question.app.id.as_ref(), question.now) {
                InvitationState::Valid => None,
                InvitationState::Expired => Some(Reason::InvitationExpired),
                InvitationState::NotYetValid => Some(Reason::InvitationNotYetValid),
                InvitationState::OtherApp => Some(Reason::InvitationForAnotherApp),
            };
            let (source, line, whom) = (&invitation.source, invitation.line, invitation.for_whom());
            let state = reason.map_or("valid", Reason::name);
            trace.note("invitation", format_args!("{source} line {line}, for {whom}: {state}"));
            match reason {
                Some(reason) => sorted.absent_because = sorted.absent_because.or(Some(reason)),
                None => sorted.take(invitation),
            }
        }
        sorted
    }

    /// The first exact one wins; among domains the narrowest, and of equals the first.
    fn take(&mut self, invitation: &'a Invitation) {
        match invitation.specificity() {
            None => self.exact = self.exact.or(Some(invitation)),
            found => {
                let known = self.domain.and_then(Invitation::specificity);
                if known.is_none() || known < found {
                    self.domain = Some(invitation);
                }
            }
        }
    }

    pub(super) fn best(&self) -> Option<&'a Invitation> {
        self.exact.or(self.domain)
    }
}
