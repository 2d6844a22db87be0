//! The uses of codes: who gets the last use, how many wrong ones may be tried, what stays on disk, and what happens
//! when the store does not work.

use std::sync::Arc;

use chrono::TimeDelta;
use futures_util::future::join_all;
use guestlist::clock::{Clock, ManualClock, SystemClock};
use guestlist_emulator::sign_up::{Event, Person};
use rstest::rstest;
use serde_json::json;

use crate::support::service::{Plan, Service, ext, fill};
use crate::support::stage::TRY_LATER;
use crate::support::with_codes::{
    PATIENT, code, code_error, files, form, is_admitted, list, person, policy, reservations, service, submit_code,
};

/// Code 1 with so many uses.
async fn with_uses(uses: u32) -> Service {
    service(policy(), &list(&[(1, &format!(",,,,,{uses}"))])).await
}

#[tokio::test]
async fn entras_retry_reserves_once_on_any_instance() {
    let service = with_uses(2).await;
    let body = form(&service, Person::email_otp("jo@example.org"), &code(1).reveal());
    for instance in [&service, &service, &service.another()] {
        assert!(is_admitted(&instance.call(Event::Submit, &body).await));
    }
    assert_eq!(reservations(&service).len(), 1);
}

#[tokio::test]
async fn a_retry_while_the_first_call_is_under_way_reserves_once() {
    let service = with_uses(5).await;
    let another = service.another();
    let body = form(&service, Person::email_otp("jo@example.org"), &code(1).reveal());
    let calls = [&service, &another, &service, &another].map(|instance| instance.call(Event::Submit, &body));
    assert!(join_all(calls).await.iter().all(is_admitted));
    assert_eq!(reservations(&service).len(), 1);
}

#[tokio::test]
async fn somebody_who_begins_again_reserves_once() {
    let service = with_uses(1).await;
    let shown = code(1).reveal();
    assert!(is_admitted(&submit_code(&service, "jo@example.org", &shown).await));
    assert!(is_admitted(&submit_code(&service.another(), "JO@example.org", &shown.to_lowercase()).await));
    assert_eq!(reservations(&service).len(), 1);
    assert_eq!(code_error(&submit_code(&service, "kim@example.org", &shown).await), USED_UP);
    assert_eq!(reservations(&service).len(), 1);
}

#[tokio::test]
async fn a_use_is_found_again_three_times_within_a_quarter_of_an_hour_and_then_another_is_taken() {
    let (clock, service) = timed(2).await;
    let typed = code(1).reveal();
    for (minutes, uses) in [(0, 1), (1, 1), (5, 1), (8, 1), (0, 2), (15, 2)] {
        clock.advance(TimeDelta::minutes(minutes));
        let answer = tries(&service, "jo@example.org", "203.0.113.7", &typed).await;
        assert_eq!(answer, if minutes == 15 { Err(USED_UP.to_owned()) } else { Ok(()) }, "{minutes}");
        assert_eq!(reservations(&service).len(), uses, "{minutes}");
    }
}

const USED_UP: &str = "This invitation code has been used already.";

/// The number of codes that are raced for.
const RACES: u8 = 20;

#[rstest]
#[case::on_one_instance(false)]
#[case::on_two_instances(true)]
#[tokio::test]
async fn of_two_who_race_for_the_last_use_one_gets_it(#[case] two: bool) {
    let lines: Vec<(u8, &str)> = (1..=RACES).map(|number| (number, ",,,,,1")).collect();
    let service = service(policy(), &list(&lines)).await;
    let another = service.another();
    let other = if two { &another } else { &service };
    for number in 1..=RACES {
        let typed = code(number).reveal();
        let (jo, kim) = (format!("jo{number}@example.org"), format!("kim{number}@example.org"));
        let (first, second) = tokio::join!(submit_code(&service, &jo, &typed), submit_code(other, &kim, &typed));
        assert_ne!(is_admitted(&first), is_admitted(&second), "{number}");
        assert_eq!(code_error(if is_admitted(&first) { &second } else { &first }), USED_UP);
    }
    assert_eq!(reservations(&service).len(), usize::from(RACES));
}

#[tokio::test]
async fn of_twelve_who_race_for_five_uses_five_get_one() {
    let service = with_uses(5).await;
    let (another, typed) = (service.another(), code(1).reveal());
    let addresses: Vec<String> = (0..12).map(|number| format!("jo{number}@example.org")).collect();
    let racers = addresses.iter().enumerate().map(|(number, address)| {
        let instance = if number % 2 == 0 { &service } else { &another };
        submit_code(instance, address, &typed)
    });
    let answers = join_all(racers).await;
    assert_eq!(answers.iter().filter(|answer| is_admitted(answer)).count(), 5);
    let others: Vec<String> = answers.iter().filter(|answer| !is_admitted(answer)).map(code_error).collect();
    assert_eq!(others, [USED_UP; 7]);
    assert_eq!(reservations(&service).len(), 5);
}

