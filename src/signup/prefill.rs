//! What the form shows to begin with.

use serde_json::{Value, json};

use super::gate::Admitted;
use super::policy::PrefillValue;
use crate::values::{App, AttributeName, AttributeValue, AttributeValues, EmailAddress, Form, Invitation};

/// The names a prefill template may use.
pub const NAMES: [&str; 3] = ["invite", "email", "app"];

/// The values for the form: the invitation's columns, then the policy's own entries, which win. Empty values are left
/// out. If the event lists attributes, others are dropped and each value takes the listed type (one that cannot be said
/// in it is dropped and named in a warning); if it lists none, all are sent with their own type.
#[must_use]
pub fn values(admitted: &Admitted<'_>, app: &App, form: &Form) -> AttributeValues {
    let invitation = admitted.invitation;
    let mut wanted = AttributeValues::new();
    for (name, text) in invitation.iter().flat_map(|invitation| &invitation.prefill) {
        set(&mut wanted, name, AttributeValue::String(text.clone()));
    }
    let context = context(invitation, admitted.address, app);
    for (name, value) in &admitted.policy.prefill {
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
fn context(invitation: Option<&Invitation>, address: &EmailAddress, app: &App) -> Value {
    json!({
        "invite": Invitation::to_context(invitation),
        "email": address.as_given(),
        "app": { "name": app.name, "id": app.id },
    })
}

#[cfg(test)]
mod tests;
