//! A small custom handler: this test binary itself, started again by the host.
//!
//! `serve` is a test that does nothing unless the host's variables are set. What it answers is chosen by the path or by `HANDLER_ANSWER`.

use axum::Router;
use axum::body::Bytes;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{any, get, post};
use serde_json::json;

/// The arguments that make the test binary a handler.
pub(crate) const ARGUMENTS: [&str; 3] = ["handler::serve", "--exact", "--nocapture"];

#[tokio::test]
async fn serve() {
    let Ok(port) = std::env::var("FUNCTIONS_CUSTOMHANDLER_PORT") else {
        return;
    };
    let answer = std::env::var("HANDLER_ANSWER").unwrap_or_default();
    if answer == "exit" {
        eprintln!("cannot go on");
        std::process::exit(3);
    }
    eprintln!("a WARNing");
    eprintln!("an error");
    let router = Router::new()
        .route("/", get(StatusCode::NOT_FOUND))
        .route("/Timer", post(move |headers, body| timer(answer.clone(), headers, body)))
        .fallback(any(echo));
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{port}")).await.unwrap();
    axum::serve(listener, router).await.unwrap();
}

/// The request as it arrived.
async fn echo(request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let header = |name: &str| {
        let values = parts.headers.get_all(name).iter();
        values.map(|value| value.to_str().unwrap().to_owned()).collect::<Vec<_>>().join(" | ")
    };
    Json(json!({
        "method": parts.method.as_str(),
        "uri": parts.uri.to_string(),
        "host": header("host"),
        "forwarded": [header("x-forwarded-for"), header("x-forwarded-host"), header("x-forwarded-proto")],
        "invocation": header("x-azure-functions-invocationid"),
        "agent": header("user-agent"),
        "body": String::from_utf8_lossy(&body),
        "setting": std::env::var("FROM_SETTINGS").unwrap_or_default(),
        "extra": std::env::var("FROM_CALLER").unwrap_or_default(),
    }))
    .into_response()
}

async fn timer(answer: String, headers: HeaderMap, body: Bytes) -> Response {
    let json = |text: String| ([("content-type", "application/json")], text).into_response();
    match answer.as_str() {
        "hang" => std::future::pending().await,
        "error" => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        "empty" => StatusCode::OK.into_response(),
        "text" => "{}".into_response(),
        "null" => json("null".to_owned()),
        "array" => json("[]".to_owned()),
        "output" => json(json!({ "Outputs": { "unknown": ["x"] } }).to_string()),
        "logs" => json(json!({ "Logs": [1] }).to_string()),
        _ => {
            let chunked = headers.get("transfer-encoding").is_some_and(|value| value == "chunked");
            let exact = chunked && headers.get("content-length").is_none();
            let body = String::from_utf8_lossy(&body);
            json(json!({ "Outputs": {}, "Logs": [format!("exact: {exact}"), body], "ReturnValue": null }).to_string())
        }
    }
}
