//! What the form shows to begin with.

use serde_json::{Value, json};

use super::policy::{Policy, PrefillValue};
use crate::values::{App, AttributeName, AttributeValue, AttributeValues, EmailAddress, Form, Invitation};

/// The names a prefill template may use.
pub const NAMES: [&str; 3] = ["invite", "email", "app"];

/// What a form is filled from.
#[derive(Debug, Clone, Copy)]
pub struct Filling<'a> {
    /// The policy, with its own entries.
    pub policy: &'a Policy,
    /// The invitation, with its columns.
    pub invitation: Option<&'a Invitation>,
    /// The person's address, if known.
    pub address: Option<&'a EmailAddress>,
    /// The app they sign up to.
    pub app: &'a App,
    /// What look-ups found.
    pub looked_up: &'a AttributeValues,
}

/// The values for the form: what look-ups found, then the invitation's columns, then the policy's own entries; the later
/// one wins. Empty values are left out. If the event lists attributes, others are dropped and each value takes the
/// listed type (one that cannot be said in it is dropped and named in a warning); if it lists none, all are sent with
/// their own type. Several choices of a list's cell (`a;b`) become the directory's form (`a,b`).
#[must_use]
pub fn values(filling: &Filling<'_>, form: &Form) -> AttributeValues {
    let Filling { policy, invitation, address, app, looked_up } = *filling;
    let mut wanted = AttributeValues::new();
    for (name, value) in looked_up {
        set(&mut wanted, name, value.clone());
    }
    for (name, text) in invitation.iter().flat_map(|invitation| &invitation.prefill) {
        let several = policy.multi_select.iter().any(|attribute| attribute.is(name.as_str()));
        set(&mut wanted, name, AttributeValue::String(if several { choices(text) } else { text.clone() }));
    }
    let context = context(invitation, address, app);
    for (name, value) in &policy.prefill {
        match value {
            PrefillValue::Constant(value) => set(&mut wanted, name, value.clone()),
            PrefillValue::Template(template) => match template.render(&context) {
                Ok(text) => set(&mut wanted, name, AttributeValue::String(text.trim().to_owned())),
                Err(error) => tracing::warn!(event = "prefill-failed", attribute = %name, error = %error),
            },
        }
    }
    wanted.retain(|_, value| !value.is_empty());
    if form.0.is_empty() { wanted } else { fit(&wanted, form) }
}

/// Several choices as the directory holds them.
fn choices(cell: &str) -> String {
    cell.split([';', ',']).map(str::trim).filter(|item| !item.is_empty()).collect::<Vec<_>>().join(",")
}

/// Sets a value; an empty one does not displace what is there.
fn set(values: &mut AttributeValues, name: &AttributeName, value: AttributeValue) {
    if value.is_empty() {
        return;
    }
    values.retain(|known, _| !known.is(name.as_str()));
    values.insert(name.clone(), value);
}

/// The values whose attribute the form has, in the form's spelling and type.
fn fit(wanted: &AttributeValues, form: &Form) -> AttributeValues {
    let mut fitting = AttributeValues::new();
    for (name, value) in wanted {
        let Some(field) = form.field(name.as_str()) else { continue };
        if let Some(value) = value.convert(field.attribute_type) {
            fitting.insert(field.name.clone(), value);
        } else {
            tracing::warn!(event = "prefill-type", attribute = %name, wanted = ?field.attribute_type);
        }
    }
    fitting
}

/// What templates see: `invite`, `email`, `app`.
fn context(invitation: Option<&Invitation>, address: Option<&EmailAddress>, app: &App) -> Value {
    json!({
        "invite": Invitation::to_context(invitation),
        "email": address.map(EmailAddress::as_given),
        "app": { "name": app.name, "id": app.id },
    })
}

#[cfg(test)]
mod tests;
