//! The gate: may this address sign up?
//!
//! The precedence is fixed. `closed` refuses all; then an exact invitation or an exact `allow` admits; then an exact
//! `deny` refuses, whatever tag the address carries; then the longest domain rule of invitations, `allow` and `deny` decides, and `deny` wins a tie; then
//! the gate's default. An invitation that is expired, not yet valid or for another app counts as absent, but names the
//! refusal.

use chrono::{DateTime, Utc};

use super::policy::{Gate, Policy};
use super::trace::Trace;
use crate::values::{AddressRule, App, EmailAddress, EmailMatch, Invitation, InvitationState};

/// All the gate goes by.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The policy for the app, if there is one.
    pub policy: Option<&'a Policy>,
    /// The person's address, if there is one.
    pub address: Option<&'a EmailAddress>,
    /// Every invitation that matches the address, in source order.
    pub invitations: &'a [Invitation],
    /// The app the person signs up to.
    pub app: &'a App,
    /// The present.
    pub now: DateTime<Utc>,
}

/// What the gate says.
#[derive(Debug, Clone, Copy)]
pub enum Admission<'a> {
    /// The person may go on.
    Admitted(Admitted<'a>),
    /// The person may not.
    Refused(Refusal),
}

/// Somebody who may go on.
#[derive(Debug, Clone, Copy)]
pub struct Admitted<'a> {
    /// Under which policy.
    pub policy: &'a Policy,
    /// With which address.
    pub address: &'a EmailAddress,
    /// On what ground.
    pub ground: Ground,
    /// The invitation whose columns fill the form: the first valid one, an exact one before a domain's.
    pub invitation: Option<&'a Invitation>,
}

impl Admission<'_> {
    /// Why, for logs and `explain`.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Admitted(admitted) => admitted.ground.name(),
            Self::Refused(refusal) => refusal.name(),
        }
    }
}

/// Why somebody is admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    /// An invitation for the address or its domain.
    Invitation,
    /// `allow` names the address or its domain.
    Allow,
    /// The gate is open.
    Open,
}

/// Why somebody is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// No policy is for this app.
    NoPolicy,
    /// The gate is closed.
    Closed,
    /// There is no address to go by.
    NoAddress,
    /// Nothing speaks for the address.
    NotInvited,
    /// The invitation has expired.
    InvitationExpired,
    /// The invitation is not valid yet.
    InvitationNotYetValid,
    /// The invitation is for another app.
    InvitationOtherApp,
    /// `deny` names the address or its domain.
    Denied,
}

impl Ground {
    /// Its name in logs and in `explain`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::Allow => "allow",
            Self::Open => "open",
        }
    }
}

impl Refusal {
    /// Its name in logs and in `explain`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NoPolicy => "no-policy",
            Self::Closed => "closed",
            Self::NoAddress => "no-address",
            Self::NotInvited => "not-invited",
            Self::InvitationExpired => "invitation-expired",
            Self::InvitationNotYetValid => "invitation-not-yet-valid",
            Self::InvitationOtherApp => "invitation-for-another-app",
            Self::Denied => "denied",
        }
    }

    /// The key of the message people see. All that concerns the address reads the same, so that nobody learns from it
    /// who is on a list.
    #[must_use]
    pub fn message(self) -> &'static str {
        match self {
            Self::NoPolicy => "no-policy",
            Self::Closed => "closed",
            Self::NoAddress => "no-address",
            _ => "not-invited",
        }
    }
}

/// Decides whether the person may sign up, and notes each step.
pub fn decide<'a>(question: &Question<'a>, trace: &mut Trace) -> Admission<'a> {
    let Some(policy) = question.policy else {
        trace.note("policy", "none is for this app: refuses");
        return Admission::Refused(Refusal::NoPolicy);
    };
    trace.note("policy", format!("{}, gate {}", policy.name, policy.gate));
    if policy.gate == Gate::Closed {
        trace.note("gate", "closed: refuses everybody");
        return Admission::Refused(Refusal::Closed);
    }
    let Some(address) = question.address else {
        trace.note("address", "none: refuses");
        return Admission::Refused(Refusal::NoAddress);
    };
    let invitations = Candidates::sort(question, trace);
    match ground(policy, address, &invitations, trace) {
        Ok(ground) => Admission::Admitted(Admitted { policy, address, ground, invitation: invitations.best() }),
        Err(refusal) => Admission::Refused(refusal),
    }
}

