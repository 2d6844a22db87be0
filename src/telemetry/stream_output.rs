//! One output of the process: a queue, into which callers put lines without ever waiting, and the thread that writes
//! it.
//!
//! The thread writes everything that is queued at once. A line of standard output waits a moment for more lines, so
//! that a busy service does not make a system call for each of them. A warning or an error never waits.

use std::io::{self, ErrorKind, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::dropped::{DroppedCounts, DroppedLines};
use super::lines::Stream;
use super::queue::{Capacity, Queue};

/// How long the thread waits when the stream cannot take anything at the moment.
const PAUSE: Duration = Duration::from_millis(5);

/// A queue of lines, and the state of the thread that writes them.
#[derive(Debug)]
pub(super) struct StreamOutput {
    /// The stream that is written; [`Stream::Err`] if both are.
    stream: Stream,
    state: Mutex<State>,
    /// A line was added, or the queue became urgent.
    line_added: Condvar,
    /// Everything was written.
    done: Condvar,
    dropped: Arc<DroppedLines>,
}

#[derive(Debug)]
struct State {
    queue: Queue,
    thread: ThreadState,
    /// The queued lines are to be written at once.
    urgent: bool,
}

impl State {
    /// Whether the queued lines are to be written now.
    fn is_due(&self, now: Instant) -> bool {
        self.urgent || self.queue.remaining_delay(now).is_zero()
    }
}

/// What the writing thread does at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ThreadState {
    Working,
    WaitingForALine,
    WaitingForMoreLines,
}

