//! Answers for tests, of every status and with bodies that no service writes.

use std::ops::RangeInclusive;

use reqwest::StatusCode;

use super::Answer;

/// Every status that an answer can have. Below 200 the answer is still to come.
pub(crate) const STATUSES: RangeInclusive<u16> = 200..=599;

/// Bodies that the service itself did not write: of gateways, proxies or other services, or cut short.
pub(crate) const FOREIGN: [&str; 13] = [
    "",
    " ",
    "<!DOCTYPE html><html><body>Sign in to continue</body></html>",
    r#"{"error":{"code":"Request_BadRequest","mess"#,
    r#"{"id":"9fb7a577-9469-4489-912d-bc58a5bca276","#,
    "{}",
    r#"{"statusCode":401,"message":"Access denied due to missing subscription key."}"#,
    r#"{"error":null}"#,
    r#"{"error":{}}"#,
    r#"[["invalid_request","no"]]"#,
    "null",
    "[]",
    "true",
];

/// An answer with this status and body.
pub(crate) fn answer(status: u16, body: &str) -> Answer {
    let status = StatusCode::from_u16(status).unwrap();
    Answer { status, body: body.as_bytes().to_vec(), retry_after: None }
}

/// The answer 200 with this body, cut short at every place before its end.
pub(crate) fn cut_short(body: &str) -> impl Iterator<Item = Answer> {
    let whole = answer(200, body);
    (0..body.len()).map(move |end| Answer { body: whole.body[..end].to_vec(), ..whole.clone() })
}
