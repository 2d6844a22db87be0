//! What conditions see of a sign-up, in one place.
//!
//! | name | members |
//! | --- | --- |
//! | `attributes` | every attribute that the event lists: `country`, `ext.Plan` (also `extension_<app id>_Plan`) |
//! | `invite` | the invitation's columns; `name`, `source`, and the lists `tags`, `groups`, `roles` in any case |
//! | `app` | `id`, `name` |
//! | `client` | `ip`, `locale`, `market` |
//! | `identity` | `email` and `domain` as they are compared, `provenance`, `signInType`, `issuer` |
//!
//! An attribute has its own type: a text, a number, true or false, a list of texts. One that holds several choices in
//! one text is a list. An attribute without a value is the empty value of its declared type: false, 0, an empty text
//! or an empty list. So is an attribute that the event does not list, since nobody knows what Entra does with a field
//! that was left empty. A column of the invitation has the declared type of its attribute. Everything else that is not
//! known is an empty text.
//!
//! It is built once for each form. A rule that changes an attribute changes that member only. All of it is
//! personal: it is never logged.

use std::net::IpAddr;

use serde_json::{Map, Value, json};

use crate::expressions::is_long;
use crate::values::{
    App, AppId, AttributeName, AttributeType, AttributeTypes, AttributeValue, Client, EmailAddress, Form, FormField,
    Invitation, Provenance,
};

/// The names a condition may use.
pub(crate) const NAMES: [&str; 5] = ["attributes", "invite", "app", "client", "identity"];

/// The members of `app`.
pub(crate) const APP: [&str; 2] = ["id", "name"];

/// The members of `client`.
pub(crate) const CLIENT: [&str; 3] = ["ip", "locale", "market"];

/// The members of `identity`.
pub(crate) const IDENTITY: [&str; 5] = ["email", "domain", "provenance", "signInType", "issuer"];

/// A sign-up as conditions see it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts<'a> {
    /// The form.
    pub form: &'a Form,
    /// Attributes that hold several choices in one text, with commas between.
    pub multi_select: &'a [AttributeName],
    /// The declared types of attributes.
    pub types: &'a AttributeTypes,
    /// The invitation that admits the person, if there is one.
    pub invitation: Option<&'a Invitation>,
    /// The app they sign up to.
    pub app: &'a App,
    /// Where the event says they are.
    pub client: &'a Client,
    /// What is known of the person.
    pub identity: IdentityFacts<'a>,
}

/// What is known of a person.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct IdentityFacts<'a> {
    /// The address, if there is one.
    pub email: Option<&'a EmailAddress>,
    /// How far the address can be trusted; `None` without one.
    pub provenance: Option<Provenance>,
    /// How they sign in (`emailAddress`, `federated`), possibly empty.
    pub sign_in_type: &'a str,
    /// Who vouches for them (`google.com`), possibly empty.
    pub issuer: &'a str,
}

impl Facts<'_> {
    /// Builds what conditions see.
    #[must_use]
    pub(crate) fn context(&self) -> ConditionContext {
        let mut context = ConditionContext(json!({
            "attributes": { "ext": {} },
            "invite": Invitation::to_context(self.invitation, self.types),
            "app": { "id": self.app.id.as_ref().map_or("", AppId::as_str), "name": self.app.name },
            "client": {
                "ip": self.client.ip.as_ref().map(IpAddr::to_string).unwrap_or_default(),
                "locale": self.client.locale,
                "market": self.client.market,
            },
            "identity": {
                "email": self.identity.email.map_or("", EmailAddress::canonical),
                "domain": self.identity.email.map_or("", EmailAddress::domain),
                "provenance": self.identity.provenance.map_or("", Provenance::name),
                "signInType": self.identity.sign_in_type,
                "issuer": self.identity.issuer,
            },
        }));
        for field in &self.form.0 {
            self.put(&mut context, field);
        }
        let known = self.types.iter().map(|(name, _)| name).chain(self.multi_select);
        for name in known.filter(|name| self.form.field(name.as_str()).is_none()) {
            let attribute_type = self.types.of(name.as_str());
            self.put(&mut context, &FormField { name: name.clone(), attribute_type, value: None });
        }
        context
    }

    /// Sets an attribute as the event has it. Without a value, its declared type goes before the type in the event.
    pub(super) fn put(&self, context: &mut ConditionContext, field: &FormField) {
        let several = self.multi_select.iter().any(|name| field.name.is(name.as_str()));
        if let Some(value) = field.value.as_ref().filter(|value| !value.is_empty() || is_long_text(value)) {
            context.set(field, Some(value), several);
        } else {
            let attribute_type = self.types.declared(field.name.as_str()).unwrap_or(field.attribute_type);
            context.set(&FormField { attribute_type, ..field.clone() }, None, several);
        }
    }
}

/// What conditions see, as JSON. `Debug` shows nothing of it.
pub(crate) struct ConditionContext(Value);

