//! The outside systems that a new account is connected to.
//!
//! Each one is a [`Connector`]. It renders its request once, and delivers exactly that request, again if necessary. If
//! the process is killed between sending and recording, nobody knows whether the request arrived. So every delivery can
//! happen twice, and a connector only upserts or sends requests that are idempotent. The settings of each kind build
//! its connector ([`ConnectorBuilder`]).
//!
//! Invariants: no error, log line or `Debug` output holds anything personal or secret; a missing secret is an error
//! only when it is needed; nothing waits longer than the `end` it was given.
//!
//! If a system is slow, the call fails at that `end`. If it is absent or overloaded, or if something else answers in
//! its place, the delivery is tried again: only the documented answer counts as a delivery, and only the system's own
//! error as a refusal. Each kind decides what a refusal means: the account's values are wrong (give up), nothing is
//! wrong (skip), or the set-up is wrong, and then all accounts wait.

pub(crate) mod mailchimp;
pub(crate) mod profile;

mod error;

use std::fmt::Debug;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::time::Instant;

use crate::graph::{Directory, Extensions, User};
use crate::outbound::Outbound;
use crate::values::ObjectId;

pub(crate) use error::{ConnectorError, ConnectorSetupError};

pub(crate) use crate::outbound::Disposition;

/// The variables of a connector's templates and conditions.
pub(crate) const VARIABLES: [&str; 3] = ["user", "invite", "results"];

/// The values that a request is rendered from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RenderInput<'a> {
    /// The account as the directory has it.
    pub user: &'a User,
    /// The account, the invitation and the results so far, under the names of [`VARIABLES`]. Personal: never logged.
    pub context: &'a Value,
}

/// The request that a connector will send, if any.
#[derive(Clone, PartialEq)]
pub(crate) enum Rendered {
    /// The request. It is stored as it is, and may be personal.
    Request(Value),
    /// Nothing has to be sent.
    Nothing { reason: &'static str },
}

impl Debug for Rendered {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Request(_) => out.write_str("Request(…)"),
            Self::Nothing { reason } => write!(out, "Nothing({reason})"),
        }
    }
}

/// The result of a delivery.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Receipt {
    /// The id that the outside system gave its record; later templates see it as `results.{connector}.id`.
    pub id: Option<String>,
    /// A remark for the record, with nothing personal in it.
    pub note: Option<&'static str>,
}

/// One outside system.
pub(crate) trait Connector: Debug + Send + Sync {
    /// The connector's name in the configuration.
    fn name(&self) -> &str;

    /// Renders the request. Called once for each account; makes no call itself.
    fn render(&self, input: &RenderInput<'_>) -> Result<Rendered, ConnectorError>;

    /// Sends a rendered request. May be called again with the same request, even after a success.
    fn deliver<'a>(
        &'a self,
        id: &'a ObjectId,
        request: &'a Value,
        end: Instant,
    ) -> BoxFuture<'a, Result<Receipt, ConnectorError>>;
}

/// What connectors are built from, in addition to their own settings.
#[derive(Debug)]
pub(crate) struct ConnectorDependencies {
    /// Makes the HTTP calls.
    pub outbound: Outbound,
    /// The directory, for those that read or change the account itself.
    pub directory: Arc<dyn Directory>,
    /// The custom attributes that the directory reads; `None` without the tenant's `b2c-extensions-app`.
    pub extensions: Option<Extensions>,
}

/// The settings of one connector, of any kind. They build it.
pub(crate) trait ConnectorBuilder: Debug + Send + Sync {
    /// Builds the connector. It makes no call yet.
    fn build(self: Box<Self>, dependencies: &ConnectorDependencies) -> Result<Arc<dyn Connector>, ConnectorSetupError>;
}
