//! What an answer means to Entra: an action, or the error that an administrator finds in the sign-in log.
//!
//! This is stricter than Entra in one thing: the `@odata.type` names must be spelled exactly as documented. Values for
//! attributes that are not on the page are ignored, as by Entra; [`Accepted::ignored`] lists them. A value for an
//! attribute on the page must have the type of the attribute, whether the event listed it or not.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::error::ExtensionError;
use super::event::Event;
use super::form::{Form, Kind};

/// The largest body that is accepted, in bytes. Entra's own limit is not documented.
const MAX_BYTES: usize = 128 * 1024;

/// An HTTP answer, as it was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawAnswer {
    /// The HTTP status code.
    pub status: u16,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

impl RawAnswer {
    /// The body as JSON, if it is.
    #[must_use]
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

/// The one action of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Go on as without the extension.
    Continue,
    /// Show the form with these values.
    Prefill(Map<String, Value>),
    /// Show a page that ends the sign-up.
    Block {
        /// The title of the page.
        title: Option<String>,
        /// The text on the page.
        message: Option<String>,
    },
    /// Create the account with these values instead.
    Modify(Map<String, Value>),
    /// Show the form again.
    ValidationError {
        /// The text above the form.
        message: String,
        /// The text beside each field.
        attribute_errors: BTreeMap<String, String>,
    },
}

/// An answer that Entra accepts.
#[derive(Clone, Debug, PartialEq)]
pub struct Accepted {
    /// The action that it asks for.
    pub action: Action,
    /// Attributes in it that neither the event nor the page has. They have no effect.
    pub ignored: Vec<String>,
}

fn invalid_body(what: impl Into<String>) -> ExtensionError {
    ExtensionError::InvalidResponseBody(what.into())
}

/// Reads an answer as Entra does: to this event with the body `sent`, for a page with the fields of `form`.
pub fn check(event: Event, sent: &Value, form: &Form, answer: &RawAnswer) -> Result<Accepted, ExtensionError> {
    let body = read(answer)?;
    let data = body.get("data").ok_or_else(|| invalid_body("there is no `data`"))?;
    let data_type = data.get("@odata.type").and_then(Value::as_str);
    if data_type != Some(event.response_type()) {
        return Err(invalid_body(format!("`data.@odata.type` is {data_type:?}")));
    }
    let actions = match data.get("actions") {
        None => return Err(ExtensionError::InvalidNumberOfActions(0)),
        Some(actions) => actions.as_array().ok_or_else(|| invalid_body("`actions` is not an array"))?,
    };
    let [action] = actions.as_slice() else {
        return Err(ExtensionError::InvalidNumberOfActions(actions.len()));
    };
    let action = action.as_object().ok_or_else(|| invalid_body("the action is not an object"))?;
    parse(event, &Attributes::of(sent, form), action)
}

fn read(answer: &RawAnswer) -> Result<Value, ExtensionError> {
    match answer.status {
        200 => {}
        429 => return Err(ExtensionError::Throttling),
        status => return Err(ExtensionError::InvalidHttpStatus(status)),
    }
    let content_type = answer.content_type.clone().unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/json") {
        return Err(ExtensionError::InvalidResponseContentType(content_type));
    }
    match answer.body.len() {
        0 => return Err(ExtensionError::EmptyResponse),
        bytes if bytes > MAX_BYTES => return Err(ExtensionError::ResponseSizeExceeded(bytes)),
        _ => {}
    }
    answer.json().ok_or_else(|| invalid_body("the body is not JSON"))
}

