//! Writes decisions as Entra accepts them: one envelope with one action.
//!
//! Each event has its own type of decision, so an answer always has exactly one action, and it fits the event.

use serde_json::{Value, json};

use super::event::EventKind;
use crate::signup::decision::{Decision, Page, StartDecision, SubmitDecision};

/// The answer for a decision.
#[must_use]
pub fn answer(decision: &Decision) -> Value {
    match decision {
        Decision::Start(decision) => start(decision),
        Decision::Submit(decision) => submit(decision),
    }
}

/// The answer to `OnAttributeCollectionStart`.
#[must_use]
pub fn start(decision: &StartDecision) -> Value {
    let action = match decision {
        StartDecision::Continue => action(EventKind::Start, "continueWithDefaultBehavior", json!({})),
        StartDecision::Prefill(values) => action(EventKind::Start, "setPrefillValues", json!({ "inputs": values })),
        StartDecision::Refuse(page) => action(EventKind::Start, "showBlockPage", block_page(page)),
    };
    envelope(EventKind::Start, &action)
}

/// The answer to `OnAttributeCollectionSubmit`.
#[must_use]
pub fn submit(decision: &SubmitDecision) -> Value {
    let action = match decision {
        SubmitDecision::Continue => action(EventKind::Submit, "continueWithDefaultBehavior", json!({})),
        SubmitDecision::Modify(values) => {
            action(EventKind::Submit, "modifyAttributeValues", json!({ "attributes": values }))
        }
        SubmitDecision::Reject { message, errors } => {
            let fields = json!({ "message": message, "attributeErrors": errors });
            action(EventKind::Submit, "showValidationError", fields)
        }
        SubmitDecision::Refuse(page) => action(EventKind::Submit, "showBlockPage", block_page(page)),
    };
    envelope(EventKind::Submit, &action)
}

fn block_page(page: &Page) -> Value {
    match &page.title {
        Some(title) => json!({ "title": title, "message": page.text }),
        None => json!({ "message": page.text }),
    }
}

fn action(kind: EventKind, name: &str, mut fields: Value) -> Value {
    let event = match kind {
        EventKind::Start => "attributeCollectionStart",
        EventKind::Submit => "attributeCollectionSubmit",
    };
    if let Some(members) = fields.as_object_mut() {
        members.insert("@odata.type".to_owned(), json!(format!("microsoft.graph.{event}.{name}")));
    }
    fields
}

fn envelope(kind: EventKind, action: &Value) -> Value {
    let data_type = match kind {
        EventKind::Start => "microsoft.graph.onAttributeCollectionStartResponseData",
        EventKind::Submit => "microsoft.graph.onAttributeCollectionSubmitResponseData",
    };
    json!({ "data": { "@odata.type": data_type, "actions": [action] } })
}

#[cfg(test)]
mod tests;
