//! Lines that found no room, or could not be written: counted, and reported in one line as soon as every outlet has room again.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::lines::Stream;

/// Lines that nobody will read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Lost {
    /// INFO and below.
    pub(super) info: u64,
    /// WARN and ERROR.
    pub(super) warn: u64,
}

/// The counts, shared by both outlets.
#[derive(Debug, Default)]
pub(super) struct Losses {
    unreported: Mutex<Unreported>,
    total: AtomicU64,
}

#[derive(Debug, Default)]
struct Unreported {
    lost: Lost,
    /// The outlets that had no room, and have not had any since.
    out_is_full: bool,
    err_is_full: bool,
}

impl Unreported {
    fn set_full(&mut self, outlet: Stream, full: bool) {
        match outlet {
            Stream::Out => self.out_is_full = full,
            Stream::Err => self.err_is_full = full,
        }
    }

    fn take(&mut self) -> Option<Lost> {
        let lost = std::mem::take(&mut self.lost);
        (lost != Lost::default()).then_some(lost)
    }
}

impl Losses {
    fn lock(&self) -> MutexGuard<'_, Unreported> {
        self.unreported.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// So many lines of `stream` found no room in `outlet`, or behind it.
    pub(super) fn count(&self, outlet: Stream, stream: Stream, lines: u64) {
        if lines == 0 {
            return;
        }
        self.total.fetch_add(lines, Ordering::Relaxed);
        let mut unreported = self.lock();
        unreported.set_full(outlet, true);
        match stream {
            Stream::Out => unreported.lost.info += lines,
            Stream::Err => unreported.lost.warn += lines,
        }
    }

    /// There is something to be reported.
    pub(super) fn are_unreported(&self) -> bool {
        self.lock().lost != Lost::default()
    }

    /// An outlet has room. What is to be reported now, if that was the last one that had none.
    pub(super) fn has_room(&self, outlet: Stream) -> Option<Lost> {
        let mut unreported = self.lock();
        unreported.set_full(outlet, false);
        if unreported.out_is_full || unreported.err_is_full { None } else { unreported.take() }
    }

    /// What is to be reported at the end, room or not.
    pub(super) fn at_the_end(&self) -> Option<Lost> {
        self.lock().take()
    }

    /// The report itself found no room.
    pub(super) fn not_reported(&self, lost: Lost) {
        let mut unreported = self.lock();
        unreported.lost.info += lost.info;
        unreported.lost.warn += lost.warn;
    }

    /// How many there were since the start.
    pub(super) fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_outlets_are_reported_together_once_both_have_room() {
        let losses = Losses::default();
        assert_eq!(losses.has_room(Stream::Out), None);
        for (outlet, stream) in [(Stream::Out, Stream::Out), (Stream::Out, Stream::Out), (Stream::Err, Stream::Err)] {
            losses.count(outlet, stream, 1);
        }
        assert_eq!(losses.has_room(Stream::Err), None);
        losses.count(Stream::Out, Stream::Out, 1);
        let lost = Lost { info: 3, warn: 1 };
        assert_eq!(losses.has_room(Stream::Out), Some(lost));
        assert_eq!((losses.has_room(Stream::Err), losses.at_the_end()), (None, None));
        losses.not_reported(lost);
        assert_eq!((losses.has_room(Stream::Err), losses.total()), (Some(lost), 4));
    }
}
