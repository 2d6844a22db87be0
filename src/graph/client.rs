//! The HTTP calls to Microsoft Graph. Each carries a token and a request id, and is repeated if that can help.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use reqwest::Method;
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use super::audit::{self, AuditPage, PageRequest};
use super::endpoint::endpoint;
use super::user::{PROPERTIES, User};
use super::{Directory, Extensions, GraphError, Operation, UserFields, answer};
use crate::credentials::{TokenSource, service_principal};
use crate::outbound::{Answer, Limits, Outbound, Request, RetryPolicy, with_retries};
use crate::values::ObjectId;

/// How often one call is made at most, repetitions included.
const ATTEMPTS: u32 = 5;
/// The longest wait for one answer.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);
/// The longest answer that is read, in bytes; an audit page of a thousand records is far below this.
const MAX_BODY: usize = 32 * 1024 * 1024;

/// How Graph is reached.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// `tenant.endpoints.graph`, for example `https://graph.microsoft.com`.
    pub base: Url,
    /// The custom attributes to be read with a user; `None` if the tenant's extension app is not configured.
    pub extensions: Option<Extensions>,
}

/// The client of Microsoft Graph. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Graph {
    settings: Arc<Settings>,
    outbound: Outbound,
    tokens: Arc<dyn TokenSource>,
    pause: Duration,
}

impl Graph {
    /// A client. Nothing is called yet.
    #[must_use]
    pub(crate) fn new(settings: Settings, outbound: Outbound, tokens: Arc<dyn TokenSource>) -> Self {
        Self { settings: Arc::new(settings), outbound, tokens, pause: Duration::from_secs(1) }
    }

    /// The same with another pause before the first repetition of a call (one second otherwise).
    #[cfg(test)]
    #[must_use]
    pub(crate) fn with_retry_pause(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    /// Makes a call and repeats it until its answer can be read, it fails for good, or `end` is near. `parse` reads the
    /// body of a success, or says what is wrong with it.
    async fn call<T>(
        &self,
        operation: Operation,
        request: &Request,
        end: Instant,
        parse: impl Fn(&Answer) -> Result<T, &'static str> + Sync,
    ) -> Result<T, GraphError> {
        let policy = RetryPolicy { attempts: ATTEMPTS, pause: self.pause, until: end };
        let attempt = || async { answer::read(operation, &self.attempt(request, end).await?, &parse) };
        with_retries(policy, GraphError::repeat_disposition, attempt).await
    }

    /// Makes one attempt. If the token is refused, a fresh one is tried, once.
    async fn attempt(&self, request: &Request, end: Instant) -> Result<Answer, GraphError> {
        let answer = self.send(request, end).await?;
        if answer::refuses_token(&answer) { self.send(request, end).await } else { Ok(answer) }
    }

    /// Sends the request with the present token; forgets the token if it is refused.
    async fn send(&self, request: &Request, end: Instant) -> Result<Answer, GraphError> {
        let token = self.tokens.token(end).await.map_err(GraphError::Token)?;
        let request = request.clone().header("client-request-id", &uuid::Uuid::new_v4().to_string());
        let request = request.authorization(&format!("Bearer {}", token.expose())).map_err(GraphError::NoAnswer)?;
        let time = CALL_TIMEOUT.min(end.saturating_duration_since(Instant::now()));
        let answer =
            self.outbound.send(request, Limits { time, body: MAX_BODY }).await.map_err(GraphError::NoAnswer)?;
        if answer::refuses_token(&answer) {
            self.tokens.invalidate(&token);
        }
        Ok(answer)
    }

    async fn read_own_service_principal(&self, end: Instant) -> Result<Option<ObjectId>, GraphError> {
        let token = self.tokens.token(end).await.map_err(GraphError::Token)?;
        Ok(service_principal(&token))
    }

    async fn read_audit_page(&self, page: &PageRequest, end: Instant) -> Result<AuditPage, GraphError> {
        let base = &self.settings.base;
        let (url, number) = match page {
            PageRequest::First(window) => (audit::first_page_url(base, *window), 1),
            PageRequest::Next { link, number } => (audit::next_page_url(base, link, *number)?, *number),
        };
        let request = Request::new(Method::GET, url).header("accept", "application/json");
        let parse = |answer: &Answer| audit::parse_page(&answer::json(answer)?, number);
        self.call(Operation::ReadAuditLog, &request, end, parse).await
    }

    async fn read_user(&self, id: &ObjectId, end: Instant) -> Result<User, GraphError> {
        let extensions = &self.settings.extensions;
        let custom = extensions.iter().flat_map(|ext| ext.names.iter().map(|name| ext.property(name)));
        let select: Vec<String> = PROPERTIES.iter().map(|name| (*name).to_owned()).chain(custom).collect();
        let mut url = endpoint(&self.settings.base, &["users", id.as_str()]);
        url.set_query(Some(&format!("$select={}", select.join(","))));
        let request = Request::new(Method::GET, url).header("accept", "application/json");
        let parse = |answer: &Answer| User::try_new(id, answer::json(answer)?, extensions.clone());
        self.call(Operation::ReadUser, &request, end, parse).await
    }

    async fn patch_user(&self, id: &ObjectId, fields: &UserFields, end: Instant) -> Result<(), GraphError> {
        let url = endpoint(&self.settings.base, &["users", id.as_str()]);
        let request = Request::new(Method::PATCH, url).json(&Value::Object(fields.clone()));
        self.call(Operation::UpdateUser, &request, end, |_| Ok(())).await
    }
}

impl Directory for Graph {
    fn own_service_principal(&self, end: Instant) -> BoxFuture<'_, Result<Option<ObjectId>, GraphError>> {
        Box::pin(self.read_own_service_principal(end))
    }

    fn audit_page<'a>(&'a self, page: &'a PageRequest, end: Instant) -> BoxFuture<'a, Result<AuditPage, GraphError>> {
        Box::pin(self.read_audit_page(page, end))
    }

    fn user<'a>(&'a self, id: &'a ObjectId, end: Instant) -> BoxFuture<'a, Result<User, GraphError>> {
        Box::pin(self.read_user(id, end))
    }

    fn update_user<'a>(
        &'a self,
        id: &'a ObjectId,
        fields: &'a UserFields,
        end: Instant,
    ) -> BoxFuture<'a, Result<(), GraphError>> {
        Box::pin(self.patch_user(id, fields, end))
    }
}

#[cfg(test)]
mod tests;
