//! What a connection is doing, as far as its limits depend on it.
//!
//! The parts of a connection see different things: its stream sees bytes come and answers leave, its service sees
//! requests begin and end. Each tells [`Activity`], and who watches the connection reads it there.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::Waker;
use std::time::Duration;

use futures_util::task::AtomicWaker;

/// What a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// A part of a header has arrived.
    Header,
    /// Nothing has arrived since the connection was opened.
    Unused,
    /// Every request was answered, and nothing has arrived since.
    Idle,
    /// The header of a request is complete; its answer is made.
    Answering,
    /// The answer is made, and not sent yet.
    Sending,
}

impl Phase {
    /// All phases, each at the place of its number.
    const ALL: [Self; 5] = [Self::Header, Self::Unused, Self::Idle, Self::Answering, Self::Sending];

    /// Which connection ends first when room is needed: the lowest number. `None` if a request is under way.
    pub(super) fn rank(self) -> Option<u8> {
        match self {
            Self::Header => Some(0),
            Self::Unused => Some(1),
            Self::Idle => Some(2),
            Self::Answering | Self::Sending => None,
        }
    }
}

/// The low bits of the state: the phase. The others count the changes, so that a phase that was left and entered again
/// is another state.
const PHASE_BITS: u64 = 0b111;
const CHANGE: u64 = PHASE_BITS + 1;

/// What a connection is doing, and whether it was told to end.
#[derive(Debug)]
pub(super) struct Activity {
    state: AtomicU64,
    /// When the phase began, in milliseconds since the server began; as far as the connection has noticed.
    since: AtomicU64,
    is_unwanted: AtomicBool,
    is_last: AtomicBool,
    waker: AtomicWaker,
}

impl Activity {
    /// A connection that was opened `now`, counted from when the server began.
    pub(super) fn new(now: Duration) -> Self {
        Self {
            state: AtomicU64::new(Phase::Unused as u64),
            since: AtomicU64::new(milliseconds(now)),
            is_unwanted: AtomicBool::new(false),
            is_last: AtomicBool::new(false),
            waker: AtomicWaker::new(),
        }
    }

    /// A number that is another one after every change.
    pub(super) fn state(&self) -> u64 {
        self.state.load(Ordering::Acquire)
    }

    pub(super) fn phase(&self) -> Phase {
        let number = usize::try_from(self.state() & PHASE_BITS).unwrap_or_default();
        Phase::ALL.get(number).copied().unwrap_or(Phase::Unused)
    }

    fn enter(&self, phase: Phase) {
        let changes = self.state() & !PHASE_BITS;
        self.state.store(changes.wrapping_add(CHANGE) | phase as u64, Ordering::Release);
    }

    /// Bytes have arrived.
    pub(super) fn received(&self) {
        if matches!(self.phase(), Phase::Unused | Phase::Idle) {
            self.enter(Phase::Header);
        }
    }

    /// The header of a request is complete.
    pub(super) fn begun(&self) {
        self.enter(Phase::Answering);
    }

    /// The answer is made.
    pub(super) fn answered(&self) {
        self.enter(Phase::Sending);
    }

    /// Everything that was written is sent.
    pub(super) fn flushed(&self) {
        if self.phase() == Phase::Sending {
            self.enter(Phase::Idle);
        }
    }

    /// Notes when the present phase began, counted from when the server began.
    pub(super) fn note_since(&self, since: Duration) {
        self.since.store(milliseconds(since), Ordering::Relaxed);
    }

    /// When the phase began, in milliseconds since the server began.
    pub(super) fn since(&self) -> u64 {
        self.since.load(Ordering::Relaxed)
    }

    /// Asks the connection to end at once, unless a request is under way: its room is needed.
    pub(super) fn make_room(&self) {
        self.is_unwanted.store(true, Ordering::Release);
        self.waker.wake();
    }

    /// Whether the connection was asked to make room.
    pub(super) fn is_unwanted(&self) -> bool {
        self.is_unwanted.load(Ordering::Acquire)
    }

    /// Asks the connection to end when its present request is answered: the service stops.
    pub(super) fn finish(&self) {
        self.is_last.store(true, Ordering::Release);
        self.waker.wake();
    }

    /// Whether the service stops.
    pub(super) fn is_last(&self) -> bool {
        self.is_last.load(Ordering::Acquire)
    }

    /// Who is woken when the connection is asked to end.
    pub(super) fn wake(&self, waker: &Waker) {
        self.waker.register(waker);
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
