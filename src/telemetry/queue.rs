//! Lines that wait to be written, limited in number and in size. Callers never wait for room: a line that finds none is
//! refused.
//!
//! Lines for standard output (INFO and below) may fill three quarters of the queue. A warning or an error that finds no
//! room takes the room of the newest of them. So the oldest lines stay, as they do when a new line finds no room.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::lines::Stream;

/// The most that is written at once, in bytes; a longer line is written alone.
pub(super) const MAX_BATCH: usize = 64 * 1024;

/// How long a line of standard output waits for more lines to be written with it.
const BATCH_DELAY: Duration = Duration::from_millis(10);

/// A number of lines and of bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Capacity {
    pub(super) lines: usize,
    pub(super) bytes: usize,
}

impl Capacity {
    /// The capacity of one queue.
    pub(super) const DEFAULT: Self = Self { lines: 16 * 1024, bytes: 4 * 1024 * 1024 };

    fn quarters(self, count: usize) -> Self {
        Self { lines: self.lines / 4 * count, bytes: self.bytes / 4 * count }
    }

    fn holds(self, taken: Self) -> bool {
        taken.lines <= self.lines && taken.bytes <= self.bytes
    }

    /// With a further line of that many bytes.
    fn and(self, length: usize) -> Self {
        Self { lines: self.lines + 1, bytes: self.bytes + length }
    }

    fn without(self, other: Self) -> Self {
        Self { lines: self.lines.saturating_sub(other.lines), bytes: self.bytes.saturating_sub(other.bytes) }
    }

    /// Of a line of that many bytes.
    fn of(length: usize) -> Self {
        Self::default().and(length)
    }
}

/// A queued line.
#[derive(Debug)]
struct QueuedLine {
    /// Its position in the order of both streams.
    number: u64,
    queued_at: Instant,
    /// In bytes.
    length: usize,
}

/// The queued lines of one stream, oldest first. One buffer has the bytes of all of them, so that a line costs no
/// allocation.
#[derive(Debug, Default)]
struct Waiting {
    lines: VecDeque<QueuedLine>,
    bytes: VecDeque<u8>,
}

impl Waiting {
    fn push(&mut self, number: u64, queued_at: Instant, text: &[u8]) {
        self.lines.push_back(QueuedLine { number, queued_at, length: text.len() });
        self.bytes.extend(text);
    }

    /// Drops the newest line. Returns its length.
    fn drop_newest(&mut self) -> Option<usize> {
        let length = self.lines.pop_back()?.length;
        self.bytes.truncate(self.bytes.len() - length);
        Some(length)
    }

    /// Moves the oldest lines into `batch`: as many as fit, of those before the number `end`.
    fn take(&mut self, end: Option<u64>, batch: &mut Vec<u8>) -> Capacity {
        let mut taken = Capacity::default();
        while let Some(line) = self.lines.pop_front_if(|line| {
            let fits = taken.lines == 0 || taken.bytes + line.length <= MAX_BATCH;
            fits && end.is_none_or(|end| line.number < end)
        }) {
            taken = taken.and(line.length);
        }
        let (front, back) = self.bytes.as_slices();
        let front = front.get(..taken.bytes).unwrap_or(front);
        batch.extend_from_slice(front);
        batch.extend_from_slice(back.get(..taken.bytes - front.len()).unwrap_or_default());
        self.bytes.drain(..taken.bytes);
        if self.bytes.is_empty() {
            self.bytes.shrink_to(MAX_BATCH);
        }
        taken
    }

    /// The number of the oldest line.
    fn first(&self) -> Option<u64> {
        self.lines.front().map(|line| line.number)
    }
}

/// The queued lines of both streams.
#[derive(Debug)]
pub(super) struct Queue {
    capacity: Capacity,
    out: Waiting,
    err: Waiting,
    /// How many lines were queued so far.
    count: u64,
    /// The room that queued lines take, and lines that are being written.
    taken: Capacity,
    /// The part of `taken` that is queued for standard output.
    out_queued: Capacity,
    /// The part of `taken` that is being written.
    being_written: Capacity,
}

impl Queue {
    pub(super) fn new(capacity: Capacity) -> Self {
        let (taken, out_queued, being_written) = Default::default();
        Self { capacity, out: Waiting::default(), err: Waiting::default(), count: 0, taken, out_queued, being_written }
    }

    /// Puts a line at the end, if there is room for it. A warning or an error may take the room of INFO lines. Returns
    /// how many of those were dropped; `None` if the line found no room.
    pub(super) fn push(&mut self, stream: Stream, text: &[u8], now: Instant) -> Option<u64> {
        let dropped = if stream == Stream::Err { self.make_room(Capacity::of(text.len())) } else { 0 };
        self.push_if_room(stream, text, now).then_some(dropped)
    }

