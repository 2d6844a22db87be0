//! When a change of the file is taken.

use super::*;

#[tokio::test]
async fn the_first_reading_is_used_at_once_and_a_change_when_it_was_the_same_for_two_looks() {
    let sample = Sample::with("email\na@example.com\n").await;
    assert_eq!((sample.invites(&[A, B]).await, sample.status()), (vec![A], SourceStatus::Current));
    sample.write("email\nb@example.com\n");
    sample.list.refresh().await;
    assert_eq!((sample.invites(&[A, B]).await, sample.status()), (vec![A], SourceStatus::Changing));
    sample.list.refresh().await;
    assert_eq!((sample.invites(&[A, B]).await, sample.status()), (vec![B], SourceStatus::Current));
    assert_eq!((sample.logged("invites-loaded").len(), sample.logged("invites-changing").len()), (2, 1));
}

#[tokio::test]
async fn a_file_that_was_renamed_into_place_is_used_at_once() {
    let sample = Sample::with("email\na@example.com\n").await;
    for round in 0..3 {
        sample.replace(&format!("email\nb{round}@example.com\n"));
        sample.list.refresh().await;
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
    sample.list.refresh().await;
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
    sample.list.refresh().await;
    assert_eq!(sample.invites(&everybody).await, [A], "{so_far:?}");
    assert!(sample.invited("old@example.com").await.unwrap());
    sample.write(whole);
    sample.list.refresh().await;
    assert!(sample.invited("old@example.com").await.unwrap(), "it changed again");
    sample.list.refresh().await;
    assert_eq!(sample.invites(&everybody).await, [A, B, "x@contoso.com"]);
    assert!(!sample.invited("old@example.com").await.unwrap());
}

#[tokio::test]
async fn a_writer_that_never_ends_is_never_used_and_pointed_out() {
    let sample = Sample::with("email\na@example.com\n").await;
    for round in 0..5 {
        sample.append(&format!("b{round}@example.com\n"));
        sample.list.refresh().await;
        assert!(!sample.invited("b0@example.com").await.unwrap());
        assert_eq!((sample.status().name(), sample.status().is_bad()), ("changing", round > 0));
        log_age(&sample.list);
    }
    let levels: Vec<Value> = sample.logged("invites-changing").iter().map(|line| line["level"].clone()).collect();
    assert_eq!(levels, ["INFO", "WARN", "WARN", "WARN", "WARN"]);
    let levels: Vec<Value> = sample.logged("invites-age").iter().map(|line| line["level"].clone()).collect();
    assert_eq!(levels, ["INFO", "WARN", "WARN", "WARN", "WARN"]);
    sample.list.refresh().await;
    assert!(sample.invited("b4@example.com").await.unwrap() && !sample.status().is_bad());
}

/// The file changes whenever it is read, but for the first time.
#[derive(Debug, Default)]
struct Restless(AtomicUsize);

impl ListFiles for Restless {
    fn read(&self, settings: &Settings, known: Option<Version>) -> Result<FileRead, FileError> {
        if self.0.fetch_add(1, Ordering::SeqCst) == 0 {
            return FileSystem.read(settings, known);
        }
        Err(FileError::Changed)
    }
}

#[tokio::test]
async fn a_file_that_changes_whenever_it_is_read_is_pointed_out() {
    let sample = Sample::with_files(Arc::new(Restless::default()));
    sample.write("email\na@example.com\n");
    sample.list.refresh().await;
    for look in 0..4 {
        sample.list.refresh().await;
        assert_eq!((sample.status().name(), sample.status().is_bad()), ("changing", look > 0));
    }
    assert_eq!(sample.invites(&[A]).await, [A]);
}

#[tokio::test]
async fn a_change_that_is_only_touched_afterwards_is_used() {
    let sample = Sample::with("email\na@example.com\n").await;
    sample.write("email\nb@example.com\n");
    for look in 1..=2 {
        sample.touch(look);
        sample.list.refresh().await;
    }
    assert_eq!((sample.invites(&[A, B]).await, sample.status()), (vec![B], SourceStatus::Current));
}

/// Made anew in its place, and not complete yet: by the inode alone it could be taken for a rename.
#[tokio::test]
async fn a_replacement_that_ends_within_a_line_is_not_used_at_once() {
    let sample = Sample::with("email\na@example.com\nold@example.com\n").await;
    sample.replace("email\na@example.com\nb@exam");
    sample.list.refresh().await;
    assert!(sample.invited("old@example.com").await.unwrap());
    sample.append("ple.com\n");
    sample.list.refresh().await;
    assert!(sample.invited("old@example.com").await.unwrap() && !sample.invited(B).await.unwrap());
    sample.list.refresh().await;
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
    sample.list.refresh().await;
    assert_eq!(sample.invites(&everybody).await, ["old@example.com"], "half of it is there");
    sample.append(&format!("{rest}{end}"));
    sample.list.refresh().await;
    assert_eq!(sample.invites(&everybody).await, ["old@example.com"], "it changed again");
    sample.list.refresh().await;
    let is_cut = end.is_empty() && !old_end.is_empty();
    assert_eq!(sample.invites(&everybody).await, if is_cut { vec![] } else { vec![meant] });
}

/// A rename on the same tick as the last write, or of a file with a time to come, cannot be told from a write.
#[tokio::test]
async fn a_rename_that_does_not_show_costs_one_look() {
    let sample = Sample::with("email\na@example.com\n").await;
    sample.replace_by("email\nb@example.com\n", 3600);
    sample.list.refresh().await;
    assert_eq!((sample.invites(&[A, B]).await, sample.status()), (vec![A], SourceStatus::Changing));
    sample.list.refresh().await;
    assert_eq!((sample.invites(&[A, B]).await, sample.status()), (vec![B], SourceStatus::Current));
}

#[tokio::test]
async fn other_content_of_the_same_length_at_each_look_is_not_used_until_it_stays() {
    let sample = Sample::with("email\na@example.com\n").await;
    let everybody = [A, B, "c@example.com", "d@example.com"];
    for address in everybody.iter().skip(1) {
        sample.write(&format!("email\n{address}\n"));
        sample.list.refresh().await;
        assert_eq!((sample.invites(&everybody).await, sample.status().name()), (vec![A], "changing"));
    }
    sample.list.refresh().await;
    assert_eq!((sample.invites(&everybody).await, sample.status()), (vec!["d@example.com"], SourceStatus::Current));
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
    sample.list.refresh().await;
    sample.list.refresh().await;
    assert_eq!(sample.invites(&[A, B]).await, [B]);
}

/// The list was looked at so often that it need not be read to be known. What says that it changed is neither its size
/// nor, where a system tells when a file was last changed, a time that can be set.
#[rstest]
#[case::in_place("email\nb@example.com\n", false, false)]
#[case::by_another_file("email\nb@example.com\n", true, false)]
#[cfg_attr(unix, case::in_place_with_the_same_time("email\nb@example.com\n", false, true))]
#[cfg_attr(unix, case::by_another_file_with_the_same_time("email\nb@example.com\n", true, true))]
#[tokio::test]
async fn other_content_of_the_same_length_is_used(#[case] text: &str, #[case] renamed: bool, #[case] same_time: bool) {
    let sample = Sample::with("email\na@example.com\n").await;
    sample.list.refresh().await;
    assert!(sample.list.refresh_state.lock().await.changes.known().is_some());
    let before = std::fs::metadata(sample.path()).unwrap();
    if renamed {
        sample.replace(text);
    } else {
        sample.write(text);
    }
    if same_time {
        let times = std::fs::FileTimes::new().set_modified(before.modified().unwrap());
        std::fs::OpenOptions::new().write(true).open(sample.path()).unwrap().set_times(times).unwrap();
    }
    let after = std::fs::metadata(sample.path()).unwrap();
    assert_eq!((after.len(), after.modified().unwrap() == before.modified().unwrap()), (before.len(), same_time));
    sample.list.refresh().await;
    sample.list.refresh().await;
    assert_eq!((sample.invites(&[A, B]).await, sample.status()), (vec![B], SourceStatus::Current));
}

/// The file system whose clock stands still: every version of the file looks the same.
#[derive(Debug)]
struct OneVersion(Version);

impl ListFiles for OneVersion {
    fn read(&self, settings: &Settings, known: Option<Version>) -> Result<FileRead, FileError> {
        if known == Some(self.0) {
            return Ok(FileRead::Unchanged);
        }
        let mut content = crate::files::read(&settings.path, settings.max_bytes)?;
        content.version = self.0;
        let found = ObservedFile::of(&content);
        Ok(FileRead::Content(content.bytes, found))
    }
}

#[tokio::test]
async fn a_write_on_the_same_tick_of_the_clock_is_found_by_the_next_look() {
    let version = Version { place: None, length: 20, modified: None, changed: None, born: None };
    let sample = Sample::with_files(Arc::new(OneVersion(version)));
    sample.write("email\na@example.com\n");
    sample.list.refresh().await;
    sample.write("email\nb@example.com\n");
    sample.list.refresh().await;
    sample.list.refresh().await;
    assert_eq!(sample.invites(&[A, B]).await, [B]);
}

#[tokio::test]
async fn a_file_that_is_as_it_was_is_read_twice_and_no_more() {
    let sample = Sample::with("email\na@example.com\n").await;
    let list = sample.list.in_use.load_full().unwrap();
    for _ in 0..3 {
        sample.list.refresh().await;
        let state = sample.list.refresh_state.lock().await;
        assert!(state.changes.known().is_some() && Arc::ptr_eq(&list, &sample.list.in_use.load_full().unwrap()));
    }
    sample.touch(0);
    sample.list.refresh().await;
    assert!(Arc::ptr_eq(&list, &sample.list.in_use.load_full().unwrap()));
    assert_eq!((sample.status(), sample.logged("invites-loaded").len()), (SourceStatus::Current, 1));
}
