//! One look-up: renders the request for a person, sends it, and reads the values for the form, all within its time.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use super::answer::{ExtractedValues, Pointer, extract};
use super::cache::{AnswerCache, CacheKey, CachedValues};
use super::context::context;
use super::request::{JSON_STRING, PERCENT_ENCODED};
use super::{LookupError, LookupHeader, LookupOutcome, LookupSubject, MethodAndBody, Settings};
use crate::outbound::{Answer, Limits, Outbound, Request};
use crate::telemetry::describe;
use crate::values::{AttributeName, Deadline};

/// The type of both requests and answers.
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// How a look-up ended, with its values. An incomplete answer is an outcome with values and an error.
type OutcomeAndValues = Result<(LookupOutcome, CachedValues), LookupError>;

/// A look-up with all that it needs. `Debug` shows its settings, which show no secret.
#[derive(Debug)]
pub(super) struct Lookup {
    settings: Settings,
    outbound: Outbound,
    cache: AnswerCache,
}

impl Lookup {
    /// A look-up that has not been asked yet.
    pub(super) fn new(outbound: Outbound, settings: Settings) -> Self {
        let cache = AnswerCache::new(settings.cache);
        Self { settings, outbound, cache }
    }

    pub(super) fn name(&self) -> &Arc<str> {
        &self.settings.name
    }

    /// Asks, within the budget and until `end` at most. Logs a failure.
    pub(super) async fn ask(&self, subject: &LookupSubject<'_>, end: Deadline) -> (LookupOutcome, CachedValues) {
        let started = Instant::now();
        let result = catch_panic(self.look_up(subject, started, end)).await;
        log_outcome(self.name(), started.elapsed(), result)
    }

    async fn look_up(&self, subject: &LookupSubject<'_>, started: Instant, end: Deadline) -> OutcomeAndValues {
        let (url, body) = self.render(subject)?;
        let key = CacheKey::new(&url, body.as_deref());
        if let Some(values) = self.cache.get(&key) {
            return Ok((LookupOutcome::FromCache, values));
        }
        let request = self.request(url, body)?;
        let end = Instant::from_std(end.instant()).min(started + self.settings.budget);
        let time = end.saturating_duration_since(Instant::now());
        if time.is_zero() {
            return Err(LookupError::NoTime);
        }
        let limits = Limits { time, body: self.settings.max_body };
        let answer = self.outbound.send(request, limits).await.map_err(LookupError::NoAnswer)?;
        let Some(extracted) = read(&answer, &self.settings.prefill)? else {
            let nobody = CachedValues::default();
            self.cache.insert(key, &nobody);
            return Ok((LookupOutcome::NotFound, nobody));
        };
        let values = Arc::new(extracted.values);
        self.cache.insert(key, &values);
        let missing = || LookupOutcome::Failed(LookupError::Absent { attributes: extracted.absent.clone() });
        Ok((if extracted.absent.is_empty() { LookupOutcome::Answered } else { missing() }, values))
    }

    fn render(&self, subject: &LookupSubject<'_>) -> Result<(Url, Option<String>), LookupError> {
        let url = self.settings.url.render(&context(subject, PERCENT_ENCODED))?;
        let body = match &self.settings.method {
            MethodAndBody::Get | MethodAndBody::Post(None) => None,
            MethodAndBody::Post(Some(body)) => Some(body.render(&context(subject, JSON_STRING))?),
        };
        Ok((url, body))
    }

    fn request(&self, url: Url, body: Option<String>) -> Result<Request, LookupError> {
        let method = match self.settings.method {
            MethodAndBody::Get => Method::GET,
            MethodAndBody::Post(_) => Method::POST,
        };
        let mut request = Request::new(method, url);
        request.headers = headers(&self.settings)?;
        if let Some(body) = body {
            request.headers.entry(CONTENT_TYPE).or_insert(JSON);
            request.body = Some(body.into_bytes());
        }
        Ok(request)
    }
}

/// The headers of every request. Those that carry secrets are marked as sensitive.
fn headers(settings: &Settings) -> Result<HeaderMap, LookupError> {
    let mut headers = HeaderMap::from_iter([(ACCEPT, JSON)]);
    for (name, header) in &settings.headers {
        let value = match header {
            LookupHeader::Text(value) => value.clone(),
            LookupHeader::Secret(Err(source)) => {
                return Err(LookupError::SecretMissing { name: name.clone(), source: source.clone() });
            }
            LookupHeader::Secret(Ok(secret)) => {
                let value = HeaderValue::from_str(secret.expose());
                let mut value = value.map_err(|_| LookupError::SecretUnusable { name: name.clone() })?;
                value.set_sensitive(true);
                value
            }
        };
        headers.insert(name, value);
    }
    Ok(headers)
}

/// The values of an answer; `None`: the other side knows nobody of that address.
fn read(answer: &Answer, wanted: &[(AttributeName, Pointer)]) -> Result<Option<ExtractedValues>, LookupError> {
    let status = answer.status;
    if matches!(status, StatusCode::NOT_FOUND | StatusCode::NO_CONTENT) {
        return Ok(None);
    }
    if status.is_redirection() {
        return Err(LookupError::Redirect { status });
    }
    if !status.is_success() {
        return Err(LookupError::Status { status });
    }
    let body: Value = answer.json().map_err(LookupError::NotJson)?;
    Ok(Some(extract(&body, wanted)))
}

/// The outcome of a look-up. A panic counts as a failure.
async fn catch_panic(look_up: impl Future<Output = OutcomeAndValues>) -> OutcomeAndValues {
    AssertUnwindSafe(look_up).catch_unwind().await.unwrap_or(Err(LookupError::Panicked))
}

/// Logs how a look-up ended, and passes its values on.
pub(super) fn log_outcome(lookup: &str, duration: Duration, result: OutcomeAndValues) -> (LookupOutcome, CachedValues) {
    let (outcome, values) = result.unwrap_or_else(|error| (LookupOutcome::Failed(error), CachedValues::default()));
    let duration_ms = duration.as_millis();
    if let LookupOutcome::Failed(error) = &outcome {
        let (reason, error) = (error.reason(), describe(error));
        tracing::warn!(event = "lookup-failed", lookup, reason, error, duration_ms);
    } else {
        tracing::debug!(event = "lookup", lookup, outcome = outcome.name(), duration_ms);
    }
    (outcome, values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_a_failure() {
        let result = catch_panic(async { panic!("jo@example.com") }).await;
        assert!(matches!(result, Err(LookupError::Panicked)));
    }
}
