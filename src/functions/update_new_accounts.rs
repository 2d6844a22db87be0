//! `UpdateNewAccounts`: the timer. One invocation is one run over the new accounts.
//!
//! | status | when |
//! | --- | --- |
//! | 200 with the run's counts | it ran; single accounts may have failed, and the next run tries them again |
//! | 500 with the reason | new accounts could not be found, the state store failed, or the run panicked |
//! | 503 | the service is stopping: the run is cut off wherever it is, which is as safe as a kill |
//! | 405 | the request is not a POST; nothing ran |
//! | 403 | the request did not come from the host; nothing ran |
//!
//! The body is not needed, so a body that is slow, odd or too large changes nothing.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use tokio_util::sync::CancellationToken;

use super::invocation::{TimerTick, came_from_host, failed, succeeded, timer_tick};
use crate::accounts::{Accounts, RunUnavailable};
use crate::telemetry::describe;

/// The largest envelope that is read, in bytes.
const MAX_BODY: usize = 1024 * 1024;
/// How long a run waits for the envelope. It starts without one after that.
const BODY_TIMEOUT: Duration = Duration::from_secs(5);

/// What the timer needs.
#[derive(Debug)]
pub(crate) struct TimerState {
    /// What a run needs, or why no run is possible, with the remedy.
    pub accounts: Result<Arc<Accounts>, RunUnavailable>,
    /// The port on which the host calls.
    pub port: u16,
    /// Cancelled as soon as the service is told to stop.
    pub stop: CancellationToken,
}

/// Answers the request. If it is an invocation by the host, makes one run first.
pub(crate) async fn update_new_accounts(State(state): State<Arc<TimerState>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    if let Some(refusal) = refusal(&head, state.port) {
        return refusal;
    }
    state.stop.run_until_cancelled(run_once(&state, body)).await.unwrap_or_else(|| {
        let reason = "the service is stopping: the next run goes on";
        tracing::info!(event = "run-stopped", reason);
        failed(StatusCode::SERVICE_UNAVAILABLE, reason)
    })
}

/// Makes one run, and answers the host's invocation.
async fn run_once(state: &TimerState, body: Body) -> Response {
    let TimerTick { is_past_due } = read(body).await;
    tracing::info!(event = "timer", is_past_due);
    let accounts = match &state.accounts {
        Ok(accounts) => accounts,
        Err(error) => {
            let reason = describe(error);
            tracing::error!(event = "timer-unavailable", reason);
            return failed(StatusCode::INTERNAL_SERVER_ERROR, &reason);
        }
    };
    match AssertUnwindSafe(Box::pin(accounts.run())).catch_unwind().await {
        Ok(Ok(report)) => succeeded(&report.log_lines()),
        Ok(Err(error)) => failed(StatusCode::INTERNAL_SERVER_ERROR, &describe(&error)),
        Err(_) => {
            let reason = "the run panicked, which is a defect: the next run goes on";
            tracing::error!(event = "run-panicked", reason);
            failed(StatusCode::INTERNAL_SERVER_ERROR, reason)
        }
    }
}

/// The answer to a request that is not from the host, or not a POST; `None` for an invocation.
fn refusal(head: &Parts, port: u16) -> Option<Response> {
    if came_from_host(&head.uri, &head.headers, port) {
        return (head.method != Method::POST).then(|| {
            let reason = "an invocation is a POST";
            tracing::warn!(event = "invocation-refused", function = "UpdateNewAccounts", reason);
            let answer = failed(StatusCode::METHOD_NOT_ALLOWED, "this function is invoked by POST only");
            ([(header::ALLOW, "POST")], answer).into_response()
        });
    }
    tracing::warn!(
        event = "invocation-refused",
        function = "UpdateNewAccounts",
        reason = "it came through the front door"
    );
    Some(failed(StatusCode::FORBIDDEN, "this function is called by the Functions host only"))
}

async fn read(body: Body) -> TimerTick {
    let read = tokio::time::timeout(BODY_TIMEOUT, to_bytes(body, MAX_BODY)).await;
    read.map_or_else(|_| TimerTick::default(), |body| timer_tick(&body.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;
    use crate::accounts::Settings;
    use crate::clock::ManualClock;
    use crate::graph::fake::FakeDirectory;
    use crate::invites::Invites;
    use crate::reservations::Reservations;
    use crate::storage::StateStore;

    fn accounts(directory: FakeDirectory) -> Arc<Accounts> {
        accounts_with(Arc::new(directory))
    }

    fn accounts_with(directory: Arc<FakeDirectory>) -> Arc<Accounts> {
        let clock = Arc::new(ManualClock::new("2026-11-21T10:00:00Z".parse().unwrap()));
        let store = StateStore::in_memory();
        let reservations = Reservations::new(&store);
        Arc::new(
            Accounts::try_new(Settings::for_tests(), directory, &[], Invites::default(), &store, reservations, clock)
                .unwrap(),
        )
    }

    async fn answered(accounts: Result<Arc<Accounts>, RunUnavailable>, host: &str, body: Body) -> (StatusCode, Value) {
        let state = Arc::new(TimerState { accounts, port: 7071, stop: CancellationToken::new() });
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
    async fn a_run_that_panicked_is_a_500_and_the_next_one_runs() {
        let directory = Arc::new(FakeDirectory::new(None));
        let accounts = accounts_with(Arc::clone(&directory));
        directory.with(|state| state.log_panics = true);
        let (status, body) = answered(Ok(Arc::clone(&accounts)), HOST, Body::empty()).await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(body, json!({"error": "the run panicked, which is a defect: the next run goes on"}));
        directory.with(|state| state.log_panics = false);
        assert_eq!(answered(Ok(accounts), HOST, Body::empty()).await.0, StatusCode::OK);
    }

    #[rstest]
    #[case("GET")]
    #[case("HEAD")]
    #[case("PUT")]
    #[case("DELETE")]
    #[case("OPTIONS")]
    #[tokio::test]
    async fn anything_but_a_post_runs_nothing(#[case] method: &str) {
        let directory = Arc::new(FakeDirectory::new(None));
        let accounts = Ok(accounts_with(Arc::clone(&directory)));
        let state = TimerState { accounts, port: 7071, stop: CancellationToken::new() };
        let request = Request::builder().method(method).header(header::HOST, HOST).body(Body::empty()).unwrap();
        let response = update_new_accounts(State(Arc::new(state)), request).await;
        assert_eq!(
            (response.status(), &response.headers()[header::ALLOW]),
            (StatusCode::METHOD_NOT_ALLOWED, &"POST".parse().unwrap())
        );
        let body = to_bytes(response.into_body(), MAX_BODY).await.unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&body).unwrap()["error"], "this function is invoked by POST only");
        directory.with(|state| assert!(state.windows.is_empty()));
    }

    #[tokio::test]
    async fn without_a_runner_the_reason_is_said() {
        let (status, body) = answered(Err(RunUnavailable::NoGraph), HOST, Body::empty()).await;
        let reason = "the configuration has no [graph]: new accounts cannot be found";
        assert_eq!((status, body), (StatusCode::INTERNAL_SERVER_ERROR, json!({ "error": reason })));
    }

    #[tokio::test]
    async fn what_came_through_the_front_door_is_refused() {
        let directory = FakeDirectory::new(None);
        let (status, _) = answered(Ok(accounts(directory)), "contoso.azurewebsites.net", Body::empty()).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
    }
}
