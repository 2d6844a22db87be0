//! What both hooks share: the checks before the decision, the deadline, and the failure action when there is no
//! decision.
//!
//! The order is fixed: method (405), size (413), caller (401), body (400). After that the answer is always 200 with one
//! action. Whatever hangs, fails or panics leads to the failure action before the deadline. If the signing keys cannot
//! be fetched in time, the caller is unknown; then nothing is looked up, filled in or remembered.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::SetOnce;
use tokio::time::Instant;

use super::body::{BodyError, MAX_BODY, Reply, read, refuse_body};
use crate::decisions::{Decision, DecisionContext, DecisionError, DecisionRecord, DecisionServices};
use crate::decisions::{Reason, UndecidedSignUp, WaitTimes};
use crate::entra::action;
use crate::entra::caller::{CallerError, TokenProblem, Verifier};
use crate::entra::event::{EventKind, SignUpEvent, find_correlation_id};
use crate::telemetry::{AddressHasher, Counters, describe, in_sign_up};
use crate::values::{AppId, CorrelationId, Deadline, TenantId};

mod log;

/// What is answered when no decision can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnFailure {
    /// A page that asks to try later.
    Block,
    /// The sign-up goes on.
    Continue,
}

/// Whose events are answered, and how.
#[derive(Debug, Clone)]
pub(crate) struct HookSettings {
    /// The tenant whose events are answered.
    pub tenant: TenantId,
    /// The time from the request's arrival to the answer.
    pub budget: Duration,
    /// What is answered when no decision can be made.
    pub on_failure: OnFailure,
}

/// The state that all requests to the hooks share.
#[derive(Debug)]
pub(crate) struct Hooks {
    /// Whose events are answered, and how.
    pub settings: HookSettings,
    /// Who may call.
    pub verifier: Verifier,
    /// What decisions need.
    pub services: DecisionServices,
    /// Hashes addresses for the log.
    pub hasher: AddressHasher,
    /// How often each decision was made.
    pub counters: Counters,
    /// Set once forms can be checked. Before that, a submitted form waits, for as long as its deadline lets it.
    pub forms: SetOnce<()>,
}

/// The function that decides: `decisions::start` or `decisions::submit`.
pub(crate) type DecideFn = for<'a, 'c> fn(
    &'a DecisionServices,
    &'a mut DecisionContext<'c>,
) -> BoxFuture<'a, Result<DecisionRecord, DecisionError>>;

/// Why a hook answers with the failure action.
#[derive(Debug, thiserror::Error)]
enum HookError {
    /// The deadline passed.
    #[error("no answer in time")]
    Deadline,
    /// The caller cannot be checked without the signing keys.
    #[error("the signing keys cannot be had in time")]
    KeysUnavailable,
    /// No decision can be made.
    #[error(transparent)]
    Decision(#[from] DecisionError),
    /// A defect in the code.
    #[error("the handler panicked")]
    Panicked,
}

impl HookError {
    fn reason(&self) -> Reason {
        match self {
            Self::Deadline => Reason::Deadline,
            Self::KeysUnavailable => Reason::KeysUnavailable,
            Self::Decision(error) => error.reason(),
            Self::Panicked => Reason::Panicked,
        }
    }
}

/// Runs a hook: the checks, then `decide`, all under the deadline.
pub(crate) async fn answer(hooks: &Hooks, kind: EventKind, request: Request, decide: DecideFn) -> Response {
    let started = Instant::now();
    if request.method() != Method::POST {
        tracing::warn!(event = "refused-request", hook = kind.name(), status = 405);
        return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "POST")]).into_response();
    }
    let deadline = Deadline::new(started.into_std(), hooks.settings.budget);
    let mut progress = Progress::default();
    let (head, body) = request.into_parts();
    let call = Call { head: &head, kind, started, deadline };
    let handled = AssertUnwindSafe(handle(hooks, call, body, decide, &mut progress)).catch_unwind();
    let reply = match tokio::time::timeout_at(deadline.instant().into(), handled).await {
        Ok(Ok(Ok(reply))) => reply,
        Ok(Ok(Err(error))) => failed(hooks, &call, &error, &progress),
        Ok(Err(_)) => failed(hooks, &call, &HookError::Panicked, &progress),
        Err(_) if !progress.body_was_read => answer_without_body(hooks, &call, &progress),
        Err(_) => failed(hooks, &call, &HookError::Deadline, &progress),
    };
    reply.into_response(head.headers)
}

/// A call of a hook, without its body.
#[derive(Clone, Copy)]
struct Call<'a> {
    head: &'a Parts,
    kind: EventKind,
    started: Instant,
    deadline: Deadline,
}

