//! What a hook can decide. Entra's spelling of it is `entra::action`'s business.

use std::collections::BTreeMap;

use crate::values::{AttributeName, AttributeValues};

/// A page that ends the sign-up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The heading, if the message has one.
    pub title: Option<String>,
    /// The text, plain.
    pub text: String,
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
        /// Above the form.
        message: String,
        /// At each failing field; empty if only the form as a whole is wrong.
        errors: BTreeMap<AttributeName, String>,
    },
    /// Show a page and end the sign-up.
    Refuse(Page),
}

impl StartDecision {
    /// Its name in logs and in `explain`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Continue => "continue",
            Self::Prefill(_) => "prefill",
            Self::Refuse(_) => "refuse",
        }
    }
}

impl SubmitDecision {
    /// Its name in logs and in `explain`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Continue => "continue",
            Self::Modify(_) => "modify",
            Self::Reject { .. } => "reject",
            Self::Refuse(_) => "refuse",
        }
    }
}