    /// Puts a line at the end, unless there is no room for it.
    pub(super) fn push_if_room(&mut self, stream: Stream, text: &[u8], now: Instant) -> bool {
        let (limit, waiting) = match stream {
            Stream::Out => (self.capacity.quarters(3), &mut self.out),
            Stream::Err => (self.capacity, &mut self.err),
        };
        let taken = self.taken.and(text.len());
        let fits = limit.holds(taken);
        if fits {
            self.taken = taken;
            if stream == Stream::Out {
                self.out_queued = self.out_queued.and(text.len());
            }
            waiting.push(self.count, now, text);
            self.count += 1;
        }
        fits
    }

    /// Drops INFO lines, the newest first, until there is this much room. Drops none if that would not be enough.
    /// Returns how many were dropped.
    pub(super) fn make_room(&mut self, wanted: Capacity) -> u64 {
        let with = |taken: Capacity| Capacity { lines: taken.lines + wanted.lines, bytes: taken.bytes + wanted.bytes };
        let mut dropped = 0;
        if !self.capacity.holds(with(self.taken.without(self.out_queued))) {
            return dropped;
        }
        while !self.capacity.holds(with(self.taken)) {
            let Some(length) = self.out.drop_newest() else { break };
            self.taken = self.taken.without(Capacity::of(length));
            self.out_queued = self.out_queued.without(Capacity::of(length));
            dropped += 1;
        }
        dropped
    }

    /// Moves the oldest lines of one stream into `batch`, to be written at once. [`Queue::note_written`] frees their
    /// room.
    pub(super) fn take(&mut self, batch: &mut Vec<u8>) -> Option<Stream> {
        batch.clear();
        let (stream, waiting, end) = match (self.out.first(), self.err.first()) {
            (None, None) => return None,
            (Some(out), err) if err.is_none_or(|err| out < err) => (Stream::Out, &mut self.out, err),
            (out, _) => (Stream::Err, &mut self.err, out),
        };
        let taken = waiting.take(end, batch);
        self.being_written = taken;
        if stream == Stream::Out {
            self.out_queued = self.out_queued.without(taken);
        }
        Some(stream)
    }

    /// Frees the room of what was taken: it is written, or cannot be.
    pub(super) fn note_written(&mut self) {
        self.taken = self.taken.without(std::mem::take(&mut self.being_written));
    }

    /// Whether no line is queued.
    pub(super) fn is_empty(&self) -> bool {
        self.out.lines.is_empty() && self.err.lines.is_empty()
    }

    /// Whether no line is queued, and none is being written.
    pub(super) fn is_done(&self) -> bool {
        self.taken == Capacity::default()
    }

    /// How much longer the lines may wait for more lines. A warning or an error does not wait, nor does a full batch.
    /// No line waits longer than [`BATCH_DELAY`], whatever came after it.
    pub(super) fn remaining_delay(&self, now: Instant) -> Duration {
        let fills_a_batch = self.taken.without(self.being_written).bytes >= MAX_BATCH;
        match self.out.lines.front() {
            Some(oldest) if self.err.lines.is_empty() && !fills_a_batch => {
                BATCH_DELAY.saturating_sub(now.saturating_duration_since(oldest.queued_at))
            }
            _ => Duration::ZERO,
        }
    }

