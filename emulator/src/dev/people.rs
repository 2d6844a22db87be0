//! Who signs up in the script and in the helpers, with which form.

use guestlist_emulator::sign_up::{Edit, Form, edit};
use serde_json::json;

/// The custom attribute of the sample configuration's `ext.Newsletter`.
pub(crate) const NEWSLETTER: &str = "extension_0f1e2d3c4b5a69788796a5b4c3d2e1f0_Newsletter";

/// The user flow's whole page.
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

/// The page of a flow that does not ask for a display name: its accounts are called "unknown".
pub(crate) fn form_without_display_name() -> Form {
    let mut form = form();
    form.fields.retain(|field| field.name != "displayName");
    form
}

/// What a person types who signs up as `given_name surname`.
pub(crate) fn typed(given_name: &str, surname: &str, postal_code: &str, newsletter: bool) -> Edit {
    edit([
        ("givenName", json!(given_name)),
        ("surname", json!(surname)),
        ("postalCode", json!(postal_code)),
        (NEWSLETTER, json!(newsletter)),
    ])
}
