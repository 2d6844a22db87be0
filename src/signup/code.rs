//! Codes: what was typed into the form's field, and whether one of the invitations with that code is for this person.

use chrono::{DateTime, Utc};

use super::gate::NeedsCode;
use super::policy::Policy;
use super::trace::Trace;
use crate::values::{App, AttributeValue, Code, Form, InvalidCode, Invitation, InvitationState, KnownBy};

/// Why a code does not admit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeProblem {
    /// None was typed.
    Missing,
    /// It is no code, or nobody's.
    Wrong,
    /// It has expired.
    Expired,
    /// It is not valid yet.
    NotYetValid,
    /// It is for another app.
    OtherApp,
    /// It is for another address or domain.
    OtherAddress,
    /// So many people have used it as may.
    UsedUp,
    /// Too many wrong codes were tried.
    TooManyTries,
}

impl CodeProblem {
    /// Every problem.
    pub const ALL: [Self; 8] = [
        Self::Missing,
        Self::Wrong,
        Self::Expired,
        Self::NotYetValid,
        Self::OtherApp,
        Self::OtherAddress,
        Self::UsedUp,
        Self::TooManyTries,
    ];

    /// Its name in logs and in `explain`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Missing => "code-missing",
            Self::Wrong => "code-wrong",
            Self::Expired => "code-expired",
            Self::NotYetValid => "code-not-yet-valid",
            Self::OtherApp => "code-for-another-app",
            Self::OtherAddress => "code-for-another-address",
            Self::UsedUp => "code-used-up",
            Self::TooManyTries => "too-many-tries",
        }
    }

    /// The key of the text at the field. What would tell a stranger whom a code is for reads like a wrong code.
    #[must_use]
    pub fn message(self) -> &'static str {
        match self {
            Self::Missing => "code-missing",
            Self::Wrong | Self::NotYetValid | Self::OtherApp | Self::OtherAddress => "code-wrong",
            Self::Expired => "code-expired",
            Self::UsedUp => "code-used-up",
            Self::TooManyTries => "try-later",
        }
    }

    /// Whether the person may have this problem only because nobody can tell who sent the form: their own address might
    /// admit them, or the code may be for it. They are asked to start again, too.
    #[must_use]
    pub fn follows_from_not_knowing(self, known_by: KnownBy) -> bool {
        known_by == KnownBy::Nobody && matches!(self, Self::Missing | Self::OtherAddress)
    }

    fn of(state: InvitationState) -> Option<Self> {
        match state {
            InvitationState::Valid => None,
            InvitationState::Expired => Some(Self::Expired),
            InvitationState::NotYetValid => Some(Self::NotYetValid),
            InvitationState::OtherApp => Some(Self::OtherApp),
        }
    }
}

/// The code in the form's field.
pub fn typed(policy: &Policy, form: &Form) -> Result<Code, CodeProblem> {
    let field = policy.invitation_code.as_ref().and_then(|name| form.value(name.as_str()));
    let text = field.map(AttributeValue::to_text).unwrap_or_default();
    text.parse().map_err(|why| match why {
        InvalidCode::Empty => CodeProblem::Missing,
        InvalidCode::Malformed | InvalidCode::Mistyped => CodeProblem::Wrong,
    })
}

/// The first of the invitations with the code that is for this person, or what is wrong with the first of them.
pub fn judge<'a>(
    invitations: &'a [Invitation],
    person: &NeedsCode<'_>,
    app: &App,
    now: DateTime<Utc>,
    trace: &mut Trace,
) -> Result<&'a Invitation, CodeProblem> {
    let mut first = None;
    for invitation in invitations.iter().filter(|invitation| invitation.code.is_some()) {
        let problem = CodeProblem::of(invitation.state(app.id.as_ref(), now)).or_else(|| address(invitation, person));
        let state = problem.map_or("valid", CodeProblem::name);
        trace.note("code", format_args!("{} line {}: {state}", invitation.source, invitation.line));
        match problem {
            None => return Ok(invitation),
            Some(problem) => first = first.or(Some(problem)),
        }
    }
    if first.is_none() {
        trace.note("code", "no source knows it");
    }
    Err(first.unwrap_or(CodeProblem::Wrong))
}

/// A code for an address or a domain needs an address that the person cannot have typed.
fn address(invitation: &Invitation, person: &NeedsCode<'_>) -> Option<CodeProblem> {
    let rule = invitation.rule.as_ref()?;
    let matches = person.trusted_address().is_some_and(|address| rule.matches(address, person.policy.email_match));
    (!matches).then_some(CodeProblem::OtherAddress)
}

#[cfg(test)]
mod tests;
