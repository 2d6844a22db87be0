//! A file system that does not answer, and how old a list is.

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::*;
use crate::invites::Invites;
use crate::invites::freshness::LOG_PAUSE;

#[tokio::test(start_paused = true)]
async fn who_asks_before_the_first_load_waits_for_it() {
    let sample = Sample::new();
    let address = "a@example.com".parse().unwrap();
    let waited = tokio::time::timeout(Duration::from_secs(1), sample.list.find(&address, EmailMatch::Exact)).await;
    assert!(waited.is_err(), "nothing was loaded");
    assert_eq!(sample.status(), SourceStatus::Loading);
    sample.write("email\na@example.com\n");
    let (found, ()) = tokio::join!(sample.list.find(&address, EmailMatch::Exact), sample.list.refresh());
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

impl ListFiles for Hanging {
    fn read(&self, settings: &Settings, known: Option<Version>) -> Result<FileRead, FileError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        drop(self.answers.wait_while(self.hangs.lock().unwrap(), |hangs| *hangs).unwrap());
        FileSystem.read(settings, known)
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_system_that_hangs_holds_one_thread_and_freezes_nothing() {
    let files = Arc::new(Hanging::default());
    let sample = Sample::with_files(Arc::clone(&files) as Arc<dyn ListFiles>);
    let _answers = AnswersAtTheEnd(Arc::clone(&files));
    sample.write("email\na@example.com\n");
    sample.list.refresh().await;
    files.set(true);
    sample.replace("email\nb@example.com\n");
    for look in 1..=5 {
        tokio::join!(sample.list.refresh(), tokio::time::advance(READ_LIMIT + Duration::from_secs(1)));
        assert_eq!((sample.invites(&[A, B]).await, sample.status()), (vec![A], SourceStatus::Stale));
        files.was_asked(2);
        assert_eq!(sample.logged("invites-failed").len(), look);
    }
    assert_eq!(sample.logged("invites-failed")[0]["reason"], "cannot be read: reading it takes longer than 10 seconds");
    files.set(false);
    sample.list.refresh().await;
    sample.list.refresh().await;
    assert_eq!((sample.invites(&[A, B]).await, sample.status()), (vec![B], SourceStatus::Current));
}

#[tokio::test(start_paused = true)]
async fn the_age_says_since_when_nothing_was_confirmed() {
    let sample = Sample::with("email\na@example.com\n").await;
    let ages = || {
        let age = sample.list.freshness().unwrap();
        (age.checked.unwrap().as_secs(), age.loaded.unwrap().as_secs())
    };
    tokio::time::advance(Duration::from_mins(1)).await;
    assert_eq!(ages(), (60, 60));
    sample.list.refresh().await;
    assert_eq!(ages(), (0, 60));
    sample.write("email\na@example.com\nhalf");
    for seconds in [100, 200] {
        tokio::time::advance(Duration::from_secs(100)).await;
        sample.append("+");
        sample.list.refresh().await;
        assert_eq!(ages(), (seconds, 60 + seconds));
    }
    sample.remove();
    sample.list.refresh().await;
    log_age(&sample.list);
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
    Invites::new(vec![list]).keep_fresh(&tasks, &stop);
    // They begin to wait.
    tokio::task::yield_now().await;
    for minute in 1..=3 {
        tokio::time::advance(LOG_PAUSE).await;
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
