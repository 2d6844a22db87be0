//! One-line texts of events, answers and changes.

use guestlist_emulator::sign_up::{Action, Event, Exchange, Flow};
use guestlist_emulator::tenant::Patch;
use serde_json::{Map, Value};

/// Every call of a sign-up: what was sent, what was answered, and the time in milliseconds.
pub(crate) fn calls(flow: &Flow, who: &str) -> Vec<(String, String, u128)> {
    let shown = flow.shown.iter().flat_map(|form| &form.fields);
    let mut known: Map<String, Value> = shown.map(|field| (field.name.clone(), field.value.clone())).collect();
    let mut calls = Vec::new();
    for exchange in std::iter::once(&flow.start).chain(&flow.submits) {
        let sent = event(exchange, who, &known);
        if exchange.event == Event::Submit {
            known = values(exchange);
        }
        calls.push((sent, answer(exchange), exchange.duration().as_millis()));
    }
    calls
}

/// The hook, the person, and what they changed since the form was last shown.
fn event(exchange: &Exchange, who: &str, known: &Map<String, Value>) -> String {
    match exchange.event {
        Event::Start => format!("OnAttributeCollectionStart {who}"),
        Event::Submit => {
            let mut changed = values(exchange);
            changed.retain(|name, value| name != "email" && known.get(name) != Some(value));
            format!("OnAttributeCollectionSubmit {who}, who typed {}", pairs(&changed))
        }
    }
}

fn values(exchange: &Exchange) -> Map<String, Value> {
    let attributes = exchange.sent.pointer("/data/userSignUpInfo/attributes").and_then(Value::as_object);
    let value = |(name, attribute): (&String, &Value)| Some((name.clone(), attribute.get("value")?.clone()));
    attributes.into_iter().flatten().filter_map(value).collect()
}

/// The action, or the error that an administrator would see.
fn answer(exchange: &Exchange) -> String {
    let accepted = match &exchange.result {
        Ok(accepted) => accepted,
        Err(error) => return error.to_string(),
    };
    match &accepted.action {
        Action::Continue => "continueWithDefaultBehavior".to_owned(),
        Action::Prefill(values) => format!("setPrefillValues {}", pairs(values)),
        Action::Modify(values) => format!("modifyAttributeValues {}", pairs(values)),
        Action::Block { title, message } => {
            let texts = [title, message].into_iter().flatten();
            format!("showBlockPage {}", texts.cloned().collect::<Vec<_>>().join(": "))
        }
        Action::ValidationError { attribute_errors, .. } => {
            let error = |(name, text): (&String, &String)| format!("{}: {text}", attribute(name));
            let errors: Vec<String> = attribute_errors.iter().map(error).collect();
            format!("showValidationError {}", errors.join(", "))
        }
    }
}

/// `name: value` for each, with custom attributes as `ext.Name`.
pub(crate) fn pairs(values: &Map<String, Value>) -> String {
    let pair = |(name, own): (&String, &Value)| format!("{}: {}", attribute(name), value(own));
    values.iter().map(pair).collect::<Vec<_>>().join(", ")
}

/// `name: old -> new` for each property of a patch.
pub(crate) fn changes(patch: &Patch) -> String {
    let change = |(name, new): (&String, &Value)| {
        let old = patch.before.get(name).map(value).unwrap_or_default();
        format!("{}: {old} -> {}", attribute(name), value(new))
    };
    patch.body.iter().map(change).collect::<Vec<_>>().join(", ")
}

/// A text as it is, or in quotes if it is empty or has blanks at its ends. A GUID before an `@` is shortened.
fn value(value: &Value) -> String {
    let Some(text) = value.as_str() else {
        return value.to_string();
    };
    if text.is_empty() || text.trim() != text {
        return value.to_string();
    }
    match text.split_once('@') {
        Some((id, domain)) if uuid::Uuid::try_parse(id).is_ok() => {
            format!("{}…@{domain}", id.chars().take(8).collect::<String>())
        }
        _ => text.to_owned(),
    }
}

fn attribute(name: &str) -> String {
    let custom = name.strip_prefix("extension_").and_then(|rest| rest.split_once('_'));
    custom.map_or_else(|| name.to_owned(), |(_, name)| format!("ext.{name}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn shows_blanks_and_shortens_ids() {
        assert_eq!(value(&json!(" 3000 ")), "\" 3000 \"");
        assert_eq!(value(&json!("Alex Fabrikam")), "Alex Fabrikam");
        let id = json!("8d9d2962-3049-4f79-9dff-580dd80692e6@contoso.onmicrosoft.com");
        assert_eq!(value(&id), "8d9d2962…@contoso.onmicrosoft.com");
        assert_eq!(attribute("extension_0f_Newsletter"), "ext.Newsletter");
    }
}
