//! Turns the gate's verdict into the answer of each hook: the form, its corrections, or a page.
//!
//! The order of outcomes at Submit is fixed: a refusal of the gate, a rule that blocks, errors (of rules and of the
//! code), changed values, continue. A policy that only reports answers as if all were well, and says what it would have
//! answered.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::decision::{ActionKind, StartDecision, SubmitDecision};
use super::facts::{Facts, IdentityFacts};
use super::gate::{Admission, Admitted, NeedsCode};
use super::identity::FoundAddress;
use super::messages::{MAX_TEXT, MessageContext, Messages, key};
use super::policy::{Mode, Policy};
use super::prefill::{self, PrefillInput};
use super::reason::Reason;
use super::rules::{self, CheckedForm, Submission};
use super::trace::Trace;
use crate::values::{
    AttributeName, AttributeValue, AttributeValues, Client, Form, FormField, Identity, Invitation, KnownBy,
};

/// An answer with its reason, as the log shows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer<D> {
    /// What Entra is told.
    pub decision: D,
    /// Why the decision is what it is.
    pub reason: Reason,
    /// What would have been answered, if the policy only reports.
    pub reported: Option<ActionKind>,
}

/// What the answer at Start depends on.
#[derive(Debug, Clone, Copy)]
pub struct StartInput<'a> {
    /// The gate's verdict.
    pub admission: &'a Admission<'a>,
    /// The form, not filled in yet.
    pub form: &'a Form,
    /// What look-ups found.
    pub looked_up: &'a AttributeValues,
    /// The texts.
    pub messages: &'a Messages,
    /// The locale of the texts, and the values that they may show.
    pub message_context: MessageContext<'a>,
}

impl StartInput<'_> {
    /// The answer before the form is shown: a page, or the form with what is known.
    #[must_use]
    pub fn answer(&self, policy: Option<&Policy>, trace: &mut Trace) -> Answer<StartDecision> {
        let reason = self.admission.reason();
        let (policy, invitation, address) = match self.admission {
            Admission::Refused(reason) => {
                let key = page_key(policy, reason.message());
                trace.note("message", key);
                let decision = StartDecision::Refuse(self.messages.page(key, self.message_context));
                return reported_start(decision, *reason, policy);
            }
            Admission::Admitted(admitted) => (admitted.policy, admitted.invitation, admitted.address),
            Admission::NeedsCode(person) => (person.policy, None, person.trusted_address()),
        };
        let input =
            PrefillInput { policy, invitation, address, app: self.message_context.app, looked_up: self.looked_up };
        let values = prefill::values(&input, self.form);
        trace.note("prefill", format_args!("{} values", values.len()));
        let decision = if values.is_empty() { StartDecision::Continue } else { StartDecision::Prefill(values) };
        Answer { decision, reason, reported: None }
    }
}

/// A policy that only reports refuses nobody.
fn reported_start(decision: StartDecision, reason: Reason, policy: Option<&Policy>) -> Answer<StartDecision> {
    if only_reports(policy) {
        return Answer { reported: Some(decision.action()), decision: StartDecision::Continue, reason };
    }
    Answer { decision, reason, reported: None }
}

fn only_reports(policy: Option<&Policy>) -> bool {
    policy.is_some_and(|policy| policy.mode == Mode::Report)
}

/// The key of a page's text: its own, or `not-invited` if the policy shows one text for all refusals.
fn page_key<'k>(policy: Option<&Policy>, own: &'k str) -> &'k str {
    if policy.is_some_and(|policy| policy.uniform_refusals) { key::NOT_INVITED } else { own }
}

/// What the answer at Submit depends on.
#[derive(Debug, Clone, Copy)]
pub struct SubmitInput<'a> {
    /// The gate's verdict.
    pub admission: &'a Admission<'a>,
    /// The invitation with the code that was typed, or why there is none; `None`: the person needs no code.
    pub code: Option<Result<&'a Invitation, Reason>>,
    /// The form as it was sent.
    pub form: &'a Form,
    /// The person's network address and locale, as the event has them.
    pub client: &'a Client,
    /// The identities that Entra lists.
    pub identities: &'a [Identity],
    /// The person's address, and how far it is trusted.
    pub address: Option<&'a FoundAddress>,
    /// How it is known who sent the form.
    pub known_by: KnownBy,
    /// The texts.
    pub messages: &'a Messages,
    /// The locale of the texts, and the values that they may show.
    pub message_context: MessageContext<'a>,
    /// The time of the decision.
    pub now: DateTime<Utc>,
}

