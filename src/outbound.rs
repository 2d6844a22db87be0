//! HTTP calls to the outside. Every call that the product makes goes through [`Outbound`].
//!
//! A call always has a time limit and a size limit on its answer; redirects are not followed; anything but https is
//! refused unless the address is loopback. If the other side is slow, the call ends with [`OutboundError::TimedOut`];
//! if it is absent, with [`OutboundError::Unreachable`]. An answer is never read beyond the size limit. Where the
//! configuration chooses the address, [`Outbound::public_only`] refuses addresses of the machine itself, of its
//! local network and of the platform. Of a request and its answer, only method, host, status and duration are logged.

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
