//! What one decision carries along: its event, its deadline, its times, and its trace.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use crate::entra::event::SignUpEvent;
use crate::signup::identity::{FoundAddress, MissingAddress};
use crate::signup::messages::MessageContext;
use crate::signup::trace::{Step, Trace};
use crate::values::{Deadline, EmailAddress};

/// The context of one decision.
#[derive(Debug)]
pub(crate) struct DecisionContext<'a> {
    /// The event to decide about.
    pub event: &'a SignUpEvent,
    /// When the answer must be ready.
    pub deadline: Deadline,
    /// The time of the decision.
    pub now: DateTime<Utc>,
    /// How long the decision waited for other parts.
    pub times: WaitTimes,
    pub(super) trace: Trace,
}

/// How long a decision waited for other parts; `None`: the part was not asked.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct WaitTimes {
    /// The check of the caller, including the signing keys if they had to be fetched.
    pub caller: Option<Duration>,
    /// Invite sources.
    pub invites: Option<Duration>,
    /// The state store.
    pub state: Option<Duration>,
    /// Look-ups.
    pub lookups: Option<Duration>,
}

impl WaitTimes {
    /// Waits for `future`, and adds the time that this took to `time`.
    pub(crate) async fn measure<T>(time: &mut Option<Duration>, future: impl Future<Output = T>) -> T {
        let started = Instant::now();
        let output = future.await;
        *time = Some(time.unwrap_or_default() + started.elapsed());
        output
    }
}

impl<'a> DecisionContext<'a> {
    /// The context for a decision about an event. It keeps no trace.
    #[must_use]
    pub(crate) fn new(event: &'a SignUpEvent, now: DateTime<Utc>, deadline: Deadline) -> Self {
        Self { event, deadline, now, times: WaitTimes::default(), trace: Trace::off() }
    }

    /// The same context with a trace. Each step has its time since `started`.
    #[must_use]
    pub(crate) fn with_trace(self, started: Instant) -> Self {
        Self { trace: Trace::on(Box::new(move || started.elapsed())), ..self }
    }

    /// The steps so far; empty without a trace.
    #[must_use]
    pub(crate) fn steps(&self) -> &[Step] {
        self.trace.steps()
    }

    /// Notes in the trace why there is no address. If there is one, the gate notes where it came from.
    pub(super) fn note_missing_address(&mut self, address: &Result<FoundAddress, MissingAddress>) {
        match address {
            Err(MissingAddress::Unusable(source, error)) => {
                self.trace.note("address", format_args!("what {source} says {error}"));
            }
            Err(MissingAddress::Absent) => self.trace.note("address", "no source says one"),
            Ok(_) => {}
        }
    }
}

/// The context for the texts that answer an event.
pub(super) fn message_context<'a>(event: &'a SignUpEvent, address: Option<&'a EmailAddress>) -> MessageContext<'a> {
    let correlation_id = event.correlation_id.as_ref();
    MessageContext { locale: &event.client.locale, email: address, app: &event.app, correlation_id }
}
