//! Policies, as compiled from the configuration.

use std::fmt;
use std::sync::Arc;

use super::email_source::EmailSource;
use super::messages::Messages;
use super::rules::{MAX_TEXT, Normalise, Rule};
use crate::expressions::Template;
use crate::values::{AddressRule, App, AppId, AttributeName, AttributeTypes, AttributeValue, EmailMatch};

/// What happens to people whom no rule admits or denies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// They are refused.
    InviteOnly,
    /// They are admitted.
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

/// Whether decisions count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    /// They count.
    #[default]
    Enforce,
    /// They are made and logged, but everybody goes on.
    Report,
}

/// What happens to a person without an address.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NoAddress {
    /// They are refused at Start.
    #[default]
    Refuse,
    /// They see the form and need a code.
    Code,
}

/// A value a policy puts into the form.
#[derive(Debug, Clone)]
pub enum PrefillValue {
    /// The same value for everybody.
    Constant(AttributeValue),
    /// Rendered for the person.
    Template(Template),
}

/// Who may sign up to some apps, or to every app, and what their form shows and accepts.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Its name in the configuration.
    pub name: Arc<str>,
    /// The apps it is for; empty: every app.
    pub apps: Vec<AppId>,
    /// What happens to people whom no rule admits or denies.
    pub gate: Gate,
    /// Addresses and domains that are admitted without an invitation.
    pub allow: Vec<AddressRule>,
    /// Addresses and domains that are refused.
    pub deny: Vec<AddressRule>,
    /// Whether addresses of disposable mail services are refused.
    pub deny_disposable: bool,
    /// Whether its decisions count.
    pub mode: Mode,
    /// What happens to a person without an address.
    pub no_address: NoAddress,
    /// How invitations and `allow` are compared with the address.
    pub email_match: EmailMatch,
    /// Where the address is looked for, in order.
    pub email_sources: Vec<EmailSource>,
    /// The form's field for a code.
    pub invitation_code: Option<AttributeName>,
    /// Whether every refusal shows the text `not-invited`.
    pub uniform_refusals: bool,
    /// Attributes that hold several choices in one text, with commas between.
    pub multi_select: Vec<AttributeName>,
    /// The declared types of the tenant's attributes.
    pub types: AttributeTypes,
    /// The look-ups whose answers fill the form.
    pub lookups: Vec<Arc<str>>,
    /// The values that fill the form. They replace those from the columns of an invitation.
    pub prefill: Vec<(AttributeName, PrefillValue)>,
    /// The longest text of the form, in bytes.
    pub max_text: usize,
    /// What is tidied and checked in a submitted form, in order.
    pub rules: Vec<Rule>,
}

impl Policy {
    /// A policy with this gate and the default for everything else.
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>, gate: Gate) -> Self {
        Self {
            name: name.into(),
            apps: Vec::new(),
            gate,
            allow: Vec::new(),
            deny: Vec::new(),
            deny_disposable: false,
            mode: Mode::default(),
            no_address: NoAddress::default(),
            email_match: EmailMatch::default(),
            email_sources: EmailSource::usual(),
            invitation_code: None,
            uniform_refusals: false,
            multi_select: Vec::new(),
            types: AttributeTypes::default(),
            lookups: Vec::new(),
            prefill: Vec::new(),
            max_text: MAX_TEXT,
            rules: Vec::new(),
        }
    }
}

/// The settings of all decisions: policies and texts.
#[derive(Debug, Clone, Default)]
pub struct SignUpSettings {
    /// The policies; the first one whose apps match decides.
    pub policies: Vec<Policy>,
    /// The texts people see.
    pub messages: Messages,
}

impl SignUpSettings {
    /// The policy for an app.
    #[must_use]
    pub(crate) fn policy_for(&self, app: &App) -> Option<&Policy> {
        self.policies
            .iter()
            .find(|policy| policy.apps.is_empty() || app.id.as_ref().is_some_and(|id| policy.apps.contains(id)))
    }

    /// Whether a rule reads phone numbers.
    #[must_use]
    pub(crate) fn reads_phones(&self) -> bool {
        let mut rules = self.policies.iter().flat_map(|policy| &policy.rules);
        rules.any(|rule| rule.normalise.contains(&Normalise::Phone))
    }
}
