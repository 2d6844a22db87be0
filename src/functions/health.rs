//! `Health`, for probes, warm-up and alerts: the version, whether the hooks can decide now, how old each invite list
//! is, and how many log lines were dropped, if any. It shows nothing else.
//!
//! *Ready* means that the hooks can decide. If a list's file can no longer be read, or keeps changing, they still can:
//! the last good list is in use. The status stays 200, since a probe that restarts the process would lose that list.
//! But `stale` is true then, and the list's entry says since when.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::entra::signing_keys::SigningKeys;
use crate::invites::{Freshness, Invites};
use crate::telemetry;

/// What readiness depends on.
#[derive(Debug)]
pub(crate) struct Health {
    /// Without signing keys no caller can be verified.
    pub keys: SigningKeys,
    /// Without every invite source nothing can be decided.
    pub invites: Invites,
}

/// Answers 200 if ready and 503 if not, both with `{"version", "ready", "stale", "lists"}`, and with
/// `dropped_log_lines` if lines had to be dropped because nobody read the log. Probes only read: any other method is
/// answered with 405.
pub(crate) async fn health(State(health): State<Arc<Health>>, request: Request) -> Response {
    if ![Method::GET, Method::HEAD].contains(request.method()) {
        return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET,HEAD")]).into_response();
    }
    let sources = health.invites.sources();
    let ready = health.keys.ready() && sources.iter().all(|source| source.is_ready());
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let lists = sources.iter().filter_map(|source| Some((source.name(), source.freshness()?)));
    let lists: Vec<(&str, Freshness)> = lists.collect();
    let mut body = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "ready": ready,
        "stale": lists.iter().any(|(_, freshness)| freshness.status.is_bad()),
        "lists": lists.iter().map(|(name, freshness)| list_entry(name, freshness)).collect::<Vec<_>>(),
    });
    // Lines are dropped because nobody reads the log, so the number is shown here.
    let dropped = telemetry::dropped_lines();
    if let Some(members) = body.as_object_mut().filter(|_| dropped > 0) {
        members.insert("dropped_log_lines".to_owned(), dropped.into());
    }
    let json = HeaderValue::from_static("application/json");
    (status, [(header::CONTENT_TYPE, json)], body.to_string()).into_response()
}

/// One list's entry. An age is `null` before the first look or load.
fn list_entry(name: &str, freshness: &Freshness) -> Value {
    json!({
        "name": name,
        "state": freshness.status.name(),
        "checked_seconds_ago": freshness.checked.map(|age| age.as_secs()),
        "loaded_seconds_ago": freshness.loaded.map(|age| age.as_secs()),
    })
}
