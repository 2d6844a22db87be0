use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value as Json, json};
use tracing::level_filters::LevelFilter;

use super::super::lines::Stream;
use super::super::{CapturedLines, in_sign_up, subscriber};
use super::*;
use crate::clock::ManualClock;
use crate::values::CorrelationId;

mod reference;

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

#[tokio::test]
async fn carries_the_id_of_the_sign_up_that_it_belongs_to_unless_it_has_one_itself() {
    let lines = CapturedLines::default();
    let clock = ManualClock::new("2026-11-21T10:00:00.1234Z".parse().unwrap());
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let _guard = tracing::subscriber::set_default(subscriber(LevelFilter::WARN, lines.clone(), Arc::new(clock)));
    let id: CorrelationId = "6b264006-9d46-4409-bdb7-a501b6c22527".parse().unwrap();
    let work = || async {
        tracing::warn!(event = "rule-skipped", "it says {}", 1);
        tokio::task::yield_now().await;
        tracing::warn!(correlation_id = "c2", event = "other");
        tracing::warn!(target: "hyper", "trouble");
    };
    let other = async { tracing::warn!("no sign-up") };
    tokio::join!(in_sign_up(Some(id.clone()), work()), other);
    in_sign_up(None, work()).await;
    let ids: Vec<_> = lines.events().iter().map(|event| event["correlation_id"].clone()).collect();
    let id = json!(id.as_str());
    assert_eq!(ids, [id.clone(), Json::Null, json!("c2"), id, Json::Null, json!("c2"), Json::Null]);
    let expected = concat!(
        r#"{"time":"2026-11-21T10:00:00.123Z","level":"WARN","event":"rule-skipped","#,
        r#""correlation_id":"6b264006-9d46-4409-bdb7-a501b6c22527","message":"it says 1","#,
        r#""target":"telemetry::format::tests"}"#,
        "\n",
    );
    assert_eq!(lines.all()[0], (Stream::Err, expected.to_owned()));
}

#[test]
fn what_is_not_written_is_not_computed() {
    let computed = std::cell::Cell::new(false);
    let compute = || {
        computed.set(true);
        1
    };
    let lines = captured(LevelFilter::WARN, || {
        tracing::info!(value = compute());
        tracing::info!(target: "hyper", value = compute());
        assert!(tracing::enabled!(Level::WARN) && !tracing::enabled!(Level::INFO));
        assert!(tracing::error_span!("span").is_disabled());
    });
    assert!(lines.all().is_empty() && !computed.get());
}

#[test]
fn the_level_can_change_while_events_are_written() {
    let (lines, threshold) = (CapturedLines::default(), super::super::log::Threshold::new(LevelFilter::INFO));
    let clock = Arc::new(ManualClock::new("2026-11-21T10:00:00Z".parse().unwrap()));
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    tracing::subscriber::with_default(super::super::log::Log::new(threshold.clone(), lines.clone(), clock), || {
        for level in [LevelFilter::INFO, LevelFilter::ERROR, LevelFilter::DEBUG, LevelFilter::INFO] {
            threshold.set(level);
            tracing::debug!(level_set = %level, "d");
            tracing::warn!(level_set = %level, "w");
        }
    });
    let messages: Vec<_> =
        lines.events().iter().map(|event| (event["message"].clone(), event["level_set"].clone())).collect();
    let expected = [("w", "info"), ("d", "debug"), ("w", "debug"), ("w", "info")];
    assert_eq!(messages, expected.map(|(message, level)| (json!(message), json!(level))));
}

/// A value of a field.
#[derive(Debug, Clone)]
enum FieldValue {
    Text(String),
    Shown(String),
    Number(u64),
    Signed(i64),
    Fraction(f64),
    YesOrNo(bool),
}

fn field_value() -> impl Strategy<Value = FieldValue> {
    let text = prop_oneof![
        "[\\PC\"\\\\\\x00-\\x1f]{0,20}",
        "[wW][aA][rR][nN]{1,3}",
        (2040_usize..2060, "[é€x\\n]{0,9}").prop_map(|(length, end)| "x".repeat(length) + &end),
    ];
    prop_oneof![
        text.clone().prop_map(FieldValue::Text),
        text.prop_map(FieldValue::Shown),
        any::<u64>().prop_map(FieldValue::Number),
        any::<i64>().prop_map(FieldValue::Signed),
        any::<f64>().prop_map(FieldValue::Fraction),
        any::<bool>().prop_map(FieldValue::YesOrNo),
    ]
}

const NAMES: [&str; 9] = ["event", "message", "reason", "warned", "a \"b\"", "level", "hook", "time", "correlation_id"];

proptest! {
    /// The reference makes a JSON value of each field first, and a text of all of them at the end.
    #[test]
    fn a_line_is_what_the_plain_way_of_writing_it_makes(
        lines in proptest::collection::vec(
            (proptest::collection::vec((proptest::sample::select(&NAMES[..]), field_value()), 0..12), 0..4_102_444_800_000_i64, any::<bool>()),
            1..4,
        ),
    ) {
        let mut line = Line::default();
        for (fields, milliseconds, is_error) in lines {
            let now = DateTime::from_timestamp_millis(milliseconds).unwrap();
            let level = if is_error { Level::ERROR } else { Level::INFO };
            let mut expected = reference::Fields::default();
            line.begin(now, level);
            for (name, value) in fields {
                match &value {
                    FieldValue::Text(text) => line.text(name, text),
                    FieldValue::Shown(text) => line.debug(name, text),
                    FieldValue::Number(number) => line.set(name, number),
                    FieldValue::Signed(number) => line.set(name, number),
                    FieldValue::Fraction(number) => line.set(name, number),
                    FieldValue::YesOrNo(yes) => line.set(name, yes),
                };
                expected.set(name, match value {
                    FieldValue::Text(text) => reference::cut(&text).into(),
                    FieldValue::Shown(text) => reference::cut(&format!("{text:?}")).into(),
                    FieldValue::Number(number) => number.into(),
                    FieldValue::Signed(number) => number.into(),
                    FieldValue::Fraction(number) => number.into(),
                    FieldValue::YesOrNo(yes) => yes.into(),
                });
            }
            let target = "guestlist::functions::hook::log";
            let written = String::from_utf8(line.end(target).to_vec()).unwrap();
            prop_assert_eq!(written, reference::line(now, level, target, expected));
        }
    }
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
