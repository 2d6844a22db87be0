//! Lines on the screen. Those of the product are dim. Colours are for terminals only, and off with `NO_COLOR`.

use std::error::Error;
use std::fmt::{Debug, Display};
use std::io::{IsTerminal, Write, stdout};
use std::sync::{Arc, Mutex, PoisonError};

/// The screen. A line that cannot be written is lost without an error. Clones write to the same output.
#[derive(Clone)]
pub(crate) struct Screen {
    colours: bool,
    out: Arc<Mutex<dyn Write + Send>>,
}

impl Debug for Screen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Screen").field("colours", &self.colours).finish_non_exhaustive()
    }
}

impl Screen {
    /// Standard output.
    pub(crate) fn standard() -> Self {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { colours: stdout().is_terminal() && !unwanted, out: Arc::new(Mutex::new(stdout())) }
    }

    pub(crate) fn line(&self, text: impl Display) {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = writeln!(out, "{text}");
    }

    pub(crate) fn title(&self, text: impl Display) {
        self.line(format_args!("\n{}", self.styled("1", text)));
    }

    pub(crate) fn dim(&self, text: impl Display) {
        self.line(self.styled("2", text));
    }

    /// One event or call: what was sent, what came back, and how long it took.
    pub(crate) fn call(&self, sent: &str, answer: &str, milliseconds: u128) {
        let time = format!("({milliseconds} ms)");
        self.line(format_args!("  {sent}\n    -> {answer} {}", self.styled("2", time)));
    }

    /// An expectation and whether it holds, with what was seen if it does not.
    pub(crate) fn check(&self, holds: bool, what: &str, seen: &str) {
        if holds {
            self.line(format_args!("  {}  {what}", self.styled("32", "ok")));
        } else {
            let mark = self.styled("31", "NOT OK");
            self.line(format_args!("  {mark}  {what}; seen: {seen}"));
        }
    }

    fn styled(&self, code: &str, text: impl Display) -> String {
        if self.colours { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_string() }
    }
}

/// An error with its whole chain of causes.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
