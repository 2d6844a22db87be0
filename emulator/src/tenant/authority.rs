//! Entra's two authorities: `openid-configuration` and the key documents, in their v1 and v2 forms.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use serde_json::json;

use super::TenantState;
use super::keys::Authority;
use crate::faults::Route;

#[derive(Clone)]
struct AuthorityState {
    inner: Arc<TenantState>,
    authority: Authority,
}

/// The login authority's documents.
pub(super) fn login(inner: &Arc<TenantState>) -> Router {
    router(inner, Authority::Login)
}

/// The ciam authority's documents.
pub(super) fn ciam(inner: &Arc<TenantState>) -> Router {
    router(inner, Authority::Ciam)
}

fn router(inner: &Arc<TenantState>, authority: Authority) -> Router {
    let (discovery_route, keys_route) = match authority {
        Authority::Login => (Route::LoginDiscovery, Route::LoginKeys),
        Authority::Ciam => (Route::CiamDiscovery, Route::CiamKeys),
    };
    let state = AuthorityState { inner: Arc::clone(inner), authority };
    let discovery = |endpoint| inner.faults.guard(discovery_route, endpoint);
    let published = || {
        let endpoint = get(keys).with_state(state.clone());
        inner.faults.guard(keys_route, endpoint)
    };
    Router::new()
        .route(
            "/{tenant}/v2.0/.well-known/openid-configuration",
            discovery(get(configuration_v2).with_state(state.clone())),
        )
        .route("/{tenant}/.well-known/openid-configuration", discovery(get(configuration_v1).with_state(state.clone())))
        .route("/{tenant}/discovery/v2.0/keys", published())
        .route("/{tenant}/discovery/keys", published())
}

async fn configuration_v2(State(state): State<AuthorityState>, Path(tenant): Path<String>) -> Response {
    let issuer = format!("{}/{tenant}/v2.0", state.base());
    state.configuration(&tenant, &issuer, "/v2.0")
}

async fn configuration_v1(State(state): State<AuthorityState>, Path(tenant): Path<String>) -> Response {
    let issuer = match state.authority {
        Authority::Login => format!("https://sts.windows.net/{tenant}/"),
        Authority::Ciam => format!("{}/{tenant}/", state.base()),
    };
    state.configuration(&tenant, &issuer, "")
}

async fn keys(State(state): State<AuthorityState>, Path(tenant): Path<String>) -> Response {
    if !state.knows(&tenant) {
        return unknown_tenant(&tenant);
    }
    let keys = state.inner.keys.published(state.authority);
    Json(json!({ "keys": keys })).into_response()
}

impl AuthorityState {
    fn base(&self) -> &str {
        match self.authority {
            Authority::Login => &self.inner.urls.login,
            Authority::Ciam => &self.inner.urls.ciam,
        }
    }

    fn knows(&self, tenant: &str) -> bool {
        tenant.eq_ignore_ascii_case(&self.inner.options.id)
    }

    fn configuration(&self, tenant: &str, issuer: &str, version: &str) -> Response {
        if !self.knows(tenant) {
            return unknown_tenant(tenant);
        }
        let base = format!("{}/{tenant}", self.base());
        Json(json!({
            "issuer": issuer,
            "jwks_uri": format!("{base}/discovery{version}/keys"),
            "token_endpoint": format!("{base}/oauth2{version}/token"),
            "authorization_endpoint": format!("{base}/oauth2{version}/authorize"),
            "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "tenant_region_scope": "EU",
        }))
        .into_response()
    }
}

fn unknown_tenant(tenant: &str) -> Response {
    let body = json!({
        "error": "invalid_tenant",
        "error_description": format!("AADSTS90002: Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud."),
        "error_codes": [90002],
    });
    (StatusCode::BAD_REQUEST, Json(body)).into_response()
}
