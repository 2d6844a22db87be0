//! `Health`: the version, whether the hooks could decide right now, how old each invite list is, and how many log
//! lines were dropped, if any. It is for probes, warm-up and alerts, and says nothing else.
//!
//! *Ready* means that the hooks could decide. If the file of a list cannot be read any more, or keeps changing, they
//! still can: the last good list is in use. So the status stays 200; a probe that restarted the process would throw
//! away the only list there is. But `stale` is true then, and the list says since when.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::entra::signing_keys::SigningKeys;
use crate::invites::{Freshness, Invites};
use crate::telemetry;

/// What readiness depends on.
#[derive(Debug)]
pub struct Health {
    /// Without keys nobody can be recognised.
    pub keys: SigningKeys,
    /// Without an answer of every source nobody can be decided about.
    pub invites: Invites,
}

/// Answers 200 when ready and 503 when not, both with `{"version", "ready", "stale", "lists"}`, and `dropped_log_lines`
/// if nobody read the log for so long that lines had to be dropped.
pub async fn health(State(health): State<Arc<Health>>) -> Response {
    let sources = health.invites.sources();
    let ready = health.keys.ready() && sources.iter().all(|source| source.is_ready());
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let ages = sources.iter().filter_map(|source| Some((source.name(), source.freshness()?)));
    let ages: Vec<(&str, Freshness)> = ages.collect();
    let mut body = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "ready": ready,
        "stale": ages.iter().any(|(_, age)| age.status.is_bad()),
        "lists": ages.iter().map(|(name, age)| of_list(name, age)).collect::<Vec<_>>(),
    });
    // The log cannot say it while nobody reads the log.
    let dropped = telemetry::dropped_lines();
    if let Some(members) = body.as_object_mut().filter(|_| dropped > 0) {
        members.insert("dropped_log_lines".to_owned(), dropped.into());
    }
    let json = HeaderValue::from_static("application/json");
    (status, [(header::CONTENT_TYPE, json)], body.to_string()).into_response()
}

/// `null` instead of an age: not yet.
fn of_list(name: &str, age: &Freshness) -> Value {
    json!({
        "name": name,
        "state": age.status.name(),
        "checked_seconds_ago": age.checked.map(|age| age.as_secs()),
        "loaded_seconds_ago": age.loaded.map(|age| age.as_secs()),
    })
}
