//! A list from a file. It is loaded after the service has begun to listen, and looked at again every `refresh`. A new
//! version of the file is used as a whole or not at all.
//!
//! Hooks wait for the file only until the first load, within their deadline; then they read a pointer without a lock.
//! The first content is used at once, a change once it is known to be complete (`changes.rs`). The old list stays until
//! the new one is ready and no look-up uses the old one any more; it is freed on a thread that answers no hooks. If the file cannot be read, or is not a list, the last
//! good list stays in use; each look logs that, and Health shows how old the list is. A file system that hangs blocks
//! one thread and nothing else: a look gives up after ten seconds, and the next look waits for the same read.

mod background;
mod changes;
pub(crate) mod edit;
mod edit_error;
mod file;
mod loaded;
mod lock;
mod replacement;
mod settings;

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use futures_util::future::BoxFuture;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use self::changes::{ChangeDetector, FileChange, ObservedFile};
use self::file::{FileRead, FileSystem, ListFiles, READ_LIMIT, too_slow, unreadable};
use super::csv_reader::{self, ListError, UnendedLine};
use super::freshness::{Freshness, FreshnessTracker};
use super::line_problem::{LineProblem, LineReport};
use super::snapshot::Snapshot;
use super::{InviteError, InviteSource, InviteSourceBuilder, LoadError, LoadedSource};
use crate::files::FileError;
use crate::outbound::Outbound;
use crate::values::{CodeDigest, EmailAddress, EmailMatch, Invitation};

pub(crate) use file::check;
pub(crate) use loaded::of_snapshot;
pub(crate) use settings::Settings;

/// The most bad lines that are reported one by one.
const REPORTED_LINES: usize = 20;

/// How long to wait for look-ups that still use the old list.
const LOOK_UP_PAUSE: Duration = Duration::from_millis(1);

/// Whether there is a list in use.
#[derive(Debug, Clone)]
enum ListState {
    /// The first load is under way.
    Loading,
    /// There is one.
    Loaded,
    /// There never was a good one.
    Failed(Arc<str>),
}

/// A read of the file, on a thread of its own, since it may hang.
type ReadTask = JoinHandle<Result<FileRead, FileError>>;

/// What one look at the file leaves for the next. Only one look at a time has it.
#[derive(Debug, Default)]
struct RefreshState {
    changes: ChangeDetector,
    /// The read that an earlier look has stopped waiting for.
    pending: Option<ReadTask>,
}

/// A list in a file, as an invite source.
#[derive(Debug)]
pub(crate) struct ListInvites {
    settings: Settings,
    files: Arc<dyn ListFiles>,
    refresh_state: Mutex<RefreshState>,
    freshness: std::sync::Mutex<FreshnessTracker>,
    /// The last good list.
    in_use: ArcSwapOption<Snapshot>,
    state: watch::Sender<ListState>,
}

impl ListInvites {
    /// A list that is not loaded yet.
    #[must_use]
    pub(crate) fn new(settings: Settings) -> Self {
        Self::with_files(settings, Arc::new(FileSystem))
    }

    fn with_files(settings: Settings, files: Arc<dyn ListFiles>) -> Self {
        Self {
            settings,
            files,
            refresh_state: Mutex::default(),
            freshness: std::sync::Mutex::default(),
            in_use: ArcSwapOption::empty(),
            state: watch::Sender::new(ListState::Loading),
        }
    }

