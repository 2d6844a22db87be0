//! Every reason there is, in words: what it means, and what can be done. For `explain`, and for whoever reads the log.

/// A reason, explained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Explanation {
    /// Its name in the log.
    pub name: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// What can be done about it; empty if nothing has to be.
    pub remedy: &'static str,
}

const fn reason(name: &'static str, meaning: &'static str, remedy: &'static str) -> Explanation {
    Explanation { name, meaning, remedy }
}

/// Every reason, in the order in which they can come up.
pub const REASONS: [Explanation; 30] = [
    reason("invitation", "an invitation for the address or its domain admits", ""),
    reason("allow", "allow names the address or its domain", ""),
    reason("open", "the gate is open to every address that nothing denies", ""),
    reason("code", "a valid invitation code admits", ""),
    reason(
        "needs-code",
        "nothing admits or denies the person: they see the form and have to give a valid code with it",
        "",
    ),
    reason(
        "no-policy",
        "no policy is for the application the person signs up to",
        "add the application's id to a policy's apps, or a last policy without apps",
    ),
    reason("closed", "the policy's gate is closed: nobody is admitted, invited or not", "set gate to another value"),
    reason(
        "no-address",
        "no source in email_sources says an address, or what it says is no usable address; at Submit also: nobody can \
         tell who sent the form, as for address-typed",
        "select the attribute email in the user flow; map the provider's email claim to an attribute and name it in \
         email_sources; or let people without an address use a code with no_address = \"code\"",
    ),
    reason(
        "address-typed",
        "the address comes from a field that the person may have edited, and it is not known who sent the form: an \
         address that was typed never admits",
        "the page asks to start again. If it is frequent, look at known_by, for failure-action lines at Start, whether \
         all instances share one state store, and whether a client uses one correlation id for many people",
    ),
    reason(
        "not-invited",
        "no invitation and no allow is for the address or its domain, and the gate is invite-only",
        "invite the address with guestlist invites add, or add its domain to allow",
    ),
    reason(
        "invitation-expired",
        "the only invitation for the address has expired",
        "move its expires, or invite again",
    ),
    reason("invitation-not-yet-valid", "the only invitation for the address is not valid yet", "move its not_before"),
    reason(
        "invitation-for-another-app",
        "the only invitation for the address is for another application",
        "add the application's id to the line's apps, or to those of the whole list",
    ),
    reason(
        "denied",
        "deny names the address (in its widest form) or its domain, and no narrower rule admits it",
        "remove the rule from deny, or add the address itself to allow",
    ),
    reason(
        "disposable",
        "the domain belongs to a disposable mail service, and the policy has deny_disposable",
        "add the domain, or the address, to allow",
    ),
    reason("rule-blocked", "a rule with outcome = \"block\" failed", "the trace names the rule"),
    reason("rules", "fields or the form as a whole did not pass the rules; the person may correct them", ""),
    reason("code-missing", "the person needs a code and gave none; they may enter one", ""),
    reason(
        "code-wrong",
        "the code is mistyped, or no source knows it; they may enter another",
        "compare it with what was handed out: only its hash is stored, so a lost code is made anew",
    ),
    reason("code-expired", "the code has expired", "move its expires, or make a new one"),
    reason("code-not-yet-valid", "the code is not valid yet", "move its not_before"),
    reason("code-for-another-app", "the code is for another application", "add the application's id to its apps"),
    reason(
        "code-for-another-address",
        "the code is for another address or domain, or the person's own address is not known for sure",
        "make a code without --for, or one for this address",
    ),
    reason(
        "code-used-up",
        "as many people have used the code as may; one that was never followed by an account is free again after its \
         reservation has ended and discovery has covered that time",
        "raise its uses, or make a new one",
    ),
    reason(
        "too-many-tries",
        "too many wrong codes came from this network or for this address",
        "they may try again after a minute",
    ),
    reason(
        "deadline",
        "no answer was ready within hooks.budget: the failure action was given",
        "look at duration_us, and at what else was slow then",
    ),
    reason(
        "keys-unavailable",
        "Entra's signing keys could not be had in time: the failure action was given",
        "look for signing-keys lines",
    ),
    reason(
        "invites-unavailable",
        "an invite source has no list: the failure action was given",
        "look for invites-failed lines",
    ),
    reason(
        "state-unavailable",
        "the state store does not work: the failure action was given",
        "the error says what failed",
    ),
    reason("panicked", "a defect: the failure action was given", "report it with the panic line"),
];

/// The explanation of a reason.
#[must_use]
pub fn explanation(name: &str) -> Option<&'static Explanation> {
    REASONS.iter().find(|reason| reason.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signup::code::CodeProblem;
    use crate::signup::gate::{Ground, Refusal};

    /// Every name that a decision can have as its reason.
    fn of_decisions() -> impl Iterator<Item = &'static str> {
        let grounds = [Ground::Invitation, Ground::Allow, Ground::Open, Ground::Code].map(Ground::name);
        let refusals = Refusal::ALL.map(Refusal::name);
        let codes = CodeProblem::ALL.map(CodeProblem::name);
        grounds.into_iter().chain(refusals).chain(codes).chain(["needs-code", "rules", "rule-blocked"])
    }

    #[test]
    fn every_reason_of_a_decision_is_explained_once() {
        for name in of_decisions() {
            let found = REASONS.iter().filter(|reason| reason.name == name).count();
            assert_eq!(found, 1, "{name}");
        }
    }

    #[test]
    fn a_refusal_comes_with_a_remedy() {
        for name in Refusal::ALL.map(Refusal::name) {
            let reason = explanation(name).unwrap();
            assert!(!reason.meaning.is_empty() && !reason.remedy.is_empty(), "{name}");
        }
    }
}
