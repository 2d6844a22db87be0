//! Nobody reads what the process writes. Its pipes fill after 64 KiB, and a write into a full one waits for ever. No
//! answer may wait for that, and neither pipe for the other.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream;
use guestlist_emulator::sign_up::{Attempt, Event, Person, answer};
use rstest::rstest;
use serde_json::Value;

use crate::support::function_app::PATIENCE;
use crate::support::stage::{Setting, Stage, measured};

/// The lines about so many calls are far more than a pipe holds.
const CALLS: usize = 1_500;
/// How many calls are under way at once.
const AT_ONCE: usize = 8;
/// The usual budget, and a busy machine.
const IN_TIME: Duration = Duration::from_millis(800 + 1_000);

/// Calls Start, for somebody new each time. Every third call is followed by one without a token. The first call that is
/// not answered in time ends the test.
async fn calls(stage: &Stage, count: usize) {
    let token = stage.entra.token().encode().unwrap();
    let token = token.as_str();
    let one = async |number: usize| {
        let sign_up = stage.sign_up(Person::email_otp(&format!("somebody{number}@contoso.com")));
        let sent = sign_up.start();
        let Attempt { duration, answer } = stage.entra.post(Event::Start, &sent.to_string(), Some(token)).await;
        let answer = answer.unwrap_or_else(|error| panic!("call {number}: {error}"));
        assert_eq!(answer.status, 200, "call {number}");
        answer::check(Event::Start, &sent, &sign_up.form, &answer).unwrap();
        if number.is_multiple_of(3) {
            let stranger = stage.entra.post(Event::Start, "{}", None).await.answer;
            assert_eq!(stranger.unwrap_or_else(|error| panic!("stranger {number}: {error}")).status, 401);
        }
        duration
    };
    let slowest =
        stream::iter(0..count).map(one).buffer_unordered(AT_ONCE).fold(Duration::ZERO, async |slowest, took| {
            assert!(took <= IN_TIME, "{took:?}");
            slowest.max(took)
        });
    measured(&format!("the slowest of {count}"), slowest.await);
}

/// The number of dropped lines that Health reports.
async fn dropped(stage: &Stage) -> Option<u64> {
    stage.health().await.json().get("dropped_log_lines").and_then(Value::as_u64)
}

#[tokio::test]
async fn every_answer_comes_in_time_and_no_line_is_lost() {
    let stage = Setting::default().unread(true, true).start().await;
    calls(&stage, CALLS).await;
    assert!(stage.lines().is_empty());
    assert_eq!(dropped(&stage).await, None);
    stage.host.read_output();
    assert_eq!(stage.events_after("decision", CALLS).await.len(), CALLS);
    assert_eq!(stage.events_after("unauthenticated", CALLS / 3).await.len(), CALLS / 3);
    for line in stage.lines() {
        assert!(serde_json::from_str::<Value>(&line.text).is_ok_and(|line| line.is_object()), "{}", line.text);
    }
    assert!(stage.events("log-lines-dropped").is_empty());
}

#[tokio::test]
async fn the_process_ends_though_nobody_ever_reads() {
    let stage = Setting::default().unread(true, true).start().await;
    calls(&stage, 600).await;
    let began = Instant::now();
    let status = stage.host.terminate(PATIENCE).await.unwrap();
    assert_eq!(status.code(), Some(0));
    measured("end with both pipes full", began.elapsed());
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
}

#[rstest]
#[case::stdout_is_stuck(true, false, "unauthenticated", 200)]
#[case::stderr_is_stuck(false, true, "decision", 600)]
#[tokio::test]
async fn a_pipe_that_is_stuck_does_not_hold_the_other(
    #[case] stdout: bool,
    #[case] stderr: bool,
    #[case] event: &str,
    #[case] lines: usize,
) {
    let stage = Setting::default().unread(stdout, stderr).start().await;
    if stderr {
        // The lines about calls without a token are alone more than the pipe of standard error holds.
        for number in 0..400 {
            let stranger = stage.entra.post(Event::Start, "{}", None).await.answer;
            assert_eq!(stranger.unwrap_or_else(|error| panic!("stranger {number}: {error}")).status, 401);
        }
    }
    calls(&stage, 600).await;
    assert_eq!(stage.events_after(event, lines).await.len(), lines);
}

#[tokio::test]
async fn dropped_lines_are_counted_and_reported_in_one_line_once_there_is_room() {
    let stage = Setting::default().set("GUESTLIST__TELEMETRY__LEVEL", "debug").unread(true, true).start().await;
    // At this level there are many lines about each call.
    calls(&stage, 2 * CALLS).await;
    let counted = dropped(&stage).await.expect("more lines than there is room for");
    stage.host.read_output();
    let reports = stage.events_after("log-lines-dropped", 1).await;
    assert_eq!((&reports[0]["level"], reports[0]["info"].as_u64()), (&"WARN".into(), Some(counted)), "{reports:?}");
    // Lines of lower levels are dropped first.
    assert_eq!(reports[0]["warn"], 0, "{reports:?}");
    assert_eq!(stage.events_after("unauthenticated", 2 * CALLS / 3).await.len(), 2 * CALLS / 3);
    stage.host.terminate(PATIENCE).await.unwrap();
    stage.events_after("stopped", 1).await;
    assert_eq!(stage.events("log-lines-dropped").len(), 1);
}
