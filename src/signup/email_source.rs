//! Where in an event a policy looks for the person's address.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use crate::values::AttributeName;

/// The names of the attribute in which Entra reports the address; upper and lower case are the same.
pub(super) const ADDRESS_ATTRIBUTES: [&str; 2] = ["email", "emailAddress"];

/// One place of an event where the address can be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EmailSource {
    /// A local account, or a one-time passcode.
    Identity,
    /// The id that a federated provider gives the person, if it has an `@`.
    FederatedId,
    /// An attribute.
    Attribute(AttributeName),
}

impl EmailSource {
    /// The sources of a policy that names none: the identity, then the attribute `email`.
    #[must_use]
    pub fn usual() -> Vec<Self> {
        vec![Self::Identity, Self::Attribute(AttributeName::new("email"))]
    }

    /// As it is written in the configuration, in logs and in `explain`: `attribute:ext.IdpEmail`.
    #[must_use]
    pub(crate) fn written(&self) -> Cow<'static, str> {
        let [identity, federated_id] = Self::WORDS;
        match self {
            Self::Identity => Cow::Borrowed(identity),
            Self::FederatedId => Cow::Borrowed(federated_id),
            Self::Attribute(name) => Cow::Owned(format!("attribute:{}", name.short())),
        }
    }

    /// How the sources that are not attributes are written.
    pub(crate) const WORDS: [&str; 2] = ["identity", "federated-id"];

    /// Whether this is the attribute in which Entra itself reports the address.
    pub(super) fn is_reported_by_entra(&self) -> bool {
        matches!(self, Self::Attribute(name) if is_address(name.as_str()))
    }
}

/// The text is not the name of an address source.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is none of identity, federated-id, attribute:NAME")]
pub struct UnknownEmailSource(String);

/// Reads `identity`, `federated-id` or `attribute:NAME`. The name stays as it is written; the caller finds out which
/// attribute of the directory it means.
impl FromStr for EmailSource {
    type Err = UnknownEmailSource;

    fn from_str(text: &str) -> Result<Self, UnknownEmailSource> {
        let [identity, federated_id] = Self::WORDS;
        match text.strip_prefix("attribute:") {
            Some(name) => Ok(Self::Attribute(AttributeName::new(name.trim()))),
            None if text == identity => Ok(Self::Identity),
            None if text == federated_id => Ok(Self::FederatedId),
            None => Err(UnknownEmailSource(text.to_owned())),
        }
    }
}

/// As [`EmailSource::written`].
impl fmt::Display for EmailSource {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.written())
    }
}

/// Whether Entra reports the address in an attribute of this name.
pub(super) fn is_address(name: &str) -> bool {
    ADDRESS_ATTRIBUTES.iter().any(|known| name.eq_ignore_ascii_case(known))
}
