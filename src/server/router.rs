//! Which function answers which path.
//!
//! Case and slashes at the end of a path do not matter: the host forwards paths as they were typed. There are few routes
//! and no parameters, so a path is compared with each of them, and nothing is built for a request to find its function.

use std::fmt;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

/// Answers a request.
type Handler = Box<dyn Fn(Request) -> BoxFuture<'static, Response> + Send + Sync>;

/// The routes.
#[derive(Default)]
pub struct Router(Vec<(&'static str, Handler)>);

impl Router {
    /// The same routes and one more. `path` is in lower case and has no slash at the end.
    pub(super) fn route(mut self, path: &'static str, handler: Handler) -> Self {
        self.0.push((path, handler));
        self
    }

    /// Answers a request; with 404 if there is no such path, and to `CONNECT`, whose target has none: any other status
    /// could be read as an open proxy.
    pub fn answer(&self, request: Request) -> BoxFuture<'static, Response> {
        let path = request.uri().path().trim_end_matches('/');
        let path = if path.is_empty() { "/" } else { path };
        let named = |(route, _): &&(&str, Handler)| route.eq_ignore_ascii_case(path);
        match self.0.iter().find(named).filter(|_| request.method() != Method::CONNECT) {
            Some((_, handler)) => handler(request),
            None => std::future::ready(StatusCode::NOT_FOUND.into_response()).boxed(),
        }
    }
}

impl fmt::Debug for Router {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_list().entries(self.0.iter().map(|(path, _)| path)).finish()
    }
}

/// The handler that a function and its state make.
pub(super) fn handler<S, F>(state: &Arc<S>, function: fn(State<Arc<S>>, Request) -> F) -> Handler
where
    S: Send + Sync + 'static,
    F: Future<Output = Response> + Send + 'static,
{
    let state = Arc::clone(state);
    Box::new(move |request| function(State(Arc::clone(&state)), request).boxed())
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use rstest::rstest;

    use super::*;

    async fn name(State(name): State<Arc<String>>, request: Request) -> Response {
        format!("{name} {}", request.uri()).into_response()
    }

    #[rstest]
    #[case("/API/Health/", Some("health /API/Health/"))]
    #[case("/api/Health//?A=b/", Some("health /api/Health//?A=b/"))]
    #[case("//", Some("root //"))]
    #[case("/", Some("root /"))]
    #[case("http://contoso.com/api/HEALTH/?x", Some("health http://contoso.com/api/HEALTH/?x"))]
    #[case("/api", None)]
    #[case("/api/health/x", None)]
    #[case("/api/health%20", None)]
    #[tokio::test]
    async fn case_and_slashes_at_the_end_do_not_matter(#[case] target: &str, #[case] found: Option<&str>) {
        let routes = Router::default()
            .route("/", handler(&Arc::new("root".to_owned()), name))
            .route("/api/health", handler(&Arc::new("health".to_owned()), name));
        let answer = routes.answer(Request::builder().uri(target).body(Body::empty()).unwrap()).await;
        let status = if found.is_some() { StatusCode::OK } else { StatusCode::NOT_FOUND };
        assert_eq!(answer.status(), status);
        let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        assert_eq!(body, found.unwrap_or_default());
    }

    #[rstest]
    #[case("contoso.com:443")]
    #[case("/")]
    #[tokio::test]
    async fn nothing_is_tunnelled(#[case] target: &str) {
        let routes = Router::default().route("/", handler(&Arc::new("root".to_owned()), name));
        let request = Request::builder().method(Method::CONNECT).uri(target).body(Body::empty()).unwrap();
        assert_eq!(routes.answer(request).await.status(), StatusCode::NOT_FOUND);
    }
}
