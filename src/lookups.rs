//! Values asked from outside for the form: `[[lookups]]`, each one HTTP call and the members of its JSON answer.
//!
//! A look-up only ever adds a value to a form, so nothing waits for it and nothing fails with it. All look-ups of a policy
//! are asked at once, each within its own budget and never beyond the hook's deadline, and none is tried again. When the
//! other side is slow or absent, answers with an error or a redirect, or lies (too much, no JSON, another shape than
//! expected), nothing is filled in from it and one WARN line names the look-up and the reason. That it knows nobody of
//! that address (404, or an empty 204) is in order. A panic counts as a failure.
//!
//! What strangers typed reaches the other side as a value only (see `request`), and the connection reaches public
//! addresses only, unless the configuration names the host. No proxy is used: a proxy would resolve names by itself.
//!
//! Answers are remembered for as long as the look-up says, in this process, those that know nobody too; failures are not.
//! Two hooks that ask the same at the same moment make two calls: sharing one would let the shorter budget of one cut
//! off the other, and calls are rare enough.

mod answer;
mod cache;
mod context;
mod error;
mod lookup;
mod request;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use reqwest::header::{HeaderName, HeaderValue};

use crate::outbound::{Outbound, OutboundError};
use crate::values::{App, AttributeName, AttributeValues, Deadline, EmailAddress, Invitation, Secret, SecretError};
use lookup::Lookup;

pub use answer::{InvalidPointer, Pointer};
pub use error::LookupError;
pub use request::{BodyTemplate, InvalidRequest, UrlTemplate};

/// How a look-up asks.
#[derive(Debug, Clone)]
pub enum Method {
    /// By the address alone.
    Get,
    /// With a body, or without one.
    Post(Option<BodyTemplate>),
}

/// What a header says.
#[derive(Debug, Clone)]
pub enum Header {
    /// The same to everybody.
    Text(HeaderValue),
    /// A secret, or why there is none: reported when it is needed.
    Secret(Result<Secret, SecretError>),
}

/// One look-up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Its name, by which policies ask for it.
    pub name: Arc<str>,
    /// The address.
    pub url: UrlTemplate,
    /// How it asks.
    pub method: Method,
    /// Headers of its own, each once.
    pub headers: Vec<(HeaderName, Header)>,
    /// Which attribute takes what of the answer.
    pub prefill: Vec<(AttributeName, Pointer)>,
    /// How long an answer is waited for.
    pub budget: Duration,
    /// How long an answer is remembered; zero: not at all.
    pub cache: Duration,
    /// The largest answer, in bytes.
    pub max_body: usize,
    /// Whether its host may be at an address that is not public.
    pub private: bool,
}

/// Whom it is asked about.
#[derive(Debug, Clone, Copy)]
pub struct LookupSubject<'a> {
    /// The person's address.
    pub address: &'a EmailAddress,
    /// The app they sign up to.
    pub app: &'a App,
    /// The invitation that admits them.
    pub invitation: Option<&'a Invitation>,
    /// The language they see, possibly empty.
    pub locale: &'a str,
}

/// What came of one look-up.
#[derive(Debug)]
pub enum LookupOutcome {
    /// It answered, and was heard out.
    Answered,
    /// Its answer was remembered.
    Remembered,
    /// It knows nobody of that address.
    NotFound,
    /// Nothing came of it; a line was written.
    Failed(LookupError),
}

impl LookupOutcome {
    /// A word for logs and metrics: `answered`, `remembered`, `knows-nobody`, or the reason of the failure.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Remembered => "remembered",
            Self::NotFound => "knows-nobody",
            Self::Failed(error) => error.reason(),
        }
    }
}

/// One look-up that was asked.
#[derive(Debug)]
pub struct LookupReport {
    /// Its name.
    pub lookup: Arc<str>,
    /// What came of it.
    pub outcome: LookupOutcome,
    /// How long it took.
    pub duration: Duration,
}

/// What was found in all.
#[derive(Debug, Default)]
pub struct LookupResults {
    /// The values for the form. None is empty; where two look-ups have one, the earlier in the list counts.
    pub values: AttributeValues,
    /// Every look-up, in the order of the list.
    pub reports: Vec<LookupReport>,
}

/// All look-ups of the configuration.
#[derive(Debug, Default)]
pub struct Lookups {
    all: Vec<Lookup>,
}

impl Lookups {
    /// Takes the settings; if there are any, sets up a client that calls public addresses only. Calls nobody.
    pub fn try_new(settings: Vec<Settings>, outbound: &Outbound) -> Result<Self, OutboundError> {
        if settings.is_empty() {
            return Ok(Self::default());
        }
        let (anywhere, public_only) = (outbound.without_proxy(), outbound.public_only()?);
        let client = |settings: &Settings| if settings.private { &anywhere } else { &public_only };
        let all = settings.into_iter().map(|settings| Lookup::new(client(&settings).clone(), settings)).collect();
        Ok(Self { all })
    }

    /// Asks the named look-ups, all at once. Comes back by `end` at the latest, and never fails.
    pub async fn ask(&self, names: &[Arc<str>], subject: &LookupSubject<'_>, end: Deadline) -> LookupResults {
        let answers = join_all(names.iter().map(|name| async move {
            match self.all.iter().find(|lookup| lookup.name() == name) {
                Some(lookup) => lookup.ask(subject, end).await,
                None => lookup::report(name, Duration::ZERO, Err(LookupError::Unknown)),
            }
        }))
        .await;
        let mut results = LookupResults::default();
        for (report, values) in answers {
            results.reports.push(report);
            for (name, value) in values.iter() {
                if !results.values.keys().any(|known| known.is(name.as_str())) {
                    results.values.insert(name.clone(), value.clone());
                }
            }
        }
        results
    }
}

#[cfg(test)]
mod tests;