#[rstest]
#[case::an_error("")]
#[case::a_page("outcome = \"block\"\n")]
#[tokio::test]
async fn nothing_is_reserved_for_a_form_that_fails_its_rules(#[case] outcome: &str) {
    let rule = "[[policies.rules]]\nattribute = \"city\"\npattern = \"[a-z]+\"\n";
    let service = service(policy().and(format!("{rule}{outcome}")), &list(&[(1, ",,,,,1")])).await;
    let mut body = form(&service, Person::email_otp("jo@example.org"), &code(1).reveal());
    fill(&mut body, "city", "42");
    let answer = service.call(Event::Submit, &body).await;
    assert!(answer.action()["attributeErrors"].get(ext("InvitationCode")).is_none(), "{answer:?}");
    assert_eq!(files(&service.folder.path().join(".guestlist")).len(), 0);
    fill(&mut body, "city", "oslo");
    assert!(is_admitted(&service.call(Event::Submit, &body).await));
    let reason = if outcome.is_empty() { "rules" } else { "rule-blocked" };
    assert_eq!(service.reasons(), [reason, "code"]);
}

/// A clock that the test moves, and a service that uses it.
async fn timed(uses: u32) -> (Arc<ManualClock>, Service) {
    let clock = Arc::new(ManualClock::new(SystemClock.now()));
    let (invites, now) = (list(&[(1, &format!(",,,,,{uses}"))]), Arc::clone(&clock) as Arc<dyn Clock>);
    let plan = Plan { policy: policy(), invites: &invites, hooks: PATIENT, clock: now };
    (clock, Service::start_as(plan).await)
}

/// Sends a code: `Ok` if it is accepted, otherwise the text at the field.
async fn tries(service: &Service, address: &str, ip: &str, typed: &str) -> Result<(), String> {
    let answer = service.call(Event::Submit, &form(service, person(address, ip), typed)).await;
    if is_admitted(&answer) { Ok(()) } else { Err(code_error(&answer)) }
}

const WRONG: &str = "This is not a valid invitation code.";

#[tokio::test]
async fn after_ten_wrong_codes_in_a_minute_a_network_has_to_wait() {
    let (clock, service) = timed(50).await;
    let (right, here, elsewhere) = (code(1).reveal(), "203.0.113.7", "203.0.113.8");
    for number in 0..10 {
        let address = format!("jo{number}@example.org");
        assert_eq!(tries(&service, &address, here, &code(100 + number).reveal()).await, Err(WRONG.to_owned()));
    }
    assert_eq!(tries(&service, "kim@example.org", here, &right).await, Err(TRY_LATER.to_owned()));
    assert_eq!(service.reasons().last().unwrap(), "too-many-tries");
    assert_eq!(reservations(&service).len(), 0);
    // An empty field is no guess.
    assert_eq!(tries(&service, "kim@example.org", here, "").await, Err("Enter your invitation code.".to_owned()));
    assert_eq!(tries(&service, "kim@example.org", elsewhere, &right).await, Ok(()));
    clock.advance(TimeDelta::seconds(61));
    assert_eq!(tries(&service, "sam@example.org", here, &right).await, Ok(()));
}

#[tokio::test]
async fn after_ten_wrong_codes_in_a_minute_a_person_has_to_wait_wherever_they_are() {
    let (clock, service) = timed(50).await;
    for number in 0..10 {
        let (address, ip) = (format!("jo+{number}@example.org"), format!("203.0.113.{number}"));
        assert_eq!(tries(&service, &address, &ip, "WELCOME").await, Err(WRONG.to_owned()));
    }
    let right = code(1).reveal();
    assert_eq!(tries(&service, "JO@example.org", "198.51.100.1", &right).await, Err(TRY_LATER.to_owned()));
    assert_eq!(tries(&service, "kim@example.org", "198.51.100.1", &right).await, Ok(()));
    clock.advance(TimeDelta::seconds(61));
    assert_eq!(tries(&service, "jo@example.org", "198.51.100.1", &right).await, Ok(()));
}

