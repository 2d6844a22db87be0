//! Reads request bodies within a limit, and writes JSON bodies of answers.

use axum::body::{Body, HttpBody};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use serde_json::{Value, json};

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

/// The answer to a body that was not read.
pub(super) fn refuse_body(kind: EventKind, error: &BodyError) -> Response {
    let (status, text) = match error {
        BodyError::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than 256 KiB"),
        BodyError::Broken => (StatusCode::BAD_REQUEST, "the body broke off"),
    };
    tracing::warn!(event = "refused-request", hook = kind.name(), status = status.as_u16(), reason = text);
    error_body(status, text)
}

/// Reads a body. The part beyond [`MAX_BODY`] is read and thrown away, up to [`MAX_DRAINED`].
pub(super) async fn read(body: Body) -> Result<Vec<u8>, BodyError> {
    let expected = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let mut bytes = Vec::with_capacity(expected.min(MAX_BODY));
    let mut length = 0_usize;
    let mut body = body.into_data_stream();
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|_| BodyError::Broken)?;
        length = length.saturating_add(chunk.len());
        if length > MAX_DRAINED {
            return Err(BodyError::TooLarge);
        }
        if length <= MAX_BODY {
            bytes.extend_from_slice(&chunk);
        }
    }
    if length > MAX_BODY { Err(BodyError::TooLarge) } else { Ok(bytes) }
}

/// The answer for an error: `{"error": …}`.
pub(super) fn error_body(status: StatusCode, error: &str) -> Response {
    (status, json_body(&json!({ "error": error }))).into_response()
}

/// An answer with this JSON and status 200.
pub(super) fn json_body(value: &Value) -> Response {
    let json = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, json)], value.to_string()).into_response()
}
