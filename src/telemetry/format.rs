//! Writes a log event as a line of JSON, member by member into one buffer that is used again for the next line.
//!
//! The line's members are, in this order: `time`, `level`, `event`, the event's other fields, the fields of what it
//! belongs to, `message`, `target`. A name has one value; a later one replaces it. A text of more than 2 KiB is cut.

use std::fmt::{self, Debug, Display, Write};
use std::io::Write as _;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Serialize, Serializer};
use tracing::Level;
use tracing::field::{Field, Visit};

/// The longest text of a field, in bytes.
const MAX_TEXT: usize = 2048;

/// The most memory that a buffer keeps for the next line.
const MAX_KEPT: usize = 16 * 1024;

/// Names that a field cannot take, because the line's own members have them.
const RESERVED: [&str; 3] = ["time", "level", "target"];

/// A line that is being written. The memory of a finished one is used for the next.
#[derive(Debug, Default)]
pub(super) struct Line {
    bytes: Vec<u8>,
    /// The members between `level` and `message`, in their order.
    members: Vec<Member>,
    /// Where the first of them begins.
    members_begin: usize,
    /// The value of `message`; empty if there is none.
    message: Vec<u8>,
    level: Option<Level>,
    beginning: Beginning,
}

/// A written member.
#[derive(Debug, Clone, Copy)]
struct Member {
    name: &'static str,
    /// Its length in bytes, with the comma before it.
    length: usize,
}

impl Line {
    /// Begins a line.
    pub(super) fn begin(&mut self, now: DateTime<Utc>, level: Level) -> &mut Self {
        self.bytes.clear();
        self.bytes.shrink_to(MAX_KEPT);
        self.members.clear();
        self.message.clear();
        self.level = Some(level);
        self.bytes.extend_from_slice(self.beginning.at(now).as_bytes());
        // A Vec takes whatever is written to it.
        let _written = write!(self.bytes, "{:03}Z\",\"level\":\"{level}\"", now.timestamp_subsec_millis().min(999));
        self.members_begin = self.bytes.len();
        self
    }

    /// Sets a field. If it has a value already, the new one counts.
    pub(super) fn set(&mut self, name: &'static str, value: impl Serialize) -> &mut Self {
        if name == "message" {
            self.message.clear();
            append(&mut self.message, value);
        } else if !RESERVED.contains(&name) {
            self.remove(name);
            let length = append_member(&mut self.bytes, name, value);
            let at = if name == "event" { self.move_to_the_beginning(length) } else { self.members.len() };
            self.members.insert(at, Member { name, length });
        }
        self
    }

    /// Sets a field to a text.
    pub(super) fn text(&mut self, name: &'static str, value: &str) -> &mut Self {
        if value.len() <= MAX_TEXT { self.set(name, value) } else { self.set(name, Cut(value)) }
    }

    /// Sets a field to what is shown for `{:?}`.
    pub(super) fn debug(&mut self, name: &'static str, value: &dyn Debug) -> &mut Self {
        self.set(name, Cut(format_args!("{value:?}")))
    }

    /// Whether a field is set.
    pub(super) fn has(&self, name: &str) -> bool {
        self.members.iter().any(|member| member.name == name)
    }

    /// The whole line, with its line break.
    pub(super) fn end(&mut self, target: &str) -> &[u8] {
        if !self.message.is_empty() {
            self.bytes.extend_from_slice(b",\"message\":");
            self.bytes.append(&mut self.message);
        }
        let target = target.strip_prefix(concat!(env!("CARGO_CRATE_NAME"), "::")).unwrap_or(target);
        append_member(&mut self.bytes, "target", target);
        self.bytes.extend_from_slice(b"}\n");
        if self.level == Some(Level::ERROR) {
            hide_warn(&mut self.bytes);
        }
        &self.bytes
    }

    /// Moves the last bytes before all members. Returns the number of their member.
    fn move_to_the_beginning(&mut self, length: usize) -> usize {
        if let Some(members) = self.bytes.get_mut(self.members_begin..) {
            members.rotate_right(length);
        }
        0
    }

    fn remove(&mut self, name: &str) {
        let Some(at) = self.members.iter().position(|member| member.name == name) else { return };
        let before: usize = self.members.iter().take(at).map(|member| member.length).sum();
        let (begin, removed) = (self.members_begin + before, self.members.remove(at));
        self.bytes.drain(begin..begin + removed.length);
    }
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.debug(field.name(), value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field.name(), value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field.name(), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field.name(), value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field.name(), value);
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        self.set(field.name(), u64::try_from(value).unwrap_or(u64::MAX));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field.name(), value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.text(field.name(), &super::describe(value));
    }
}

/// The beginning of a line, up to the point before the milliseconds. Lines of one second share it.
#[derive(Debug, Default)]
struct Beginning {
    second: Option<i64>,
    text: String,
}

impl Beginning {
    fn at(&mut self, now: DateTime<Utc>) -> &str {
        if self.second != Some(now.timestamp()) {
            self.second = Some(now.timestamp());
            let time = now.to_rfc3339_opts(SecondsFormat::Secs, true);
            self.text = format!("{{\"time\":\"{}.", time.trim_end_matches('Z'));
        }
        &self.text
    }
}

/// Writes a member with the comma before it. Returns its length.
fn append_member(bytes: &mut Vec<u8>, name: &str, value: impl Serialize) -> usize {
    let begin = bytes.len();
    bytes.push(b',');
    append(bytes, name);
    bytes.push(b':');
    append(bytes, value);
    bytes.len() - begin
}

fn append(bytes: &mut Vec<u8>, value: impl Serialize) {
    // A Vec takes whatever is written to it, and texts and numbers can always be said in JSON.
    let _written = serde_json::to_writer(bytes, &value);
}

/// A text, or as much of it as may be in a line.
struct Cut<T>(T);

impl<T: Display> Serialize for Cut<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<T: Display> Display for Cut<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut limited = Limited { out, left: MAX_TEXT, is_cut: false };
        // A value that cannot be shown to its end is shown as far as it goes.
        let _shown = write!(limited, "{}", self.0);
        if limited.is_cut { out.write_char('…') } else { Ok(()) }
    }
}

/// Passes so many bytes on, up to the end of a character, and nothing after them.
struct Limited<'a, 'f> {
    out: &'a mut fmt::Formatter<'f>,
    left: usize,
    is_cut: bool,
}

impl Write for Limited<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.is_cut {
            return Ok(());
        }
        let part = text.get(..text.floor_char_boundary(self.left)).unwrap_or_default();
        self.left -= part.len();
        self.is_cut = part.len() < text.len();
        self.out.write_str(part)
    }
}

/// Writes one letter of every "warn" as a JSON escape, which reads the same: the host would grade the line by them.
fn hide_warn(line: &mut Vec<u8>) {
    let is_warn = |letters: &[u8]| letters.eq_ignore_ascii_case(b"warn");
    if !line.windows(4).any(is_warn) {
        return;
    }
    let hidden = line.iter().enumerate().flat_map(|(at, byte)| {
        let hide = line.get(at..at + 4).is_some_and(is_warn);
        let letter: &[u8] = if byte.is_ascii_uppercase() { b"\\u0057" } else { b"\\u0077" };
        if hide { letter } else { std::slice::from_ref(byte) }
    });
    *line = hidden.copied().collect();
}

#[cfg(test)]
mod tests;
