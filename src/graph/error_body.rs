//! The body of an error as Microsoft Graph writes it: `{"error": {"code", "message"}}`.

use serde_json::Value;

use crate::outbound::Answer;

/// The longest code that is quoted, in bytes. The longest that is known has 53.
const MAX_CODE: usize = 80;

/// An error in Graph's own form.
pub(super) struct ErrorBody {
    /// Graph's word for the error; may be empty. Whoever answers may write anything here, so only
    /// [`ErrorBody::quotable_code`] is logged.
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

    /// The code, if it looks like one: a word such as `Request_BadRequest`. Anything else could be a value.
    pub(super) fn quotable_code(&self) -> Option<&str> {
        let code = self.code.as_str();
        let begins = code.starts_with(|first: char| first.is_ascii_alphabetic());
        let is_word = code.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte));
        (begins && is_word && code.len() <= MAX_CODE).then_some(code)
    }
}
