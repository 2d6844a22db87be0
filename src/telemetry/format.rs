//! Turns a log event into a line of JSON.
//!
//! The line's members are, in this order: `time`, `level`, `event`, the event's other fields, the fields of the spans
//! around it from the inside out, the sign-up's `correlation_id`, `message`, `target`. A name that was already written is not written again. A text of
//! more than 2 KiB is cut.

use std::fmt::{Debug, Write};
use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::Value as Json;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

use super::lines::{Lines, Stream};
use super::sign_up::with_correlation_id;
use crate::clock::Clock;

/// The longest text of a field, in bytes.
const MAX_TEXT: usize = 2048;

/// Names that a field cannot take, because the line's own members have them.
const RESERVED: [&str; 3] = ["time", "level", "target"];

/// Writes events as lines.
pub(super) struct JsonLayer<L> {
    lines: L,
    clock: Arc<dyn Clock>,
}

impl<L: Lines> JsonLayer<L> {
    pub(super) fn new(lines: L, clock: Arc<dyn Clock>) -> Self {
        Self { lines, clock }
    }
}

impl<S, L> Layer<S> for JsonLayer<L>
where
    S: Subscriber + for<'s> LookupSpan<'s>,
    L: Lines,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        span.extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(fields) = span.extensions_mut().get_mut::<Fields>() {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(more) = span.extensions().get::<Fields>() {
                more.0.iter().for_each(|(name, value)| fields.add(name, || value.clone()));
            }
        }
        with_correlation_id(|id| fields.add("correlation_id", || id.as_str().into()));
        let metadata = event.metadata();
        let line = line(self.clock.now(), *metadata.level(), metadata.target(), fields);
        let stream = if *metadata.level() <= Level::WARN { Stream::Err } else { Stream::Out };
        self.lines.write(stream, line);
    }
}

/// The fields of an event or a span, in their order.
#[derive(Debug, Default)]
pub(super) struct Fields(Vec<(&'static str, Json)>);

impl Fields {
    /// Adds a field unless there is one of that name.
    fn add(&mut self, name: &'static str, value: impl FnOnce() -> Json) {
        if !RESERVED.contains(&name) && !self.0.iter().any(|(known, _)| *known == name) {
            self.0.push((name, value()));
        }
    }

    /// Sets a field. If it has a value already, the new one counts.
    fn set(&mut self, field: &Field, value: impl Into<Json>) {
        self.0.retain(|(known, _)| *known != field.name());
        self.add(field.name(), || value.into());
    }

    /// Sets a text.
    pub(super) fn text(mut self, name: &'static str, value: &str) -> Self {
        self.add(name, || cut(value).into());
        self
    }

    /// Sets a number.
    pub(super) fn number(mut self, name: &'static str, value: u64) -> Self {
        self.add(name, || value.into());
        self
    }

    fn remove(&mut self, name: &str) -> Option<Json> {
        let at = self.0.iter().position(|(known, _)| *known == name)?;
        Some(self.0.remove(at).1)
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.set(field, cut(&format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field, cut(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field, value);
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        self.set(field, u64::try_from(value).unwrap_or(u64::MAX));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field, value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.set(field, cut(&super::describe(value)));
    }
}

/// The text, or as much of it as may be in a line.
fn cut(text: &str) -> String {
    if text.len() <= MAX_TEXT {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(MAX_TEXT);
    format!("{}…", text.get(..end).unwrap_or_default())
}

/// The whole line, with its line break.
pub(super) fn line(now: DateTime<Utc>, level: Level, target: &str, mut fields: Fields) -> String {
    let time = now.to_rfc3339_opts(SecondsFormat::Millis, true);
    let mut line = format!("{{\"time\":\"{time}\",\"level\":\"{level}\"");
    let event = fields.remove("event");
    let message = fields.remove("message");
    let first = event.map(|value| ("event", value));
    let last = message.map(|value| ("message", value));
    for (name, value) in first.into_iter().chain(fields.0).chain(last) {
        // A String takes whatever is written to it.
        let _written = write!(line, ",{}:{value}", Json::from(name));
    }
    let target = target.strip_prefix(concat!(env!("CARGO_CRATE_NAME"), "::")).unwrap_or(target);
    let _written = writeln!(line, ",\"target\":{}}}", Json::from(target));
    if level == Level::ERROR { without_warn(line) } else { line }
}

/// The same JSON without the letters "warn": the host would grade the line by them.
fn without_warn(line: String) -> String {
    let lower = line.to_ascii_lowercase();
    if !lower.contains("warn") {
        return line;
    }
    let mut escaped = String::with_capacity(line.len() + 16);
    let mut from = 0;
    for (at, _) in lower.match_indices("warn") {
        escaped.push_str(line.get(from..at).unwrap_or_default());
        escaped.push_str(if line.get(at..).is_some_and(|rest| rest.starts_with('W')) { "\\u0057" } else { "\\u0077" });
        from = at + 1;
    }
    escaped.push_str(line.get(from..).unwrap_or_default());
    escaped
}

#[cfg(test)]
mod tests;
