//! The one door to the outside: every HTTP call the product makes goes through [`Outbound`].
//!
//! A call always has a time limit and a size limit on its answer; redirects are not followed; anything but https is
//! refused unless the address is loopback. When the other side is slow the call ends with [`OutboundError::TimedOut`],
//! when it is absent with [`OutboundError::Unreachable`]; what it says is only ever read up to the limit. Where the
//! configuration chooses the address, [`Outbound::public_only`] refuses the machine itself, its neighbours and the
//! platform. Nothing of a request or an answer is logged but method, host, status and duration.

mod address;
mod client;
mod disposition;
mod retry;
#[cfg(test)]
pub(crate) mod samples;

pub(crate) use address::is_public;
pub(crate) use client::{Answer, Limits, Outbound, OutboundError, Request, is_callable};
pub(crate) use disposition::Disposition;
pub(crate) use retry::{RetryPolicy, with_retries};
