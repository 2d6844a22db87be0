//! A file that changes, breaks, goes away and comes back, under writers who are in no hurry and some who mean harm.
//!
//! No test waits: each look is made by hand.

use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::sync::Condvar;
use std::sync::atomic::{AtomicUsize, Ordering};

use rstest::rstest;
use serde_json::Value;
use tracing::level_filters::LevelFilter;

use super::*;
use crate::clock::SystemClock;
use crate::files::Version;
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
        reading: Reading {
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
        Self::within(Arc::new(FileSystem))
    }

    fn within(files: Arc<dyn Files>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let list = ListInvites::within(settings(folder.path()), files);
        let lines = CapturedLines::default();
        let capture =
            tracing::subscriber::set_default(subscriber(LevelFilter::INFO, lines.clone(), Arc::new(SystemClock)));
        Self { folder, list, lines, _capture: capture }
    }

    /// With a list that is loaded.
    async fn with(text: &str) -> Self {
        let sample = Self::new();
        sample.write(text);
        sample.list.look().await;
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

    fn condition(&self) -> Condition {
        self.list.age().condition
    }

    fn logged(&self, event: &str) -> Vec<Value> {
        self.lines.events().into_iter().filter(|line| line["event"] == event).collect()
    }
}

const A: &str = "a@example.com";
const B: &str = "b@example.com";

#[tokio::test]
async fn the_first_reading_is_used_at_once_and_a_change_when_it_was_the_same_for_two_looks() {
    let sample = Sample::with("email\na@example.com\n").await;
    assert_eq!((sample.invites(&[A, B]).await, sample.condition()), (vec![A], Condition::Current));
    sample.write("email\nb@example.com\n");
    sample.list.look().await;
    assert_eq!((sample.invites(&[A, B]).await, sample.condition()), (vec![A], Condition::Changing));
    sample.list.look().await;
    assert_eq!((sample.invites(&[A, B]).await, sample.condition()), (vec![B], Condition::Current));
    assert_eq!((sample.logged("invites-loaded").len(), sample.logged("invites-changing").len()), (2, 1));
}

#[tokio::test]
async fn a_file_that_was_renamed_into_place_is_used_at_once() {
    let sample = Sample::with("email\na@example.com\n").await;
    for round in 0..3 {
        sample.replace(&format!("email\nb{round}@example.com\n"));
        sample.list.look().await;
        assert!(sample.invited(&format!("b{round}@example.com")).await.unwrap(), "{round}");
        assert!(!sample.invited(A).await.unwrap());
    }
    assert!(sample.logged("invites-changing").is_empty());
}

#[tokio::test]
async fn what_the_command_adds_is_used_at_once_also_twice_between_two_looks() {
    let sample = Sample::with("email\na@example.com\n").await;
    for address in ["b@example.com", "c@example.com", "d@example.com"] {
        let line = crate::invites::csv_writer::NewLine { rule: Some(address.parse().unwrap()), ..Default::default() };
        edit::add(&sample.list.settings, &[line], Duration::ZERO).unwrap();
    }
    sample.list.look().await;
    assert_eq!(sample.invites(&[A, B, "c@example.com", "d@example.com"]).await.len(), 4);
    assert!(sample.logged("invites-changing").is_empty());
}

/// The writer is caught wherever it pauses: in a line, before its `expires`, in a domain, between lines.
#[rstest]
#[case::in_a_line("email,expires\na@example.com,\nb@exam")]
#[case::before_it_expires("email,expires\na@example.com,\nb@example.com")]
#[case::in_the_date("email,expires\na@example.com,\nb@example.com,2020-01-0")]
#[case::in_a_domain("email,expires\na@example.com,\n@contoso.co")]
#[case::in_the_header("email,expi")]
#[case::between_two_lines("email,expires\n")]
#[case::at_the_beginning("")]
#[tokio::test]
async fn a_writer_that_pauses_changes_nothing_until_it_is_done(#[case] so_far: &str) {
    let everybody = [A, B, "x@contoso.co", "x@contoso.com"];
    let sample = Sample::with("email,expires\na@example.com,\nold@example.com,\n").await;
    let whole = "email,expires\na@example.com,\nb@example.com,2020-01-01\n@contoso.com,\n";
    sample.write(so_far);
    sample.list.look().await;
    assert_eq!(sample.invites(&everybody).await, [A], "{so_far:?}");
    assert!(sample.invited("old@example.com").await.unwrap());
    sample.write(whole);
    sample.list.look().await;
    assert!(sample.invited("old@example.com").await.unwrap(), "it changed again");
    sample.list.look().await;
    assert_eq!(sample.invites(&everybody).await, [A, B, "x@contoso.com"]);
    assert!(!sample.invited("old@example.com").await.unwrap());
}

