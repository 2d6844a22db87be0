//! Checks that several sections share.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use serde_json::Value as Json;
use url::Url;

use super::engine::{Decode, Diagnostics, Spanned, UNNAMED};
use crate::outbound::is_callable;
use crate::values::AppId;

/// The placeholder of a missing id.
pub(super) const PLACEHOLDER_ID: &str = "ffffffff-ffff-ffff-ffff-ffffffffffff";

/// Reports a value beyond the limits of its key. `reason` is the end of the sentence about the upper one.
pub(super) fn limits<T: Decode + PartialOrd>(
    key: &str,
    written: &Spanned<T>,
    allowed: &RangeInclusive<T>,
    reason: &str,
    diagnostics: &mut Diagnostics,
) {
    let shown = |value: &T| match value.written() {
        Some(Json::String(text)) => text,
        other => other.unwrap_or_default().to_string(),
    };
    let (value, least, most) = (&written.value, allowed.start(), allowed.end());
    let message = if value > most {
        format!("{} is too large: the limit is {}{reason}", shown(value), shown(most))
    } else if value < least {
        format!("{} is too small: the least is {}", shown(value), shown(least))
    } else {
        return;
    };
    diagnostics.error_at(key, &written.origin, message);
}

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
    let missing = format!("{UNNAMED}.name");
    for name in names {
        let path = if name.value.is_empty() { missing.clone() } else { format!("{}.name", name.value) };
        if name.value == UNNAMED && diagnostics.is_wrong(&missing) {
            // That it is missing is reported already.
        } else if name.value.trim().is_empty() {
            diagnostics.error_at(&path, &name.origin, "the name is empty");
        } else if earlier.iter().any(|other| other.eq_ignore_ascii_case(&name.value)) {
            // App settings use these names without regard to case.
            diagnostics.error_at(&path, &name.origin, format!("the name {:?} occurs twice", name.value));
        }
        earlier.push(&name.value);
    }
}
