//! `[[lookups]]`: what is asked from outside while a form is filled in.

mod headers;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use url::Host;

use super::checks::{self, unique};
use super::engine::{Diagnostics, Limit, Spanned, TextFormat, built_in, choice, section, unnamed};
use super::environment::Environment;
use super::known_names::KnownNames;
use crate::lookups::{BodyTemplate, MethodAndBody, Pointer, Settings, UrlTemplate};
use crate::values::AttributeName;
use headers::{HeaderText, headers};

/// The shortest and the longest `budget`.
const BUDGET: RangeInclusive<Duration> = Duration::from_millis(10)..=Duration::from_millis(1500);

/// The least and the largest `max_body`, in bytes.
const MAX_BODY: RangeInclusive<usize> = 1..=1024 * 1024;

section! {
    /// A value asked from outside while the form is filled in: one HTTP call, and members of its JSON answer. A policy
    /// names the look-ups it wants in `lookups`. They are asked at once, within their budgets; what is late or fails fills
    /// in nothing, and the sign-up goes on.
    struct LookupSection {
        /// The name by which policies ask for it, and which log lines show.
        name: Spanned<String> as NotBlank => unnamed(),
        /// The address that is called: https, or http on loopback. A template with `email`, `app.id`, `app.name`, `locale`
        /// and the columns of `invite`; every value is percent-encoded. Scheme, host and port must be written out.
        url: Spanned<String> as HttpAddress => built_in(String::new()),
        /// `GET`, or `POST` with a `body`.
        method: LookupMethod = LookupMethod::Get,
        /// The JSON that a `POST` sends. A template with the same names; every value is a JSON string with its quotes, so
        /// write `{"email": {{ email }}}`. A column that may be missing needs a `default`:
        /// `{{ invite.name | default("null") }}`.
        body: Option<Spanned<String>> = None,
        /// Headers that are sent with each call: a text, or `{ env = "NAME" }` or `{ file = "path" }`. One whose name says
        /// authorization, token, key, secret or cookie must be such a reference.
        headers: BTreeMap<String, Spanned<HeaderText>> = BTreeMap::new(),
        /// Which attribute is filled in with what: for each one a JSON pointer (RFC 6901) into the answer, such as
        /// `/person/title`. Texts, numbers, true and false, and lists of texts are taken.
        prefill: BTreeMap<String, Spanned<String>> as Pointer = BTreeMap::new(),
        /// How long an answer is waited for, from 10ms to 1500ms. Without one by then, or 50 ms before the end of `hooks.budget`,
        /// the sign-up goes on without these values.
        budget: Spanned<Duration> = built_in(Duration::from_millis(300)),
        /// How long an answer is remembered by this process; `0s` asks each time.
        cache: Duration = Duration::from_mins(1),
        /// The largest answer in bytes, at most 1048576. A larger one counts as a failure.
        max_body: Spanned<usize> = built_in(65_536),
        /// The look-up's host, if it may be at a private, loopback or link-local address. Every other look-up reaches public
        /// addresses only, whatever its name says. No look-up goes through a proxy.
        allow_private: Vec<Spanned<String>> = Vec::new(),
    }
    limits {
        headers: Limit::Keys(TextFormat::HeaderName),
        prefill: Limit::AtLeast(1),
        prefill: Limit::Keys(TextFormat::Attribute),
        budget: BUDGET,
        max_body: MAX_BODY,
    }
    needs { body: method "POST" }
}

/// `method`: how a look-up asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LookupMethod {
    Get,
    Post,
}
choice!(LookupMethod { "GET" => Self::Get, "POST" => Self::Post });

/// Checks the look-ups.
pub(super) fn lookups(
    sections: &[LookupSection],
    names: &KnownNames,
    environment: &Environment,
    diagnostics: &mut Diagnostics,
) -> Vec<Settings> {
    diagnostics.within("lookups", |diagnostics| {
        unique(sections.iter().map(|section| &section.name), diagnostics);
        let build = |section: &LookupSection| {
            diagnostics.within(&section.name.value, |diagnostics| lookup(section, names, environment, diagnostics))
        };
        sections.iter().filter_map(build).collect()
    })
}

