//! The decision under way: its event, its times, and the steps that led to it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use crate::entra::event::SignUpEvent;
use crate::signup::identity::{FoundAddress, MissingAddress};
use crate::signup::messages::MessageContext;
use crate::signup::trace::{Step, Trace};
use crate::values::{CorrelationId, Deadline, EmailAddress};

/// One decision under way.
#[derive(Debug)]
pub(crate) struct DecisionContext<'a> {
    /// The event that is decided about.
    pub event: &'a SignUpEvent,
    /// A short code that leads from the page to the log; empty if the event has no correlation id.
    pub support_code: String,
    /// When the answer has to be there.
    pub deadline: Deadline,
    /// The time of the decision.
    pub now: DateTime<Utc>,
    /// How long the decision waited for others.
    pub times: WaitTimes,
    pub(super) trace: Trace,
}

/// How long a decision waited for others; `None`: they were not asked.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct WaitTimes {
    /// The check of the caller, with the signing keys where they had to be fetched.
    pub caller: Option<Duration>,
    /// Invite sources.
    pub invites: Option<Duration>,
    /// The state store.
    pub state: Option<Duration>,
    /// Look-ups.
    pub lookups: Option<Duration>,
}

impl WaitTimes {
    /// Waits for `work`, and adds the time that it took to one of the times.
    pub(crate) async fn measure<T>(time: &mut Option<Duration>, work: impl Future<Output = T>) -> T {
        let began = Instant::now();
        let done = work.await;
        *time = Some(time.unwrap_or_default() + began.elapsed());
        done
    }
}

impl<'a> DecisionContext<'a> {
    /// A decision about an event that keeps no steps.
    #[must_use]
    pub(crate) fn new(event: &'a SignUpEvent, now: DateTime<Utc>, deadline: Deadline) -> Self {
        let support_code = event.correlation_id.as_ref().map(CorrelationId::support_code).unwrap_or_default();
        Self { event, support_code, deadline, now, times: WaitTimes::default(), trace: Trace::off() }
    }

    /// The same, keeping each step with its time since `began`.
    #[must_use]
    pub(crate) fn keeping_steps(self, began: Instant) -> Self {
        Self { trace: Trace::on(Box::new(move || began.elapsed())), ..self }
    }

    /// The steps so far; none if they are not kept.
    #[must_use]
    pub(crate) fn steps(&self) -> &[Step] {
        self.trace.steps()
    }

    /// Notes why there is no address. Where one came from, the gate notes.
    pub(super) fn note_missing_address(&mut self, address: &Result<FoundAddress, MissingAddress>) {
        match address {
            Err(MissingAddress::Unusable(source, why)) => {
                self.trace.note("address", format_args!("what {source} says {why}"));
            }
            Err(MissingAddress::Absent) => self.trace.note("address", "no source says one"),
            Ok(_) => {}
        }
    }
}

/// What texts are made for and from.
pub(super) fn message_context<'a>(
    event: &'a SignUpEvent,
    support_code: &'a str,
    address: Option<&'a EmailAddress>,
) -> MessageContext<'a> {
    MessageContext { locale: &event.client.locale, email: address, app: &event.app, support_code }
}
