//! How old a list is: what Health and the log say of it.

use std::time::Duration;

use tokio::time::Instant;

/// What the last look at the file found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListStatus {
    /// No look is over yet.
    Loading,
    /// The file is what is in use.
    Current,
    /// The file changed. It is used when it was the same for two looks.
    Changing,
    /// It was not the same at the last look either. The last good list is in use.
    KeepsChanging,
    /// The file cannot be read, or is no list. The last good list is in use.
    Stale,
    /// The same, and there never was a good one.
    Missing,
}

impl ListStatus {
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

    /// Whether somebody has to look after the file.
    #[must_use]
    pub fn is_bad(self) -> bool {
        matches!(self, Self::KeepsChanging | Self::Stale | Self::Missing)
    }
}

/// How old a list is at a moment.
#[derive(Debug, Clone, Copy)]
pub struct Freshness {
    /// What the last look found.
    pub status: ListStatus,
    /// Since a look last found that the file is what is in use.
    pub checked: Option<Duration>,
    /// Since what is in use was loaded.
    pub loaded: Option<Duration>,
}

/// What is remembered of the looks.
#[derive(Debug, Clone, Copy)]
pub(super) struct FreshnessTracker {
    status: ListStatus,
    checked: Option<Instant>,
    loaded: Option<Instant>,
}

impl Default for FreshnessTracker {
    fn default() -> Self {
        Self { status: ListStatus::Loading, checked: None, loaded: None }
    }
}

impl FreshnessTracker {
    /// The file is in use. Says whether somebody had to look after it before.
    pub(super) fn current(&mut self, loaded_now: bool) -> bool {
        let now = Instant::now();
        let was_bad = self.status.is_bad();
        (self.status, self.checked) = (ListStatus::Current, Some(now));
        if loaded_now {
            self.loaded = Some(now);
        }
        was_bad
    }

    /// The file changed; `again`: it was not the same at the last look either.
    pub(super) fn changing(&mut self, again: bool) {
        self.status = if again { ListStatus::KeepsChanging } else { ListStatus::Changing };
    }

    /// The file cannot be used. Says whether a list is in use all the same.
    pub(super) fn failed(&mut self) -> bool {
        let kept = self.loaded.is_some();
        self.status = if kept { ListStatus::Stale } else { ListStatus::Missing };
        kept
    }

    /// How old the list is now.
    pub(super) fn now(self) -> Freshness {
        let now = Instant::now();
        let since = |moment: Option<Instant>| moment.map(|moment| now.saturating_duration_since(moment));
        Freshness { status: self.status, checked: since(self.checked), loaded: since(self.loaded) }
    }
}
