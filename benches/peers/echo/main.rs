//! A bare axum service: JSON in, the same JSON out, no log. `scripts/bench` compares guestlist with it: what lies
//! between both is what guestlist adds to HTTP and JSON.

use axum::routing::{get, post};
use axum::serve::ListenerExt;
use axum::{Json, Router};
use serde_json::Value;
use tokio::net::TcpListener;

#[tokio::main]
#[expect(clippy::disallowed_methods, reason = "it has no configuration but the port")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port: u16 = std::env::var("FUNCTIONS_CUSTOMHANDLER_PORT")?.parse()?;
    let echo = post(|Json(event): Json<Value>| async { Json(event) });
    let app = Router::new().route("/api/OnAttributeCollectionStart", echo).route("/", get(|| async {}));
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    // guestlist and Node.js set this, too.
    axum::serve(listener.tap_io(|stream| drop(stream.set_nodelay(true))), app).await?;
    Ok(())
}
