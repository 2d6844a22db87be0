//! The host's public side: it finds the function of a request, and passes the request to the process.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::HostState;
use super::forward::{forwarded, proxied};
use super::project::Mode;
use super::relay::end_to_end;

/// The public routes.
pub(super) fn router(inner: &Arc<HostState>) -> Router {
    Router::new().fallback(pass_on).with_state(Arc::clone(inner))
}

async fn pass_on(
    State(inner): State<Arc<HostState>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let path = request.uri().path();
    if path == "/" {
        return "Your Functions 4.0 app is up and running".into_response();
    }
    if inner.project.route(request.method().as_str(), path).is_none() {
        return StatusCode::NOT_FOUND.into_response();
    }
    let request = match inner.mode {
        Mode::Proxying => proxied(&inner, peer, request),
        Mode::Forwarding => forwarded(&inner, request).await,
    };
    let answer = match request {
        Ok(request) => request.send().await,
        Err(status) => return status.into_response(),
    };
    match answer {
        Ok(answer) => relayed(inner.mode, answer).await,
        Err(error) => failed(inner.mode, &error),
    }
}

/// The answer to the caller if the process does not answer. The real host does not write the cause into the body.
fn failed(mode: Mode, error: &reqwest::Error) -> Response {
    let status = match mode {
        Mode::Proxying => StatusCode::BAD_GATEWAY,
        Mode::Forwarding => StatusCode::INTERNAL_SERVER_ERROR,
    };
    (status, format!("the process did not answer: {error:?}")).into_response()
}

/// The process's answer, for the caller: streamed when proxying, buffered when forwarding.
async fn relayed(mode: Mode, answer: reqwest::Response) -> Response {
    let status = answer.status();
    let headers = answer.headers().clone();
    let body = match mode {
        Mode::Proxying => Body::from_stream(answer.bytes_stream()),
        Mode::Forwarding => match answer.bytes().await {
            Ok(bytes) => Body::from(bytes),
            Err(_) => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        },
    };
    let mut response = (status, body).into_response();
    *response.headers_mut() = end_to_end(&headers);
    response
}
