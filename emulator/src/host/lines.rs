//! The lines that a process writes, with the levels that the host gives them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::sync::Notify;

use crate::shared::locked;

/// The level the host gives a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// From stdout.
    Information,
    /// From stderr, with "warn" somewhere in it.
    Warning,
    /// From stderr.
    Error,
}

/// One line the process wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// The level the host gives it.
    pub level: Level,
    /// The line, without its line break.
    pub text: String,
}

/// A function that is called with each line.
pub type LineObserver = Arc<dyn Fn(&LogLine) + Send + Sync>;

/// All lines so far.
#[derive(Default)]
pub(super) struct Lines {
    all: Mutex<Vec<LogLine>>,
    added: Notify,
    observer: Option<LineObserver>,
}

impl Lines {
    pub(super) fn with_observer(observer: Option<LineObserver>) -> Self {
        Self { observer, ..Self::default() }
    }

    pub(super) fn all(&self) -> Vec<LogLine> {
        locked(&self.all).clone()
    }

    /// Waits up to `limit` for a line that `is_wanted`, and returns the first one. Lines that were written before
    /// count, too.
    pub(super) async fn wait_for(&self, limit: Duration, is_wanted: impl Fn(&LogLine) -> bool) -> Option<LogLine> {
        let search = async {
            loop {
                let added = self.added.notified();
                if let Some(line) = self.all().into_iter().find(|line| is_wanted(line)) {
                    return line;
                }
                added.await;
            }
        };
        tokio::time::timeout(limit, search).await.ok()
    }

    /// Reads the lines of a stream until it ends.
    pub(super) async fn read(self: Arc<Self>, stream: impl AsyncRead + Unpin, is_stderr: bool) {
        let mut reader = BufReader::new(stream).lines();
        while let Ok(Some(text)) = reader.next_line().await {
            let level = match is_stderr {
                false => Level::Information,
                true if text.to_ascii_lowercase().contains("warn") => Level::Warning,
                true => Level::Error,
            };
            let line = LogLine { level, text };
            if let Some(observer) = &self.observer {
                observer(&line);
            }
            locked(&self.all).push(line);
            self.added.notify_waiters();
        }
    }
}
