//! The timer through the host: which accounts are found, what is sent, and which accounts are skipped.

use std::time::Duration;

use chrono::TimeDelta;
use guestlist_emulator::Clock;
use guestlist_emulator::host::TimerForm;
use guestlist_emulator::systems::mailchimp::Mailchimp;
use guestlist_emulator::tenant::{Account, Actor, Fault, GraphTokens, Route, SignIn, TenantOptions};
use serde_json::{Value, json};

use crate::support::function_app::LIST;
use crate::support::stage::{Setting, Stage, TIMER, joined};

const WRITES_AND_READS: [Route; 3] = [Route::GetUser, Mailchimp::PUT_MEMBER, Route::PatchUser];

fn minutes(count: i64) -> TimeDelta {
    TimeDelta::minutes(count)
}

fn counts(stage: &Stage) -> Vec<usize> {
    WRITES_AND_READS.iter().map(|route| stage.tenant.faults().count(*route)).collect()
}

/// The state's objects below a folder.
fn stored(stage: &Stage, folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(stage.folder.path().join("state").join(folder));
    let name = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name().to_string_lossy().into_owned();
    let mut names: Vec<String> = entries.into_iter().flatten().map(name).collect();
    names.sort();
    names
}

#[tokio::test]
async fn every_form_of_the_timer_is_a_run_that_reports_its_counts() {
    let stage = Setting::default().start().await;
    for (number, form) in TimerForm::ALL.into_iter().enumerate() {
        stage.joins(&format!("person{number}@fabrikam.com"), "Person", &format!("Number{number}"));
        let logs =
            stage.host.invoke_timer_as(TIMER, form).await.unwrap_or_else(|error| panic!("{form:?} {error:?}")).logs;
        assert!(logs[0].starts_with("audit log read from "), "{logs:?}");
        assert_eq!(logs[1..], ["accounts: 1 new, 1 associated"], "{form:?}");
        let ticks = stage.events_after("timer", number + 1).await;
        assert_eq!(ticks.last().unwrap()["is_past_due"], form == TimerForm::PastDue, "{form:?}");
    }
    assert_eq!(stage.members().len(), TimerForm::ALL.len());
}

#[tokio::test]
async fn a_new_account_becomes_a_pending_member_and_gets_its_names() {
    let stage = Setting::default().start().await;
    let id = stage.joins("Alex@Fabrikam.com", "Alex", "O'Neil");
    assert_eq!(stage.names(&id)[0], "unknown");
    stage.run().await;
    let sent = stage.tenant.system::<Mailchimp>().requests();
    assert_eq!(sent.len(), 1, "{sent:?}");
    let wanted = json!({
        "email_address": "Alex@Fabrikam.com", "status_if_new": "pending", "merge_fields": { "FNAME": "Alex" },
    });
    assert_eq!((sent[0].method, &sent[0].body, sent[0].status), ("PUT", &wanted, 200));
    assert_eq!(stage.members(), [("Alex@Fabrikam.com".to_owned(), "pending".to_owned())]);
    assert_eq!(stage.names(&id), ["Alex O'Neil", "alex.oneil@contoso.onmicrosoft.com"]);
    assert_eq!(stored(&stage, "done"), [format!("{id}.json")]);
    assert_eq!(stored(&stage, "pending"), Vec::<String>::new());
}

#[tokio::test]
async fn nothing_is_done_twice_by_a_second_run_nor_after_a_restart() {
    let stage = Setting::default().start().await;
    for name in ["alex", "sam"] {
        stage.joins(&format!("{name}@fabrikam.com"), name, "Fabrikam");
    }
    stage.tenant.directory().add(Account::guest("visitor@partners.fabrikam.com"));
    assert!(stage.run().await.contains(&"accounts: 2 new, 2 associated".to_owned()));
    assert_eq!(counts(&stage), [2, 2, 2]);
    assert_eq!(stage.run().await[1..], ["accounts: 0 new, 0 associated"]);
    stage.host.kill().await.unwrap();
    stage.host.restart().await.unwrap();
    assert_eq!(stage.run().await[1..], ["accounts: 0 new, 0 associated"]);
    assert_eq!(counts(&stage), [2, 2, 2]);
}

