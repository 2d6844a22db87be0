//! The emulator against its own contracts: each system over HTTP, the host with a small handler.
#![cfg(test)]
#![expect(clippy::disallowed_methods, reason = "tests call the emulated systems with a plain client")]

mod authority;
mod dev;
mod graph;
mod handler;
mod host;
mod mailchimp;
mod sign_up;

use guestlist_emulator::Tenant;
use guestlist_emulator::tenant::TenantOptions;
use serde_json::Value;

/// A tenant with the default options.
async fn tenant() -> Tenant {
    Tenant::start(TenantOptions::default()).await.unwrap()
}

/// A client that follows nothing.
fn client() -> reqwest::Client {
    let builder = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    builder.tls_certs_only(std::iter::empty()).build().unwrap()
}

/// The status and body (as text if it is not JSON) of `request`.
async fn sent(request: reqwest::RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let body = response.bytes().await.unwrap();
    let text = || Value::String(String::from_utf8_lossy(&body).into_owned());
    (status, serde_json::from_slice(&body).unwrap_or_else(|_| text()))
}
