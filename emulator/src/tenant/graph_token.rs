//! The token endpoint for Graph: client credentials with a client secret.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::post;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::TenantState;
use crate::clock::{later, seconds};
use crate::faults::Route;
use crate::shared::{locked, new_id};

/// The Graph tokens that were issued, with their expiry.
#[derive(Debug, Default)]
pub struct GraphTokens {
    issued: Mutex<HashMap<String, DateTime<Utc>>>,
}

impl GraphTokens {
    /// The service principal that the tokens are for: their claim `oid`.
    pub const SERVICE_PRINCIPAL: &str = "33333333-4444-5555-6666-777777777777";

    /// How many tokens were issued and not revoked.
    #[must_use]
    pub fn count(&self) -> usize {
        locked(&self.issued).len()
    }

    /// Revokes every token that was issued so far: Graph refuses them from now on.
    pub fn revoke_all(&self) {
        locked(&self.issued).clear();
    }

    /// Lets a request with a valid token pass, and answers any other with Graph's 401.
    pub(super) fn check(&self, headers: &HeaderMap, now: DateTime<Utc>) -> Result<(), Box<Response>> {
        let token = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "));
        let message = match token.map(|token| locked(&self.issued).get(token).copied()) {
            Some(Some(expires)) if now < expires => return Ok(()),
            Some(Some(_)) => "Lifetime validation failed, the token is expired.",
            Some(None) => "IDX14100: JWT is not well formed.",
            None => "Access token is empty.",
        };
        Err(Box::new(graph_error(StatusCode::UNAUTHORIZED, "InvalidAuthenticationToken", message, now)))
    }
}

/// An error in Graph's format.
pub(super) fn graph_error(status: StatusCode, code: &str, message: &str, now: DateTime<Utc>) -> Response {
    let request_id = new_id();
    let body = json!({ "error": { "code": code, "message": message, "innerError": {
        "date": seconds(now).trim_end_matches('Z'),
        "request-id": request_id,
        "client-request-id": request_id,
    } } });
    (status, Json(body)).into_response()
}

/// `POST /{tenant}/oauth2/v2.0/token`.
pub(super) fn router(inner: &Arc<TenantState>) -> Router {
    let endpoint = post(issue).with_state(Arc::clone(inner));
    Router::new().route("/{tenant}/oauth2/v2.0/token", inner.faults.guard(Route::GraphToken, endpoint))
}

async fn issue(
    State(inner): State<Arc<TenantState>>,
    Path(tenant): Path<String>,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    let now = inner.options.clock.now();
    if let Err((status, error, code, text)) = check(&inner, &tenant, &form) {
        let (trace, correlation) = (new_id(), new_id());
        let body: Value = json!({
            "error": error,
            "error_description": format!("AADSTS{code}: {text} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {}", now.format("%F %TZ")),
            "error_codes": [code],
            "timestamp": now.format("%F %TZ").to_string(),
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": format!("{}/error?code={code}", inner.urls.login),
        });
        return (status, Json(body)).into_response();
    }
    let lifetime = inner.options.graph_token_lifetime;
    let claims = json!({
        "aud": inner.urls.graph,
        "appid": inner.options.graph_client_id,
        "idtyp": "app",
        "oid": GraphTokens::SERVICE_PRINCIPAL,
        "tid": inner.options.id,
        "uti": new_id(),
    });
    let parts = [json!({ "typ": "JWT" }), claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    let token = format!("{}.emulated", parts.join("."));
    locked(&inner.graph_tokens.issued).insert(token.clone(), later(now, lifetime));
    Json(json!({
        "token_type": "Bearer",
        "expires_in": lifetime.as_secs(),
        "ext_expires_in": lifetime.as_secs(),
        "access_token": token,
    }))
    .into_response()
}

type Refusal = (StatusCode, &'static str, u32, String);

fn check(inner: &TenantState, tenant: &str, form: &HashMap<String, String>) -> Result<(), Refusal> {
    let bad = StatusCode::BAD_REQUEST;
    let field = |name: &str| form.get(name).map_or("", String::as_str);
    let options = &inner.options;
    if !tenant.eq_ignore_ascii_case(&options.id) {
        let text = format!("Tenant '{tenant}' not found.");
        return Err((bad, "invalid_request", 90002, text));
    }
    if field("grant_type") != "client_credentials" {
        let text = format!("The app requested an unsupported grant type '{}'.", field("grant_type"));
        return Err((bad, "unsupported_grant_type", 70003, text));
    }
    if !field("client_id").eq_ignore_ascii_case(&options.graph_client_id) {
        let text =
            format!("Application with identifier '{}' was not found in the directory 'Contoso'.", field("client_id"));
        return Err((bad, "unauthorized_client", 700_016, text));
    }
    let scopes = ["https://graph.microsoft.com/.default".to_owned(), format!("{}/.default", inner.urls.graph)];
    if !scopes.iter().any(|scope| scope == field("scope")) {
        let text = format!(
            "The provided value for scope {} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).",
            field("scope")
        );
        return Err((bad, "invalid_scope", 1_002_012, text));
    }
    match form.get("client_secret") {
        Some(secret) if *secret == options.graph_client_secret => Ok(()),
        Some(_) => {
            let text = format!(
                "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '{}'.",
                options.graph_client_id
            );
            Err((StatusCode::UNAUTHORIZED, "invalid_client", 7_000_215, text))
        }
        None => {
            let text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
                .to_owned();
            Err((StatusCode::UNAUTHORIZED, "invalid_client", 7_000_218, text))
        }
    }
}
