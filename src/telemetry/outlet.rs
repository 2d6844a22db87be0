//! One outlet of the process: a queue, which whoever logs puts lines into without ever waiting, and what the thread that
//! writes does with it.
//!
//! The thread writes whatever is there in one go. A line of standard output waits a moment for company, so that a busy
//! service does not make a call to the system for each of its lines; a warning or an error waits for nothing.

use std::io::{self, ErrorKind, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::lines::Stream;
use super::losses::{Losses, Lost};
use super::queue::{Queue, Room};

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

impl State {
    /// The lines that wait are to be written now.
    fn is_due(&self, now: Instant) -> bool {
        self.urgent || self.queue.patience(now).is_zero()
    }
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

    /// Puts a line into the queue, and counts what is lost: that line, or others that it took the room of.
    pub(super) fn push(&self, stream: Stream, line: String) {
        let mut state = self.lock();
        if let Some(went) = state.queue.push(stream, line, Instant::now()) {
            self.losses.count(self.stream, Stream::Out, went);
            self.wake(state, false);
        } else {
            self.losses.count(self.stream, stream, 1);
        }
    }

    /// Puts a line into the queue if there is room for it.
    pub(super) fn offer(&self, stream: Stream, line: String) -> bool {
        let mut state = self.lock();
        let fits = state.queue.push_if_room(stream, line, Instant::now());
        if fits {
            self.wake(state, true);
        }
        fits
    }

    /// Lets INFO lines go until there is this much room, and counts them.
    pub(super) fn make_room(&self, wanted: Room) {
        let went = self.lock().queue.make_room(wanted);
        self.losses.count(self.stream, Stream::Out, went);
    }

    /// Wakes the thread if it has a reason to get up.
    fn wake(&self, mut state: MutexGuard<'_, State>, urgent: bool) {
        state.urgent |= urgent;
        let wake = match state.thread {
            Thread::Works => false,
            Thread::WaitsForALine => true,
            Thread::WaitsForCompany => state.is_due(Instant::now()),
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
        loop {
            let now = Instant::now();
            if state.is_due(now) {
                break;
            }
            let left = state.queue.patience(now);
            state.thread = Thread::WaitsForCompany;
            state = self.news.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.thread = Thread::Works;
        let stream = state.queue.take(batch);
        state.urgent &= !state.queue.is_empty();
        stream
    }

    /// What was taken is written, up to so many of its lines. Hands back what is to be reported now.
    pub(super) fn written(&self, stream: Stream, lost: u64) -> Option<Lost> {
        self.losses.count(self.stream, stream, lost);
        let mut state = self.lock();
        state.queue.written();
        if state.queue.is_done() {
            self.done.notify_all();
        }
        // Where nothing can be written, a report could not be either.
        if lost == 0 && state.queue.has_room() { self.losses.has_room(self.stream) } else { None }
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

/// Writes lines, each of them from the beginning of a line.
#[derive(Debug, Default)]
pub(super) struct Pen {
    /// What was written last ends in the middle of a line.
    is_torn: bool,
}

impl Pen {
    /// Writes the lines. Hands back how many of them are missing because the outlet takes no more, as a full disk does. A
    /// reader that has gone misses nothing.
    pub(super) fn write(&mut self, outlet: &mut dyn Write, lines: &[u8]) -> u64 {
        let mut left = lines;
        let written = self.end_torn_line(outlet).and_then(|()| self.write_all(outlet, &mut left));
        match written {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                left.split(|byte| *byte == b'\n').skip(1).count() as u64
            }
            _ => 0,
        }
    }

    fn end_torn_line(&mut self, outlet: &mut dyn Write) -> io::Result<()> {
        if self.is_torn { self.write_all(outlet, &mut &b"\n"[..]) } else { Ok(()) }
    }

    /// Writes it all, or up to where it fails: that is left.
    fn write_all(&mut self, outlet: &mut dyn Write, left: &mut &[u8]) -> io::Result<()> {
        while !left.is_empty() {
            match outlet.write(left) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => {
                    let (written, rest) = left.split_at_checked(count).unwrap_or((left, &[]));
                    self.is_torn = written.last() != Some(&b'\n');
                    *left = rest;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // Whoever started the process may have made the pipe so.
                Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::sleep(PAUSE),
                Err(error) => return Err(error),
            }
        }
        // Only an outlet with a buffer has something to do here.
        outlet.flush()
    }
}

#[cfg(test)]
mod tests {
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
        assert_eq!(Pen::default().write(&mut outlet, b"{\"event\":1}\n"), 0);
        assert_eq!(outlet.written, b"{\"event\":1}\n");
    }

    #[test]
    fn an_outlet_that_is_gone_is_left_alone() {
        let mut outlet = Grudging { complaints: vec![ErrorKind::BrokenPipe], written: Vec::new() };
        assert_eq!(Pen::default().write(&mut outlet, b"{\"event\":1}\n"), 0);
        assert!(outlet.written.is_empty());
    }

    /// A disk with room for so many bytes.
    struct Disk {
        room: usize,
        written: Vec<u8>,
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let count = bytes.len().min(self.room);
            if count == 0 {
                return Err(ErrorKind::StorageFull.into());
            }
            self.room -= count;
            self.written.extend_from_slice(&bytes[..count]);
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_that_a_full_disk_does_not_take_are_counted_and_the_next_one_begins_a_line() {
        for (room, missing, expected) in [
            (0, 3, "four\n"),
            (2, 3, "on\nfour\n"),
            (3, 3, "one\nfour\n"),
            (4, 2, "one\nfour\n"),
            (9, 1, "one\ntwo\nt\nfour\n"),
            (99, 0, "one\ntwo\nthree\nfour\n"),
        ] {
            let mut disk = Disk { room, written: Vec::new() };
            let mut pen = Pen::default();
            assert_eq!(pen.write(&mut disk, b"one\ntwo\nthree\n"), missing, "{room}");
            if missing > 0 {
                assert_eq!(pen.write(&mut disk, b"lost\nas well\n"), 2, "{room}");
            }
            disk.room = 99;
            assert_eq!(pen.write(&mut disk, b"four\n"), 0, "{room}");
            assert_eq!(String::from_utf8(disk.written).unwrap(), expected, "{room}");
        }
    }
}
