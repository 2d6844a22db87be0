//! Why somebody is admitted or refused: the names in logs and in `explain`, and the texts people see.

use crate::signup::messages::START_AGAIN;
use crate::values::KnownBy;

/// Why somebody is admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    /// An invitation for the address or its domain.
    Invitation,
    /// `allow` names the address or its domain.
    Allow,
    /// The gate is open.
    Open,
    /// A code.
    Code,
}

impl Ground {
    /// Its name in logs and in `explain`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::Allow => "allow",
            Self::Open => "open",
            Self::Code => "code",
        }
    }
}

/// Why somebody is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// No policy is for this app.
    NoPolicy,
    /// The gate is closed.
    Closed,
    /// There is no address to go by.
    NoAddress,
    /// The person may have typed the address.
    AddressTyped,
    /// Nothing speaks for the address.
    NotInvited,
    /// The invitation has expired.
    InvitationExpired,
    /// The invitation is not valid yet.
    InvitationNotYetValid,
    /// The invitation is for another app.
    InvitationOtherApp,
    /// `deny` names the address or its domain.
    Denied,
    /// The domain is a disposable mail service's.
    Disposable,
}

impl Refusal {
    /// Every refusal.
    pub const ALL: [Self; 10] = [
        Self::NoPolicy,
        Self::Closed,
        Self::NoAddress,
        Self::AddressTyped,
        Self::NotInvited,
        Self::InvitationExpired,
        Self::InvitationNotYetValid,
        Self::InvitationOtherApp,
        Self::Denied,
        Self::Disposable,
    ];

    /// Its name in logs and in `explain`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NoPolicy => "no-policy",
            Self::Closed => "closed",
            Self::NoAddress => "no-address",
            Self::AddressTyped => "address-typed",
            Self::NotInvited => "not-invited",
            Self::InvitationExpired => "invitation-expired",
            Self::InvitationNotYetValid => "invitation-not-yet-valid",
            Self::InvitationOtherApp => "invitation-for-another-app",
            Self::Denied => "denied",
            Self::Disposable => "disposable",
        }
    }

    /// The key of its message at Start. For a key that has no text, people see that of `not-invited`: what is wrong with
    /// an address then reads the same, and nobody learns from it who is on a list.
    #[must_use]
    pub fn message(self) -> &'static str {
        if self == Self::AddressTyped { START_AGAIN } else { self.name() }
    }

    /// The key of its message at Submit. If nobody can tell whose the Submit is, and that is why there is no address to
    /// go by, the person is asked to start again.
    #[must_use]
    pub fn message_at_submit(self, known_by: KnownBy) -> &'static str {
        if self == Self::NoAddress && known_by == KnownBy::Nobody { START_AGAIN } else { self.message() }
    }
}
