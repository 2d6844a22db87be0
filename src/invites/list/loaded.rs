//! A list that was read once and stays as it is, for commands.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::file;
use super::settings::Settings;
use crate::invites::csv_reader::{self, ListError, UnendedLine};
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
    let place = settings.path.display().to_string();
    let failed = |error: ListError| LoadError { place: place.clone(), reason: error.to_string() };
    let bytes = file::content(settings).map_err(failed)?;
    let (snapshot, reports) =
        csv_reader::read(bytes.as_slice(), &settings.options, UnendedLine::Used).map_err(failed)?;
    let unused: BTreeSet<u64> = reports.iter().filter(|report| !report.is_used()).map(|report| report.line).collect();
    let rules = csv_reader::rules_of(&bytes, &settings.options, &unused);
    let problem = |LineReport { line, problem }: LineReport| SourceProblem {
        line: usize::try_from(line).unwrap_or(usize::MAX),
        is_used: problem.is_used(),
        // This is certainly a mistake, so it must show in the exit code of `check`.
        is_error: problem == LineProblem::PublicSuffix,
        rule: rules.get(&line).cloned().filter(|_| !problem.is_used()),
        problem: problem.to_string(),
    };
    // What is wrong with the columns is reported with the configuration.
    let of_columns = |report: &LineReport| matches!(report.problem, LineProblem::UnknownColumn { .. });
    let problems = reports.into_iter().filter(|report| !of_columns(report)).map(problem).collect();
    let invitations = snapshot.len();
    let source = of_snapshot(Arc::clone(&settings.options.source), snapshot);
    Ok(LoadedSource { source, place, invitations, problems })
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
