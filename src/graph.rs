//! The Microsoft Graph client: the audit log's "Add user" records, a user, and changes to a user.
//!
//! It exists so that no other room knows Graph's addresses, paging, throttling and errors. Graph is polled because
//! delta queries and change notifications are not supported in external tenants.
//!
//! Invariants: the bearer token goes to the configured Graph host only, so a next link that names another one is an
//! error; pages are handed over one at a time and their number is bounded; a record that cannot be read is handed
//! over with its id, never silently dropped; nothing personal is in an error, a log line or a `Debug` output.
//!
//! Only answers as Graph documents them are believed: see `graph/answer.rs`.
//!
//! When Graph is slow, a call ends at the `end` that it was given. When Graph is absent or throttles, the call is
//! repeated a few times before `end`, after the wait that Graph asks for. When its answer makes no sense (a page
//! without records, another user than the one asked for), or when something else answers in its place, that counts as
//! an outage.

mod answer;
mod audit;
mod client;
mod endpoint;
mod error;
mod error_body;
mod extensions;
#[cfg(test)]
pub(crate) mod fake;
mod rate_limit;
mod time;
mod user;

use std::fmt::Debug;

use futures_util::future::BoxFuture;
use tokio::time::Instant;

use crate::values::ObjectId;

pub(crate) use audit::{AuditPage, AuditRecord, Initiator, PageRequest, UnreadableRecord, Window};
pub(crate) use client::{Graph, Settings};
pub(crate) use error::{ErrorKind, GraphError, Operation};
pub(crate) use extensions::Extensions;
pub(crate) use rate_limit::PageRateLimit;
pub(crate) use user::{User, context_members};

pub(crate) use crate::outbound::Disposition;

/// New values of a user's fields, by their exact Graph names.
pub(crate) type UserFields = serde_json::Map<String, serde_json::Value>;

/// The users of the tenant and its audit log, as other rooms need them. [`Graph`] is the real one; tests have another.
pub(crate) trait Directory: Debug + Send + Sync {
    /// The object id of our own application's service principal, if our token says it.
    fn own_service_principal(&self, end: Instant) -> BoxFuture<'_, Result<Option<ObjectId>, GraphError>>;

    /// One page of the audit log's "Add user" records, oldest first.
    fn audit_page<'a>(&'a self, page: &'a PageRequest, end: Instant) -> BoxFuture<'a, Result<AuditPage, GraphError>>;

    /// A user with everything that templates and conditions may ask for.
    fn user<'a>(&'a self, id: &'a ObjectId, end: Instant) -> BoxFuture<'a, Result<User, GraphError>>;

    /// Changes these fields of a user and no others.
    fn update_user<'a>(
        &'a self,
        id: &'a ObjectId,
        fields: &'a UserFields,
        end: Instant,
    ) -> BoxFuture<'a, Result<(), GraphError>>;
}
