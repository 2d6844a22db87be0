//! `OnAttributeCollectionStart`: Entra has verified who the person is, and the form is not shown yet.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use futures_util::FutureExt;

use super::hook::{self, Hooks};
use crate::decisions;
use crate::entra::event::EventKind;

/// Answers the hook: continue, prefill, or a block page.
pub(crate) async fn on_attribute_collection_start(State(hooks): State<Arc<Hooks>>, request: Request) -> Response {
    let decide: hook::DecideFn = |services, context| decisions::start(services, context).boxed();
    hook::answer(&hooks, EventKind::Start, request, decide).await
}
