//! What both hooks share: the checks before the decision, the deadline over everything, the answer when there is none.
//!
//! The order is fixed: method (405), size (413), caller (401), body (400). After that the answer is always 200 with one
//! action. Whatever hangs, fails or panics leads to the failure action before the deadline; when the signing keys cannot
//! be had in time the caller is unknown, and nothing is looked up, filled in or remembered for it.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::time::Instant;
use tracing::Instrument;

use super::body::{MAX_BODY, Unread, error_body, json_body, read, refused};
use crate::decisions::{Decided, Decision, DecisionContext, DecisionFailure, DecisionServices, WaitTimes};
use crate::entra::action;
use crate::entra::caller::{CallerError, TokenProblem, Verifier};
use crate::entra::event::{EventKind, SignUpEvent, find_correlation_id};
use crate::signup::answer::blank;
use crate::signup::decision::{StartDecision, SubmitDecision};
use crate::signup::messages::MessageContext;
use crate::signup::policy::Mode;
use crate::signup::trace::Trace;
use crate::telemetry::{AddressHasher, Counters, describe};
use crate::values::{App, AppId, AttributeValues, CorrelationId, Deadline, TenantId};
use log::some;

mod log;

/// What is answered when no decision can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFailure {
    /// A page that asks to try later.
    Block,
    /// The sign-up goes on.
    Continue,
}

/// How hooks behave.
#[derive(Debug, Clone)]
pub struct HookSettings {
    /// The tenant whose events are answered.
    pub tenant: TenantId,
    /// The time from the request's arrival to the answer.
    pub budget: Duration,
    /// What is answered when no decision can be made.
    pub on_failure: OnFailure,
}

/// What the hooks need, shared by all requests.
#[derive(Debug)]
pub struct Hooks {
    /// How they behave.
    pub settings: HookSettings,
    /// Who may call.
    pub verifier: Verifier,
    /// What decisions need.
    pub services: DecisionServices,
    /// Makes addresses fit for logs.
    pub hasher: AddressHasher,
    /// How often each decision was made.
    pub counters: Counters,
}

/// The part of a hook that is its own.
pub type Decide = for<'a, 'w> fn(
    &'a DecisionServices,
    &'a mut DecisionContext<'w>,
) -> BoxFuture<'a, Result<Decided, DecisionFailure>>;

/// Runs a hook: the checks, then `decide`, all under the deadline.
pub async fn answer(hooks: &Hooks, kind: EventKind, request: Request, decide: Decide) -> Response {
    let started = Instant::now();
    if request.method() != Method::POST {
        tracing::warn!(event = "refused-request", hook = kind.name(), status = 405);
        return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "POST")]).into_response();
    }
    let deadline = Deadline::new(started.into_std(), hooks.settings.budget);
    let mut seen = Seen::default();
    let (head, body) = request.into_parts();
    let arrived = Arrived { head: &head, kind, started, deadline };
    let handled = AssertUnwindSafe(handle(hooks, arrived, body, decide, &mut seen)).catch_unwind();
    let failure = match tokio::time::timeout_at(deadline.instant().into(), handled).await {
        Ok(Ok(Ok(response))) => return response,
        Ok(Ok(Err(failure))) => failure,
        Ok(Err(_)) => DecisionFailure::Panicked,
        Err(_) if !seen.body => return unread(hooks, &arrived, &seen),
        Err(_) => DecisionFailure::Deadline,
    };
    failed(hooks, &arrived, &failure, &seen)
}

/// A request whose body is still to come.
#[derive(Clone, Copy)]
struct Arrived<'a> {
    head: &'a Parts,
    kind: EventKind,
    started: Instant,
    deadline: Deadline,
}

/// The answer to a body that did not come in time: what can be refused without it is refused.
fn unread(hooks: &Hooks, arrived: &Arrived<'_>, seen: &Seen) -> Response {
    let announced = arrived.head.headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    if announced.and_then(|length| length.parse().ok()).is_some_and(|length: u64| length > MAX_BODY as u64) {
        return refused(arrived.kind, &Unread::TooLarge);
    }
    match hooks.verifier.check_without_keys(&arrived.head.headers) {
        Err(reason) => unauthenticated(arrived.kind, &reason),
        Ok(()) => failed(hooks, arrived, &DecisionFailure::Deadline, seen),
    }
}

fn unauthenticated(kind: EventKind, reason: &TokenProblem) -> Response {
    let (reason, observed, remedy) = (reason.name(), reason.observed(), reason.remedy());
    tracing::warn!(event = "unauthenticated", hook = kind.name(), reason, observed, remedy);
    StatusCode::UNAUTHORIZED.into_response()
}

/// What is known of a request when it fails.
#[derive(Default)]
struct Seen {
    /// The body came whole.
    body: bool,
    correlation_id: Option<CorrelationId>,
    locale: String,
    app: App,
    /// The field of a code, to be emptied whatever happens.
    blank: AttributeValues,
}

