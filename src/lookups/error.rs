//! Why a look-up failed.

use reqwest::StatusCode;
use reqwest::header::HeaderName;

use super::InvalidRequest;
use crate::outbound::OutboundError;
use crate::values::{AttributeName, SecretError};

/// Why a look-up found nothing, or not everything. It quotes no value and no address.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LookupError {
    /// A header needs a secret that is missing.
    #[error("the header {name} needs a secret that is missing")]
    SecretMissing {
        name: HeaderName,
        /// Why there is none.
        #[source]
        source: SecretError,
    },
    /// A secret that cannot be sent.
    #[error("the secret of the header {name} has characters that no header may carry")]
    SecretUnusable { name: HeaderName },
    /// A template of the request cannot be rendered.
    #[error("the request cannot be made")]
    Request(#[from] InvalidRequest),
    /// The time was over before the call began.
    #[error("there is no time left to ask")]
    NoTime,
    /// There is no answer.
    #[error(transparent)]
    NoAnswer(OutboundError),
    /// A redirect, which is not followed.
    #[error("answered with a redirect (status {status}), which is not followed: give the final address")]
    Redirect { status: StatusCode },
    /// The status of an error.
    #[error("answered with status {status}")]
    Status { status: StatusCode },
    /// The answer is not JSON.
    #[error(transparent)]
    NotJson(OutboundError),
    /// Some pointers lead nowhere. The values of the others were read.
    #[error("the answer has nothing where the pointer of {} leads", listed(attributes))]
    Absent {
        /// The attributes whose pointer it is.
        attributes: Vec<AttributeName>,
    },
    /// The look-up panicked, which is a defect.
    #[error("the look-up panicked")]
    Panicked,
    /// No look-up has that name.
    #[error("there is no look-up of that name")]
    Unknown,
}

impl LookupError {
    /// A word for logs and metrics.
    #[must_use]
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::SecretMissing { .. } => "secret-missing",
            Self::SecretUnusable { .. } => "secret-unusable",
            Self::Request(_) => "request",
            Self::NoTime | Self::NoAnswer(OutboundError::TimedOut { .. }) => "late",
            Self::NoAnswer(OutboundError::TooLarge { .. }) => "too-large",
            Self::NoAnswer(OutboundError::NotPublic { .. }) => "not-public",
            Self::NoAnswer(_) => "unreachable",
            Self::Redirect { .. } => "redirect",
            Self::Status { .. } => "status",
            Self::NotJson(_) => "not-json",
            Self::Absent { .. } => "absent",
            Self::Panicked => "panicked",
            Self::Unknown => "unknown",
        }
    }
}

/// The names as the configuration has them.
fn listed(attributes: &[AttributeName]) -> String {
    attributes.iter().map(AttributeName::short).collect::<Vec<_>>().join(", ")
}
