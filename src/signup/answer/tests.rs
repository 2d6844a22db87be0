//! The order of outcomes, and what a policy in report mode answers.

use proptest::prelude::*;
use rstest::rstest;

use super::*;
use crate::expressions::Condition;
use crate::signup::decision::Page;
use crate::signup::facts;
use crate::signup::policy::Gate;
use crate::signup::reason::tests::REFUSALS;
use crate::signup::rules::{Checks, Outcome, Rule};
use crate::values::{App, AttributeType, FormField};

const CODE: &str = "extension_0_Code";

fn rule(attribute: Option<&str>, when: Option<&str>, outcome: Outcome) -> Rule {
    Rule {
        attribute: attribute.map(AttributeName::new),
        when: when.map(|when| Condition::compile(when, &facts::NAMES).unwrap()),
        outcome,
        normalise: vec![rules::Normalise::Trim],
        phone_country: None,
        checks: Checks::default(),
        message: Some("closed".to_owned()),
    }
}

/// A rule that blocks for `state = "block"`, one that finds an error for `city = "wrong"`, and one for the whole form.
fn policy() -> Policy {
    Policy {
        invitation_code: Some(AttributeName::new(CODE)),
        rules: vec![
            rule(Some("city"), Some("attributes.city == 'wrong'"), Outcome::Error),
            rule(None, Some("attributes.city == 'page'"), Outcome::Error),
            rule(Some("state"), Some("attributes.state == 'block'"), Outcome::Block),
            Rule { message: None, ..rule(Some("state"), None, Outcome::Error) },
        ],
        ..Policy::new("default", Gate::InviteOnly)
    }
}

fn form(fields: &[(&str, &str)]) -> Form {
    let field = |(name, value): &(&str, &str)| FormField {
        name: AttributeName::new(*name),
        attribute_type: AttributeType::String,
        value: Some(AttributeValue::String((*value).to_owned())),
    };
    Form(fields.iter().map(field).collect())
}

/// Somebody who needs a code, and what came of it.
struct Case<'a> {
    policy: &'a Policy,
    form: &'a Form,
    code: Result<(), Reason>,
}

impl Case<'_> {
    fn answered(&self) -> (SubmitDecision, Reason, Option<ActionKind>, bool) {
        let invitation = Invitation::new("beta".into(), 2, None);
        let admission = Admission::NeedsCode(NeedsCode { policy: self.policy, address: None });
        let (app, client, messages) = (App::default(), Client::default(), Messages::default());
        let submit = SubmitInput {
            admission: &admission,
            code: Some(self.code.map(|()| &invitation)),
            form: self.form,
            client: &client,
            identities: &[],
            address: None,
            known_by: KnownBy::CorrelationId,
            messages: &messages,
            message_context: MessageContext { locale: "en", email: None, app: &app, correlation_id: None },
            now: "2026-11-21T10:00:00Z".parse().unwrap(),
        };
        let submitted = submit.answer(Some(self.policy), &mut Trace::off());
        let Answer { decision, reason, reported } = submitted.answer;
        (decision, reason, reported, submitted.reserve.is_some())
    }
}

fn answered(fields: &[(&str, &str)], code: Result<(), Reason>) -> (SubmitDecision, Reason, bool) {
    let (decision, reason, reported, reserve) = Case { policy: &policy(), form: &form(fields), code }.answered();
    assert_eq!(reported, None);
    (decision, reason, reserve)
}

#[rstest]
#[case::block_before_errors(&[("state", "block"), ("city", "wrong")], Err(Reason::CodeWrong), "refuse", "rule-blocked", false)]
#[case::errors_before_changes(&[("state", " ok"), ("city", "wrong")], Ok(()), "reject", "rules", false)]
#[case::the_code_with_the_errors(&[("city", "wrong")], Err(Reason::CodeExpired), "reject", "code-expired", false)]
#[case::an_error_of_the_whole_form(&[("city", "page"), ("state", "")], Ok(()), "reject", "rules", false)]
#[case::changes(&[("state", " ok"), ("city", "")], Ok(()), "modify", "code", true)]
#[case::nothing(&[("state", "ok"), ("city", "")], Ok(()), "continue", "code", true)]
#[case::no_code(&[("state", "ok")], Err(Reason::CodeMissing), "reject", "code-missing", false)]
fn outcomes_have_an_order(
    #[case] fields: &[(&str, &str)],
    #[case] code: Result<(), Reason>,
    #[case] action: &str,
    #[case] reason: &str,
    #[case] reserve: bool,
) {
    let (decision, why, reserved) = answered(fields, code);
    assert_eq!((decision.action().name(), why.name(), reserved), (action, reason, reserve));
}

#[test]
fn the_code_is_blanked_whatever_the_ground() {
    let (decision, _, _) = answered(&[(CODE, "7Q4M-0ZKD"), ("city", "Leeds")], Ok(()));
    let SubmitDecision::Modify(values) = decision else { panic!("{decision:?}") };
    assert_eq!(
        values.into_iter().collect::<Vec<_>>(),
        [(AttributeName::new(CODE), AttributeValue::String(String::new()))]
    );
    let (decision, _, _) = answered(&[(CODE, ""), ("city", "Leeds")], Ok(()));
    assert_eq!(decision, SubmitDecision::Continue);
}

