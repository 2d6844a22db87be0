//! `GET /v1.0/auditLogs/directoryAudits`: filtered, ordered, paged.
//!
//! It is strict: it understands the filter terms that the documentation names, and answers anything else with 400. A
//! page's `@odata.nextLink` is absolute and opaque. It continues the answer to the first request: records that arrive
//! later are not in it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::TenantState;
use super::directory::AuditRecord;
use super::graph_token::graph_error;
use crate::clock::seconds;
use crate::faults::Route;
use crate::shared::{locked, new_id};

const PATH: &str = "/v1.0/auditLogs/directoryAudits";
type Pages = Arc<Mutex<HashMap<String, Vec<Value>>>>;
type Shared = (Arc<TenantState>, Pages);

/// The endpoint of the audit log.
pub(super) fn router(inner: &Arc<TenantState>) -> Router {
    let endpoint = get(list).with_state((Arc::clone(inner), Pages::default()));
    Router::new().route(PATH, inner.faults.guard(Route::DirectoryAudits, endpoint))
}

async fn list(
    State((inner, pages)): State<Shared>,
    headers: HeaderMap,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let now = inner.options.clock.now();
    if let Err(refused) = inner.graph_tokens.check(&headers, now) {
        return *refused;
    }
    let size = query.get("$top").and_then(|top| top.parse::<usize>().ok());
    let size = size.unwrap_or(1000).min(inner.options.page_size).max(1);
    let records = match query.get("$skiptoken") {
        Some(token) => locked(&pages).remove(token).ok_or("The skip token is not valid.".to_owned()),
        None => select(&inner, &query, now),
    };
    match records {
        Ok(records) => page(&inner, &pages, &query, records, size),
        Err(message) => graph_error(StatusCode::BAD_REQUEST, "BadRequest", &message, now),
    }
}

/// Answers the first `size` records of `rest`, and keeps the others under a new skip token.
fn page(
    inner: &TenantState,
    pages: &Pages,
    query: &HashMap<String, String>,
    mut rest: Vec<Value>,
    size: usize,
) -> Response {
    let left = rest.split_off(size.min(rest.len()));
    let mut body = json!({
        "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#auditLogs/directoryAudits",
        "value": rest,
    });
    if !left.is_empty() {
        let token = format!("{}__{size}", new_id().replace('-', ""));
        locked(pages).insert(token.clone(), left);
        let base = if inner.options.foreign_next_link { "https://graph.example.net" } else { &inner.urls.graph };
        let mut link = format!("{base}{PATH}?");
        for name in ["$filter", "$orderby", "$top"] {
            if let Some(value) = query.get(name) {
                link.extend([name, "="].into_iter().chain(url::form_urlencoded::byte_serialize(value.as_bytes())));
                link.push('&');
            }
        }
        link.push_str("$skiptoken=");
        link.push_str(&token);
        if let Some(map) = body.as_object_mut() {
            map.insert("@odata.nextLink".to_owned(), json!(link));
        }
    }
    Json(body).into_response()
}

fn select(inner: &TenantState, query: &HashMap<String, String>, now: DateTime<Utc>) -> Result<Vec<Value>, String> {
    let unknown = query.keys().find(|name| !["$filter", "$orderby", "$top"].contains(&name.as_str()));
    if let Some(name) = unknown {
        return Err(format!("Query option '{name}' is not supported."));
    }
    let terms =
        query.get("$filter").map_or(Ok(Vec::new()), |filter| filter.split(" and ").map(Term::parse).collect())?;
    if let Some(retention) = inner.options.retention {
        let retention = TimeDelta::from_std(retention).map_err(|error| error.to_string())?;
        let minimum = now - retention;
        let too_old = |term: &Term| matches!(term, Term::AtOrAfter(at) if *at < minimum);
        if terms.iter().any(too_old) {
            return Err(format!("Minimum allowed time for activityDateTime is: {}", seconds(minimum)));
        }
    }
    let mut records = inner.directory.audits(now);
    records.retain(|record| terms.iter().all(|term| term.matches(record)));
    match query.get("$orderby").map(String::as_str) {
        Some("activityDateTime asc" | "activityDateTime") => records.sort_by_key(|record| record.at),
        None | Some("activityDateTime desc") => {
            records.sort_by_key(|record| std::cmp::Reverse(record.at));
        }
        Some(other) => return Err(format!("Cannot order by '{other}'.")),
    }
    Ok(records.into_iter().map(|record| record.body).collect())
}

/// One term of a `$filter`.
#[derive(Debug, PartialEq)]
enum Term {
    Equals(String, String),
    AtOrAfter(DateTime<Utc>),
    AtOrBefore(DateTime<Utc>),
}

impl Term {
    fn parse(term: &str) -> Result<Self, String> {
        let invalid = || format!("Invalid filter clause: '{term}'.");
        let mut words = term.trim().splitn(3, ' ');
        let (Some(name), Some(operator), Some(value)) = (words.next(), words.next(), words.next()) else {
            return Err(invalid());
        };
        if name == "activityDateTime" {
            let at = DateTime::parse_from_rfc3339(value).map_err(|_| invalid())?;
            return match operator {
                "ge" => Ok(Self::AtOrAfter(at.to_utc())),
                "le" => Ok(Self::AtOrBefore(at.to_utc())),
                _ => Err(invalid()),
            };
        }
        let known = ["activityDisplayName", "loggedByService", "correlationId", "id"];
        let quoted = value.strip_prefix('\'').and_then(|value| value.strip_suffix('\''));
        match quoted {
            Some(value) if operator == "eq" && known.contains(&name) => {
                Ok(Self::Equals(name.to_owned(), value.replace("''", "'")))
            }
            _ => Err(invalid()),
        }
    }

    fn matches(&self, record: &AuditRecord) -> bool {
        match self {
            Self::Equals(name, value) => record.body.get(name).is_some_and(|own| own == value),
            Self::AtOrAfter(at) => record.at >= *at,
            Self::AtOrBefore(at) => record.at <= *at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn understands_the_documented_terms_only() {
        assert!(Term::parse("activityDisplayName eq 'Add user'").is_ok());
        assert!(Term::parse("activityDateTime ge 2026-01-02T03:04:05.1234567Z").is_ok());
        assert!(Term::parse("activityDateTime lt 2026-01-02T03:04:05Z").is_err());
        assert!(Term::parse("activityDateTime ge '2026-01-02T03:04:05Z'").is_err());
        assert!(Term::parse("category eq 'UserManagement'").is_err());
    }
}
