//! From the gate's verdict to the answer of each hook.

use super::decision::{StartDecision, SubmitDecision};
use super::gate::Admission;
use super::messages::{Messages, Reader};
use super::rules::Submission;
use super::{prefill, rules};
use crate::values::{AttributeName, Form};

/// The answer before the form is shown: a page, or the form with what is known.
#[must_use]
pub fn start(admission: &Admission<'_>, form: &Form, messages: &Messages, reader: Reader<'_>) -> StartDecision {
    match admission {
        Admission::Refused(refusal) => StartDecision::Refuse(messages.page(refusal.message(), reader)),
        Admission::Admitted(admitted) => {
            let values = prefill::values(admitted, reader.app, form);
            if values.is_empty() { StartDecision::Continue } else { StartDecision::Prefill(values) }
        }
    }
}

/// The answer after the form was sent, and the attributes that rules name and the form lacks. A page goes before
/// errors, errors before changes.
#[must_use]
pub fn submit(
    admission: &Admission<'_>,
    submission: &Submission<'_>,
    messages: &Messages,
    reader: Reader<'_>,
) -> (SubmitDecision, Vec<AttributeName>) {
    let admitted = match admission {
        Admission::Admitted(admitted) => admitted,
        Admission::Refused(refusal) => {
            return (SubmitDecision::Refuse(messages.page(refusal.message(), reader)), Vec::new());
        }
    };
    let checked = rules::check(&admitted.policy.rules, submission);
    let decision = if let Some(key) = checked.block {
        SubmitDecision::Refuse(messages.page(&key, reader))
    } else if !checked.errors.is_empty() || checked.page_error.is_some() {
        let errors = checked.errors.into_iter().map(|(name, key)| (name, messages.text(&key, reader))).collect();
        let above = checked.page_error.as_deref().unwrap_or("fix-errors");
        SubmitDecision::Reject { message: messages.text(above, reader), errors }
    } else if checked.changed.is_empty() {
        SubmitDecision::Continue
    } else {
        SubmitDecision::Modify(checked.changed)
    };
    (decision, checked.lacking)
}