/// The answer to a form, and what has to be done before it is given.
#[derive(Debug, Clone)]
pub struct SubmitAnswer<'a> {
    /// The answer.
    pub answer: Answer<SubmitDecision>,
    /// The invitation whose code has to be reserved before the answer is given.
    pub reserve: Option<&'a Invitation>,
    /// The attributes that the event does not list, and whose rules were skipped.
    pub not_listed: Vec<AttributeName>,
    /// The attributes that the event does not list, and whose rules failed for that reason.
    pub missing: Vec<AttributeName>,
}

impl<'a> SubmitInput<'a> {
    /// The answer after the form was sent.
    #[must_use]
    pub fn answer(&self, policy: Option<&'a Policy>, trace: &mut Trace) -> SubmitAnswer<'a> {
        let (policy, invitation, code_problem) = match self.admission {
            Admission::Refused(reason) => return self.refused(*reason, policy, trace),
            Admission::Admitted(Admitted { policy, invitation, .. }) => (*policy, *invitation, None),
            Admission::NeedsCode(NeedsCode { policy, .. }) => match self.code {
                Some(Ok(invitation)) => (*policy, Some(invitation), None),
                Some(Err(code_problem)) => (*policy, None, Some(code_problem)),
                None => (*policy, None, Some(Reason::CodeMissing)),
            },
        };
        let mut checked = self.check(policy, invitation, trace);
        let (not_listed, missing) = (std::mem::take(&mut checked.not_listed), checked.missing.clone());
        let emptied = emptied_code(policy, self.form);
        let (decision, reason) = self.decide(policy, checked, code_problem, &emptied);
        let reserve =
            self.code.and_then(Result::ok).filter(|_| !decision.action().stops() || policy.mode == Mode::Report);
        trace.note("outcome", decision.action().name());
        SubmitAnswer { answer: reported(decision, reason, Some(policy), emptied), reserve, not_listed, missing }
    }

    /// The answer if the code cannot be reserved.
    #[must_use]
    pub(crate) fn without_code(
        &self,
        policy: &Policy,
        code_problem: Reason,
        trace: &mut Trace,
    ) -> Answer<SubmitDecision> {
        trace.note("reservation", code_problem.name());
        let rejected = self.reject(policy, CheckedForm::default(), Some(code_problem));
        reported(rejected, code_problem, Some(policy), emptied_code(policy, self.form))
    }

    /// What the rules say.
    fn check(&self, policy: &Policy, invitation: Option<&Invitation>, trace: &mut Trace) -> CheckedForm {
        let identity = self.identities.iter().find(|identity| !identity.sign_in_type.is_empty());
        let facts = Facts {
            form: self.form,
            multi_select: &policy.multi_select,
            types: &policy.types,
            invitation,
            app: self.message_context.app,
            client: self.client,
            identity: IdentityFacts {
                email: self.address.map(|found| &found.address),
                provenance: self.address.map(|found| found.provenance),
                sign_in_type: identity.map_or("", |identity| &identity.sign_in_type),
                issuer: identity.map_or("", |identity| &identity.issuer),
            },
        };
        let submission = Submission {
            form: self.form,
            multi_select: &policy.multi_select,
            max_text: policy.max_text,
            facts: &facts,
            now: self.now,
        };
        let checked = rules::check(&policy.rules, &submission);
        for name in &checked.too_long {
            trace.note("length", format_args!("{}: too long, so that no rule runs", name.short()));
        }
        for finding in &checked.findings {
            let name = policy.rules.get(finding.rule).and_then(|rule| rule.attribute.as_ref());
            let name = name.map_or_else(|| "the form".to_owned(), AttributeName::short);
            let (number, verdict) = (finding.rule + 1, finding.kind.describe());
            trace.note("rule", format_args!("{number}, for {name}: {verdict}"));
        }
        checked
    }

    fn refused(&self, reason: Reason, policy: Option<&Policy>, trace: &mut Trace) -> SubmitAnswer<'a> {
        let key = page_key(policy, reason.message_at_submit(self.known_by));
        trace.note("message", key);
        let decision = SubmitDecision::Refuse(self.messages.page(key, self.message_context));
        let emptied = policy.map(|policy| emptied_code(policy, self.form)).unwrap_or_default();
        let answer = reported(decision, reason, policy, emptied);
        SubmitAnswer { answer, reserve: None, not_listed: Vec::new(), missing: Vec::new() }
    }

