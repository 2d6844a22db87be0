//! The profile: sets the account's own fields in the directory, from templates.
//!
//! External ID leaves `displayName` at "unknown" and the user principal name at a GUID when the form collects neither.
//! This connector fills them, and writes ids of other systems back into custom attributes.
//!
//! Invariants: a rendering that is empty or does not fit the field's type changes nothing; if it does not fit, a
//! warning names the field. Booleans and numbers are sent to Graph as such. With [`Overwrite::Placeholders`] only
//! placeholders are changed. If a user principal name is taken, it gets a suffix that follows from the object id, so
//! that a retry finds the same one. A user that the directory does not know yet is tried again. Permission:
//! `User.ReadWrite.All`.

mod upn;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::{
    Connector, ConnectorBuilder, ConnectorDependencies, ConnectorError, ConnectorSetupError, Receipt, RenderInput,
    Rendered,
};
use crate::expressions::Template;
use crate::graph::{Directory, ErrorKind, Extensions, User, UserFields};
use crate::values::{AttributeType, AttributeTypes, AttributeValue, ObjectId};
use upn::Upn;

/// The fields that may be set, beside `ext.Name`, and how many characters each may have.
pub(crate) const SETTABLE: [(&str, usize); 12] = [
    ("displayName", 256),
    ("givenName", 64),
    ("surname", 64),
    ("userPrincipalName", 113),
    ("mail", 254),
    ("country", 128),
    ("city", 128),
    ("state", 128),
    ("postalCode", 40),
    ("jobTitle", 128),
    ("companyName", 64),
    ("mobilePhone", 64),
];
/// How many characters a custom attribute may have.
const MAX_CUSTOM: usize = 256;
const UPN: &str = "userPrincipalName";

/// Which of the fields in `set` may be changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Overwrite {
    /// Those with a placeholder: empty, "unknown", or a GUID.
    #[default]
    Placeholders,
    /// All of them.
    Always,
}

/// The settings of one connector.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub name: String,
    /// A template by field: one of [`SETTABLE`], or `ext.Name` of an attribute that [`Extensions::names`] lists.
    pub set: BTreeMap<String, Template>,
    pub overwrite: Overwrite,
    /// The declared types of attributes. An attribute that is not declared is a text.
    pub types: AttributeTypes,
}

impl ConnectorBuilder for Settings {
    fn build(self: Box<Self>, dependencies: &ConnectorDependencies) -> Result<Arc<dyn Connector>, ConnectorSetupError> {
        let profile = Profile::try_new(*self, dependencies.extensions.as_ref(), Arc::clone(&dependencies.directory));
        Ok(Arc::new(profile.map_err(ConnectorSetupError::new)?))
    }
}

/// Why the settings cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SettingsError {
    /// A field that cannot be set.
    #[error("{field} cannot be set by a profile connector")]
    NotSettable { field: String },
    /// A custom attribute that is not read from the directory. Whether it is a placeholder is not known.
    #[error("{field} cannot be set: tenant.extension_app_id is missing, or the attribute is not among those read")]
    NotRead { field: String },
}

/// Sets fields of accounts.
#[derive(Debug)]
pub(crate) struct Profile {
    name: String,
    overwrite: Overwrite,
    fields: Vec<Field>,
    directory: Arc<dyn Directory>,
}

#[derive(Debug)]
struct Field {
    /// The field's name in the configuration.
    name: String,
    /// The field's name in the directory.
    property: String,
    max: usize,
    attribute_type: AttributeType,
    template: Template,
}

impl Field {
    fn try_new(
        name: &str,
        template: &Template,
        types: &AttributeTypes,
        extensions: Option<&Extensions>,
    ) -> Result<Self, SettingsError> {
        let field = |property: String, max| {
            let attribute_type = types.of(&property);
            Self { name: name.to_owned(), property, max, attribute_type, template: template.clone() }
        };
        if let Some((property, max)) = SETTABLE.iter().find(|(settable, _)| *settable == name) {
            return Ok(field((*property).to_owned(), *max));
        }
        let Some(short) = name.strip_prefix("ext.").filter(|short| !short.is_empty()) else {
            return Err(SettingsError::NotSettable { field: name.to_owned() });
        };
        let read = extensions.filter(|ext| ext.names.iter().any(|known| known == short));
        let read = read.ok_or_else(|| SettingsError::NotRead { field: name.to_owned() })?;
        Ok(field(read.property(short), MAX_CUSTOM))
    }

