//! Why a token is refused, for the log: a name for each check, and the token's value where it helps.

use std::fmt;

/// The part of a value of an unverified token that may be logged: at most 200 characters. If a value has characters
/// that neither ids nor URLs of services have, nothing of it is shown: anybody can write anything there, even a
/// person's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ObservedValue(String);

impl ObservedValue {
    /// The part of `unverified` that may be logged.
    pub(super) fn new(unverified: &str) -> Self {
        let is_loggable = |c: char| c.is_ascii_alphanumeric() || "-._:/".contains(c);
        let shown = if unverified.chars().all(is_loggable) { unverified } else { "(not shown)" };
        Self(shown.chars().take(200).collect())
    }

    /// The text that may be logged.
    #[must_use]
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The check that a token failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TokenProblem {
    /// No `Authorization` header, or an empty token.
    MissingToken,
    /// More than one `Authorization` header.
    SeveralAuthorizationHeaders,
    /// Another scheme than `Bearer`.
    NotBearer,
    /// The header is longer than 16 KiB.
    TooLong,
    /// Not three parts of base64url, of which the first two are JSON objects; or a claim is of the wrong type.
    Malformed,
    /// Five parts: the token is encrypted.
    EncryptedToken,
    /// Another algorithm than RS256.
    Algorithm(ObservedValue),
    /// The header asks for an extension to be understood.
    CriticalHeader,
    /// `kid` is missing, empty or too long.
    NoKid,
    /// `ver` is missing or neither 1.0 nor 2.0.
    Version(ObservedValue),
    /// `iss` is not one of the tenant's for this version.
    Issuer(ObservedValue),
    /// `tid` is another tenant.
    Tenant(ObservedValue),
    /// `aud` is not ours.
    Audience(ObservedValue),
    /// `azp` or `appid` may not call.
    Caller(ObservedValue),
    /// No `exp`.
    NoExpiry,
    /// `exp` has passed.
    Expired,
    /// `nbf` has not come.
    NotYetValid,
    /// No key document has the key.
    UnknownKey(ObservedValue),
    /// The signature is not that key's.
    BadSignature,
}

impl TokenProblem {
    /// The name in the log. It never changes.
    #[must_use]
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::MissingToken => "missing-token",
            Self::SeveralAuthorizationHeaders => "several-authorization-headers",
            Self::NotBearer => "not-bearer",
            Self::TooLong => "too-long",
            Self::Malformed => "malformed",
            Self::EncryptedToken => "encrypted-token",
            Self::Algorithm(_) => "algorithm",
            Self::CriticalHeader => "critical-header",
            Self::NoKid => "no-kid",
            Self::Version(_) => "version",
            Self::Issuer(_) => "issuer",
            Self::Tenant(_) => "tenant",
            Self::Audience(_) => "audience",
            Self::Caller(_) => "caller",
            Self::NoExpiry => "no-expiry",
            Self::Expired => "expired",
            Self::NotYetValid => "not-yet-valid",
            Self::UnknownKey(_) => "unknown-key",
            Self::BadSignature => "bad-signature",
        }
    }

    /// The value in the token that failed the check, unverified.
    #[must_use]
    pub(crate) fn observed(&self) -> Option<&str> {
        match self {
            Self::Algorithm(value)
            | Self::Version(value)
            | Self::Issuer(value)
            | Self::Tenant(value)
            | Self::Audience(value)
            | Self::Caller(value)
            | Self::UnknownKey(value) => Some(value.as_str()),
            _ => None,
        }
    }

    /// What an administrator can do about it, if it is Entra that calls.
    #[must_use]
    pub(crate) fn remedy(&self) -> Option<&'static str> {
        match self {
            Self::EncryptedToken => {
                Some("the token is encrypted: remove tokenEncryptionKeyId from the hooks' registration")
            }
            Self::Issuer(_) | Self::Tenant(_) => {
                Some("compare tenant.id, tenant.subdomain and tenant.endpoints with the token")
            }
            Self::Audience(_) => Some("add the token's audience to hooks.audience if it is the hooks' registration"),
            Self::Caller(_) => Some("Entra's own caller is 99045fe1-7639-4a75-9d4a-577b6ca3810f"),
            Self::Expired | Self::NotYetValid => Some("check this machine's clock"),
            _ => None,
        }
    }
}

impl fmt::Display for TokenProblem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}
