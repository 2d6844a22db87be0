//! Why a connector did not do its work, and what follows from it.

use std::time::Duration;

use crate::expressions::TemplateError;
use crate::graph::GraphError;
use crate::outbound::{Disposition, OutboundError};
use crate::values::SecretError;

/// Why a connector cannot be built from its settings: the error of its kind.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct ConnectorSetupError(Box<dyn std::error::Error + Send + Sync>);

impl ConnectorSetupError {
    /// The error of a kind.
    pub fn new(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self(Box::new(error))
    }
}

/// Why a connector did not do its work. Nothing personal is in it.
#[derive(Debug, thiserror::Error)]
pub enum ConnectorError {
    /// Its secret was never there.
    #[error("the connector's credential is missing")]
    SecretMissing(#[source] SecretError),
    /// A person has to repair the configuration or the outside system's set-up.
    #[error("the connector is not set up: {what}")]
    Setup {
        /// What is wrong and where to look.
        what: String,
    },
    /// A template fails over this account's values.
    #[error("cannot render {field}")]
    Template {
        /// Which one.
        field: String,
        /// How.
        #[source]
        source: TemplateError,
    },
    /// No answer.
    #[error("the outside system gave no usable answer")]
    NoAnswer(#[source] OutboundError),
    /// The directory did not do it.
    #[error("the directory did not take the change")]
    Graph(#[source] GraphError),
    /// Too much, or broken for the moment.
    #[error("the outside system cannot take it now: {what}")]
    Unavailable {
        /// What it said.
        what: String,
        /// How long it asks to wait.
        after: Option<Duration>,
    },
    /// What answered was not the outside system, or not about this account.
    #[error("the answer is not the outside system's: {what}")]
    Unreadable {
        /// What came instead.
        what: String,
        /// How long it asks to wait.
        after: Option<Duration>,
    },
    /// The outside system refuses this account's values.
    #[error("the outside system refuses it: {what}")]
    Rejected {
        /// What it said, without values.
        what: String,
    },
    /// The outside system will never take this account, and that is in order.
    #[error("{reason}")]
    NeverTaken {
        /// Why.
        reason: &'static str,
    },
    /// The stored request is not one of this connector's.
    #[error("the stored request cannot be used: {what}")]
    BadRequest {
        /// What is wrong with it.
        what: &'static str,
    },
    /// The run ended first.
    #[error("the run ended before the delivery")]
    OutOfTime,
}

impl ConnectorError {
    /// The verdict on this one account's delivery.
    #[must_use]
    pub fn disposition(&self) -> Disposition {
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
            | Self::BadRequest { .. } => Disposition::GiveUp,
        }
    }

    /// Whether a person has to repair something that no account can help: every account waits for that, none of them
    /// uses up an attempt.
    #[must_use]
    pub fn is_setup(&self) -> bool {
        match self {
            Self::SecretMissing(_) | Self::Setup { .. } => true,
            Self::Graph(source) => source.is_setup(),
            Self::NoAnswer(source) => source.disposition() == Disposition::GiveUp,
            _ => false,
        }
    }
}
