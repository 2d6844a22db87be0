//! `Health`: the version, and whether the hooks could decide right now; and how many lines of the log were dropped, if
//! any. For probes and warm-up; it tells nothing else.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::entra::signing_keys::SigningKeys;
use crate::invites::list::ListInvites;
use crate::telemetry;

/// What readiness depends on.
#[derive(Debug)]
pub struct Health {
    /// Without keys nobody can be recognised.
    pub keys: SigningKeys,
    /// Without lists nobody can be let in.
    pub lists: Vec<Arc<ListInvites>>,
}

/// Answers 200 when ready and 503 when not, both with `{"version", "ready"}`, and `dropped_log_lines` if nobody read the
/// log for so long that lines had to be dropped.
pub async fn health(State(health): State<Arc<Health>>) -> Response {
    let ready = health.keys.ready() && health.lists.iter().all(|list| list.is_loaded());
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let mut body = json!({ "version": env!("CARGO_PKG_VERSION"), "ready": ready });
    // The log cannot say it while nobody reads the log.
    let dropped = telemetry::dropped_lines();
    if let Some(members) = body.as_object_mut().filter(|_| dropped > 0) {
        members.insert("dropped_log_lines".to_owned(), dropped.into());
    }
    let json = HeaderValue::from_static("application/json");
    (status, [(header::CONTENT_TYPE, json)], body.to_string()).into_response()
}
