//! Lines that found no room, or could not be written: counted, and reported in one line as soon as every output has
//! room again.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::lines::Stream;

/// How many lines were dropped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct DroppedCounts {
    /// Lines of INFO and below.
    pub(super) info: u64,
    /// Lines of WARN and ERROR.
    pub(super) warn: u64,
}

/// The counts of both outputs.
#[derive(Debug, Default)]
pub(super) struct DroppedLines {
    unreported: Mutex<Unreported>,
    total: AtomicU64,
}

#[derive(Debug, Default)]
struct Unreported {
    lost: DroppedCounts,
    /// Whether standard output had no room, and has not had any since.
    out_is_full: bool,
    /// The same for standard error.
    err_is_full: bool,
}

impl Unreported {
    fn set_full(&mut self, output: Stream, full: bool) {
        match output {
            Stream::Out => self.out_is_full = full,
            Stream::Err => self.err_is_full = full,
        }
    }

    fn take(&mut self) -> Option<DroppedCounts> {
        let lost = std::mem::take(&mut self.lost);
        (lost != DroppedCounts::default()).then_some(lost)
    }
}

impl DroppedLines {
    fn lock(&self) -> MutexGuard<'_, Unreported> {
        self.unreported.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts lines of `stream` that `output` had no room for, or could not write.
    pub(super) fn count(&self, output: Stream, stream: Stream, lines: u64) {
        if lines == 0 {
            return;
        }
        self.total.fetch_add(lines, Ordering::Relaxed);
        let mut unreported = self.lock();
        unreported.set_full(output, true);
        match stream {
            Stream::Out => unreported.lost.info += lines,
            Stream::Err => unreported.lost.warn += lines,
        }
    }

    /// Whether there is something to report.
    pub(super) fn has_unreported(&self) -> bool {
        self.lock().lost != DroppedCounts::default()
    }

    /// Notes that an output has room. Returns what is to be reported now: nothing as long as an output is full.
    pub(super) fn note_room(&self, output: Stream) -> Option<DroppedCounts> {
        let mut unreported = self.lock();
        unreported.set_full(output, false);
        if unreported.out_is_full || unreported.err_is_full { None } else { unreported.take() }
    }

    /// What is to be reported at the end, whether there is room or not.
    pub(super) fn take_all(&self) -> Option<DroppedCounts> {
        self.lock().take()
    }

    /// Takes the counts of a report back, because the report itself found no room.
    pub(super) fn put_back(&self, lost: DroppedCounts) {
        let mut unreported = self.lock();
        unreported.lost.info += lost.info;
        unreported.lost.warn += lost.warn;
    }

    /// How many lines were dropped since the start.
    pub(super) fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_streams_are_reported_together_once_both_have_room() {
        let dropped = DroppedLines::default();
        assert_eq!(dropped.note_room(Stream::Out), None);
        for (output, stream) in [(Stream::Out, Stream::Out), (Stream::Out, Stream::Out), (Stream::Err, Stream::Err)] {
            dropped.count(output, stream, 1);
        }
        assert_eq!(dropped.note_room(Stream::Err), None);
        dropped.count(Stream::Out, Stream::Out, 1);
        let lost = DroppedCounts { info: 3, warn: 1 };
        assert_eq!(dropped.note_room(Stream::Out), Some(lost));
        assert_eq!((dropped.note_room(Stream::Err), dropped.take_all()), (None, None));
        dropped.put_back(lost);
        assert_eq!((dropped.note_room(Stream::Err), dropped.total()), (Some(lost), 4));
    }
}
