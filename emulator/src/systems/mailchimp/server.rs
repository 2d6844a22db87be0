//! `PUT` and `GET /3.0/lists/{list}/members/{hash}`.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, put};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::{Mailchimp, MailchimpRequest, Member, subscriber_hash};
use crate::faults::Faults;
use crate::shared::new_id;

const STATUSES: [&str; 5] = ["subscribed", "unsubscribed", "cleaned", "pending", "transactional"];
/// Domains that Mailchimp does not accept as real ones.
const FAKE_DOMAINS: [&str; 5] = ["example.com", "example.org", "example.net", "test.com", "invalid"];

struct Problem {
    status: StatusCode,
    title: &'static str,
    detail: String,
    errors: Value,
}

impl Problem {
    fn new(status: StatusCode, title: &'static str, detail: impl Into<String>) -> Self {
        Self { status, title, detail: detail.into(), errors: Value::Null }
    }

    fn invalid(field: &str, message: &str) -> Self {
        let detail =
            "The resource submitted could not be validated. For field-specific details, see the 'errors' array.";
        let problem = Self::new(StatusCode::BAD_REQUEST, "Invalid Resource", detail);
        let errors = json!([{ "field": field, "message": message }]);
        Self { errors, ..problem }
    }

    fn into_response(self) -> Response {
        let mut body = json!({
            "type": "https://mailchimp.com/developer/marketing/docs/errors/",
            "title": self.title,
            "status": self.status.as_u16(),
            "detail": self.detail,
            "instance": new_id(),
        });
        if let (Some(body), true) = (body.as_object_mut(), self.errors.is_array()) {
            body.insert("errors".to_owned(), self.errors);
        }
        let mut response = (self.status, Json(body)).into_response();
        let kind = HeaderValue::from_static("application/problem+json; charset=utf-8");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response
    }
}

/// The endpoints of list members.
pub(super) fn router(mailchimp: &Arc<Mailchimp>, faults: &Faults) -> Router {
    let read = faults.guard(Mailchimp::GET_MEMBER, get(read).with_state(Arc::clone(mailchimp)));
    let write = faults.guard(Mailchimp::PUT_MEMBER, put(write).with_state(Arc::clone(mailchimp)));
    Router::new().route("/3.0/lists/{list}/members/{hash}", read.merge(write))
}

