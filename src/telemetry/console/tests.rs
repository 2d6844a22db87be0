use std::sync::{Condvar, Mutex};

use serde_json::Value;

use super::*;
use crate::clock::ManualClock;

/// The longest wait for what has to come.
const PATIENCE: Duration = Duration::from_secs(10);

/// A stream whose reader can stop reading.
#[derive(Default)]
struct Pipe {
    state: Mutex<PipeState>,
    changed: Condvar,
}

#[derive(Default)]
struct PipeState {
    is_stuck: bool,
    /// How much a full disk still takes.
    room: Option<usize>,
    /// Somebody waits in a write.
    is_waited_for: bool,
    writes: Vec<String>,
}

impl Pipe {
    fn stuck() -> Arc<Self> {
        let pipe = Arc::new(Self::default());
        pipe.with(|state| state.is_stuck = true);
        pipe
    }

    fn with<T>(&self, change: impl FnOnce(&mut PipeState) -> T) -> T {
        let done = change(&mut self.state.lock().unwrap());
        self.changed.notify_all();
        done
    }

    fn wait_for(&self, is_so: impl Fn(&PipeState) -> bool) {
        let (state, waited) =
            self.changed.wait_timeout_while(self.state.lock().unwrap(), PATIENCE, |state| !is_so(state)).unwrap();
        assert!(!waited.timed_out(), "{:?}", state.writes);
    }

    fn unstick(&self) {
        self.with(|state| state.is_stuck = false);
    }

    fn text(&self) -> String {
        self.with(|state| state.writes.concat())
    }

    /// The reports of dropped lines.
    fn reports(&self) -> Vec<Value> {
        let events = self.text().lines().filter_map(|line| serde_json::from_str(line).ok()).collect::<Vec<Value>>();
        events.into_iter().filter(|event| event["event"] == "log-lines-dropped").collect()
    }

    fn sink(self: &Arc<Self>) -> Sink {
        Box::new(Writer(Arc::clone(self)))
    }
}

struct Writer(Arc<Pipe>);

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.0.state.lock().unwrap();
        state.is_waited_for = true;
        self.0.changed.notify_all();
        let mut state = self.0.changed.wait_while(state, |state| state.is_stuck).unwrap();
        state.is_waited_for = false;
        let count = state.room.map_or(bytes.len(), |room| room.min(bytes.len()));
        state.room = state.room.map(|room| room - count);
        let written = String::from_utf8(bytes[..count].to_vec()).unwrap();
        state.writes.push(written);
        self.0.changed.notify_all();
        if count == 0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(count) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn clock() -> Arc<dyn Clock> {
    Arc::new(ManualClock::new("2026-11-21T10:00:00Z".parse().unwrap()))
}

fn apart(out: &Arc<Pipe>, err: &Arc<Pipe>, room: Capacity) -> Console {
    Console::start(Destinations::Separate { out: out.sink(), err: err.sink() }, room, clock()).unwrap()
}

fn say(console: &Console, stream: Stream, text: &str) {
    console.write(stream, format!("{text}\n").as_bytes());
}

#[test]
fn a_line_is_written_though_nobody_asks_for_it() {
    let (out, err) = (Arc::new(Pipe::default()), Arc::new(Pipe::default()));
    let console = apart(&out, &err, Capacity::DEFAULT);
    say(&console, Stream::Out, "one");
    out.wait_for(|state| state.writes == ["one\n"]);
    say(&console, Stream::Err, "two");
    err.wait_for(|state| state.writes == ["two\n"]);
}

#[test]
fn what_gathers_while_one_write_waits_is_the_next_write() {
    let err = Pipe::stuck();
    let console = apart(&Arc::new(Pipe::default()), &err, Capacity::DEFAULT);
    say(&console, Stream::Err, "0");
    err.wait_for(|state| state.is_waited_for);
    for number in 1..100 {
        say(&console, Stream::Err, &number.to_string());
    }
    err.unstick();
    console.flush(PATIENCE);
    let rest: Vec<String> = (1..100).map(|number| number.to_string()).collect();
    assert_eq!(err.with(|state| state.writes.clone()), ["0\n".to_owned(), rest.join("\n") + "\n"]);
}

#[test]
fn a_stream_that_is_stuck_does_not_hold_the_other_nor_whoever_writes() {
    for stuck in [Stream::Out, Stream::Err] {
        let (stopped, flowing) = (Pipe::stuck(), Arc::new(Pipe::default()));
        let (out, err) = if stuck == Stream::Out { (&stopped, &flowing) } else { (&flowing, &stopped) };
        let console = apart(out, err, Capacity::DEFAULT);
        let other = if stuck == Stream::Out { Stream::Err } else { Stream::Out };
        for number in 0..1_000 {
            say(&console, stuck, &number.to_string());
            say(&console, other, &number.to_string());
        }
        flowing.wait_for(|state| state.writes.concat().lines().count() == 1_000);
        assert!(stopped.with(|state| state.writes.is_empty()));
    }
}

