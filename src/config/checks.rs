//! Checks that several sections share.

use std::fmt::Display;
use std::str::FromStr;

use url::Url;

use super::engine::{Diagnostics, Spanned};
use crate::outbound::is_callable;
use crate::values::AppId;

/// The placeholder of a missing id.
pub(super) const PLACEHOLDER_ID: &str = "ffffffff-ffff-ffff-ffff-ffffffffffff";

/// Parses the GUID of a key.
pub(super) fn guid<T>(text: &Spanned<String>, key: &str, diagnostics: &mut Diagnostics) -> Option<T>
where
    T: FromStr<Err: Display>,
{
    diagnostics.ok_at(key, &text.origin, text.value.parse())
}

/// Checks the key `apps`.
pub(super) fn apps(list: &[Spanned<String>], diagnostics: &mut Diagnostics) -> Vec<AppId> {
    list.iter().filter_map(|id| guid(id, "apps", diagnostics)).collect()
}

/// Checks the URL of a key: https, or http on loopback, without query, fragment and credentials.
pub(super) fn endpoint(text: &Spanned<String>, key: &str, diagnostics: &mut Diagnostics) -> Option<Url> {
    let usable = |url: &Url| {
        is_callable(url)
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none()
    };
    let url = Url::parse(&text.value).ok().filter(usable);
    if url.is_none() {
        let message = "expected an https address without query and credentials (http only on loopback)";
        diagnostics.error_at(key, &text.origin, message);
    }
    url
}

/// Reports names that are empty or occur twice.
pub(super) fn unique<'a>(names: impl Iterator<Item = &'a Spanned<String>>, diagnostics: &mut Diagnostics) {
    let mut earlier: Vec<&str> = Vec::new();
    for name in names {
        if name.value.trim().is_empty() {
            diagnostics.error(&name.origin, "the name is empty");
        } else if earlier.iter().any(|other| other.eq_ignore_ascii_case(&name.value)) {
            // App settings use these names without regard to case.
            diagnostics.error(&name.origin, format!("the name {:?} occurs twice", name.value));
        }
        earlier.push(&name.value);
    }
}
