//! The HTTP client: requests, answers, their limits, and the errors.

use std::error::Error;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{ClientBuilder, Method, StatusCode};
use serde::de::DeserializeOwned;
use tokio::time::Instant;
use url::{Host, Url};

use super::address::{NotPublic, PublicOnly, is_public};
use super::disposition::{Disposition, classify_status, retry_after};
use crate::clock::Clock;

/// How long a call may take in all, and how large its answer may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// From the connection to the last byte of the answer.
    pub time: Duration,
    /// Bytes of the answer's body.
    pub body: usize,
}

impl Default for Limits {
    /// 30 seconds, 8 MiB.
    fn default() -> Self {
        Self { time: Duration::from_secs(30), body: 8 * 1024 * 1024 }
    }
}

/// One request, complete: it can be sent again as it is.
#[derive(Clone)]
pub(crate) struct Request {
    pub method: Method,
    /// The address: https, or http on loopback.
    pub url: Url,
    /// The headers. Those that carry secrets must be marked sensitive.
    pub headers: HeaderMap,
    /// The body's bytes; its type is a header.
    pub body: Option<Vec<u8>>,
}

impl Request {
    /// A request without headers and body.
    #[must_use]
    pub(crate) fn new(method: Method, url: Url) -> Self {
        Self { method, url, headers: HeaderMap::new(), body: None }
    }

    /// Adds `Authorization`, marked as sensitive.
    pub(crate) fn authorization(mut self, value: &str) -> Result<Self, OutboundError> {
        let mut value = HeaderValue::from_str(value).map_err(|_| OutboundError::UnusableCredential)?;
        value.set_sensitive(true);
        self.headers.insert(reqwest::header::AUTHORIZATION, value);
        Ok(self)
    }

    /// Adds a header; a name or value that HTTP does not allow is left out.
    #[must_use]
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    /// Sets a JSON body.
    #[must_use]
    pub(crate) fn json(mut self, body: &serde_json::Value) -> Self {
        self.body = Some(body.to_string().into_bytes());
        self.header("content-type", "application/json")
    }

    /// Sets a form body.
    #[must_use]
    pub(crate) fn form(mut self, fields: &[(&str, &str)]) -> Self {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.body = Some(body.into_bytes());
        self.header("content-type", "application/x-www-form-urlencoded")
    }
}

/// An answer, whatever its status.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub status: StatusCode,
    /// The body, complete.
    pub body: Vec<u8>,
    /// What `Retry-After` asks for, measured from the answer's arrival.
    pub retry_after: Option<Duration>,
}

impl Answer {
    /// Whether the status is 2xx.
    #[must_use]
    pub(crate) fn is_success(&self) -> bool {
        self.status.is_success()
    }

    /// The verdict on the status alone. The caller has to check by the body first that the service itself answered.
    #[must_use]
    pub(crate) fn disposition(&self) -> Disposition {
        classify_status(self.status, self.retry_after)
    }

    /// What `Retry-After` asks for, if the status is one that it is meant for: 429 or 503. Nothing else is trusted of
    /// an answer that the service did not write itself.
    #[must_use]
    pub(crate) fn retry_after_if_throttled(&self) -> Option<Duration> {
        let throttled = [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE].contains(&self.status);
        self.retry_after.filter(|_| throttled)
    }

    /// The body as JSON of the type wanted.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, OutboundError> {
        let (line, column) = match serde_json::from_slice(&self.body) {
            Ok(value) => return Ok(value),
            // The error itself may quote what was sent: a token, an address.
            Err(error) => (error.line(), error.column()),
        };
        Err(OutboundError::NotJson { status: self.status, line, column })
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// Neither https nor loopback, or no host at all.
    #[error("refusing to call {host}: only https, or http on loopback")]
    NotHttps {
        /// The host.
        host: String,
    },
    /// The host's address, or one of the addresses of its name, is not public, and only public ones may be called.
    #[error("refusing to call {host}: it is not at a public address")]
    NotPublic {
        /// The host.
        host: String,
    },
    /// The credential has characters that no header may carry.
    #[error("the credential cannot be sent in a header")]
    UnusableCredential,
    /// No answer within the limit.
    #[error("no answer from {host} within {limit:?}")]
    TimedOut {
        /// The host.
        host: String,
        /// The limit.
        limit: Duration,
    },
    /// No connection, or it broke.
    #[error("cannot reach {host}")]
    Unreachable {
        /// The host.
        host: String,
        /// The cause, without the address.
        #[source]
        source: reqwest::Error,
    },
    /// The answer is larger than the limit.
    #[error("the answer of {host} is larger than {limit} bytes")]
    TooLarge {
        /// The host.
        host: String,
        /// The limit in bytes.
        limit: usize,
    },
    /// The body is not the JSON expected.
    #[error("an answer with status {status} is not the JSON expected: line {line}, column {column}")]
    NotJson {
        /// The answer's status.
        status: StatusCode,
        /// Where it went wrong, from 1.
        line: usize,
        /// Where in the line, from 1.
        column: usize,
    },
    /// The client cannot be built.
    #[error("cannot set up the HTTP client")]
    Setup(#[source] reqwest::Error),
}

impl OutboundError {
    /// Whether trying again can help.
    #[must_use]
    pub(crate) fn disposition(&self) -> Disposition {
        match self {
            Self::TimedOut { .. } | Self::Unreachable { .. } | Self::NotJson { .. } | Self::TooLarge { .. } => {
                Disposition::Retry { after: None }
            }
            Self::NotHttps { .. } | Self::NotPublic { .. } | Self::UnusableCredential | Self::Setup(_) => {
                Disposition::GiveUp
            }
        }
    }
}

/// Whether `url` may be called: https anywhere, http on loopback only.
#[must_use]
pub(crate) fn is_callable(url: &Url) -> bool {
    match url.scheme() {
        "https" => url.host().is_some(),
        "http" => is_loopback(url),
        _ => false,
    }
}

fn is_loopback(url: &Url) -> bool {
    let name = matches!(url.host(), Some(Host::Domain(name)) if name.eq_ignore_ascii_case("localhost"));
    name || literal_address(url).is_some_and(|address| address.is_loopback())
}

/// The host's address, unless the host is a name.
fn literal_address(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(address.into()),
        Host::Domain(_) => None,
    }
}

