//! The product's log: one JSON line per event, nothing personal in it.
//!
//! The Functions host reads our standard output and standard error line by line and grades what comes from standard
//! error by substring: a line with "warn" in it is a warning, any other an error. So:
//!
//! - INFO and below go to standard output, WARN and ERROR to standard error, one line each;
//! - an ERROR line never contains the letters "warn" in any case (one of them is written as a JSON escape);
//! - a line always begins with `{`, never with one of the prefixes that the host takes for its own
//!   (`LanguageWorkerConsoleLog`, `azfuncjsonlog:`).
//!
//! Our own events are written at the chosen level, those of the libraries only from WARN up.
//!
//! Logging never stops the work. A caller puts a line into a queue and goes on; separate threads write the queues
//! (`console.rs`). A line that cannot be written because the host is gone is lost silently. If nobody reads, lines that
//! find no room in the queue are dropped, counted, and reported once there is room. At the end, [`FlushAtEnd`] writes
//! what is queued, within a second.
//!
//! Addresses appear as an [`AddressHash`](hash::AddressHash) only. See `docs/LOGGING.md` for the fields.

mod console;
mod counters;
mod dropped;
mod format;
mod hash;
mod lines;
mod log;
mod panic;
mod queue;
mod sign_up;
mod stream_output;

use std::error::Error;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::SetGlobalDefaultError;

use crate::clock::{Clock, SystemClock};
use console::Console;
use log::{Log, Threshold};

pub(crate) use counters::Counters;
pub(crate) use hash::AddressHasher;
pub use lines::{CapturedLines, Lines};
pub(crate) use sign_up::in_sign_up;

/// How long [`flush`] waits for what is queued.
const FLUSH_LIMIT: Duration = Duration::from_secs(1);

/// The current level, once [`init`] was called.
static LEVEL: OnceLock<Threshold> = OnceLock::new();

/// Where lines go, once [`init`] was called.
static CONSOLE: OnceLock<Console> = OnceLock::new();

/// Why nothing can be logged.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InitError {
    /// Another subscriber is installed already.
    #[error("log events are taken already")]
    AlreadySet(#[from] SetGlobalDefaultError),
    /// The threads that write lines cannot be started.
    #[error("start the threads that write the log")]
    Threads(#[from] std::io::Error),
}

/// Writes every event from now on, and every panic. To be called once, before the first event.
pub(crate) fn init(level: LevelFilter) -> Result<(), InitError> {
    let threshold = Threshold::new(level);
    let console = Console::try_new(Arc::new(SystemClock))?;
    let log = Log::new(threshold.clone(), console.clone(), Arc::new(SystemClock));
    tracing::subscriber::set_global_default(log)?;
    panic::install(console.clone(), Arc::new(SystemClock));
    // Both are empty: a second call has failed above.
    let _ = LEVEL.set(threshold);
    let _ = CONSOLE.set(console);
    Ok(())
}

/// Waits until every line so far is written, for a second at most. Without [`init`] there is none.
pub(crate) fn flush() {
    if let Some(console) = CONSOLE.get() {
        console.flush(FLUSH_LIMIT);
    }
}

/// How many lines were dropped since the start because nobody read those before them.
pub(crate) fn dropped_lines() -> u64 {
    CONSOLE.get().map_or(0, Console::dropped)
}

/// Writes what is queued when it is dropped: at the end of `main`, also if that is a panic.
#[derive(Debug)]
pub struct FlushAtEnd;

impl Drop for FlushAtEnd {
    fn drop(&mut self) {
        flush();
    }
}

/// Writes our own events from this level up, from now on. Without [`init`] it does nothing.
pub(crate) fn set_level(level: LevelFilter) {
    if let Some(threshold) = LEVEL.get() {
        threshold.set(level);
    }
}

/// The subscriber that [`init`] installs, with its output and its clock as inputs.
pub fn subscriber(level: LevelFilter, lines: impl Lines, clock: Arc<dyn Clock>) -> impl Subscriber + Send + Sync {
    Log::new(Threshold::new(level), lines, clock)
}

/// An error with all its causes, outermost first, joined by ": ".
pub(crate) fn describe(error: &dyn Error) -> String {
    let mut description = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        description.push_str(": ");
        description.push_str(&error.to_string());
        cause = error.source();
    }
    description
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot fetch the keys")]
    struct Outer(#[source] Inner);

    #[derive(Debug, thiserror::Error)]
    #[error("no answer from login.microsoftonline.com")]
    struct Inner;

    #[test]
    fn describes_an_error_with_its_causes() {
        assert_eq!(describe(&Inner), "no answer from login.microsoftonline.com");
        assert_eq!(describe(&Outer(Inner)), "cannot fetch the keys: no answer from login.microsoftonline.com");
    }
}
