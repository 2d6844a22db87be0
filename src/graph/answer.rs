//! Which answers are Microsoft Graph's own.
//!
//! A success is the documented status with the documented body, and nothing else: not another 2xx, not a web page. An
//! error is Graph's only as `{"error": {"code", "message"}}`. Everything else was written by something between Graph
//! and us, such as a gateway or a proxy. It says nothing about the request and is tried again like an outage.

use reqwest::StatusCode;
use serde_json::Value;

use super::error_body::ErrorBody;
use super::{GraphError, Operation};
use crate::outbound::Answer;

/// Reads an answer. `parse` reads the body of a success, or says what is wrong with it.
pub(super) fn read<T>(
    operation: Operation,
    answer: &Answer,
    parse: impl FnOnce(&Answer) -> Result<T, &'static str>,
) -> Result<T, GraphError> {
    if answer.status != operation.success() {
        return Err(GraphError::from_answer(operation, answer));
    }
    parse(answer).map_err(|what| GraphError::unexpected(operation, answer, what))
}

/// The body as JSON.
pub(super) fn json(answer: &Answer) -> Result<Value, &'static str> {
    answer.json().map_err(|_| "it is not JSON")
}

/// Whether the answer refuses the token. A 401 counts even if a gateway wrote it: a new token costs only one call.
pub(super) fn refuses_token(answer: &Answer) -> bool {
    let by_code = || ErrorBody::of(answer).is_some_and(|error| error.code == "InvalidAuthenticationToken");
    answer.status == StatusCode::UNAUTHORIZED || by_code()
}

#[cfg(test)]
mod tests;
