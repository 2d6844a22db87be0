//! Clients that are slow, silent or many: the real binary ends their connections, and no hook waits for them.

use std::fs::{Permissions, read_dir, set_permissions, write};
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use guestlist_emulator::sign_up::{Action, Event, Person};
use rstest::rstest;
use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::function_app::{EXECUTABLE, PATIENCE};
use crate::support::stage::{Setting, Stage, measured};

/// How many clients of each kind there are.
const MANY: usize = 1_000;
/// The usual budget, and a busy machine.
const IN_TIME: Duration = Duration::from_millis(800 + 1_000);
const HALF: &str = "POST /api/OnAttributeCollectionStart HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ";

/// The tests need files for their ends of the connections, too.
fn raise_own_limit() {
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}

/// The product, for which the system has so many files.
async fn with_files(files: u64) -> Stage {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("limited");
    write(&script, format!("#!/bin/sh\nulimit -n {files}\nexec '{EXECUTABLE}' \"$@\"\n")).unwrap();
    set_permissions(&script, Permissions::from_mode(0o755)).unwrap();
    Setting::default().executable(script).start().await
}

/// A connection on which this was sent.
async fn connection(stage: &Stage, sent: &str) -> TcpStream {
    let connected = timeout(PATIENCE, TcpStream::connect(("127.0.0.1", stage.host.handler_port())));
    let mut connection = connected.await.expect("no connection").unwrap();
    // The other side may have ended it already.
    let _ = connection.write_all(sent.as_bytes()).await;
    connection
}

/// A half header and a connection without anything, so many of each.
async fn crowd(stage: &Stage, many: usize) -> Vec<TcpStream> {
    let mut crowd = Vec::new();
    for _ in 0..many {
        crowd.extend([connection(stage, HALF).await, connection(stage, "").await]);
    }
    crowd
}

/// Calls Start for somebody who is invited.
async fn is_answered(stage: &Stage) {
    let began = Instant::now();
    let called = stage.entra.call(Event::Start, stage.sign_up(Person::email_otp("alex@fabrikam.com")).start()).await;
    measured("a hook among the crowd", began.elapsed());
    assert_eq!(called.attempts.len(), 1, "{called:?}");
    assert!(matches!(called.result.unwrap().action, Action::Prefill(_)));
    assert!(began.elapsed() < IN_TIME, "{:?}", began.elapsed());
}

async fn process(stage: &Stage) -> Pid {
    Pid::from_raw(stage.host.process_id().await.unwrap().try_into().unwrap()).unwrap()
}

/// How many files the product holds open.
fn open_files(process: Pid) -> usize {
    read_dir(format!("/proc/{}/fd", process.as_raw_nonzero())).unwrap().count()
}

#[rstest]
#[case::few_files(256)]
#[case::as_many_as_usual(1_024)]
#[case::many_files(8_192)]
#[tokio::test]
async fn a_thousand_half_headers_and_a_thousand_silent_connections_keep_no_hook_from_its_answer(#[case] files: u64) {
    raise_own_limit();
    let stage = with_files(files).await;
    is_answered(&stage).await;
    let crowd = crowd(&stage, MANY).await;
    for _ in 0..3 {
        is_answered(&stage).await;
    }
    let open = open_files(process(&stage).await);
    assert!(open < usize::try_from(files).unwrap(), "{open} files of {files}");
    drop(crowd);
    is_answered(&stage).await;
}

#[tokio::test]
async fn half_a_header_is_cut_off_after_five_seconds_and_a_silent_connection_stays() {
    let stage = Setting::default().start().await;
    let (mut half, silent) = (connection(&stage, HALF).await, connection(&stage, "").await);
    let began = Instant::now();
    let ended = timeout(PATIENCE, half.read_to_end(&mut Vec::new())).await.expect("half a header is not cut off");
    assert!(ended.is_ok() && began.elapsed() > Duration::from_secs(4), "{ended:?} {:?}", began.elapsed());
    let mut silent = silent;
    silent.write_all(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    timeout(PATIENCE, silent.read_to_string(&mut answer)).await.unwrap().unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn if_the_system_has_no_file_left_a_hook_is_answered_all_the_same() {
    raise_own_limit();
    let stage = Setting::default().start().await;
    is_answered(&stage).await;
    let process = process(&stage).await;
    // What the product found at its start is no longer true.
    let few = Some(u64::try_from(open_files(process) + 20).unwrap());
    prlimit(Some(process), Resource::Nofile, Rlimit { current: few, maximum: few }).unwrap();
    let crowd = crowd(&stage, 100).await;
    for _ in 0..3 {
        is_answered(&stage).await;
    }
    drop(crowd);
}
