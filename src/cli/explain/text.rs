//! Writes the explanation of a decision as text.

use std::fmt::Write as _;

use super::unused_lines::UnusedLine;
use crate::cli::rehearsal::{HookResult, PersonOutcome, Rehearsal};
use crate::decisions::Decision;
use crate::signup::decision::{Page, StartDecision, SubmitDecision};
use crate::values::AttributeValues;

/// How wide the first column is.
const WIDTH: usize = 30;

/// A word for what became of the person.
fn outcome_word(outcome: PersonOutcome) -> &'static str {
    match outcome {
        PersonOutcome::Refused => "refused",
        PersonOutcome::Rejected => "rejected",
        PersonOutcome::NeedsCode => "needs a code",
        PersonOutcome::Admitted => "admitted",
    }
}

/// The whole explanation.
pub(super) fn explained(
    address: &str,
    forms: Option<&[(&'static str, String)]>,
    unused: &[UnusedLine],
    rehearsal: &Rehearsal,
) -> String {
    let last = rehearsal.last();
    let who = if address.is_empty() { "(no address)" } else { address };
    let mut text = format!("{who}: {}, {}\n", outcome_word(last.outcome()), last.decided.reason.name());
    if let Some(reported) = last.decided.reported {
        let _ = writeln!(
            text,
            "  the policy only reports: what would be done is {}, and everybody goes on",
            reported.name()
        );
    }
    for (name, form) in forms.unwrap_or_default() {
        row(&mut text, &format!("compared, {name}"), form);
    }
    if let Some(submit) = &rehearsal.submit {
        text.push_str("start\n");
        write_result(&mut text, &rehearsal.start);
        text.push_str("submit\n");
        write_result(&mut text, submit);
    } else {
        write_result(&mut text, &rehearsal.start);
    }
    for line in unused {
        row(&mut text, "not used", &line.to_string());
    }
    let reason = last.decided.reason;
    row(&mut text, "meaning", reason.meaning());
    if !reason.remedy().is_empty() {
        row(&mut text, "remedy", reason.remedy());
    }
    row(
        &mut text,
        "support code",
        &format!("{}, for this explanation; every real sign-up has its own", last.support_code),
    );
    text
}

fn row(text: &mut String, label: &str, found: &str) {
    let _ = writeln!(text, "  {label:<WIDTH$} {found}");
}

fn write_result(text: &mut String, result: &HookResult) {
    for step in &result.steps {
        let _ = writeln!(text, "  {:<WIDTH$} {}  [{} us]", step.asked, step.found, step.took.as_micros());
    }
    match &result.decided.decision {
        Decision::Start(StartDecision::Continue) => row(text, "answer", "continue: the form is shown as it is"),
        Decision::Submit(SubmitDecision::Continue) => row(text, "answer", "continue: the account is made"),
        Decision::Start(StartDecision::Prefill(found)) => values(text, "prefill", found),
        Decision::Submit(SubmitDecision::Modify(found)) => values(text, "modify", found),
        Decision::Start(StartDecision::Refuse(page)) | Decision::Submit(SubmitDecision::Refuse(page)) => {
            let Page { title, text: message } = page;
            row(text, "answer", "block page");
            row(text, "  title", title.as_deref().unwrap_or("(none)"));
            row(text, "  text", message);
        }
        Decision::Submit(SubmitDecision::Reject { message, errors }) => {
            row(text, "answer", "the form again, with errors");
            row(text, "  above the form", message);
            for (name, message) in errors {
                row(text, &format!("  {}", name.short()), message);
            }
        }
    }
}

fn values(text: &mut String, label: &str, values: &AttributeValues) {
    row(text, "answer", label);
    for (name, value) in values {
        let value = value.to_text();
        row(text, &format!("  {}", name.short()), if value.is_empty() { "(emptied)" } else { &value });
    }
}