async fn handle(
    hooks: &Hooks,
    arrived: Arrived<'_>,
    body: Body,
    decide: Decide,
    seen: &mut Seen,
) -> Result<Response, DecisionFailure> {
    let kind = arrived.kind;
    let body = match read(body).await {
        Ok(body) => body,
        Err(refusal) => return Ok(refused(kind, &refusal)),
    };
    seen.body = true;
    let mut times = WaitTimes::default();
    let verified = hooks.verifier.verify(&arrived.head.headers, arrived.deadline);
    match WaitTimes::of(&mut times.caller, verified).await {
        Ok(_) => {}
        Err(CallerError::KeysUnavailable) => return Err(DecisionFailure::KeysUnavailable),
        Err(CallerError::Unauthenticated(reason)) => return Ok(unauthenticated(kind, &reason)),
    }
    let event = match SignUpEvent::parse(&body, kind, &hooks.settings.tenant) {
        Ok(event) => event,
        Err(error) => {
            let correlation_id = find_correlation_id(&body);
            let correlation_id = correlation_id.as_ref().map(CorrelationId::as_str);
            tracing::warn!(event = "malformed", hook = kind.name(), correlation_id, reason = %error);
            return Ok(error_body(StatusCode::BAD_REQUEST, &error.to_string()));
        }
    };
    let correlation_id = event.correlation_id.clone();
    // What is logged on the way to the decision carries the correlation id too, at any level.
    let span = tracing::error_span!("sign-up", correlation_id = correlation_id.as_ref().map(CorrelationId::as_str));
    let blank =
        hooks.services.sign_up.policy_for(&event.app).map(|policy| blank(policy, &event.form)).unwrap_or_default();
    *seen = Seen { body: true, correlation_id, locale: event.client.locale.clone(), app: event.app.clone(), blank };
    let began = arrived.started;
    let trace = if tracing::enabled!(tracing::Level::DEBUG) {
        Trace::on(Box::new(move || began.elapsed()))
    } else {
        Trace::off()
    };
    let mut context = DecisionContext::new(&event, hooks.services.clock.now(), arrived.deadline, trace);
    context.times = times;
    let decided = decide(&hooks.services, &mut context).instrument(span).await?;
    log::decision(hooks, kind, &context, &decided, arrived.started);
    Ok(json_body(&match &decided.decision {
        Decision::Start(decision) => action::start(decision),
        Decision::Submit(decision) => action::submit(decision),
    }))
}

/// The failure action, worded for the person as far as anything is known of them.
fn failed(hooks: &Hooks, arrived: &Arrived<'_>, failure: &DecisionFailure, seen: &Seen) -> Response {
    let (kind, started) = (arrived.kind, arrived.started);
    let support_code = seen.correlation_id.as_ref().map(CorrelationId::support_code).unwrap_or_default();
    let (answer, action) = failure_action(hooks, kind, seen, &support_code);
    hooks.counters.count(kind.name(), action, failure.name());
    tracing::error!(
        event = "failure-action",
        hook = kind.name(),
        correlation_id = seen.correlation_id.as_ref().map(CorrelationId::as_str),
        support_code = some(&support_code),
        app = seen.app.id.as_ref().map(AppId::as_str),
        action,
        reason = failure.name(),
        error = describe(failure),
        duration_us = started.elapsed().as_micros(),
    );
    json_body(&answer)
}

fn failure_action(hooks: &Hooks, kind: EventKind, seen: &Seen, support_code: &str) -> (Value, &'static str) {
    let sign_up = &hooks.services.sign_up;
    let message_context = MessageContext { locale: &seen.locale, email: None, app: &seen.app, support_code };
    let page = || sign_up.messages.page("try-later", message_context);
    // A policy that only reports stops nobody. Whose it is is known once the caller and the body are.
    let policy = seen.app.id.as_ref().and_then(|_| sign_up.policy_for(&seen.app));
    let reports = policy.is_some_and(|policy| policy.mode == Mode::Report);
    match (kind, if reports { OnFailure::Continue } else { hooks.settings.on_failure }) {
        (EventKind::Start, OnFailure::Block) => (action::start(&StartDecision::Refuse(page())), "refuse"),
        (EventKind::Start, OnFailure::Continue) => (action::start(&StartDecision::Continue), "continue"),
        (EventKind::Submit, OnFailure::Block) => (action::submit(&SubmitDecision::Refuse(page())), "refuse"),
        (EventKind::Submit, OnFailure::Continue) if seen.blank.is_empty() => {
            (action::submit(&SubmitDecision::Continue), "continue")
        }
        (EventKind::Submit, OnFailure::Continue) => {
            (action::submit(&SubmitDecision::Modify(seen.blank.clone())), "modify")
        }
    }
}

#[cfg(test)]
mod tests;
