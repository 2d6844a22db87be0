//! The budget with real sockets: whatever hangs or breaks, one valid action comes in time.

use std::time::{Duration, Instant};

use guestlist_emulator::sign_up::{Action, Attempt, Event, Person, answer};
use guestlist_emulator::tenant::{Fault, Route};
use rstest::rstest;
use serde_json::Value;

use crate::support::stage::{Setting, Stage, TRY_LATER, measured};
use crate::support::wire::exchange;

/// The budget of these tests.
const BUDGET: Duration = Duration::from_millis(400);
/// The product promises 50 ms. The rest is for a machine that is busy with other things.
const MACHINE: Duration = Duration::from_secs(1);

/// A product that meets these faults from the start, with this failure action.
async fn with_keys(faults: &[(Route, Fault)], on_failure: &str) -> Stage {
    let setting = Setting::default().set("GUESTLIST__HOOKS__BUDGET", "400ms");
    let setting = setting.set("GUESTLIST__HOOKS__ON_FAILURE", on_failure);
    let tenant = setting.tenant().await;
    for (route, fault) in faults {
        tenant.faults().set(*route, fault.clone());
    }
    setting.start_before(tenant).await
}

fn both(fault: &Fault) -> Vec<(Route, Fault)> {
    [Route::CiamKeys, Route::LoginKeys].map(|route| (route, fault.clone())).to_vec()
}

/// One call of an invited person, with a fresh token and no retry.
async fn called(stage: &Stage, event: Event) -> (Action, Duration) {
    let sign_up = stage.sign_up(Person::email_otp("alex@fabrikam.com"));
    let sent = sign_up.event(event);
    let token = stage.entra.token().encode().unwrap();
    let Attempt { duration, answer } = stage.entra.post(event, &sent.to_string(), Some(&token)).await;
    let accepted = answer::check(event, &sent, &sign_up.form, &answer.unwrap()).unwrap();
    (accepted.action, duration)
}

fn in_time(took: Duration, what: &str) {
    measured(&format!("{what}, within {BUDGET:?}"), took);
    assert!(took <= BUDGET + MACHINE, "{what}: {took:?}");
}

/// The failure action: nothing of the person or the invitation in it.
fn try_later() -> Action {
    Action::Block { title: None, message: Some(TRY_LATER.to_owned()) }
}

#[rstest]
#[case::start_blocks(Event::Start, "block", try_later())]
#[case::submit_blocks(Event::Submit, "block", try_later())]
#[case::start_continues(Event::Start, "continue", Action::Continue)]
#[case::submit_continues(Event::Submit, "continue", Action::Continue)]
#[tokio::test]
async fn the_failure_action_comes_in_time_while_both_key_documents_hang(
    #[case] event: Event,
    #[case] on_failure: &str,
    #[case] action: Action,
) {
    let stage = with_keys(&both(&Fault::Hang), on_failure).await;
    let (answered, took) = called(&stage, event).await;
    in_time(took, &format!("{event:?}, {on_failure}"));
    assert_eq!(answered, action);
    let failed = stage.events_after("failure-action", 1).await;
    assert_eq!(failed[0]["level"], "ERROR");
    assert!(stage.events("decision").is_empty());
}

#[tokio::test]
async fn the_failure_action_comes_in_time_while_the_document_with_the_key_hangs() {
    let stage = with_keys(&[(Route::CiamKeys, Fault::Hang)], "block").await;
    for event in [Event::Start, Event::Submit] {
        let (action, took) = called(&stage, event).await;
        in_time(took, &format!("{event:?}"));
        assert_eq!(action, try_later());
    }
}

#[tokio::test]
async fn a_document_that_hangs_does_not_delay_calls_that_do_not_need_it() {
    let stage = with_keys(&[(Route::LoginKeys, Fault::Hang)], "block").await;
    let (action, took) = called(&stage, Event::Start).await;
    in_time(took, "with the other document");
    assert!(matches!(action, Action::Prefill(_)), "{action:?}");
}