fn parse(event: Event, known: &Attributes, action: &Map<String, Value>) -> Result<Accepted, ExtensionError> {
    let name = action.get("@odata.type").and_then(Value::as_str).unwrap_or_default();
    let prefix = format!("microsoft.graph.{}.", event.name());
    let short = name.strip_prefix(&prefix).unwrap_or_default();
    let members: &[&str] = match short {
        "continueWithDefaultBehavior" => &[],
        "setPrefillValues" if event == Event::Start => &["inputs"],
        "showBlockPage" => &["message", "title"],
        "modifyAttributeValues" if event == Event::Submit => &["attributes"],
        "showValidationError" if event == Event::Submit => &["message", "attributeErrors"],
        _ => return Err(ExtensionError::InvalidActionType(format!("`{name}`"))),
    };
    let unknown = action.keys().find(|key| *key != "@odata.type" && !members.contains(&key.as_str()));
    if let Some(unknown) = unknown {
        return Err(invalid_body(format!("`{short}` has no `{unknown}`")));
    }
    let accepted = |action, ignored| Ok(Accepted { action, ignored });
    match short {
        "setPrefillValues" => {
            let (values, ignored) = known.values(action.get("inputs"))?;
            accepted(Action::Prefill(values), ignored)
        }
        "modifyAttributeValues" => {
            let (values, ignored) = known.values(action.get("attributes"))?;
            accepted(Action::Modify(values), ignored)
        }
        "showBlockPage" => {
            let title = optional_text(action, "title")?;
            let message = optional_text(action, "message")?;
            accepted(Action::Block { title, message }, Vec::new())
        }
        "showValidationError" => {
            let message = optional_text(action, "message")?.ok_or_else(|| invalid_body("there is no `message`"))?;
            let (attribute_errors, ignored) = known.errors(action.get("attributeErrors"))?;
            accepted(Action::ValidationError { message, attribute_errors }, ignored)
        }
        _ => accepted(Action::Continue, Vec::new()),
    }
}

fn optional_text(action: &Map<String, Value>, name: &str) -> Result<Option<String>, ExtensionError> {
    match action.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(invalid_body(format!("`{name}` is not a text"))),
    }
}

/// The attributes of the event and of the page, with their types.
struct Attributes(BTreeMap<String, Option<Kind>>);

impl Attributes {
    fn of(sent: &Value, form: &Form) -> Self {
        let attributes = sent.pointer("/data/userSignUpInfo/attributes").and_then(Value::as_object);
        let kind = |value: &Value| {
            let name = value.get("@odata.type").or_else(|| value.get("@odata.Type"))?;
            Kind::of_odata_type(name.as_str()?)
        };
        let listed = attributes.into_iter().flatten().map(|(name, value)| (name.clone(), kind(value)));
        let on_the_page = form.fields.iter().map(|field| (field.name.clone(), Some(field.kind)));
        Self(on_the_page.chain(listed).collect())
    }

    fn values(&self, values: Option<&Value>) -> Result<(Map<String, Value>, Vec<String>), ExtensionError> {
        let values = values.and_then(Value::as_object).ok_or_else(|| invalid_body("the values are not an object"))?;
        for (name, value) in values {
            let fits = match self.0.get(name).copied().flatten() {
                Some(kind) => kind.fits(value),
                None => [Kind::Text, Kind::Integer, Kind::Boolean].iter().any(|kind| kind.fits(value)),
            };
            if !fits {
                return Err(invalid_body(format!(
                    "the value of `{name}` has another type than the attribute: {value}"
                )));
            }
        }
        Ok((values.clone(), self.unknown(values)))
    }

    fn errors(&self, errors: Option<&Value>) -> Result<(BTreeMap<String, String>, Vec<String>), ExtensionError> {
        let errors =
            errors.and_then(Value::as_object).ok_or_else(|| invalid_body("`attributeErrors` is not an object"))?;
        let mut texts = BTreeMap::new();
        for (name, text) in errors {
            let text = text.as_str().ok_or_else(|| invalid_body(format!("the error of `{name}` is not a text")))?;
            texts.insert(name.clone(), text.to_owned());
        }
        Ok((texts, self.unknown(errors)))
    }

    fn unknown(&self, values: &Map<String, Value>) -> Vec<String> {
        values.keys().filter(|name| !self.0.contains_key(*name)).cloned().collect()
    }
}
