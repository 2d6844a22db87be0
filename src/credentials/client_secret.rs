//! Tokens for a client secret: the OAuth 2.0 client credentials grant at `{login}/{tenant}/oauth2/v2.0/token`.

mod answer;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::BoxFuture;
use reqwest::Method;
use tokio::time::Instant;
use url::Url;

use super::{CredentialError, TokenSource};
use crate::clock::Clock;
use crate::outbound::{Limits, Outbound, OutboundError, Request};
use crate::values::{AppId, Secret, SecretError, TenantId};

/// How long before its end a token is no longer used.
const EXPIRY_MARGIN: TimeDelta = TimeDelta::minutes(5);
/// How long a failure is answered again without asking the endpoint.
const COOL_DOWN: TimeDelta = TimeDelta::seconds(5);
/// The longest wait for one answer.
const CALL_TIMEOUT: Duration = Duration::from_secs(20);

/// Where tokens are asked for, and with what.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// `tenant.endpoints.login`, for example `https://login.microsoftonline.com`.
    pub login: Url,
    /// The external tenant.
    pub tenant: TenantId,
    /// The app registration that reads the audit log (`graph.client_id`).
    pub client_id: AppId,
    /// The secret, or why there is none, which is reported when a token is asked for.
    pub secret: Result<Secret, SecretError>,
    /// The OAuth scope: `{graph}/.default`.
    pub scope: String,
}

/// Gets tokens for a client secret, and keeps the last one. There is one per credential.
pub(crate) struct ClientSecretTokens {
    settings: Settings,
    outbound: Outbound,
    clock: Arc<dyn Clock>,
    /// The last token and the last failure. The lock is never held while waiting.
    state: Mutex<State>,
    /// Held by the one task that asks the endpoint.
    asking: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    token: Option<(Arc<Secret>, DateTime<Utc>)>,
    failure: Option<(CredentialError, DateTime<Utc>)>,
}

impl ClientSecretTokens {
    /// A source that has no token yet.
    #[must_use]
    pub(crate) fn new(settings: Settings, outbound: Outbound, clock: Arc<dyn Clock>) -> Self {
        Self { settings, outbound, clock, state: Mutex::default(), asking: tokio::sync::Mutex::default() }
    }

    fn with_state<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The token or the recent failure that is still good at `now`.
    fn cached(&self, now: DateTime<Utc>) -> Option<Result<Arc<Secret>, CredentialError>> {
        self.with_state(|state| {
            if let Some((token, _)) = state.token.as_ref().filter(|(_, until)| now < *until) {
                return Some(Ok(Arc::clone(token)));
            }
            let recent = state.failure.as_ref().filter(|(_, until)| now < *until);
            recent.map(|(failure, _)| Err(failure.clone()))
        })
    }

    async fn get(&self, end: Instant) -> Result<Arc<Secret>, CredentialError> {
        if let Some(cached) = self.cached(self.clock.now()) {
            return cached;
        }
        let late = |_| CredentialError::NoAnswer(Arc::new(self.timed_out()));
        let _asking = tokio::time::timeout_at(end, self.asking.lock()).await.map_err(late)?;
        let now = self.clock.now();
        if let Some(cached) = self.cached(now) {
            return cached;
        }
        let outcome = self.ask(end).await;
        self.with_state(|state| match &outcome {
            Ok((token, lifetime)) => {
                state.token = Some((Arc::clone(token), now + *lifetime - EXPIRY_MARGIN));
                state.failure = None;
            }
            Err(error) => state.failure = Some((error.clone(), now + COOL_DOWN)),
        });
        outcome.map(|(token, _)| token)
    }

    /// Asks for a token. If the answer has none, asks once more.
    async fn ask(&self, end: Instant) -> Result<(Arc<Secret>, TimeDelta), CredentialError> {
        let outcome = match self.ask_once(end).await {
            Err(CredentialError::NoToken { .. }) => self.ask_once(end).await,
            outcome => outcome,
        };
        outcome.map(|(token, lifetime)| (Arc::new(token), lifetime))
    }

    async fn ask_once(&self, end: Instant) -> Result<(Secret, TimeDelta), CredentialError> {
        let secret = self.settings.secret.as_ref().map_err(|error| CredentialError::SecretMissing(error.clone()))?;
        let request = Request::new(Method::POST, self.endpoint()).form(&[
            ("grant_type", "client_credentials"),
            ("client_id", self.settings.client_id.as_str()),
            ("scope", &self.settings.scope),
            ("client_secret", secret.expose()),
        ]);
        let left = end.saturating_duration_since(Instant::now());
        let limits = Limits { time: CALL_TIMEOUT.min(left), body: 256 * 1024 };
        let no_answer = |source| CredentialError::NoAnswer(Arc::new(source));
        let answer = self.outbound.send(request, limits).await.map_err(no_answer)?;
        answer::read(&answer, &self.settings.client_id)
    }

    fn endpoint(&self) -> Url {
        let mut url = self.settings.login.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend([self.settings.tenant.as_str(), "oauth2", "v2.0", "token"]);
        }
        url
    }

    fn timed_out(&self) -> OutboundError {
        let host = self.settings.login.host_str().unwrap_or_default().to_owned();
        OutboundError::TimedOut { host, limit: CALL_TIMEOUT }
    }
}

impl TokenSource for ClientSecretTokens {
    fn token(&self, end: Instant) -> BoxFuture<'_, Result<Arc<Secret>, CredentialError>> {
        Box::pin(self.get(end))
    }

    fn invalidate(&self, refused: &Arc<Secret>) {
        self.with_state(|state| {
            if state.token.as_ref().is_some_and(|(token, _)| Arc::ptr_eq(token, refused)) {
                state.token = None;
            }
        });
    }
}

impl fmt::Debug for ClientSecretTokens {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("ClientSecretTokens").field("settings", &self.settings).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