#[tokio::test]
async fn a_writer_that_never_ends_is_never_used_and_pointed_out() {
    let sample = Sample::with("email\na@example.com\n").await;
    for round in 0..5 {
        sample.append(&format!("b{round}@example.com\n"));
        sample.list.look().await;
        assert!(!sample.invited("b0@example.com").await.unwrap());
        assert_eq!((sample.condition().name(), sample.condition().is_bad()), ("changing", round > 0));
        sample.list.write_age();
    }
    let levels: Vec<Value> = sample.logged("invites-changing").iter().map(|line| line["level"].clone()).collect();
    assert_eq!(levels, ["INFO", "WARN", "WARN", "WARN", "WARN"]);
    let levels: Vec<Value> = sample.logged("invites-age").iter().map(|line| line["level"].clone()).collect();
    assert_eq!(levels, ["INFO", "WARN", "WARN", "WARN", "WARN"]);
    sample.list.look().await;
    assert!(sample.invited("b4@example.com").await.unwrap() && !sample.condition().is_bad());
}

/// The file changes whenever it is read, but for the first time.
#[derive(Debug, Default)]
struct Restless(AtomicUsize);

impl Files for Restless {
    fn read(&self, settings: &Settings, known: Option<Version>) -> Result<FileReading, FileError> {
        if self.0.fetch_add(1, Ordering::SeqCst) == 0 {
            return FileSystem.read(settings, known);
        }
        Err(FileError::Changed)
    }
}

#[tokio::test]
async fn a_file_that_changes_whenever_it_is_read_is_pointed_out() {
    let sample = Sample::within(Arc::new(Restless::default()));
    sample.write("email\na@example.com\n");
    sample.list.look().await;
    for look in 0..4 {
        sample.list.look().await;
        assert_eq!((sample.condition().name(), sample.condition().is_bad()), ("changing", look > 0));
    }
    assert_eq!(sample.invites(&[A]).await, [A]);
}

#[tokio::test]
async fn a_change_that_is_only_touched_afterwards_is_used() {
    let sample = Sample::with("email\na@example.com\n").await;
    sample.write("email\nb@example.com\n");
    for look in 1..=2 {
        sample.touch(look);
        sample.list.look().await;
    }
    assert_eq!((sample.invites(&[A, B]).await, sample.condition()), (vec![B], Condition::Current));
}

/// Whoever wrote it went away in the middle: the line stays as it is, look after look.
#[rstest]
#[case::before_it_expires("b@example.com")]
#[case::in_the_date("b@example.com,2026-12-3")]
#[case::in_a_domain("@contoso.co")]
#[case::with_its_cells("b@example.com,2099-01-01")]
#[tokio::test]
async fn a_line_that_is_cut_off_invites_nobody_and_is_reported(
    #[case] cut: &str,
    #[values("\n", "\r\n", "\r")] end: &str,
) {
    let whole = ["email,expires", "a@example.com,", ""].join(end);
    let sample = Sample::with(&whole).await;
    sample.write(&format!("{whole}{cut}"));
    for _ in 0..4 {
        sample.list.look().await;
        assert_eq!(sample.invites(&[A, B, "x@contoso.co"]).await, [A]);
    }
    let reported = sample.logged("invite-line");
    assert_eq!(reported.len(), 1, "{reported:?}");
    assert_eq!((&reported[0]["line"], &reported[0]["problem"]), (&3.into(), &CUT_OFF.into()));
    sample.append(end);
    sample.list.look().await;
    sample.list.look().await;
    let reported = sample.logged("invite-line");
    assert_eq!(reported.iter().filter(|line| line["problem"] == CUT_OFF).count(), 1, "its end is there");
}

