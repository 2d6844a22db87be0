//! The ways in which an endpoint can fail.
//!
//! Gateways, proxies and caches stand before a service. They do not know its format: they answer with any status and a
//! page for people. And the service itself can send an answer that does not belong to the request.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// The id of an object that no tenant has.
const OTHER_ID: &str = "deadbeef-0000-4000-8000-00000000beef";
/// The size limit of a good answer, in bytes.
const MAX_BODY: usize = 64 * 1024 * 1024;

/// What an endpoint does instead of its good answer.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Accepts the request and never answers.
    Hang,
    /// Waits this long, then gives the good answer.
    Delay(Duration),
    /// Does what was asked, and never answers: the answer is lost, the effect is not.
    LoseAnswer,
    /// Answers with this status and no body.
    Status(u16),
    /// Gives this answer.
    Answer {
        /// The HTTP status code.
        status: u16,
        /// The headers.
        headers: Vec<(String, String)>,
        /// The body.
        body: String,
    },
    /// Gives the good answer with one member of the JSON body changed.
    Changed {
        /// The member's name.
        member: String,
        /// The new value; `None` removes the member.
        value: Option<Value>,
    },
    /// Gives the good answer with the first half of the body only.
    CutShort,
}

impl Fault {
    /// Graph's 429, with this `Retry-After` in either form.
    #[must_use]
    pub fn throttled(retry_after: Option<&str>) -> Self {
        let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        headers.extend(retry_after.map(|value| ("retry-after".to_owned(), value.to_owned())));
        let body = json!({ "error": { "code": "TooManyRequests", "message": "Too many requests." } });
        Self::Answer { status: 429, headers, body: body.to_string() }
    }

    /// A gateway's page with this status. A redirect leads to another page of the gateway.
    #[must_use]
    pub fn gateway(status: u16) -> Self {
        let mut headers = vec![("content-type".to_owned(), "text/html; charset=utf-8".to_owned())];
        if (300..400).contains(&status) {
            headers.push(("location".to_owned(), "/sign-in".to_owned()));
        }
        let body = format!("<!DOCTYPE html><html><head><title>{status}</title></head><body>Gateway</body></html>");
        Self::Answer { status, headers, body }
    }

    /// This status with this body as JSON.
    #[must_use]
    pub fn json(status: u16, body: &Value) -> Self {
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        Self::Answer { status, headers, body: body.to_string() }
    }

    /// Graph's refusal of a token, with this status (documented: 401) and this challenge.
    #[must_use]
    pub fn token_refused(status: u16, challenge: Option<&str>) -> Self {
        let error = json!({ "code": "InvalidAuthenticationToken", "message": "Lifetime validation failed." });
        let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        headers.extend(challenge.map(|value| ("www-authenticate".to_owned(), value.to_owned())));
        Self::Answer { status, headers, body: json!({ "error": error }).to_string() }
    }

    /// The good answer with the id of another object.
    #[must_use]
    pub fn another_id() -> Self {
        Self::changed("id", OTHER_ID)
    }

    /// The good answer with another value of this member.
    #[must_use]
    pub fn changed(member: &str, value: impl Into<Value>) -> Self {
        Self::Changed { member: member.to_owned(), value: Some(value.into()) }
    }

    /// The good answer without this member.
    #[must_use]
    pub fn without(member: &str) -> Self {
        Self::Changed { member: member.to_owned(), value: None }
    }

    pub(super) fn into_response(self) -> Response {
        let (status, headers, body) = match self {
            Self::Status(status) => (status, Vec::new(), String::new()),
            Self::Answer { status, headers, body } => (status, headers, body),
            // These have no answer of their own; the caller plays them.
            Self::Hang | Self::LoseAnswer | Self::Delay(_) | Self::Changed { .. } | Self::CutShort => {
                (500, Vec::new(), String::new())
            }
        };
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Body::from(body)).into_response();
        for (name, value) in headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

/// A good answer with one member of its body changed or removed. A body that is not a JSON object stays as it is.
pub(super) async fn changed(good: Response, member: &str, value: Option<Value>) -> Response {
    let (mut parts, body) = good.into_parts();
    let bytes = to_bytes(body, MAX_BODY).await.unwrap_or_default();
    let Ok(Value::Object(mut object)) = serde_json::from_slice(&bytes) else {
        return Response::from_parts(parts, Body::from(bytes));
    };
    match value {
        Some(value) => object.insert(member.to_owned(), value),
        None => object.remove(member),
    };
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(Value::Object(object).to_string()))
}

/// A good answer with the first half of its body; as HTTP it is complete.
pub(super) async fn cut_short(good: Response) -> Response {
    let (mut parts, body) = good.into_parts();
    let mut bytes = to_bytes(body, MAX_BODY).await.unwrap_or_default();
    bytes.truncate(bytes.len() / 2);
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(bytes))
}
