//! Who is invited: the sources that are asked for an address.
//!
//! Each one is an [`InviteSource`]; the settings of its kind build it ([`InviteSourceBuilder`]). If a source is slow,
//! the caller waits until its deadline. If a source is absent, it answers from what it read last. That is an error only
//! if it never read anything. Invitations are checked one by one; a bad one is reported and skipped.

pub(crate) mod columns;
mod compact_lines;
pub mod csv_reader;
pub(crate) mod csv_writer;
mod freshness;
mod line;
pub(crate) mod line_problem;
pub(crate) mod list;
mod list_options;
mod look_alikes;
pub mod snapshot;

use std::any::Any;
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::outbound::Outbound;
use crate::values::{AddressRule, CodeDigest, EmailAddress, EmailMatch, Invitation};

pub(crate) use freshness::Freshness;

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
///
/// Some kinds hold their invitations in memory: they say how old these are, and how often they have to be refreshed. A
/// kind that looks each address up anew needs only the first three functions.
pub trait InviteSource: Debug + Send + Sync {
    /// The source's name in the configuration.
    fn name(&self) -> &str;

    /// Every invitation that needs no code and whose rule matches the address, in the source's own order, valid or not.
    fn find<'a>(
        &'a self,
        address: &'a EmailAddress,
        email_match: EmailMatch,
    ) -> BoxFuture<'a, Result<Vec<Invitation>, InviteError>>;

    /// Every invitation with that code, in the source's own order, valid or not.
    fn find_code<'a>(&'a self, code: &'a CodeDigest) -> BoxFuture<'a, Result<Vec<Invitation>, InviteError>>;

    /// Whether it can be asked. It is false only until it can be asked for the first time.
    fn is_ready(&self) -> bool {
        true
    }

    /// How old the invitations in memory are; `None`: this kind holds none.
    fn freshness(&self) -> Option<Freshness> {
        None
    }

    /// Looks once whether the source has changed, and loads the change.
    fn refresh(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }

    /// How long to wait after a refresh before the next one; `None`: this kind holds no invitations in memory.
    fn refresh_pause(&self) -> Option<Duration> {
        None
    }
}

/// The settings of one source, of any kind. They build it.
pub(crate) trait InviteSourceBuilder: Any + Debug + Send + Sync {
    /// The source's name in the configuration.
    fn name(&self) -> &str;

    /// The columns that templates see of its invitations; `None`: they were not known when the configuration was read.
    fn columns(&self) -> Option<&[String]>;

    /// Builds the source. Nothing is loaded or called yet.
    fn build(&self, outbound: &Outbound) -> Arc<dyn InviteSource>;

    /// Reads all invitations of the source now, for a command. `None`: this kind holds none in memory.
    fn load(&self) -> Option<Result<LoadedSource, LoadError>> {
        None
    }
}

/// A source as it was when a command read it.
#[derive(Debug)]
pub(crate) struct LoadedSource {
    /// The source. It answers from what was read, and is never refreshed.
    pub source: Arc<dyn InviteSource>,
    /// Where its invitations are, such as a file.
    pub place: String,
    /// How many invitations it holds. Each is a line.
    pub invitations: usize,
    /// What is wrong with some of its lines. Problems that the configuration already reports are left out.
    pub problems: Vec<SourceProblem>,
}

impl LoadedSource {
    /// How many of its lines are not used.
    pub(crate) fn unused_lines(&self) -> usize {
        let unused = self.problems.iter().filter(|problem| !problem.is_used);
        unused.map(|problem| problem.line).collect::<BTreeSet<_>>().len()
    }
}

/// What is wrong with one line of a source. It never quotes values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SourceProblem {
    /// The line, from 1.
    pub line: usize,
    /// Whether the line is used in spite of it.
    pub is_used: bool,
    /// Whether it is certainly a mistake, so that a check of the configuration fails.
    pub is_error: bool,
    /// Whom the line names, if it is not used and that can be read.
    pub rule: Option<AddressRule>,
    /// What is wrong.
    pub problem: String,
}

/// Why a command cannot read a source.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{place}: {reason}")]
pub(crate) struct LoadError {
    /// Where the source is, such as a file.
    pub place: String,
    /// What went wrong.
    pub reason: String,
}

/// All sources, in the order in which they are asked.
#[derive(Debug, Clone, Default)]
pub struct Invites {
    sources: Vec<Arc<dyn InviteSource>>,
}

impl Invites {
    /// These sources, asked in this order.
    #[must_use]
    pub fn new(sources: Vec<Arc<dyn InviteSource>>) -> Self {
        Self { sources }
    }

    /// The sources, in the order in which they are asked.
    #[must_use]
    pub fn sources(&self) -> &[Arc<dyn InviteSource>] {
        &self.sources
    }

    /// Loads the invitations that the sources hold in memory, keeps them fresh until `stop`, and writes into the log
    /// every minute how old they are.
    pub(crate) fn keep_fresh(&self, tasks: &TaskTracker, stop: &CancellationToken) {
        for source in &self.sources {
            freshness::keep_fresh(source, tasks, stop);
        }
    }

    /// Every invitation that matches the address, source by source. It is an error if one source cannot be asked, since
    /// that source may be the one that invites the person.
    pub async fn find(&self, address: &EmailAddress, email_match: EmailMatch) -> Result<Vec<Invitation>, InviteError> {
        let mut found = Vec::new();
        for source in &self.sources {
            found.extend(source.find(address, email_match).await?);
        }
        Ok(found)
    }

    /// Every invitation with the code, source by source. If one source cannot be asked, that is an error.
    pub(crate) async fn find_code(&self, code: &CodeDigest) -> Result<Vec<Invitation>, InviteError> {
        let mut found = Vec::new();
        for source in &self.sources {
            found.extend(source.find_code(code).await?);
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests;
