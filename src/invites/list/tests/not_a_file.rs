//! What is no list, or is away.

use super::*;

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
        sample.list.refresh().await;
        let logged = sample.logged("invites-failed");
        // One that is made anew may wait for one look first.
        assert!(failed - logged.len() <= 1, "{failed} {logged:?}");
        assert_eq!(sample.invites(&[A]).await, [A]);
    }
    let last = sample.logged("invites-failed").pop().unwrap();
    assert!(last["reason"].as_str().unwrap().contains(reason), "{last}");
    assert_eq!((&last["kept_last_good"], sample.status()), (&true.into(), SourceStatus::Stale));
    clear(&sample.path());
    sample.write("email\nb@example.com\n");
    sample.list.refresh().await;
    sample.list.refresh().await;
    assert_eq!((sample.invites(&[A, B]).await, sample.status()), (vec![B], SourceStatus::Current));
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
        sample.list.refresh().await;
        let error = sample.invited(A).await.unwrap_err();
        assert!(error.reason.contains(reason) && !sample.list.is_ready(), "{error}");
        assert_eq!((sample.status(), sample.list.freshness().unwrap().loaded), (SourceStatus::Missing, None));
    }
    clear(&sample.path());
    sample.write("email\na@example.com\n");
    sample.list.refresh().await;
    assert_eq!((sample.invites(&[A]).await, sample.status()), (vec![A], SourceStatus::Current));
}

#[tokio::test]
async fn a_file_that_was_away_is_used_when_it_was_the_same_for_two_looks() {
    let sample = Sample::with("email\na@example.com\n").await;
    sample.remove();
    sample.list.refresh().await;
    // It may be copied there right now.
    sample.write("email\nb@example.com\n");
    sample.list.refresh().await;
    assert_eq!((sample.invites(&[A, B]).await, sample.status()), (vec![A], SourceStatus::Changing));
    sample.append("c@example.com\n");
    sample.list.refresh().await;
    assert_eq!(sample.invites(&[A, B]).await, [A]);
    sample.list.refresh().await;
    assert_eq!(sample.invites(&[A, B, "c@example.com"]).await, [B, "c@example.com"]);
}

#[tokio::test]
async fn the_same_file_that_was_away_is_confirmed_and_said_once() {
    let sample = Sample::with("email\na@example.com\n").await;
    sample.list.refresh().await;
    let aside = sample.folder.path().join("aside");
    std::fs::rename(sample.path(), &aside).unwrap();
    sample.list.refresh().await;
    assert_eq!(sample.status(), SourceStatus::Stale);
    std::fs::rename(&aside, sample.path()).unwrap();
    sample.list.refresh().await;
    sample.list.refresh().await;
    assert_eq!((sample.status(), sample.logged("invites-confirmed").len()), (SourceStatus::Current, 1));
    assert_eq!(sample.logged("invites-loaded").len(), 1);
}
