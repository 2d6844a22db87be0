//! Who signs up, and to which app: the identities that Entra verified, and how the sender of a form is known.

use super::AppId;

/// One way in which the person proved who they are. `Debug` shows the kind, never the id.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// `emailAddress`, `email`, `federated`, `userName` …, as given.
    pub sign_in_type: String,
    /// The tenant's domain for local accounts, else the identity provider (`mail`, `google.com`, an issuer URL).
    pub issuer: String,
    /// What the issuer calls the person: an address, or an opaque id.
    pub issuer_assigned_id: String,
}

impl Identity {
    /// Whether it is a local account with an email address.
    #[must_use]
    pub(crate) fn is_local(&self) -> bool {
        ["emailAddress", "email"].iter().any(|name| self.sign_in_type.eq_ignore_ascii_case(name))
    }

    /// The id, if this kind of identity is an address that was proven by a code or password: a local account with an
    /// email address, or the one-time passcode.
    #[must_use]
    pub(crate) fn proven_address(&self) -> Option<&str> {
        let passcode = self.sign_in_type.eq_ignore_ascii_case("federated") && self.issuer.eq_ignore_ascii_case("mail");
        ((self.is_local() || passcode) && !self.issuer_assigned_id.trim().is_empty())
            .then_some(self.issuer_assigned_id.as_str())
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Identity({} by {})", self.sign_in_type, self.issuer)
    }
}

/// How it is known which person sent a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum KnownBy {
    /// The form itself proves the person's address.
    Submit,
    /// All Starts with its correlation id came from one person.
    CorrelationId,
    /// Only one person started from its network, and the form has that person's address.
    Network,
    /// It is not known.
    Nobody,
}

impl KnownBy {
    /// Its name in logs and in `explain`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Submit => "submit",
            Self::CorrelationId => "correlation-id",
            Self::Network => "network",
            Self::Nobody => "nobody",
        }
    }
}

/// The app a person signs up to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct App {
    /// Its application id; `None` if the event has none that is a GUID.
    pub id: Option<AppId>,
    /// Its display name, possibly empty.
    pub name: String,
}
