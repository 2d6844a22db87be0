//! `OnAttributeCollectionSubmit`: the person sent the form, and the account does not exist yet.
//!
//! The gate decides again: Start may have been answered long ago, by another instance, or under another configuration.
//! An invitation code arrives only now. It is reserved last, when nothing else stands in the way.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use futures_util::FutureExt;

use super::desk::{Decided, Decision, Desk, Failure, Times, Work, reader};
use super::hook::{self, Hooks};
use super::whose::{self, Sender};
use crate::entra::event::EventKind;
use crate::invites::InviteError;
use crate::reservations::PersonId;
use crate::signup::answer::{Answered, Submit, Submitted};
use crate::signup::code::{self, CodeProblem};
use crate::signup::decision::SubmitDecision;
use crate::signup::gate::{self, Admission, Question};
use crate::values::Invitation;

/// Answers the hook: continue, changed values, errors at fields, or a block page.
pub async fn on_attribute_collection_submit(State(hooks): State<Arc<Hooks>>, request: Request) -> Response {
    hook::answer(&hooks, EventKind::Submit, request, |desk, work| decide(desk, work).boxed()).await
}

/// Decides about a form that was sent.
pub async fn decide(desk: &Desk, work: &mut Work<'_>) -> Result<Decided, Failure> {
    let event = work.event;
    let policy = desk.sign_up.policy_for(&event.app);
    let Sender { found, person, known_by } = whose::sender(desk, policy, work).await?;
    work.note_address(&found);
    let found = found.ok();
    let invitations = desk.invitations(policy, found.as_ref(), work).await?;
    let question =
        Question { policy, address: found.as_ref(), invitations: &invitations, app: &event.app, now: work.now };
    let admission = gate::decide(&question, &mut work.trace);
    let with_code = codes(desk, &admission, work).await?;
    let code = judge(&admission, with_code.as_ref(), work);
    let support_code = work.support_code.clone();
    let submit = Submit {
        admission: &admission,
        code,
        form: &event.form,
        client: &event.client,
        identities: &event.identities,
        found: found.as_ref(),
        known_by,
        messages: &desk.sign_up.messages,
        reader: reader(event, &support_code, found.as_ref().map(|found| &found.address)),
        now: work.now,
    };
    let submitted = submit.answer(policy, &mut work.trace);
    warn_of_absent(&submitted);
    let answered = reserve(desk, &submit, submitted, person.as_ref(), work).await?;
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
async fn codes(desk: &Desk, admission: &Admission<'_>, work: &mut Work<'_>) -> Result<Option<WithCode>, InviteError> {
    let Admission::NeedsCode(person) = admission else { return Ok(None) };
    let typed = code::typed(person.policy, &work.event.form);
    if matches!(typed, Err(CodeProblem::Missing)) {
        return Ok(Some(Err(CodeProblem::Missing)));
    }
    let Some(guess) = desk.guesses.begin(work.event.client.ip, person.trusted_address(), work.now) else {
        return Ok(Some(Err(CodeProblem::TooManyTries)));
    };
    let code = match typed {
        Ok(code) => code,
        Err(problem) => return Ok(Some(Err(problem))),
    };
    let invitations = Times::of(&mut work.times.invites, desk.invites.find_code(&code.digest())).await?;
    if !invitations.is_empty() {
        desk.guesses.right(guess);
    }
    Ok(Some(Ok(invitations)))
}

/// Whether one of the invitations with the code is for this person.
fn judge<'a>(
    admission: &Admission<'_>,
    with_code: Option<&'a WithCode>,
    work: &mut Work<'_>,
) -> Option<Result<&'a Invitation, CodeProblem>> {
    let Admission::NeedsCode(person) = admission else { return None };
    Some(match with_code? {
        Err(problem) => {
            work.trace.note("code", problem.name());
            Err(*problem)
        }
        Ok(invitations) => code::judge(invitations, person, &work.event.app, work.now, &mut work.trace),
    })
}

/// Reserves the code that the answer rests on; without it there is another answer.
async fn reserve<'a>(
    desk: &Desk,
    submit: &Submit<'a>,
    submitted: Submitted<'a>,
    sender: Option<&PersonId>,
    work: &mut Work<'_>,
) -> Result<Answered<SubmitDecision>, Failure> {
    let code = submitted.reserve.and_then(|invitation| invitation.code.as_ref());
    let (Some(code), Admission::NeedsCode(person)) = (code, submit.admission) else {
        return Ok(submitted.answered);
    };
    let reserved = desk.state.reserve(code, person.trusted_address(), sender, work.now);
    if Times::of(&mut work.times.state, reserved).await? {
        work.trace.note("reservation", desk.state.reserving());
        return Ok(submitted.answered);
    }
    Ok(submit.without_code(person.policy, CodeProblem::UsedUp, &mut work.trace))
}

fn warn_of_absent(submitted: &Submitted<'_>) {
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
