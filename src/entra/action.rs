//! Writes decisions as Entra accepts them: one envelope with one action.
//!
//! Each event has its own type of decision, so an answer always has exactly one action, and it fits the event.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::signup::decision::{Decision, Page, StartDecision, SubmitDecision};
use crate::values::{AttributeName, AttributeValues};

/// The answer to a hook. Serialises to what Entra expects.
#[derive(Debug, Clone, Serialize)]
pub struct Answer<'d> {
    data: ResponseData<'d>,
}

#[derive(Debug, Clone, Serialize)]
struct ResponseData<'d> {
    #[serde(rename = "@odata.type")]
    odata_type: &'static str,
    actions: [Action<'d>; 1],
}

/// An action. Each kind has the members that it needs.
#[derive(Debug, Clone, Default, Serialize)]
struct Action<'d> {
    #[serde(rename = "@odata.type")]
    odata_type: &'static str,
    #[serde(rename = "attributeErrors", skip_serializing_if = "Option::is_none")]
    attribute_errors: Option<&'d BTreeMap<AttributeName, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attributes: Option<&'d AttributeValues>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inputs: Option<&'d AttributeValues>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'d str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'d str>,
}

impl<'d> Action<'d> {
    fn named(odata_type: &'static str) -> Self {
        Self { odata_type, ..Self::default() }
    }

    fn page(odata_type: &'static str, page: &'d Page) -> Self {
        Self { message: Some(&page.text), title: page.title.as_deref(), ..Self::named(odata_type) }
    }
}

/// The answer for a decision.
#[must_use]
pub fn answer(decision: &Decision) -> Answer<'_> {
    match decision {
        Decision::Start(decision) => start(decision),
        Decision::Submit(decision) => submit(decision),
    }
}

/// The answer to `OnAttributeCollectionStart`.
#[must_use]
pub fn start(decision: &StartDecision) -> Answer<'_> {
    /// The name of an action at this event.
    macro_rules! name {
        ($name:literal) => {
            concat!("microsoft.graph.attributeCollectionStart.", $name)
        };
    }
    let action = match decision {
        StartDecision::Continue => Action::named(name!("continueWithDefaultBehavior")),
        StartDecision::Prefill(values) => Action { inputs: Some(values), ..Action::named(name!("setPrefillValues")) },
        StartDecision::Refuse(page) => Action::page(name!("showBlockPage"), page),
    };
    let odata_type = "microsoft.graph.onAttributeCollectionStartResponseData";
    Answer { data: ResponseData { odata_type, actions: [action] } }
}

/// The answer to `OnAttributeCollectionSubmit`.
#[must_use]
pub fn submit(decision: &SubmitDecision) -> Answer<'_> {
    /// The name of an action at this event.
    macro_rules! name {
        ($name:literal) => {
            concat!("microsoft.graph.attributeCollectionSubmit.", $name)
        };
    }
    let action = match decision {
        SubmitDecision::Continue => Action::named(name!("continueWithDefaultBehavior")),
        SubmitDecision::Modify(values) => {
            Action { attributes: Some(values), ..Action::named(name!("modifyAttributeValues")) }
        }
        SubmitDecision::Reject { message, errors } => Action {
            attribute_errors: Some(errors),
            message: Some(message),
            ..Action::named(name!("showValidationError"))
        },
        SubmitDecision::Refuse(page) => Action::page(name!("showBlockPage"), page),
    };
    let odata_type = "microsoft.graph.onAttributeCollectionSubmitResponseData";
    Answer { data: ResponseData { odata_type, actions: [action] } }
}

#[cfg(test)]
mod tests;