#[tokio::test]
async fn somebody_who_unsubscribed_stays_so_and_somebody_without_consent_is_not_sent() {
    let stage = Setting::default().start().await;
    stage.tenant.system::<Mailchimp>().add(LIST, "alex@fabrikam.com", "unsubscribed");
    let alex = stage.joins("alex@fabrikam.com", "Alex", "Fabrikam");
    let silent = Account::signed_up(SignIn::EmailPassword("sam@fabrikam.com".to_owned()));
    let sam = stage.tenant.directory().add(silent.with("givenName", "Sam").with("surname", "Fabrikam"));
    assert!(stage.run().await.contains(&"accounts: 2 new, 2 associated".to_owned()));
    assert_eq!(stage.members(), [("alex@fabrikam.com".to_owned(), "unsubscribed".to_owned())]);
    assert!(stage.tenant.system::<Mailchimp>().requests().iter().all(|request| request.body.get("status").is_none()));
    for (id, name) in [(alex, "Alex Fabrikam"), (sam, "Sam Fabrikam")] {
        assert_eq!(stage.names(&id)[0], name);
    }
}

#[tokio::test]
async fn a_name_that_is_taken_gets_the_same_suffix_from_any_state() {
    let stage = Setting::default().start().await;
    let holder = Account::made_by_administrator("alex.fabrikam").unlogged();
    stage.tenant.directory().add(holder);
    let id = stage.joins("alex@fabrikam.com", "Alex", "Fabrikam");
    let [_, before] = stage.names(&id);
    stage.run().await;
    let [_, suffixed] = stage.names(&id);
    let suffix = suffixed.strip_prefix("alex.fabrikam-").and_then(|rest| rest.strip_suffix("@contoso.onmicrosoft.com"));
    assert!(suffix.is_some_and(|suffix| suffix.len() == 4), "{suffixed}");
    // Everything is reset: an empty state folder, and the account as it was made.
    stage.host.kill().await.unwrap();
    std::fs::remove_dir_all(stage.folder.path().join("state")).unwrap();
    stage.tenant.directory().set(&id, "userPrincipalName", before);
    stage.tenant.directory().set(&id, "displayName", "unknown");
    stage.host.restart().await.unwrap();
    stage.run().await;
    assert_eq!(stage.names(&id), ["Alex Fabrikam".to_owned(), suffixed]);
}

#[tokio::test]
async fn an_account_that_is_no_new_sign_up_is_skipped_with_the_reason() {
    let stage = Setting::default().start().await;
    let now = Clock::system().now();
    let old = (now - minutes(20)).to_rfc3339();
    let own = stage.tenant.options().graph_client_id.clone();
    let principal = GraphTokens::SERVICE_PRINCIPAL;
    let directory = stage.tenant.directory();
    let passed_over = [
        (directory.add(Account::guest("visitor@partners.fabrikam.com").by(Actor::SignUpService)), "guest"),
        (directory.add(Account::made_by_administrator("helpdesk")), "administrator"),
        (directory.add(Account::guest("asked@partners.fabrikam.com")), "administrator"),
        (directory.add(Account::made_by_app(&own, "provisioned@fabrikam.com")), "own-application"),
        (directory.add(Account::made_by_service_principal(principal, "synced@fabrikam.com")), "own-application"),
        (directory.add(Account::signed_up(SignIn::None)), "no-sign-in-identity"),
        (directory.add(joined("old@fabrikam.com", "Old", "Record").with("createdDateTime", old)), "too-old"),
    ];
    // Older than the first run looks back: not even found.
    directory.add(joined("older@fabrikam.com", "Old", "Account").created_at(now - minutes(20)));
    let logs = stage.run().await;
    let skips = [
        "2 skipped: administrator",
        "2 skipped: own-application",
        "1 skipped: guest",
        "1 skipped: no-sign-in-identity",
    ];
    assert!(skips.iter().all(|skip| logs.iter().any(|line| line == skip)), "{logs:?}");
    assert!(logs.contains(&"1 skipped: too-old".to_owned()), "{logs:?}");
    let logged = stage.events_after("account-skipped", passed_over.len()).await;
    for (id, reason) in &passed_over {
        let line: Vec<&Value> = logged.iter().filter(|line| line["account"] == id.as_str()).collect();
        assert!(line.len() == 1 && line[0]["reason"] == *reason, "{id} {reason} {logged:#?}");
    }
    assert_eq!((logged.len(), stored(&stage, "done").len()), (7, 7));
    assert_eq!((stage.members().len(), stage.tenant.directory().patches().len()), (0, 0));
}

