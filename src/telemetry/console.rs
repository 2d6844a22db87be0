//! The process's standard output and standard error, and the threads that write them.
//!
//! Their reader may be slow, or may not read at all. A pipe then holds 64 KiB, and a further write waits, perhaps for
//! ever. So callers never write themselves: lines go into a queue ([`queue`](super::queue)), and a thread for each
//! stream writes them. A stream that is stuck does not stop the other. If both are the same pipe or file, one thread
//! writes both: otherwise a long write of one could land within a line of the other.
//!
//! A line that finds no room is dropped and counted, and so is one that a full disk does not take. When there is room
//! again, one line (`log-lines-dropped`) says how many were dropped. At the end, what is queued is written, for as long
//! as the caller wants to wait.

use std::io::{self, Write};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tracing::Level;

use super::dropped::{DroppedCounts, DroppedLines};
use super::format::Line;
use super::lines::{Lines, Stream};
use super::queue::Capacity;
use super::stream_output::{LineWriter, StreamOutput};
use crate::clock::Clock;

/// Where a thread writes to.
type Sink = Box<dyn Write + Send>;

/// The room that a report of dropped lines needs.
const REPORT_SIZE: Capacity = Capacity { lines: 1, bytes: 512 };

/// Whether both streams lead to different places or to the same one.
enum Destinations {
    Separate { out: Sink, err: Sink },
    Shared { out: Sink, err: Sink },
}

/// Both streams of the process. Cheap to clone; clones share them.
#[derive(Clone)]
pub(super) struct Console {
    out: Arc<StreamOutput>,
    err: Arc<StreamOutput>,
    dropped: Arc<DroppedLines>,
    clock: Arc<dyn Clock>,
}

impl Console {
    /// Starts the threads. To be called once.
    pub(super) fn try_new(clock: Arc<dyn Clock>) -> io::Result<Self> {
        let (out, err) = (process_streams::stdout(), process_streams::stderr());
        let destinations = if process_streams::are_same() {
            Destinations::Shared { out, err }
        } else {
            Destinations::Separate { out, err }
        };
        Self::start(destinations, Capacity::DEFAULT, clock)
    }

    fn start(destinations: Destinations, capacity: Capacity, clock: Arc<dyn Clock>) -> io::Result<Self> {
        let dropped = Arc::new(DroppedLines::default());
        let output = |stream| Arc::new(StreamOutput::new(stream, capacity, &dropped));
        let err = output(Stream::Err);
        match destinations {
            Destinations::Shared { mut out, err: mut sink } => {
                let console = Self { out: Arc::clone(&err), err, dropped, clock };
                console.spawn("log", &console.err, move |writer, stream, batch| {
                    writer.write(if stream == Stream::Out { &mut out } else { &mut sink }, batch)
                })?;
                Ok(console)
            }
            Destinations::Separate { mut out, err: mut sink } => {
                let console = Self { out: output(Stream::Out), err, dropped, clock };
                console.spawn("log-stdout", &console.out, move |writer, _, batch| writer.write(&mut out, batch))?;
                console.spawn("log-stderr", &console.err, move |writer, _, batch| writer.write(&mut sink, batch))?;
                Ok(console)
            }
        }
    }

    /// Starts the thread that writes a queue, until the process ends.
    fn spawn(
        &self,
        name: &str,
        output: &Arc<StreamOutput>,
        mut write: impl FnMut(&mut LineWriter, Stream, &[u8]) -> u64 + Send + 'static,
    ) -> io::Result<()> {
        let (console, output) = (self.clone(), Arc::clone(output));
        let write_lines = move || {
            let (mut batch, mut writer) = (Vec::new(), LineWriter::default());
            loop {
                if let Some(stream) = output.next(&mut batch) {
                    let lost = write(&mut writer, stream, &batch);
                    if let Some(lost) = output.note_written(stream, lost) {
                        console.report(lost);
                    }
                }
            }
        };
        thread::Builder::new().name(name.to_owned()).spawn(write_lines).map(drop)
    }

    /// Writes a line with the number of dropped lines.
    fn report(&self, lost: DroppedCounts) {
        let mut line = Line::default();
        line.begin(self.clock.now(), Level::WARN).text("event", "log-lines-dropped");
        line.set("info", lost.info).set("warn", lost.warn);
        if !self.err.offer(Stream::Err, line.end("telemetry")) {
            self.dropped.put_back(lost);
        }
    }

    /// Waits until everything is written, up to `limit`.
    pub(super) fn flush(&self, limit: Duration) {
        let until = Instant::now() + limit;
        if self.dropped.has_unreported() {
            self.err.make_room(REPORT_SIZE);
        }
        if let Some(lost) = self.dropped.take_all() {
            self.report(lost);
        }
        self.out.flush(until);
        self.err.flush(until);
    }

    /// How many lines were dropped since the start.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped.total()
    }
}

impl Lines for Console {
    fn write(&self, stream: Stream, line: &[u8]) {
        match stream {
            Stream::Out => self.out.push(stream, line),
            Stream::Err => self.err.push(stream, line),
        }
    }
}

/// Standard output and standard error, past the standard library's buffers and locks.
#[cfg(unix)]
mod process_streams {
    use std::fs::File;
    use std::io;
    use std::os::fd::AsFd;
    use std::os::unix::fs::MetadataExt;

    use super::Sink;

    pub(super) fn stdout() -> Sink {
        sink(&io::stdout())
    }

    pub(super) fn stderr() -> Sink {
        sink(&io::stderr())
    }

    /// A stream that was closed before the process began takes everything and writes nothing.
    fn sink(stream: &impl AsFd) -> Sink {
        file(stream).map_or_else(|_| Box::new(io::sink()) as Sink, |file| Box::new(file))
    }

    fn file(stream: &impl AsFd) -> io::Result<File> {
        stream.as_fd().try_clone_to_owned().map(File::from)
    }

    pub(super) fn are_same() -> bool {
        is_same(&io::stdout(), &io::stderr())
    }

    /// Whether both lead to the same pipe, file or terminal.
    pub(super) fn is_same(stream: &impl AsFd, other: &impl AsFd) -> bool {
        let id = |file: File| file.metadata().map(|metadata| (metadata.dev(), metadata.ino()));
        let (stream, other) = (file(stream).and_then(id), file(other).and_then(id));
        stream.ok().zip(other.ok()).is_some_and(|(stream, other)| stream == other)
    }
}

/// Standard output and standard error.
#[cfg(not(unix))]
mod process_streams {
    use std::io;

    use super::Sink;

    pub(super) fn stdout() -> Sink {
        Box::new(io::stdout())
    }

    pub(super) fn stderr() -> Sink {
        Box::new(io::stderr())
    }

    /// This cannot be known here. If both are the same, lines of up to a page stay whole anyway.
    pub(super) fn are_same() -> bool {
        false
    }
}

#[cfg(test)]
mod tests;
