//! An invitation: one line of an invite list that speaks for an address.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{AddressRule, AppId, AttributeName, CodeDigest};

/// What an invite list says about an address.
#[derive(Debug, Clone)]
pub struct Invitation {
    /// The source's name in the configuration.
    pub source: Arc<str>,
    /// Where in the source: the line, counted from 1 with the header.
    pub line: u64,
    /// Whom it is for; `None`: whoever has the code.
    pub rule: Option<AddressRule>,
    /// The code that has to be typed; `None`: the address is enough.
    pub code: Option<InvitationCode>,
    /// The apps it is for; empty: every app.
    pub apps: Vec<AppId>,
    /// From when on it is valid.
    pub not_before: Option<DateTime<Utc>>,
    /// Until when it is valid; at this moment it no longer is.
    pub expires: Option<DateTime<Utc>>,
    /// Words that conditions and templates can ask for.
    pub tags: Vec<String>,
    /// Groups that the account is to become a member of.
    pub groups: Vec<String>,
    /// App roles that the account is to be given.
    pub roles: Vec<String>,
    /// Every cell of the line that is not empty, by its column, as templates see it.
    pub columns: BTreeMap<String, String>,
    /// The columns that prefill the attribute of their name.
    pub prefill: BTreeMap<AttributeName, String>,
}

/// A code, as far as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvitationCode {
    /// Its digest.
    pub digest: CodeDigest,
    /// How many people may use it.
    pub uses: u32,
}

/// Whether an invitation counts, for an app at a time. All but the first count as absent, and name the refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvitationState {
    /// It counts.
    Valid,
    /// For other apps only.
    OtherApp,
    /// Not yet.
    NotYetValid,
    /// No longer.
    Expired,
}

impl Invitation {
    /// An invitation without conditions.
    #[must_use]
    pub fn new(source: Arc<str>, line: u64, rule: Option<AddressRule>) -> Self {
        Self {
            source,
            line,
            rule,
            code: None,
            apps: Vec::new(),
            not_before: None,
            expires: None,
            tags: Vec::new(),
            groups: Vec::new(),
            roles: Vec::new(),
            columns: BTreeMap::new(),
            prefill: BTreeMap::new(),
        }
    }

    /// Whom it is for, in words that show no address.
    #[must_use]
    pub fn for_whom(&self) -> String {
        match (&self.rule, &self.code) {
            (Some(rule), None) => rule.to_string(),
            (Some(rule), Some(_)) => format!("{rule} with a code"),
            (None, _) => "whoever has the code".to_owned(),
        }
    }

    /// How narrow a domain's invitation is; `None` for one that is for an address, or for whoever has a code.
    #[must_use]
    pub fn specificity(&self) -> Option<(usize, bool)> {
        self.rule.as_ref().and_then(AddressRule::specificity)
    }

    /// Whether the invitation counts for `app` at `now`.
    #[must_use]
    pub fn state(&self, app: Option<&AppId>, now: DateTime<Utc>) -> InvitationState {
        let for_this_app = self.apps.is_empty() || app.is_some_and(|app| self.apps.contains(app));
        if !for_this_app {
            InvitationState::OtherApp
        } else if self.expires.is_some_and(|end| now >= end) {
            InvitationState::Expired
        } else if self.not_before.is_some_and(|start| now < start) {
            InvitationState::NotYetValid
        } else {
            InvitationState::Valid
        }
    }
}
