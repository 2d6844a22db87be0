//! The reasons of decisions, each with its name, its meaning, and what can be done about it.
//!
//! The name is the same in log lines, counts, `explain` and the configuration's own tests. A reason that people see is
//! also the key of a text in [`super::messages`].

use strum::{EnumMessage, EnumString, IntoStaticStr, VariantArray};

use super::messages::key;
use crate::values::KnownBy;

/// The reason of a decision, or of the failure action where no decision could be made. The variants are in the order in
/// which they can occur. `message` is the meaning; `detailed_message` is the remedy, if there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumMessage, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "kebab-case")]
#[expect(missing_docs, reason = "each reason says its meaning in `message`")]
pub enum Reason {
    #[strum(message = "an invitation for the address or its domain admits")]
    Invitation,
    #[strum(message = "allow names the address or its domain")]
    Allow,
    #[strum(message = "the gate is open to every address that nothing denies")]
    Open,
    #[strum(message = "a valid invitation code admits")]
    Code,
    #[strum(message = "nothing admits or denies the person: they see the form and have to give a valid code with it")]
    NeedsCode,
    #[strum(
        message = "no policy is for the application the person signs up to",
        detailed_message = "add the application's id to a policy's apps, or a last policy without apps"
    )]
    NoPolicy,
    #[strum(
        message = "the policy's gate is closed: nobody is admitted, invited or not",
        detailed_message = "set gate to another value"
    )]
    Closed,
    #[strum(
        message = "no source in email_sources says an address, or what it says is no usable address; at Submit \
            also: nobody can tell who sent the form, as for address-typed",
        detailed_message = "select the attribute email in the user flow; map the provider's email claim to an \
            attribute and name it in email_sources; or let people without an address use a code with no_address = \
            \"code\""
    )]
    NoAddress,
    #[strum(
        message = "the address comes from a field that the person may have edited, and it is not known who sent the \
            form: an address that was typed never admits",
        detailed_message = "the page asks to start again. If it is frequent, look at known_by, for failure-action \
            lines at Start, whether all instances share one state store, and whether a client uses one correlation \
            id for many people"
    )]
    AddressTyped,
    #[strum(
        message = "no invitation and no allow is for the address or its domain, and the gate is invite-only",
        detailed_message = "invite the address with guestlist invites add, or add its domain to allow"
    )]
    NotInvited,
    #[strum(
        message = "the only invitation for the address has expired",
        detailed_message = "move its expires, or invite again"
    )]
    InvitationExpired,
    #[strum(message = "the only invitation for the address is not valid yet", detailed_message = "move its not_before")]
    InvitationNotYetValid,
    #[strum(
        message = "the only invitation for the address is for another application",
        detailed_message = "add the application's id to the line's apps, or to those of the whole list"
    )]
    InvitationForAnotherApp,
    #[strum(
        message = "deny names the address (in its widest form) or its domain, and no narrower rule admits it",
        detailed_message = "remove the rule from deny, or add the address itself to allow"
    )]
    Denied,
    #[strum(
        message = "the domain belongs to a disposable mail service, and the policy has deny_disposable",
        detailed_message = "add the domain, or the address, to allow"
    )]
    Disposable,
    #[strum(message = "a rule with outcome = \"block\" failed", detailed_message = "the trace names the rule")]
    RuleBlocked,
    #[strum(message = "fields or the form as a whole did not pass the rules; the person may correct them")]
    Rules,
    #[strum(message = "the person needs a code and gave none; they may enter one")]
    CodeMissing,
    #[strum(
        message = "the code is mistyped, or no source knows it; they may enter another",
        detailed_message = "compare it with what was handed out: only its hash is stored, so a lost code is made \
            anew"
    )]
    CodeWrong,
    #[strum(message = "the code has expired", detailed_message = "move its expires, or make a new one")]
    CodeExpired,
    #[strum(message = "the code is not valid yet", detailed_message = "move its not_before")]
    CodeNotYetValid,
    #[strum(message = "the code is for another application", detailed_message = "add the application's id to its apps")]
    CodeForAnotherApp,
    #[strum(
        message = "the code is for another address or domain, or the person's own address is not known for sure",
        detailed_message = "make a code without --for, or one for this address"
    )]
    CodeForAnotherAddress,
    #[strum(
        message = "as many people have used the code as may; one that was never followed by an account is free \
            again after its reservation has ended and discovery has covered that time",
        detailed_message = "raise its uses, or make a new one"
    )]
    CodeUsedUp,
    #[strum(
        message = "too many wrong codes came from this network or for this address",
        detailed_message = "they may try again after a minute"
    )]
    TooManyTries,
    #[strum(
        message = "no answer was ready within hooks.budget: the failure action was given",
        detailed_message = "look at duration_us, and at what else was slow then"
    )]
    Deadline,
    #[strum(
        message = "Entra's signing keys could not be had in time: the failure action was given",
        detailed_message = "look for signing-keys lines"
    )]
    KeysUnavailable,
    #[strum(
        message = "an invite source has no list: the failure action was given",
        detailed_message = "look for invites-failed lines"
    )]
    InvitesUnavailable,
    #[strum(
        message = "the state store does not work: the failure action was given",
        detailed_message = "the error says what failed"
    )]
    StateUnavailable,
    #[strum(message = "a defect: the failure action was given", detailed_message = "report it with the panic line")]
    Panicked,
}

