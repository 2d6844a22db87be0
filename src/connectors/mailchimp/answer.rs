//! What Mailchimp's answers mean. Only this file reads its statuses, titles and details.
//!
//! A delivery succeeded only if the answer is the member: 200, with the id and the list of the request. A refusal
//! counts only if it is a problem document as Mailchimp writes it. Any other answer comes from a system in between, or
//! from Mailchimp's throttle, and the delivery is tried again.

use reqwest::StatusCode;
use serde_json::Value;
use uuid::Uuid;

use crate::connectors::{ConnectorError, Receipt};
use crate::outbound::{Answer, Disposition};

/// The member that a request was about.
#[derive(Debug, Clone, Copy)]
pub(super) struct MemberKey<'a> {
    /// The audience.
    pub(super) list: &'a str,
    /// The member's id in it.
    pub(super) hash: &'a str,
}

/// `application/problem+json`, as Mailchimp writes it.
struct Problem {
    title: String,
    /// May quote the address, so it is never shown.
    detail: String,
    /// The fields that its `errors` name.
    fields: Vec<String>,
}

impl Problem {
    /// The problem that the answer holds, if it is Mailchimp's own: some have no `type`, all have the rest.
    fn of(answer: &Answer) -> Option<Self> {
        let is_error = answer.status.is_client_error() || answer.status.is_server_error();
        let body: Value = answer.json().ok().filter(|_| is_error)?;
        let text = |name: &str| body.get(name)?.as_str().map(str::to_owned);
        let status = body.get("status").and_then(Value::as_u64)?;
        // A gateway may write problem documents, too. In Mailchimp's own, `instance` is the id of the request, and
        // `type` is a page of Mailchimp.
        let is_id = text("instance").is_some_and(|id| Uuid::parse_str(&id).is_ok());
        let is_own_type = text("type").is_none_or(|page| page.contains("mailchimp.com/"));
        let own = status == u64::from(answer.status.as_u16()) && is_id && is_own_type;
        let errors = body.get("errors").and_then(Value::as_array).into_iter().flatten();
        let named = errors.filter_map(|error| error.get("field")?.as_str()).filter(|field| is_field(field));
        let fields = named.map(str::to_owned).collect();
        own.then_some(Self { title: text("title")?, detail: text("detail")?, fields })
    }
}

/// Decides what an answer means for the member that the request was about.
pub(super) fn read(answer: &Answer, member_key: MemberKey<'_>) -> Result<Receipt, ConnectorError> {
    if answer.status == StatusCode::OK {
        return receipt(answer, member_key)
            .ok_or_else(|| unreadable(answer, "status 200 without the member asked for"));
    }
    let status = answer.status.as_u16();
    let Some(problem) = Problem::of(answer) else {
        return Err(unreadable(answer, &format!("status {status} without a problem that Mailchimp describes")));
    };
    Err(match status {
        400 => refused_values(&problem),
        401 => setup("api_key is not accepted (401); check that the key is whole and not revoked"),
        403 => setup("api_key may not do this (403); check the key's user and the account's state"),
        404 => setup("there is no such audience (404); check list"),
        _ => match answer.disposition() {
            Disposition::Retry { after } => ConnectorError::Unavailable { what: format!("status {status}"), after },
            Disposition::GiveUp | Disposition::Skip => ConnectorError::Rejected { what: format!("status {status}") },
        },
    })
}

/// The receipt with the id that Mailchimp gave the member: `contact_id`, or the hash in older accounts. `None` if the
/// answer is not the member asked for.
fn receipt(answer: &Answer, member_key: MemberKey<'_>) -> Option<Receipt> {
    let member: Value = answer.json().ok()?;
    let text = |name: &str| member.get(name)?.as_str();
    let is = |name: &str, wanted: &str| text(name).is_some_and(|found| found.eq_ignore_ascii_case(wanted));
    let id = text("contact_id").or(text("id")).map(str::to_owned);
    (is("id", member_key.hash) && is("list_id", member_key.list)).then_some(Receipt { id, note: None })
}

/// The error of a 400: the address will never be taken, or the account's values are refused.
fn refused_values(problem: &Problem) -> ConnectorError {
    let Problem { title, detail, fields } = problem;
    let title_has = |words: &str| title.to_ascii_lowercase().contains(words);
    let never = |reason| ConnectorError::NeverTaken { reason };
    if detail.contains("looks fake or invalid") {
        never("Mailchimp takes the address for fake or invalid")
    } else if title_has("forgotten email") {
        never("the address was deleted for good at Mailchimp; only the person can subscribe it again")
    } else if title_has("compliance state") {
        never("the address unsubscribed, bounced or is under review at Mailchimp")
    } else if title_has("member exists") {
        never("another member at Mailchimp has this address")
    } else {
        let about = if fields.is_empty() { String::new() } else { format!(" about {}", fields.join(", ")) };
        ConnectorError::Rejected { what: format!("400{about}") }
    }
}

/// Whether it looks like a field's name and not like something a person typed.
fn is_field(name: &str) -> bool {
    !name.is_empty() && name.len() <= 40 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.".contains(&b))
}

fn setup(what: &str) -> ConnectorError {
    ConnectorError::Setup { what: what.to_owned() }
}

fn unreadable(answer: &Answer, what: &str) -> ConnectorError {
    ConnectorError::Unreadable { what: what.to_owned(), after: answer.retry_after_if_throttled() }
}

#[cfg(test)]
mod tests;
