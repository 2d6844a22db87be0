//! The counts of decisions and, at debug level, the steps of each one: by reason, without personal data.

use std::collections::BTreeMap;

use guestlist_emulator::sign_up::{Event, Person};
use serde_json::{Value, json};

use crate::support::function_app::PATIENCE;
use crate::support::stage::{Setting, Stage};

async fn starts(stage: &Stage, address: &str) -> String {
    let sign_up = stage.sign_up(Person::email_otp(address));
    stage.entra.call(Event::Start, sign_up.start()).await;
    sign_up.correlation_id
}

/// A form with a name and a postal code.
async fn submits(stage: &Stage, address: &str, postal_code: &str) {
    let mut submit = stage.sign_up(Person::email_otp(address)).submit();
    let attributes = &mut submit["data"]["userSignUpInfo"]["attributes"];
    attributes["displayName"]["value"] = json!("Zebediah");
    attributes["postalCode"]["value"] = json!(postal_code);
    stage.entra.call(Event::Submit, submit).await;
}

/// Every line of an event after the process has ended.
async fn at_the_end(stage: &Stage, event: &str) -> Vec<Value> {
    stage.settle().await;
    stage.host.terminate(PATIENCE).await.unwrap();
    stage.events_after("stopped", 1).await;
    stage.events(event)
}

#[tokio::test]
async fn decisions_are_counted_by_hook_action_and_reason_and_none_is_lost_at_the_end() {
    let stage = Setting::default().start().await;
    for address in ["alex@fabrikam.com", "ada@contoso.com", "jo@example.org", "kim@example.org", "sam@mailinator.com"] {
        starts(&stage, address).await;
    }
    submits(&stage, "alex@fabrikam.com", "3000").await;
    submits(&stage, "alex@fabrikam.com", "30x0").await;
    let counted = at_the_end(&stage, "decision-count").await;
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for line in &counted {
        let key = ["hook", "action", "reason"].map(|field| line[field].as_str().unwrap()).join(" ");
        *counts.entry(key).or_default() += line["count"].as_u64().unwrap();
        let mut fields: Vec<&str> = line.as_object().unwrap().keys().map(String::as_str).collect();
        fields.sort_unstable();
        assert_eq!(fields, ["action", "count", "event", "hook", "level", "reason", "target", "time"]);
    }
    let expected = [
        ("start prefill allow", 1),
        ("start prefill invitation", 1),
        ("start refuse denied", 1),
        ("start refuse not-invited", 2),
        ("submit continue invitation", 1),
        ("submit reject rules", 1),
    ];
    assert_eq!(counts, expected.map(|(key, count)| (key.to_owned(), count)).into(), "{counted:#?}");
    let known: Vec<(Value, Value)> =
        stage.events("known-by-count").iter().map(|line| (line["known_by"].clone(), line["count"].clone())).collect();
    assert_eq!(known, [(json!("submit"), json!(2))]);
    // As many as there are lines about decisions.
    assert_eq!(stage.events("decision").len(), 7);
}

#[tokio::test]
async fn a_failure_is_counted_by_its_reason() {
    let setting =
        Setting::default().set("GUESTLIST__POLICIES__DEFAULT__EMAIL_SOURCES", "[\"federated-id\", \"identity\"]");
    let stage = setting.start().await;
    // The state cannot be opened.
    std::fs::write(stage.folder.path().join("state"), "in the way").unwrap();
    starts(&stage, "alex@fabrikam.com").await;
    let counted = at_the_end(&stage, "decision-count").await;
    assert_eq!((counted.len(), &counted[0]["reason"]), (1, &json!("state-unavailable")), "{counted:#?}");
    assert_eq!((&counted[0]["action"], &counted[0]["count"]), (&json!("refuse"), &json!(1)));
}

#[tokio::test]
async fn at_debug_level_each_decision_tells_its_steps_and_their_times() {
    let stage = Setting::default().set("GUESTLIST__TELEMETRY__LEVEL", "debug").start().await;
    let id = starts(&stage, "zebediah@mailinator.com").await;
    submits(&stage, "zebediah@contoso.com", "30x0").await;
    let traces = at_the_end(&stage, "trace").await;
    let decisions = stage.events("decision");
    assert_eq!(traces[0]["correlation_id"], id.as_str());
    for decision in &decisions {
        let of_it =
            |trace: &&Value| trace["correlation_id"] == decision["correlation_id"] && trace["hook"] == decision["hook"];
        let steps: Vec<&Value> = traces.iter().filter(of_it).collect();
        for (number, step) in (1..).zip(&steps) {
            assert_eq!((&step["level"], &step["step"]), (&json!("DEBUG"), &json!(number)));
            assert_eq!(step["address"], decision["address"]);
            assert!(step["took_us"].is_u64() && !step["found"].as_str().unwrap().is_empty(), "{step}");
        }
        let told: Vec<String> = steps.iter().map(|step| format!("{}: {}", step["asked"], step["found"])).collect();
        let told = told.join("\n").replace('"', "");
        let wanted = match decision["hook"].as_str().unwrap() {
            "start" => ["longest domain rule: deny: refuses", "message: denied"],
            _ => ["longest domain rule: allow: admits", "rule: 2, for postalCode"],
        };
        assert!(wanted.iter().all(|part| told.contains(part)), "{told}");
        assert_eq!(decision["address"].as_str().unwrap().len(), 16);
    }
    assert_eq!(decisions.len(), 2);
    for line in stage.lines() {
        let lower = line.text.to_lowercase();
        assert!(!["zebediah", "30x0", "@"].iter().any(|word| lower.contains(word)), "{}", line.text);
    }
}

#[tokio::test]
async fn at_the_usual_level_no_decision_tells_its_steps() {
    let stage = Setting::default().start().await;
    starts(&stage, "alex@fabrikam.com").await;
    assert_eq!(at_the_end(&stage, "trace").await.len(), 0);
    assert!(stage.events("decision")[0].get("steps").is_none());
}

#[tokio::test]
async fn at_the_level_of_warnings_a_warning_still_names_its_sign_up() {
    let stage = Setting::default().set("GUESTLIST__TELEMETRY__LEVEL", "warn").start().await;
    let mut submit = stage.sign_up(Person::email_otp("alex@fabrikam.com")).submit();
    submit["data"]["userSignUpInfo"]["attributes"].as_object_mut().unwrap().remove("postalCode");
    let id = submit["data"]["authenticationContext"]["correlationId"].clone();
    stage.entra.call(Event::Submit, submit).await;
    let skipped = stage.events_after("rule-skipped", 1).await;
    assert_eq!(skipped[0]["correlation_id"], id, "{skipped:?}");
    assert!(stage.events("decision").is_empty());
}

#[tokio::test]
async fn at_the_level_of_errors_decisions_are_not_written() {
    let stage = Setting::default().set("GUESTLIST__TELEMETRY__LEVEL", "error").start().await;
    starts(&stage, "alex@fabrikam.com").await;
    stage.host.terminate(PATIENCE).await.unwrap();
    assert!(stage.events("decision").is_empty() && stage.events("decision-count").is_empty(), "{:#?}", stage.lines());
}
