//! `OnAttributeCollectionSubmit`: the person sent the form, and the account does not exist yet.
//!
//! The gate decides again: Start may have been answered long ago, by another instance, or under another configuration.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use futures_util::FutureExt;

use super::hook::{self, Decided, Failure, Hooks};
use crate::entra::action;
use crate::entra::event::{EventKind, SignUpEvent};
use crate::signup::decision::SubmitDecision;
use crate::signup::facts::{Facts, IdentityFacts};
use crate::signup::gate::{self, Admission, Question};
use crate::signup::rules::Submission;
use crate::signup::trace::Trace;
use crate::signup::{answer, identity};
use crate::values::Client;

/// Answers the hook: continue, changed values, errors at fields, or a block page.
pub async fn on_attribute_collection_submit(State(hooks): State<Arc<Hooks>>, request: Request) -> Response {
    hook::answer(&hooks, EventKind::Submit, request, |hooks, event| decide(hooks, event).boxed()).await
}

async fn decide(hooks: &Hooks, event: &SignUpEvent) -> Result<Decided, Failure> {
    let now = hooks.clock.now();
    let remembered = event.correlation_id.as_ref().and_then(|sign_up| hooks.memory.recall(sign_up, now));
    let found = identity::address(&event.identities, remembered.as_ref(), &event.form).ok();
    let address = found.as_ref().map(|(address, _)| address);
    let policy = hooks.sign_up.policy_for(&event.app);
    let invitations = hook::invitations(hooks, policy, address).await?;
    let question = Question { policy, address, invitations: &invitations, app: &event.app, now };
    let admission = gate::decide(&question, &mut Trace::default());
    let reader = hook::reader(event, address);
    let identity = event.identities.first();
    let facts = Facts {
        form: &event.form,
        multi_select: &[],
        invitation: match &admission {
            Admission::Admitted(admitted) => admitted.invitation,
            Admission::Refused(_) => None,
        },
        app: &event.app,
        client: &Client { locale: event.locale.clone(), ..Client::default() },
        identity: IdentityFacts {
            email: address,
            provenance: "",
            sign_in_type: identity.map_or("", |identity| &identity.sign_in_type),
            issuer: identity.map_or("", |identity| &identity.issuer),
        },
    };
    let submission = Submission { form: &event.form, multi_select: &[], facts: &facts, now };
    let (decision, lacking) = answer::submit(&admission, &submission, &hooks.sign_up.messages, reader);
    for attribute in lacking {
        let reason = "the event does not list the attribute: select it in the user flow, or remove the rule";
        tracing::warn!(event = "rule-skipped", attribute = %attribute, reason);
    }
    let rejected = matches!(decision, SubmitDecision::Reject { .. });
    Ok(Decided {
        answer: action::submit(&decision),
        action: decision.name(),
        reason: if rejected { "rules" } else { admission.reason() },
        policy: policy.map(|policy| policy.name.clone()),
        source: found.as_ref().map(|(_, source)| source.name()),
        address: address.map(|address| hooks.hasher.hash(address)),
    })
}
