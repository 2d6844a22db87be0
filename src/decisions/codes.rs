//! Looks up, checks and reserves the invitation codes of people who need one.

use super::{DecisionContext, DecisionServices, Reason, StateError, WaitTimes};
use crate::invites::InviteError;
use crate::reservations::PersonId;
use crate::signup::answer::{Answer, SubmitAnswer, SubmitInput};
use crate::signup::code;
use crate::signup::decision::SubmitDecision;
use crate::signup::gate::Admission;
use crate::values::Invitation;

/// The invitations with the code that was typed, or why the sources were not asked for them.
pub(super) type InvitationsWithCode = Result<Vec<Invitation>, Reason>;

/// Looks up the code of somebody who needs one. `None`: the person needs none.
pub(super) async fn find(
    services: &DecisionServices,
    admission: &Admission<'_>,
    context: &mut DecisionContext<'_>,
) -> Result<Option<InvitationsWithCode>, InviteError> {
    let Admission::NeedsCode(person) = admission else { return Ok(None) };
    let typed = code::typed(person.policy, &context.event.form);
    if matches!(typed, Err(Reason::CodeMissing)) {
        return Ok(Some(Err(Reason::CodeMissing)));
    }
    let (ip, address) = (context.event.client.ip, person.trusted_address());
    let Some(guess) = services.guess_limit.count(ip, address, context.now) else {
        return Ok(Some(Err(Reason::TooManyTries)));
    };
    let code = match typed {
        Ok(code) => code,
        Err(reason) => return Ok(Some(Err(reason))),
    };
    let digest = code.digest();
    let search = services.invites.find_code(&digest);
    let invitations = WaitTimes::measure(&mut context.times.invites, search).await?;
    if !invitations.is_empty() {
        services.guess_limit.give_back(guess);
    }
    Ok(Some(Ok(invitations)))
}

/// The invitation with the code that is for this person, or why none is. `None`: the person needs no code.
pub(super) fn judge<'a>(
    admission: &Admission<'_>,
    with_code: Option<&'a InvitationsWithCode>,
    context: &mut DecisionContext<'_>,
) -> Option<Result<&'a Invitation, Reason>> {
    let Admission::NeedsCode(person) = admission else { return None };
    Some(match with_code? {
        Err(reason) => {
            context.trace.note("code", reason.name());
            Err(*reason)
        }
        Ok(invitations) => code::judge(invitations, person, &context.event.app, context.now, &mut context.trace),
    })
}

/// Reserves the code that the answer depends on. If the code has no use left, the answer is an error instead.
pub(super) async fn reserve<'a>(
    services: &DecisionServices,
    input: &SubmitInput<'a>,
    answer: SubmitAnswer<'a>,
    sender: Option<&PersonId>,
    context: &mut DecisionContext<'_>,
) -> Result<Answer<SubmitDecision>, StateError> {
    let code = answer.reserve.and_then(|invitation| invitation.code.as_ref());
    let (Some(code), Admission::NeedsCode(person)) = (code, input.admission) else {
        return Ok(answer.answer);
    };
    let reserved = services.state.reserve(code, person.trusted_address(), sender, context.now);
    if WaitTimes::measure(&mut context.times.state, reserved).await? {
        context.trace.note("reservation", services.state.reservation_note());
        return Ok(answer.answer);
    }
    Ok(input.without_code(person.policy, Reason::CodeUsedUp, &mut context.trace))
}
