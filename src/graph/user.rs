//! A user of the directory, as Microsoft Graph returns it.

use std::fmt;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::Extensions;
use crate::values::{EmailAddress, Identity, ObjectId};

/// The properties that are always asked for. Graph returns most of them only if they are named.
pub(super) const PROPERTIES: [&str; 19] = [
    "id",
    "displayName",
    "givenName",
    "surname",
    "mail",
    "otherMails",
    "userPrincipalName",
    "identities",
    "creationType",
    "createdDateTime",
    "userType",
    "accountEnabled",
    "mobilePhone",
    "country",
    "city",
    "state",
    "postalCode",
    "jobTitle",
    "companyName",
];

/// The properties that templates and conditions see as texts.
const CONTEXT_PROPERTIES: [&str; 14] = [
    "displayName",
    "givenName",
    "surname",
    "userPrincipalName",
    "mail",
    "country",
    "city",
    "state",
    "postalCode",
    "jobTitle",
    "companyName",
    "mobilePhone",
    "createdDateTime",
    "creationType",
];

/// Every member of a user as templates and conditions see it; those of `ext` are the tenant's own.
pub(crate) fn context_members() -> impl Iterator<Item = &'static str> {
    CONTEXT_PROPERTIES.into_iter().chain(["id", "email", "identities", "ext"])
}

/// Whether this is the name of a property that is read or written here. Such a name in an error is not personal.
pub(super) fn is_property(name: &str) -> bool {
    PROPERTIES.contains(&name) || name == "activityDateTime" || name == "streetAddress"
}

/// A user. `Debug` shows the object id and nothing else.
#[derive(Clone)]
pub(crate) struct User {
    id: ObjectId,
    /// What Graph answered, by its own names.
    properties: Map<String, Value>,
    extensions: Option<Extensions>,
}

impl User {
    /// A user with these properties, unchecked.
    #[must_use]
    pub(crate) fn new(id: ObjectId, properties: Map<String, Value>, extensions: Option<Extensions>) -> Self {
        Self { id, properties, extensions }
    }

    /// Reads the user `asked` from an answer, or says what is wrong with the answer. An answer about another user, or
    /// without readable identities, is refused: by it, the wrong person could be taken or left out.
    pub(super) fn try_new(asked: &ObjectId, body: Value, extensions: Option<Extensions>) -> Result<Self, &'static str> {
        let Value::Object(properties) = body else { return Err("a user is no object") };
        let user = Self::new(asked.clone(), properties, extensions);
        if ObjectId::from_hyphenated(user.text("id")).ok().as_ref() != Some(asked) {
            return Err("it is about another user than the one asked for");
        }
        if !user.is_guest() && !user.has_readable_identities() {
            return Err("the user's identities cannot be read");
        }
        Ok(user)
    }

    /// Whether the user is an invited guest. A guest's identities belong to another directory and may be empty.
    #[must_use]
    pub(crate) fn is_guest(&self) -> bool {
        let is = |property: &str, word: &str| self.text(property).eq_ignore_ascii_case(word);
        let invited = self.text("userPrincipalName").to_ascii_uppercase().contains("#EXT#");
        is("userType", "Guest") || is("creationType", "Invitation") || invited
    }

    fn has_readable_identities(&self) -> bool {
        let has = |identity: &Value, name: &str| {
            identity.get(name).and_then(Value::as_str).is_some_and(|text| !text.trim().is_empty())
        };
        let members = ["signInType", "issuer", "issuerAssignedId"];
        let readable = |identity: &Value| members.iter().all(|name| has(identity, name));
        self.value("identities").as_array().is_some_and(|identities| identities.iter().all(readable))
    }

    /// The object id.
    #[must_use]
    pub(crate) fn id(&self) -> &ObjectId {
        &self.id
    }

    /// A property that is a text; empty if it is absent, null or something else.
    #[must_use]
    pub(crate) fn text(&self, property: &str) -> &str {
        self.value(property).as_str().unwrap_or_default()
    }

    /// A property as Graph wrote it, with its name in any case; null if it is absent.
    #[must_use]
    pub(crate) fn value(&self, property: &str) -> &Value {
        let in_any_case = || self.properties.iter().find(|(name, _)| name.eq_ignore_ascii_case(property));
        self.properties.get(property).or_else(|| in_any_case().map(|(_, value)| value)).unwrap_or(&Value::Null)
    }

    /// When the account was made; `None` if Graph does not say.
    #[must_use]
    pub(crate) fn created(&self) -> Option<DateTime<Utc>> {
        super::time::parse_time(self.text("createdDateTime"))
    }

    /// The ways in which the user signs in.
    #[must_use]
    pub(crate) fn identities(&self) -> Vec<Identity> {
        let list = self.value("identities").as_array().map(Vec::as_slice).unwrap_or_default();
        let text =
            |identity: &Value, name: &str| identity.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let read = |identity: &Value| Identity {
            sign_in_type: text(identity, "signInType"),
            issuer: text(identity, "issuer"),
            issuer_assigned_id: text(identity, "issuerAssignedId"),
        };
        list.iter().map(read).collect()
    }

    /// The email address: the first usable one of the address of a local account, the address of a one-time passcode,
    /// `mail`, and the first of `otherMails`. The id that other providers assign is not an address.
    #[must_use]
    pub(crate) fn email(&self) -> Option<EmailAddress> {
        let identities = self.identities();
        let signed_in_with = identities.iter().filter_map(Identity::proven_address);
        let other = self.value("otherMails").as_array().and_then(|mails| mails.first()).and_then(Value::as_str);
        signed_in_with.chain([self.text("mail")]).chain(other).find_map(|text| text.parse().ok())
    }

    /// The user as templates and conditions see it: texts, empty if absent; `identities` with type and issuer only;
    /// `ext` with the custom attributes that have a value, in their own type.
    #[must_use]
    pub(crate) fn to_context(&self) -> Value {
        let mut context: Map<String, Value> =
            CONTEXT_PROPERTIES.iter().map(|name| ((*name).to_owned(), self.text(name).into())).collect();
        let email = self.email().map(|email| email.as_given().to_owned()).unwrap_or_default();
        context.insert("id".to_owned(), self.id.as_str().into());
        context.insert("email".to_owned(), email.into());
        let identity = |identity: &Identity| json!({"signInType": identity.sign_in_type, "issuer": identity.issuer});
        context.insert("identities".to_owned(), self.identities().iter().map(identity).collect());
        context.insert("ext".to_owned(), Value::Object(self.custom_attributes()));
        Value::Object(context)
    }

    fn custom_attributes(&self) -> Map<String, Value> {
        let Some(extensions) = &self.extensions else { return Map::new() };
        let mut attributes = Map::new();
        for (property, value) in &self.properties {
            if let Some(short) = extensions.short_name(property).filter(|_| !value.is_null()) {
                let wanted = extensions.names.iter().find(|name| name.eq_ignore_ascii_case(short));
                attributes.insert(wanted.map_or(short, String::as_str).to_owned(), value.clone());
            }
        }
        attributes
    }
}

impl fmt::Debug for User {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "User({})", self.id)
    }
}

#[cfg(test)]
mod tests;
