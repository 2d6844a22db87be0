//! A list that is read already, and stays as it is: for commands.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::invites::snapshot::Snapshot;
use crate::invites::{InviteError, InviteSource};
use crate::values::{CodeDigest, EmailAddress, EmailMatch, Invitation};

/// The source.
#[derive(Debug)]
pub struct LoadedInvites {
    name: Arc<str>,
    snapshot: Snapshot,
}

impl LoadedInvites {
    /// A list under its source's name.
    #[must_use]
    pub fn new(name: Arc<str>, snapshot: Snapshot) -> Self {
        Self { name, snapshot }
    }
}

impl InviteSource for LoadedInvites {
    fn name(&self) -> &str {
        &self.name
    }

    fn find<'a>(
        &'a self,
        address: &'a EmailAddress,
        how: EmailMatch,
    ) -> BoxFuture<'a, Result<Vec<Invitation>, InviteError>> {
        Box::pin(std::future::ready(Ok(self.snapshot.find(address, how))))
    }

    fn find_code<'a>(&'a self, code: &'a CodeDigest) -> BoxFuture<'a, Result<Vec<Invitation>, InviteError>> {
        Box::pin(std::future::ready(Ok(self.snapshot.find_code(code))))
    }
}
