//! The timer when outside systems fail: which account or connector is blamed, what goes on, what the next run repeats.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use guestlist_emulator::Clock;
use guestlist_emulator::systems::mailchimp::Mailchimp;
use guestlist_emulator::tenant::{Fault, Route, TenantOptions};
use rstest::rstest;
use serde_json::json;
use tokio::net::TcpListener;

use crate::support::stage::{Setting, Stage, has, joined, measured, unavailable_now};

/// Three new accounts, one after the other.
async fn with_three_accounts(setting: Setting) -> (Stage, [String; 3]) {
    let stage = setting.set("GUESTLIST__ACCOUNTS__CONCURRENCY", "1").start().await;
    let ids = ["alex", "sam", "robin"].map(|name| stage.joins(&format!("{name}@fabrikam.com"), name, "Fabrikam"));
    (stage, ids)
}

/// Every account is a member once and has its names.
fn assert_complete(stage: &Stage, ids: &[String]) {
    assert_eq!(stage.members().len(), ids.len());
    for id in ids {
        assert!(stage.names(id)[0].ends_with(" Fabrikam"), "{:?}", stage.names(id));
    }
}

#[rstest]
#[case::reading(Route::GetUser, 5)]
#[case::mailchimp(Mailchimp::PUT_MEMBER, 3)]
#[case::directory(Route::PatchUser, 5)]
#[tokio::test]
async fn one_account_that_fails_stops_no_other_and_is_tried_again(#[case] route: Route, #[case] tries: usize) {
    let (stage, ids) = with_three_accounts(Setting::default()).await;
    // As many calls as the product makes for the first account within one run.
    stage.tenant.faults().arm(route, 0, Some(tries), unavailable_now());
    let logs = stage.run().await;
    assert!(has(&logs, "accounts: 3 new, 2 associated") && has(&logs, "1 failed, to be tried again"), "{logs:?}");
    let logs = stage.run().await;
    assert!(has(&logs, "accounts: 0 new, 1 associated") && logs.len() == 2, "{logs:?}");
    assert_complete(&stage, &ids);
}

#[tokio::test]
async fn a_user_that_the_directory_does_not_know_yet_is_tried_again() {
    let (stage, ids) = with_three_accounts(Setting::default()).await;
    stage.tenant.directory().answer_not_found(&ids[1], 1);
    assert!(has(&stage.run().await, "1 failed, to be tried again"));
    assert!(has(&stage.run().await, "accounts: 0 new, 1 associated"));
    assert_complete(&stage, &ids);
}

#[rstest]
#[case::log_broken(Route::DirectoryAudits, unavailable_now(), "503")]
#[case::log_forbidden(Route::DirectoryAudits, Fault::json(403, &json!({ "error": { "code": "Authorization_RequestDenied", "message": "no" } })), "AuditLog.Read.All")]
#[case::log_senseless(Route::DirectoryAudits, Fault::Answer { status: 200, headers: Vec::new(), body: "<html>".to_owned() }, "JSON")]
#[case::log_behind_a_gateway(Route::DirectoryAudits, Fault::gateway(403), "neither the success nor an error")]
#[case::token_refused(Route::GraphToken, Fault::Answer { status: 401, headers: Vec::new(), body: r#"{"error":"invalid_client","error_codes":[7000215]}"#.to_owned() }, "AADSTS7000215")]
#[tokio::test]
async fn a_run_that_cannot_find_accounts_fails_and_the_next_one_loses_none(
    #[case] route: Route,
    #[case] fault: Fault,
    #[case] says: &str,
) {
    // Shorter than the product's pauses, so that it does not repeat the call.
    let (stage, ids) = with_three_accounts(Setting::default().set("GUESTLIST__ACCOUNTS__RUN_LIMIT", "2s")).await;
    stage.tenant.faults().set(route, fault);
    let error = stage.failing_run().await;
    assert!(error.contains("cannot find new accounts") && error.contains(says), "{error}");
    assert_eq!(stage.events_after("run-failed", 1).await[0]["reason"], error.as_str());
    stage.tenant.faults().clear(route);
    if route == Route::GraphToken {
        // A refusal is remembered for a few seconds by the process that met it.
        stage.host.restart().await.unwrap();
    }
    assert!(has(&stage.run().await, "accounts: 3 new, 3 associated"));
    assert_complete(&stage, &ids);
}

#[tokio::test]
async fn a_next_link_to_another_host_is_not_followed_and_what_was_read_is_kept() {
    let (stage, ids) = with_three_accounts(Setting::default()).await;
    let stranger = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let link = format!("http://{}/v1.0/auditLogs/directoryAudits?$skiptoken=x", stranger.local_addr().unwrap());
    let body = json!({ "value": [], "@odata.nextLink": link }).to_string();
    let answer = Fault::Answer { status: 200, headers: Vec::new(), body };
    stage.tenant.faults().once(Route::DirectoryAudits, answer);
    let error = stage.failing_run().await;
    assert!(error.contains("not on the Graph host"), "{error}");
    assert_eq!(stage.tenant.faults().count(Route::DirectoryAudits), 1);
    // A connection would be waiting here.
    let mut accept = Box::pin(stranger.accept());
    assert!(futures_util::poll!(&mut accept).is_pending());
    assert!(has(&stage.run().await, "accounts: 3 new, 3 associated"));
    assert_complete(&stage, &ids);
}

#[tokio::test]
async fn the_pages_before_a_foreign_next_link_are_associated_all_the_same() {
    let options = TenantOptions { page_size: 2, foreign_next_link: true, ..TenantOptions::default() };
    let (stage, _) = with_three_accounts(Setting::default().options(options)).await;
    assert!(stage.failing_run().await.contains("graph.example.net"));
    assert_eq!(stage.members().len(), 2);
}

