//! Bodies: read within a limit, answered in JSON.

use axum::body::{Body, HttpBody};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use serde_json::{Value, json};

use crate::entra::event::EventKind;

/// The largest body, in bytes.
pub(super) const MAX_BODY: usize = 256 * 1024;

/// How much of a body that is too large is read away, so that the host does not see its connection break.
const MAX_DRAINED: usize = 16 * 1024 * 1024;

/// Why a body was not read.
pub(super) enum Unread {
    /// It is over the limit.
    TooLarge,
    /// The connection broke.
    Broken,
}

/// The answer to a body that was not read.
pub(super) fn refused(kind: EventKind, why: &Unread) -> Response {
    let (status, error) = match why {
        Unread::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than 256 KiB"),
        Unread::Broken => (StatusCode::BAD_REQUEST, "the body broke off"),
    };
    tracing::warn!(event = "refused-request", hook = kind.name(), status = status.as_u16(), reason = error);
    error_body(status, error)
}

/// Reads the body up to its limit; what is beyond is read away, up to a limit of its own.
pub(super) async fn read(body: Body) -> Result<Vec<u8>, Unread> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let mut kept = Vec::with_capacity(announced.min(MAX_BODY));
    let mut length = 0_usize;
    let mut body = body.into_data_stream();
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|_| Unread::Broken)?;
        length = length.saturating_add(chunk.len());
        if length > MAX_DRAINED {
            return Err(Unread::TooLarge);
        }
        if length <= MAX_BODY {
            kept.extend_from_slice(&chunk);
        }
    }
    if length > MAX_BODY { Err(Unread::TooLarge) } else { Ok(kept) }
}

/// An error's answer: a short JSON text.
pub(super) fn error_body(status: StatusCode, error: &str) -> Response {
    (status, json_body(&json!({ "error": error }))).into_response()
}

/// An answer in JSON.
pub(super) fn json_body(value: &Value) -> Response {
    let json = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, json)], value.to_string()).into_response()
}
