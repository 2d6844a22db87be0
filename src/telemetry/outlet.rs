//! One outlet of the process: a queue, which whoever logs puts lines into without ever waiting, and what the thread that
//! writes does with it.
//!
//! The thread writes whatever is there in one go. A line of standard output waits a moment for company, so that a busy
//! service does not make a call to the system for each of its lines; a warning or an error waits for nothing.

use std::io::{ErrorKind, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::lines::Stream;
use super::losses::{Losses, Lost};
use super::queue::{Queue, Room};

/// How long a line waits for others that could be written with it.
const COMPANY: Duration = Duration::from_millis(10);
/// How long the thread waits for an outlet that takes nothing now and says so.
const PAUSE: Duration = Duration::from_millis(5);

/// The queue before an outlet.
#[derive(Debug)]
pub(super) struct Outlet {
    /// What it is for; an outlet for both goes by [`Stream::Err`].
    stream: Stream,
    state: Mutex<State>,
    /// A line came, or it became urgent.
    news: Condvar,
    /// Everything was written.
    done: Condvar,
    losses: Arc<Losses>,
}

#[derive(Debug)]
struct State {
    queue: Queue,
    thread: Thread,
    /// The lines that wait are to be written at once.
    urgent: bool,
}

/// What the thread that writes does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Thread {
    Works,
    WaitsForALine,
    WaitsForCompany,
}

impl Outlet {
    pub(super) fn new(stream: Stream, room: Room, losses: &Arc<Losses>) -> Self {
        let state = State { queue: Queue::new(room), thread: Thread::Works, urgent: false };
        let (news, done) = (Condvar::new(), Condvar::new());
        Self { stream, state: Mutex::new(state), news, done, losses: Arc::clone(losses) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a line into the queue, or counts it as lost.
    pub(super) fn push(&self, stream: Stream, line: String) {
        let mut state = self.lock();
        if state.queue.push(stream, line) {
            self.wake(state, stream == Stream::Err);
        } else {
            self.losses.count(self.stream, stream);
        }
    }

    /// Puts a line into the queue if there is room for it.
    pub(super) fn offer(&self, stream: Stream, line: String) -> bool {
        let mut state = self.lock();
        let fits = state.queue.push(stream, line);
        if fits {
            self.wake(state, true);
        }
        fits
    }

    /// Wakes the thread if it has a reason to get up.
    fn wake(&self, mut state: MutexGuard<'_, State>, urgent: bool) {
        state.urgent |= urgent;
        let wake = match state.thread {
            Thread::Works => false,
            Thread::WaitsForALine => true,
            Thread::WaitsForCompany => state.urgent || state.queue.fills_a_batch(),
        };
        if wake {
            state.thread = Thread::Works;
            drop(state);
            self.news.notify_one();
        }
    }

    /// Waits for lines and takes those that belong together.
    pub(super) fn next(&self, batch: &mut Vec<u8>) -> Option<Stream> {
        let mut state = self.lock();
        while state.queue.is_empty() {
            state.thread = Thread::WaitsForALine;
            state = self.news.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let came = Instant::now();
        while !state.urgent && !state.queue.fills_a_batch() {
            let Some(left) = COMPANY.checked_sub(came.elapsed()).filter(|left| !left.is_zero()) else { break };
            state.thread = Thread::WaitsForCompany;
            state = self.news.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.thread = Thread::Works;
        let stream = state.queue.take(batch);
        state.urgent &= !state.queue.is_empty();
        stream
    }

    /// What was taken is written. Hands back what is to be reported now.
    pub(super) fn written(&self) -> Option<Lost> {
        let mut state = self.lock();
        state.queue.written();
        if state.queue.is_done() {
            self.done.notify_all();
        }
        if state.queue.has_room() { self.losses.has_room(self.stream) } else { None }
    }

    /// Waits until all is written that is in the queue, up to a moment.
    pub(super) fn flush(&self, until: Instant) {
        let mut state = self.lock();
        state.urgent = true;
        self.news.notify_one();
        let left = until.saturating_duration_since(Instant::now());
        // Given up or not, there is nothing more to be done.
        let _ = self.done.wait_timeout_while(state, left, |state| !state.queue.is_done());
    }
}

/// Writes it all. What cannot be written, because nobody is there any more, is lost without a word.
pub(super) fn write_all(outlet: &mut dyn Write, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        match outlet.write(bytes) {
            Ok(0) => return,
            Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // Whoever started the process may have made the pipe so.
            Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::sleep(PAUSE),
            Err(_) => return,
        }
    }
    // Only an outlet with a buffer has something to do here.
    let _ = outlet.flush();
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    /// Takes three bytes at a time, and complains each time before it does.
    struct Grudging {
        complaints: Vec<ErrorKind>,
        written: Vec<u8>,
    }

    impl Write for Grudging {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if let Some(complaint) = self.complaints.pop() {
                return Err(complaint.into());
            }
            let count = bytes.len().min(3);
            self.written.extend_from_slice(&bytes[..count]);
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn an_outlet_that_takes_little_or_nothing_now_gets_all_of_it() {
        let complaints = vec![ErrorKind::WouldBlock, ErrorKind::Interrupted, ErrorKind::WouldBlock];
        let mut outlet = Grudging { complaints, written: Vec::new() };
        write_all(&mut outlet, b"{\"event\":1}\n");
        assert_eq!(outlet.written, b"{\"event\":1}\n");
    }

    #[test]
    fn an_outlet_that_is_gone_is_left_alone() {
        let mut outlet = Grudging { complaints: vec![ErrorKind::BrokenPipe], written: Vec::new() };
        write_all(&mut outlet, b"{\"event\":1}\n");
        assert!(outlet.written.is_empty());
    }

    #[test]
    fn no_line_waits_longer_than_20_ms_for_company() {
        assert!(COMPANY <= Duration::from_millis(20));
    }
}
