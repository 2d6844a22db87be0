//! The values of a sign-up that conditions can use, in one place.
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
//! The object is built once for each form. A rule that changes an attribute changes only that member. All of it is
//! personal data and is never logged.

use std::net::IpAddr;

use serde_json::{Map, Value, json};

use super::attribute_path::AttributePath;
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
    /// The person's network address, locale and market.
    pub client: &'a Client,
    /// What is known of the person.
    pub identity: IdentityFacts<'a>,
}

/// What conditions can use about the person.
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
            self.set_attribute(&mut context, field);
        }
        let declared_names = self.types.iter().map(|(name, _)| name).chain(self.multi_select);
        for name in declared_names.filter(|name| self.form.field(name.as_str()).is_none()) {
            let attribute_type = self.types.of(name.as_str());
            self.set_attribute(&mut context, &FormField { name: name.clone(), attribute_type, value: None });
        }
        context
    }

    /// Sets an attribute as the event has it. An attribute without a value has its declared type; if there is none, the
    /// type in the event.
    pub(super) fn set_attribute(&self, context: &mut ConditionContext, field: &FormField) {
        let is_multi_select = self.multi_select.iter().any(|name| field.name.is(name.as_str()));
        if let Some(value) = field.value.as_ref().filter(|value| !value.is_empty() || is_long_text(value)) {
            context.set(field, Some(value), is_multi_select);
        } else {
            let attribute_type = self.types.declared(field.name.as_str()).unwrap_or(field.attribute_type);
            context.set(&FormField { attribute_type, ..field.clone() }, None, is_multi_select);
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
    pub(crate) fn set(&mut self, field: &FormField, value: Option<&AttributeValue>, is_multi_select: bool) {
        let json = condition_value(value, field.attribute_type, is_multi_select);
        let name = condition_name(field.name.as_str());
        if let Some(short) = field.name.short().strip_prefix("ext.") {
            set_every_spelling(self.members("/attributes/ext"), short, json.clone());
        }
        set_every_spelling(self.members("/attributes"), name, json);
    }

    /// Adds an attribute under the configuration's spelling, if the event spells it in another case. `path` is what a
    /// condition names: `["attributes", "postalcode"]`.
    pub(crate) fn add_spelling(&mut self, path: &[String]) {
        let (place, name) = match AttributePath::of(path) {
            Some(AttributePath::Custom(name)) => ("/attributes/ext", name),
            Some(AttributePath::Named(name)) => ("/attributes", name),
            Some(AttributePath::All | AttributePath::AllCustom) | None => return,
        };
        let Some(members) = self.members(place).filter(|members| !members.contains_key(name)) else { return };
        let found = members.iter().find(|(spelling, _)| spelling.eq_ignore_ascii_case(condition_name(name)));
        if let Some(value) = found.map(|(_, value)| value.clone()) {
            members.insert(name.to_owned(), value);
        }
    }

    /// Whether the value at a path is absent or empty.
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
    match AttributePath::of(path) {
        None => false,
        Some(AttributePath::All) => true,
        Some(AttributePath::AllCustom) => short.starts_with("ext."),
        Some(AttributePath::Custom(name)) => {
            short.strip_prefix("ext.").is_some_and(|short| short.eq_ignore_ascii_case(name))
        }
        Some(AttributePath::Named(name)) => {
            condition_name(attribute.as_str()).eq_ignore_ascii_case(condition_name(name))
        }
    }
}

/// The place of an attribute in conditions, in lower case. Attributes with the same place are at one path.
#[must_use]
pub(crate) fn place_of(attribute: &AttributeName) -> String {
    condition_name(&attribute.short()).to_ascii_lowercase()
}

/// Sets the value of a name, and of every other spelling of it that is there.
fn set_every_spelling(members: Option<&mut Map<String, Value>>, name: &str, value: Value) {
    let Some(members) = members else { return };
    let same = |spelling: &str| spelling != name && condition_name(spelling).eq_ignore_ascii_case(name);
    for (_, other) in members.iter_mut().filter(|(spelling, _)| same(spelling)) {
        other.clone_from(&value);
    }
    members.insert(name.to_owned(), value);
}

/// The name of an attribute in conditions: the address is always `email`, whatever the event calls it.
fn condition_name(name: &str) -> &str {
    if name.eq_ignore_ascii_case("emailAddress") { "email" } else { name }
}

/// Whether the value is a text that is too long for conditions. Such a text does not count as empty, even if it is
/// white space only.
fn is_long_text(value: &AttributeValue) -> bool {
    matches!(value, AttributeValue::String(text) if is_long(text))
}

/// The JSON value that conditions see. `is_multi_select`: a text holds several choices, so it becomes a list.
fn condition_value(value: Option<&AttributeValue>, attribute_type: AttributeType, is_multi_select: bool) -> Value {
    match (value.filter(|value| !value.is_empty() || is_long_text(value) && !is_multi_select), attribute_type) {
        (Some(AttributeValue::String(text)), _) if is_multi_select => choices(text).collect(),
        (Some(AttributeValue::String(text)), _) => text.as_str().into(),
        (Some(AttributeValue::Int64(number)), _) => (*number).into(),
        (Some(AttributeValue::Boolean(flag)), _) => (*flag).into(),
        (Some(AttributeValue::StringCollection(items)), _) => items.clone().into(),
        (None, AttributeType::StringCollection) => json!([]),
        (None, AttributeType::String) if is_multi_select => json!([]),
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
