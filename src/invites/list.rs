//! A list from a file: loaded after the listener is up, refreshed when the file changes, the last good one kept.
//!
//! Nothing is read while a hook waits, but for the very first load: hooks that come before it wait for it, within their
//! deadline. A file that cannot be read any more, or lost its header, leaves the list as it was and is reported.

pub mod edit;
mod lock;

use std::fs::{File, Metadata};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::future::BoxFuture;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::csv_reader::{self, Header, LineProblem, ListError, Reading};
use super::snapshot::Snapshot;
use super::{InviteError, InviteSource};
use crate::values::{CodeDigest, EmailAddress, EmailMatch, Invitation};

/// The most bad lines that are reported one by one.
const REPORTED_LINES: usize = 20;

/// A list in a file.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The file, CSV.
    pub path: PathBuf,
    /// How it is read; the source's name is in there.
    pub reading: Reading,
    /// The columns that templates saw of it when the configuration was read.
    pub columns: Vec<String>,
    /// How often the file is looked at.
    pub refresh: Duration,
}

/// What is known of the list.
#[derive(Debug, Clone)]
enum State {
    /// The first load is under way.
    Loading,
    /// The last good list.
    Loaded(Arc<Snapshot>),
    /// There never was a good one.
    Failed(Arc<str>),
}

/// The source.
#[derive(Debug)]
pub struct ListInvites {
    settings: Settings,
    state: watch::Sender<State>,
}

/// Tells one version of a file from another.
type Version = (u64, Option<SystemTime>);

fn version(file: &Metadata) -> Version {
    (file.len(), file.modified().ok())
}

/// Opens a list, reads it whole, and closes it.
pub fn load(settings: &Settings) -> Result<(Snapshot, Vec<LineProblem>), ListError> {
    let bytes = std::fs::read(&settings.path).map_err(|error| unreadable(&error))?;
    csv_reader::read(&bytes, &settings.reading)
}

/// Opens a list and reads its first line.
pub fn check(settings: &Settings) -> Result<Header, ListError> {
    let file = File::open(&settings.path).map_err(|error| unreadable(&error))?;
    csv_reader::check_header(io::BufReader::new(file), &settings.reading)
}

fn unreadable(error: &io::Error) -> ListError {
    ListError::Read(error.to_string())
}

impl ListInvites {
    /// A list that is not loaded yet.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { settings, state: watch::Sender::new(State::Loading) }
    }

    /// Whether a list is there.
    #[must_use]
    pub fn is_loaded(&self) -> bool {
        matches!(*self.state.borrow(), State::Loaded(_))
    }

    /// Loads the list and keeps it fresh until `stop`.
    pub fn keep_fresh(self: &Arc<Self>, tasks: &TaskTracker, stop: CancellationToken) {
        let list = Arc::clone(self);
        tasks.spawn(async move {
            let mut known = None;
            loop {
                known = list.refresh(known).await;
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(list.settings.refresh) => {}
                }
            }
        });
    }

    /// Reads the file if it is not the version known; hands back the version that was read.
    async fn refresh(&self, known: Option<Version>) -> Option<Version> {
        let settings = self.settings.clone();
        let read = tokio::task::spawn_blocking(move || {
            let seen = std::fs::metadata(&settings.path).map_err(|error| unreadable(&error)).map(|file| version(&file));
            match seen {
                Ok(seen) if Some(seen) == known => None,
                Ok(seen) => Some((Some(seen), load(&settings))),
                Err(error) => Some((None, Err(error))),
            }
        });
        match read.await {
            Ok(None) => known,
            Ok(Some((seen, Ok((snapshot, problems))))) => {
                self.take(snapshot, &problems);
                seen
            }
            // Not the version known: what could not be read is tried again, whether the file changes or not.
            Ok(Some((_, Err(error)))) => {
                self.keep(&error.to_string());
                None
            }
            Err(_) => {
                self.keep("reading it broke off");
                None
            }
        }
    }

    fn take(&self, snapshot: Snapshot, problems: &[LineProblem]) {
        let source = &*self.settings.reading.source;
        for LineProblem { line, problem, .. } in problems.iter().take(REPORTED_LINES) {
            tracing::warn!(event = "invite-line", source, line, problem);
        }
        let bad_lines = problems.iter().filter(|problem| !problem.used).count();
        tracing::info!(event = "invites-loaded", source, invitations = snapshot.len(), bad_lines);
        self.state.send_replace(State::Loaded(Arc::new(snapshot)));
    }

    fn keep(&self, reason: &str) {
        let source = &*self.settings.reading.source;
        let kept = self.is_loaded();
        tracing::error!(event = "invites-failed", source, reason, kept_last_good = kept);
        if !kept {
            self.state.send_replace(State::Failed(reason.into()));
        }
    }

    async fn snapshot(&self) -> Result<Arc<Snapshot>, InviteError> {
        let failed = |reason: &str| InviteError {
            source_name: Arc::clone(&self.settings.reading.source),
            reason: reason.to_owned(),
        };
        let mut state = self.state.subscribe();
        let state =
            state.wait_for(|state| !matches!(state, State::Loading)).await.map_err(|_| failed("it is closed"))?;
        match &*state {
            State::Loaded(snapshot) => Ok(Arc::clone(snapshot)),
            State::Failed(reason) => Err(failed(reason)),
            State::Loading => Err(failed("it is not loaded yet")),
        }
    }
}

impl InviteSource for ListInvites {
    fn name(&self) -> &str {
        &self.settings.reading.source
    }

    fn find<'a>(
        &'a self,
        address: &'a EmailAddress,
        how: EmailMatch,
    ) -> BoxFuture<'a, Result<Vec<Invitation>, InviteError>> {
        Box::pin(async move { Ok(self.snapshot().await?.find(address, how)) })
    }

    fn find_code<'a>(&'a self, code: &'a CodeDigest) -> BoxFuture<'a, Result<Vec<Invitation>, InviteError>> {
        Box::pin(async move { Ok(self.snapshot().await?.find_code(code)) })
    }
}

/// A list that is read already, and stays as it is: for commands.
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

#[cfg(test)]
mod tests;