fn lookup(
    section: &LookupSection,
    names: &KnownNames,
    environment: &Environment,
    diagnostics: &mut Diagnostics,
) -> Option<Settings> {
    let url = url(&section.url, diagnostics);
    let private = allows_private_host(&section.allow_private, url.as_ref(), diagnostics);
    let allowed = private || diagnostics.is_wrong("allow_private");
    if let Some(url) = url.as_ref().filter(|url| url.is_private() && !allowed) {
        let host = url.host().map(|host| host.to_string()).unwrap_or_default();
        let message = format!("{host} is not a public address: if it may be called, write allow_private = [{host:?}]");
        diagnostics.error_at("url", &section.url.origin, message);
    }
    limits(section, diagnostics);
    let method = method(section, diagnostics);
    let headers = headers(&section.headers, environment, diagnostics);
    let prefill = prefill(section, names, diagnostics);
    Some(Settings {
        name: Arc::from(section.name.value.as_str()),
        url: url?,
        method,
        headers,
        prefill,
        budget: section.budget.value,
        cache: section.cache,
        max_body: section.max_body.value,
        private,
    })
}

fn url(written: &Spanned<String>, diagnostics: &mut Diagnostics) -> Option<UrlTemplate> {
    if diagnostics.is_wrong("url") {
        return None;
    }
    diagnostics.ok_at("url", &written.origin, UrlTemplate::try_new(&written.value))
}

/// Whether the URL's host is allowed to be private. Warns of a host that is not the URL's.
fn allows_private_host(hosts: &[Spanned<String>], url: Option<&UrlTemplate>, diagnostics: &mut Diagnostics) -> bool {
    let mut allowed = false;
    for written in hosts {
        let Some(host) = diagnostics.ok_at("allow_private", &written.origin, host(&written.value)) else { continue };
        let Some(url_host) = url.and_then(UrlTemplate::host) else { continue };
        if url_host == host {
            allowed = true;
        } else {
            let message = format!("allows {host}, but the address's host is {url_host}: redirects are not followed");
            diagnostics.warn_at("allow_private", &written.origin, message);
        }
    }
    allowed
}

/// Parses a host. An IPv6 address may be written without its brackets.
fn host(written: &str) -> Result<Host<String>, &'static str> {
    let address = written.parse().map(Host::Ipv6);
    address
        .or_else(|_| Host::parse(written))
        .map_err(|_| "expected a host name or an address, such as crm.internal, without scheme and port")
}

fn limits(section: &LookupSection, diagnostics: &mut Diagnostics) {
    checks::limits("budget", &section.budget, &BUDGET, ", since a hook has no more time", diagnostics);
    checks::limits("max_body", &section.max_body, &MAX_BODY, " bytes", diagnostics);
}

fn method(section: &LookupSection, diagnostics: &mut Diagnostics) -> MethodAndBody {
    let Some(body) = &section.body else {
        return if section.method == LookupMethod::Get { MethodAndBody::Get } else { MethodAndBody::Post(None) };
    };
    if section.method == LookupMethod::Get && !diagnostics.is_wrong("method") {
        let message = "a GET has no body: write method = \"POST\", or put the values into the url";
        diagnostics.error_at("body", &body.origin, message);
    }
    MethodAndBody::Post(diagnostics.ok_at("body", &body.origin, BodyTemplate::try_new(&body.value)))
}

fn prefill(
    section: &LookupSection,
    names: &KnownNames,
    diagnostics: &mut Diagnostics,
) -> Vec<(AttributeName, Pointer)> {
    if section.prefill.is_empty() && !diagnostics.is_wrong("prefill") {
        let message = r#"say what is filled in, such as prefill = { jobTitle = "/person/title" }"#;
        diagnostics.error_at("prefill", &section.name.origin, message);
    }
    let mut attributes: Vec<(AttributeName, Pointer)> = Vec::new();
    diagnostics.within("prefill", |diagnostics| {
        for (written, pointer) in &section.prefill {
            let name =
                diagnostics.within(written, |diagnostics| names.attribute(written, &pointer.origin, diagnostics));
            let parsed = diagnostics.ok_at(written, &pointer.origin, pointer.value.parse());
            let (Some(name), Some(value)) = (name, parsed) else { continue };
            if attributes.iter().any(|(known, _)| known.is(name.as_str())) {
                diagnostics.error(&pointer.origin, format!("the attribute {} occurs twice", name.short()));
            }
            attributes.push((name, value));
        }
    });
    attributes
}
