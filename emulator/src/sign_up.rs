//! Entra's side of a sign-up: it calls the hooks as Entra does, and knows what their answers mean for the person.
//!
//! Start and Submit of a sign-up have different correlation ids, unless [`Entra::same_correlation_id`] is chosen. Which
//! of both Entra does is not documented, so nobody may rely on one id. Each call has a limit of two seconds, and one
//! retry with the same correlation id. Which failures Entra retries is not documented either. Here these are: no answer
//! in time, 429, and 5xx. An answer that Entra would not accept becomes the error that an administrator would find.

pub mod answer;
mod call;
mod error;
mod event;
mod event_body;
mod flow;
mod form;
mod person;

use std::sync::Arc;
use std::time::Duration;

pub use answer::{Accepted, Action, RawAnswer};
pub use call::{Attempt, Exchange};
pub use error::ExtensionError;
pub use event::Event;
pub use event_body::{App, SignUp};
pub use flow::{Flow, Outcome};
pub use form::{Edit, EmptyFields, Field, Form, Kind, attribute, edit};
pub use person::Person;

use crate::Tenant;
use crate::shared::{loopback_client, new_id};
use crate::tenant::TenantState;

/// The addresses of the hooks.
#[derive(Clone, Debug)]
pub struct Hooks {
    /// The target URL of the extension for `OnAttributeCollectionStart`.
    pub start: String,
    /// The target URL of the extension for `OnAttributeCollectionSubmit`.
    pub submit: String,
}

impl Hooks {
    /// Both hooks under `{base}/api/`.
    #[must_use]
    pub fn under(base: &str) -> Self {
        Self {
            start: format!("{base}/api/OnAttributeCollectionStart"),
            submit: format!("{base}/api/OnAttributeCollectionSubmit"),
        }
    }
}

/// Entra, with the addresses of its hooks.
#[derive(Debug)]
pub struct Entra {
    tenant: Arc<TenantState>,
    hooks: Hooks,
    client: reqwest::Client,
    time_limit: Duration,
    retries: usize,
    same_correlation_id: bool,
}

impl Entra {
    /// Entra for this tenant, with the largest limits that it allows: two seconds and one retry.
    pub fn new(tenant: &Tenant, hooks: Hooks) -> reqwest::Result<Self> {
        Ok(Self {
            tenant: tenant.shared(),
            hooks,
            client: loopback_client()?,
            time_limit: Duration::from_secs(2),
            retries: 1,
            same_correlation_id: false,
        })
    }

    /// With another `timeoutInMilliseconds`.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// With another `maximumRetries`.
    #[must_use]
    pub fn retries(mut self, retries: usize) -> Self {
        self.retries = retries;
        self
    }

    /// With one correlation id for both events of a sign-up.
    #[must_use]
    pub fn same_correlation_id(mut self) -> Self {
        self.same_correlation_id = true;
        self
    }

    /// A sign-up of `person` to `app`, with the form that they will see.
    #[must_use]
    pub fn begin(&self, person: Person, app: App, form: Form) -> SignUp {
        let mut sign_up = SignUp::new(&self.tenant.options, person, app, form);
        sign_up.submit_correlation_id = (!self.same_correlation_id).then(new_id);
        sign_up
    }
}
