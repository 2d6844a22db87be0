//! What the token endpoint's answers mean.
//!
//! A token is taken only from the documented answer: 200 with a bearer token and a possible lifetime. A refusal counts
//! as the endpoint's own only if it looks like `{"error": "invalid_client", …}`. Any other answer was written by
//! something in between and counts as an outage.

use chrono::TimeDelta;
use reqwest::StatusCode;
use serde_json::Value;

use crate::credentials::CredentialError;
use crate::credentials::error::remedy;
use crate::outbound::{Answer, Disposition};
use crate::values::{AppId, Secret};

/// The longest lifetime that is believed, in seconds. Entra's tokens live for about an hour, and for a day at most.
const MAX_LIFETIME: i64 = 86_400;
/// Errors by which the endpoint says that it cannot answer at the moment, whatever the status.
const TEMPORARY_ERRORS: [&str; 2] = ["temporarily_unavailable", "server_error"];

/// Reads an answer to the app `client_id`: the token and how long it lives.
pub(super) fn read(answer: &Answer, client_id: &AppId) -> Result<(Secret, TimeDelta), CredentialError> {
    if answer.status == StatusCode::OK {
        return token(answer).map_err(|what| CredentialError::NoToken { what });
    }
    Err(refusal(answer, client_id))
}

fn token(answer: &Answer) -> Result<(Secret, TimeDelta), &'static str> {
    let body: Value = answer.json().map_err(|_| "it is not JSON")?;
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    if !text("token_type").is_some_and(|kind| kind.eq_ignore_ascii_case("Bearer")) {
        return Err("token_type is not Bearer");
    }
    let token = text("access_token").filter(|token| is_bearer(token)).ok_or("access_token is no token")?;
    // Some answers have the number as a text.
    let seconds = body.get("expires_in").and_then(|value| value.as_i64().or_else(|| value.as_str()?.parse().ok()));
    let seconds = seconds.filter(|seconds| (1..=MAX_LIFETIME).contains(seconds)).ok_or("expires_in is no lifetime")?;
    Ok((Secret::new(token), TimeDelta::seconds(seconds)))
}

/// Whether it can be sent as a bearer token: the characters of RFC 6750, section 2.1.
fn is_bearer(token: &str) -> bool {
    !token.is_empty() && token.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b))
}

/// The error of an answer that is not a success. Of the body, only the code is used.
fn refusal(answer: &Answer, client_id: &AppId) -> CredentialError {
    let status = answer.status.as_u16();
    let Some((name, code)) = own_error(answer) else {
        let disposition = Disposition::Retry { after: answer.retry_after };
        return CredentialError::Unavailable { status, code: "no error of its own".to_owned(), disposition };
    };
    let is_temporary = TEMPORARY_ERRORS.contains(&name.as_str());
    match answer.disposition() {
        Disposition::GiveUp | Disposition::Skip if !is_temporary => {
            CredentialError::Refused { client_id: client_id.clone(), remedy: remedy(&code), code }
        }
        _ => {
            let disposition = Disposition::Retry { after: answer.retry_after };
            CredentialError::Unavailable { status, code, disposition }
        }
    }
}

/// The error's name and its code (the name again, if there is no code), if the endpoint wrote it.
fn own_error(answer: &Answer) -> Option<(String, String)> {
    let is_error = answer.status.is_client_error() || answer.status.is_server_error();
    let body: Value = answer.json().ok().filter(|_| is_error)?;
    let is_name =
        |name: &str| (1..=40).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    let name = body.get("error").and_then(Value::as_str).filter(|name| is_name(name))?.to_owned();
    let number = body.get("error_codes").and_then(|codes| codes.get(0)).and_then(Value::as_u64);
    let code = number.map_or_else(|| name.clone(), |number| format!("AADSTS{number}"));
    Some((name, code))
}

#[cfg(test)]
mod tests;
