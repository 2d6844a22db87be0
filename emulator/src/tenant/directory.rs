//! The directory: its users, the audit records of their creation, and every change through Graph.

use std::collections::HashMap;
use std::sync::Mutex;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::TenantOptions;
use super::account::Account;
use crate::Clock;
use crate::clock::{later, timestamp};
use crate::shared::{locked, new_id};

/// A `PATCH` of a user, as it was received.
#[derive(Clone, Debug, PartialEq)]
pub struct Patch {
    /// The user's object id.
    pub user: String,
    /// The body.
    pub body: Map<String, Value>,
    /// The values that the properties in the body had before.
    pub before: Map<String, Value>,
    /// The status of the answer: 204, or that of a refusal.
    pub status: u16,
}

impl Patch {
    /// The properties in the body that had the same value before.
    #[must_use]
    pub fn unchanged(&self) -> Vec<&str> {
        let same = |(name, value): &(&String, &Value)| self.before.get(*name) == Some(*value);
        self.body.iter().filter(same).map(|(name, _)| name.as_str()).collect()
    }
}

/// One record of the audit log.
#[derive(Clone, Debug)]
pub(super) struct AuditRecord {
    pub(super) at: DateTime<Utc>,
    pub(super) arrives_at: DateTime<Utc>,
    pub(super) body: Value,
}

#[derive(Debug, Default)]
struct State {
    users: Vec<Map<String, Value>>,
    audits: Vec<AuditRecord>,
    patches: Vec<Patch>,
    not_found: HashMap<String, usize>,
    not_found_when_new: usize,
}

/// The users, and their audit log.
#[derive(Debug)]
pub struct Directory {
    domain: String,
    pub(super) domains: Vec<String>,
    clock: Clock,
    state: Mutex<State>,
}

impl Directory {
    pub(super) fn new(options: &TenantOptions) -> Self {
        let mut domains = vec![options.domain.clone()];
        domains.extend(options.verified_domains.iter().cloned());
        Self { domain: options.domain.clone(), domains, clock: options.clock.clone(), state: Mutex::default() }
    }

    /// Creates the user, writes the audit record, and returns the object id.
    pub fn add(&self, account: Account) -> String {
        let id = account.id.clone();
        let at = account.created_at.unwrap_or_else(|| self.clock.now());
        let records = self.records(&account, at);
        let user = account.into_user(&self.domain, at);
        let mut state = locked(&self.state);
        let times = state.not_found_when_new;
        if times > 0 {
            state.not_found.insert(id.clone(), times);
        }
        state.users.push(user);
        state.audits.extend(records);
        id
    }

    /// Adds any record to the audit log, for example one of another activity or with another result than success.
    pub fn add_audit_record(&self, at: DateTime<Utc>, arrives_at: DateTime<Utc>, body: Value) {
        let record = AuditRecord { at, arrives_at, body };
        locked(&self.state).audits.push(record);
    }

    /// Every user, in the order of creation.
    #[must_use]
    pub fn users(&self) -> Vec<Map<String, Value>> {
        locked(&self.state).users.clone()
    }

    /// The user with this object id or `userPrincipalName`.
    #[must_use]
    pub fn user(&self, id: &str) -> Option<Map<String, Value>> {
        let state = locked(&self.state);
        state.users.iter().find(|user| is(user, id)).cloned()
    }

    /// The user who signs in with this address, or has it as `mail`.
    #[must_use]
    pub fn user_with_address(&self, address: &str) -> Option<Map<String, Value>> {
        self.users().into_iter().find(|user| {
            let identities = user.get("identities").and_then(Value::as_array);
            let mut ids = identities.into_iter().flatten().filter_map(|identity| identity.get("issuerAssignedId"));
            ids.any(|id| *id == address) || user.get("mail").is_some_and(|mail| *mail == address)
        })
    }

    /// Every `PATCH` in the order in which it was received, refused ones included.
    #[must_use]
    pub fn patches(&self) -> Vec<Patch> {
        locked(&self.state).patches.clone()
    }

    /// Changes a property without a request to Graph.
    pub fn set(&self, id: &str, property: &str, value: impl Into<Value>) {
        if let Some(user) = locked(&self.state).users.iter_mut().find(|user| is(user, id)) {
            user.insert(property.to_owned(), value.into());
        }
    }