#[test]
fn nothing_is_lost_but_what_one_line_counts() {
    let (out, err) = (Pipe::stuck(), Pipe::stuck());
    let console = apart(&out, &err, Capacity { lines: 40, bytes: 10_000 });
    for number in 0..1_000 {
        say(&console, Stream::Out, &number.to_string());
        say(&console, Stream::Err, &number.to_string());
    }
    assert_eq!(console.dropped(), 970 + 960);
    out.unstick();
    out.wait_for(|state| state.writes.concat().lines().count() == 30);
    err.unstick();
    err.wait_for(|state| state.writes.concat().contains("log-lines-dropped"));
    console.flush(PATIENCE);
    let counts: Vec<_> =
        err.reports().iter().map(|report| (report["info"].as_u64(), report["warn"].as_u64())).collect();
    assert_eq!(counts, [(Some(970), Some(960))], "{}", err.text());
    // The oldest are kept, in their order, each whole.
    let kept: Vec<String> = (0..40).map(|number| number.to_string()).collect();
    assert_eq!(err.text().lines().take(40).collect::<Vec<_>>(), kept);
    assert_eq!(out.text().lines().collect::<Vec<_>>(), kept[..30]);
}

#[test]
fn through_one_full_pipe_warnings_and_errors_come_and_lines_below_them_go() {
    let pipe = Pipe::stuck();
    let room = Capacity { lines: 40, bytes: 10_000 };
    let console = Console::start(Destinations::Shared { out: pipe.sink(), err: pipe.sink() }, room, clock()).unwrap();
    say(&console, Stream::Out, "first");
    pipe.wait_for(|state| state.is_waited_for);
    for number in 0..100 {
        say(&console, Stream::Out, &format!("info {number}"));
    }
    for number in 0..35 {
        say(&console, Stream::Err, &format!("warn {number}"));
    }
    assert_eq!(console.dropped(), 100 - 4);
    // At the end there is room for a report as well, though the pipe is still stuck.
    console.flush(Duration::ZERO);
    pipe.unstick();
    console.flush(PATIENCE);
    let text = pipe.text();
    let count = |beginning: &str| text.lines().filter(|line| line.starts_with(beginning)).count();
    assert_eq!((count("first"), count("info "), count("warn ")), (1, 3, 35), "{text}");
    assert_eq!(pipe.reports().iter().map(|report| report["info"].clone()).collect::<Vec<_>>(), [97], "{text}");
    assert_eq!(console.dropped(), 97);
}

#[test]
fn what_a_full_disk_does_not_take_is_reported_once_there_is_room_and_no_line_is_glued_to_another() {
    let (out, err) = (Pipe::stuck(), Arc::new(Pipe::default()));
    out.with(|state| state.room = Some(6));
    let console = apart(&out, &err, Capacity::DEFAULT);
    say(&console, Stream::Out, "first");
    out.wait_for(|state| state.is_waited_for);
    for text in ["one", "two", "three"] {
        say(&console, Stream::Out, text);
    }
    out.with(|state| (state.room, state.is_stuck) = (Some(8), false));
    console.flush(PATIENCE);
    assert_eq!((out.text().as_str(), console.dropped(), err.reports().len()), ("first\non", 3, 0));
    out.with(|state| state.room = None);
    say(&console, Stream::Out, "four");
    err.wait_for(|state| !state.writes.is_empty());
    assert_eq!(out.text(), "first\non\nfour\n");
    assert_eq!(err.reports().iter().map(|report| report["info"].clone()).collect::<Vec<_>>(), [3]);
}

#[test]
fn at_the_end_it_is_said_that_lines_were_dropped_though_their_stream_is_stuck() {
    let (out, err) = (Pipe::stuck(), Arc::new(Pipe::default()));
    let console = apart(&out, &err, Capacity { lines: 4, bytes: 1_000 });
    for _ in 0..10 {
        say(&console, Stream::Out, "x");
    }
    console.flush(Duration::ZERO);
    err.wait_for(|state| !state.writes.is_empty());
    assert_eq!(err.reports().first().map(|report| report["info"].clone()), Some(7.into()));
}

#[test]
fn the_end_waits_for_what_is_queued_and_gives_up_after_a_while() {
    let (out, err) = (Arc::new(Pipe::default()), Pipe::stuck());
    let console = apart(&out, &err, Capacity::DEFAULT);
    for number in 0..5_000 {
        say(&console, Stream::Out, &number.to_string());
    }
    console.flush(PATIENCE);
    assert_eq!(out.text().lines().count(), 5_000);
    say(&console, Stream::Err, "never read");
    let (began, limit) = (Instant::now(), Duration::from_millis(30));
    console.flush(limit);
    assert!((limit..PATIENCE).contains(&began.elapsed()), "{:?}", began.elapsed());
}

#[test]
fn two_names_of_one_pipe_have_one_thread_so_that_no_line_lands_in_another() {
    let pipe = Arc::new(Pipe::default());
    let console =
        Console::start(Destinations::Shared { out: pipe.sink(), err: pipe.sink() }, Capacity::DEFAULT, clock())
            .unwrap();
    let lines: Vec<String> = (0..1_000).map(|number| number.to_string()).collect();
    for (number, line) in lines.iter().enumerate() {
        say(&console, if number % 3 == 0 { Stream::Err } else { Stream::Out }, line);
    }
    console.flush(PATIENCE);
    assert_eq!(pipe.text().lines().collect::<Vec<_>>(), lines);
}

#[cfg(unix)]
#[test]
fn knows_two_names_of_one_pipe_from_two_pipes() {
    let (_one_end, one) = io::pipe().unwrap();
    let (_other_end, other) = io::pipe().unwrap();
    assert!(process_streams::is_same(&one, &one.try_clone().unwrap()));
    assert!(!process_streams::is_same(&one, &other));
}