#[tokio::test]
async fn a_code_that_many_people_use_in_one_office_is_no_guessing() {
    let (_, service) = timed(50).await;
    for number in 0..25 {
        let address = format!("jo{number}@example.org");
        assert_eq!(tries(&service, &address, "203.0.113.7", &code(1).reveal()).await, Ok(()));
    }
}

#[tokio::test]
async fn neither_the_state_nor_the_log_knows_a_code_or_an_address() {
    let service = with_uses(9).await;
    let shown = code(1).reveal();
    let spellings = [shown.clone(), shown.to_lowercase(), shown.replace('-', "")];
    for (number, typed) in spellings.iter().enumerate() {
        assert!(is_admitted(&submit_code(&service, &format!("zebediah{number}@example.org"), typed).await));
    }
    for typed in [code(99).reveal(), format!("{shown}X"), "SESAME-OPEN".to_owned()] {
        code_error(&submit_code(&service, "zebediah@example.org", &typed).await);
    }
    assert_eq!(reservations(&service).len(), 3);
    let lines = service.lines.all().into_iter().map(|(_, line)| ("the log".to_owned(), line));
    for (place, text) in files(&service.folder.path().join(".guestlist")).into_iter().chain(lines) {
        let all = format!("{place}\n{text}").to_uppercase();
        let all = all.replace('-', "");
        let forbidden = [&shown, &code(99).reveal(), "SESAME", "ZEBEDIAH", "EXAMPLE.ORG", "@"];
        assert!(!forbidden.iter().any(|word| all.contains(&word.replace('-', ""))), "{all}");
    }
}

/// Entra reports the address as the attribute `email` and does not let people edit it. Where everybody who sees the form
/// has an address, it comes before the one that a Start under the same id has seen.
#[tokio::test]
async fn the_address_that_entra_reports_goes_before_what_a_start_saw() {
    let service = service(policy(), &list(&[(1, ",,,,,")])).await;
    let (friend, mut stranger) = (Person::email_otp("alex@fabrikam.com"), Person::email_otp("jo@example.org"));
    "198.51.100.9".clone_into(&mut stranger.ip);
    let (friend, mut stranger) = (service.sign_up(friend), service.sign_up(stranger));
    stranger.correlation_id.clone_from(&friend.correlation_id);
    service.call(Event::Start, &friend.start()).await;
    let mut submit = stranger.submit();
    fill(&mut submit, "displayName", "Jo");
    for instance in [&service, &service.another()] {
        let answer = instance.call(Event::Submit, &submit).await;
        assert_eq!(answer.action_name(), "showValidationError", "{answer:?}");
    }
    assert_eq!(service.reasons(), ["invitation", "code-missing", "code-missing"]);
}

/// A service whose state cannot be opened: a file has the folder's name.
async fn without_state(on_failure: &str) -> Service {
    let (invites, hooks) = (list(&[(1, ",,,,,")]), [PATIENT, &[("on_failure", on_failure)]].concat());
    let plan = Plan { policy: policy(), invites: &invites, hooks: &hooks, ..Plan::default() };
    let service = Service::start_as(plan).await;
    std::fs::write(service.folder.path().join(".guestlist"), "in the way").unwrap();
    service
}

#[tokio::test]
async fn a_store_that_does_not_work_asks_to_try_later() {
    let service = without_state("block").await;
    let action = submit_code(&service, "jo@example.org", &code(1).reveal()).await.action();
    let failure = &service.logged("failure-action")[0];
    let support_code = failure["support_code"].as_str().unwrap();
    assert_eq!(action["message"], format!("{TRY_LATER} Support code: {support_code}"));
    assert_eq!((&failure["reason"], &failure["action"]), (&json!("state-unavailable"), &json!("refuse")));
    // Somebody who needs no code is not affected.
    assert!(is_admitted(&submit_code(&service, "alex@fabrikam.com", &code(1).reveal()).await));
    // A bad code is still an error at its field.
    assert_eq!(code_error(&submit_code(&service, "jo@example.org", "WELCOME").await), WRONG);
}

#[tokio::test]
async fn a_store_that_does_not_work_stops_nobody_if_failures_continue_and_no_code_is_stored() {
    let service = without_state("continue").await;
    let answer = submit_code(&service, "jo@example.org", &code(1).reveal()).await;
    assert!(is_admitted(&answer), "{answer:?}");
    assert_eq!(service.logged("failure-action")[0]["reason"], "state-unavailable");
    std::fs::remove_file(service.folder.path().join(".guestlist")).unwrap();
    assert!(is_admitted(&submit_code(&service, "jo@example.org", &code(1).reveal()).await));
    assert_eq!(service.reasons(), ["code"]);
}
