//! A file that changes, breaks, goes away and comes back.

use super::*;

struct Sample {
    folder: tempfile::TempDir,
    list: ListInvites,
}

impl Sample {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings {
            path: folder.path().join("invites.csv"),
            reading: Reading { source: "beta".into(), apps: Vec::new(), extension_app: None },
            columns: Vec::new(),
            refresh: Duration::from_secs(1),
        };
        Self { folder, list: ListInvites::new(settings) }
    }

    fn write(&self, text: &str) {
        std::fs::write(self.folder.path().join("invites.csv"), text).unwrap();
    }

    async fn invited(&self, address: &str) -> Result<bool, InviteError> {
        let address = address.parse().unwrap();
        Ok(!self.list.find(&address, EmailMatch::Exact).await?.is_empty())
    }
}

#[tokio::test]
async fn takes_a_changed_file_and_keeps_the_last_good_list() {
    let sample = Sample::new();
    sample.write("email\na@example.com\n");
    let first = sample.list.refresh(None).await;
    assert!(sample.invited("a@example.com").await.unwrap());
    sample.write("email\na@example.com\nb@example.com\n");
    let second = sample.list.refresh(first).await;
    assert!(first != second && sample.invited("b@example.com").await.unwrap());
    sample.write("no header\n");
    let broken = sample.list.refresh(second).await;
    assert!(sample.invited("b@example.com").await.unwrap());
    std::fs::remove_file(sample.folder.path().join("invites.csv")).unwrap();
    let gone = sample.list.refresh(broken).await;
    assert!(sample.invited("b@example.com").await.unwrap());
    sample.write("email\nc@example.com\n");
    sample.list.refresh(gone).await;
    assert!(sample.invited("c@example.com").await.unwrap() && !sample.invited("a@example.com").await.unwrap());
}

#[tokio::test]
async fn what_could_not_be_read_is_read_again_though_the_file_is_the_same() {
    let sample = Sample::new();
    sample.write("no header\n");
    assert_eq!(sample.list.refresh(None).await, None);
    assert!(sample.invited("a@example.com").await.is_err());
    sample.write("email\na@example.com\n");
    let known = sample.list.refresh(None).await;
    assert!(known.is_some() && sample.invited("a@example.com").await.unwrap());
}

#[tokio::test]
async fn an_unchanged_file_is_not_read_again() {
    let sample = Sample::new();
    sample.write("email\na@example.com\n");
    let known = sample.list.refresh(None).await;
    let list = sample.list.snapshot().await.unwrap();
    assert_eq!(sample.list.refresh(known).await, known);
    assert!(Arc::ptr_eq(&list, &sample.list.snapshot().await.unwrap()));
}

#[tokio::test(start_paused = true)]
async fn who_asks_before_the_first_load_waits_for_it() {
    let sample = Sample::new();
    let address = "a@example.com".parse().unwrap();
    let waited = tokio::time::timeout(Duration::from_secs(1), sample.list.find(&address, EmailMatch::Exact)).await;
    assert!(waited.is_err(), "nothing was loaded");
    sample.write("email\na@example.com\n");
    let (found, _) = tokio::join!(sample.list.find(&address, EmailMatch::Exact), sample.list.refresh(None));
    assert_eq!(found.unwrap().len(), 1);
}
