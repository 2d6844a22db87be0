//! Files that change hands, and writers that meet.

use std::collections::BTreeSet;
use std::fs::{FileTimes, OpenOptions};
use std::path::Path;

use super::*;
use crate::invites::csv_reader::ListError;
use crate::invites::snapshot::Snapshot;
use crate::values::{AttributeTypes, EmailMatch};

const NO_PATIENCE: Duration = Duration::ZERO;
const PATIENCE: Duration = Duration::from_secs(30);

struct Sample {
    folder: tempfile::TempDir,
    settings: Settings,
}

impl Sample {
    fn new(list: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings {
            path: folder.path().join("invites.csv"),
            options: ListOptions {
                source: "beta".into(),
                apps: Vec::new(),
                extension_app: None,
                types: AttributeTypes::default(),
            },
            max_bytes: 1000,
            columns: None,
            refresh: Duration::from_secs(1),
        };
        std::fs::write(&settings.path, list).unwrap();
        Self { folder, settings }
    }

    fn add(&self, line: NewLine) -> Result<AddedLines, EditError> {
        add(&self.settings, &[line], NO_PATIENCE)
    }

    fn read(&self) -> (Snapshot, Vec<LineReport>) {
        let bytes = std::fs::read(&self.settings.path).unwrap();
        csv_reader::read(bytes, &self.settings.options, UnendedLine::Used).unwrap()
    }

    fn list(&self) -> String {
        std::fs::read_to_string(&self.settings.path).unwrap()
    }

    fn files(&self) -> BTreeSet<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    /// The list is as it was, and nothing lies beside it.
    fn assert_untouched(&self, list: &str) {
        assert_eq!((self.list().as_str(), self.files()), (list, ["invites.csv".to_owned()].into()));
    }
}

fn invited(rule: &str) -> NewLine {
    NewLine { rule: Some(rule.parse().unwrap()), ..NewLine::default() }
}

#[test]
fn the_list_has_the_line_and_nothing_lies_beside_it() {
    let sample = Sample::new("email\na@example.com\n");
    assert_eq!(sample.add(invited("jo@example.com")).unwrap(), AddedLines { lines: 3..4, remarks: Vec::new() });
    sample.assert_untouched("email\na@example.com\njo@example.com\n");
}

#[test]
fn writers_at_once_lose_nothing() {
    let sample = Sample::new("email\n");
    std::thread::scope(|scope| {
        for writer in 0..6 {
            let settings = &sample.settings;
            scope.spawn(move || {
                for number in 0..5 {
                    add(settings, &[invited(&format!("jo{writer}x{number}@example.com"))], PATIENCE).unwrap();
                }
            });
        }
    });
    let (snapshot, problems) = sample.read();
    assert_eq!((snapshot.len(), problems.len()), (30, 0));
    assert_eq!(sample.files().len(), 1);
}

#[test]
fn a_file_that_a_killed_writer_left_stops_nobody_and_goes_away() {
    let sample = Sample::new("email\n");
    for (round, content) in ["4711", "\u{FFFD}…", ""].into_iter().enumerate() {
        std::fs::write(sample.folder.path().join("invites.csv.lock"), content).unwrap();
        sample.add(invited(&format!("jo{round}@example.com"))).unwrap();
        assert_eq!((sample.list().lines().count(), sample.files().len()), (round + 2, 1));
    }
}

#[test]
fn who_waits_too_long_is_told_who_writes_and_to_try_again() {
    let sample = Sample::new("email\n");
    let path = sample.folder.path().join("invites.csv.lock");
    for (content, holder) in [("4711", "the process 4711"), ("\u{FFFD}…", "another process"), ("", "another process")]
    {
        std::fs::write(&path, content).unwrap();
        let held = std::fs::File::open(&path).unwrap();
        held.lock().unwrap();
        let error = add(&sample.settings, &[invited("jo@example.com")], Duration::from_millis(20)).unwrap_err();
        let says = error.to_string();
        assert!(says.starts_with(holder) && says.contains("invites.csv") && says.contains("try again"), "{says}");
        assert_eq!(sample.list(), "email\n");
    }
    sample.add(invited("jo@example.com")).unwrap();
}

