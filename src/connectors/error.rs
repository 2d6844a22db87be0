//! The errors of connectors, and what follows from them.

use std::time::Duration;

use crate::expressions::TemplateError;
use crate::graph::GraphError;
use crate::outbound::{Disposition, OutboundError};
use crate::values::SecretError;

/// Why a connector cannot be built from its settings: the error of its kind.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(crate) struct ConnectorSetupError(Box<dyn std::error::Error + Send + Sync>);

impl ConnectorSetupError {
    /// The error of a kind.
    pub(crate) fn new(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self(Box::new(error))
    }
}

/// Why a delivery failed. Holds nothing personal.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectorError {
    /// The secret is not configured, or cannot be read.
    #[error("the connector's credential is missing")]
    SecretMissing(#[source] SecretError),
    /// Somebody has to repair the configuration or the outside system's set-up.
    #[error("the connector is not set up: {what}")]
    Setup {
        /// What is wrong and where to look.
        what: String,
    },
    /// A template fails with this account's values.
    #[error("cannot render {field}")]
    Template {
        /// The template's key.
        field: String,
        #[source]
        source: TemplateError,
    },
    /// There is no usable answer.
    #[error("the outside system gave no usable answer")]
    NoAnswer(#[source] OutboundError),
    /// The directory did not make the change.
    #[error("the directory did not take the change")]
    Graph(#[source] GraphError),
    /// The outside system is overloaded or out of order for the moment.
    #[error("the outside system cannot take it now: {what}")]
    Unavailable {
        /// What it said.
        what: String,
        /// How long the answer asks to wait.
        after: Option<Duration>,
    },
    /// The answer is not the outside system's, or not about this account.
    #[error("the answer is not the outside system's: {what}")]
    Unreadable {
        /// What is wrong with the answer.
        what: String,
        /// How long the answer asks to wait.
        after: Option<Duration>,
    },
    /// The outside system refuses this account's values.
    #[error("the outside system refuses it: {what}")]
    Rejected {
        /// What it said, without values.
        what: String,
    },
    /// The outside system will never take this account, and nothing has to be done.
    #[error("{reason}")]
    NeverTaken { reason: &'static str },
    /// The stored request is not one that this connector renders.
    #[error("the stored request cannot be used: {what}")]
    UnusableRequest {
        /// What is wrong with it.
        what: &'static str,
    },
    /// The run ended before the delivery.
    #[error("the run ended before the delivery")]
    OutOfTime,
}

impl ConnectorError {
    /// Whether this account's delivery is tried again, given up or skipped.
    #[must_use]
    pub(crate) fn disposition(&self) -> Disposition {
        match self {
            Self::NoAnswer(source) => source.disposition(),
            Self::Graph(source) => source.disposition(),
            Self::Unavailable { after, .. } | Self::Unreadable { after, .. } => Disposition::Retry { after: *after },
            Self::NeverTaken { .. } => Disposition::Skip,
            Self::OutOfTime => Disposition::Retry { after: None },
            Self::SecretMissing(_)
            | Self::Setup { .. }
            | Self::Template { .. }
            | Self::Rejected { .. }
            | Self::UnusableRequest { .. } => Disposition::GiveUp,
        }
    }

    /// Whether somebody has to repair the set-up first. Then all accounts wait, and none of them uses up an attempt.
    #[must_use]
    pub(crate) fn is_setup(&self) -> bool {
        match self {
            Self::SecretMissing(_) | Self::Setup { .. } => true,
            Self::Graph(source) => source.is_setup(),
            Self::NoAnswer(source) => source.disposition() == Disposition::GiveUp,
            _ => false,
        }
    }
}
