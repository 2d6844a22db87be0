//! The values with which the form is shown.

use std::cell::LazyCell;

use serde_json::{Value, json};

use super::policy::{Policy, PrefillValue};
use crate::values::{
    App, AttributeName, AttributeTypes, AttributeValue, AttributeValues, EmailAddress, Form, Invitation,
};

/// The names a prefill template may use.
pub(crate) const NAMES: [&str; 3] = ["invite", "email", "app"];

/// The sources of the values, and what the templates may use.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PrefillInput<'a> {
    /// The policy, whose own values go last.
    pub policy: &'a Policy,
    /// The invitation, whose columns fill the form.
    pub invitation: Option<&'a Invitation>,
    /// The person's address, if known.
    pub address: Option<&'a EmailAddress>,
    /// The app they sign up to.
    pub app: &'a App,
    /// What look-ups found.
    pub looked_up: &'a AttributeValues,
}

/// The values for the form: what look-ups found, then the invitation's columns, then the policy's own entries. If two
/// of them have a value for one attribute, the later one wins. Empty values are left out. At Start the event lists what
/// Entra knows of the person, not the fields of the form. So a value is kept even if its attribute is not listed; Entra
/// ignores values for fields that are not on the page.
///
/// If the event lists the attribute, the value takes its spelling and its type. Otherwise its type is the declared one,
/// else text. A value that its type cannot hold is left out, with a warning that names the attribute. Several choices
/// in a cell of a list (`a;b`) are written as the directory has them (`a,b`).
#[must_use]
pub(crate) fn values(input: &PrefillInput<'_>, form: &Form) -> AttributeValues {
    let PrefillInput { policy, invitation, looked_up, .. } = *input;
    let mut filled = FilledForm { form, types: &policy.types, values: AttributeValues::new() };
    for (name, value) in looked_up {
        filled.put(name, value.clone());
    }
    for (name, text) in invitation.iter().flat_map(|invitation| &invitation.prefill) {
        let is_multi_select = policy.multi_select.iter().any(|attribute| attribute.is(name.as_str()));
        filled.put(name, AttributeValue::String(if is_multi_select { joined_choices(text) } else { text.clone() }));
    }
    // Most policies have constants only, which need none of it.
    let context = LazyCell::new(|| context(input));
    for (name, value) in &policy.prefill {
        match value {
            PrefillValue::Constant(value) => filled.put(name, value.clone()),
            PrefillValue::Template(template) => match template.render(&context) {
                Ok(text) => filled.put(name, AttributeValue::String(text.trim().to_owned())),
                Err(error) => tracing::warn!(event = "prefill-failed", attribute = %name, error = %error),
            },
        }
    }
    filled.values
}

/// The choices of a cell in the form that the directory has: joined by commas.
fn joined_choices(cell: &str) -> String {
    cell.split([';', ',']).map(str::trim).filter(|item| !item.is_empty()).collect::<Vec<_>>().join(",")
}

/// The values found so far, each in the type of its attribute.
struct FilledForm<'a> {
    form: &'a Form,
    types: &'a AttributeTypes,
    values: AttributeValues,
}

impl FilledForm<'_> {
    /// Sets a value. A value that is empty, or that its type cannot hold, is ignored.
    fn put(&mut self, name: &AttributeName, value: AttributeValue) {
        if value.is_empty() {
            return;
        }
        let listed_field = self.form.field(name.as_str());
        let attribute_type = listed_field.map_or_else(|| self.types.of(name.as_str()), |field| field.attribute_type);
        let Some(value) = value.into_type(attribute_type).filter(|value| !value.is_empty()) else {
            tracing::warn!(event = "prefill-type", attribute = %name, wanted = ?attribute_type);
            return;
        };
        self.values.retain(|known, _| !known.is(name.as_str()));
        self.values.insert(listed_field.map_or(name, |field| &field.name).clone(), value);
    }
}

/// What templates see: `invite`, `email`, `app`.
fn context(input: &PrefillInput<'_>) -> Value {
    let PrefillInput { policy, invitation, address, app, .. } = *input;
    json!({
        "invite": Invitation::to_context(invitation, &policy.types),
        "email": address.map(EmailAddress::as_given),
        "app": { "name": app.name, "id": app.id },
    })
}

#[cfg(test)]
mod tests;