#[tokio::test]
async fn a_line_that_is_cut_off_is_reported_however_many_others_are() {
    let sample = Sample::with("email\n").await;
    sample.replace(&format!("email\n{}half", "nobody\n".repeat(50)));
    sample.list.look().await;
    sample.list.look().await;
    let reported = sample.logged("invite-line");
    assert_eq!((reported.len(), &reported[0]["problem"]), (21, &CUT_OFF.into()));
}

/// Many an editor ends no last line: what was never ended is no sign of a cut.
#[tokio::test]
async fn a_list_that_never_ended_its_last_line_is_used_with_it_until_it_does() {
    let sample = Sample::with("email\na@example.com").await;
    assert_eq!(sample.invites(&[A, B]).await, [A]);
    assert_eq!(sample.logged("invite-line")[0]["problem"], UNENDED);
    sample.write("email\na@example.com\nb@example.com");
    sample.list.look().await;
    sample.list.look().await;
    assert_eq!(sample.invites(&[A, B]).await, [A, B]);
    sample.write("email\na@example.com\n");
    sample.list.look().await;
    sample.list.look().await;
    sample.append("b@example.com");
    for _ in 0..3 {
        sample.list.look().await;
        assert_eq!(sample.invites(&[A, B]).await, [A], "it ends its lines now, so this one may be cut off");
    }
    sample.append(".evil\nb@example.com");
    for _ in 0..3 {
        sample.list.look().await;
        assert_eq!(sample.invites(&[A, B]).await, [A]);
    }
}

#[tokio::test]
async fn a_header_that_is_cut_off_leaves_the_list_as_it_was() {
    let sample = Sample::with("email,expires\na@example.com,\n").await;
    for cut in ["email,exp", "email"] {
        sample.write(cut);
        for _ in 0..3 {
            sample.list.look().await;
        }
        assert_eq!((sample.invites(&[A]).await, sample.condition()), (vec![A], Condition::Stale));
    }
    assert!(sample.logged("invites-failed").last().unwrap()["reason"].as_str().unwrap().contains("cut off"));
}

#[tokio::test]
async fn a_list_of_a_header_alone_needs_no_line_break() {
    let sample = Sample::with("email").await;
    assert_eq!((sample.invites(&[A]).await.len(), sample.condition()), (0, Condition::Current));
    assert!(sample.logged("invite-line").is_empty());
}

/// Made anew in its place, and not complete yet: by the inode alone it could be taken for a rename.
#[tokio::test]
async fn a_replacement_that_ends_within_a_line_is_not_used_at_once() {
    let sample = Sample::with("email\na@example.com\nold@example.com\n").await;
    sample.replace("email\na@example.com\nb@exam");
    sample.list.look().await;
    assert!(sample.invited("old@example.com").await.unwrap());
    sample.append("ple.com\n");
    sample.list.look().await;
    assert!(sample.invited("old@example.com").await.unwrap() && !sample.invited(B).await.unwrap());
    sample.list.look().await;
    assert!(!sample.invited("old@example.com").await.unwrap() && sample.invited(B).await.unwrap());
}

/// An editor sets the old file aside, writes a new one and pauses. Many editors end no last line, so that a list which
/// never ended one shows no cut.
#[rstest]
#[case::in_a_domain("email,expires\na@example.com,\n@partners.example.com", ".au,", "x@partners.example.com.au")]
#[case::before_it_expires("email,expires\na@example.com,\nb@example.com", ",2020-01-01", B)]
#[case::between_two_lines("email,expires\na@example.com,\n", "b@example.com,", B)]
#[tokio::test]
async fn a_file_that_is_made_anew_is_not_used_at_once(
    #[case] so_far: &str,
    #[case] rest: &str,
    #[case] meant: &str,
    #[values("", "\n")] old_end: &str,
    #[values("\n", "")] end: &str,
) {
    let everybody = ["old@example.com", B, "x@partners.example.com", "x@partners.example.com.au"];
    let sample = Sample::with(&format!("email,expires\na@example.com,\nold@example.com,{old_end}")).await;
    std::fs::rename(sample.path(), sample.folder.path().join("invites.csv.bak")).unwrap();
    sample.write(so_far);
    sample.list.look().await;
    assert_eq!(sample.invites(&everybody).await, ["old@example.com"], "half of it is there");
    sample.append(&format!("{rest}{end}"));
    sample.list.look().await;
    assert_eq!(sample.invites(&everybody).await, ["old@example.com"], "it changed again");
    sample.list.look().await;
    let is_cut = end.is_empty() && !old_end.is_empty();
    assert_eq!(sample.invites(&everybody).await, if is_cut { vec![] } else { vec![meant] });
}