impl std::fmt::Debug for ConditionContext {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("ConditionContext(…)")
    }
}

impl ConditionContext {
    /// The object with a member for each of [`NAMES`].
    #[must_use]
    pub(crate) fn json(&self) -> &Value {
        &self.0
    }

    /// Sets an attribute under its full and its short name.
    pub(crate) fn set(&mut self, field: &FormField, value: Option<&AttributeValue>, several: bool) {
        let seen = seen(value, field.attribute_type, several);
        let name = spelled(field.name.as_str());
        if let Some(short) = field.name.short().strip_prefix("ext.") {
            put(self.members("/attributes/ext"), short, seen.clone());
        }
        put(self.members("/attributes"), name, seen);
    }

    /// Adds an attribute under the configuration's spelling, if the event spells it in another case. `path` is what a
    /// condition names: `["attributes", "postalcode"]`.
    pub(crate) fn spell(&mut self, path: &[String]) {
        let (place, name) = match path {
            [root, ext, name, ..] if root == "attributes" && ext == "ext" => ("/attributes/ext", name),
            [root, name, ..] if root == "attributes" => ("/attributes", name),
            _ => return,
        };
        let Some(members) = self.members(place).filter(|members| !members.contains_key(name)) else { return };
        let found = members.iter().find(|(known, _)| known.eq_ignore_ascii_case(spelled(name)));
        if let Some(value) = found.map(|(_, value)| value.clone()) {
            members.insert(name.clone(), value);
        }
    }

    /// Whether nothing is known at a path.
    #[must_use]
    pub(crate) fn is_empty_at(&self, path: &[String]) -> bool {
        match path.iter().try_fold(&self.0, |at, member| at.get(member)) {
            None | Some(Value::Null) => true,
            Some(Value::String(text)) => text.trim().is_empty(),
            Some(Value::Array(items)) => items.is_empty(),
            Some(_) => false,
        }
    }

    fn members(&mut self, pointer: &str) -> Option<&mut Map<String, Value>> {
        self.0.pointer_mut(pointer)?.as_object_mut()
    }
}

/// Whether a condition that names this path reads the attribute. Several attributes can be at one path: their names
/// differ only in case, or in the application id of `ext.Plan`.
#[must_use]
pub(crate) fn is_at(attribute: &AttributeName, path: &[String]) -> bool {
    let short = attribute.short();
    match path {
        [root, ..] if root != "attributes" => false,
        [_] => true,
        [_, ext] if ext == "ext" => short.starts_with("ext."),
        [_, ext, name, ..] if ext == "ext" => {
            short.strip_prefix("ext.").is_some_and(|short| short.eq_ignore_ascii_case(name))
        }
        [_, name, ..] => spelled(attribute.as_str()).eq_ignore_ascii_case(spelled(name)),
        [] => false,
    }
}

/// The place of an attribute in conditions, in lower case. Attributes with the same place are at one path.
#[must_use]
pub(crate) fn place_of(attribute: &AttributeName) -> String {
    spelled(&attribute.short()).to_ascii_lowercase()
}

/// Sets the value of a name, and of every other spelling of it that is there.
fn put(members: Option<&mut Map<String, Value>>, name: &str, value: Value) {
    let Some(members) = members else { return };
    let same = |known: &str| known != name && spelled(known).eq_ignore_ascii_case(name);
    for (_, other) in members.iter_mut().filter(|(known, _)| same(known)) {
        other.clone_from(&value);
    }
    members.insert(name.to_owned(), value);
}

/// The address is `email`, whatever an event calls it.
fn spelled(name: &str) -> &str {
    if name.eq_ignore_ascii_case("emailAddress") { "email" } else { name }
}

/// Whether it is a text that is longer than a condition sees. Even white space is too long then, and not empty.
fn is_long_text(value: &AttributeValue) -> bool {
    matches!(value, AttributeValue::String(text) if is_long(text))
}

/// An attribute's value in its own type.
fn seen(value: Option<&AttributeValue>, attribute_type: AttributeType, several: bool) -> Value {
    match (value.filter(|value| !value.is_empty() || is_long_text(value) && !several), attribute_type) {
        (Some(AttributeValue::String(text)), _) if several => choices(text).collect(),
        (Some(AttributeValue::String(text)), _) => text.as_str().into(),
        (Some(AttributeValue::Int64(number)), _) => (*number).into(),
        (Some(AttributeValue::Boolean(yes)), _) => (*yes).into(),
        (Some(AttributeValue::StringCollection(items)), _) => items.clone().into(),
        (None, AttributeType::StringCollection) => json!([]),
        (None, AttributeType::String) if several => json!([]),
        (None, AttributeType::String) => "".into(),
        (None, AttributeType::Int64) => 0.into(),
        (None, AttributeType::Boolean) => false.into(),
    }
}

/// The choices in a text that holds several, without the empty ones.
pub(super) fn choices(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|choice| !choice.is_empty())
}

#[cfg(test)]
mod tests;