    /// Whether half of the capacity or more is free.
    pub(super) fn has_room(&self) -> bool {
        self.capacity.quarters(2).holds(self.taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(queue: &mut Queue, stream: Stream, line: &str) -> Option<u64> {
        queue.push(stream, line.as_bytes(), Instant::now())
    }

    fn taken(queue: &mut Queue) -> Option<(Stream, String)> {
        let mut batch = Vec::new();
        let stream = queue.take(&mut batch)?;
        queue.note_written();
        Some((stream, String::from_utf8(batch).unwrap()))
    }

    #[test]
    fn lines_come_out_in_their_order_and_one_stream_at_a_time() {
        let mut queue = Queue::new(Capacity::DEFAULT);
        let lines = [(Stream::Out, "a\n"), (Stream::Out, "b\n"), (Stream::Err, "c\n"), (Stream::Out, "d\n")];
        for (stream, line) in lines {
            assert_eq!(put(&mut queue, stream, line), Some(0));
        }
        let batches: Vec<_> = std::iter::from_fn(|| taken(&mut queue)).collect();
        let expected = [(Stream::Out, "a\nb\n"), (Stream::Err, "c\n"), (Stream::Out, "d\n")];
        assert_eq!(batches, expected.map(|(stream, text)| (stream, text.to_owned())));
        assert!(queue.is_done());
    }

    #[test]
    fn warnings_and_errors_take_the_room_of_the_newest_lines_below_them_and_no_more() {
        for room in [Capacity { lines: 8, bytes: 1_000 }, Capacity { lines: 1_000, bytes: 16 }] {
            let mut queue = Queue::new(room);
            let out: Vec<_> = (0..9).map(|number| put(&mut queue, Stream::Out, &format!("{number}\n"))).collect();
            assert_eq!(out, [[Some(0); 6].as_slice(), &[None; 3]].concat(), "{room:?}");
            let err: Vec<_> = ('a'..='j').map(|letter| put(&mut queue, Stream::Err, &format!("{letter}\n"))).collect();
            assert_eq!(err, [&[Some(0); 2], [Some(1); 6].as_slice(), &[None; 2]].concat(), "{room:?}");
            assert_eq!(put(&mut queue, Stream::Out, "x\n"), None);
            assert_eq!(taken(&mut queue), Some((Stream::Err, "a\nb\nc\nd\ne\nf\ng\nh\n".to_owned())));
            assert!(queue.is_done());
        }
    }

    #[test]
    fn as_many_lines_go_as_one_needs_and_none_for_one_that_could_not_be_held() {
        let mut queue = Queue::new(Capacity { lines: 100, bytes: 16 });
        for number in 0..6 {
            assert_eq!(put(&mut queue, Stream::Out, &format!("{number}\n")), Some(0));
        }
        assert_eq!(put(&mut queue, Stream::Err, "fifteen and one more\n"), None);
        // What is being written keeps its room.
        let mut batch = Vec::new();
        queue.take(&mut batch);
        assert_eq!((put(&mut queue, Stream::Err, "seven.\n"), batch.len()), (None, 12));
        queue.note_written();
        for number in 0..6 {
            assert_eq!(put(&mut queue, Stream::Out, &format!("{number}\n")), Some(0));
        }
        assert_eq!(put(&mut queue, Stream::Err, "seven.\n"), Some(2));
        let batches: Vec<_> = std::iter::from_fn(|| taken(&mut queue)).map(|(_, text)| text).collect();
        assert_eq!(batches, ["0\n1\n2\n3\n", "seven.\n"]);
    }

    #[test]
    fn no_line_waits_longer_than_20_ms_for_company() {
        let limit = Duration::from_millis(20);
        let began = Instant::now();
        // A line comes every so many milliseconds. The thread looks at the queue then, and when its delay is over.
        for pause in 1..50 {
            let mut queue = Queue::new(Capacity::DEFAULT);
            let mut now = began;
            let mut next = began;
            let mut waiting = VecDeque::new();
            while now < began + Duration::from_millis(500) {
                if now == next {
                    queue.push(Stream::Out, b"x\n", now);
                    waiting.push_back(now);
                    next = now + Duration::from_millis(pause);
                }
                let delay = queue.remaining_delay(now);
                if delay.is_zero() && !queue.is_empty() {
                    assert_eq!(taken(&mut queue).unwrap().1.lines().count(), waiting.len());
                    let longest = waiting.drain(..).map(|came| now - came).max();
                    assert!(longest.is_some_and(|longest| longest <= limit), "{longest:?}, one each {pause} ms");
                }
                now = if queue.is_empty() { next } else { next.min(now + queue.remaining_delay(now)) };
            }
        }
    }

    #[test]
    fn a_line_that_came_during_a_write_has_waited_already_and_a_warning_waits_for_nothing() {
        let began = Instant::now();
        let after = |milliseconds| began + Duration::from_millis(milliseconds);
        let mut queue = Queue::new(Capacity::DEFAULT);
        queue.push(Stream::Out, b"x\n", began);
        assert!(!queue.remaining_delay(after(1)).is_zero());
        assert!(queue.remaining_delay(after(15)).is_zero());
        queue.push(Stream::Err, b"y\n", after(1));
        assert!(queue.remaining_delay(after(1)).is_zero());
    }

    #[test]
    fn room_is_free_again_once_lines_are_written_and_not_before() {
        let mut queue = Queue::new(Capacity { lines: 4, bytes: 100 });
        for _ in 0..4 {
            assert_eq!(put(&mut queue, Stream::Err, "x\n"), Some(0));
        }
        let mut batch = Vec::new();
        queue.take(&mut batch);
        assert!(queue.is_empty() && !queue.is_done() && !queue.has_room());
        assert_eq!(put(&mut queue, Stream::Err, "x\n"), None);
        queue.note_written();
        assert!(queue.has_room() && put(&mut queue, Stream::Err, "x\n").is_some());
    }

    #[test]
    fn a_batch_has_its_limit_and_a_line_that_is_longer_goes_alone() {
        let mut queue = Queue::new(Capacity::DEFAULT);
        let (long, short) = ("y".repeat(MAX_BATCH + 1), "x".repeat(MAX_BATCH / 2));
        for line in [&long, &short, &short, &short] {
            put(&mut queue, Stream::Out, line);
        }
        assert!(queue.remaining_delay(Instant::now()).is_zero());
        let lengths: Vec<usize> = std::iter::from_fn(|| taken(&mut queue)).map(|(_, text)| text.len()).collect();
        assert_eq!(lengths, [MAX_BATCH + 1, MAX_BATCH, MAX_BATCH / 2]);
    }
}