/// The precedence, from exact to general.
fn ground(
    policy: &Policy,
    address: &EmailAddress,
    invitations: &Candidates<'_>,
    trace: &mut Trace,
) -> Result<Ground, Refusal> {
    if invitations.exact.is_some() {
        trace.note("exact invitation", "admits");
        return Ok(Ground::Invitation);
    }
    if exact(&policy.allow, address) {
        trace.note("exact allow", "admits");
        return Ok(Ground::Allow);
    }
    if denied(&policy.deny, address) {
        trace.note("exact deny", "refuses");
        return Err(Refusal::Denied);
    }
    match longest_domain_rule(policy, address, invitations, trace) {
        Some(DomainVerdict::Deny) => Err(Refusal::Denied),
        Some(DomainVerdict::Allow) => Ok(Ground::Allow),
        Some(DomainVerdict::Invitation) => Ok(Ground::Invitation),
        None if policy.gate == Gate::Open => {
            trace.note("gate", "open: admits");
            Ok(Ground::Open)
        }
        None => {
            trace.note("gate", "invite-only: refuses");
            Err(invitations.absent_because.unwrap_or(Refusal::NotInvited))
        }
    }
}

/// The invitations that count, and why the others do not.
struct Candidates<'a> {
    exact: Option<&'a Invitation>,
    domain: Option<&'a Invitation>,
    absent_because: Option<Refusal>,
}

impl<'a> Candidates<'a> {
    fn sort(question: &Question<'a>, trace: &mut Trace) -> Self {
        let mut sorted = Self { exact: None, domain: None, absent_because: None };
        for invitation in question.invitations {
            let refusal = match invitation.state(question.app.id.as_ref(), question.now) {
                InvitationState::Valid => None,
                InvitationState::Expired => Some(Refusal::InvitationExpired),
                InvitationState::NotYetValid => Some(Refusal::InvitationNotYetValid),
                InvitationState::OtherApp => Some(Refusal::InvitationOtherApp),
            };
            let state = refusal.map_or("valid", Refusal::name);
            trace.note(
                "invitation",
                format!("{} line {}, for {}: {state}", invitation.source, invitation.line, invitation.for_whom()),
            );
            match refusal {
                Some(refusal) => sorted.absent_because = sorted.absent_because.or(Some(refusal)),
                None => sorted.take(invitation),
            }
        }
        sorted
    }

    /// The first exact one wins; among domains the narrowest, and of equals the first.
    fn take(&mut self, invitation: &'a Invitation) {
        match invitation.specificity() {
            None => self.exact = self.exact.or(Some(invitation)),
            found => {
                let known = self.domain.and_then(Invitation::specificity);
                if known.is_none() || known < found {
                    self.domain = Some(invitation);
                }
            }
        }
    }

    fn best(&self) -> Option<&'a Invitation> {
        self.exact.or(self.domain)
    }
}

fn exact(rules: &[AddressRule], address: &EmailAddress) -> bool {
    rules.iter().any(|rule| matches!(rule, AddressRule::Exact(exact) if exact == address))
}

/// Whether a rule of `deny` names the address. It goes by the bucket: who is refused comes back with a tag.
fn denied(rules: &[AddressRule], address: &EmailAddress) -> bool {
    let bucket = address.bucket();
    rules.iter().any(|rule| matches!(rule, AddressRule::Exact(exact) if exact.bucket() == bucket))
}

/// What a domain rule says; the later one wins among equally long rules.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum DomainVerdict {
    Allow,
    Invitation,
    Deny,
}

fn longest_domain_rule(
    policy: &Policy,
    address: &EmailAddress,
    invitations: &Candidates<'_>,
    trace: &mut Trace,
) -> Option<DomainVerdict> {
    let of = |rules: &'_ [AddressRule], verdict| {
        let lengths =
            rules.iter().filter(|rule| rule.matches(address, EmailMatch::Exact)).filter_map(AddressRule::specificity);
        lengths.max().map(|length| (length, verdict))
    };
    let invited = invitations.domain.and_then(Invitation::specificity);
    let longest = [
        of(&policy.allow, DomainVerdict::Allow),
        invited.map(|length| (length, DomainVerdict::Invitation)),
        of(&policy.deny, DomainVerdict::Deny),
    ];
    let (_, verdict) = longest.into_iter().flatten().max()?;
    trace.note(
        "longest domain rule",
        match verdict {
            DomainVerdict::Allow => "allow: admits",
            DomainVerdict::Invitation => "invitation: admits",
            DomainVerdict::Deny => "deny: refuses",
        },
    );
    Some(verdict)
}

#[cfg(test)]
mod tests;
