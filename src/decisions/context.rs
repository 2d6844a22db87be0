//! The decision under way: its event, its time, and what it waited for.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use crate::entra::event::SignUpEvent;
use crate::signup::identity::{FoundAddress, MissingAddress};
use crate::signup::trace::Trace;
use crate::values::{CorrelationId, Deadline};

/// One decision under way.
#[derive(Debug)]
pub struct DecisionContext<'a> {
    /// What happened.
    pub event: &'a SignUpEvent,
    /// What ties the page to the log.
    pub support_code: String,
    /// When the answer has to be there.
    pub deadline: Deadline,
    /// The present.
    pub now: DateTime<Utc>,
    /// The steps, if somebody wants to know.
    pub trace: Trace,
    /// How long others took.
    pub times: WaitTimes,
}

/// How long a decision waited for others; `None`: they were not asked.
#[derive(Debug, Clone, Copy, Default)]
pub struct WaitTimes {
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
    /// Does something and adds its time.
    pub async fn of<T>(slot: &mut Option<Duration>, work: impl Future<Output = T>) -> T {
        let began = Instant::now();
        let done = work.await;
        *slot = Some(slot.unwrap_or_default() + began.elapsed());
        done
    }
}

impl<'a> DecisionContext<'a> {
    /// A decision about an event.
    #[must_use]
    pub fn new(event: &'a SignUpEvent, now: DateTime<Utc>, deadline: Deadline, trace: Trace) -> Self {
        let support_code = event.correlation_id.as_ref().map(CorrelationId::support_code).unwrap_or_default();
        Self { event, support_code, deadline, now, trace, times: WaitTimes::default() }
    }

    /// Notes where the address came from, or why there is none.
    pub fn note_address(&mut self, found: &Result<FoundAddress, MissingAddress>) {
        match found {
            Err(MissingAddress::Unusable(source, why)) => {
                self.trace.note("address", format_args!("what {source} says {why}"));
            }
            Err(MissingAddress::Absent) => self.trace.note("address", "no source says one"),
            // The gate says it.
            Ok(_) => {}
        }
    }
}
