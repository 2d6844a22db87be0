//! The life of a code, with the real binary under the host: typed, mistyped, reserved, accepted when the account is found.

use guestlist_emulator::sign_up::{self, Form, Outcome, Person, SignUp, edit};
use serde_json::json;

use crate::support::service::ext;
use crate::support::stage::{Setting, Stage};
use crate::support::with_codes::{code, files, list};

/// A stage whose policy has a field for codes, and whose list has code 1 for one person.
async fn with_a_code() -> Stage {
    let setting = Setting::default()
        .set("GUESTLIST__POLICIES__DEFAULT__INVITATION_CODE", "ext.InvitationCode")
        .set("GUESTLIST__INVITES__BETA__REFRESH", "1s")
        .set("GUESTLIST__HOOKS__BUDGET", "1800ms");
    let stage = setting.start().await;
    stage.events_after("invites-loaded", 1).await;
    std::fs::write(stage.folder.path().join("invites.csv"), list(&[(1, ",,,,,1")])).unwrap();
    stage.events_after("invites-loaded", 2).await;
    stage
}

fn stranger(stage: &Stage, address: &str) -> SignUp {
    let form = Form::new().text("displayName").text(&ext("InvitationCode"));
    stage.entra.begin(Person::email_otp(address), sign_up::App::default(), form)
}

/// The last event of each use of the code.
fn events(stage: &Stage) -> Vec<String> {
    let mut files = files(&stage.folder.path().join("state/reservations"));
    files.sort();
    let event =
        |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap()["event"].as_str().unwrap().to_owned();
    files.iter().map(|(_, text)| event(text)).collect()
}

#[tokio::test]
async fn a_typed_code_is_reserved_and_is_accepted_when_the_account_is_found() {
    let stage = with_a_code().await;
    let field = ext("InvitationCode");
    let typed = code(1).reveal().to_lowercase();
    let edits =
        vec![edit([("displayName", json!("Jo"))]), edit([(&field, json!("welcome"))]), edit([(&field, json!(typed))])];
    let flow = stage.entra.sign_up(stranger(&stage, "jo@example.org"), edits.clone()).await;
    assert_eq!(flow.submits.len(), 3, "{flow:?}");
    let Outcome::Created { object_id } = flow.outcome else { panic!("{flow:?}") };
    let user = stage.tenant.directory().user(&object_id).unwrap();
    assert!(user.get(&field).is_none_or(|stored| stored == ""), "the code is stored: {user:?}");
    assert_eq!(events(&stage), ["reserved"]);
    stage.run().await;
    assert_eq!(events(&stage), ["reserved", "accepted"]);
    let flow = stage.entra.sign_up(stranger(&stage, "kim@example.org"), edits).await;
    let Outcome::Rejected { attribute_errors, .. } = flow.outcome else { panic!("{flow:?}") };
    assert_eq!(attribute_errors[&field], "This invitation code has been used already.");
    for line in stage.lines() {
        assert!(!line.text.to_lowercase().contains(&typed) && !line.text.contains('@'), "{}", line.text);
    }
}

#[tokio::test]
async fn a_reservation_outlives_the_process() {
    let stage = with_a_code().await;
    let field = ext("InvitationCode");
    let edits = vec![edit([("displayName", json!("Jo")), (&field, json!(code(1).reveal()))])];
    let flow = stage.entra.sign_up(stranger(&stage, "jo@example.org"), edits.clone()).await;
    assert!(matches!(flow.outcome, Outcome::Created { .. }), "{flow:?}");
    stage.host.kill().await.unwrap();
    stage.host.restart().await.unwrap();
    let flow = stage.entra.sign_up(stranger(&stage, "kim@example.org"), edits).await;
    assert!(matches!(flow.outcome, Outcome::Rejected { .. }), "{flow:?}");
    // The next run does the rest.
    stage.run().await;
    assert_eq!(events(&stage), ["reserved", "accepted"]);
}
