//! `OnAttributeCollectionSubmit`: the person sent the form, and the account does not exist yet.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use futures_util::FutureExt;

use super::hook::{self, Hooks};
use crate::decisions;
use crate::entra::event::EventKind;

/// Answers the hook: continue, changed values, errors at fields, or a block page.
pub(crate) async fn on_attribute_collection_submit(State(hooks): State<Arc<Hooks>>, request: Request) -> Response {
    let decide: hook::DecideFn = |services, context| decisions::submit(services, context).boxed();
    hook::answer(&hooks, EventKind::Submit, request, decide).await
}
