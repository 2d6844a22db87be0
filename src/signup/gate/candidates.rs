//! The invitations that count, and why the others do not.

use super::GateInput;
use crate::signup::reason::Reason;
use crate::signup::trace::Trace;
use crate::values::{Invitation, InvitationState};

/// The invitations for an address that count.
#[derive(Default)]
pub(super) struct Candidates<'a> {
    pub(super) exact: Option<&'a Invitation>,
    pub(super) domain: Option<&'a Invitation>,
    /// Why the first invitation that does not count does not.
    pub(super) absent_because: Option<Reason>,
}

impl<'a> Candidates<'a> {
    /// Nothing counts.
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
                Some(reason) => sorted.absent_because = sorted.absent_because.or(Some(reason)),
                None => sorted.take(invitation),
            }
        }
        sorted
    }

    /// Keeps the first exact invitation, and the first one for the longest domain rule.
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
