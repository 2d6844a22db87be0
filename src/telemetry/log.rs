//! Takes the events of the `tracing` macros, and hands each on as a line.
//!
//! Which events are written is decided once for each place in the code that logs, and again when the level changes. So
//! an event that is not written costs a comparison, and none of its fields is computed. There are no spans: the one
//! thing that lines share is the sign-up that they belong to ([`sign_up`](super::sign_up)).

use std::cell::RefCell;
use std::sync::{Arc, PoisonError, RwLock};

use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};

use super::format::Line;
use super::lines::{Lines, Stream};
use super::sign_up::with_correlation_id;
use crate::clock::Clock;

/// From which level up our own events are written. Cheap to clone; clones share it.
#[derive(Debug, Clone)]
pub(super) struct Threshold(Arc<RwLock<LevelFilter>>);

impl Threshold {
    pub(super) fn new(level: LevelFilter) -> Self {
        Self(Arc::new(RwLock::new(level)))
    }

    /// Our own events are written from this level up, from now on.
    pub(super) fn set(&self, level: LevelFilter) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = level;
        tracing::callsite::rebuild_interest_cache();
    }

    fn get(&self) -> LevelFilter {
        *self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Our own events from this level up, those of the libraries from WARN up.
    fn is_reached(&self, metadata: &Metadata<'_>) -> bool {
        let is_ours = metadata.target().starts_with(env!("CARGO_CRATE_NAME"));
        let level = if is_ours { self.get() } else { self.get().min(LevelFilter::WARN) };
        !metadata.is_span() && *metadata.level() <= level
    }
}

/// Writes events as lines.
pub(super) struct Log<L> {
    threshold: Threshold,
    lines: L,
    clock: Arc<dyn Clock>,
}

thread_local! {
    /// The line that this thread writes, to use its memory again.
    static LINE: RefCell<Line> = RefCell::default();
}

impl<L: Lines> Log<L> {
    pub(super) fn new(threshold: Threshold, lines: L, clock: Arc<dyn Clock>) -> Self {
        Self { threshold, lines, clock }
    }

    fn write(&self, event: &Event<'_>, line: &mut Line) {
        let metadata = event.metadata();
        event.record(line.begin(self.clock.now(), *metadata.level()));
        if !line.has("correlation_id") {
            with_correlation_id(|id| {
                line.text("correlation_id", id.as_str());
            });
        }
        let stream = if *metadata.level() <= Level::WARN { Stream::Err } else { Stream::Out };
        self.lines.write(stream, line.end(metadata.target()));
    }
}

impl<L: Lines> Subscriber for Log<L> {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.enabled(metadata) { Interest::always() } else { Interest::never() }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.threshold.get())
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.threshold.is_reached(metadata)
    }

    fn event(&self, event: &Event<'_>) {
        let written = LINE.try_with(|line| line.try_borrow_mut().map(|mut line| self.write(event, &mut line)));
        // A value may log while it is shown, and a thread while it ends.
        if !matches!(written, Ok(Ok(()))) {
            self.write(event, &mut Line::default());
        }
    }

    /// Spans are not enabled, so none is made.
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
