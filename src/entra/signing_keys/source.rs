//! Fetches a key document.

use std::fmt::Debug;
use std::time::Duration;

use futures_util::future::BoxFuture;
use reqwest::{Method, StatusCode};
use url::Url;

use super::key_set::InvalidKeySet;
use crate::outbound::{Limits, Outbound, OutboundError, Request};

/// How long a fetch may take.
pub(super) const FETCH_LIMIT: Duration = Duration::from_secs(10);

/// The limits of a fetch: its time, and the size of the document in bytes.
const LIMITS: Limits = Limits { time: FETCH_LIMIT, body: 1024 * 1024 };

/// Why a document cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    /// The call failed.
    #[error("cannot fetch the signing keys")]
    Outbound(#[from] OutboundError),
    /// The status of the answer is not a success. A redirect is not one.
    #[error("cannot fetch the signing keys: the status is {0}")]
    Status(StatusCode),
    /// The answer came too late.
    #[error("cannot fetch the signing keys in time")]
    TimedOut,
    /// The answer has no keys.
    #[error("cannot read the signing keys")]
    Invalid(#[from] InvalidKeySet),
}

/// Fetches one key document.
pub(crate) trait KeySource: Debug + Send + Sync + 'static {
    /// The name of the source in the log.
    fn name(&self) -> &str;

    /// The document's bytes, as they are now.
    fn fetch(&self) -> BoxFuture<'_, Result<Vec<u8>, SourceError>>;
}

/// Fetches from Entra.
#[derive(Debug)]
pub(super) struct OutboundKeys {
    outbound: Outbound,
    url: Url,
}

impl OutboundKeys {
    pub(super) fn new(outbound: Outbound, url: Url) -> Self {
        Self { outbound, url }
    }
}

impl KeySource for OutboundKeys {
    fn name(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    fn fetch(&self) -> BoxFuture<'_, Result<Vec<u8>, SourceError>> {
        Box::pin(async {
            let request = Request::new(Method::GET, self.url.clone());
            let answer = self.outbound.send(request, LIMITS).await?;
            if answer.is_success() { Ok(answer.body) } else { Err(SourceError::Status(answer.status)) }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use wiremock::matchers::{method, path};
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use super::*;
    use crate::clock::SystemClock;

    async fn fetch(answer: ResponseTemplate) -> Result<Vec<u8>, SourceError> {
        let server = MockServer::start().await;
        Mock::given(method("GET")).and(path("/keys")).respond_with(answer).expect(1).mount(&server).await;
        let outbound = Outbound::try_new(Arc::new(SystemClock)).unwrap();
        OutboundKeys::new(outbound, format!("{}/keys", server.uri()).parse().unwrap()).fetch().await
    }

    #[tokio::test]
    async fn hands_over_the_document() {
        assert_eq!(fetch(ResponseTemplate::new(200).set_body_string("{}")).await.unwrap(), b"{}");
    }

    #[tokio::test]
    async fn does_not_follow_a_redirection() {
        let away = ResponseTemplate::new(302).insert_header("location", "/keys");
        assert!(matches!(fetch(away).await, Err(SourceError::Status(StatusCode::FOUND))));
    }

    #[tokio::test]
    async fn stops_reading_at_a_mebibyte() {
        let large = ResponseTemplate::new(200).set_body_bytes(vec![b' '; 1024 * 1024 + 1]);
        assert!(matches!(fetch(large).await, Err(SourceError::Outbound(OutboundError::TooLarge { .. }))));
    }
}
