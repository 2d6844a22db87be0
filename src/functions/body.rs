//! Reads request bodies within a limit, and writes what a hook replies.

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use futures_util::StreamExt;
use serde::Serialize;
use serde_json::json;

use crate::entra::event::EventKind;

/// The largest body, in bytes.
pub(super) const MAX_BODY: usize = 256 * 1024;

/// How many bytes of a body that is too large are read and thrown away, at most. If none were read, the host would see
/// its connection break.
const MAX_DRAINED: usize = 16 * 1024 * 1024;

/// Why a body was not read.
pub(super) enum BodyError {
    /// It is over the limit.
    TooLarge,
    /// The connection broke.
    Broken,
}

/// The reply to a body that was not read.
pub(super) fn refuse_body(kind: EventKind, error: &BodyError) -> Reply {
    let (status, text) = match error {
        BodyError::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than 256 KiB"),
        BodyError::Broken => (StatusCode::BAD_REQUEST, "the body broke off"),
    };
    tracing::warn!(event = "refused-request", hook = kind.name(), status = status.as_u16(), reason = text);
    Reply::error(status, text)
}

/// Reads a body. One that comes in one piece is not copied. The part beyond [`MAX_BODY`] is read and thrown away, up to
/// [`MAX_DRAINED`].
pub(super) async fn read(body: Body) -> Result<Bytes, BodyError> {
    let expected = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX).min(MAX_BODY);
    let mut body = body.into_data_stream();
    let (mut first, mut all) = (Bytes::new(), Vec::new());
    let mut length = 0_usize;
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|_| BodyError::Broken)?;
        length = length.saturating_add(chunk.len());
        if length > MAX_DRAINED {
            return Err(BodyError::TooLarge);
        }
        if length > MAX_BODY {
            continue;
        }
        if length == chunk.len() {
            first = chunk;
        } else {
            if all.is_empty() {
                all = Vec::with_capacity(expected.max(length));
                all.extend_from_slice(&first);
            }
            all.extend_from_slice(&chunk);
        }
    }
    match length {
        _ if length > MAX_BODY => Err(BodyError::TooLarge),
        _ if all.is_empty() => Ok(first),
        _ => Ok(all.into()),
    }
}

/// What a hook replies: a status, and JSON or nothing.
pub(super) struct Reply {
    status: StatusCode,
    json: Vec<u8>,
}

impl Reply {
    /// A reply without a body.
    pub(super) fn empty(status: StatusCode) -> Self {
        Self { status, json: Vec::new() }
    }

    /// This value, with status 200.
    pub(super) fn json(value: &impl Serialize) -> Self {
        Self::with(StatusCode::OK, value)
    }

    /// The reply for an error: `{"error": …}`.
    pub(super) fn error(status: StatusCode, error: &str) -> Self {
        Self::with(status, &json!({ "error": error }))
    }

    fn with(status: StatusCode, value: &impl Serialize) -> Self {
        // It fails only for maps whose keys are no texts, and no reply has one.
        Self { status, json: serde_json::to_vec(value).unwrap_or_default() }
    }

    /// The answer. It takes over the request's headers and empties them: their memory serves the next request again.
    pub(super) fn into_response(self, mut headers: HeaderMap) -> Response {
        headers.clear();
        if !self.json.is_empty() {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let mut response = Response::new(Body::from(self.json));
        (*response.status_mut(), *response.headers_mut()) = (self.status, headers);
        response
    }
}