/// A rename on the same tick as the last write, or of a file with a time to come, cannot be told from a write.
#[tokio::test]
async fn a_rename_that_does_not_show_costs_one_look() {
    let sample = Sample::with("email\na@example.com\n").await;
    sample.replace_by("email\nb@example.com\n", 3600);
    sample.list.look().await;
    assert_eq!((sample.invites(&[A, B]).await, sample.condition()), (vec![A], Condition::Changing));
    sample.list.look().await;
    assert_eq!((sample.invites(&[A, B]).await, sample.condition()), (vec![B], Condition::Current));
}

/// A rewrite that nothing shows but the content: the same size, the same times as far as they can be set.
#[tokio::test]
async fn a_rewrite_with_the_same_size_and_time_is_used() {
    let sample = Sample::with("email\na@example.com\n").await;
    let modified = std::fs::metadata(sample.path()).unwrap().modified().unwrap();
    sample.write("email\nb@example.com\n");
    let file = std::fs::OpenOptions::new().write(true).open(sample.path()).unwrap();
    file.set_times(std::fs::FileTimes::new().set_modified(modified)).unwrap();
    assert_eq!(file.metadata().unwrap().modified().unwrap(), modified);
    sample.list.look().await;
    sample.list.look().await;
    assert_eq!(sample.invites(&[A, B]).await, [B]);
}

/// The file system whose clock stands still: every version of the file looks the same.
#[derive(Debug)]
struct OneVersion(Version);

impl Files for OneVersion {
    fn read(&self, settings: &Settings, known: Option<Version>) -> Result<FileReading, FileError> {
        if known == Some(self.0) {
            return Ok(FileReading::Same);
        }
        let mut content = crate::files::read(&settings.path, settings.max_bytes)?;
        content.version = self.0;
        let found = Found::of(&content);
        Ok(FileReading::Read(content.bytes, found))
    }
}

#[tokio::test]
async fn a_write_on_the_same_tick_of_the_clock_is_found_by_the_next_look() {
    let version = Version { place: None, length: 20, modified: None, changed: None, born: None };
    let sample = Sample::within(Arc::new(OneVersion(version)));
    sample.write("email\na@example.com\n");
    sample.list.look().await;
    sample.write("email\nb@example.com\n");
    sample.list.look().await;
    sample.list.look().await;
    assert_eq!(sample.invites(&[A, B]).await, [B]);
}

#[tokio::test]
async fn a_file_that_is_as_it_was_is_read_twice_and_no_more() {
    let sample = Sample::with("email\na@example.com\n").await;
    let list = sample.list.snapshot().await.unwrap();
    for _ in 0..3 {
        sample.list.look().await;
        let watch = sample.list.watch.lock().await;
        assert!(watch.looks.known().is_some() && Arc::ptr_eq(&list, &sample.list.snapshot().await.unwrap()));
    }
    sample.touch(0);
    sample.list.look().await;
    assert!(Arc::ptr_eq(&list, &sample.list.snapshot().await.unwrap()));
    assert_eq!((sample.condition(), sample.logged("invites-loaded").len()), (Condition::Current, 1));
}

fn pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// What can stand in the place of a list; each with words of the reason.
#[cfg(unix)]
fn in_its_place(what: &str, path: &Path) -> &'static str {
    use std::os::unix::fs::symlink;
    let neighbour = path.with_extension("pipe");
    match what {
        "nothing" => return "No such file",
        "pipe" => pipe(path),
        "folder" => std::fs::create_dir(path).unwrap(),
        "device" => symlink("/dev/zero", path).unwrap(),
        "link to a pipe" => {
            pipe(&neighbour);
            symlink(neighbour, path).unwrap();
        }
        "link to itself" => {
            symlink(path, path).unwrap();
            return "symbolic link";
        }
        "too large" => {
            std::fs::write(path, format!("email\n{}", "b@example.com\n".repeat(1000))).unwrap();
            return "more than max_bytes, which is 10000";
        }
        "no list" => {
            std::fs::write(path, "name\n").unwrap();
            return "one of them must be email";
        }
        _ => unreachable!(),
    }
    "not a file"
}