#[rstest]
#[case::broken(Fault::Status(500))]
#[case::late(Fault::Delay(Duration::from_secs(20)))]
#[case::no_json(Fault::Answer { status: 200, headers: Vec::new(), body: "<html>maintenance</html>".to_owned() })]
#[case::no_keys(Fault::Answer { status: 200, headers: Vec::new(), body: r#"{"keys":[]}"#.to_owned() })]
#[case::unusable_keys(Fault::Answer { status: 200, headers: Vec::new(), body: r#"{"keys":[{"kty":"RSA","kid":"a","n":"!","e":"AQAB"},null]}"#.to_owned() })]
#[case::moved(Fault::Answer { status: 302, headers: vec![("location".to_owned(), "/elsewhere".to_owned())], body: String::new() })]
#[tokio::test]
async fn without_usable_keys_an_invited_person_is_asked_to_try_later(#[case] fault: Fault) {
    let stage = with_keys(&both(&fault), "block").await;
    for event in [Event::Start, Event::Submit] {
        let (action, took) = called(&stage, event).await;
        in_time(took, &format!("{event:?}"));
        assert_eq!(action, try_later());
    }
    let failed = stage.events_after("failure-action", 2).await;
    assert!(failed.iter().all(|line| line["action"] == "refuse" && line.get("address").is_none()), "{failed:?}");
}

#[tokio::test]
async fn an_address_of_an_unknown_caller_is_not_remembered_and_keys_that_come_back_are_used() {
    let stage = with_keys(&both(&Fault::Status(500)), "continue").await;
    let sign_up = stage.sign_up(Person::email_otp("nobody@example.org"));
    let failed = stage.entra.call(Event::Start, sign_up.start()).await;
    assert_eq!(failed.result.unwrap().action, Action::Continue);
    for route in [Route::CiamKeys, Route::LoginKeys] {
        stage.tenant.faults().clear(route);
    }
    // The product asks again by itself, two seconds after the failure.
    stage.tenant.faults().reached(Route::CiamKeys, 2).await;
    let mut submit = sign_up.submit();
    submit["data"]["userSignUpInfo"]["attributes"]["email"]["value"] = Value::from("alex@fabrikam.com");
    submit["data"]["userSignUpInfo"]["attributes"]["displayName"]["value"] = Value::from("Alex");
    let decided = stage.entra.call(Event::Submit, submit).await;
    assert_eq!(decided.result.unwrap().action, Action::Continue);
    // If Start had been believed, its address would come first.
    assert_eq!(stage.events_after("decision", 1).await[0]["address_source"], "attribute:email");
}

#[rstest]
#[case::announced("Content-Length: 4096\r\n\r\n{\"type\":")]
#[case::chunked("Transfer-Encoding: chunked\r\n\r\n8\r\n{\"type\":\r\n")]
#[case::nothing("Content-Length: 4096\r\n\r\n")]
#[tokio::test]
async fn a_body_that_does_not_end_is_answered_by_the_budget(#[case] rest: &str) {
    let stage = with_keys(&[], "block").await;
    let port = stage.host.handler_port();
    let token = stage.entra.token().encode().unwrap();
    for (path, event) in [("Start", Event::Start), ("Submit", Event::Submit)] {
        let head =
            format!("POST /api/OnAttributeCollection{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
        let began = Instant::now();
        let answer = exchange(port, &format!("{head}Authorization: Bearer {token}\r\n{rest}")).await;
        in_time(began.elapsed(), path);
        assert_eq!(answer.status, 200);
        let data = &answer.json()["data"];
        assert_eq!(data["@odata.type"], event.response_type());
        assert_eq!(data["actions"][0]["message"], TRY_LATER);
    }
    assert_eq!(stage.events_after("failure-action", 2).await[0]["reason"], "deadline");
}