impl Reason {
    /// Its name in logs, counts and `explain`: `not-invited`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// What it means.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        self.get_message().unwrap_or_default()
    }

    /// What can be done about it; empty if nothing has to be done.
    #[must_use]
    pub fn remedy(self) -> &'static str {
        // Without a detailed message strum hands back the message.
        self.get_detailed_message().filter(|remedy| *remedy != self.meaning()).unwrap_or_default()
    }

    /// The key of the text that people see. A code for somebody else reads like a wrong code: the error never reveals
    /// whom a code is for. A refusal without a text of its own reads like `not-invited`, so that nobody learns who is
    /// on a list.
    #[must_use]
    pub fn message(self) -> &'static str {
        match self {
            Self::AddressTyped => key::START_AGAIN,
            Self::CodeNotYetValid | Self::CodeForAnotherApp | Self::CodeForAnotherAddress => Self::CodeWrong.name(),
            Self::TooManyTries => key::TRY_LATER,
            reason => reason.name(),
        }
    }

    /// The key of the text for a refusal after the form was sent. If nobody can tell who sent it, and that is why there
    /// is no address, the person is asked to start again.
    #[must_use]
    pub(crate) fn message_at_submit(self, known_by: KnownBy) -> &'static str {
        if self == Self::NoAddress && known_by == KnownBy::Nobody { key::START_AGAIN } else { self.message() }
    }

    /// Whether a code may be missing or wrong only because nobody can tell who sent the form: the person's own address
    /// might admit them, or the code may be for it. They are asked to start again, too.
    #[must_use]
    pub(crate) fn follows_from_unknown_sender(self, known_by: KnownBy) -> bool {
        known_by == KnownBy::Nobody && matches!(self, Self::CodeMissing | Self::CodeForAnotherAddress)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Every reason for which the gate can refuse somebody.
    pub(in crate::signup) const REFUSALS: [Reason; 10] = [
        Reason::NoPolicy,
        Reason::Closed,
        Reason::NoAddress,
        Reason::AddressTyped,
        Reason::NotInvited,
        Reason::InvitationExpired,
        Reason::InvitationNotYetValid,
        Reason::InvitationForAnotherApp,
        Reason::Denied,
        Reason::Disposable,
    ];

    #[test]
    fn every_reason_has_a_meaning_and_is_found_by_its_name() {
        for reason in Reason::VARIANTS {
            assert!(!reason.meaning().is_empty(), "{reason:?}");
            assert_eq!(reason.name().parse(), Ok(*reason));
        }
    }

    #[test]
    fn a_refusal_comes_with_a_remedy() {
        for reason in REFUSALS {
            assert!(!reason.remedy().is_empty(), "{reason:?}");
        }
    }

    #[test]
    fn where_nothing_has_to_be_done_there_is_no_remedy() {
        for reason in [Reason::Invitation, Reason::Allow, Reason::Open, Reason::Code] {
            assert_eq!(reason.remedy(), "", "{reason:?}");
        }
    }

    #[test]
    fn nobody_learns_whom_a_code_is_for() {
        for reason in [Reason::CodeForAnotherAddress, Reason::CodeForAnotherApp, Reason::CodeNotYetValid] {
            assert_eq!(reason.message(), Reason::CodeWrong.message());
        }
    }
}