#[cfg(unix)]
fn clear(path: &Path) {
    let _ = std::fs::remove_file(path).or_else(|_| std::fs::remove_dir(path));
}

#[cfg(unix)]
#[rstest]
#[tokio::test]
async fn what_is_no_list_leaves_the_old_one_and_is_said_at_each_look(
    #[values("nothing", "pipe", "folder", "device", "link to a pipe", "link to itself", "too large", "no list")]
    what: &str,
) {
    let sample = Sample::with("email\na@example.com\n").await;
    clear(&sample.path());
    let reason = in_its_place(what, &sample.path());
    for failed in 1..=4 {
        sample.list.look().await;
        let logged = sample.logged("invites-failed");
        // One that is made anew may wait for one look first.
        assert!(failed - logged.len() <= 1, "{failed} {logged:?}");
        assert_eq!(sample.invites(&[A]).await, [A]);
    }
    let last = sample.logged("invites-failed").pop().unwrap();
    assert!(last["reason"].as_str().unwrap().contains(reason), "{last}");
    assert_eq!((&last["kept_last_good"], sample.condition()), (&true.into(), Condition::Stale));
    clear(&sample.path());
    sample.write("email\nb@example.com\n");
    sample.list.look().await;
    sample.list.look().await;
    assert_eq!((sample.invites(&[A, B]).await, sample.condition()), (vec![B], Condition::Current));
}

#[cfg(unix)]
#[rstest]
#[tokio::test]
async fn without_any_list_the_reason_is_handed_on_until_there_is_one(
    #[values("nothing", "pipe", "folder", "device", "link to a pipe", "link to itself", "too large", "no list")]
    what: &str,
) {
    let sample = Sample::new();
    let reason = in_its_place(what, &sample.path());
    for _ in 0..2 {
        sample.list.look().await;
        let error = sample.invited(A).await.unwrap_err();
        assert!(error.reason.contains(reason) && !sample.list.is_loaded(), "{error}");
        assert_eq!((sample.condition(), sample.list.age().loaded), (Condition::Missing, None));
    }
    clear(&sample.path());
    sample.write("email\na@example.com\n");
    sample.list.look().await;
    assert_eq!((sample.invites(&[A]).await, sample.condition()), (vec![A], Condition::Current));
}

#[tokio::test]
async fn a_file_that_was_away_is_used_when_it_was_the_same_for_two_looks() {
    let sample = Sample::with("email\na@example.com\n").await;
    sample.remove();
    sample.list.look().await;
    // It may be copied there right now.
    sample.write("email\nb@example.com\n");
    sample.list.look().await;
    assert_eq!((sample.invites(&[A, B]).await, sample.condition()), (vec![A], Condition::Changing));
    sample.append("c@example.com\n");
    sample.list.look().await;
    assert_eq!(sample.invites(&[A, B]).await, [A]);
    sample.list.look().await;
    assert_eq!(sample.invites(&[A, B, "c@example.com"]).await, [B, "c@example.com"]);
}

