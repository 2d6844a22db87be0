//! The request of a look-up: an address and a body. Each is a template, and the values in it stay values: they cannot
//! change the host, the path or the JSON around them.
//!
//! In an address every value is percent-encoded as a component before the template sees it, down to the unreserved
//! characters of RFC 3986; scheme, host and port are written out and compared again after each rendering. Two dots that
//! would climb a path cannot be encoded away (a URL's parser decodes them first), so such a rendering is refused.
//!
//! In a body every value is a JSON string with its quotes. Quotes and backslashes inside are written as `\u0022` and
//! `\u005C`, so that no filter can bring out a bare one.

use std::fmt;

use serde_json::Value;
use url::{Host, Url};

use super::context::{EncodeValue, compile, samples};
use super::invalid_request::InvalidRequest;
use crate::expressions::Template;
use crate::outbound::{is_callable, is_public};

/// How a template's tags begin.
const TAGS: [&str; 3] = ["{{", "{%", "{#"];

/// The address of a look-up.
#[derive(Clone)]
pub(crate) struct UrlTemplate {
    template: Template,
    /// Scheme, host and port.
    base: Url,
}

impl UrlTemplate {
    /// Compiles an address and renders it with samples.
    pub(crate) fn try_new(source: &str) -> Result<Self, InvalidRequest> {
        let template = compile(source)?;
        let base = base(source)?;
        if !is_callable(&base) {
            return Err(InvalidRequest::NotHttps);
        }
        if !base.username().is_empty() || base.password().is_some() {
            return Err(InvalidRequest::Credentials);
        }
        let url = Self { template, base };
        for sample in samples(&url.template, PERCENT_ENCODED) {
            if url.render(&sample)?.fragment().is_some() {
                return Err(InvalidRequest::Fragment);
            }
        }
        Ok(url)
    }

    /// The host, which no value can change.
    #[must_use]
    pub(crate) fn host(&self) -> Option<Host<&str>> {
        self.base.host()
    }

    /// Whether the host is certainly not a public one: an address that is not, or `localhost`.
    #[must_use]
    pub(crate) fn is_private(&self) -> bool {
        match self.base.host() {
            Some(Host::Ipv4(address)) => !is_public(address.into()),
            Some(Host::Ipv6(address)) => !is_public(address.into()),
            Some(Host::Domain(name)) => name.trim_end_matches('.').eq_ignore_ascii_case("localhost"),
            None => true,
        }
    }

    /// The address over values written by [`PERCENT_ENCODED`].
    pub(super) fn render(&self, context: &Value) -> Result<Url, InvalidRequest> {
        let rendered = self.template.render(context)?;
        // A URL parser ignores these characters wherever they are. Removed before the checks, they cannot hide
        // anything.
        let rendered = rendered.trim().replace(['\t', '\n', '\r'], "");
        if has_dot_segment(&rendered) {
            return Err(InvalidRequest::DotSegment);
        }
        let url = Url::parse(&rendered)?;
        let bare = url.username().is_empty() && url.password().is_none();
        if bare && url.origin() == self.base.origin() { Ok(url) } else { Err(InvalidRequest::OtherHost) }
    }
}

/// Shows the template, which holds no value.
impl fmt::Debug for UrlTemplate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.template.fmt(out)
    }
}

/// The part before the first tag, which must reach beyond the host.
fn base(source: &str) -> Result<Url, InvalidRequest> {
    let first_tag = TAGS.iter().filter_map(|tag| source.find(tag)).min();
    let literal = first_tag.and_then(|at| source.get(..at)).unwrap_or(source);
    let after = literal.split_once("://").map(|(_, after)| after.trim_start_matches(['/', '\\']));
    let complete = match first_tag {
        Some(_) => after.is_some_and(|after| after.contains(['/', '?', '#', '\\'])),
        // If something is wrong with it, the parser's error says it best.
        None => after.is_some() || Url::parse(literal)?.cannot_be_a_base(),
    };
    if complete { Ok(Url::parse(literal)?) } else { Err(InvalidRequest::HostNotLiteral) }
}

/// Whether a part of the path is `.` or `..`, in any of the forms that a URL's parser knows.
fn has_dot_segment(address: &str) -> bool {
    let path = address.split(['?', '#']).next().unwrap_or_default();
    path.split(['/', '\\']).any(|part| matches!(part.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | ".."))
}

/// The body of a look-up.
#[derive(Debug, Clone)]
pub(crate) struct BodyTemplate(Template);

impl BodyTemplate {
    /// Compiles a body and renders it with samples.
    pub(crate) fn try_new(source: &str) -> Result<Self, InvalidRequest> {
        let body = Self(compile(source)?);
        let [full, bare] = samples(&body.0, JSON_STRING);
        body.render(&full)?;
        body.render(&bare).map_err(|error| match error {
            InvalidRequest::NotJson { line, column, .. } => {
                InvalidRequest::NotJson { line, column, only_without_invitation: true }
            }
            other => other,
        })?;
        Ok(body)
    }

    /// The body over values written by [`JSON_STRING`].
    pub(super) fn render(&self, context: &Value) -> Result<String, InvalidRequest> {
        let rendered = self.0.render(context)?;
        match serde_json::from_str::<serde::de::IgnoredAny>(&rendered) {
            Ok(_) => Ok(rendered),
            Err(error) => Err(InvalidRequest::NotJson {
                line: error.line(),
                column: error.column(),
                only_without_invitation: false,
            }),
        }
    }
}

/// Writes a value as a component of an address.
pub(super) const PERCENT_ENCODED: EncodeValue = |value| {
    let mut encoded = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.extend(['%', digit(byte >> 4), digit(byte)]);
        }
    }
    encoded
};

/// Writes a value as a JSON string.
pub(super) const JSON_STRING: EncodeValue = |value| {
    let mut quoted = String::with_capacity(value.len() + 2);
    quoted.push('"');
    for c in value.chars() {
        if let Ok(byte @ (b'"' | b'\\' | 0..=0x1F)) = u8::try_from(c) {
            quoted.extend(['\\', 'u', '0', '0', digit(byte >> 4), digit(byte)]);
        } else {
            quoted.push(c);
        }
    }
    quoted.push('"');
    quoted
};

/// The last four bits as a hexadecimal digit.
fn digit(bits: u8) -> char {
    char::from_digit(u32::from(bits & 0xF), 16).unwrap_or_default().to_ascii_uppercase()
}

#[cfg(test)]
mod tests;