#[tokio::test]
async fn people_made_by_other_applications_and_services_count_as_sign_ups() {
    let stage = Setting::default().start().await;
    let other = "77777777-1111-2222-3333-444444444444";
    let person = |name: &str| joined(&format!("{name}@fabrikam.com"), name, "Fabrikam");
    stage.tenant.directory().add(person("alex").by(Actor::App(other.to_owned(), "shop".to_owned())));
    stage.tenant.directory().add(person("sam").by(Actor::CpimService));
    let unnamed = Actor::ServicePrincipal(other.to_owned(), "shop".to_owned());
    stage.tenant.directory().add(person("jo").by(unnamed));
    stage.tenant.directory().add(person("robin").fraction_digits(0));
    assert!(stage.run().await.contains(&"accounts: 4 new, 4 associated".to_owned()));
    assert_eq!(stage.members().len(), 4);
}

#[tokio::test]
async fn the_audit_log_is_read_page_by_page_to_its_end() {
    let stage = Setting::default().options(TenantOptions { page_size: 2, ..TenantOptions::default() }).start().await;
    for number in 0..5 {
        stage.joins(&format!("person{number}@fabrikam.com"), "Person", &format!("Number{number}"));
    }
    assert!(stage.run().await.contains(&"accounts: 5 new, 5 associated".to_owned()));
    assert_eq!(stage.tenant.faults().count(Route::DirectoryAudits), 3);
    assert_eq!(stage.members().len(), 5);
}

#[tokio::test]
async fn a_record_that_comes_late_and_out_of_order_is_found_by_a_later_run() {
    let clock = Clock::fixed(Clock::system().now());
    let stage =
        Setting::default().options(TenantOptions { clock: clock.clone(), ..TenantOptions::default() }).start().await;
    let now = clock.now();
    let directory = stage.tenant.directory();
    let late = joined("late@fabrikam.com", "Late", "Record").created_at(now - minutes(4));
    directory.add(late.arrives_after(Duration::from_mins(5)));
    directory.add(joined("early@fabrikam.com", "Early", "Record").created_at(now - minutes(1)));
    assert!(stage.run().await.contains(&"accounts: 1 new, 1 associated".to_owned()));
    assert_eq!(stage.members()[0].0, "early@fabrikam.com");
    clock.advance(Duration::from_mins(2));
    assert!(stage.run().await.contains(&"accounts: 1 new, 1 associated".to_owned()));
    assert_eq!(stage.members().len(), 2);
}

#[tokio::test]
async fn a_call_while_a_run_is_going_on_does_nothing() {
    let stage = Setting::default().start().await;
    stage.joins("alex@fabrikam.com", "Alex", "Fabrikam");
    stage.tenant.faults().once(Mailchimp::PUT_MEMBER, Fault::Delay(Duration::from_millis(300)));
    let second = async {
        stage.tenant.faults().reached(Mailchimp::PUT_MEMBER, 1).await;
        stage.run().await
    };
    let (first, second) = tokio::join!(stage.run(), second);
    assert!(first.contains(&"accounts: 1 new, 1 associated".to_owned()), "{first:?}");
    assert_eq!(second, ["a run is in progress already: nothing done"]);
    assert_eq!(counts(&stage), [1, 1, 1]);
}
