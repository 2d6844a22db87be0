//! The forms of the script and of the interactive mode, and what people type into them.

use guestlist_emulator::sign_up::{Edit, Form, edit};
use serde_json::json;

/// The full name of `ext.Newsletter` of the sample configuration.
pub(crate) const NEWSLETTER: &str = "extension_0f1e2d3c4b5a69788796a5b4c3d2e1f0_Newsletter";

/// The form with all fields.
pub(crate) fn form() -> Form {
    Form::new()
        .text("givenName")
        .text("surname")
        .text("displayName")
        .text("postalCode")
        .text("country")
        .text("jobTitle")
        .boolean(NEWSLETTER)
}

/// The form of a user flow that does not ask for a display name. Entra calls such accounts "unknown".
pub(crate) fn form_without_display_name() -> Form {
    let mut form = form();
    form.fields.retain(|field| field.name != "displayName");
    form
}

/// What the person with this name types.
pub(crate) fn typed(given_name: &str, surname: &str, postal_code: &str, newsletter: bool) -> Edit {
    edit([
        ("givenName", json!(given_name)),
        ("surname", json!(surname)),
        ("postalCode", json!(postal_code)),
        (NEWSLETTER, json!(newsletter)),
    ])
}
