//! What several tests share: a tenant, a client, and a function app with a small handler.

use std::path::PathBuf;

use guestlist_emulator::Tenant;
use guestlist_emulator::tenant::TenantOptions;
use serde_json::{Value, json};

use crate::handler::ARGUMENTS;

/// A tenant with the default options.
pub(crate) async fn tenant() -> Tenant {
    Tenant::start(TenantOptions::default()).await.unwrap()
}

/// A client that follows no redirects.
pub(crate) fn client() -> reqwest::Client {
    let builder = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    builder.tls_certs_only(std::iter::empty()).build().unwrap()
}

/// Sends a request, and returns the status and the body; a body that is not JSON is returned as a text.
pub(crate) async fn sent(request: reqwest::RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let body = response.bytes().await.unwrap();
    let text = || Value::String(String::from_utf8_lossy(&body).into_owned());
    (status, serde_json::from_slice(&body).unwrap_or_else(|_| text()))
}

/// A project folder that is removed with the value.
pub(crate) struct ProjectFolder(pub(crate) PathBuf);

impl Drop for ProjectFolder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A function app with both hooks, an HTTP function `Echo` and a timer. The test binary itself is its handler.
pub(crate) fn project() -> ProjectFolder {
    let root = std::env::temp_dir().join(format!("guestlist-emulator-{}", uuid::Uuid::new_v4()));
    let write = |path: &str, content: Value| {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content.to_string()).unwrap();
    };
    let handler = std::env::current_exe().unwrap();
    let http = |methods: Value| {
        json!({ "bindings": [
            { "type": "httpTrigger", "direction": "in", "name": "req", "authLevel": "anonymous", "methods": methods },
            { "type": "http", "direction": "out", "name": "res" },
        ] })
    };
    write(
        "host.json",
        json!({
            "version": "2.0",
            "functionTimeout": "00:10:00",
            "customHandler": {
                "description": { "defaultExecutablePath": "handler", "arguments": ARGUMENTS },
                "enableForwardingHttpRequest": true,
                "enableProxyingHttpRequest": true,
            },
        }),
    );
    write(
        "local.settings.json",
        json!({ "Values": {
        "FROM_SETTINGS": "settings",
        "FROM_CALLER": "settings",
        "AzureFunctionsJobHost__customHandler__description__defaultExecutablePath": handler,
    } }),
    );
    for hook in ["OnAttributeCollectionStart", "OnAttributeCollectionSubmit"] {
        write(&format!("{hook}/function.json"), http(json!(["post"])));
    }
    write("Echo/function.json", http(json!(["get", "post"])));
    let timer = json!({ "type": "timerTrigger", "direction": "in", "name": "timer", "schedule": "0 */5 * * * *" });
    write("Timer/function.json", json!({ "bindings": [timer] }));
    ProjectFolder(root)
}
