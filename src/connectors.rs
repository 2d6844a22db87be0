//! The outside systems that a new account is connected to.
//!
//! Each one is a [`Connector`]: it renders what it will send, once, and delivers just that, as often as it takes. A
//! delivery can always happen twice (a kill between sending and recording cannot be told from success), so a connector
//! only ever upserts or repeats an idempotent request.
//!
//! Invariants: no error, log line or `Debug` output carries anything personal or secret; a missing secret is an error
//! when it is needed, not before; nothing waits past the `end` it was given.
//!
//! A system that is slow ends with that `end`; one that is absent or overloaded is tried again, and so is whatever else
//! answers in its place: only the documented answer is a delivery, only the system's own error a refusal. One that
//! refuses is judged by its own classifier: the account's fault, nobody's (skip), or the set-up's, which blames no account.

pub mod mailchimp;
pub mod profile;

mod error;

use std::fmt::Debug;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::time::Instant;

use crate::graph::{Directory, Extensions, User};
use crate::outbound::Outbound;
use crate::values::ObjectId;

pub use error::{ConnectorError, ConnectorSetupError};

pub use crate::outbound::Disposition;

/// The variables of a connector's templates and conditions.
pub const VARIABLES: [&str; 3] = ["user", "invite", "results"];

/// What a request is rendered from.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The account.
    pub user: &'a User,
    /// The same, the invitation and the results so far, under the names of [`VARIABLES`]. Personal: not to be logged.
    pub context: &'a Value,
}

/// What a connector will send.
#[derive(Clone, PartialEq)]
pub enum Rendered {
    /// This. It is stored as it is, and may be personal.
    Request(Value),
    /// Nothing, and that is in order.
    Nothing {
        /// Why.
        reason: &'static str,
    },
}

impl Debug for Rendered {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Request(_) => out.write_str("Request(…)"),
            Self::Nothing { reason } => write!(out, "Nothing({reason})"),
        }
    }
}

/// What came of a delivery.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Receipt {
    /// The outside system's own id of what now exists there; later templates see it as `results.{connector}.id`.
    pub id: Option<String>,
    /// Something worth recording, without anything personal.
    pub note: Option<&'static str>,
}

/// One outside system.
pub trait Connector: Debug + Send + Sync {
    /// Its name in the configuration.
    fn name(&self) -> &str;

    /// Renders what is to be sent. Called once per account; calls nobody.
    fn render(&self, input: &Input<'_>) -> Result<Rendered, ConnectorError>;

    /// Sends what was rendered. May be called again with the same request, even after it succeeded.
    fn deliver<'a>(
        &'a self,
        id: &'a ObjectId,
        request: &'a Value,
        end: Instant,
    ) -> BoxFuture<'a, Result<Receipt, ConnectorError>>;
}

/// What connectors are built from, beside their own settings.
#[derive(Debug)]
pub struct ConnectorParts {
    /// The way to the outside systems.
    pub outbound: Outbound,
    /// The directory, for those that read or change the account itself.
    pub directory: Arc<dyn Directory>,
    /// The custom attributes that the directory reads; `None` without the tenant's `b2c-extensions-app`.
    pub extensions: Option<Extensions>,
}

/// The settings of one connector, of whatever kind: what builds it.
pub trait ConnectorBuilder: Debug + Send + Sync {
    /// The connector, which has called nobody yet.
    fn build(self: Box<Self>, parts: &ConnectorParts) -> Result<Arc<dyn Connector>, ConnectorSetupError>;
}