#[test]
fn who_is_invited_already_is_not_invited_again() {
    let list = "email,code\na@example.com\n@example.org\nb@example.com,sha256:0101010101010101010101010101010101010101010101010101010101010101\n";
    let sample = Sample::new(list);
    for (rule, on) in [("A@Example.com", 2), ("@example.org", 3)] {
        let error = sample.add(invited(rule)).unwrap_err();
        assert!(matches!(error, EditError::AlreadyInvited { line } if line == on), "{error}");
    }
    sample.assert_untouched(list);
    for other in ["a+x@example.com", "@*.example.org", "b@example.com"] {
        sample.add(invited(other)).unwrap();
    }
}

#[test]
fn what_would_be_skipped_is_not_written() {
    let mut sample = Sample::new("email\n");
    let [one, two] = ["44444444-0000-0000-0000-000000000001", "44444444-0000-0000-0000-000000000002"];
    sample.settings.options.apps = vec![one.parse().unwrap()];
    let line = NewLine { apps: vec![two.parse().unwrap()], ..invited("jo@example.com") };
    let error = sample.add(line).unwrap_err();
    assert!(error.to_string().contains("apps that the whole list is not for"), "{error}");
    let backwards = NewLine {
        not_before: Some("2027-02-01".into()),
        expires: Some("2027-01-01".into()),
        ..invited("jo@example.com")
    };
    assert!(matches!(sample.add(backwards).unwrap_err(), EditError::Unusable { .. }));
    assert!(matches!(sample.add(NewLine::default()).unwrap_err(), EditError::Unusable { .. }));
    let code = ("01".repeat(32).parse().unwrap(), 1);
    let twice =
        [NewLine { code: Some(code), ..NewLine::default() }, NewLine { code: Some(code), ..NewLine::default() }];
    assert!(matches!(add(&sample.settings, &twice, NO_PATIENCE).unwrap_err(), EditError::Unusable { .. }));
    sample.assert_untouched("email\n");
}

#[test]
fn a_new_column_never_gives_a_meaning_to_a_cell_that_had_none() {
    let list = "email\na@example.com,Admins\n";
    let sample = Sample::new(list);
    let line = NewLine { groups: vec!["Testers".into()], ..invited("jo@example.com") };
    let error = sample.add(line).unwrap_err();
    assert!(matches!(error, EditError::ChangesMeaning { line: 2 }), "{error}");
    sample.assert_untouched(list);
    sample.add(invited("jo@example.com")).unwrap();
}

#[test]
fn a_last_line_without_its_line_break_is_ended_first() {
    for (list, written) in [
        ("email\na@example.com", "email\na@example.com\njo@example.com\n"),
        ("email,expires\r\na@example.com", "email,expires\r\na@example.com\r\njo@example.com,\r\n"),
        ("email", "email\njo@example.com\n"),
    ] {
        let sample = Sample::new(list);
        let added = sample.add(invited("jo@example.com")).unwrap();
        sample.assert_untouched(written);
        let said: Vec<u64> = added.remarks.iter().map(|remark| remark.line).collect();
        assert_eq!(said, if list == "email" { vec![] } else { vec![2] });
        assert!(added.remarks.iter().all(|remark| remark.problem == LineProblem::EndedNow));
    }
}

#[test]
fn a_list_never_grows_beyond_what_is_read() {
    let mut sample = Sample::new("email\n");
    sample.settings.max_bytes = 20;
    let error = sample.add(invited("somebody@example.com")).unwrap_err();
    assert!(matches!(error, EditError::TooLarge { max_bytes: 20 }), "{error}");
    sample.add(invited("jo@example.co")).unwrap();
}

#[test]
fn a_look_alike_is_added_and_pointed_out() {
    let sample = Sample::new("email\nmike@example.com\nrnike@example.org\n");
    let added = sample.add(invited("rnike@example.com")).unwrap();
    assert_eq!(added.remarks.iter().map(|remark| remark.line).collect::<Vec<_>>(), [4]);
}