/// How far a call was handled. If the call fails, the failure action depends on it.
#[derive(Default)]
struct Progress {
    body_was_read: bool,
    event: Option<SignUpEvent>,
}

/// The answer if the body did not arrive in time. What can be refused without the body is refused.
fn answer_without_body(hooks: &Hooks, call: &Call<'_>, progress: &Progress) -> Reply {
    let announced = call.head.headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    if announced.and_then(|length| length.parse().ok()).is_some_and(|length: u64| length > MAX_BODY as u64) {
        return refuse_body(call.kind, &BodyError::TooLarge);
    }
    match hooks.verifier.check_without_keys(&call.head.headers) {
        Err(problem) => unauthenticated(call.kind, &problem),
        Ok(()) => failed(hooks, call, &HookError::Deadline, progress),
    }
}

fn unauthenticated(kind: EventKind, problem: &TokenProblem) -> Reply {
    let (reason, observed, remedy) = (problem.name(), problem.observed(), problem.remedy());
    tracing::warn!(event = "unauthenticated", hook = kind.name(), reason, observed, remedy);
    Reply::empty(StatusCode::UNAUTHORIZED)
}

async fn handle(
    hooks: &Hooks,
    call: Call<'_>,
    body: Body,
    decide: DecideFn,
    progress: &mut Progress,
) -> Result<Reply, HookError> {
    let kind = call.kind;
    let body = match read(body).await {
        Ok(body) => body,
        Err(error) => return Ok(refuse_body(kind, &error)),
    };
    progress.body_was_read = true;
    let mut times = WaitTimes::default();
    let verified = hooks.verifier.verify(&call.head.headers, call.deadline);
    match WaitTimes::measure(&mut times.caller, verified).await {
        Ok(()) => {}
        Err(CallerError::KeysUnavailable) => return Err(HookError::KeysUnavailable),
        Err(CallerError::Unauthenticated(problem)) => return Ok(unauthenticated(kind, &problem)),
    }
    let event = match SignUpEvent::parse(&body, kind, &hooks.settings.tenant) {
        Ok(event) => event,
        Err(error) => {
            let correlation_id = find_correlation_id(&body);
            let correlation_id = correlation_id.as_ref().map(CorrelationId::as_str);
            tracing::warn!(event = "malformed", hook = kind.name(), correlation_id, reason = %error);
            return Ok(Reply::error(StatusCode::BAD_REQUEST, &error.to_string()));
        }
    };
    let event = &*progress.event.insert(event);
    if kind == EventKind::Submit {
        hooks.forms.wait().await;
    }
    let mut context = DecisionContext::new(event, hooks.services.clock.now(), call.deadline);
    if tracing::enabled!(tracing::Level::DEBUG) {
        context = context.with_trace(call.started);
    }
    context.times = times;
    // Every line that is logged before the decision has the correlation id too, at any level.
    let decided = in_sign_up(event.correlation_id.clone(), decide(&hooks.services, &mut context)).await?;
    log::decision(hooks, kind, &context, &decided, call.started);
    Ok(Reply::json(&action::answer(&decided.decision)))
}

/// Answers with the failure action, in the person's language if the event was read.
fn failed(hooks: &Hooks, call: &Call<'_>, error: &HookError, progress: &Progress) -> Reply {
    let sign_up = &progress.event.as_ref().map(|event| hooks.services.undecided(event)).unwrap_or_default();
    let decision = failure_action(hooks, call.kind, sign_up);
    let (hook, action, reason) = (call.kind.name(), decision.action().name(), error.reason().name());
    hooks.counters.count(hook, action, reason);
    tracing::error!(
        event = "failure-action",
        hook,
        correlation_id = sign_up.correlation_id.as_ref().map(CorrelationId::as_str),
        support_code = sign_up.correlation_id.as_ref().map(CorrelationId::support_code),
        app = sign_up.app.id.as_ref().map(AppId::as_str),
        action,
        reason,
        error = describe(error),
        duration_us = call.started.elapsed().as_micros(),
    );
    Reply::json(&action::answer(&decision))
}

fn failure_action(hooks: &Hooks, kind: EventKind, sign_up: &UndecidedSignUp) -> Decision {
    let goes_on = hooks.settings.on_failure == OnFailure::Continue || hooks.services.only_reports(sign_up);
    if goes_on { sign_up.continue_sign_up(kind) } else { hooks.services.try_later(kind, sign_up) }
}

#[cfg(test)]
mod tests;