#[tokio::test]
async fn the_same_file_that_was_away_is_confirmed_and_said_once() {
    let sample = Sample::with("email\na@example.com\n").await;
    sample.list.look().await;
    let aside = sample.folder.path().join("aside");
    std::fs::rename(sample.path(), &aside).unwrap();
    sample.list.look().await;
    assert_eq!(sample.condition(), Condition::Stale);
    std::fs::rename(&aside, sample.path()).unwrap();
    sample.list.look().await;
    sample.list.look().await;
    assert_eq!((sample.condition(), sample.logged("invites-confirmed").len()), (Condition::Current, 1));
    assert_eq!(sample.logged("invites-loaded").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn who_asks_before_the_first_load_waits_for_it() {
    let sample = Sample::new();
    let address = "a@example.com".parse().unwrap();
    let waited = tokio::time::timeout(Duration::from_secs(1), sample.list.find(&address, EmailMatch::Exact)).await;
    assert!(waited.is_err(), "nothing was loaded");
    assert_eq!(sample.condition(), Condition::Loading);
    sample.write("email\na@example.com\n");
    let (found, ()) = tokio::join!(sample.list.find(&address, EmailMatch::Exact), sample.list.look());
    assert_eq!(found.unwrap().len(), 1);
}

/// A file system that does not answer until it is told to.
#[derive(Debug, Default)]
struct Hanging {
    hangs: std::sync::Mutex<bool>,
    answers: Condvar,
    asked: AtomicUsize,
}

impl Hanging {
    /// It was asked so often and no more, as soon as the thread has begun.
    fn was_asked(&self, times: usize) {
        for _ in 0..100_000_000 {
            if self.asked.load(Ordering::SeqCst) >= times {
                break;
            }
            std::thread::yield_now();
        }
        assert_eq!(self.asked.load(Ordering::SeqCst), times);
    }

    fn set(&self, hangs: bool) {
        *self.hangs.lock().unwrap() = hangs;
        self.answers.notify_all();
    }
}

/// Lets the thread end, whatever became of the test.
struct AnswersAtTheEnd(Arc<Hanging>);

impl Drop for AnswersAtTheEnd {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

impl Files for Hanging {
    fn read(&self, settings: &Settings, known: Option<Version>) -> Result<FileReading, FileError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        drop(self.answers.wait_while(self.hangs.lock().unwrap(), |hangs| *hangs).unwrap());
        FileSystem.read(settings, known)
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_system_that_hangs_holds_one_thread_and_freezes_nothing() {
    let files = Arc::new(Hanging::default());
    let sample = Sample::within(Arc::clone(&files) as Arc<dyn Files>);
    let _answers = AnswersAtTheEnd(Arc::clone(&files));
    sample.write("email\na@example.com\n");
    sample.list.look().await;
    files.set(true);
    sample.replace("email\nb@example.com\n");
    for look in 1..=5 {
        tokio::join!(sample.list.look(), tokio::time::advance(READING + Duration::from_secs(1)));
        assert_eq!((sample.invites(&[A, B]).await, sample.condition()), (vec![A], Condition::Stale));
        files.was_asked(2);
        assert_eq!(sample.logged("invites-failed").len(), look);
    }
    assert_eq!(sample.logged("invites-failed")[0]["reason"], format!("cannot be read: {TOO_SLOW}"));
    files.set(false);
    sample.list.look().await;
    sample.list.look().await;
    assert_eq!((sample.invites(&[A, B]).await, sample.condition()), (vec![B], Condition::Current));
}

#[tokio::test(start_paused = true)]
async fn the_age_says_since_when_nothing_was_confirmed() {
    let sample = Sample::with("email\na@example.com\n").await;
    let ages = || {
        let age = sample.list.age();
        (age.checked.unwrap().as_secs(), age.loaded.unwrap().as_secs())
    };
    tokio::time::advance(Duration::from_mins(1)).await;
    assert_eq!(ages(), (60, 60));
    sample.list.look().await;
    assert_eq!(ages(), (0, 60));
    sample.write("email\na@example.com\nhalf");
    for seconds in [100, 200] {
        tokio::time::advance(Duration::from_secs(100)).await;
        sample.append("+");
        sample.list.look().await;
        assert_eq!(ages(), (seconds, 60 + seconds));
    }
    sample.remove();
    sample.list.look().await;
    sample.list.write_age();
    let line = &sample.logged("invites-age")[0];
    assert_eq!((&line["level"], &line["state"]), (&"WARN".into(), &"stale".into()));
    assert_eq!((&line["checked_seconds_ago"], &line["loaded_seconds_ago"]), (&200.into(), &260.into()));
    assert_eq!(line["source"], "beta");
}

#[tokio::test(start_paused = true)]
async fn the_age_is_written_each_minute_and_once_at_the_end() {
    let sample = Sample::new();
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    let list = Arc::new(ListInvites::new(settings(sample.folder.path())));
    list.keep_fresh(&tasks, stop.clone());
    // They begin to wait.
    tokio::task::yield_now().await;
    for minute in 1..=3 {
        tokio::time::advance(EVERY).await;
        for _ in 0..1000 {
            if sample.logged("invites-age").len() >= minute {
                break;
            }
            tokio::task::yield_now().await;
        }
    }
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    let states: Vec<Value> = sample.logged("invites-age").iter().map(|line| line["state"].clone()).collect();
    assert_eq!(states.len(), 4, "{states:?}");
}
