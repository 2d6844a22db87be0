//! The decision about a form that was sent; the account does not exist yet.
//!
//! The gate decides again: Start may have been answered long ago, by another instance, or under another configuration.
//! An invitation code arrives only now. It is reserved last, when everything else is right.

use std::sync::Arc;

use super::codes;
use super::context::message_context;
use super::sender::{self, Sender};
use super::{Decision, DecisionContext, DecisionError, DecisionRecord, DecisionServices};
use crate::signup::answer::{SubmitAnswer, SubmitInput};
use crate::signup::gate::{self, GateInput};

/// Decides whether the account is created, and with which values.
pub(crate) async fn submit(
    services: &DecisionServices,
    context: &mut DecisionContext<'_>,
) -> Result<DecisionRecord, DecisionError> {
    let event = context.event;
    let policy = services.sign_up.policy_for(&event.app);
    let Sender { address, person, known_by } = sender::find(services, policy, context).await?;
    context.note_missing_address(&address);
    let address = address.ok();
    let invitations = services.invitations(policy, address.as_ref(), context).await?;
    let input =
        GateInput { policy, address: address.as_ref(), invitations: &invitations, app: &event.app, now: context.now };
    let admission = gate::decide(&input, &mut context.trace);
    let with_code = codes::find(services, &admission, context).await?;
    let code = codes::judge(&admission, with_code.as_ref(), context);
    let input = SubmitInput {
        admission: &admission,
        code,
        form: &event.form,
        client: &event.client,
        identities: &event.identities,
        address: address.as_ref(),
        known_by,
        messages: &services.sign_up.messages,
        message_context: message_context(event, address.as_ref().map(|found| &found.address)),
        now: context.now,
    };
    let submit_answer = input.answer(policy, &mut context.trace);
    warn_of_unlisted_attributes(&submit_answer);
    let answer = codes::reserve(services, &input, submit_answer, person.as_ref(), context).await?;
    Ok(DecisionRecord {
        decision: Decision::Submit(answer.decision),
        reason: answer.reason,
        reported: answer.reported,
        policy: policy.map(|policy| Arc::clone(&policy.name)),
        address,
        known_by: Some(known_by),
    })
}

/// Warns in the log of attributes that rules need and that the event does not list.
fn warn_of_unlisted_attributes(answer: &SubmitAnswer<'_>) {
    for attribute in &answer.not_listed {
        let reason = "the event does not list the attribute: select it in the user flow, or remove the rule";
        tracing::warn!(event = "rule-skipped", attribute = %attribute, reason);
    }
    for attribute in &answer.missing {
        let reason = "the event does not list the attribute: it was left empty, or the user flow does not ask for it, \
                      where required = \"if-asked\" lets people pass";
        tracing::warn!(event = "required-not-listed", attribute = %attribute, reason);
    }
}
