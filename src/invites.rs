//! Who is invited: the sources that are asked for an address.
//!
//! A source that is slow is waited for until the caller's deadline; one that is absent keeps its last good list, and is
//! an error only while there never was one; what it says is checked line by line, and a bad line is reported and skipped.

pub mod columns;
pub mod csv_reader;
pub mod csv_writer;
pub mod list;
mod look_alikes;
pub mod snapshot;

use std::fmt::Debug;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::values::{CodeDigest, EmailAddress, EmailMatch, Invitation};

/// Why a source cannot be asked.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the invite source {source_name} has no list: {reason}")]
pub struct InviteError {
    /// The source's name.
    pub source_name: Arc<str>,
    /// What went wrong, with the remedy where there is one.
    pub reason: String,
}

/// One place where invitations come from.
pub trait InviteSource: Debug + Send + Sync {
    /// Its name in the configuration.
    fn name(&self) -> &str;

    /// Every invitation that needs no code and whose rule matches the address, in the source's own order, valid or not.
    fn find<'a>(
        &'a self,
        address: &'a EmailAddress,
        how: EmailMatch,
    ) -> BoxFuture<'a, Result<Vec<Invitation>, InviteError>>;

    /// Every invitation with that code, in the source's own order, valid or not.
    fn find_code<'a>(&'a self, code: &'a CodeDigest) -> BoxFuture<'a, Result<Vec<Invitation>, InviteError>>;
}

/// All sources, in the order in which they are asked.
#[derive(Debug, Clone, Default)]
pub struct Invites {
    sources: Vec<Arc<dyn InviteSource>>,
}

impl Invites {
    /// Takes the sources in their order.
    #[must_use]
    pub fn new(sources: Vec<Arc<dyn InviteSource>>) -> Self {
        Self { sources }
    }

    /// Every invitation that matches the address, source by source. One source that cannot be asked fails the whole:
    /// without it nobody knows whether the person is invited.
    pub async fn find(&self, address: &EmailAddress, how: EmailMatch) -> Result<Vec<Invitation>, InviteError> {
        let mut found = Vec::new();
        for source in &self.sources {
            found.extend(source.find(address, how).await?);
        }
        Ok(found)
    }

    /// Every invitation with the code, source by source; a source that cannot be asked fails the whole.
    pub async fn find_code(&self, code: &CodeDigest) -> Result<Vec<Invitation>, InviteError> {
        let mut found = Vec::new();
        for source in &self.sources {
            found.extend(source.find_code(code).await?);
        }
        Ok(found)
    }
}
