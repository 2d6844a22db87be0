//! Lines that wait to be written, bounded by number and by size. Nobody waits for room: a line that finds none is
//! refused.
//!
//! Lines for standard output (INFO and below) may fill three quarters of the room. A warning or an error that finds no
//! room takes that of the newest of them that wait: what came first stays, as it does when they find no room themselves.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::lines::Stream;

/// The most that is handed over to be written at once, in bytes; a longer line goes alone.
pub(super) const MAX_BATCH: usize = 64 * 1024;

/// How long a line of standard output waits for others that could be written with it.
const COMPANY: Duration = Duration::from_millis(10);

/// So many lines, and so many bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Room {
    pub(super) lines: usize,
    pub(super) bytes: usize,
}

impl Room {
    /// What one outlet may hold back while nobody reads it.
    pub(super) const USUAL: Self = Self { lines: 16 * 1024, bytes: 4 * 1024 * 1024 };

    fn quarters(self, count: usize) -> Self {
        Self { lines: self.lines / 4 * count, bytes: self.bytes / 4 * count }
    }

    fn holds(self, taken: Self) -> bool {
        taken.lines <= self.lines && taken.bytes <= self.bytes
    }

    fn and(self, line: &str) -> Self {
        Self { lines: self.lines + 1, bytes: self.bytes + line.len() }
    }

    fn without(self, other: Self) -> Self {
        Self { lines: self.lines.saturating_sub(other.lines), bytes: self.bytes.saturating_sub(other.bytes) }
    }

    fn of(line: &str) -> Self {
        Self::default().and(line)
    }
}

/// A line that waits.
#[derive(Debug)]
struct Waiting {
    /// Its place in the order of both streams.
    number: u64,
    came: Instant,
    text: String,
}

/// The lines of both streams.
#[derive(Debug)]
pub(super) struct Queue {
    room: Room,
    /// Each oldest first.
    out: VecDeque<Waiting>,
    err: VecDeque<Waiting>,
    /// How many lines came so far.
    count: u64,
    /// What the lines take that wait or are being written.
    taken: Room,
    /// Of that, what waits for standard output.
    out_waits: Room,
    /// Of that, what is being written.
    in_hand: Room,
}

impl Queue {
    pub(super) fn new(room: Room) -> Self {
        let (taken, out_waits, in_hand) = Default::default();
        Self { room, out: VecDeque::new(), err: VecDeque::new(), count: 0, taken, out_waits, in_hand }
    }

    /// Puts a line at the end, if there is room for it. A warning or an error gets that of INFO lines: hands back how
    /// many of them went. `None`: there is no room all the same.
    pub(super) fn push(&mut self, stream: Stream, text: String, now: Instant) -> Option<u64> {
        let went = if stream == Stream::Err { self.make_room(Room::of(&text)) } else { 0 };
        self.push_if_room(stream, text, now).then_some(went)
    }

    /// Puts a line at the end, unless there is no room for it.
    pub(super) fn push_if_room(&mut self, stream: Stream, text: String, now: Instant) -> bool {
        let (room, waiting) = match stream {
            Stream::Out => (self.room.quarters(3), &mut self.out),
            Stream::Err => (self.room, &mut self.err),
        };
        let taken = self.taken.and(&text);
        let fits = room.holds(taken);
        if fits {
            self.taken = taken;
            if stream == Stream::Out {
                self.out_waits = self.out_waits.and(&text);
            }
            waiting.push_back(Waiting { number: self.count, came: now, text });
            self.count += 1;
        }
        fits
    }

    /// Lets INFO lines go, the newest first, until there is this much room; none if there cannot be. Hands back how many
    /// went.
    pub(super) fn make_room(&mut self, wanted: Room) -> u64 {
        let with = |taken: Room| Room { lines: taken.lines + wanted.lines, bytes: taken.bytes + wanted.bytes };
        let mut went = 0;
        if !self.room.holds(with(self.taken.without(self.out_waits))) {
            return went;
        }
        while !self.room.holds(with(self.taken)) {
            let Some(line) = self.out.pop_back() else { break };
            self.taken = self.taken.without(Room::of(&line.text));
            self.out_waits = self.out_waits.without(Room::of(&line.text));
            went += 1;
        }
        went
    }

    /// Moves the oldest lines of one stream into `batch`, to be written at once. [`Queue::written`] frees their room.
    pub(super) fn take(&mut self, batch: &mut Vec<u8>) -> Option<Stream> {
        batch.clear();
        let number = |waiting: &VecDeque<Waiting>| waiting.front().map(|line| line.number);
        let (stream, waiting, end) = match (number(&self.out), number(&self.err)) {
            (None, None) => return None,
            (Some(out), err) if err.is_none_or(|err| out < err) => (Stream::Out, &mut self.out, err),
            (out, _) => (Stream::Err, &mut self.err, out),
        };
        let mut taken = Room::default();
        while let Some(line) = waiting.pop_front_if(|line| {
            let fits = batch.is_empty() || batch.len() + line.text.len() <= MAX_BATCH;
            fits && end.is_none_or(|end| line.number < end)
        }) {
            taken = taken.and(&line.text);
            batch.extend_from_slice(line.text.as_bytes());
        }
        self.in_hand = taken;
        if stream == Stream::Out {
            self.out_waits = self.out_waits.without(taken);
        }
        Some(stream)
    }