impl StreamOutput {
    pub(super) fn new(stream: Stream, capacity: Capacity, dropped: &Arc<DroppedLines>) -> Self {
        let state = State { queue: Queue::new(capacity), thread: ThreadState::Working, urgent: false };
        let (line_added, done) = (Condvar::new(), Condvar::new());
        Self { stream, state: Mutex::new(state), line_added, done, dropped: Arc::clone(dropped) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a line into the queue, and counts what is dropped: that line, or others that made room for it.
    pub(super) fn push(&self, stream: Stream, line: &[u8]) {
        let mut state = self.lock();
        if let Some(dropped) = state.queue.push(stream, line, Instant::now()) {
            self.dropped.count(self.stream, Stream::Out, dropped);
            self.wake(state, false);
        } else {
            self.dropped.count(self.stream, stream, 1);
        }
    }

    /// Puts a line into the queue if there is room for it.
    pub(super) fn offer(&self, stream: Stream, line: &[u8]) -> bool {
        let mut state = self.lock();
        let fits = state.queue.push_if_room(stream, line, Instant::now());
        if fits {
            self.wake(state, true);
        }
        fits
    }

    /// Drops INFO lines until there is this much room, and counts them.
    pub(super) fn make_room(&self, wanted: Capacity) {
        let dropped = self.lock().queue.make_room(wanted);
        self.dropped.count(self.stream, Stream::Out, dropped);
    }

    /// Wakes the thread if there is something to write now.
    fn wake(&self, mut state: MutexGuard<'_, State>, urgent: bool) {
        state.urgent |= urgent;
        let wake = match state.thread {
            ThreadState::Working => false,
            ThreadState::WaitingForALine => true,
            ThreadState::WaitingForMoreLines => state.is_due(Instant::now()),
        };
        if wake {
            state.thread = ThreadState::Working;
            drop(state);
            self.line_added.notify_one();
        }
    }

    /// Waits for lines and takes those that belong together.
    pub(super) fn next(&self, batch: &mut Vec<u8>) -> Option<Stream> {
        let mut state = self.lock();
        while state.queue.is_empty() {
            state.thread = ThreadState::WaitingForALine;
            state = self.line_added.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        loop {
            let now = Instant::now();
            if state.is_due(now) {
                break;
            }
            let left = state.queue.remaining_delay(now);
            state.thread = ThreadState::WaitingForMoreLines;
            state = self.line_added.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.thread = ThreadState::Working;
        let stream = state.queue.take(batch);
        state.urgent &= !state.queue.is_empty();
        stream
    }

    /// Notes that the taken lines are written, except for `lost` of them. Returns what is to be reported now.
    pub(super) fn note_written(&self, stream: Stream, lost: u64) -> Option<DroppedCounts> {
        self.dropped.count(self.stream, stream, lost);
        let mut state = self.lock();
        state.queue.note_written();
        if state.queue.is_done() {
            self.done.notify_all();
        }
        // If lines cannot be written, a report cannot be either.
        if lost == 0 && state.queue.has_room() { self.dropped.note_room(self.stream) } else { None }
    }

    /// Waits until all is written that is in the queue, up to a moment.
    pub(super) fn flush(&self, until: Instant) {
        let mut state = self.lock();
        state.urgent = true;
        self.line_added.notify_one();
        let left = until.saturating_duration_since(Instant::now());
        // If the time is over first, the rest stays unwritten.
        let _ = self.done.wait_timeout_while(state, left, |state| !state.queue.is_done());
    }
}

/// Writes lines, and begins each of them on a line of its own.
#[derive(Debug, Default)]
pub(super) struct LineWriter {
    /// The last write ended in the middle of a line.
    is_torn: bool,
}

impl LineWriter {
    /// Writes the lines. Hands back how many of them could not be written, for example to a full disk. If the reader
    /// has gone, no line counts as missing.
    pub(super) fn write(&mut self, stream: &mut dyn Write, lines: &[u8]) -> u64 {
        let mut left = lines;
        let written = self.end_torn_line(stream).and_then(|()| self.write_all(stream, &mut left));
        match written {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                left.split(|byte| *byte == b'\n').skip(1).count() as u64
            }
            _ => 0,
        }
    }

    fn end_torn_line(&mut self, stream: &mut dyn Write) -> io::Result<()> {
        if self.is_torn { self.write_all(stream, &mut &b"\n"[..]) } else { Ok(()) }
    }

    /// Writes all of `left`, or up to where it fails; what is not written stays in `left`.
    fn write_all(&mut self, stream: &mut dyn Write, left: &mut &[u8]) -> io::Result<()> {
        while !left.is_empty() {
            match stream.write(left) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => {
                    let (written, rest) = left.split_at_checked(count).unwrap_or((left, &[]));
                    self.is_torn = written.last() != Some(&b'\n');
                    *left = rest;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // Whoever started the process may have made the pipe non-blocking.
                Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::sleep(PAUSE),
                Err(error) => return Err(error),
            }
        }
        // Only a stream with a buffer does something here.
        stream.flush()
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
    fn a_stream_that_takes_little_or_nothing_now_gets_all_of_it() {
        let complaints = vec![ErrorKind::WouldBlock, ErrorKind::Interrupted, ErrorKind::WouldBlock];
        let mut stream = Grudging { complaints, written: Vec::new() };
        assert_eq!(LineWriter::default().write(&mut stream, b"{\"event\":1}\n"), 0);
        assert_eq!(stream.written, b"{\"event\":1}\n");
    }

    #[test]
    fn a_stream_that_is_gone_is_left_alone() {
        let mut stream = Grudging { complaints: vec![ErrorKind::BrokenPipe], written: Vec::new() };
        assert_eq!(LineWriter::default().write(&mut stream, b"{\"event\":1}\n"), 0);
        assert!(stream.written.is_empty());
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
            let mut writer = LineWriter::default();
            assert_eq!(writer.write(&mut disk, b"one\ntwo\nthree\n"), missing, "{room}");
            if missing > 0 {
                assert_eq!(writer.write(&mut disk, b"lost\nas well\n"), 2, "{room}");
            }
            disk.room = 99;
            assert_eq!(writer.write(&mut disk, b"four\n"), 0, "{room}");
            assert_eq!(String::from_utf8(disk.written).unwrap(), expected, "{room}");
        }
    }
}
