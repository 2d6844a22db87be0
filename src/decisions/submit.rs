//! The decision about a form that was sent; the account does not exist yet.
//!
//! The gate decides again: Start may have been answered long ago, by another instance, or under another configuration.
//! An invitation code arrives only now. It is reserved last, when nothing else stands in the way.

use super::sender::{self, Sender};
use super::{Decided, Decision, DecisionContext, DecisionFailure, DecisionServices, WaitTimes, message_context};
use crate::invites::InviteError;
use crate::reservations::PersonId;
use crate::signup::answer::{Answer, SubmitAnswer, SubmitInput};
use crate::signup::code::{self, CodeProblem};
use crate::signup::decision::SubmitDecision;
use crate::signup::gate::{self, Admission, GateInput};
use crate::values::Invitation;

/// Decides about a form that was sent.
pub async fn submit(
    services: &DecisionServices,
    context: &mut DecisionContext<'_>,
) -> Result<Decided, DecisionFailure> {
    let event = context.event;
    let policy = services.sign_up.policy_for(&event.app);
    let Sender { found, person, known_by } = sender::sender(services, policy, context).await?;
    context.note_address(&found);
    let found = found.ok();
    let invitations = services.invitations(policy, found.as_ref(), context).await?;
    let question =
        GateInput { policy, address: found.as_ref(), invitations: &invitations, app: &event.app, now: context.now };
    let admission = gate::decide(&question, &mut context.trace);
    let with_code = codes(services, &admission, context).await?;
    let code = judge(&admission, with_code.as_ref(), context);
    let support_code = context.support_code.clone();
    let submit = SubmitInput {
        admission: &admission,
        code,
        form: &event.form,
        client: &event.client,
        identities: &event.identities,
        found: found.as_ref(),
        known_by,
        messages: &services.sign_up.messages,
        message_context: message_context(event, &support_code, found.as_ref().map(|found| &found.address)),
        now: context.now,
    };
    let submitted = submit.answer(policy, &mut context.trace);
    warn_of_absent(&submitted);
    let answered = reserve(services, &submit, submitted, person.as_ref(), context).await?;
    Ok(Decided {
        decision: Decision::Submit(answered.decision),
        reason: answered.reason,
        reported: answered.reported,
        policy: policy.map(|policy| policy.name.clone()),
        found,
        known_by: Some(known_by),
    })
}

/// The invitations with the code that was typed.
type WithCode = Result<Vec<Invitation>, CodeProblem>;

/// Looks the code up for somebody who needs one.
async fn codes(
    services: &DecisionServices,
    admission: &Admission<'_>,
    context: &mut DecisionContext<'_>,
) -> Result<Option<WithCode>, InviteError> {
    let Admission::NeedsCode(person) = admission else { return Ok(None) };
    let typed = code::typed(person.policy, &context.event.form);
    if matches!(typed, Err(CodeProblem::Missing)) {
        return Ok(Some(Err(CodeProblem::Missing)));
    }
    let Some(guess) = services.guess_limit.begin(context.event.client.ip, person.trusted_address(), context.now) else {
        return Ok(Some(Err(CodeProblem::TooManyTries)));
    };
    let code = match typed {
        Ok(code) => code,
        Err(problem) => return Ok(Some(Err(problem))),
    };
    let invitations = WaitTimes::of(&mut context.times.invites, services.invites.find_code(&code.digest())).await?;
    if !invitations.is_empty() {
        services.guess_limit.right(guess);
    }
    Ok(Some(Ok(invitations)))
}

/// Whether one of the invitations with the code is for this person.
fn judge<'a>(
    admission: &Admission<'_>,
    with_code: Option<&'a WithCode>,
    context: &mut DecisionContext<'_>,
) -> Option<Result<&'a Invitation, CodeProblem>> {
    let Admission::NeedsCode(person) = admission else { return None };
    Some(match with_code? {
        Err(problem) => {
            context.trace.note("code", problem.name());
            Err(*problem)
        }
        Ok(invitations) => code::judge(invitations, person, &context.event.app, context.now, &mut context.trace),
    })
}

/// Reserves the code that the answer rests on; without it there is another answer.
async fn reserve<'a>(
    services: &DecisionServices,
    submit: &SubmitInput<'a>,
    submitted: SubmitAnswer<'a>,
    sender: Option<&PersonId>,
    context: &mut DecisionContext<'_>,
) -> Result<Answer<SubmitDecision>, DecisionFailure> {
    let code = submitted.reserve.and_then(|invitation| invitation.code.as_ref());
    let (Some(code), Admission::NeedsCode(person)) = (code, submit.admission) else {
        return Ok(submitted.answered);
    };
    let reserved = services.state.reserve(code, person.trusted_address(), sender, context.now);
    if WaitTimes::of(&mut context.times.state, reserved).await? {
        context.trace.note("reservation", services.state.reserving());
        return Ok(submitted.answered);
    }
    Ok(submit.without_code(person.policy, CodeProblem::UsedUp, &mut context.trace))
}

fn warn_of_absent(submitted: &SubmitAnswer<'_>) {
    for attribute in &submitted.lacking {
        let reason = "the event does not list the attribute: select it in the user flow, or remove the rule";
        tracing::warn!(event = "rule-skipped", attribute = %attribute, reason);
    }
    for attribute in &submitted.missing {
        let reason = "the event does not list the attribute: it was left empty, or the user flow does not ask for it, \
                      where required = \"if-asked\" lets people pass";
        tracing::warn!(event = "required-not-listed", attribute = %attribute, reason);
    }
}
