//! The errors of tokens, and what a person can do about them.

use std::sync::Arc;

use crate::outbound::{Disposition, OutboundError};
use crate::values::{AppId, SecretError};

/// Why there is no token.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum CredentialError {
    /// No secret is configured, or it could not be read.
    #[error("the credential for Microsoft Graph is missing")]
    SecretMissing(#[source] SecretError),
    /// The token endpoint gave no usable answer.
    #[error("cannot ask for a token")]
    NoAnswer(#[source] Arc<OutboundError>),
    /// The endpoint refused.
    #[error("the token endpoint refused the app {client_id} with {code}: {remedy}")]
    Refused {
        /// The app registration that asked.
        client_id: AppId,
        /// `AADSTS…`, or the error's name where there is none.
        code: String,
        /// What a person can do about it.
        remedy: &'static str,
    },
    /// The endpoint is overloaded or broken for the moment.
    #[error("the token endpoint answers {status} ({code})")]
    Unavailable {
        status: u16,
        /// The error's code, or a remark that the answer has none.
        code: String,
        /// Whether to try again, with the wait that the answer asked for.
        disposition: Disposition,
    },
    /// A success without a usable token in it.
    #[error("the token endpoint's answer holds no token: {what}")]
    NoToken {
        /// What is wrong with the answer.
        what: &'static str,
    },
}

impl CredentialError {
    /// Whether trying again can help. It cannot if a person must repair the set-up.
    #[must_use]
    pub(crate) fn disposition(&self) -> Disposition {
        match self {
            Self::Unavailable { disposition, .. } => *disposition,
            Self::NoAnswer(source) => source.disposition(),
            Self::SecretMissing(_) | Self::Refused { .. } => Disposition::GiveUp,
            Self::NoToken { .. } => Disposition::Retry { after: None },
        }
    }
}

/// What to do about a refusal, by its code.
pub(super) fn remedy(code: &str) -> &'static str {
    match code {
        "AADSTS7000215" => "the client secret is wrong; use the secret's value, not its id",
        "AADSTS7000222" => "the client secret has expired; make a new one",
        "AADSTS700016" | "AADSTS7000229" => {
            "the app registration is not known in this tenant; check graph.client_id and tenant.id, or wait if it is new"
        }
        "AADSTS90002" | "AADSTS900023" => "there is no such tenant; check tenant.id",
        _ => "look the code up in the Entra documentation, and check tenant.id, graph.client_id and graph.credential",
    }
}
