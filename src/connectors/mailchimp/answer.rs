//! What Mailchimp's answers mean: the one place that reads its statuses, titles and details.

use serde::Deserialize;
use serde_json::Value;

use crate::connectors::{ConnectorError, Receipt};
use crate::outbound::{Answer, Disposition};

/// `application/problem+json`. The detail may quote the address, so it is looked at and never shown.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Problem {
    title: String,
    detail: String,
    errors: Vec<FieldError>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct FieldError {
    field: String,
}

/// Reads an answer.
pub(super) fn read(answer: &Answer) -> Result<Receipt, ConnectorError> {
    if answer.is_success() {
        return Ok(receipt(answer));
    }
    let problem: Option<Problem> = answer.json().ok();
    Err(match (answer.status.as_u16(), problem) {
        (400, Some(problem)) => bad_request(&problem),
        (401, _) => setup("api_key is not accepted (401); check that the key is whole and not revoked"),
        // At volume the throttle shows as a 403 that is no JSON.
        (403, None) => unavailable(answer, "403 without a reason, which is how it throttles"),
        (403, Some(_)) => setup("api_key may not do this (403); check the key's user and the account's state"),
        (404, _) => setup("there is no such audience (404); check list"),
        (status, _) => match answer.disposition() {
            Disposition::Retry { .. } => unavailable(answer, &format!("status {status}")),
            Disposition::GiveUp | Disposition::Skip => ConnectorError::Rejected { what: format!("status {status}") },
        },
    })
}

/// The member's id there: `contact_id`, or the hash in older accounts.
fn receipt(answer: &Answer) -> Receipt {
    let member: Value = answer.json().unwrap_or_default();
    let id = ["contact_id", "id"].iter().find_map(|name| member.get(*name)?.as_str());
    Receipt { id: id.map(str::to_owned), note: None }
}

fn bad_request(problem: &Problem) -> ConnectorError {
    let Problem { title, detail, errors } = problem;
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
        let fields: Vec<&str> = errors.iter().map(|error| error.field.as_str()).filter(|f| is_field(f)).collect();
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

fn unavailable(answer: &Answer, what: &str) -> ConnectorError {
    ConnectorError::Unavailable { what: what.to_owned(), after: answer.retry_after }
}
