//! How old the content of a source is, for Health and the log, and the tasks that keep it fresh.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::InviteSource;

/// How often the log says how old the content of a source is.
pub(super) const LOG_PAUSE: Duration = Duration::from_mins(1);

/// What the last look at the source found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceStatus {
    /// The first look is not over yet.
    Loading,
    /// The content in use is what the source has.
    Current,
    /// The source changed. The change is used once it is complete.
    Changing,
    /// It changed at the last look, too. The last good content is in use.
    KeepsChanging,
    /// The source cannot be read. The last good content is in use.
    Stale,
    /// The source cannot be read, and never could.
    Missing,
}

impl SourceStatus {
    /// As Health and the log spell it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Loading => "loading",
            Self::Current => "current",
            Self::Changing | Self::KeepsChanging => "changing",
            Self::Stale => "stale",
            Self::Missing => "missing",
        }
    }

    /// Whether somebody has to look after the source.
    #[must_use]
    pub(crate) fn is_bad(self) -> bool {
        matches!(self, Self::KeepsChanging | Self::Stale | Self::Missing)
    }
}

/// How old the content of a source is at a moment.
#[derive(Debug, Clone, Copy)]
pub struct Freshness {
    /// What the last look at the source found.
    pub status: SourceStatus,
    /// The time since a look last found that the source still has this content.
    pub checked: Option<Duration>,
    /// The time since the content was loaded.
    pub loaded: Option<Duration>,
}

/// Remembers what the looks at a source found.
#[derive(Debug, Clone, Copy)]
pub(super) struct FreshnessTracker {
    status: SourceStatus,
    checked: Option<Instant>,
    loaded: Option<Instant>,
}

impl Default for FreshnessTracker {
    fn default() -> Self {
        Self { status: SourceStatus::Loading, checked: None, loaded: None }
    }
}

impl FreshnessTracker {
    /// Notes that the content in use is what the source has. Returns whether the status was bad before.
    pub(super) fn note_current(&mut self, loaded_now: bool) -> bool {
        let now = Instant::now();
        let was_bad = self.status.is_bad();
        (self.status, self.checked) = (SourceStatus::Current, Some(now));
        if loaded_now {
            self.loaded = Some(now);
        }
        was_bad
    }

    /// Notes that the source is changing. `again`: it was changing at the last look, too.
    pub(super) fn note_changing(&mut self, again: bool) {
        self.status = if again { SourceStatus::KeepsChanging } else { SourceStatus::Changing };
    }

    /// Notes that the source cannot be used. Returns whether content that was loaded before is in use.
    pub(super) fn note_unusable(&mut self) -> bool {
        let kept = self.loaded.is_some();
        self.status = if kept { SourceStatus::Stale } else { SourceStatus::Missing };
        kept
    }

    /// How old the content is now.
    pub(super) fn now(self) -> Freshness {
        let now = Instant::now();
        let since = |moment: Option<Instant>| moment.map(|moment| now.saturating_duration_since(moment));
        Freshness { status: self.status, checked: since(self.checked), loaded: since(self.loaded) }
    }
}

/// Refreshes a source now and after each of its pauses, and logs every minute and at the end how old its content is. A
/// source that holds no invitations in memory is left alone.
pub(super) fn keep_fresh(source: &Arc<dyn InviteSource>, tasks: &TaskTracker, stop: &CancellationToken) {
    let Some(pause) = source.refresh_pause() else { return };
    let refreshed = Arc::clone(source);
    tasks.spawn(stop.clone().run_until_cancelled_owned(async move {
        loop {
            refreshed.refresh().await;
            tokio::time::sleep(pause).await;
        }
    }));
    let (logged, stop) = (Arc::clone(source), stop.clone());
    tasks.spawn(async move {
        loop {
            let ended = tokio::time::timeout(LOG_PAUSE, stop.cancelled()).await.is_ok();
            log_age(&*logged);
            if ended {
                return;
            }
        }
    });
}

/// Logs how old the content of a source is.
pub(super) fn log_age(source: &dyn InviteSource) {
    let Some(Freshness { status, checked, loaded }) = source.freshness() else { return };
    let (source, state) = (source.name(), status.name());
    let (checked, loaded) = (checked.map(|age| age.as_secs()), loaded.map(|age| age.as_secs()));
    if status.is_bad() {
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
