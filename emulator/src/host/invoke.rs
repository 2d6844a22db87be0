//! The invocation of a function without HTTP trigger: `POST /{FunctionName}`, and which answers the host accepts.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::process::ProcessError;
use super::project::{Function, Project};
use super::{HostState, VERSION};
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
    /// There was no answer: the process has ended, or has closed the connection.
    #[error("call the function")]
    Send(#[source] reqwest::Error),
    /// The status is not one of success.
    #[error("the answer has status {status}: {body}")]
    Status {
        /// The HTTP status code.
        status: u16,
        /// The body. The real host does not show it.
        body: String,
    },
    /// The `Content-Type` is not JSON.
    #[error("the answer's content type is {0:?}, not JSON")]
    ContentType(String),
    /// The body is empty. The real host waits until `functionTimeout` and then kills the process.
    #[error("the answer is empty or null, on which the host hangs until functionTimeout")]
    Empty,
    /// The body is not a JSON object.
    #[error("the answer is not a JSON object: {0}")]
    NotAnObject(String),
    /// An output is not one of the function's bindings.
    #[error("Outputs has `{0}`, which is no out binding of the function")]
    UnknownOutput(String),
    /// An output is a text that the host would decode as base64.
    #[error("output `{0}` is a text that the host takes for base64")]
    Base64Output(String),
    /// A log line is not a text.
    #[error("Logs is not an array of texts")]
    Logs,
    /// The function took too long. The process was killed and started again, as the host does.
    #[error("the function ran longer than functionTimeout, {0:?}")]
    TimedOut(Duration),
    /// The function took too long, and the process could not be started again.
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

impl HostState {
    /// Calls `function` with `body`, and checks the answer against the host's contract.
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
        // The host sends chunks without Content-Length; a stream of unknown length is sent in the same way.
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
