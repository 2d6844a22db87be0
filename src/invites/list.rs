//! A list from a file: loaded after the listener is up, looked at again every `refresh`, taken whole or not at all.
//!
//! Nothing is read while a hook waits, but for the very first load: hooks that come before it wait for it, within their
//! deadline. The first reading is used at once; a change when it is known to be complete (`looks.rs`). A file that cannot
//! be read any more, is no file or no list, leaves the list as it was; each look says so in the log, and Health says how
//! old the list is. A file system that hangs holds one thread and nothing else: a look gives up after ten seconds, and
//! the next one waits for the same reading.

mod age;
pub mod edit;
mod loaded;
mod lock;
mod looks;
mod reading;
mod replacement;

use std::path::PathBuf;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::age::Record;
use self::looks::{Found, Looks, Verdict};
use self::reading::{FileSystem, Files, READING, Reading as FileReading, TOO_SLOW, unreadable};
use super::csv_reader::{self, CUT_OFF, LineProblem, ListError, Reading, UNENDED, UnendedLine};
use super::snapshot::Snapshot;
use super::{InviteError, InviteSource};
use crate::files::FileError;
use crate::values::{CodeDigest, EmailAddress, EmailMatch, Invitation};

pub use age::{Age, Condition};
pub use loaded::LoadedInvites;
pub use reading::{PendingHeader, check, load};

/// The most bad lines that are reported one by one.
const REPORTED_LINES: usize = 20;

/// How often the log says how old a list is.
const EVERY: Duration = Duration::from_mins(1);

/// A list in a file.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The file, CSV.
    pub path: PathBuf,
    /// The most bytes that it may have.
    pub max_bytes: u64,
    /// How it is read; the source's name is in there.
    pub reading: Reading,
    /// The columns that templates saw of it when the configuration was read; `None`: it could not be read.
    pub columns: Option<Vec<String>>,
    /// How often the file is looked at.
    pub refresh: Duration,
}

/// What there is to ask.
#[derive(Debug, Clone)]
enum State {
    /// The first load is under way.
    Loading,
    /// The last good list.
    Loaded(Arc<Snapshot>),
    /// There never was a good one.
    Failed(Arc<str>),
}

/// A reading that may hang, on a thread of its own.
type Pending = JoinHandle<Result<FileReading, FileError>>;

/// What looks go by. One look at a time has it.
#[derive(Debug, Default)]
struct Watch {
    looks: Looks,
    /// The reading that an earlier look did not wait for to the end.
    pending: Option<Pending>,
}

/// The source.
#[derive(Debug)]
pub struct ListInvites {
    settings: Settings,
    files: Arc<dyn Files>,
    watch: Mutex<Watch>,
    record: std::sync::Mutex<Record>,
    state: watch::Sender<State>,
}

