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
const MARGIN: TimeDelta = TimeDelta::minutes(5);
/// How long a failure is answered again without asking the endpoint.
const COOL_DOWN: TimeDelta = TimeDelta::seconds(5);
/// The longest wait for one answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is sent to the token endpoint.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// `tenant.endpoints.login`, for example `https://login.microsoftonline.com`.
    pub login: Url,
    /// The external tenant.
    pub tenant: TenantId,
    /// The app registration that reads the audit log (`graph.client_id`).
    pub client_id: AppId,
    /// Its secret, or why there is none: reported when a token is asked for, not before.
    pub secret: Result<Secret, SecretError>,
    /// What the token is for: `{graph}/.default`.
    pub scope: String,
}

/// The token source. One per credential.
pub(crate) struct ClientSecret {
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

impl ClientSecret {
    /// A source that has no token yet.
    #[must_use]
    pub(crate) fn new(settings: Settings, outbound: Outbound, clock: Arc<dyn Clock>) -> Self {
        Self { settings, outbound, clock, state: Mutex::default(), asking: tokio::sync::Mutex::default() }
    }

    fn with_state<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The token or the fresh failure that is known at `now`.
    fn known(&self, now: DateTime<Utc>) -> Option<Result<Arc<Secret>, CredentialError>> {
        self.with_state(|state| {
            if let Some((token, _)) = state.token.as_ref().filter(|(_, until)| now < *until) {
                return Some(Ok(Arc::clone(token)));
            }
            let fresh = state.failure.as_ref().filter(|(_, until)| now < *until);
            fresh.map(|(failure, _)| Err(failure.clone()))
        })
    }

    async fn get(&self, end: Instant) -> Result<Arc<Secret>, CredentialError> {
        if let Some(known) = self.known(self.clock.now()) {
            return known;
        }
        let late = |_| CredentialError::NoAnswer(Arc::new(self.timed_out()));
        let _asking = tokio::time::timeout_at(end, self.asking.lock()).await.map_err(late)?;
        let now = self.clock.now();
        if let Some(known) = self.known(now) {
            return known;
        }
        let outcome = self.ask(end).await;
        self.with_state(|state| match &outcome {
            Ok((token, lifetime)) => {
                state.token = Some((Arc::clone(token), now + *lifetime - MARGIN));
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
        let limits = Limits { time: PATIENCE.min(left), body: 256 * 1024 };
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
        OutboundError::TimedOut { host, limit: PATIENCE }
    }
}

impl TokenSource for ClientSecret {
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

impl fmt::Debug for ClientSecret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("ClientSecret").field("settings", &self.settings).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