async fn read(
    State(mailchimp): State<Arc<Mailchimp>>,
    Path((list, hash)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let answer = authorised(&headers)
        .and_then(|()| known_list(&list))
        .and_then(|()| mailchimp.by_hash(&list, &hash).ok_or_else(missing));
    finish(&mailchimp, "GET", (list, hash), Value::Null, answer)
}

async fn write(
    State(mailchimp): State<Arc<Mailchimp>>,
    Path((list, hash)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let answer =
        authorised(&headers).and_then(|()| known_list(&list)).and_then(|()| upserted(&mailchimp, &list, &hash, &body));
    if let Ok(member) = &answer {
        mailchimp.store(&list, member.clone());
    }
    finish(&mailchimp, "PUT", (list, hash), body, answer)
}

fn finish(
    mailchimp: &Mailchimp,
    method: &'static str,
    (list, hash): (String, String),
    body: Value,
    answer: Result<Member, Problem>,
) -> Response {
    let response = match answer {
        Ok(member) => Json(json!({
            "id": hash,
            "email_address": member.email_address,
            "contact_id": subscriber_hash(&format!("contact {hash}")),
            "status": member.status,
            "merge_fields": member.merge_fields,
            "language": member.language.unwrap_or_default(),
            "list_id": list,
        }))
        .into_response(),
        Err(problem) => problem.into_response(),
    };
    let status = response.status().as_u16();
    mailchimp.record(MailchimpRequest { method, list, hash, body, status });
    response
}

fn authorised(headers: &HeaderMap) -> Result<(), Problem> {
    let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let key = sent.and_then(|sent| match sent.split_once(' ') {
        Some(("Bearer", key)) => Some(key.to_owned()),
        Some(("Basic", pair)) => {
            let pair = String::from_utf8(STANDARD.decode(pair).ok()?).ok()?;
            pair.split_once(':').map(|(_, key)| key.to_owned())
        }
        _ => None,
    });
    if key.as_deref() == Some(Mailchimp::API_KEY) {
        return Ok(());
    }
    let detail = "Your API key may be invalid, or you've attempted to access the wrong datacenter.";
    Err(Problem::new(StatusCode::UNAUTHORIZED, "API Key Invalid", detail))
}

fn known_list(list: &str) -> Result<(), Problem> {
    (list == Mailchimp::LIST).then_some(()).ok_or_else(missing)
}

fn missing() -> Problem {
    let detail = "The requested resource could not be found.";
    Problem::new(StatusCode::NOT_FOUND, "Resource Not Found", detail)
}

/// The member after this `PUT`, or the problem for which it is refused.
fn upserted(mailchimp: &Mailchimp, list: &str, hash: &str, body: &Value) -> Result<Member, Problem> {
    let field = |name: &str| body.get(name).and_then(Value::as_str);
    let address = field("email_address")
        .filter(|address| !address.trim().is_empty())
        .ok_or_else(|| Problem::invalid("email_address", "This value should not be blank."))?;
    if subscriber_hash(address) != hash {
        let message = "The subscriber hash is not the MD5 of the lower-case address.";
        return Err(Problem::invalid("email_address", message));
    }
    if body.get("tags").is_some() {
        return Err(Problem::invalid("tags", "Schema describes no field of this name."));
    }
    let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
    if domain.is_empty() || FAKE_DOMAINS.contains(&domain) {
        let detail = format!("{address} looks fake or invalid, please enter a real email address.");
        return Err(Problem::new(StatusCode::BAD_REQUEST, "Invalid Resource", detail));
    }
    let status = ["status", "status_if_new"].map(field);
    if status.iter().flatten().any(|status| !STATUSES.contains(status)) {
        return Err(Problem::invalid("status", "Data did not match any of the schemas described in anyOf."));
    }
    let existing = mailchimp.by_hash(list, hash);
    let [status, status_if_new] = status;
    let new_status = match (&existing, status, status_if_new) {
        (_, Some(status), _) | (None, None, Some(status)) => status.to_owned(),
        (Some(member), None, _) => member.status.clone(),
        (None, None, None) => {
            return Err(Problem::invalid("status_if_new", "This value should not be blank."));
        }
    };
    let old_status = existing.as_ref().map(|member| member.status.as_str());
    refused_status(mailchimp, hash, address, old_status, &new_status)?;
    let mut merge_fields = existing.map(|member| member.merge_fields).unwrap_or_default();
    merge_fields.extend(sent_fields(body)?);
    Ok(Member {
        email_address: address.trim().to_owned(),
        status: new_status,
        merge_fields,
        language: field("language").map(str::to_owned),
    })
}

fn sent_fields(body: &Value) -> Result<Map<String, Value>, Problem> {
    match body.get("merge_fields") {
        None => Ok(Map::new()),
        Some(Value::Object(fields)) => Ok(fields.clone()),
        Some(_) => Err(Problem::invalid("merge_fields", "Schema describes object, found another type instead.")),
    }
}

fn refused_status(
    mailchimp: &Mailchimp,
    hash: &str,
    address: &str,
    old: Option<&str>,
    new: &str,
) -> Result<(), Problem> {
    let bad = StatusCode::BAD_REQUEST;
    if old.is_none() && mailchimp.is_forgotten(hash) {
        let detail = format!(
            "{address} was permanently deleted and cannot be re-imported. The contact must re-subscribe to get back on the list."
        );
        return Err(Problem::new(bad, "Forgotten Email Not Subscribed", detail));
    }
    let left = old == Some("unsubscribed") || mailchimp.is_in_compliance(hash);
    if left && new == "subscribed" {
        let detail = format!(
            "{address} is already a list member in compliance state due to unsubscribe, bounce, or compliance review and cannot be subscribed."
        );
        return Err(Problem::new(bad, "Member In Compliance State", detail));
    }
    Ok(())
}