/// Whether our resolver refused the name.
fn is_not_public(error: &reqwest::Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if error.is::<NotPublic>() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// What every client has in common.
#[expect(clippy::disallowed_methods, reason = "the one builder")]
fn builder() -> ClientBuilder {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(10))
        .pool_idle_timeout(Duration::from_mins(1))
        .user_agent(concat!("guestlist/", env!("CARGO_PKG_VERSION")))
}

/// The client. Cheap to clone; all clones share the connections.
#[derive(Debug, Clone)]
pub(crate) struct Outbound {
    client: reqwest::Client,
    /// The same without the system's proxy, for loopback.
    local: reqwest::Client,
    /// Whether it connects to public addresses only.
    public_only: bool,
    clock: Arc<dyn Clock>,
}

impl Outbound {
    /// Sets the client up. Reads the system's certificate store and proxy settings, nothing from the network.
    pub(crate) fn try_new(clock: Arc<dyn Clock>) -> Result<Self, OutboundError> {
        let client = builder().build().map_err(OutboundError::Setup)?;
        let local = builder().no_proxy().build().map_err(OutboundError::Setup)?;
        Ok(Self { client, local, public_only: false, clock })
    }

    /// A separate client that connects to public addresses only, whatever a name says at that moment. It uses no proxy:
    /// a proxy would resolve the name itself, and nobody would check the address.
    pub(crate) fn public_only(&self) -> Result<Self, OutboundError> {
        let client = builder().no_proxy().dns_resolver(PublicOnly).build().map_err(OutboundError::Setup)?;
        Ok(Self { local: client.clone(), client, public_only: true, clock: Arc::clone(&self.clock) })
    }

    /// The same client without a proxy.
    #[must_use]
    pub(crate) fn without_proxy(&self) -> Self {
        Self { client: self.local.clone(), ..self.clone() }
    }

    /// Sends a request and reads the whole answer, within the limits. Any status is an answer.
    pub(crate) async fn send(&self, request: Request, limits: Limits) -> Result<Answer, OutboundError> {
        let host = request.url.host_str().unwrap_or_default().to_owned();
        if !is_callable(&request.url) {
            return Err(OutboundError::NotHttps { host });
        }
        // The resolver sees names only.
        if self.public_only && literal_address(&request.url).is_some_and(|address| !is_public(address)) {
            return Err(OutboundError::NotPublic { host });
        }
        let method = request.method.clone();
        let started = Instant::now();
        let outcome = tokio::time::timeout(limits.time, self.exchange(request, limits, &host)).await;
        let outcome =
            outcome.unwrap_or_else(|_| Err(OutboundError::TimedOut { host: host.clone(), limit: limits.time }));
        let status = outcome.as_ref().ok().map(|answer| answer.status.as_u16());
        tracing::debug!(
            event = "outbound",
            method = method.as_str(),
            host,
            status,
            duration_ms = started.elapsed().as_millis()
        );
        outcome
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that sends")]
    async fn exchange(&self, request: Request, limits: Limits, host: &str) -> Result<Answer, OutboundError> {
        let unreachable = |error: reqwest::Error| {
            let host = host.to_owned();
            if is_not_public(&error) {
                return OutboundError::NotPublic { host };
            }
            OutboundError::Unreachable { host, source: error.without_url() }
        };
        let client = if is_loopback(&request.url) { &self.local } else { &self.client };
        let mut builder = client.request(request.method, request.url).headers(request.headers);
        if let Some(body) = request.body {
            builder = builder.body(body);
        }
        let mut response = builder.send().await.map_err(unreachable)?;
        let (status, retry_after) = (response.status(), retry_after(response.headers(), self.clock.now()));
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            if body.len() + chunk.len() > limits.body {
                return Err(OutboundError::TooLarge { host: host.to_owned(), limit: limits.body });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, body, retry_after })
    }
}

#[cfg(test)]
mod tests;
