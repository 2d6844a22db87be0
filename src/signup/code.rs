//! Reads the code that was typed, and finds out whether an invitation with that code is for this person.

use chrono::{DateTime, Utc};

use super::gate::NeedsCode;
use super::policy::Policy;
use super::reason::Reason;
use super::trace::Trace;
use crate::values::{App, AttributeValue, Code, Form, InvalidCode, Invitation, InvitationState};

/// The code in the form's field.
pub(crate) fn typed(policy: &Policy, form: &Form) -> Result<Code, Reason> {
    let field = policy.invitation_code.as_ref().and_then(|name| form.value(name.as_str()));
    let text = field.map(AttributeValue::as_text).unwrap_or_default();
    text.parse().map_err(|error| match error {
        InvalidCode::Empty => Reason::CodeMissing,
        InvalidCode::Malformed | InvalidCode::Mistyped => Reason::CodeWrong,
    })
}

/// The first invitation with the code that is for this person. If there is none, the error says what is wrong with the
/// first one.
pub(crate) fn judge<'a>(
    invitations: &'a [Invitation],
    person: &NeedsCode<'_>,
    app: &App,
    now: DateTime<Utc>,
    trace: &mut Trace,
) -> Result<&'a Invitation, Reason> {
    let mut first_problem = None;
    for invitation in invitations.iter().filter(|invitation| invitation.code.is_some()) {
        let reason =
            state_problem(invitation.state(app.id.as_ref(), now)).or_else(|| address_problem(invitation, person));
        let state = reason.map_or("valid", Reason::name);
        trace.note("code", format_args!("{} line {}: {state}", invitation.source, invitation.line));
        match reason {
            None => return Ok(invitation),
            Some(reason) => first_problem = first_problem.or(Some(reason)),
        }
    }
    if first_problem.is_none() {
        trace.note("code", "no source knows it");
    }
    Err(first_problem.unwrap_or(Reason::CodeWrong))
}

/// What is wrong with an invitation in this state.
fn state_problem(state: InvitationState) -> Option<Reason> {
    match state {
        InvitationState::Valid => None,
        InvitationState::Expired => Some(Reason::CodeExpired),
        InvitationState::NotYetValid => Some(Reason::CodeNotYetValid),
        InvitationState::OtherApp => Some(Reason::CodeForAnotherApp),
    }
}

/// What is wrong with an invitation for this person. An invitation for an address or a domain needs an address that the
/// person could not have edited.
fn address_problem(invitation: &Invitation, person: &NeedsCode<'_>) -> Option<Reason> {
    let rule = invitation.rule.as_ref()?;
    let matches = person.trusted_address().is_some_and(|address| rule.matches(address, person.policy.email_match));
    (!matches).then_some(Reason::CodeForAnotherAddress)
}

#[cfg(test)]
mod tests;
