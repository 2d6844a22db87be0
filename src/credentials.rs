//! Tokens for outbound calls.
//!
//! The caller of Microsoft Graph holds a [`TokenSource`] and does not know where its tokens come from. For now they
//! come from the tenant's token endpoint for a client secret. A certificate or a managed identity can implement the
//! same trait.
//!
//! Invariants: a token is kept until five minutes before its end; only one task asks for a new one while the others
//! wait for its outcome; no error, log line or `Debug` output carries the secret, a token, or the endpoint's answer.
//! When the endpoint is slow, the wait ends when the caller's time ends. When it is absent or refuses, that is
//! remembered for a few seconds, so that a hundred waiting tasks do not ask a hundred times. When it answers without a
//! token or with an impossible lifetime, it is asked once more at once. When something else answers in its place, that
//! is an outage.

mod bearer;
mod client_secret;
mod error;

use std::fmt::Debug;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::time::Instant;

use crate::values::Secret;

pub(crate) use bearer::service_principal;
pub(crate) use client_secret::{ClientSecretTokens, Settings};
pub(crate) use error::CredentialError;

/// Gives out tokens.
pub(crate) trait TokenSource: Debug + Send + Sync {
    /// A token that is valid now. Answers by `end`, with an error if there is none by then.
    fn token(&self, end: Instant) -> BoxFuture<'_, Result<Arc<Secret>, CredentialError>>;

    /// Forgets this token, because it was refused: the next call asks for a new one.
    fn invalidate(&self, refused: &Arc<Secret>);
}
