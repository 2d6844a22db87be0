//! `[[lookups]]`: what is asked from outside, compiled.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{HeaderName, HeaderValue};
use url::Host;

use super::Environment;
use super::decode::{Reading, Spanned};
use super::file::{HeaderText, LookupMethod, LookupSection};
use super::problems::Severity;
use super::sign_up::{Names, unique};
use super::tree::Origin;
use crate::lookups::{BodyTemplate, Header, Method, Pointer, Settings, UrlTemplate};
use crate::values::AttributeName;

/// The shortest and the longest budget.
const BUDGET: [Duration; 2] = [Duration::from_millis(10), Duration::from_millis(1500)];

/// The largest answer that can be asked for, in bytes.
const MAX_BODY: usize = 1024 * 1024;

/// What a header's name says if its value is a secret.
const SECRET: [&str; 5] = ["authorization", "token", "key", "secret", "cookie"];

/// Headers that belong to the connection.
const OF_THE_CONNECTION: [&str; 9] =
    ["connection", "content-length", "expect", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"];

pub(super) fn lookups(
    sections: &[LookupSection],
    names: &Names,
    environment: &Environment,
    reading: &mut Reading,
) -> Vec<Settings> {
    reading.within("lookups", |reading| {
        unique(sections.iter().map(|section| &section.name), reading);
        let build = |section: &LookupSection| {
            reading.within(&section.name.value, |reading| lookup(section, names, environment, reading))
        };
        sections.iter().filter_map(build).collect()
    })
}

fn lookup(
    section: &LookupSection,
    names: &Names,
    environment: &Environment,
    reading: &mut Reading,
) -> Option<Settings> {
    let url = url(&section.url, reading);
    let private = allowed(&section.allow_private, url.as_ref(), reading);
    if let Some(url) = url.as_ref().filter(|url| url.is_private() && !private) {
        let host = url.host().map(|host| host.to_string()).unwrap_or_default();
        let how = format!("{host} is not a public address: if it may be called, write allow_private = [{host:?}]");
        reading.within("url", |reading| reading.error(&section.url.origin, how));
    }
    limits(section, reading);
    let method = method(section, reading);
    let headers = headers(&section.headers, environment, reading);
    let prefill = prefill(section, names, reading);
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

/// A value of one key, or the problem with it.
fn checked<T, E: std::fmt::Display>(
    key: &str,
    origin: &Origin,
    value: Result<T, E>,
    reading: &mut Reading,
) -> Option<T> {
    match value {
        Ok(value) => Some(value),
        Err(error) => {
            reading.within(key, |reading| reading.error(origin, error.to_string()));
            None
        }
    }
}

fn url(written: &Spanned<String>, reading: &mut Reading) -> Option<UrlTemplate> {
    checked("url", &written.origin, UrlTemplate::try_new(&written.value), reading)
}

/// Whether the address's host is among those that may be private. One that is another's is of no use.
fn allowed(hosts: &[Spanned<String>], url: Option<&UrlTemplate>, reading: &mut Reading) -> bool {
    let mut allowed = false;
    for written in hosts {
        let Some(host) = checked("allow_private", &written.origin, host(&written.value), reading) else { continue };
        let Some(own) = url.and_then(UrlTemplate::host) else { continue };
        if own == host {
            allowed = true;
        } else {
            let why = format!("allows {host}, but the address's host is {own}: redirects are not followed");
            reading.within("allow_private", |reading| reading.report(Severity::Warning, &written.origin, why));
        }
    }
    allowed
}

/// A host as an address has it; an IPv6 address may stand without its brackets.
fn host(written: &str) -> Result<Host<String>, &'static str> {
    let address = written.parse().map(Host::Ipv6);
    address
        .or_else(|_| Host::parse(written))
        .map_err(|_| "expected a host name or an address, such as crm.internal, without scheme and port")
}

fn limits(section: &LookupSection, reading: &mut Reading) {
    let (budget, max_body) = (&section.budget, &section.max_body);
    if !(BUDGET[0]..=BUDGET[1]).contains(&budget.value) {
        let how = "must lie between 10ms and 1500ms: a hook has no more time";
        reading.within("budget", |reading| reading.error(&budget.origin, how));
    }
    if !(1..=MAX_BODY).contains(&max_body.value) {
        let how = "must lie between 1 and 1048576 bytes";
        reading.within("max_body", |reading| reading.error(&max_body.origin, how));
    }
}

fn method(section: &LookupSection, reading: &mut Reading) -> Method {
    let Some(body) = &section.body else {
        return if section.method == LookupMethod::Get { Method::Get } else { Method::Post(None) };
    };
    if section.method == LookupMethod::Get {
        let how = "a GET has no body: write method = \"POST\", or put the values into the url";
        reading.within("body", |reading| reading.error(&body.origin, how));
    }
    Method::Post(checked("body", &body.origin, BodyTemplate::try_new(&body.value), reading))
}

fn prefill(section: &LookupSection, names: &Names, reading: &mut Reading) -> Vec<(AttributeName, Pointer)> {
    if section.prefill.is_empty() {
        let how = r#"say what is filled in, such as prefill = { jobTitle = "/person/title" }"#;
        reading.within("prefill", |reading| reading.error(&section.name.origin, how));
    }
    let mut wanted: Vec<(AttributeName, Pointer)> = Vec::new();
    reading.within("prefill", |reading| {
        for (written, pointer) in &section.prefill {
            let name = reading.within(written, |reading| names.attribute(written, &pointer.origin, reading));
            let pointer_read = checked(written, &pointer.origin, pointer.value.parse(), reading);
            let (Some(name), Some(value)) = (name, pointer_read) else { continue };
            if wanted.iter().any(|(known, _)| known.is(name.as_str())) {
                reading.error(&pointer.origin, format!("the attribute {} occurs twice", name.short()));
            }
            wanted.push((name, value));
        }
    });
    wanted
}

fn headers(
    sections: &BTreeMap<String, Spanned<HeaderText>>,
    environment: &Environment,
    reading: &mut Reading,
) -> Vec<(HeaderName, Header)> {
    let mut headers: Vec<(HeaderName, Header)> = Vec::new();
    reading.within("headers", |reading| {
        for (written, text) in sections {
            let Some(name) = reading.within(written, |reading| header_name(written, &text.origin, reading)) else {
                continue;
            };
            if headers.iter().any(|(known, _)| *known == name) {
                reading.error(&text.origin, format!("the header {name} occurs twice"));
            }
            let header = reading.within(written, |reading| header(&name, text, environment, reading));
            headers.extend(header.map(|header| (name, header)));
        }
    });
    headers
}

fn header_name(written: &str, origin: &Origin, reading: &mut Reading) -> Option<HeaderName> {
    let problem = match written.parse::<HeaderName>() {
        Ok(name) if OF_THE_CONNECTION.contains(&name.as_str()) => "belongs to the connection: remove it",
        Ok(name) => return Some(name),
        Err(_) => "is not a header's name: letters, digits and hyphens",
    };
    reading.error(origin, problem);
    None
}

/// What the header says. A text is not quoted: it may be a secret after all.
fn header(
    name: &HeaderName,
    text: &Spanned<HeaderText>,
    environment: &Environment,
    reading: &mut Reading,
) -> Option<Header> {
    let problem = match &text.value {
        HeaderText::Secret(secret) => {
            let secret = secret.resolve(environment, reading);
            if secret.as_ref().is_ok_and(|secret| HeaderValue::from_str(secret.expose()).is_err()) {
                let why = "the secret has characters that no header may carry: look at its value";
                reading.report(Severity::MissingSecret, &text.origin, why);
            }
            return Some(Header::Secret(secret));
        }
        HeaderText::Text(_) if SECRET.iter().any(|word| name.as_str().contains(word)) => {
            r#"its value is a secret, which is never a plain string: write { env = "NAME" } or { file = "path" }"#
        }
        HeaderText::Text(text) => match HeaderValue::from_str(text) {
            Ok(value) => return Some(Header::Text(value)),
            Err(_) => "has characters that no header may carry",
        },
    };
    reading.error(&text.origin, problem);
    None
}
