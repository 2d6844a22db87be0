//! The process killed in the middle of a run, as the host does it, and started again: nothing lost, nothing doubled.

use std::time::{Duration, Instant};

use guestlist_emulator::host::InvokeError;
use guestlist_emulator::systems::mailchimp::{Mailchimp, MailchimpRequest};
use guestlist_emulator::tenant::{Fault, Patch, Route};
use rstest::rstest;

use crate::support::function_app::PATIENCE;
use crate::support::service::ext;
use crate::support::stage::{Setting, Stage, TIMER, measured};

/// A kill while the outside has not answered yet, then a run by another process.
async fn killed_and_gone_on(route: Route, fault: Fault) -> (Stage, String) {
    let stage = Setting::default().start().await;
    let id = stage.joins("alex@fabrikam.com", "Alex", "Fabrikam");
    let faults = stage.tenant.faults();
    let loses = matches!(fault, Fault::LoseAnswer);
    faults.set(route, fault);
    let moment = async { if loses { faults.lost(route, 1).await } else { faults.reached(route, 1).await } };
    let answered = stage.host.invoke_timer_and_kill(TIMER, moment).await.unwrap();
    assert!(answered.is_none(), "not killed: {answered:?}");
    assert!(!stage.host.is_running().await);
    faults.clear(route);
    stage.host.restart().await.unwrap();
    let logs = stage.run().await;
    assert!(logs.iter().any(|line| line.ends_with(" 1 associated")), "{logs:?}");
    assert_eq!(stage.members(), [("alex@fabrikam.com".to_owned(), "pending".to_owned())]);
    assert_eq!(stage.names(&id), ["Alex Fabrikam", "alex.fabrikam@contoso.onmicrosoft.com"]);
    assert_eq!(stage.run().await[1..], ["accounts: 0 new, 0 associated"]);
    (stage, id)
}

fn puts(stage: &Stage) -> Vec<MailchimpRequest> {
    stage.tenant.system::<Mailchimp>().requests()
}

fn patches(stage: &Stage) -> Vec<Patch> {
    stage.tenant.directory().patches()
}

#[rstest]
#[case::finding(Route::DirectoryAudits)]
#[case::reading(Route::GetUser)]
#[case::mailchimp(Mailchimp::PUT_MEMBER)]
#[case::directory(Route::PatchUser)]
#[tokio::test]
async fn a_kill_before_the_outside_did_anything_loses_nothing_and_doubles_nothing(#[case] route: Route) {
    let (stage, _) = killed_and_gone_on(route, Fault::Hang).await;
    assert_eq!((puts(&stage).len(), patches(&stage).len()), (1, 1));
    assert!(patches(&stage)[0].unchanged().is_empty());
}

#[tokio::test]
async fn a_kill_before_the_answer_of_mailchimp_leaves_one_member_and_repeats_the_same_request() {
    let (stage, _) = killed_and_gone_on(Mailchimp::PUT_MEMBER, Fault::LoseAnswer).await;
    let puts = puts(&stage);
    assert_eq!(puts.len(), 2);
    assert_eq!(puts[0], puts[1]);
    assert_eq!(patches(&stage).len(), 1);
}

#[tokio::test]
async fn a_kill_before_the_answer_of_the_directory_repeats_the_same_change() {
    let (stage, id) = killed_and_gone_on(Route::PatchUser, Fault::LoseAnswer).await;
    let patches = patches(&stage);
    assert_eq!(patches.len(), 2);
    assert_eq!((&patches[0].user, &patches[0].body), (&id, &patches[1].body));
    assert!(patches.iter().all(|patch| patch.status == 204), "{patches:?}");
    // What was done before the kill is not sent again.
    assert_eq!(puts(&stage).len(), 1);
}

#[tokio::test]
async fn a_request_that_was_stored_before_a_kill_is_sent_after_it_though_the_user_has_changed() {
    let stage = Setting::default().start().await;
    let id = stage.joins("alex@fabrikam.com", "Alex", "Fabrikam");
    let faults = stage.tenant.faults();
    faults.set(Mailchimp::PUT_MEMBER, Fault::LoseAnswer);
    let killed = stage.host.invoke_timer_and_kill(TIMER, faults.lost(Mailchimp::PUT_MEMBER, 1)).await.unwrap();
    assert!(killed.is_none());
    // Rendered again, the request would have another name, or would not be made for want of consent.
    stage.tenant.directory().set(&id, "givenName", "Alexandra");
    stage.tenant.directory().set(&id, &ext("Newsletter"), false);
    faults.clear(Mailchimp::PUT_MEMBER);
    stage.host.restart().await.unwrap();
    stage.run().await;
    let puts = puts(&stage);
    assert_eq!((puts.len(), &puts[0].body), (2, &puts[1].body));
    assert_eq!(stage.names(&id)[0], "Alexandra Fabrikam");
}

#[rstest]
#[case::finding(Route::DirectoryAudits)]
#[case::mailchimp(Mailchimp::PUT_MEMBER)]
#[tokio::test]
async fn sigterm_cuts_a_run_off_at_once_and_the_next_one_goes_on(#[case] route: Route) {
    let stage = Setting::default().start().await;
    stage.joins("alex@fabrikam.com", "Alex", "Fabrikam");
    stage.tenant.faults().set(route, Fault::Hang);
    let terminated = async {
        stage.tenant.faults().reached(route, 1).await;
        let began = Instant::now();
        (stage.host.terminate(PATIENCE).await.unwrap(), began.elapsed())
    };
    let (run, (status, took)) = tokio::join!(stage.fire(), terminated);
    measured("the end after a SIGTERM during a run", took);
    assert!(status.code() == Some(0) && took < Duration::from_secs(8), "{status:?} {took:?}");
    match run {
        Err(InvokeError::Status { status: 503, body }) => {
            assert_eq!(body, r#"{"error":"the service is stopping: the next run goes on"}"#);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(stage.events_after("run-stopped", 1).await.len(), 1);
    stage.tenant.faults().clear(route);
    stage.host.restart().await.unwrap();
    assert!(stage.run().await.iter().any(|line| line.ends_with(" 1 associated")));
    assert_eq!(stage.members().len(), 1);
}

#[tokio::test]
async fn many_kills_in_a_row_end_with_every_account_connected_once() {
    let stage = Setting::default().start().await;
    for number in 0..6 {
        stage.joins(&format!("person{number}@fabrikam.com"), &format!("Person{number}"), "Fabrikam");
    }
    let faults = stage.tenant.faults();
    for kill in 1..=4 {
        // Two answers are let through each time, the next one is lost, and the process with it.
        faults.clear(Mailchimp::PUT_MEMBER);
        faults.arm(Mailchimp::PUT_MEMBER, 2, None, Fault::LoseAnswer);
        let killed = stage.host.invoke_timer_and_kill(TIMER, faults.lost(Mailchimp::PUT_MEMBER, kill)).await.unwrap();
        stage.host.restart().await.unwrap();
        if killed.is_some() {
            break;
        }
    }
    faults.clear(Mailchimp::PUT_MEMBER);
    stage.run().await;
    assert_eq!(stage.run().await[1..], ["accounts: 0 new, 0 associated"]);
    assert_eq!(stage.members().len(), 6);
    let mut names: Vec<String> =
        stage.tenant.directory().users().iter().map(|user| user["displayName"].as_str().unwrap().to_owned()).collect();
    names.sort();
    assert_eq!(names, (0..6).map(|number| format!("Person{number} Fabrikam")).collect::<Vec<_>>());
}
