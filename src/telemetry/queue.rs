//! Lines that wait to be written, bounded by number and by size. Nobody waits for room: a line that finds none is
//! refused.
//!
//! Lines for standard output (INFO and below) may fill three quarters of the room, so that there is some left for
//! warnings and errors, whatever else is said.

use std::collections::VecDeque;

use super::lines::Stream;

/// The most that is handed over to be written at once, in bytes; a longer line goes alone.
pub(super) const MAX_BATCH: usize = 64 * 1024;

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
}

/// The lines, oldest first.
#[derive(Debug)]
pub(super) struct Queue {
    room: Room,
    waiting: VecDeque<(Stream, String)>,
    /// What the lines take that wait or are being written.
    taken: Room,
    /// Of that, what is being written.
    in_hand: Room,
}

impl Queue {
    pub(super) fn new(room: Room) -> Self {
        Self { room, waiting: VecDeque::new(), taken: Room::default(), in_hand: Room::default() }
    }

    /// Puts a line at the end, unless there is no room for it.
    pub(super) fn push(&mut self, stream: Stream, line: String) -> bool {
        let room = match stream {
            Stream::Out => self.room.quarters(3),
            Stream::Err => self.room,
        };
        let taken = self.taken.and(&line);
        let fits = room.holds(taken);
        if fits {
            self.taken = taken;
            self.waiting.push_back((stream, line));
        }
        fits
    }

    /// Moves the oldest lines of one stream into `batch`, to be written at once. [`Queue::written`] frees their room.
    pub(super) fn take(&mut self, batch: &mut Vec<u8>) -> Option<Stream> {
        batch.clear();
        let first = self.waiting.front()?.0;
        let fits = |batch: &[u8], line: &str| batch.is_empty() || batch.len() + line.len() <= MAX_BATCH;
        while let Some((_, line)) =
            self.waiting.pop_front_if(|(stream, line)| *stream == first && fits(batch, line.as_str()))
        {
            self.in_hand = self.in_hand.and(&line);
            batch.extend_from_slice(line.as_bytes());
        }
        Some(first)
    }

    /// What was taken is written, or lost with whoever read it.
    pub(super) fn written(&mut self) {
        let written = std::mem::take(&mut self.in_hand);
        self.taken.lines = self.taken.lines.saturating_sub(written.lines);
        self.taken.bytes = self.taken.bytes.saturating_sub(written.bytes);
    }

    /// No line waits.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// No line waits, and none is being written.
    pub(super) fn is_done(&self) -> bool {
        self.taken == Room::default()
    }

    /// The lines that wait fill a batch.
    pub(super) fn fills_a_batch(&self) -> bool {
        self.taken.bytes.saturating_sub(self.in_hand.bytes) >= MAX_BATCH
    }

    /// Half of the room or more is free.
    pub(super) fn has_room(&self) -> bool {
        self.room.quarters(2).holds(self.taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert!(queue.push(stream, line.to_owned()));
        }
        let batches: Vec<_> = std::iter::from_fn(|| taken(&mut queue)).collect();
        let expected = [(Stream::Out, "a\nb\n"), (Stream::Err, "c\n"), (Stream::Out, "d\n")];
        assert_eq!(batches, expected.map(|(stream, text)| (stream, text.to_owned())));
        assert!(queue.is_done());
    }

    #[test]
    fn standard_output_leaves_room_to_warnings_and_errors() {
        for room in [Room { lines: 8, bytes: 1_000 }, Room { lines: 1_000, bytes: 16 }] {
            let mut queue = Queue::new(room);
            let mut put = |stream| (0..20).filter(|_| queue.push(stream, "x\n".to_owned())).count();
            assert_eq!((put(Stream::Out), put(Stream::Err), put(Stream::Out)), (6, 2, 0), "{room:?}");
        }
    }

    #[test]
    fn room_is_free_again_once_lines_are_written_and_not_before() {
        let mut queue = Queue::new(Room { lines: 4, bytes: 100 });
        for _ in 0..4 {
            assert!(queue.push(Stream::Err, "x\n".to_owned()));
        }
        let mut batch = Vec::new();
        queue.take(&mut batch);
        assert!(queue.is_empty() && !queue.is_done() && !queue.has_room());
        assert!(!queue.push(Stream::Err, "x\n".to_owned()));
        queue.written();
        assert!(queue.has_room() && queue.push(Stream::Err, "x\n".to_owned()));
    }

    #[test]
    fn a_batch_has_its_limit_and_a_line_that_is_longer_goes_alone() {
        let mut queue = Queue::new(Room::USUAL);
        let (long, short) = ("y".repeat(MAX_BATCH + 1), "x".repeat(MAX_BATCH / 2));
        for line in [&long, &short, &short, &short] {
            queue.push(Stream::Out, line.clone());
        }
        assert!(queue.fills_a_batch());
        let lengths: Vec<usize> = std::iter::from_fn(|| taken(&mut queue)).map(|(_, text)| text.len()).collect();
        assert_eq!(lengths, [MAX_BATCH + 1, MAX_BATCH, MAX_BATCH / 2]);
    }
}
