//! The log line of a panic. It says where the panic happened. It never has the panic's message, which may quote a
//! value.

use std::panic::PanicHookInfo;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use tracing::Level;

use super::format::Line;
use super::lines::{Lines, Stream};
use crate::clock::Clock;

/// Writes a line for every panic from now on. Does not go through the subscriber: it may be the one that panics.
pub(super) fn install(lines: impl Lines, clock: Arc<dyn Clock>) {
    std::panic::set_hook(Box::new(move |panic| {
        lines.write(Stream::Err, describe(&mut Line::default(), panic, clock.now()));
    }));
}

fn describe<'l>(line: &'l mut Line, panic: &PanicHookInfo<'_>, now: DateTime<Utc>) -> &'l [u8] {
    let location = panic.location().map_or_else(|| "unknown".to_owned(), ToString::to_string);
    let thread = std::thread::current();
    line.begin(now, Level::ERROR).text("event", "panic").text("location", &location);
    line.text("thread", thread.name().unwrap_or("unnamed")).end("panic")
}

#[cfg(test)]
mod tests {
    use super::super::CapturedLines;
    use super::*;
    use crate::clock::ManualClock;

    #[test]
    fn a_panic_is_one_line_with_the_place_and_without_the_words() {
        let lines = CapturedLines::default();
        let clock = ManualClock::new("2026-11-21T10:00:00Z".parse().unwrap());
        let before = std::panic::take_hook();
        install(lines.clone(), Arc::new(clock));
        let outcome = std::panic::catch_unwind(|| panic!("ada@contoso.com"));
        std::panic::set_hook(before);
        assert!(outcome.is_err());
        let ours = |event: &serde_json::Value| event["location"].as_str().unwrap().starts_with(file!());
        let event = lines.events().into_iter().find(ours).unwrap();
        assert_eq!((event["level"].as_str(), event["event"].as_str()), (Some("ERROR"), Some("panic")));
        assert!(lines.all().iter().all(|(stream, line)| *stream == Stream::Err && !line.contains("ada@")));
    }
}
