//! `UpdateNewAccounts`: the timer. One invocation is one run over the new accounts.
//!
//! 200 with the run's counts when it ran, also if single accounts failed: they are tried again by the next one. 500
//! with the reason when new accounts could not be found or the state store failed. The body is not needed, so one that
//! is slow, odd or too large stops nothing.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::invocation::{TimerTick, came_from_host, failed, succeeded, timer_tick};
use crate::accounts::Accounts;
use crate::telemetry::describe;

/// The largest envelope that is read.
const MAX_BODY: usize = 1024 * 1024;
/// How long the envelope is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the timer needs.
#[derive(Debug)]
pub struct TimerState {
    /// The runner, or why there is none, with the remedy.
    pub accounts: Result<Arc<Accounts>, String>,
    /// The port on which the host calls.
    pub port: u16,
}

/// Runs once and answers the host.
pub async fn update_new_accounts(State(state): State<Arc<TimerState>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    if let Some(refusal) = refusal(&head.headers, state.port) {
        return refusal;
    }
    let TimerTick { is_past_due } = read(body).await;
    tracing::info!(event = "timer", is_past_due);
    let accounts = match &state.accounts {
        Ok(accounts) => accounts,
        Err(reason) => {
            tracing::error!(event = "timer-unavailable", reason);
            return failed(StatusCode::INTERNAL_SERVER_ERROR, reason);
        }
    };
    match Box::pin(accounts.run()).await {
        Ok(report) => succeeded(&report.log_lines()),
        Err(error) => failed(StatusCode::INTERNAL_SERVER_ERROR, &describe(&error)),
    }
}

/// The answer to a request that is not the host's own.
fn refusal(headers: &HeaderMap, port: u16) -> Option<Response> {
    if came_from_host(headers, port) {
        return None;
    }
    tracing::warn!(
        event = "invocation-refused",
        function = "UpdateNewAccounts",
        reason = "it came through the front door"
    );
    Some(failed(StatusCode::FORBIDDEN, "this function is called by the Functions host only"))
}

async fn read(body: Body) -> TimerTick {
    let read = tokio::time::timeout(PATIENCE, to_bytes(body, MAX_BODY)).await;
    read.map_or_else(|_| TimerTick::default(), |body| timer_tick(&body.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use axum::http::header;
    use serde_json::{Value, json};

    use super::*;
    use crate::accounts::Settings;
    use crate::clock::ManualClock;
    use crate::graph::fake::FakeDirectory;
    use crate::invites::Invites;
    use crate::storage::StateStore;

    fn accounts(directory: FakeDirectory) -> Arc<Accounts> {
        let settings = Settings {
            client_id: "88888888-3333-4444-5555-666666666666".parse().unwrap(),
            overlap: Duration::from_hours(2),
            settle: Duration::ZERO,
            look_back: Duration::from_mins(10),
            run_limit: Duration::from_mins(8),
            concurrency: 4,
            max_attempts: 12,
            needs_invite: false,
            connectors: Vec::new(),
        };
        let clock = Arc::new(ManualClock::new("2026-11-21T10:00:00Z".parse().unwrap()));
        let (directory, store) = (Arc::new(directory), StateStore::in_memory());
        Arc::new(Accounts::try_new(settings, directory, &[], Invites::default(), store, clock).unwrap())
    }

    async fn answered(accounts: Result<Arc<Accounts>, String>, host: &str, body: Body) -> (StatusCode, Value) {
        let state = Arc::new(TimerState { accounts, port: 7071 });
        let request = Request::builder().method("POST").header(header::HOST, host).body(body).unwrap();
        let response = update_new_accounts(State(state), request).await;
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json");
        let status = response.status();
        let body = to_bytes(response.into_body(), MAX_BODY).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }

    const HOST: &str = "127.0.0.1:7071";

    #[tokio::test]
    async fn answers_the_host_with_the_counts() {
        let directory = FakeDirectory::new(None);
        let at = "2026-11-21T09:58:00Z".parse().unwrap();
        directory.sign_up("9fb7a577-9469-4489-912d-bc58a5bca276", "jo@example.com", at);
        let (status, body) = answered(Ok(accounts(directory)), HOST, Body::empty()).await;
        let logs = json!([
            "audit log read from 2026-11-21T09:50:00Z to 2026-11-21T10:00:00Z",
            "accounts: 1 new, 1 associated"
        ]);
        assert_eq!((status, body), (StatusCode::OK, json!({"Outputs": {}, "Logs": logs, "ReturnValue": null})));
    }

    #[tokio::test]
    async fn an_odd_or_huge_envelope_stops_nothing() {
        for body in [Body::from("no JSON"), Body::from(vec![b' '; MAX_BODY + 1])] {
            assert_eq!(answered(Ok(accounts(FakeDirectory::new(None))), HOST, body).await.0, StatusCode::OK);
        }
    }

    #[tokio::test]
    async fn a_run_that_failed_is_a_500_with_the_reason() {
        let directory = FakeDirectory::new(None);
        directory.with(|state| state.log_status = Some(403));
        let (status, body) = answered(Ok(accounts(directory)), HOST, Body::empty()).await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(body["error"].as_str().unwrap().contains("AuditLog.Read.All"), "{body}");
    }

    #[tokio::test]
    async fn without_a_runner_the_reason_is_said() {
        let (status, body) = answered(Err("no state on Azure yet".to_owned()), HOST, Body::empty()).await;
        assert_eq!((status, body), (StatusCode::INTERNAL_SERVER_ERROR, json!({"error": "no state on Azure yet"})));
    }

    #[tokio::test]
    async fn what_came_through_the_front_door_is_refused() {
        let directory = FakeDirectory::new(None);
        let (status, _) = answered(Ok(accounts(directory)), "contoso.azurewebsites.net", Body::empty()).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
    }
}
