//! The gate: may this person sign up?
//!
//! The precedence is fixed:
//!
//! 1. `closed` refuses everybody.
//! 2. An exact invitation or an exact `allow` admits.
//! 3. An exact `deny` refuses, whatever tag the address has.
//! 4. The longest domain rule of invitations, `allow` and `deny` decides; `deny` wins a tie.
//! 5. Disposable domains are refused, if the policy says so.
//! 6. Otherwise the gate's default counts.
//!
//! An invitation that is expired, not yet valid or for another app does not count. But the first such invitation gives
//! the refusal its reason.
//!
//! If a policy has a field for a code, people whom no rule admits or denies need a code. An address the person could
//! have edited never lets them in; it can only get them refused.

mod candidates;

use chrono::{DateTime, Utc};

use super::disposable;
use super::identity::FoundAddress;
use super::policy::{Gate, NoAddress, Policy};
use super::reason::Reason;
use super::trace::Trace;
use crate::values::{AddressRule, App, EmailAddress, EmailMatch, Invitation, Provenance};
use candidates::Candidates;

/// The input of the gate.
#[derive(Debug, Clone, Copy)]
pub struct GateInput<'a> {
    /// The policy for the app, if there is one.
    pub policy: Option<&'a Policy>,
    /// The person's address, if there is one.
    pub address: Option<&'a FoundAddress>,
    /// Every invitation that matches the address, in the order of the sources.
    pub invitations: &'a [Invitation],
    /// The app the person signs up to.
    pub app: &'a App,
    /// The time of the decision.
    pub now: DateTime<Utc>,
}

/// The gate's verdict.
#[derive(Debug, Clone, Copy)]
pub enum Admission<'a> {
    /// The person may go on.
    Admitted(Admitted<'a>),
    /// The person sees the form, and has to give a valid code with it.
    NeedsCode(NeedsCode<'a>),
    /// The person may not.
    Refused(Reason),
}

/// A person who may go on.
#[derive(Debug, Clone, Copy)]
pub struct Admitted<'a> {
    /// The policy that decided.
    pub policy: &'a Policy,
    /// The address by which they are admitted.
    pub address: Option<&'a EmailAddress>,
    /// Why they are admitted.
    pub reason: Reason,
    /// The invitation whose columns fill the form: the first valid one for the address, else for its longest domain
    /// rule.
    pub invitation: Option<&'a Invitation>,
}

/// A person who needs a code to be admitted.
#[derive(Debug, Clone, Copy)]
pub struct NeedsCode<'a> {
    /// The policy that decided.
    pub policy: &'a Policy,
    /// Their address, if there is one.
    pub address: Option<&'a FoundAddress>,
}

impl<'a> NeedsCode<'a> {
    /// The address, unless the person could have edited it.
    #[must_use]
    pub(crate) fn trusted_address(&self) -> Option<&'a EmailAddress> {
        self.address.filter(|found| found.provenance > Provenance::Typed).map(|found| &found.address)
    }
}

impl<'a> Admission<'a> {
    /// Why, for logs and `explain`.
    #[must_use]
    pub fn reason(&self) -> Reason {
        match self {
            Self::Admitted(admitted) => admitted.reason,
            Self::NeedsCode(_) => Reason::NeedsCode,
            Self::Refused(reason) => *reason,
        }
    }

    /// The invitation that admits, if one does.
    #[must_use]
    pub fn invitation(&self) -> Option<&'a Invitation> {
        match self {
            Self::Admitted(admitted) => admitted.invitation,
            Self::NeedsCode(_) | Self::Refused(_) => None,
        }
    }
}

/// Decides whether the person may sign up, and notes each step.
pub fn decide<'a>(input: &GateInput<'a>, trace: &mut Trace) -> Admission<'a> {
    let Some(policy) = input.policy else {
        trace.note("policy", "none is for this app: refuses");
        return Admission::Refused(Reason::NoPolicy);
    };
    trace.note("policy", format_args!("{}, gate {}", policy.name, policy.gate));
    if policy.gate == Gate::Closed {
        trace.note("gate", "closed: refuses everybody");
        return Admission::Refused(Reason::Closed);
    }
    let Some(found) = input.address else {
        return without_address(policy, trace);
    };
    let typed = found.provenance == Provenance::Typed;
    trace.note("address", format_args!("{} by {}", found.provenance.name(), found.source));
    if typed {
        trace.note("provenance", "the person may have typed the address: it cannot admit");
    }
    let invitations = if typed { Candidates::none() } else { Candidates::sort(input, trace) };
    match judge_address(policy, found, &invitations, trace) {
        AddressVerdict::Admits(reason) => Admission::Admitted(Admitted {
            policy,
            address: Some(&found.address),
            reason,
            invitation: invitations.best(),
        }),
        AddressVerdict::Refuses(reason) => Admission::Refused(reason),
        AddressVerdict::NoRule(reason) => by_default(policy, Some(found), reason, trace),
    }
}

