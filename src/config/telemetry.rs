//! `[telemetry]`: what the logs say, and how much.

use tracing::level_filters::LevelFilter;

use super::engine::{choice, section};
use super::secrets::SecretRef;

section! {
    /// What the logs say, and how much. Addresses never appear in them, only keyed hashes.
    struct TelemetrySection: Default {
        /// The key of the address hashes. With the same one everywhere, lines about one person can be found across
        /// instances and restarts; without one, each process makes up its own. What Starts saw of people is stored under
        /// digests with a key that follows from it; without one, under a key that is kept in the state. So all processes
        /// on one state need the same one, or none.
        /// Example: `{ env = "GUESTLIST_HASH_KEY" }`
        hash_key: Option<SecretRef> = None,
        /// From which level up events are written. With `"debug"` the log shows every step of every decision.
        level: Level = Level::Info,
    }
}

/// A level of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Error,
    Warn,
    Info,
    Debug,
}

impl Level {
    /// The same level for the subscriber.
    pub(super) fn filter(self) -> LevelFilter {
        match self {
            Self::Error => LevelFilter::ERROR,
            Self::Warn => LevelFilter::WARN,
            Self::Info => LevelFilter::INFO,
            Self::Debug => LevelFilter::DEBUG,
        }
    }
}

choice!(Level {
    /// Failures only.
    "error" => Self::Error,
    /// And what should be looked at.
    "warn" => Self::Warn,
    /// And every decision, and what the timer did.
    "info" => Self::Info,
    /// And the steps of every decision, and every call to the outside.
    "debug" => Self::Debug,
});
