//! Logs a decision: one line, its steps at debug level, and a count.

use std::time::Duration;

use tokio::time::Instant;

use super::Hooks;
use crate::decisions::{ActionKind, DecisionContext, DecisionRecord};
use crate::entra::event::EventKind;
use crate::values::{AppId, CorrelationId, KnownBy};

/// Writes the line of a decision, and counts it.
pub(super) fn decision(
    hooks: &Hooks,
    kind: EventKind,
    context: &DecisionContext<'_>,
    decided: &DecisionRecord,
    started: Instant,
) {
    let (event, action) = (context.event, decided.decision.action().name());
    // What no line shows is not computed.
    let hash = || decided.address.as_ref().map(|found| tracing::field::display(hooks.hasher.hash(&found.address)));
    let microseconds = |time: Option<Duration>| time.map(|time| time.as_micros());
    hooks.counters.count(kind.name(), action, decided.reason.name());
    if let Some(known_by) = decided.known_by {
        hooks.counters.count_known_by(known_by);
    }
    tracing::info!(
        event = "decision",
        hook = kind.name(),
        correlation_id = event.correlation_id.as_ref().map(CorrelationId::as_str),
        support_code = event.correlation_id.as_ref().map(CorrelationId::support_code),
        app = event.app.id.as_ref().map(AppId::as_str),
        policy = decided.policy.as_deref(),
        action,
        reason = decided.reason.name(),
        reported = decided.reported.map(ActionKind::name),
        address = hash(),
        address_source = decided.address.as_ref().map(|found| tracing::field::display(&found.source)),
        provenance = decided.address.as_ref().map(|found| found.provenance.name()),
        known_by = decided.known_by.map(KnownBy::name),
        duration_us = started.elapsed().as_micros(),
        caller_us = microseconds(context.times.caller),
        invites_us = microseconds(context.times.invites),
        state_us = microseconds(context.times.state),
        lookups_us = microseconds(context.times.lookups),
    );
    for (number, step) in (1..).zip(context.steps()) {
        tracing::debug!(
            event = "trace",
            hook = kind.name(),
            correlation_id = event.correlation_id.as_ref().map(CorrelationId::as_str),
            address = hash(),
            step = number,
            asked = step.asked,
            found = step.found,
            took_us = step.took.as_micros(),
        );
    }
}
