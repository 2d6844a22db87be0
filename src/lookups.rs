//! Values asked from outside for the form: `[[lookups]]`, each one HTTP call and the members of its JSON answer.
//!
//! A look-up only adds values to a form, so its failure never fails a hook. All look-ups of a policy are asked at once,
//! each within its own budget and the hook's deadline. None is repeated. If the other side is slow or absent, answers
//! with an error or a redirect, or sends what cannot be used (too much, no JSON, an unexpected shape), the look-up
//! fills in nothing, and one WARN line names it and the reason. A panic counts as a failure, too. If the other side
//! knows nobody with that address (404, or an empty 204), that is not a failure.
//!
//! What people typed is sent as a value only, never as a part of the address or the JSON (see `request`). The
//! connection goes to public addresses only, unless the configuration names the host. No proxy is used, since a proxy
//! would resolve names by itself.
//!
//! Answers are cached in this process for as long as the look-up says, also those that know nobody; failures are not.
//! Two hooks that ask the same at the same moment make two calls. If they shared one, the shorter budget would end it
//! for both, and calls are rare enough.

mod answer;
mod cache;
mod context;
mod error;
mod invalid_request;
mod lookup;
mod request;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use reqwest::header::{HeaderName, HeaderValue};

use self::cache::CachedValues;
use crate::outbound::{Outbound, OutboundError};
use crate::values::{App, AttributeName, AttributeValues, Deadline, EmailAddress, Invitation, Secret, SecretError};
use lookup::Lookup;

pub(crate) use answer::Pointer;
pub(crate) use error::LookupError;
pub(crate) use invalid_request::InvalidRequest;
pub(crate) use request::{BodyTemplate, UrlTemplate};

/// The HTTP method of a look-up.
#[derive(Debug, Clone)]
pub(crate) enum MethodAndBody {
    /// Everything is in the address.
    Get,
    /// With a body, or without one.
    Post(Option<BodyTemplate>),
}

/// The value of a header.
#[derive(Debug, Clone)]
pub(crate) enum LookupHeader {
    /// A text that need not be kept secret.
    Text(HeaderValue),
    /// A secret, or why it is missing, which is reported when it is needed.
    Secret(Result<Secret, SecretError>),
}

/// One look-up.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// Its name, by which policies ask for it.
    pub name: Arc<str>,
    pub url: UrlTemplate,
    /// The HTTP method, with the body.
    pub method: MethodAndBody,
    /// The headers that the configuration adds, each once.
    pub headers: Vec<(HeaderName, LookupHeader)>,
    /// The attributes that are filled, each with the place of its value in the answer.
    pub prefill: Vec<(AttributeName, Pointer)>,
    /// How long an answer is waited for.
    pub budget: Duration,
    /// How long an answer is cached; zero: not at all.
    pub cache: Duration,
    /// The largest answer, in bytes.
    pub max_body: usize,
    /// Whether the host may have an address that is not public.
    pub private: bool,
}

/// The person whom look-ups are asked about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LookupSubject<'a> {
    /// The person's address.
    pub address: &'a EmailAddress,
    /// The app they sign up to.
    pub app: &'a App,
    /// The invitation that admits them.
    pub invitation: Option<&'a Invitation>,
    /// The language they see, possibly empty.
    pub locale: &'a str,
}

/// How a look-up ended.
#[derive(Debug)]
pub(crate) enum LookupOutcome {
    /// The answer was read completely.
    Answered,
    /// The answer was in the cache.
    FromCache,
    /// The other side knows nobody with that address.
    NotFound,
    /// It failed; the log has a line about it.
    Failed(LookupError),
}

impl LookupOutcome {
    /// A word for logs and metrics: `answered`, `remembered`, `knows-nobody`, or the reason of the failure.
    #[must_use]
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::FromCache => "remembered",
            Self::NotFound => "knows-nobody",
            Self::Failed(error) => error.reason(),
        }
    }
}

/// All look-ups of the configuration.
#[derive(Debug, Default)]
pub(crate) struct Lookups {
    lookups: Vec<Lookup>,
}

impl Lookups {
    /// The look-ups of these settings, with a client that calls public addresses only. Nothing is called yet.
    pub(crate) fn try_new(settings: Vec<Settings>, outbound: &Outbound) -> Result<Self, OutboundError> {
        if settings.is_empty() {
            return Ok(Self::default());
        }
        let (anywhere, public_only) = (outbound.without_proxy(), outbound.public_only()?);
        let client = |settings: &Settings| if settings.private { &anywhere } else { &public_only };
        let lookups = settings.into_iter().map(|settings| Lookup::new(client(&settings).clone(), settings)).collect();
        Ok(Self { lookups })
    }

    /// Asks the named look-ups, all at once, for the values of the form; none of them is empty. If two look-ups have
    /// the same attribute, the earlier in the list counts. Returns by `end` at the latest, and never fails.
    pub(crate) async fn ask(&self, names: &[Arc<str>], subject: &LookupSubject<'_>, end: Deadline) -> AttributeValues {
        merge(&self.ask_each(names, subject, end).await)
    }

    /// How each look-up ended, and its values, in the order of the list.
    async fn ask_each(
        &self,
        names: &[Arc<str>],
        subject: &LookupSubject<'_>,
        end: Deadline,
    ) -> Vec<(LookupOutcome, CachedValues)> {
        join_all(names.iter().map(|name| async move {
            match self.lookups.iter().find(|lookup| lookup.name() == name) {
                Some(lookup) => lookup.ask(subject, end).await,
                None => lookup::log_outcome(name, Duration::ZERO, Err(LookupError::Unknown)),
            }
        }))
        .await
    }
}

/// The values of all look-ups. If two have the same attribute, the earlier one counts.
fn merge(answers: &[(LookupOutcome, CachedValues)]) -> AttributeValues {
    let mut merged = AttributeValues::new();
    for (name, value) in answers.iter().flat_map(|(_, values)| values.iter()) {
        if !merged.keys().any(|known| known.is(name.as_str())) {
            merged.insert(name.clone(), value.clone());
        }
    }
    merged
}

#[cfg(test)]
mod tests;
