use serde_json::json;
use tracing::level_filters::LevelFilter;

use super::super::{CapturedLines, subscriber};
use super::*;
use crate::clock::ManualClock;

fn captured(level: LevelFilter, work: impl FnOnce()) -> CapturedLines {
    let lines = CapturedLines::default();
    let clock = ManualClock::new("2026-11-21T10:00:00.1234Z".parse().unwrap());
    tracing::subscriber::with_default(subscriber(level, lines.clone(), Arc::new(clock)), work);
    lines
}

fn one(lines: &CapturedLines) -> Json {
    let [event] = <[Json; 1]>::try_from(lines.events()).unwrap();
    event
}

#[test]
fn writes_one_json_line_with_the_fields_flattened() {
    let lines = captured(LevelFilter::INFO, || {
        tracing::info!(event = "decision", admitted = true, count = 3, took = 0.5, rule = ?Some("x"), "said {}", "so");
    });
    let expected = concat!(
        r#"{"time":"2026-11-21T10:00:00.123Z","level":"INFO","event":"decision","admitted":true,"count":3,"took":0.5,"#,
        r#""rule":"Some(\"x\")","message":"said so","target":"telemetry::format::tests"}"#,
        "\n",
    );
    assert_eq!(lines.all(), [(Stream::Out, expected.to_owned())]);
}

#[test]
fn warnings_and_errors_go_to_standard_error() {
    let lines = captured(LevelFilter::TRACE, || {
        tracing::error!("e");
        tracing::warn!("w");
        tracing::info!("i");
        tracing::debug!("d");
        tracing::trace!("t");
    });
    let streams: Vec<_> = lines.all().iter().map(|(stream, _)| *stream).collect();
    assert_eq!(streams, [Stream::Err, Stream::Err, Stream::Out, Stream::Out, Stream::Out]);
}

#[test]
fn an_error_line_never_says_warn_and_still_parses_the_same() {
    let text = "Warning: \\warn wArN \"warn\" WARN";
    let lines = captured(LevelFilter::INFO, || tracing::error!(warned = true, text, "the warning"));
    let (stream, line) = lines.all().remove(0);
    assert_eq!(stream, Stream::Err);
    assert!(!line.to_ascii_lowercase().contains("warn"), "{line}");
    let event = one(&lines);
    assert_eq!(
        (&event["warned"], &event["text"], &event["message"]),
        (&json!(true), &json!(text), &json!("the warning"))
    );
}

#[test]
fn a_line_stays_one_line_and_begins_with_a_brace() {
    let lines = captured(LevelFilter::INFO, || {
        tracing::info!("LanguageWorkerConsoleLog one\r\ntwo\u{2028}\0");
        tracing::warn!("azfuncjsonlog:{{}}");
    });
    for (_, line) in lines.all() {
        assert!(line.starts_with('{') && line.ends_with("}\n") && line.lines().count() == 1, "{line}");
    }
    assert_eq!(lines.events().len(), 2);
}

#[test]
fn carries_the_fields_of_the_spans_around_it() {
    let lines = captured(LevelFilter::INFO, || {
        let outer = tracing::info_span!("hook", correlation_id = "c1", hook = "start", late = tracing::field::Empty);
        let _outer = outer.clone().entered();
        let _inner = tracing::info_span!("gate", hook = "gate").entered();
        outer.record("late", 7);
        outer.record("correlation_id", "c2");
        tracing::info!(event = "decision", late = 8);
    });
    let event = one(&lines);
    assert_eq!((&event["correlation_id"], &event["hook"], &event["late"]), (&json!("c2"), &json!("gate"), &json!(8)));
    assert!(lines.all()[0].1.matches("\"hook\"").count() == 1);
}

#[test]
fn libraries_are_heard_from_warn_up_only() {
    let lines = captured(LevelFilter::DEBUG, || {
        tracing::info!(target: "hyper::client", "chatter");
        tracing::warn!(target: "hyper::client", "trouble");
        tracing::debug!(target: "guestlist::entra", "ours");
    });
    let messages: Vec<_> = lines.events().iter().map(|event| event["message"].clone()).collect();
    assert_eq!(messages, ["trouble", "ours"]);
    assert_eq!(captured(LevelFilter::ERROR, || tracing::warn!(target: "hyper", "trouble")).all(), []);
}

#[test]
fn a_field_cannot_replace_the_lines_own_members() {
    let lines = captured(LevelFilter::INFO, || tracing::warn!(time = "never", level = "INFO", target = "x", "m"));
    let event = one(&lines);
    assert_eq!((&event["level"], &event["message"]), (&json!("WARN"), &json!("m")));
    assert_eq!(event.as_object().unwrap().len(), 4);
}

#[test]
fn a_long_text_is_cut_between_characters() {
    let lines = captured(LevelFilter::INFO, || tracing::info!(text = "é".repeat(2000), other = ?"é".repeat(2000)));
    let event = one(&lines);
    assert_eq!(event["text"].as_str().unwrap(), "é".repeat(1024) + "…");
    assert!(event["other"].as_str().unwrap().len() <= MAX_TEXT + 3);
}

#[test]
fn an_error_is_written_with_its_causes() {
    let error = std::io::Error::other("outer");
    let lines = captured(LevelFilter::INFO, || {
        tracing::warn!(error = &error as &(dyn std::error::Error + 'static));
    });
    assert_eq!(lines.events()[0]["error"], "outer");
}
