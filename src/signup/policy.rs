//! Policies: what the operator decided, compiled.

use std::fmt;

use super::messages::Messages;
use super::rules::Rule;
use crate::expressions::Template;
use crate::values::{AddressRule, App, AppId, AttributeName, AttributeValue};

/// What happens to an address that no rule names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// It is refused.
    InviteOnly,
    /// It is admitted.
    Open,
    /// Everybody is refused, invited or not.
    Closed,
}

impl fmt::Display for Gate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::InviteOnly => "invite-only",
            Self::Open => "open",
            Self::Closed => "closed",
        })
    }
}

/// A value a policy puts into the form.
#[derive(Debug, Clone)]
pub enum PrefillValue {
    /// Always the same.
    Constant(AttributeValue),
    /// Rendered for the person.
    Template(Template),
}

/// The decisions for one app, or for every app.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Its name in the configuration.
    pub name: String,
    /// The apps it is for; empty: every app.
    pub apps: Vec<AppId>,
    /// What happens by default.
    pub gate: Gate,
    /// Who is let in.
    pub allow: Vec<AddressRule>,
    /// Who is not.
    pub deny: Vec<AddressRule>,
    /// What the form shows to begin with; stronger than an invite list's columns.
    pub prefill: Vec<(AttributeName, PrefillValue)>,
    /// What is checked when the form comes back.
    pub rules: Vec<Rule>,
}

/// All that the operator decided about sign-ups.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The policies; the first one whose apps match decides.
    pub policies: Vec<Policy>,
    /// The texts people see.
    pub messages: Messages,
}

impl Settings {
    /// The policy for an app.
    #[must_use]
    pub fn policy_for(&self, app: &App) -> Option<&Policy> {
        self.policies
            .iter()
            .find(|policy| policy.apps.is_empty() || app.id.as_ref().is_some_and(|id| policy.apps.contains(id)))
    }
}