#[test]
fn the_problem_of_a_code_stands_at_its_field_or_above_a_form_without_it() {
    let (decision, _, _) = answered(&[("Extension_0_CODE", "x")], Err(Reason::CodeWrong));
    let SubmitDecision::Reject { errors, .. } = decision else { panic!("{decision:?}") };
    assert_eq!(errors.keys().map(AttributeName::as_str).collect::<Vec<_>>(), ["Extension_0_CODE"]);
    let (decision, _, _) = answered(&[("city", "Leeds")], Err(Reason::CodeMissing));
    let SubmitDecision::Reject { message, errors } = decision else { panic!("{decision:?}") };
    assert!(errors.is_empty() && message == "Enter your invitation code.", "{message}");
}

#[test]
fn a_policy_that_only_reports_lets_everybody_through_and_says_what_it_would_have_done() {
    let policy = Policy { mode: Mode::Report, ..policy() };
    for (fields, code, would, reserves) in [
        (vec![("state", "block"), (CODE, "x")], Err(Reason::CodeWrong), ActionKind::Refuse, false),
        (vec![("city", "wrong"), (CODE, "x")], Ok(()), ActionKind::Reject, true),
    ] {
        let (decision, _, reported, reserve) = Case { policy: &policy, form: &form(&fields), code }.answered();
        assert_eq!((decision.action(), reported, reserve), (ActionKind::Modify, Some(would), reserves), "{fields:?}");
    }
    let fine = form(&[("city", "Leeds")]);
    let (decision, _, reported, _) = Case { policy: &policy, form: &fine, code: Ok(()) }.answered();
    assert_eq!((decision.action(), reported), (ActionKind::Continue, None));
}

fn started(policy: &Policy, admission: &Admission<'_>, messages: &Messages) -> Answer<StartDecision> {
    let (form, app, looked_up) = (Form::default(), App::default(), AttributeValues::new());
    let message_context = MessageContext { locale: "en", email: None, app: &app, correlation_id: None };
    let start = StartInput { admission, form: &form, looked_up: &looked_up, messages, message_context };
    start.answer(Some(policy), &mut Trace::off())
}

#[test]
fn every_refusal_can_read_the_same() {
    let policy = Policy { uniform_refusals: true, ..Policy::new("default", Gate::InviteOnly) };
    let same =
        Page { title: None, text: Messages::default().page("not-invited", message_context(&App::default())).text };
    for refusal in REFUSALS {
        let answer = started(&policy, &Admission::Refused(refusal), &Messages::default());
        assert_eq!(answer.decision, StartDecision::Refuse(same.clone()), "{refusal:?}");
        assert_eq!(answer.reason, refusal);
    }
}

fn message_context(app: &App) -> MessageContext<'_> {
    MessageContext { locale: "en", email: None, app, correlation_id: None }
}

#[test]
fn at_start_a_policy_that_only_reports_shows_the_form_to_everybody() {
    let policy = Policy { mode: Mode::Report, ..Policy::new("default", Gate::InviteOnly) };
    let answer = started(&policy, &Admission::Refused(Reason::Denied), &Messages::default());
    assert_eq!(
        (answer.decision, answer.reason, answer.reported),
        (StartDecision::Continue, Reason::Denied, Some(ActionKind::Refuse))
    );
}

#[test]
fn somebody_who_needs_a_code_sees_the_form_with_the_policys_own_values() {
    let country = super::super::policy::PrefillValue::Constant(AttributeValue::String("AU".to_owned()));
    let policy = Policy { prefill: vec![(AttributeName::new("country"), country)], ..policy() };
    let admission = Admission::NeedsCode(NeedsCode { policy: &policy, address: None });
    let answer = started(&policy, &admission, &Messages::default());
    assert_eq!((answer.decision.action(), answer.reason), (ActionKind::Prefill, Reason::NeedsCode));
}

proptest! {
    /// No form makes the answer panic, and what is changed keeps the type of its field.
    #[test]
    fn no_form_makes_it_panic(
        fields in proptest::collection::vec(("(city|state|extension_0_Code|x)", 0..4_usize, "\\PC{0,20}", any::<i64>(), any::<bool>()), 0..6),
        good: bool,
    ) {
        let types = [AttributeType::String, AttributeType::Int64, AttributeType::Boolean, AttributeType::StringCollection];
        let value = |kind: usize, text: &str, number: i64, yes: bool| [
            AttributeValue::String(text.to_owned()),
            AttributeValue::Int64(number),
            AttributeValue::Boolean(yes),
            AttributeValue::StringCollection(vec![text.to_owned()]),
        ][kind].clone();
        let form = Form(fields.iter().map(|(name, kind, text, number, yes)| FormField {
            name: AttributeName::new(name.clone()),
            attribute_type: types[*kind],
            value: Some(value((*kind + usize::from(*yes)) % 4, text, *number, *yes)),
        }).collect());
        let code = if good { Ok(()) } else { Err(Reason::CodeWrong) };
        let policy = policy();
        let (decision, ..) = Case { policy: &policy, form: &form, code }.answered();
        if let SubmitDecision::Modify(values) = decision {
            for (name, value) in values {
                let mut fields = form.0.iter().filter(|field| field.name == name);
                prop_assert!(fields.any(|field| value.attribute_type() == field.attribute_type));
            }
        }
    }
}
