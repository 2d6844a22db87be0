//! The process's own two outlets, and the threads that write to them.
//!
//! Whoever reads them may be slow, or may not read at all: a pipe then holds 64 KiB, and a write into it waits, for ever
//! if need be. So nobody who has something to say writes: lines go into a queue ([`queue`](super::queue)), and a thread
//! for each outlet writes them. One that is stuck does not hold the other. If both are the same pipe or file, one thread
//! writes both, since a long write of one could otherwise land within a line of the other.
//!
//! A line that finds no room is dropped and counted, and so is one that a full disk does not take. When there is room again, one line (`log-lines-dropped`) says how
//! many there were. At the end what is queued is written, for as long as the caller wants to wait.

use std::io::{self, Write};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tracing::Level;

use super::format::{Fields, line};
use super::lines::{Lines, Stream};
use super::losses::{Losses, Lost};
use super::outlet::{Outlet, Pen};
use super::queue::Room;
use crate::clock::Clock;

/// Where a thread writes to.
type Sink = Box<dyn Write + Send>;

/// More than a report of dropped lines takes.
const REPORT: Room = Room { lines: 1, bytes: 512 };

/// Where lines go: to two different places, or to one.
enum Sinks {
    Apart { out: Sink, err: Sink },
    Together { out: Sink, err: Sink },
}

/// The process's own outlets. Cheap to clone; clones share them.
#[derive(Clone)]
pub(super) struct Console {
    out: Arc<Outlet>,
    err: Arc<Outlet>,
    losses: Arc<Losses>,
    clock: Arc<dyn Clock>,
}

impl Console {
    /// Starts the threads. To be called once.
    pub(super) fn try_new(clock: Arc<dyn Clock>) -> io::Result<Self> {
        let (out, err) = (own::stdout(), own::stderr());
        let sinks = if own::are_one() { Sinks::Together { out, err } } else { Sinks::Apart { out, err } };
        Self::start(sinks, Room::USUAL, clock)
    }

    fn start(sinks: Sinks, room: Room, clock: Arc<dyn Clock>) -> io::Result<Self> {
        let losses = Arc::new(Losses::default());
        let outlet = |stream| Arc::new(Outlet::new(stream, room, &losses));
        let err = outlet(Stream::Err);
        match sinks {
            Sinks::Together { mut out, err: mut sink } => {
                let console = Self { out: Arc::clone(&err), err, losses, clock };
                console.spawn("log", &console.err, move |pen, stream, batch| {
                    pen.write(if stream == Stream::Out { &mut out } else { &mut sink }, batch)
                })?;
                Ok(console)
            }
            Sinks::Apart { mut out, err: mut sink } => {
                let console = Self { out: outlet(Stream::Out), err, losses, clock };
                console.spawn("log-stdout", &console.out, move |pen, _, batch| pen.write(&mut out, batch))?;
                console.spawn("log-stderr", &console.err, move |pen, _, batch| pen.write(&mut sink, batch))?;
                Ok(console)
            }
        }
    }

    /// Starts the thread that empties an outlet's queue, as long as the process lives.
    fn spawn(
        &self,
        name: &str,
        outlet: &Arc<Outlet>,
        mut write: impl FnMut(&mut Pen, Stream, &[u8]) -> u64 + Send + 'static,
    ) -> io::Result<()> {
        let (console, outlet) = (self.clone(), Arc::clone(outlet));
        let work = move || {
            let (mut batch, mut pen) = (Vec::new(), Pen::default());
            loop {
                if let Some(stream) = outlet.next(&mut batch) {
                    let lost = write(&mut pen, stream, &batch);
                    if let Some(lost) = outlet.written(stream, lost) {
                        console.report(lost);
                    }
                }
            }
        };
        thread::Builder::new().name(name.to_owned()).spawn(work).map(drop)
    }

    /// Says how many lines were dropped.
    fn report(&self, lost: Lost) {
        let fields = Fields::default().text("event", "log-lines-dropped");
        let fields = fields.number("info", lost.info).number("warn", lost.warn);
        let line = line(self.clock.now(), Level::WARN, "telemetry", fields);
        if !self.err.offer(Stream::Err, line) {
            self.losses.not_reported(lost);
        }
    }

    /// Waits until everything is written, up to `limit`.
    pub(super) fn flush(&self, limit: Duration) {
        let until = Instant::now() + limit;
        if self.losses.are_unreported() {
            self.err.make_room(REPORT);
        }
        if let Some(lost) = self.losses.at_the_end() {
            self.report(lost);
        }
        self.out.flush(until);
        self.err.flush(until);
    }

    /// How many lines found no room since the start.
    pub(super) fn dropped(&self) -> u64 {
        self.losses.total()
    }
}

impl Lines for Console {
    fn write(&self, stream: Stream, line: String) {
        match stream {
            Stream::Out => self.out.push(stream, line),
            Stream::Err => self.err.push(stream, line),
        }
    }
}

/// Standard output and standard error, past the standard library's buffers and locks.
#[cfg(unix)]
mod own {
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

    /// One that was closed before the process began takes everything and keeps nothing.
    fn sink(outlet: &impl AsFd) -> Sink {
        file(outlet).map_or_else(|_| Box::new(io::sink()) as Sink, |file| Box::new(file))
    }

    fn file(outlet: &impl AsFd) -> io::Result<File> {
        outlet.as_fd().try_clone_to_owned().map(File::from)
    }

    pub(super) fn are_one() -> bool {
        is_same(&io::stdout(), &io::stderr())
    }

    /// Whether both lead to the same pipe, file or terminal.
    pub(super) fn is_same(one: &impl AsFd, other: &impl AsFd) -> bool {
        let id = |file: File| file.metadata().map(|found| (found.dev(), found.ino()));
        let (one, other) = (file(one).and_then(id), file(other).and_then(id));
        one.ok().zip(other.ok()).is_some_and(|(one, other)| one == other)
    }
}

/// Standard output and standard error.
#[cfg(not(unix))]
mod own {
    use std::io;

    use super::Sink;

    pub(super) fn stdout() -> Sink {
        Box::new(io::stdout())
    }

    pub(super) fn stderr() -> Sink {
        Box::new(io::stderr())
    }

    /// Nobody can tell; lines of up to a page stay whole.
    pub(super) fn are_one() -> bool {
        false
    }
}

#[cfg(test)]
mod tests;
