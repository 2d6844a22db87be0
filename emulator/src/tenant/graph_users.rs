//! `GET` and `PATCH /v1.0/users/{id}`.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, patch};
use serde_json::{Map, Value, json};

use super::TenantState;
use super::directory::{Patch, text};
use super::graph_token::graph_error;
use crate::faults::Route;

/// The properties that Graph returns without `$select`.
const BY_DEFAULT: [&str; 11] = [
    "businessPhones",
    "displayName",
    "givenName",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
    "id",
];
/// The properties that Graph returns only if `$select` names them.
const ON_REQUEST: [&str; 13] = [
    "accountEnabled",
    "city",
    "companyName",
    "country",
    "createdDateTime",
    "creationType",
    "externalUserState",
    "identities",
    "otherMails",
    "postalCode",
    "state",
    "streetAddress",
    "userType",
];
const READ_ONLY: [&str; 4] = ["id", "createdDateTime", "creationType", "externalUserState"];

/// The endpoints to read and change one user.
pub(super) fn router(inner: &Arc<TenantState>) -> Router {
    let read = get(read).with_state(Arc::clone(inner));
    let change = patch(change).with_state(Arc::clone(inner));
    let endpoints = inner.faults.guard(Route::GetUser, read);
    Router::new().route("/v1.0/users/{id}", endpoints.merge(inner.faults.guard(Route::PatchUser, change)))
}

async fn read(
    State(inner): State<Arc<TenantState>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let now = inner.options.clock.now();
    if let Err(refused) = inner.graph_tokens.check(&headers, now) {
        return *refused;
    }
    let Some(user) = inner.directory.requested(&id) else {
        return not_found(&inner, &id);
    };
    let mut body = Map::new();
    let context = "https://graph.microsoft.com/v1.0/$metadata#users/$entity";
    body.insert("@odata.context".to_owned(), json!(context));
    let selected =
        query.get("$select").map_or(BY_DEFAULT.to_vec(), |select| select.split(',').map(str::trim).collect());
    for name in selected {
        match user.get(name) {
            Some(value) => body.insert(name.to_owned(), value.clone()),
            None if name == "businessPhones" => body.insert(name.to_owned(), json!([])),
            None if is_known(name) => body.insert(name.to_owned(), Value::Null),
            // Graph leaves out an extension property that has no value.
            None if is_extension(name) => continue,
            None => {
                let message = format!("Could not find a property named '{name}' on type 'microsoft.graph.user'.");
                return graph_error(StatusCode::BAD_REQUEST, "BadRequest", &message, now);
            }
        };
    }
    Json(body).into_response()
}

fn is_known(name: &str) -> bool {
    BY_DEFAULT.contains(&name) || ON_REQUEST.contains(&name)
}

/// `extension_{app id without hyphens}_{Name}`.
fn is_extension(name: &str) -> bool {
    let rest = name.strip_prefix("extension_").and_then(|rest| rest.split_once('_'));
    rest.is_some_and(|(app, name)| app.len() == 32 && app.chars().all(|c| c.is_ascii_hexdigit()) && !name.is_empty())
}

fn not_found(inner: &TenantState, id: &str) -> Response {
    let message =
        format!("Resource '{id}' does not exist or one of its queried reference-property objects are not present.");
    let now = inner.options.clock.now();
    graph_error(StatusCode::NOT_FOUND, "Request_ResourceNotFound", &message, now)
}

async fn change(
    State(inner): State<Arc<TenantState>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(body): Json<Map<String, Value>>,
) -> Response {
    let now = inner.options.clock.now();
    if let Err(refused) = inner.graph_tokens.check(&headers, now) {
        return *refused;
    }
    let user = inner.directory.requested(&id);
    let refusal = user.as_ref().and_then(|user| refusal(&inner, user, &body));
    let response = match (&user, refusal) {
        (None, _) => not_found(&inner, &id),
        (_, Some(message)) => graph_error(StatusCode::BAD_REQUEST, "Request_BadRequest", &message, now),
        (Some(_), None) => StatusCode::NO_CONTENT.into_response(),
    };
    let current = user.clone().unwrap_or_default();
    let before = body.keys().filter_map(|name| Some((name.clone(), current.get(name)?.clone())));
    inner.directory.record_patch(Patch {
        user: user.as_ref().map_or(id, |user| text(user, "id").to_owned()),
        before: before.collect(),
        body: body.clone(),
        status: response.status().as_u16(),
    });
    if let (Some(user), true) = (user, response.status().is_success()) {
        inner.directory.replace(changed(user, body));
    }
    response
}

fn changed(mut user: Map<String, Value>, body: Map<String, Value>) -> Map<String, Value> {
    let new_name = body.get("userPrincipalName").cloned();
    for (name, value) in body {
        if value.is_null() && is_extension(&name) {
            user.remove(&name);
        } else {
            user.insert(name, value);
        }
    }
    let identities = user.get_mut("identities").and_then(Value::as_array_mut);
    if let (Some(name), Some(identities)) = (new_name, identities) {
        let own = identities
            .iter_mut()
            .filter(|identity| identity.get("signInType") == Some(&json!("userPrincipalName")))
            .filter_map(Value::as_object_mut);
        for identity in own {
            identity.insert("issuerAssignedId".to_owned(), name.clone());
        }
    }
    user
}

/// Why Graph refuses the change.
fn refusal(inner: &TenantState, user: &Map<String, Value>, body: &Map<String, Value>) -> Option<String> {
    body.iter().find_map(|(name, value)| match name.as_str() {
        name if READ_ONLY.contains(&name) => Some(format!("Property '{name}' is read-only and cannot be set.")),
        "displayName" if value.as_str().is_none_or(|value| value.is_empty() || value.chars().count() > 256) => {
            Some("Invalid value specified for property 'displayName' of resource 'User'.".to_owned())
        }
        "givenName" | "surname" if value.as_str().is_some_and(|value| value.chars().count() > 64) => {
            Some(format!("Invalid value specified for property '{name}' of resource 'User'."))
        }
        "userPrincipalName" => refused_name(inner, user, value),
        name if is_known(name) || is_extension(name) => None,
        name => Some(format!("Property '{name}' does not exist as a declared property or extension property.")),
    })
}

fn refused_name(inner: &TenantState, user: &Map<String, Value>, value: &Value) -> Option<String> {
    let invalid = || Some("Property userPrincipalName is invalid.".to_owned());
    let Some((local, domain)) = value.as_str().and_then(|name| name.split_once('@')) else {
        return invalid();
    };
    let allowed = |c: char| c.is_ascii_alphanumeric() || "'.-_!#^~".contains(c);
    if local.is_empty() || local.len() > 64 || local.ends_with('.') || !local.chars().all(allowed) {
        return invalid();
    }
    let verified = &inner.directory.domains;
    if !verified.iter().any(|own| own.eq_ignore_ascii_case(domain)) {
        return Some("The domain portion of the userPrincipalName property is invalid. You must use one of the verified domain names in your organization.".to_owned());
    }
    let holder = inner.directory.user(&format!("{local}@{domain}"))?;
    (text(&holder, "id") != text(user, "id"))
        .then(|| "Another object with the same value for property userPrincipalName already exists.".to_owned())
}
