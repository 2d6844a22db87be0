//! One call of a hook, with its time limit and its retry.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::Entra;
use super::answer::{Accepted, RawAnswer, check};
use super::error::ExtensionError;
use super::event::Event;
use super::form::Form;
use crate::tenant::Token;

/// One try of a call.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// How long it took.
    pub duration: Duration,
    /// The answer, or why there was none.
    pub answer: Result<RawAnswer, ExtensionError>,
}

/// An event, what was answered, and what Entra makes of it.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The hook that was called.
    pub event: Event,
    /// The body sent.
    pub sent: Value,
    /// Every try, in order.
    pub attempts: Vec<Attempt>,
    /// The last answer as Entra takes it.
    pub result: Result<Accepted, ExtensionError>,
}

impl Exchange {
    /// How long the person waited.
    #[must_use]
    pub fn duration(&self) -> Duration {
        self.attempts.iter().map(|attempt| attempt.duration).sum()
    }

    /// The body of the last answer, if it is JSON.
    #[must_use]
    pub fn answer(&self) -> Option<Value> {
        self.attempts.last()?.answer.as_ref().ok()?.json()
    }
}

impl Entra {
    /// A fresh token for the hooks.
    #[must_use]
    pub fn token(&self) -> Token {
        Token::new(&self.tenant)
    }

    /// Calls a hook with a fresh token, and once more if that fails. The page is not known beyond what `sent` lists.
    pub async fn call(&self, event: Event, sent: Value) -> Exchange {
        self.call_for(&Form::new(), event, sent).await
    }

    /// The same for a page with the fields of `form`.
    pub async fn call_for(&self, form: &Form, event: Event, sent: Value) -> Exchange {
        let token = self.token().encode();
        let mut attempts = Vec::new();
        let mut result = Err(ExtensionError::TimedOut);
        for _ in 0..=self.retries {
            let attempt = match &token {
                Ok(token) => self.post(event, &sent.to_string(), Some(token)).await,
                Err(error) => {
                    Attempt { duration: Duration::ZERO, answer: Err(ExtensionError::Connection(error.to_string())) }
                }
            };
            let again = match &attempt.answer {
                Ok(answer) => answer.status == 429 || answer.status >= 500,
                Err(_) => true,
            };
            let answer = attempt.answer.as_ref().map_err(Clone::clone);
            result = answer.and_then(|answer| check(event, &sent, form, answer));
            attempts.push(attempt);
            if !again {
                break;
            }
        }
        Exchange { event, sent, attempts, result }
    }

    /// Posts any body to a hook, once, with this token or none.
    pub async fn post(&self, event: Event, body: &str, token: Option<&str>) -> Attempt {
        let url = match event {
            Event::Start => &self.hooks.start,
            Event::Submit => &self.hooks.submit,
        };
        let mut request = self.client.post(url).header("content-type", "application/json").body(body.to_owned());
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let began = Instant::now();
        let answer = match tokio::time::timeout(self.time_limit, answer(request)).await {
            Ok(answer) => answer,
            Err(_) => Err(ExtensionError::TimedOut),
        };
        Attempt { duration: began.elapsed(), answer }
    }
}

async fn answer(request: reqwest::RequestBuilder) -> Result<RawAnswer, ExtensionError> {
    let failed = |error: reqwest::Error| ExtensionError::Connection(error.to_string());
    let response = request.send().await.map_err(failed)?;
    let content_type = response.headers().get("content-type");
    let content_type = content_type.and_then(|value| value.to_str().ok());
    Ok(RawAnswer {
        status: response.status().as_u16(),
        content_type: content_type.map(str::to_owned),
        body: response.bytes().await.map_err(failed)?.to_vec(),
    })
}
