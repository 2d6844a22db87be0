//! An invitation: one line of an invite list.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::{AddressRule, AppId, AttributeName, AttributeType, AttributeTypes, AttributeValue, CodeDigest};

/// One line of an invite list: whom it invites, and what it says about them.
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
    /// The first moment at which it is valid.
    pub not_before: Option<DateTime<Utc>>,
    /// The first moment at which it is no longer valid.
    pub expires: Option<DateTime<Utc>>,
    /// Words that conditions and templates can ask for.
    pub tags: Vec<String>,
    /// Groups that the account shall be a member of.
    pub groups: Vec<String>,
    /// App roles that the account shall have.
    pub roles: Vec<String>,
    /// Every cell of the line that is not empty, by its column, as templates see it.
    pub columns: BTreeMap<String, String>,
    /// The columns that prefill the attribute of their name.
    pub prefill: BTreeMap<AttributeName, String>,
}

/// The stored part of a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvitationCode {
    /// The digest of the code.
    pub digest: CodeDigest,
    /// How many people may use it.
    pub uses: u32,
}

/// Whether an invitation is valid for an app at a moment. An invitation that is not valid counts as absent, but it
/// is the reason that a refusal gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvitationState {
    /// It can be used.
    Valid,
    /// It is for other apps only.
    OtherApp,
    /// It is not valid yet.
    NotYetValid,
    /// It has expired.
    Expired,
}

impl Invitation {
    /// The members that every invitation has in templates and conditions. A list's own columns come on top.
    pub(crate) const MEMBERS: [&str; 10] =
        ["email", "name", "apps", "tags", "not_before", "expires", "groups", "roles", "note", "source"];

    /// Those of them that are lists.
    pub(crate) const LISTS: [&str; 3] = ["tags", "groups", "roles"];

    /// The invitation as templates and conditions see it: its columns in the declared type of their attribute,
    /// otherwise as texts. `name`, `source` and the lists `tags`, `groups` and `roles` are always there, and empty
    /// without an invitation. A cell that does not fit its type is left out; reading the list reports it. The result is
    /// personal and must not be logged.
    #[must_use]
    pub(crate) fn to_context(invitation: Option<&Self>, types: &AttributeTypes) -> Value {
        let columns = invitation.into_iter().flat_map(|invitation| &invitation.columns);
        let member = |(name, text): (&String, &String)| Some((name.clone(), cell(name, text, types)?));
        let mut members: Map<String, Value> = columns.filter_map(member).collect();
        members.entry("name").or_insert_with(|| "".into());
        members.insert("source".to_owned(), invitation.map_or("", |invitation| &*invitation.source).into());
        let none = Vec::new();
        let lists = invitation.map_or([&none; 3], |Self { tags, groups, roles, .. }| [tags, groups, roles]);
        for (name, items) in Self::LISTS.into_iter().zip(lists) {
            members.insert(name.to_owned(), items.clone().into());
        }
        Value::Object(members)
    }

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
    pub(crate) fn for_whom(&self) -> String {
        match (&self.rule, &self.code) {
            (Some(rule), None) => rule.to_string(),
            (Some(rule), Some(_)) => format!("{rule} with a code"),
            (None, _) => "whoever has the code".to_owned(),
        }
    }

    /// How narrow a domain's invitation is; `None` for one that is for an address, or for whoever has a code.
    #[must_use]
    pub(crate) fn specificity(&self) -> Option<(usize, bool)> {
        self.rule.as_ref().and_then(AddressRule::specificity)
    }

    /// Whether the invitation is valid for `app` at `now`.
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

/// A cell in the declared type of its column, if there is one.
fn cell(column: &str, text: &str, types: &AttributeTypes) -> Option<Value> {
    match types.declared_for(column) {
        None | Some(AttributeType::String | AttributeType::StringCollection) => Some(text.into()),
        Some(declared) => match AttributeValue::String(text.to_owned()).convert(declared)? {
            AttributeValue::Int64(number) => Some(number.into()),
            AttributeValue::Boolean(yes) => Some(yes.into()),
            AttributeValue::String(_) | AttributeValue::StringCollection(_) => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn templates_see_its_columns_and_its_lists() {
        let invitation = Invitation {
            tags: vec!["press".into(), "beta".into()],
            roles: vec!["Reader".into()],
            columns: [("tags", "press;beta"), ("ext.Plan", "gold")]
                .map(|(name, cell)| (name.into(), cell.into()))
                .into(),
            ..Invitation::new("beta".into(), 2, None)
        };
        let seen = json!({
            "name": "", "source": "beta", "tags": ["press", "beta"], "groups": [], "roles": ["Reader"], "ext.Plan": "gold",
        });
        assert_eq!(Invitation::to_context(Some(&invitation), &AttributeTypes::default()), seen);
    }

    #[test]
    fn a_column_has_the_declared_type_of_its_attribute() {
        let cells = [("ext.Seats", "40"), ("ext.Vip", "Yes"), ("ext.Age", "old"), ("ext.Plan", "7")];
        let columns = cells.map(|(name, cell)| (name.to_owned(), cell.to_owned())).into();
        let invitation = Invitation { columns, ..Invitation::new("beta".into(), 2, None) };
        let full = |name: &str| AttributeName::new(format!("extension_0f1e2d3c4b5a69788796a5b4c3d2e1f0_{name}"));
        let types = [("Seats", AttributeType::Int64), ("Vip", AttributeType::Boolean), ("Age", AttributeType::Int64)];
        let types = types.into_iter().map(|(name, declared)| (full(name), declared)).collect();
        let seen = Invitation::to_context(Some(&invitation), &types);
        assert_eq!((&seen["ext.Seats"], &seen["ext.Vip"], &seen["ext.Plan"]), (&json!(40), &json!(true), &json!("7")));
        assert_eq!(seen.get("ext.Age"), None, "what is no number is left out");
    }

    #[test]
    fn without_an_invitation_everything_is_empty() {
        let seen = json!({ "name": "", "source": "", "tags": [], "groups": [], "roles": [] });
        assert_eq!(Invitation::to_context(None, &AttributeTypes::default()), seen);
    }
}
