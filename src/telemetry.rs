//! What the product says about itself: one JSON line per event, nothing personal in it.
//!
//! The Functions host reads our standard output and standard error line by line and grades what comes from standard
//! error by substring: a line with "warn" in it is a warning, any other an error. So:
//!
//! - INFO and below go to standard output, WARN and ERROR to standard error, one line each, written at once;
//! - an ERROR line never contains the letters "warn" in any case (one of them is written as a JSON escape);
//! - a line always begins with `{`, never with one of the prefixes that the host takes for its own
//!   (`LanguageWorkerConsoleLog`, `azfuncjsonlog:`).
//!
//! Our own events are written at the chosen level, those of the libraries only from WARN up. A line that cannot be
//! written (the host is gone) is lost without a word: logging never stops the work.
//!
//! Addresses appear as an [`AddressHash`] only. See `docs/LOGGING.md` for the fields.

mod counters;
mod format;
mod hash;
mod lines;
mod panic;

use std::error::Error;
use std::sync::{Arc, OnceLock};

use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::SetGlobalDefaultError;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::Registry;
use tracing_subscriber::reload;

use crate::clock::{Clock, SystemClock};
use format::JsonLayer;

pub use counters::Counters;
pub use hash::{AddressHash, AddressHasher};
pub use lines::{CapturedLines, Console, Lines, Stream};

/// The level in force, once [`init`] was called.
static LEVEL: OnceLock<reload::Handle<Targets, Registry>> = OnceLock::new();

/// Writes every event from now on, and every panic. To be called once, before the first event.
pub fn init(level: LevelFilter) -> Result<(), SetGlobalDefaultError> {
    let (filter, handle) = reload::Layer::new(ours(level));
    let layer = JsonLayer::new(Console, Arc::new(SystemClock)).with_filter(filter);
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer))?;
    panic::install(Console, Arc::new(SystemClock));
    // It was not set before: a second installation is refused above.
    let _ = LEVEL.set(handle);
    Ok(())
}

/// Writes our own events from this level up, from now on. Without [`init`] it does nothing.
pub fn set_level(level: LevelFilter) {
    if let Some(handle) = LEVEL.get() {
        // It fails only when the subscriber is gone, and then there is nothing to write to.
        let _ = handle.reload(ours(level));
    }
}

/// What [`init`] installs, with its outlet and its clock as inputs.
pub fn subscriber(level: LevelFilter, lines: impl Lines, clock: Arc<dyn Clock>) -> impl Subscriber + Send + Sync {
    tracing_subscriber::registry().with(JsonLayer::new(lines, clock).with_filter(ours(level)))
}

/// Our own events from this level up, those of the libraries from WARN up.
fn ours(level: LevelFilter) -> Targets {
    Targets::new().with_default(LevelFilter::WARN.min(level)).with_target(env!("CARGO_CRATE_NAME"), level)
}

/// An error with all its causes, outermost first, joined by ": ".
pub fn describe(error: &dyn Error) -> String {
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
