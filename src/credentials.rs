//! Tokens for outbound calls.
//!
//! Whoever calls Microsoft Graph holds a [`TokenSource`] and knows nothing of where its tokens come from. For now they
//! come from the tenant's token endpoint for a client secret; a certificate or a managed identity fits behind the same
//! trait.
//!
//! Invariants: a token is kept until five minutes before its end; only one task asks for a new one while the others wait
//! for its outcome; no error, log line or `Debug` output carries the secret, a token, or the endpoint's answer.
//! When the endpoint is slow, the wait ends with the caller's; when it is absent or refuses, that is remembered for a
//! few seconds so that a hundred waiting tasks do not ask a hundred times; when it lies (no token, no lifetime
//! that can be true), it is asked once more at once; when something else answers in its place, that is an outage.

mod bearer;
mod client_secret;
mod error;

use std::fmt::Debug;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::time::Instant;

use crate::values::Secret;

pub use bearer::service_principal;
pub use client_secret::{ClientSecret, Settings};
pub use error::CredentialError;

/// Gives out tokens.
pub trait TokenSource: Debug + Send + Sync {
    /// A token that is valid now, had by `end` at the latest.
    fn token(&self, end: Instant) -> BoxFuture<'_, Result<Arc<Secret>, CredentialError>>;

    /// Says that this very token was refused: the next one asked for is a new one.
    fn invalidate(&self, refused: &Arc<Secret>);
}
