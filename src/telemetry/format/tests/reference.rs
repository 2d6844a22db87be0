//! The plain way to write a line: every field a JSON value, then all of them one text. Slower than what the product
//! does, and easier to see to be right.

use std::fmt::Write;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::Value as Json;
use tracing::Level;

use super::super::{MAX_TEXT, RESERVED};

#[derive(Default)]
pub(super) struct Fields(Vec<(&'static str, Json)>);

impl Fields {
    pub(super) fn set(&mut self, name: &'static str, value: Json) {
        if !RESERVED.contains(&name) {
            self.remove(name);
            self.0.push((name, value));
        }
    }

    fn remove(&mut self, name: &str) -> Option<Json> {
        let at = self.0.iter().position(|(known, _)| *known == name)?;
        Some(self.0.remove(at).1)
    }
}

pub(super) fn cut(text: &str) -> String {
    if text.len() <= MAX_TEXT {
        return text.to_owned();
    }
    format!("{}…", text.get(..text.floor_char_boundary(MAX_TEXT)).unwrap())
}

pub(super) fn line(now: DateTime<Utc>, level: Level, target: &str, mut fields: Fields) -> String {
    let time = now.to_rfc3339_opts(SecondsFormat::Millis, true);
    let mut line = format!("{{\"time\":\"{time}\",\"level\":\"{level}\"");
    let first = fields.remove("event").map(|value| ("event", value));
    let last = fields.remove("message").map(|value| ("message", value));
    for (name, value) in first.into_iter().chain(fields.0).chain(last) {
        write!(line, ",{}:{value}", Json::from(name)).unwrap();
    }
    let target = target.strip_prefix("guestlist::").unwrap_or(target);
    writeln!(line, ",\"target\":{}}}", Json::from(target)).unwrap();
    if level == Level::ERROR { without_warn(&line) } else { line }
}

fn without_warn(line: &str) -> String {
    let lower = line.to_ascii_lowercase();
    let mut escaped = String::new();
    let mut from = 0;
    for (at, _) in lower.match_indices("warn") {
        escaped.push_str(line.get(from..at).unwrap());
        escaped.push_str(if line.get(at..).unwrap().starts_with('W') { "\\u0057" } else { "\\u0077" });
        from = at + 1;
    }
    escaped + line.get(from..).unwrap()
}