    fn with_freshness<T>(&self, with: impl FnOnce(&mut FreshnessTracker) -> T) -> T {
        with(&mut self.freshness.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Looks at the file once, and uses its content if it is complete.
    async fn look(&self) {
        let mut state = self.refresh_state.lock().await;
        let began = Instant::now();
        match self.read(&mut state).await {
            Ok(FileRead::Unchanged) => {
                state.changes.note_unchanged();
                self.note_confirmed();
            }
            Ok(FileRead::Content(bytes, observed)) => self.handle(&mut state.changes, bytes, observed, began).await,
            Err(FileError::Changed) if state.changes.has_list() => {
                let again = state.changes.note_unsteady();
                self.wait(again);
            }
            Err(error) => {
                state.changes.note_unreadable();
                self.keep_last_good(&unreadable(&error).to_string());
            }
        }
    }

    /// Reads the file, or goes on waiting for the read that an earlier look began.
    async fn read(&self, state: &mut RefreshState) -> Result<FileRead, FileError> {
        let known = state.changes.known();
        let pending = state.pending.get_or_insert_with(|| {
            let (files, settings) = (Arc::clone(&self.files), self.settings.clone());
            tokio::task::spawn_blocking(move || files.read(&settings, known))
        });
        let Ok(read) = tokio::time::timeout(READ_LIMIT, pending).await else {
            return Err(std::io::Error::other(too_slow()).into());
        };
        state.pending = None;
        read.unwrap_or_else(|_| Err(std::io::Error::other("reading it broke off").into()))
    }

    /// Uses the file, waits or keeps the last good list, depending on how the file has changed.
    async fn handle(&self, changes: &mut ChangeDetector, bytes: Vec<u8>, observed: ObservedFile, began: Instant) {
        match changes.compare(&observed) {
            FileChange::Unchanged => self.note_confirmed(),
            FileChange::Unsettled { again } => self.wait(again),
            FileChange::Complete if changes.lost_its_lines(&observed) => {
                changes.note_unusable(observed);
                self.keep_last_good("line 1, its only one, is not ended by a line break: the file may be cut off");
            }
            FileChange::Complete => match self.parse(bytes, changes.unended_line()).await {
                Ok((snapshot, problems)) => {
                    changes.note_in_use(observed);
                    self.log_problems(&problems);
                    self.use_list(snapshot, &problems, began).await;
                }
                Err(error) => {
                    changes.note_unusable(observed);
                    self.keep_last_good(&error.to_string());
                }
            },
        }
    }

    /// Parses on a thread that answers no hooks, since a long list takes its time. Hooks wait for the first list; after
    /// that they come first.
    async fn parse(&self, bytes: Vec<u8>, unended: UnendedLine) -> Result<(Snapshot, Vec<LineReport>), ListError> {
        let options = self.settings.options.clone();
        let read = move || csv_reader::read(bytes, &options, unended);
        let is_first = self.in_use.load().is_none();
        let parsed = if is_first {
            tokio::task::spawn_blocking(read).await.ok()
        } else {
            tokio::task::spawn_blocking(|| background::run(read)).await.ok().flatten()
        };
        parsed.unwrap_or_else(|| Err(ListError::Read("reading it broke off".to_owned())))
    }

    /// Logs what is wrong with the lines of a list.
    fn log_problems(&self, problems: &[LineReport]) {
        let source = &*self.settings.options.source;
        // What concerns the whole list is always reported, however many bad lines there are.
        let is_of_list = |report: &&LineReport| {
            matches!(report.problem, LineProblem::CutOff | LineProblem::Unended | LineProblem::GuessedEncoding)
        };
        let (of_list, others): (Vec<_>, Vec<_>) = problems.iter().partition(is_of_list);
        for LineReport { line, problem } in of_list.into_iter().chain(others.into_iter().take(REPORTED_LINES)) {
            tracing::warn!(event = "invite-line", source, line, problem = problem.to_string());
        }
    }

    /// Uses a list instead of the old one, which is freed when no look-up uses it any more.
    async fn use_list(&self, snapshot: Snapshot, problems: &[LineReport], began: Instant) {
        let source = &*self.settings.options.source;
        let (invitations, bytes, load_peak) = (snapshot.len(), snapshot.memory(), snapshot.load_peak());
        let old = self.in_use.swap(Some(Arc::new(snapshot)));
        self.state.send_replace(ListState::Loaded);
        self.with_freshness(|freshness| freshness.note_current(true));
        let bad_lines = problems.iter().filter(|problem| !problem.is_used()).count();
        let took_ms = began.elapsed().as_millis();
        let peak_bytes = load_peak + old.as_ref().map_or(0, |old| old.memory());
        tracing::info!(event = "invites-loaded", source, invitations, bad_lines, bytes, peak_bytes, took_ms);
        if let Some(old) = old {
            free(old).await;
        }
    }

    /// Notes that the file is the list in use.
    fn note_confirmed(&self) {
        if self.with_freshness(|freshness| freshness.note_current(false)) {
            let source = &*self.settings.options.source;
            tracing::info!(event = "invites-confirmed", source);
        }
    }

    /// Notes that the file is changing. `again`: it was changing at the last look, too.
    fn wait(&self, again: bool) {
        self.with_freshness(|freshness| freshness.note_changing(again));
        let source = &*self.settings.options.source;
        if again {
            tracing::warn!(event = "invites-changing", source, again);
        } else {
            tracing::info!(event = "invites-changing", source, again);
        }
    }

    /// Notes that the file cannot be used. The last good list stays in use.
    fn keep_last_good(&self, reason: &str) {
        let source = &*self.settings.options.source;
        let kept = self.with_freshness(FreshnessTracker::note_unusable);
        tracing::error!(event = "invites-failed", source, reason, kept_last_good = kept);
        if !kept {
            self.state.send_replace(ListState::Failed(reason.into()));
        }
    }

    /// Looks something up in the list in use. Waits only for the first load.
    async fn look_up<T>(&self, find: impl Fn(&Snapshot) -> T) -> Result<T, InviteError> {
        let look_up = || self.in_use.load().as_deref().map(&find);
        if let Some(found) = look_up() {
            return Ok(found);
        }
        let failed = |reason: &str| InviteError {
            source_name: Arc::clone(&self.settings.options.source),
            reason: reason.to_owned(),
        };
        let mut state = self.state.subscribe();
        let state = state.wait_for(|state| !matches!(state, ListState::Loading)).await.map(|state| state.clone());
        match state {
            Ok(ListState::Loaded) => look_up().ok_or_else(|| failed("it is not loaded yet")),
            Ok(ListState::Failed(reason)) => Err(failed(&reason)),
            Ok(ListState::Loading) | Err(_) => Err(failed("it is closed")),
        }
    }
}

/// Frees a list that is not in use any more, which can take milliseconds. A look-up that still reads it must not be the
/// one that frees it.
async fn free(old: Arc<Snapshot>) {
    while Arc::strong_count(&old) > 1 {
        tokio::time::sleep(LOOK_UP_PAUSE).await;
    }
    // It ends early only if the service stops.
    drop(tokio::task::spawn_blocking(move || drop(old)).await);
}

impl InviteSource for ListInvites {
    fn name(&self) -> &str {
        &self.settings.options.source
    }

    fn find<'a>(
        &'a self,
        address: &'a EmailAddress,
        email_match: EmailMatch,
    ) -> BoxFuture<'a, Result<Vec<Invitation>, InviteError>> {
        Box::pin(self.look_up(move |snapshot| snapshot.find(address, email_match)))
    }

    fn find_code<'a>(&'a self, code: &'a CodeDigest) -> BoxFuture<'a, Result<Vec<Invitation>, InviteError>> {
        Box::pin(self.look_up(move |snapshot| snapshot.find_code(code)))
    }

    fn is_ready(&self) -> bool {
        self.in_use.load().is_some()
    }

    fn freshness(&self) -> Option<Freshness> {
        Some(self.with_freshness(|freshness| freshness.now()))
    }

    fn refresh(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.look())
    }

    fn refresh_pause(&self) -> Option<Duration> {
        Some(self.settings.refresh)
    }
}

impl InviteSourceBuilder for Settings {
    fn name(&self) -> &str {
        &self.options.source
    }

    fn columns(&self) -> Option<&[String]> {
        self.columns.as_deref()
    }

    fn build(&self, _: &Outbound) -> Arc<dyn InviteSource> {
        Arc::new(ListInvites::new(self.clone()))
    }

    fn load(&self) -> Option<Result<LoadedSource, LoadError>> {
        Some(loaded::load(self))
    }
}

#[cfg(test)]
mod tests;