fn http_date(seconds: i64) -> String {
    (Clock::system().now() + TimeDelta::seconds(seconds)).format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[rstest]
#[case::seconds("1".to_owned())]
#[case::date(http_date(2))]
#[tokio::test]
async fn a_throttled_call_is_repeated_when_it_was_asked_to_be(#[case] retry_after: String) {
    let (stage, ids) = with_three_accounts(Setting::default()).await;
    let throttled = Fault::throttled(Some(&retry_after));
    stage.tenant.faults().once(Route::DirectoryAudits, throttled);
    let run = stage.fire().await.unwrap();
    assert!(has(&run.logs, "accounts: 3 new, 3 associated"));
    // The date is in whole seconds, and was written before the product was started.
    measured(&format!("a run asked to wait, {retry_after}"), run.duration);
    assert!(run.duration < Duration::from_secs(4), "{:?}", run.duration);
    let least = if retry_after == "1" { Duration::from_secs(1) } else { Duration::ZERO };
    assert!(run.duration >= least, "{:?}", run.duration);
    assert_eq!(stage.tenant.faults().count(Route::DirectoryAudits), 2);
    assert_complete(&stage, &ids);
}

#[tokio::test]
async fn a_log_that_does_not_reach_back_to_the_last_run_is_read_as_far_as_it_goes() {
    let retention = Some(Duration::from_hours(7 * 24));
    let options = TenantOptions { retention, ..TenantOptions::default() };
    let (stage, ids) = with_three_accounts(Setting::default().options(options)).await;
    let ago = |days: i64| (Clock::system().now() - TimeDelta::days(days)).to_rfc3339();
    let kept = stage.folder.path().join("state");
    std::fs::create_dir_all(&kept).unwrap();
    std::fs::write(kept.join("started.json"), json!({ "at": ago(30) }).to_string()).unwrap();
    std::fs::write(kept.join("cursor.json"), json!({ "to": ago(9) }).to_string()).unwrap();
    let logs = stage.run().await;
    assert!(has(&logs, "accounts: 3 new, 3 associated"), "{logs:?}");
    assert!(logs.iter().any(|line| line.starts_with("gap possible")), "{logs:?}");
    assert_eq!(stage.events_after("gap-possible", 1).await[0]["level"], "WARN");
    assert_complete(&stage, &ids);
}

#[tokio::test]
async fn state_that_a_power_cut_left_empty_is_repaired() {
    let (stage, ids) = with_three_accounts(Setting::default()).await;
    stage.tenant.faults().set(Mailchimp::PUT_MEMBER, unavailable_now());
    assert!(has(&stage.run().await, "3 failed, to be tried again"));
    stage.tenant.faults().clear(Mailchimp::PUT_MEMBER);
    let kept = stage.folder.path().join("state");
    let parts = ["account", "request-news", "attempt-1"].map(|part| format!("pending/{}/{part}.json", ids[0]));
    for object in parts.iter().map(String::as_str).chain(["cursor.json"]) {
        std::fs::write(kept.join(object), "").unwrap();
    }
    assert!(has(&stage.run().await, "accounts: 0 new, 3 associated"));
    assert_complete(&stage, &ids);
    let reported = stage.events_after("state-corrupt", 4).await;
    assert!(reported.len() == 4 && reported.iter().all(|line| line["level"] == "ERROR"), "{reported:?}");
    stage.run().await;
    assert_eq!(stage.events("state-corrupt").len(), 4);
}

#[tokio::test]
async fn a_state_folder_that_cannot_be_opened_fails_the_run_and_is_used_once_it_can() {
    let (stage, ids) = with_three_accounts(Setting::default()).await;
    let kept = stage.folder.path().join("state");
    std::fs::write(&kept, "in the way").unwrap();
    let error = stage.failing_run().await;
    assert!(error.contains("cannot open the state folder") && error.contains("state"), "{error}");
    assert_eq!(stage.events_after("run-failed", 1).await[0]["reason"], error.as_str());
    std::fs::remove_file(&kept).unwrap();
    assert!(has(&stage.run().await, "accounts: 3 new, 3 associated"));
    assert_complete(&stage, &ids);
    // Somebody deletes it while the process runs: it comes back, and still for its owner only.
    std::fs::remove_dir_all(&kept).unwrap();
    stage.run().await;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o700);
    }
    assert_eq!(stage.members().len(), 3);
}

#[rstest]
#[case::never(Fault::Hang)]
#[case::late(Fault::Delay(Duration::from_secs(30)))]
#[tokio::test]
async fn a_run_ends_at_its_limit_and_the_next_one_goes_on(#[case] fault: Fault) {
    let stage = Setting::default().set("GUESTLIST__ACCOUNTS__RUN_LIMIT", "1s").start().await;
    let ids: Vec<String> = (0..8)
        .map(|number| {
            let account = joined(&format!("person{number}@fabrikam.com"), &format!("Person{number}"), "Fabrikam");
            stage.tenant.directory().add(account)
        })
        .collect();
    stage.tenant.faults().set(Mailchimp::PUT_MEMBER, fault);
    let began = Instant::now();
    let logs = stage.run().await;
    let took = began.elapsed();
    measured("a run with a limit of one second", took);
    assert!(took >= Duration::from_secs(1) && took < Duration::from_secs(6), "{took:?}");
    assert!(has(&logs, "accounts: 8 new, 0 associated") && has(&logs, "8 left for the next run"), "{logs:?}");
    stage.tenant.faults().clear(Mailchimp::PUT_MEMBER);
    assert!(has(&stage.run().await, "accounts: 0 new, 8 associated"));
    assert_complete(&stage, &ids);
}
