//! `Health`: the version, and whether the hooks could decide right now. For probes and warm-up; it tells nothing else.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::entra::signing_keys::SigningKeys;
use crate::invites::list::ListInvites;

/// What readiness depends on.
#[derive(Debug)]
pub struct Health {
    /// Without keys nobody can be recognised.
    pub keys: SigningKeys,
    /// Without lists nobody can be let in.
    pub lists: Vec<Arc<ListInvites>>,
}

/// Answers 200 when ready and 503 when not, both with `{"version", "ready"}`.
pub async fn health(State(health): State<Arc<Health>>) -> Response {
    let ready = health.keys.ready() && health.lists.iter().all(|list| list.is_loaded());
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = json!({ "version": env!("CARGO_PKG_VERSION"), "ready": ready });
    let json = HeaderValue::from_static("application/json");
    (status, [(header::CONTENT_TYPE, json)], body.to_string()).into_response()
}