#[test]
fn a_list_that_cannot_be_used_or_is_not_there_is_left_alone() {
    let sample = Sample::new("name\n");
    assert!(matches!(sample.add(invited("jo@example.com")).unwrap_err(), EditError::List(ListError::Header { .. })));
    sample.assert_untouched("name\n");
    std::fs::remove_file(&sample.settings.path).unwrap();
    assert!(matches!(sample.add(invited("jo@example.com")).unwrap_err(), EditError::List(ListError::Read(_))));
    assert!(sample.files().is_empty());
}

#[test]
fn a_list_that_changes_meanwhile_is_not_written_over() {
    let sample = Sample::new("email\n");
    let old = std::fs::metadata(&sample.settings.path).unwrap();
    std::fs::write(&sample.settings.path, "email\nby.hand@example.com\n").unwrap();
    let error = replace(&sample.settings.path, &old, b"email\njo@example.com\n").unwrap_err();
    assert!(matches!(error, EditError::Changed { .. }), "{error}");
    sample.assert_untouched("email\nby.hand@example.com\n");
}

#[test]
fn what_others_keep_beside_the_list_stays() {
    let sample = Sample::new("email\n");
    let others = ["invites.csv.new", "invites.csv.bak", ".invites.csv.guestlist-", ".invites.csv.guestlist-notes"];
    for name in others {
        std::fs::write(sample.folder.path().join(name), "somebody's").unwrap();
        make_old(&sample.folder.path().join(name));
    }
    sample.add(invited("jo@example.com")).unwrap();
    assert_eq!(sample.files().len(), others.len() + 1);
    for name in others {
        assert_eq!(std::fs::read_to_string(sample.folder.path().join(name)).unwrap(), "somebody's");
    }
}

fn make_old(path: &Path) {
    let long_ago = std::time::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    let file = OpenOptions::new().write(true).open(path).unwrap();
    file.set_times(FileTimes::new().set_modified(long_ago)).unwrap();
}

#[test]
fn what_a_killed_writer_left_long_ago_goes_away() {
    let sample = Sample::new("email\n");
    let [old, fresh] = ["0123456789abcdef", "fedcba9876543210"]
        .map(|id| sample.folder.path().join(format!(".invites.csv.guestlist-{id}")));
    for path in [&old, &fresh] {
        std::fs::write(path, "half a li").unwrap();
    }
    make_old(&old);
    sample.add(invited("jo@example.com")).unwrap();
    assert!(!old.exists() && fresh.exists(), "{:?}", sample.files());
    assert_eq!((sample.list().as_str(), sample.files().len()), ("email\njo@example.com\n", 2));
}

#[cfg(unix)]
#[test]
fn the_file_keeps_its_mode_its_owner_and_its_links() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
    let sample = Sample::new("email\n");
    let real = sample.folder.path().join("real.csv");
    std::fs::rename(&sample.settings.path, &real).unwrap();
    symlink(&real, &sample.settings.path).unwrap();
    std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o640)).unwrap();
    // Only root may give a file away; for others the owner is the same anyway.
    let _ = std::os::unix::fs::chown(&real, Some(4711), Some(4712));
    let before = std::fs::metadata(&real).unwrap();
    sample.add(invited("jo@example.com")).unwrap();
    let after = std::fs::metadata(&real).unwrap();
    assert_eq!((after.mode(), after.uid(), after.gid()), (before.mode(), before.uid(), before.gid()));
    assert!(std::fs::symlink_metadata(&sample.settings.path).unwrap().is_symlink());
    let (snapshot, _) = sample.read();
    assert!(!snapshot.find(&"jo@example.com".parse().unwrap(), EmailMatch::Exact).is_empty());
}

#[cfg(unix)]
#[test]
fn a_read_only_list_is_not_written() {
    use std::os::unix::fs::PermissionsExt;
    let sample = Sample::new("email\n");
    std::fs::set_permissions(&sample.settings.path, std::fs::Permissions::from_mode(0o444)).unwrap();
    let error = sample.add(invited("jo@example.com")).unwrap_err();
    assert!(matches!(error, EditError::ReadOnly { .. }), "{error}");
    sample.assert_untouched("email\n");
}
