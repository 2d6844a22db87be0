//! What only looks like a file, and files that change under the reader's hands.

use std::io::Write;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use rstest::rstest;

use super::*;

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    (folder, path)
}

fn pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn a_file_is_read_up_to_the_limit_and_not_beyond() {
    let (_folder, path) = folder();
    std::fs::write(&path, "12345").unwrap();
    assert_eq!(read(&path, 5).unwrap().bytes, b"12345");
    assert!(matches!(read(&path, 4), Err(FileError::TooLarge(4))));
}

#[cfg(unix)]
#[test]
fn what_only_looks_like_a_file_is_named_and_not_waited_for() {
    let (folder, path) = folder();
    pipe(&path);
    let socket = folder.path().join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let cases: [(&Path, &str); 5] = [
        (&path, "a named pipe"),
        (&link, "a named pipe"),
        (folder.path(), "a folder"),
        (&socket, "a socket"),
        (Path::new("/dev/zero"), "a device"),
    ];
    for (path, kind) in cases {
        let error = read(path, 1000).unwrap_err().to_string();
        assert_eq!(error, format!("it is {kind}, not a file"), "{}", path.display());
    }
}

/// Between the look at its kind and the opening a file can become a pipe.
#[cfg(unix)]
#[test]
fn a_pipe_is_opened_without_waiting_for_a_writer() {
    let (_folder, path) = folder();
    pipe(&path);
    let mut options = OpenOptions::new();
    std::os::unix::fs::OpenOptionsExt::custom_flags(options.read(true), DO_NOT_WAIT);
    let opened = options.open(&path).unwrap();
    assert!(must_be_regular(&opened.metadata().unwrap()).is_err());
}

#[test]
fn a_write_between_the_metadata_and_the_reading_is_noticed() {
    let (_folder, path) = folder();
    std::fs::write(&path, "before").unwrap();
    let (file, metadata) = open(&path).unwrap();
    OpenOptions::new().append(true).open(&path).unwrap().write_all(b" and after").unwrap();
    assert!(matches!(read_opened(file, &metadata, 100), Err(FileError::Changed)));
    assert_eq!(read(&path, 100).unwrap().bytes, b"before and after");
}

#[test]
fn a_file_that_grows_beyond_the_limit_while_it_is_read_is_too_large() {
    let (_folder, path) = folder();
    std::fs::write(&path, "short").unwrap();
    let (file, metadata) = open(&path).unwrap();
    OpenOptions::new().append(true).open(&path).unwrap().write_all(b" and long").unwrap();
    assert!(matches!(read_opened(file, &metadata, 5), Err(FileError::TooLarge(5))));
}

#[cfg(unix)]
#[test]
fn a_rewrite_with_the_same_size_and_time_is_another_version() {
    let (_folder, path) = folder();
    std::fs::write(&path, "before").unwrap();
    let before = read(&path, 100).unwrap().version;
    let same_time = std::fs::FileTimes::new().set_modified(before.modified.unwrap());
    let mut after = before;
    for _ in 0..10_000_000 {
        // The clock of the file system may not have moved on yet.
        let mut file = OpenOptions::new().write(true).open(&path).unwrap();
        file.write_all(b"after!").unwrap();
        file.set_times(same_time).unwrap();
        after = read(&path, 100).unwrap().version;
        if after != before {
            break;
        }
    }
    assert_eq!((after.length, after.modified, after.place), (before.length, before.modified, before.place));
    assert_ne!(after, before);
}

fn version(inode: u64, born: u64, modified: u64, changed: u64) -> Version {
    let time = |seconds| Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
    let changed = Some((i64::try_from(changed).unwrap(), 0));
    Version { place: Some((1, inode)), length: 10, modified: time(modified), changed, born: time(born) }
}

#[rstest]
#[case::written_again(version(7, 100, 200, 200), false)]
#[case::renamed_into_place(version(8, 200, 200, 201), true)]
#[case::made_anew_with_another_inode(version(8, 200, 200, 200), false)]
#[case::with_the_inode_of_one_that_is_gone(version(7, 200, 200, 201), true)]
#[case::made_anew_and_being_written(version(7, 200, 200, 200), false)]
#[case::another_mode(version(7, 100, 100, 300), false)]
#[case::no_inode(Version { place: None, ..version(8, 200, 200, 201) }, false)]
fn another_file_is_told_from_the_same_one_written_again(#[case] now: Version, #[case] another: bool) {
    assert_eq!(now.is_another_file_than(&version(7, 100, 100, 100)), another);
}
