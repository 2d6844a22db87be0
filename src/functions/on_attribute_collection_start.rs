//! `OnAttributeCollectionStart`: Entra has verified who the person is, and the form is not shown yet.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use futures_util::FutureExt;

use super::hook::{self, Decided, Failure, Hooks};
use crate::entra::action;
use crate::entra::event::{EventKind, SignUpEvent};
use crate::signup::gate::{self, Question};
use crate::signup::trace::Trace;
use crate::signup::{answer, identity};

/// Answers the hook: continue, prefill, or a block page.
pub async fn on_attribute_collection_start(State(hooks): State<Arc<Hooks>>, request: Request) -> Response {
    hook::answer(&hooks, EventKind::Start, request, |hooks, event| decide(hooks, event).boxed()).await
}

async fn decide(hooks: &Hooks, event: &SignUpEvent) -> Result<Decided, Failure> {
    let now = hooks.clock.now();
    let found = identity::address(&event.identities, None, &event.form).ok();
    let address = found.as_ref().map(|(address, _)| address);
    if let (Some(sign_up), Some(address)) = (&event.correlation_id, address) {
        hooks.memory.remember(sign_up, address, now);
    }
    let policy = hooks.sign_up.policy_for(&event.app);
    let invitations = hook::invitations(hooks, policy, address).await?;
    let question = Question { policy, address, invitations: &invitations, app: &event.app, now };
    let admission = gate::decide(&question, &mut Trace::default());
    let decision = answer::start(&admission, &event.form, &hooks.sign_up.messages, hook::reader(event, address));
    Ok(Decided {
        answer: action::start(&decision),
        action: decision.name(),
        reason: admission.reason(),
        policy: policy.map(|policy| policy.name.clone()),
        source: found.as_ref().map(|(_, source)| source.name()),
        address: address.map(|address| hooks.hasher.hash(address)),
    })
}
