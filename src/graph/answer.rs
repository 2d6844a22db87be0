//! Which answers are Microsoft Graph's own.
//!
//! A success is the documented status with the documented body, and nothing else: not another 2xx, not a page for
//! people. An error is Graph's only as `{"error": {"code", "message"}}`. All else was written by something between Graph
//! and us (a gateway, a proxy), says nothing about the request, and is tried again like an outage.

use reqwest::StatusCode;
use serde_json::Value;

use super::{GraphError, Operation};
use crate::outbound::Answer;

/// An error as Graph writes it.
pub(super) struct OwnError {
    /// May be empty.
    pub(super) code: String,
    /// May quote values.
    pub(super) message: String,
}

impl OwnError {
    /// The error that the answer carries, if it is Graph's own.
    pub(super) fn of(answer: &Answer) -> Option<Self> {
        let is_error = answer.status.is_client_error() || answer.status.is_server_error();
        let body: Value = answer.json().ok().filter(|_| is_error)?;
        let text = |name: &str| body.get("error")?.get(name)?.as_str().map(str::to_owned);
        Some(Self { code: text("code")?, message: text("message")? })
    }
}

/// Reads an answer: `take` gets the body of a success, and says what is wrong with it if it cannot be used.
pub(super) fn read<T>(
    operation: Operation,
    answer: &Answer,
    take: impl FnOnce(&Answer) -> Result<T, &'static str>,
) -> Result<T, GraphError> {
    if answer.status != operation.success() {
        return Err(GraphError::from_answer(operation, answer));
    }
    take(answer).map_err(|what| GraphError::unreadable(operation, answer, what))
}

/// The body as JSON.
pub(super) fn json(answer: &Answer) -> Result<Value, &'static str> {
    answer.json().map_err(|_| "it is not JSON")
}

/// Whether it refuses the token, with or without a challenge. A gateway that answers 401 is believed that much: a new
/// token costs one call.
pub(super) fn refuses_token(answer: &Answer) -> bool {
    let by_code = || OwnError::of(answer).is_some_and(|error| error.code == "InvalidAuthenticationToken");
    answer.status == StatusCode::UNAUTHORIZED || by_code()
}

#[cfg(test)]
mod tests;
