//! The body of an error as Microsoft Graph writes it: `{"error": {"code", "message"}}`.

use serde_json::Value;

use crate::outbound::Answer;

/// An error in Graph's own form.
pub(super) struct ErrorBody {
    /// Graph's word for the error; may be empty.
    pub(super) code: String,
    /// May quote values, so it is never logged.
    pub(super) message: String,
}

impl ErrorBody {
    /// The error that the answer carries, if it is in Graph's own form.
    pub(super) fn of(answer: &Answer) -> Option<Self> {
        let is_error = answer.status.is_client_error() || answer.status.is_server_error();
        let body: Value = answer.json().ok().filter(|_| is_error)?;
        let text = |name: &str| body.get("error")?.get(name)?.as_str().map(str::to_owned);
        Some(Self { code: text("code")?, message: text("message")? })
    }
}