impl ListInvites {
    /// A list that is not loaded yet.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self::within(settings, Arc::new(FileSystem))
    }

    fn within(settings: Settings, files: Arc<dyn Files>) -> Self {
        let state = watch::Sender::new(State::Loading);
        Self { settings, files, watch: Mutex::default(), record: std::sync::Mutex::default(), state }
    }

    /// Whether a list is there.
    #[must_use]
    pub fn is_loaded(&self) -> bool {
        matches!(*self.state.borrow(), State::Loaded(_))
    }

    /// How old the list is now.
    #[must_use]
    pub fn age(&self) -> Age {
        self.record(|record| record.age())
    }

    fn record<T>(&self, with: impl FnOnce(&mut Record) -> T) -> T {
        with(&mut self.record.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Loads the list and keeps it fresh until `stop`; says every minute how old it is.
    pub fn keep_fresh(self: &Arc<Self>, tasks: &TaskTracker, stop: CancellationToken) {
        let (list, stopped) = (Arc::clone(self), stop.clone());
        tasks.spawn(stopped.run_until_cancelled_owned(async move {
            loop {
                list.look().await;
                tokio::time::sleep(list.settings.refresh).await;
            }
        }));
        let list = Arc::clone(self);
        tasks.spawn(async move {
            loop {
                let ended = tokio::time::timeout(EVERY, stop.cancelled()).await.is_ok();
                list.write_age();
                if ended {
                    return;
                }
            }
        });
    }

    /// Looks at the file once, and takes what it says if it is complete.
    pub async fn look(&self) {
        let mut watch = self.watch.lock().await;
        match self.read(&mut watch).await {
            Ok(FileReading::Same) => {
                watch.looks.same();
                self.confirm();
            }
            Ok(FileReading::Read(bytes, found)) => self.judge(&mut watch.looks, bytes, found).await,
            Err(FileError::Changed) if watch.looks.has_taken() => {
                let again = watch.looks.unsteady();
                self.wait(again);
            }
            Err(error) => {
                watch.looks.failed();
                self.keep(&unreadable(&error).to_string());
            }
        }
    }

    /// Reads the file, or waits further for the reading that an earlier look began.
    async fn read(&self, watch: &mut Watch) -> Result<FileReading, FileError> {
        let known = watch.looks.known();
        let pending = watch.pending.get_or_insert_with(|| {
            let (files, settings) = (Arc::clone(&self.files), self.settings.clone());
            tokio::task::spawn_blocking(move || files.read(&settings, known))
        });
        let Ok(read) = tokio::time::timeout(READING, pending).await else {
            return Err(std::io::Error::other(TOO_SLOW).into());
        };
        watch.pending = None;
        read.unwrap_or_else(|_| Err(std::io::Error::other("reading it broke off").into()))
    }

    async fn judge(&self, looks: &mut Looks, bytes: Vec<u8>, found: Found) {
        match looks.judge(&found) {
            Verdict::Same => self.confirm(),
            Verdict::Wait { again } => self.wait(again),
            Verdict::Take if looks.lost_its_lines(&found) => {
                looks.unusable(found);
                self.keep("line 1, its only one, is not ended by a line break: the file may be cut off");
            }
            Verdict::Take => match self.parse(bytes, looks.unended_line()).await {
                Ok((snapshot, problems)) => {
                    looks.taken(found);
                    self.take(snapshot, &problems);
                }
                Err(error) => {
                    looks.unusable(found);
                    self.keep(&error.to_string());
                }
            },
        }
    }

    /// Long lists take their time: not on a thread that answers hooks.
    async fn parse(&self, bytes: Vec<u8>, unended: UnendedLine) -> Result<(Snapshot, Vec<LineProblem>), ListError> {
        let reading = self.settings.reading.clone();
        let parsed = tokio::task::spawn_blocking(move || csv_reader::read(&bytes, &reading, unended)).await;
        parsed.unwrap_or_else(|_| Err(ListError::Read("reading it broke off".to_owned())))
    }

    fn take(&self, snapshot: Snapshot, problems: &[LineProblem]) {
        let source = &*self.settings.reading.source;
        // A last line that is not ended is always among those that are reported.
        let is_unended = |problem: &&LineProblem| [CUT_OFF, UNENDED].contains(&problem.problem.as_str());
        let (unended, others): (Vec<_>, Vec<_>) = problems.iter().partition(is_unended);
        for LineProblem { line, problem, .. } in unended.into_iter().chain(others.into_iter().take(REPORTED_LINES)) {
            tracing::warn!(event = "invite-line", source, line, problem);
        }
        let bad_lines = problems.iter().filter(|problem| !problem.used).count();
        tracing::info!(event = "invites-loaded", source, invitations = snapshot.len(), bad_lines);
        self.state.send_replace(State::Loaded(Arc::new(snapshot)));
        self.record(|record| record.current(true));
    }

    fn confirm(&self) {
        if self.record(|record| record.current(false)) {
            let source = &*self.settings.reading.source;
            tracing::info!(event = "invites-confirmed", source);
        }
    }

    fn wait(&self, again: bool) {
        self.record(|record| record.changing(again));
        let source = &*self.settings.reading.source;
        if again {
            tracing::warn!(event = "invites-changing", source, again);
        } else {
            tracing::info!(event = "invites-changing", source, again);
        }
    }

    fn keep(&self, reason: &str) {
        let source = &*self.settings.reading.source;
        let kept = self.record(Record::failed);
        tracing::error!(event = "invites-failed", source, reason, kept_last_good = kept);
        if !kept {
            self.state.send_replace(State::Failed(reason.into()));
        }
    }

    fn write_age(&self) {
        let source = &*self.settings.reading.source;
        let Age { condition, checked, loaded } = self.age();
        let (checked, loaded) = (checked.map(|age| age.as_secs()), loaded.map(|age| age.as_secs()));
        let state = condition.name();
        if condition.is_bad() {
            tracing::warn!(
                event = "invites-age",
                source,
                state,
                checked_seconds_ago = checked,
                loaded_seconds_ago = loaded
            );
        } else {
            tracing::info!(
                event = "invites-age",
                source,
                state,
                checked_seconds_ago = checked,
                loaded_seconds_ago = loaded
            );
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

#[cfg(test)]
mod tests;
