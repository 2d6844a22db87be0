//! A file that changes, breaks, goes away and comes back, under writers who are in no hurry and some who mean harm.
//!
//! No test waits: each look is made by hand.

mod changes;
mod cut_off;
mod not_a_file;
mod slow_and_old;
mod swap;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Condvar;
use std::sync::atomic::{AtomicUsize, Ordering};

use rstest::rstest;
use serde_json::Value;
use tracing::level_filters::LevelFilter;

use super::*;
use crate::clock::SystemClock;
use crate::files::Version;
use crate::invites::csv_reader::ListOptions;
use crate::invites::freshness::{SourceStatus, log_age};
use crate::telemetry::{CapturedLines, subscriber};
use crate::values::AttributeTypes;

struct Sample {
    folder: tempfile::TempDir,
    list: ListInvites,
    lines: CapturedLines,
    _capture: tracing::subscriber::DefaultGuard,
}

fn settings(folder: &Path) -> Settings {
    Settings {
        path: folder.join("invites.csv"),
        max_bytes: 10_000,
        options: ListOptions {
            source: "beta".into(),
            apps: Vec::new(),
            extension_app: None,
            types: AttributeTypes::default(),
        },
        columns: None,
        refresh: Duration::from_mins(1),
    }
}

impl Sample {
    fn new() -> Self {
        Self::with_files(Arc::new(FileSystem))
    }

    fn with_files(files: Arc<dyn ListFiles>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let list = ListInvites::with_files(settings(folder.path()), files);
        let lines = CapturedLines::default();
        let capture =
            tracing::subscriber::set_default(subscriber(LevelFilter::INFO, lines.clone(), Arc::new(SystemClock)));
        Self { folder, list, lines, _capture: capture }
    }

    /// With a list that is loaded.
    async fn with(text: &str) -> Self {
        let sample = Self::new();
        sample.write(text);
        sample.list.refresh().await;
        sample
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("invites.csv")
    }

    /// Writes the file itself, in place.
    fn write(&self, text: &str) {
        std::fs::write(self.path(), text).unwrap();
    }

    fn append(&self, text: &str) {
        std::fs::OpenOptions::new().append(true).open(self.path()).unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// Puts another file into its place, which was written a while ago.
    fn replace(&self, text: &str) {
        self.replace_by(text, -1);
    }

    /// Puts another file into its place, which was written so many seconds from now.
    fn replace_by(&self, text: &str, seconds: i64) {
        let new = self.folder.path().join("invites.csv.new");
        std::fs::write(&new, text).unwrap();
        let file = std::fs::OpenOptions::new().write(true).open(&new).unwrap();
        let (now, away) = (file.metadata().unwrap().modified().unwrap(), Duration::from_secs(seconds.unsigned_abs()));
        let written = if seconds < 0 { now - away } else { now + away };
        file.set_times(std::fs::FileTimes::new().set_modified(written)).unwrap();
        std::fs::rename(new, self.path()).unwrap();
    }

    /// Sets the file's time, and nothing else.
    fn touch(&self, seconds: u64) {
        let file = std::fs::OpenOptions::new().write(true).open(self.path()).unwrap();
        let time = std::time::UNIX_EPOCH + Duration::from_secs(seconds);
        file.set_times(std::fs::FileTimes::new().set_modified(time)).unwrap();
    }

    fn remove(&self) {
        std::fs::remove_file(self.path()).unwrap();
    }

    async fn invited(&self, address: &str) -> Result<bool, InviteError> {
        let address = address.parse().unwrap();
        Ok(!self.list.find(&address, EmailMatch::Exact).await?.is_empty())
    }

    /// Which of these are invited.
    async fn invites<'a>(&self, addresses: &[&'a str]) -> Vec<&'a str> {
        let mut invited = Vec::new();
        for address in addresses {
            if self.invited(address).await.unwrap() {
                invited.push(*address);
            }
        }
        invited
    }

    fn status(&self) -> SourceStatus {
        self.list.freshness().unwrap().status
    }

    fn logged(&self, event: &str) -> Vec<Value> {
        self.lines.events().into_iter().filter(|line| line["event"] == event).collect()
    }
}

const A: &str = "a@example.com";
const B: &str = "b@example.com";