    fn decide(
        &self,
        policy: &Policy,
        checked: CheckedForm,
        code_problem: Option<Reason>,
        emptied: &AttributeValues,
    ) -> (SubmitDecision, Reason) {
        if let Some(key) = &checked.block {
            return (
                SubmitDecision::Refuse(self.messages.page(page_key(Some(policy), key), self.message_context)),
                Reason::RuleBlocked,
            );
        }
        if code_problem.is_some() || !checked.errors.is_empty() || checked.page_error.is_some() {
            let decision = self.reject(policy, checked, code_problem);
            return (decision, code_problem.unwrap_or(Reason::Rules));
        }
        let mut changed = checked.changed;
        changed.extend(emptied.clone());
        let by_code = matches!(self.admission, Admission::NeedsCode(_));
        (SubmitDecision::with_values(changed), if by_code { Reason::Code } else { self.admission.reason() })
    }

    /// Shows each error at its field. An error of the whole form, or of a field that may not be on the page, is shown
    /// above the form.
    fn reject(&self, policy: &Policy, checked: CheckedForm, code_problem: Option<Reason>) -> SubmitDecision {
        let text = |key: &str| self.messages.text(key, self.message_context);
        let mut errors: BTreeMap<_, _> = checked.errors.into_iter().map(|(name, key)| (name, text(&key))).collect();
        let mut message = checked.page_error.as_deref().map(text);
        if code_problem.is_some_and(|code_problem| code_problem.follows_from_unknown_sender(self.known_by)) {
            message = message.or_else(|| Some(text(key::START_AGAIN)));
        }
        if let Some(code_problem) = code_problem {
            let field = policy.invitation_code.as_ref().and_then(|name| self.form.field(name.as_str()));
            let wording = text(code_problem.message());
            match field {
                Some(field) => drop(errors.insert(field.name.clone(), wording)),
                None => message = message.or(Some(wording)),
            }
        }
        let message = message.unwrap_or_else(|| text(key::FIX_ERRORS));
        let missing_fields =
            checked.missing.iter().filter_map(|name| Some(format!(" {}: {}", name.short(), errors.get(name)?)));
        let message =
            std::iter::once(message).chain(missing_fields).collect::<String>().chars().take(MAX_TEXT).collect();
        SubmitDecision::Reject { message, errors }
    }
}

/// The code's field with an empty value, if the person filled it in: no code is stored with the account.
#[must_use]
pub(crate) fn emptied_code(policy: &Policy, form: &Form) -> AttributeValues {
    // If the names of several fields differ in case only, each of them is emptied.
    let fields =
        form.0.iter().filter(|field| policy.invitation_code.as_ref().is_some_and(|name| field.name.is(name.as_str())));
    let filled = fields.filter(|field| field.value.as_ref().is_some_and(|value| !value.is_empty()));
    let empty = |field: &FormField| {
        AttributeValue::String(String::new()).convert(field.attribute_type).map(|value| (field.name.clone(), value))
    };
    filled.filter_map(empty).collect()
}

/// A policy that only reports stops nobody. The code's field is emptied nevertheless.
fn reported(
    decision: SubmitDecision,
    reason: Reason,
    policy: Option<&Policy>,
    emptied: AttributeValues,
) -> Answer<SubmitDecision> {
    if decision.action().stops() && only_reports(policy) {
        let reported = Some(decision.action());
        return Answer { reported, decision: SubmitDecision::with_values(emptied), reason };
    }
    Answer { decision, reason, reported: None }
}

#[cfg(test)]
mod tests;
