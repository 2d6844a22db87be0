//! What the host passes on in both directions: headers, without those of a connection, and whole bodies.

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, HeaderName, StatusCode};

/// The host's limit on a request's body, in bytes.
const BODY_LIMIT: usize = 104_857_600;

/// The headers that belong to one connection only.
const HOP_BY_HOP: [&str; 8] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// The headers without those of the connection.
pub(super) fn end_to_end(headers: &HeaderMap) -> HeaderMap {
    let mut kept = headers.clone();
    for name in HOP_BY_HOP {
        kept.remove(HeaderName::from_static(name));
    }
    kept
}

/// The whole body, up to the host's limit.
pub(super) async fn whole(body: Body) -> Result<Vec<u8>, StatusCode> {
    let bytes = to_bytes(body, BODY_LIMIT).await;
    bytes.map(|bytes| bytes.to_vec()).map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)
}