    /// Removes the user; the audit records stay.
    pub fn remove(&self, id: &str) {
        locked(&self.state).users.retain(|user| !is(user, id));
    }

    /// The next `times` requests for this user are answered with not found.
    pub fn answer_not_found(&self, id: &str, times: usize) {
        locked(&self.state).not_found.insert(id.to_owned(), times);
    }

    /// For users that are created from now on, the first `times` requests are answered with not found, as can happen
    /// after a creation.
    pub fn answer_not_found_when_new(&self, times: usize) {
        locked(&self.state).not_found_when_new = times;
    }

    /// The user that a Graph request asks for, unless the request is to be answered with not found.
    pub(super) fn requested(&self, id: &str) -> Option<Map<String, Value>> {
        let user = self.user(id)?;
        let own_id = text(&user, "id");
        let mut state = locked(&self.state);
        match state.not_found.get_mut(own_id) {
            Some(left) if *left > 0 => {
                *left -= 1;
                None
            }
            _ => Some(user),
        }
    }

    pub(super) fn replace(&self, user: Map<String, Value>) {
        let mut state = locked(&self.state);
        let id = text(&user, "id").to_owned();
        if let Some(place) = state.users.iter_mut().find(|place| is(place, &id)) {
            *place = user;
        }
    }

    pub(super) fn record_patch(&self, patch: Patch) {
        locked(&self.state).patches.push(patch);
    }

    /// The records that have arrived by `now`.
    pub(super) fn audits(&self, now: DateTime<Utc>) -> Vec<AuditRecord> {
        let state = locked(&self.state);
        let arrived = state.audits.iter().filter(|record| record.arrives_at <= now);
        arrived.cloned().collect()
    }

    fn records(&self, account: &Account, at: DateTime<Utc>) -> Vec<AuditRecord> {
        if !account.logged {
            return Vec::new();
        }
        let mut records = Vec::new();
        if account.guest.is_some() {
            records.push(self.record(account, at, "Invite external user", "Invited Users"));
        }
        records.push(self.record(account, at, "Add user", "Core Directory"));
        records
    }

    fn record(&self, account: &Account, at: DateTime<Utc>, activity: &str, service: &str) -> AuditRecord {
        let written = timestamp(at, account.fraction_digits);
        let user = account.clone().into_user(&self.domain, at);
        let name = text(&user, "userPrincipalName");
        let correlation = new_id();
        let changed =
            |property: &str, value: String| json!({ "displayName": property, "oldValue": "[]", "newValue": value });
        let body = json!({
            "id": format!("Directory_{correlation}_EMU01_{}", written.len()),
            "category": "UserManagement",
            "correlationId": correlation,
            "result": "success",
            "resultReason": "",
            "activityDisplayName": activity,
            "activityDateTime": written,
            "loggedByService": service,
            "operationType": "Add",
            "initiatedBy": account.actor.initiated_by(&self.domain),
            "targetResources": [{
                "id": account.id,
                "displayName": null,
                "type": "User",
                "userPrincipalName": name,
                "groupType": null,
                "modifiedProperties": [
                    changed("AccountEnabled", "[true]".to_owned()),
                    changed("UserPrincipalName", json!([name]).to_string()),
                    changed("UserType", json!([text(&user, "userType")]).to_string()),
                    { "displayName": "Included Updated Properties", "oldValue": null, "newValue": "\"AccountEnabled, UserPrincipalName, UserType\"" },
                ],
            }],
            "additionalDetails": [],
        });
        AuditRecord { at: written.parse().unwrap_or(at), arrives_at: later(at, account.arrives_after), body }
    }
}

fn is(user: &Map<String, Value>, id: &str) -> bool {
    text(user, "id").eq_ignore_ascii_case(id) || text(user, "userPrincipalName").eq_ignore_ascii_case(id)
}

/// The text of a property; empty if there is none.
pub(super) fn text<'u>(user: &'u Map<String, Value>, name: &str) -> &'u str {
    user.get(name).and_then(Value::as_str).unwrap_or_default()
}
