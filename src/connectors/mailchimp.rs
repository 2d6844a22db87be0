//! Mailchimp: the account becomes a member of an audience.
//!
//! One `PUT` creates or updates the member whose id is the MD5 of the lower-case address. Only `status_if_new` is ever
//! sent, never `status`: somebody who unsubscribed stays unsubscribed. The default is `pending`, Mailchimp's double
//! opt-in. At most five calls are under way at once; the service allows ten connections per account.
//!
//! Specification: Mailchimp Marketing API 3.0, `PUT /lists/{list_id}/members/{subscriber_hash}`.

mod answer;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::BoxFuture;
use md5::{Digest, Md5};
use reqwest::Method;
use serde_json::{Map, Value, json};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::{
    Connector, ConnectorBuilder, ConnectorDependencies, ConnectorError, ConnectorSetupError, Receipt, RenderInput,
    Rendered,
};
use crate::expressions::Template;
use crate::outbound::{Limits, Outbound, Request, RetryPolicy, with_retries};
use crate::values::{ObjectId, Secret, SecretError, hex};
use answer::MemberKey;

/// How many calls may be under way at once.
const MAX_CALLS_AT_ONCE: usize = 5;
/// How often one delivery is tried within a run.
const ATTEMPTS: u32 = 3;
/// The longest wait for one answer.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// The status of a new member. That of an existing member never changes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum StatusIfNew {
    /// Mailchimp asks for a confirmation first.
    #[default]
    Pending,
    /// Receives campaigns at once: only with consent.
    Subscribed,
    /// Receives transactional mail only.
    Transactional,
    /// Is known and receives nothing.
    Unsubscribed,
}

impl StatusIfNew {
    fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Subscribed => "subscribed",
            Self::Transactional => "transactional",
            Self::Unsubscribed => "unsubscribed",
        }
    }
}

/// The settings of one connector: one audience.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub name: String,
    /// The API key, or why there is none, which is reported when the key is needed. Its end (`-us21`) names the data
    /// centre.
    pub api_key: Result<Secret, SecretError>,
    /// The audience's id.
    pub list: String,
    /// An address to call instead of the data centre's, for tests and the emulator.
    pub base_url: Option<Url>,
    pub status_if_new: StatusIfNew,
    /// Merge fields by their tag (`FNAME`); an empty rendering is left out.
    pub merge_fields: BTreeMap<String, Template>,
}

impl ConnectorBuilder for Settings {
    fn build(self: Box<Self>, dependencies: &ConnectorDependencies) -> Result<Arc<dyn Connector>, ConnectorSetupError> {
        Ok(Arc::new(Mailchimp::new(*self, dependencies.outbound.clone())))
    }
}

/// Adds accounts to one audience.
#[derive(Debug)]
pub(crate) struct Mailchimp {
    settings: Settings,
    outbound: Outbound,
    call_permits: Semaphore,
    pause: Duration,
}

impl Mailchimp {
    /// A connector for these settings. Nothing is called yet.
    #[must_use]
    pub(crate) fn new(settings: Settings, outbound: Outbound) -> Self {
        Self { settings, outbound, call_permits: Semaphore::new(MAX_CALLS_AT_ONCE), pause: Duration::from_secs(1) }
    }

    /// Sets the pause before a delivery is repeated. Without it, one second.
    #[cfg(test)]
    #[must_use]
    pub(crate) fn with_retry_pause(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    fn merge_fields(&self, context: &Value) -> Result<Map<String, Value>, ConnectorError> {
        let mut fields = Map::new();
        for (tag, template) in &self.settings.merge_fields {
            let failed = |source| ConnectorError::Template { field: format!("merge_fields.{tag}"), source };
            let text = template.render(context).map_err(failed)?;
            if !text.trim().is_empty() {
                fields.insert(tag.clone(), text.trim().into());
            }
        }
        Ok(fields)
    }

    async fn put(&self, request: &Value, end: Instant) -> Result<Receipt, ConnectorError> {
        let key = self.settings.api_key.as_ref().map_err(|error| ConnectorError::SecretMissing(error.clone()))?;
        let email = request.get("email_address").and_then(Value::as_str);
        let email = email.ok_or(ConnectorError::UnusableRequest { what: "it has no email_address" })?;
        let hash = subscriber_hash(email);
        let member_key = MemberKey { list: &self.settings.list, hash: &hash };
        let mut url = self.base(key)?;
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(["3.0", "lists", member_key.list, "members", member_key.hash]);
        }
        let credential = format!("Basic {}", STANDARD.encode(format!("guestlist:{}", key.expose())));
        let call = Request::new(Method::PUT, url).json(request);
        let call = call.authorization(&credential).map_err(ConnectorError::NoAnswer)?;
        let policy = RetryPolicy { attempts: ATTEMPTS, pause: self.pause, until: end };
        with_retries(policy, ConnectorError::disposition, || self.attempt(&call, member_key, end)).await
    }

    async fn attempt(
        &self,
        call: &Request,
        member_key: MemberKey<'_>,
        end: Instant,
    ) -> Result<Receipt, ConnectorError> {
        let permit = timeout_at(end, self.call_permits.acquire()).await.map_err(|_| ConnectorError::OutOfTime)?;
        let _permit = permit.map_err(|_| ConnectorError::OutOfTime)?;
        let time = CALL_TIMEOUT.min(end.saturating_duration_since(Instant::now()));
        let sent = self.outbound.send(call.clone(), Limits { time, body: 1024 * 1024 }).await;
        answer::read(&sent.map_err(ConnectorError::NoAnswer)?, member_key)
    }

    /// `https://{dc}.api.mailchimp.com`. The data centre becomes part of a host name, so its form is checked.
    fn base(&self, key: &Secret) -> Result<Url, ConnectorError> {
        if let Some(base) = &self.settings.base_url {
            return Ok(base.clone());
        }
        let dc = key.expose().rsplit_once('-').map_or("", |(_, dc)| dc);
        let (letters, digits) = dc.split_at_checked(2).unwrap_or(("", ""));
        let well_formed = letters.bytes().all(|b| b.is_ascii_lowercase())
            && !digits.is_empty()
            && digits.bytes().all(|b| b.is_ascii_digit());
        let base = format!("https://{dc}.api.mailchimp.com").parse().ok().filter(|_| well_formed);
        base.ok_or_else(|| ConnectorError::Setup {
            what: "api_key does not end in a data centre such as -us21; use the whole key".to_owned(),
        })
    }
}

/// A member's id: the MD5 of the address in lower case.
fn subscriber_hash(email: &str) -> String {
    hex(&Md5::digest(email.trim().to_lowercase().as_bytes()))
}

impl Connector for Mailchimp {
    fn name(&self) -> &str {
        &self.settings.name
    }

    fn render(&self, input: &RenderInput<'_>) -> Result<Rendered, ConnectorError> {
        let Some(email) = input.user.email() else {
            return Ok(Rendered::Nothing { reason: "the account has no email address" });
        };
        let mut request = json!({
            "email_address": email.as_given(),
            "status_if_new": self.settings.status_if_new.as_str(),
        });
        let fields = self.merge_fields(input.context)?;
        if let Some(request) = request.as_object_mut().filter(|_| !fields.is_empty()) {
            request.insert("merge_fields".to_owned(), Value::Object(fields));
        }
        Ok(Rendered::Request(request))
    }

    fn deliver<'a>(
        &'a self,
        _id: &'a ObjectId,
        request: &'a Value,
        end: Instant,
    ) -> BoxFuture<'a, Result<Receipt, ConnectorError>> {
        Box::pin(self.put(request, end))
    }
}

#[cfg(test)]
mod tests;