    /// The rendered text, with white space collapsed, cut to the length that the directory takes.
    fn render(&self, context: &Value) -> Result<String, ConnectorError> {
        let failed = |source| ConnectorError::Template { field: format!("set.{}", self.name), source };
        let text = self.template.render(context).map_err(failed)?;
        let words: Vec<&str> = text.split_whitespace().collect();
        let text: String = words.join(" ").chars().take(self.max).collect();
        Ok(text.trim_end().to_owned())
    }

    /// The text in the field's type, for Graph. `None` if the text is empty or does not fit the type.
    fn typed(&self, text: String) -> Option<Value> {
        if text.is_empty() {
            return None;
        }
        let typed = AttributeValue::String(text).convert(self.attribute_type);
        if typed.is_none() {
            tracing::warn!(event = "profile-type", field = %self.name, wanted = ?self.attribute_type);
        }
        typed.map(|value| json!(value))
    }
}

impl Profile {
    /// A connector for these settings. Nothing is called yet.
    pub(crate) fn try_new(
        settings: Settings,
        extensions: Option<&Extensions>,
        directory: Arc<dyn Directory>,
    ) -> Result<Self, SettingsError> {
        let Settings { name, set, overwrite, types } = settings;
        let field = |(name, template): (&String, &Template)| Field::try_new(name, template, &types, extensions);
        let fields = set.iter().map(field).collect::<Result<_, _>>()?;
        Ok(Self { name, overwrite, fields, directory })
    }

    fn may_change(&self, user: &User, field: &Field) -> bool {
        self.overwrite == Overwrite::Always || is_placeholder(user, field)
    }

    async fn patch(&self, id: &ObjectId, request: &Value, end: Instant) -> Result<Receipt, ConnectorError> {
        let bad = ConnectorError::UnusableRequest { what: "it has no fields" };
        let fields = request.get("fields").and_then(Value::as_object).ok_or(bad)?;
        let Some(upn) = request.get("upn").and_then(Upn::from_json) else {
            self.directory.update_user(id, fields, end).await.map_err(ConnectorError::Graph)?;
            return Ok(Receipt::default());
        };
        for (number, candidate) in upn.candidates(id).into_iter().enumerate() {
            let mut fields: UserFields = fields.clone();
            fields.insert(UPN.to_owned(), candidate.into());
            match self.directory.update_user(id, &fields, end).await {
                Ok(()) => {
                    let note = (number > 0).then_some("the userPrincipalName was taken and has a suffix");
                    return Ok(Receipt { id: None, note });
                }
                Err(error) if error.kind() == ErrorKind::UpnTaken => {}
                Err(error) => return Err(ConnectorError::Graph(error)),
            }
        }
        Err(ConnectorError::Rejected { what: "the userPrincipalName is taken, with every suffix".to_owned() })
    }
}

/// Whether the field's present value is a placeholder.
fn is_placeholder(user: &User, field: &Field) -> bool {
    let current = user.value(&field.property);
    let text = current.as_str().map(str::trim);
    match field.name.as_str() {
        _ if current.is_null() || text == Some("") => true,
        UPN => text.is_some_and(|upn| is_guid(upn.rsplit_once('@').map_or(upn, |(local, _)| local))),
        "displayName" => text.is_some_and(|name| {
            name.eq_ignore_ascii_case("unknown") || is_guid(name) || name.eq_ignore_ascii_case(user.text(UPN))
        }),
        _ => false,
    }
}

fn is_guid(text: &str) -> bool {
    ObjectId::from_hyphenated(text).is_ok()
}

impl Connector for Profile {
    fn name(&self) -> &str {
        &self.name
    }

    fn render(&self, input: &RenderInput<'_>) -> Result<Rendered, ConnectorError> {
        let (mut fields, mut upn) = (Map::new(), None);
        for field in self.fields.iter().filter(|field| self.may_change(input.user, field)) {
            let text = field.render(input.context)?;
            if field.name == UPN {
                upn = Upn::wanted(&text, input.user);
            } else if let Some(value) = field.typed(text).filter(|value| input.user.value(&field.property) != value) {
                fields.insert(field.property.clone(), value);
            }
        }
        if fields.is_empty() && upn.is_none() {
            return Ok(Rendered::Nothing { reason: "there is nothing to change" });
        }
        Ok(Rendered::Request(json!({"fields": fields, "upn": upn.map(|upn| upn.to_json())})))
    }

    fn deliver<'a>(
        &'a self,
        id: &'a ObjectId,
        request: &'a Value,
        end: Instant,
    ) -> BoxFuture<'a, Result<Receipt, ConnectorError>> {
        Box::pin(self.patch(id, request, end))
    }
}

#[cfg(test)]
mod tests;
