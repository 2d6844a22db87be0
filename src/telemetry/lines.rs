//! Where finished log lines go: to the console, or into memory for tests.

use std::sync::{Arc, Mutex, PoisonError};

/// One of the process's two output streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output: INFO and below.
    Out,
    /// Standard error: WARN and ERROR.
    Err,
}

/// Takes finished lines.
pub trait Lines: Send + Sync + 'static {
    /// Takes `line`, which ends with its line break, and never makes the caller wait. A failure is not reported.
    fn write(&self, stream: Stream, line: &[u8]);
}

/// Keeps the lines, for tests.
#[derive(Debug, Clone, Default)]
pub struct CapturedLines(Arc<Mutex<Vec<(Stream, String)>>>);

impl CapturedLines {
    /// Every line so far, in order, as it was written.
    #[must_use]
    pub fn all(&self) -> Vec<(Stream, String)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Every line so far, read as JSON.
    #[must_use]
    pub fn events(&self) -> Vec<serde_json::Value> {
        self.all().iter().filter_map(|(_, line)| serde_json::from_str(line).ok()).collect()
    }
}

impl Lines for CapturedLines {
    fn write(&self, stream: Stream, line: &[u8]) {
        let line = String::from_utf8_lossy(line).into_owned();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((stream, line));
    }
}
