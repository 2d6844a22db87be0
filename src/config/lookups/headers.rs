//! `headers` of a look-up: texts, or references to secrets.

use std::collections::BTreeMap;

use reqwest::header::{HeaderName, HeaderValue};

use crate::config::engine::{
    Decode, Diagnostics, Node, Origin, Severity, Shape, Spanned, TextFormat, Value, is_inline_table,
};
use crate::config::environment::Environment;
use crate::config::secrets::SecretRef;
use crate::lookups::LookupHeader;

/// If the name of a header contains one of these words, its value is a secret.
const SECRET_WORDS: [&str; 5] = ["authorization", "token", "key", "secret", "cookie"];

/// Headers that HTTP itself sets.
const CONNECTION_HEADERS: [&str; 9] =
    ["connection", "content-length", "expect", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"];

/// The value of a header: a text, or a reference to a secret.
#[derive(Debug, Clone)]
pub(in crate::config) enum HeaderText {
    Text(String),
    Secret(SecretRef),
}

impl Decode for HeaderText {
    fn decode(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        match &node.value {
            Value::String(text) => Some(Self::Text(text.clone())),
            Value::Setting(text) if !is_inline_table(text) => Some(Self::Text(text.clone())),
            _ => SecretRef::decode(node, diagnostics).map(Self::Secret),
        }
    }

    fn shape() -> Shape {
        Shape::Either("header", vec![Shape::Text(TextFormat::Text), SecretRef::shape()])
    }
}

/// Checks the headers.
pub(super) fn headers(
    sections: &BTreeMap<String, Spanned<HeaderText>>,
    environment: &Environment,
    diagnostics: &mut Diagnostics,
) -> Vec<(HeaderName, LookupHeader)> {
    let mut headers: Vec<(HeaderName, LookupHeader)> = Vec::new();
    diagnostics.within("headers", |diagnostics| {
        for (written, text) in sections {
            let Some(name) = diagnostics.within(written, |diagnostics| header_name(written, &text.origin, diagnostics))
            else {
                continue;
            };
            if headers.iter().any(|(known, _)| *known == name) {
                diagnostics.error(&text.origin, format!("the header {name} occurs twice"));
            }
            let header = diagnostics.within(written, |diagnostics| header(&name, text, environment, diagnostics));
            headers.extend(header.map(|header| (name, header)));
        }
    });
    headers
}

fn header_name(written: &str, origin: &Origin, diagnostics: &mut Diagnostics) -> Option<HeaderName> {
    let problem = match written.parse::<HeaderName>() {
        Ok(name) if CONNECTION_HEADERS.contains(&name.as_str()) => "belongs to the connection: remove it",
        Ok(name) => return Some(name),
        Err(_) => "is not a header's name: letters, digits and hyphens",
    };
    diagnostics.error(origin, problem);
    None
}

/// Checks the value. Errors do not quote it, since it may be a secret.
fn header(
    name: &HeaderName,
    text: &Spanned<HeaderText>,
    environment: &Environment,
    diagnostics: &mut Diagnostics,
) -> Option<LookupHeader> {
    let problem = match &text.value {
        HeaderText::Secret(secret) => {
            let secret = secret.resolve(environment, diagnostics);
            if secret.as_ref().is_ok_and(|secret| HeaderValue::from_str(secret.expose()).is_err()) {
                let message = "the secret has characters that no header may carry: look at its value";
                diagnostics.report(Severity::MissingSecret, &text.origin, message);
            }
            return Some(LookupHeader::Secret(secret));
        }
        HeaderText::Text(_) if SECRET_WORDS.iter().any(|word| name.as_str().contains(word)) => {
            r#"its value is a secret, which is never a plain string: write { env = "NAME" } or { file = "path" }"#
        }
        HeaderText::Text(text) => match HeaderValue::from_str(text) {
            Ok(value) => return Some(LookupHeader::Text(value)),
            Err(_) => "has characters that no header may carry",
        },
    };
    diagnostics.error(&text.origin, problem);
    None
}
