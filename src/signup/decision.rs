//! The possible decisions of both hooks. `entra::action` writes them in the form that Entra accepts.

use std::collections::BTreeMap;

use strum::IntoStaticStr;

use crate::values::{AttributeName, AttributeValues};

/// A page that ends the sign-up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The heading, if there is one.
    pub title: Option<String>,
    /// The text, plain.
    pub text: String,
}

/// What an answer makes Entra do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum ActionKind {
    /// Show the form as it is, or create the account with what was typed.
    Continue,
    /// Show the form with values in it.
    Prefill,
    /// Create the account with other values than those that were typed.
    Modify,
    /// Show the form again with what is wrong.
    Reject,
    /// Show a page and end the sign-up.
    Refuse,
}

impl ActionKind {
    /// Its name in logs, counts and `explain`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Whether it stops the person, for good or until they correct the form.
    #[must_use]
    pub fn stops(self) -> bool {
        matches!(self, Self::Reject | Self::Refuse)
    }
}

/// A decision of either hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Before the form is shown.
    Start(StartDecision),
    /// After it was sent.
    Submit(SubmitDecision),
}

impl Decision {
    /// The action that Entra is asked for.
    #[must_use]
    pub fn action(&self) -> ActionKind {
        match self {
            Self::Start(decision) => decision.action(),
            Self::Submit(decision) => decision.action(),
        }
    }
}

/// The answer before the form is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StartDecision {
    /// Show the form as it is.
    Continue,
    /// Show the form with these values; never empty.
    Prefill(AttributeValues),
    /// Show a page and end the sign-up.
    Refuse(Page),
}

/// The answer after the form was submitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubmitDecision {
    /// Create the account.
    Continue,
    /// Create the account with these values instead; never empty.
    Modify(AttributeValues),
    /// Show the form again with what is wrong.
    Reject {
        /// The text above the form.
        message: String,
        /// The text at each failing field; empty if only the form as a whole is wrong.
        errors: BTreeMap<AttributeName, String>,
    },
    /// Show a page and end the sign-up.
    Refuse(Page),
}

impl StartDecision {
    /// The action that Entra is asked for.
    #[must_use]
    pub fn action(&self) -> ActionKind {
        match self {
            Self::Continue => ActionKind::Continue,
            Self::Prefill(_) => ActionKind::Prefill,
            Self::Refuse(_) => ActionKind::Refuse,
        }
    }
}

impl SubmitDecision {
    /// Continues with these values instead of the ones that were typed; without any values, continues unchanged.
    #[must_use]
    pub(crate) fn with_values(values: AttributeValues) -> Self {
        if values.is_empty() { Self::Continue } else { Self::Modify(values) }
    }

    /// The action that Entra is asked for.
    #[must_use]
    pub fn action(&self) -> ActionKind {
        match self {
            Self::Continue => ActionKind::Continue,
            Self::Modify(_) => ActionKind::Modify,
            Self::Reject { .. } => ActionKind::Reject,
            Self::Refuse(_) => ActionKind::Refuse,
        }
    }
}