    /// What was taken is written, or lost with whoever read it.
    pub(super) fn written(&mut self) {
        self.taken = self.taken.without(std::mem::take(&mut self.in_hand));
    }

    /// No line waits.
    pub(super) fn is_empty(&self) -> bool {
        self.out.is_empty() && self.err.is_empty()
    }

    /// No line waits, and none is being written.
    pub(super) fn is_done(&self) -> bool {
        self.taken == Room::default()
    }

    /// How much longer the lines may wait for company. A warning or an error waits for nothing, nor does a full batch,
    /// and no line for longer than [`COMPANY`] since it came, whatever came after it.
    pub(super) fn patience(&self, now: Instant) -> Duration {
        let fills_a_batch = self.taken.without(self.in_hand).bytes >= MAX_BATCH;
        match self.out.front() {
            Some(oldest) if self.err.is_empty() && !fills_a_batch => {
                COMPANY.saturating_sub(now.saturating_duration_since(oldest.came))
            }
            _ => Duration::ZERO,
        }
    }

    /// Half of the room or more is free.
    pub(super) fn has_room(&self) -> bool {
        self.room.quarters(2).holds(self.taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(queue: &mut Queue, stream: Stream, line: &str) -> Option<u64> {
        queue.push(stream, line.to_owned(), Instant::now())
    }

    fn taken(queue: &mut Queue) -> Option<(Stream, String)> {
        let mut batch = Vec::new();
        let stream = queue.take(&mut batch)?;
        queue.written();
        Some((stream, String::from_utf8(batch).unwrap()))
    }

    #[test]
    fn lines_come_out_in_their_order_and_one_stream_at_a_time() {
        let mut queue = Queue::new(Room::USUAL);
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
        for room in [Room { lines: 8, bytes: 1_000 }, Room { lines: 1_000, bytes: 16 }] {
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
        let mut queue = Queue::new(Room { lines: 100, bytes: 16 });
        for number in 0..6 {
            assert_eq!(put(&mut queue, Stream::Out, &format!("{number}\n")), Some(0));
        }
        assert_eq!(put(&mut queue, Stream::Err, "fifteen and one more\n"), None);
        // What is being written keeps its room.
        let mut batch = Vec::new();
        queue.take(&mut batch);
        assert_eq!((put(&mut queue, Stream::Err, "seven.\n"), batch.len()), (None, 12));
        queue.written();
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
        // A line comes every so many milliseconds; the thread looks at the queue then, and when its patience is over.
        for pause in 1..50 {
            let mut queue = Queue::new(Room::USUAL);
            let mut now = began;
            let mut next = began;
            let mut waiting = VecDeque::new();
            while now < began + Duration::from_millis(500) {
                if now == next {
                    queue.push(Stream::Out, "x\n".to_owned(), now);
                    waiting.push_back(now);
                    next = now + Duration::from_millis(pause);
                }
                let patience = queue.patience(now);
                if patience.is_zero() && !queue.is_empty() {
                    assert_eq!(taken(&mut queue).unwrap().1.lines().count(), waiting.len());
                    let longest = waiting.drain(..).map(|came| now - came).max();
                    assert!(longest.is_some_and(|longest| longest <= limit), "{longest:?}, one each {pause} ms");
                }
                now = if queue.is_empty() { next } else { next.min(now + queue.patience(now)) };
            }
        }
    }

    #[test]
    fn a_line_that_came_during_a_write_has_waited_already_and_a_warning_waits_for_nothing() {
        let began = Instant::now();
        let after = |milliseconds| began + Duration::from_millis(milliseconds);
        let mut queue = Queue::new(Room::USUAL);
        queue.push(Stream::Out, "x\n".to_owned(), began);
        assert!(!queue.patience(after(1)).is_zero());
        assert!(queue.patience(after(15)).is_zero());
        queue.push(Stream::Err, "y\n".to_owned(), after(1));
        assert!(queue.patience(after(1)).is_zero());
    }

    #[test]
    fn room_is_free_again_once_lines_are_written_and_not_before() {
        let mut queue = Queue::new(Room { lines: 4, bytes: 100 });
        for _ in 0..4 {
            assert_eq!(put(&mut queue, Stream::Err, "x\n"), Some(0));
        }
        let mut batch = Vec::new();
        queue.take(&mut batch);
        assert!(queue.is_empty() && !queue.is_done() && !queue.has_room());
        assert_eq!(put(&mut queue, Stream::Err, "x\n"), None);
        queue.written();
        assert!(queue.has_room() && put(&mut queue, Stream::Err, "x\n").is_some());
    }

    #[test]
    fn a_batch_has_its_limit_and_a_line_that_is_longer_goes_alone() {
        let mut queue = Queue::new(Room::USUAL);
        let (long, short) = ("y".repeat(MAX_BATCH + 1), "x".repeat(MAX_BATCH / 2));
        for line in [&long, &short, &short, &short] {
            put(&mut queue, Stream::Out, line);
        }
        assert!(queue.patience(Instant::now()).is_zero());
        let lengths: Vec<usize> = std::iter::from_fn(|| taken(&mut queue)).map(|(_, text)| text.len()).collect();
        assert_eq!(lengths, [MAX_BATCH + 1, MAX_BATCH, MAX_BATCH / 2]);
    }
}