fn without_address<'a>(policy: &'a Policy, trace: &mut Trace) -> Admission<'a> {
    trace.note("address", "none");
    if policy.no_address == NoAddress::Refuse || policy.invitation_code.is_none() {
        trace.note("no_address", "refuse");
        return Admission::Refused(Reason::NoAddress);
    }
    by_default(policy, None, Reason::NoAddress, trace)
}

/// What the rules about the address say.
enum AddressVerdict {
    Admits(Reason),
    Refuses(Reason),
    /// No rule is about the address. If the policy refuses by default, this is the reason.
    NoRule(Reason),
}

/// Applies the rules about the address in their fixed order, from exact to general.
fn judge_address(
    policy: &Policy,
    found: &FoundAddress,
    invitations: &Candidates<'_>,
    trace: &mut Trace,
) -> AddressVerdict {
    let (address, trusted) = (&found.address, found.provenance > Provenance::Typed);
    if invitations.exact.is_some() {
        trace.note("exact invitation", "admits");
        return AddressVerdict::Admits(Reason::Invitation);
    }
    if trusted && exact(&policy.allow, address, policy.email_match) {
        trace.note("exact allow", "admits");
        return AddressVerdict::Admits(Reason::Allow);
    }
    // People who are refused may try again with another tag, so `deny` compares the widest form of the address.
    if policy.deny.iter().any(|rule| matches!(rule, AddressRule::Exact(_)) && rule.denies(address)) {
        trace.note("exact deny", "refuses");
        return AddressVerdict::Refuses(Reason::Denied);
    }
    match longest_domain_rule(policy, found, invitations, trace) {
        Some(DomainVerdict::Deny) => return AddressVerdict::Refuses(Reason::Denied),
        Some(DomainVerdict::Allow) => return AddressVerdict::Admits(Reason::Allow),
        Some(DomainVerdict::Invitation) => return AddressVerdict::Admits(Reason::Invitation),
        None => {}
    }
    if policy.deny_disposable && disposable::is_disposable(address.domain()) {
        trace.note("deny_disposable", "the domain is a disposable mail service's: refuses");
        return AddressVerdict::Refuses(Reason::Disposable);
    }
    if policy.gate == Gate::Open && trusted {
        trace.note("gate", "open: admits");
        return AddressVerdict::Admits(Reason::Open);
    }
    let reason = if trusted { Reason::NotInvited } else { Reason::AddressTyped };
    AddressVerdict::NoRule(invitations.first_problem.unwrap_or(reason))
}

/// The verdict if no rule admits or denies the person: they need a code, or they are refused.
fn by_default<'a>(
    policy: &'a Policy,
    address: Option<&'a FoundAddress>,
    reason: Reason,
    trace: &mut Trace,
) -> Admission<'a> {
    let Some(field) = &policy.invitation_code else {
        trace.note("gate", format_args!("{}: refuses", policy.gate));
        return Admission::Refused(reason);
    };
    // The policy refuses people without an address, so Start saw one, but it is not remembered. A code cannot replace
    // it.
    if reason == Reason::AddressTyped && policy.no_address == NoAddress::Refuse {
        trace.note("person", "nobody can tell who sent the form: refuses");
        return Admission::Refused(reason);
    }
    trace.note("invitation_code", format_args!("{}: a code in {} is needed", reason.name(), field.short()));
    Admission::NeedsCode(NeedsCode { policy, address })
}

fn exact(rules: &[AddressRule], address: &EmailAddress, email_match: EmailMatch) -> bool {
    rules.iter().any(|rule| matches!(rule, AddressRule::Exact(_)) && rule.matches(address, email_match))
}

/// What a domain rule says. Among equally long rules the one that is later in this list wins.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum DomainVerdict {
    Allow,
    Invitation,
    Deny,
}

fn longest_domain_rule(
    policy: &Policy,
    found: &FoundAddress,
    invitations: &Candidates<'_>,
    trace: &mut Trace,
) -> Option<DomainVerdict> {
    let longest_of = |rules: &[AddressRule], applies: &dyn Fn(&AddressRule) -> bool, verdict| {
        let matching = rules.iter().filter(|rule| applies(rule)).filter_map(AddressRule::specificity);
        matching.max().map(|length| (length, verdict))
    };
    let address = &found.address;
    let allows = |rule: &AddressRule| found.provenance > Provenance::Typed && rule.matches(address, policy.email_match);
    let invited = invitations.domain.and_then(Invitation::specificity);
    let longest = [
        longest_of(&policy.allow, &allows, DomainVerdict::Allow),
        invited.map(|length| (length, DomainVerdict::Invitation)),
        longest_of(&policy.deny, &|rule| rule.denies(address), DomainVerdict::Deny),
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
