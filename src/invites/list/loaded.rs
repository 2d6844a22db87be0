//! A list that was read once and stays as it is, for commands.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::file;
use super::settings::Settings;
use crate::invites::line_problem::{LineProblem, LineReport};
use crate::invites::snapshot::Snapshot;
use crate::invites::{InviteError, InviteSource, LoadError, LoadedSource, SourceProblem};
use crate::values::{CodeDigest, EmailAddress, EmailMatch, Invitation};

/// A list that was read, as an invite source.
#[derive(Debug)]
struct LoadedInvites {
    name: Arc<str>,
    snapshot: Snapshot,
}

/// A source that answers from a snapshot.
#[must_use]
pub(crate) fn of_snapshot(name: Arc<str>, snapshot: Snapshot) -> Arc<dyn InviteSource> {
    Arc::new(LoadedInvites { name, snapshot })
}

/// Reads the list of these settings.
pub(super) fn load(settings: &Settings) -> Result<LoadedSource, LoadError> {
    let path = settings.path.display();
    let (snapshot, reports) =
        file::load(settings).map_err(|error| LoadError { place: path.to_string(), reason: error.to_string() })?;
    let problem = |LineReport { line, problem }: LineReport| SourceProblem {
        place: format!("{path}:{line}"),
        // This is certainly a mistake, so it must show in the exit code of `check`.
        is_error: problem == LineProblem::PublicSuffix,
        problem: problem.to_string(),
    };
    // The problems of the first line are reported with the configuration.
    let problems = reports.into_iter().filter(|report| report.line > 1).map(problem).collect();
    let invitations = snapshot.len();
    let source = of_snapshot(Arc::clone(&settings.options.source), snapshot);
    Ok(LoadedSource { source, invitations, problems })
}

impl InviteSource for LoadedInvites {
    fn name(&self) -> &str {
        &self.name
    }

    fn find<'a>(
        &'a self,
        address: &'a EmailAddress,
        email_match: EmailMatch,
    ) -> BoxFuture<'a, Result<Vec<Invitation>, InviteError>> {
        Box::pin(std::future::ready(Ok(self.snapshot.find(address, email_match))))
    }

    fn find_code<'a>(&'a self, code: &'a CodeDigest) -> BoxFuture<'a, Result<Vec<Invitation>, InviteError>> {
        Box::pin(std::future::ready(Ok(self.snapshot.find_code(code))))
    }
}
