//! Calling a function that is not passed through: `POST /{FunctionName}`, and what the host takes for an answer.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::process::ProcessError;
use super::project::{Function, Project};
use super::{Inner, VERSION};
use crate::shared::new_id;

/// A successful invocation.
#[derive(Clone, Debug, PartialEq)]
pub struct Invocation {
    /// `Logs` of the answer.
    pub logs: Vec<String>,
    /// `Outputs` of the answer.
    pub outputs: Map<String, Value>,
    /// `ReturnValue` of the answer.
    pub return_value: Value,
    /// How long it took.
    pub duration: Duration,
}

/// A failed invocation.
#[derive(Debug, thiserror::Error)]
pub enum InvokeError {
    /// There is no such function.
    #[error("there is no function {0}")]
    UnknownFunction(String),
    /// The function has another trigger.
    #[error("function {0} has no timer trigger")]
    NotATimer(String),
    /// No answer: the process is gone or broke off.
    #[error("call the function")]
    Send(#[source] reqwest::Error),
    /// Not a success.
    #[error("the answer has status {status}: {body}")]
    Status {
        /// The status.
        status: u16,
        /// The body, which the real host does not show.
        body: String,
    },
    /// Not JSON by its `Content-Type`.
    #[error("the answer's content type is {0:?}, not JSON")]
    ContentType(String),
    /// Nothing: the real host would wait until `functionTimeout` and then kill the process.
    #[error("the answer is empty or null, on which the host hangs until functionTimeout")]
    Empty,
    /// Not a JSON object.
    #[error("the answer is not a JSON object: {0}")]
    NotAnObject(String),
    /// An output that is no out binding.
    #[error("Outputs has `{0}`, which is no out binding of the function")]
    UnknownOutput(String),
    /// A text the host would take for base64 and decode.
    #[error("output `{0}` is a text that the host takes for base64")]
    Base64Output(String),
    /// A log that is not text.
    #[error("Logs is not an array of texts")]
    Logs,
    /// Too long: the process was killed and started again, as the host does.
    #[error("the function ran longer than functionTimeout, {0:?}")]
    TimedOut(Duration),
    /// Too long, and the restart failed.
    #[error("restart the process after functionTimeout")]
    Restart(#[source] ProcessError),
}

impl Project {
    /// The function of this name, in any case.
    pub(super) fn function(&self, name: &str) -> Result<&Function, InvokeError> {
        let mut functions = self.functions.iter();
        let found = functions.find(|function| function.name.eq_ignore_ascii_case(name));
        found.ok_or_else(|| InvokeError::UnknownFunction(name.to_owned()))
    }

    /// The function of this name, which must have a timer trigger.
    pub(super) fn timer(&self, name: &str) -> Result<&Function, InvokeError> {
        let function = self.function(name)?;
        if function.is("timerTrigger") { Ok(function) } else { Err(InvokeError::NotATimer(name.to_owned())) }
    }
}

impl Inner {
    /// Calls `function` with `body` and holds the answer to the host's contract.
    pub(super) async fn invoke(&self, function: &Function, body: &Value) -> Result<Invocation, InvokeError> {
        let began = Instant::now();
        let answer = match self.function_timeout {
            None => self.post(function, body).await,
            Some(limit) => {
                let answer = tokio::time::timeout(limit, self.post(function, body)).await;
                match answer {
                    Ok(answer) => answer,
                    Err(_) => return Err(self.restart_after(limit).await),
                }
            }
        }?;
        let answer = checked(function, answer)?;
        Ok(Invocation { duration: began.elapsed(), ..answer })
    }

    async fn restart_after(&self, limit: Duration) -> InvokeError {
        let restarted = match self.process.kill().await {
            Ok(()) => self.process.start().await,
            Err(error) => Err(error),
        };
        restarted.map_or_else(InvokeError::Restart, |()| InvokeError::TimedOut(limit))
    }

    async fn post(&self, function: &Function, body: &Value) -> Result<Value, InvokeError> {
        let url = format!("http://127.0.0.1:{}/{}", self.process.port(), function.name);
        let bytes = body.to_string().into_bytes();
        // A stream of unknown length goes out chunked, without Content-Length, as the host sends it.
        let stream = futures_util::stream::once(async move { Ok::<_, std::io::Error>(bytes) });
        let trace = new_id().replace('-', "");
        let span: String = trace.chars().rev().take(16).collect();
        let response = self
            .client
            .post(url)
            .header("content-type", "application/json; charset=utf-8")
            .header("user-agent", format!("Azure-Functions-Host/{VERSION}"))
            .header("x-azure-functions-hostversion", VERSION)
            .header("x-azure-functions-invocationid", new_id())
            .header("traceparent", format!("00-{trace}-{span}-00"))
            .body(reqwest::Body::wrap_stream(stream))
            .send()
            .await
            .map_err(InvokeError::Send)?;
        let status = response.status();
        let content_type = response.headers().get("content-type");
        let content_type = content_type.and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let body = response.text().await.map_err(InvokeError::Send)?;
        if !status.is_success() {
            let status = status.as_u16();
            return Err(InvokeError::Status { status, body });
        }
        if body.trim().is_empty() || body.trim() == "null" {
            return Err(InvokeError::Empty);
        }
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        if !["application/json", "text/json"].contains(&media_type) {
            return Err(InvokeError::ContentType(content_type));
        }
        serde_json::from_str(&body).map_err(|_| InvokeError::NotAnObject(body))
    }
}

fn checked(function: &Function, answer: Value) -> Result<Invocation, InvokeError> {
    let Value::Object(answer) = answer else {
        return Err(InvokeError::NotAnObject(answer.to_string()));
    };
    let member = |name: &str| {
        let mut members = answer.iter();
        let found = members.find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map_or(Value::Null, |(_, value)| value.clone())
    };
    let outputs = match member("Outputs") {
        Value::Null => Map::new(),
        Value::Object(outputs) => outputs,
        other => return Err(InvokeError::NotAnObject(other.to_string())),
    };
    for (name, value) in &outputs {
        if !function.outputs().any(|output| output == name) {
            return Err(InvokeError::UnknownOutput(name.clone()));
        }
        if value.as_str().is_some_and(|text| !text.is_empty() && STANDARD.decode(text).is_ok()) {
            return Err(InvokeError::Base64Output(name.clone()));
        }
    }
    let logs = match member("Logs") {
        Value::Null => Vec::new(),
        logs => serde_json::from_value(logs).map_err(|_| InvokeError::Logs)?,
    };
    Ok(Invocation { logs, outputs, return_value: member("ReturnValue"), duration: Duration::ZERO })
}
