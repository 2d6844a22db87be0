//! Invitation codes: accepted first, released last, kept when it cannot be known whether there is an account.

use std::sync::atomic::Ordering;
use std::time::Duration;

use chrono::TimeDelta;
use rstest::rstest;
use serde_json::{Value, json};

use super::doubles::{Fixture, JO, KIM, LEE, Reply, now};
use crate::accounts::RunError;
use crate::clock::Clock;
use crate::graph::fake::Fault;
use crate::reservations::{EventOrigin, RememberedAddress, RememberedStarts, ReservationRequest, Visibility};
use crate::values::{AttributeTypes, Code, CodeDigest, EmailAddress, Invitation, Provenance};

const JOS: &str = "9fb7a577@example.com";
const KIMS: &str = "aaaaaaaa@example.com";

/// A code, by number.
fn code(number: u8) -> CodeDigest {
    (0..=u8::MAX).find_map(|last| Code::from_random([number ^ last; 16])).unwrap().digest()
}

impl Fixture {
    /// Somebody submitted the form with a code, `ago` minutes ago.
    async fn submits(&self, code: &CodeDigest, address: &str, ago: i64) {
        let address: EmailAddress = address.parse().unwrap();
        let request = ReservationRequest { code, uses: 9, address: Some(&address), person: None };
        self.reservations().reserve(&request, self.clock.now() - TimeDelta::minutes(ago)).await.unwrap();
    }

    /// What happened to the uses of a code, in order: `reserved`, `accepted`, …
    async fn history(&self, code: &CodeDigest) -> Vec<String> {
        let mut entries = self.store.list(&format!("reservations/{}", code.to_hex())).await.unwrap();
        entries.sort_by(|one, other| one.name.cmp(&other.name));
        let mut history = Vec::new();
        for entry in entries {
            let event: Value = self.store.read(&entry.name).await.unwrap().unwrap();
            history.push(event["event"].as_str().unwrap().to_owned());
        }
        history
    }
}

#[tokio::test]
async fn an_accounts_codes_are_accepted_and_counted_once() {
    let fixture = Fixture::new(&[("news", &[])]);
    fixture.submits(&code(1), JOS, 3).await;
    fixture.submits(&code(2), JOS, 2).await;
    fixture.submits(&code(1), "somebody-else@example.com", 2).await;
    let jo = fixture.sign_up(JO, 1);
    let report = fixture.run().await.unwrap();
    assert_eq!((report.done, report.accepted_codes, report.released_codes, report.kept_codes), (1, 2, 0, 0));
    assert_eq!(fixture.history(&code(2)).await, ["reserved", "accepted"]);
    assert_eq!(fixture.history(&code(1)).await.len(), 3);
    let names = fixture.store.list(&format!("reservations/{}", code(2).to_hex())).await.unwrap();
    let accepted =
        fixture.read(&names.iter().find(|entry| entry.name.ends_with("-1.json")).unwrap().name).await.unwrap();
    assert_eq!(accepted["account"], json!(jo));
    assert_eq!(fixture.run().await.unwrap().accepted_codes, 0);
}

#[rstest]
#[case("mail", json!("other@example.com"))]
#[case("otherMails", json!(["first@example.com", "OTHER@example.com"]))]
#[tokio::test]
async fn any_address_of_the_account_accepts(#[case] property: &str, #[case] value: Value) {
    let fixture = Fixture::new(&[("news", &[])]);
    fixture.submits(&code(1), "other@example.com", 2).await;
    let jo = fixture.sign_up(JO, 1);
    fixture.directory.set(&jo, property, value);
    assert_eq!(fixture.run().await.unwrap().accepted_codes, 1);
}

#[tokio::test]
async fn an_account_that_is_no_sign_up_accepts_nothing() {
    let fixture = Fixture::new(&[("news", &[])]);
    fixture.submits(&code(1), JOS, 2).await;
    let jo = fixture.sign_up(JO, 1);
    fixture.directory.set(&jo, "userType", json!("Guest"));
    let report = fixture.run().await.unwrap();
    assert_eq!((report.skipped.len(), report.accepted_codes), (1, 0));
    assert_eq!(fixture.history(&code(1)).await, ["reserved"]);
}

#[tokio::test]
async fn whatever_write_it_is_killed_at_a_code_is_accepted_before_anything_else_happens() {
    let fixture = || async {
        let fixture = Fixture::new(&[("billing", &[]), ("news", &["billing"])]);
        fixture.submits(&code(1), JOS, 2).await;
        fixture.submits(&code(2), JOS, 2).await;
        (fixture.sign_up(JO, 1), fixture)
    };
    let (_, whole) = fixture().await;
    whole.switch.allow(i64::MAX);
    whole.run().await.unwrap();
    let writes = whole.switch.used.load(Ordering::Relaxed);
    assert!(writes > 10, "{writes} writes are too few to show anything");
    for first in 0..writes {
        let (jo, fixture) = fixture().await;
        fixture.switch.allow(first);
        assert!(fixture.run().await.is_err(), "killed after {first}");
        fixture.switch.allow(i64::MAX);
        let accepted = fixture.history(&code(1)).await.len() + fixture.history(&code(2)).await.len() - 2;
        let begun = fixture.parts(&jo).await.iter().any(|part| part != "account.json");
        let calls = fixture.connectors.iter().map(|connector| connector.calls().len()).sum::<usize>();
        assert!(accepted == 2 || (!begun && calls == 0), "killed after {first}: {accepted} accepted, {calls} calls");
        fixture.run().await.unwrap();
        for code in [code(1), code(2)] {
            assert_eq!(fixture.history(&code).await, ["reserved", "accepted"], "killed after {first}");
        }
        fixture.pass(60 * 24);
        assert_eq!(fixture.run().await.unwrap().released_codes, 0, "killed after {first}");
    }
}

#[tokio::test]
async fn a_use_is_free_again_when_a_run_has_covered_its_lease_and_the_overlap() {
    let fixture = Fixture::new(&[("news", &[])]);
    fixture.run().await.unwrap();
    fixture.submits(&code(1), JOS, 0).await;
    fixture.pass(179);
    assert_eq!(fixture.run().await.unwrap().released_codes, 0);
    fixture.pass(1);
    let report = fixture.run().await.unwrap();
    assert_eq!((report.released_codes, report.kept_codes), (1, 0));
    assert!(report.log_lines().contains(&"1 codes released".to_owned()));
    assert_eq!(fixture.history(&code(1)).await, ["reserved", "released"]);
    assert_eq!(fixture.run().await.unwrap().released_codes, 0);
}

#[tokio::test]
async fn an_account_that_comes_late_still_has_its_code() {
    let fixture = Fixture::new(&[("news", &[])]);
    fixture.run().await.unwrap();
    fixture.submits(&code(1), JOS, 0).await;
    fixture.pass(179);
    fixture.run().await.unwrap();
    fixture.sign_up(JO, 120);
    fixture.pass(1);
    let report = fixture.run().await.unwrap();
    assert_eq!((report.accepted_codes, report.released_codes), (1, 0));
}

#[rstest]
#[case(Fault::Status(503))]
#[case(Fault::Status(403))]
#[case(Fault::Panics)]
#[tokio::test]
async fn nothing_is_released_while_an_account_waits_that_nobody_has_looked_at(#[case] fault: Fault) {
    let fixture = Fixture::new(&[("news", &[])]);
    fixture.run().await.unwrap();
    fixture.submits(&code(1), JOS, 0).await;
    fixture.pass(180);
    let jo = fixture.sign_up(JO, 100);
    fixture.directory.with(|state| state.faults.insert(jo, fault));
    assert_eq!(fixture.run().await.unwrap().released_codes, 0);
    fixture.directory.with(|state| state.faults.clear());
    let report = fixture.run().await.unwrap();
    assert_eq!((report.accepted_codes, report.released_codes), (1, 0));
}

#[rstest]
#[tokio::test]
async fn nothing_is_released_while_one_of_several_accounts_has_not_begun(
    #[values(JO, KIM)] waits: &str,
    #[values(true, false)] waits_first: bool,
) {
    let begun = if waits == JO { KIM } else { JO };
    let fixture = Fixture::new(&[("news", &[])]);
    fixture.run().await.unwrap();
    fixture.submits(&code(1), &format!("{}@example.com", waits.split('-').next().unwrap()), 0).await;
    fixture.pass(180);
    fixture.connector("news").always(Reply::NotSetUp);
    for id in if waits_first { [waits, begun] } else { [begun, waits] } {
        fixture.sign_up(id, 100);
    }
    fixture.directory.with(|state| state.faults.insert(waits.parse().unwrap(), Fault::Status(503)));
    let accounts = fixture.accounts();
    for _ in 0..2 {
        let report = Box::pin(accounts.run()).await.unwrap();
        assert_eq!((report.failed, report.waiting, report.released_codes), (1, 1, 0));
    }
    fixture.directory.with(|state| state.faults.clear());
    let report = Box::pin(accounts.run()).await.unwrap();
    assert_eq!((report.accepted_codes, report.released_codes), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_released_while_an_account_is_left_for_the_next_run() {
    let mut fixture = Fixture::new(&[("news", &[])]);
    fixture.settings.concurrency = 1;
    fixture.run().await.unwrap();
    fixture.submits(&code(1), KIMS, 0).await;
    fixture.pass(180);
    fixture.connector("news").replies(Reply::UntilTheEnd);
    for id in [JO, KIM] {
        fixture.sign_up(id, 100);
    }
    let report = fixture.run().await.unwrap();
    assert_eq!((report.left, report.released_codes), (2, 0));
    assert_eq!(fixture.run().await.unwrap().accepted_codes, 1);
}

#[tokio::test(start_paused = true)]
async fn a_code_that_was_reserved_while_the_log_was_read_is_accepted() {
    let fixture = Fixture::new(&[("news", &[])]);
    fixture.directory.with(|state| state.page_delay = Duration::from_mins(1));
    let signs_up = async {
        tokio::time::sleep(Duration::from_secs(30)).await;
        fixture.submits(&code(1), JOS, 1).await;
        fixture.sign_up(JO, 0);
    };
    let (report, ()) = tokio::join!(fixture.run(), signs_up);
    assert_eq!(report.unwrap().accepted_codes, 1);
}

#[tokio::test]
async fn an_account_that_has_begun_stops_no_release() {
    let fixture = Fixture::new(&[("news", &[])]);
    fixture.run().await.unwrap();
    fixture.submits(&code(1), JOS, 0).await;
    fixture.pass(180);
    fixture.sign_up(KIM, 100);
    fixture.connector("news").always(Reply::NotSetUp);
    let report = fixture.run().await.unwrap();
    assert_eq!((report.waiting, report.released_codes), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_released_while_the_window_is_not_read_to_its_end() {
    let fixture = Fixture::new(&[("news", &[])]);
    fixture.run().await.unwrap();
    fixture.submits(&code(1), "nobody@example.com", 0).await;
    fixture.pass(180);
    fixture.directory.with(|state| (state.page_size, state.page_delay) = (1, Duration::from_mins(3)));
    for (id, minutes) in [(JO, 9), (KIM, 8), (LEE, 7)] {
        fixture.sign_up(id, minutes);
    }
    let report = fixture.run().await.unwrap();
    assert_eq!((report.discovery_incomplete, report.released_codes), (true, 0));
    fixture.directory.with(|state| state.page_delay = Duration::ZERO);
    assert_eq!(fixture.run().await.unwrap().released_codes, 1);
}

#[tokio::test]
async fn nothing_is_released_when_the_log_cannot_be_read() {
    let fixture = Fixture::new(&[("news", &[])]);
    fixture.run().await.unwrap();
    fixture.submits(&code(1), JOS, 0).await;
    fixture.pass(600);
    fixture.directory.with(|state| state.log_status = Some(503));
    assert!(matches!(fixture.run().await, Err(RunError::Discovery(_))));
    assert_eq!(fixture.history(&code(1)).await, ["reserved"]);
}

/// There was no run for a month, and the log reaches back one week.
async fn fixture_with_a_gap() -> Fixture {
    let fixture = Fixture::new(&[("news", &[])]);
    fixture.run().await.unwrap();
    fixture.submits(&code(1), JOS, 0).await;
    fixture.pass(60 * 24 * 30);
    fixture.submits(&code(2), KIMS, 300).await;
    fixture.submits(&code(3), KIMS, 5).await;
    fixture.directory.with(|state| state.retention = Some(fixture.clock.now() - TimeDelta::days(7)));
    fixture
}

#[tokio::test]
async fn what_was_reserved_before_a_gap_is_kept_and_what_was_after_it_is_released() {
    let fixture = fixture_with_a_gap().await;
    let report = fixture.run().await.unwrap();
    assert_eq!((report.gap_possible, report.kept_codes, report.released_codes), (true, 1, 1));
    assert_eq!(fixture.history(&code(1)).await, ["reserved", "kept"]);
    assert_eq!(fixture.history(&code(2)).await, ["reserved", "released"]);
    assert_eq!(fixture.history(&code(3)).await, ["reserved"]);
    assert_eq!(fixture.run().await.unwrap().kept_codes, 0);
}

#[tokio::test]
async fn no_kill_makes_a_gap_forgotten() {
    let whole = fixture_with_a_gap().await;
    whole.switch.allow(i64::MAX);
    whole.run().await.unwrap();
    for writes in 0..whole.switch.used.load(Ordering::Relaxed) {
        let fixture = fixture_with_a_gap().await;
        fixture.switch.allow(writes);
        let _killed = fixture.run().await;
        fixture.switch.allow(i64::MAX);
        fixture.pass(5);
        fixture.run().await.unwrap();
        assert_eq!(fixture.history(&code(1)).await, ["reserved", "kept"], "killed after {writes}");
    }
}

#[tokio::test]
async fn an_account_that_shows_after_the_gap_has_its_code_all_the_same() {
    let fixture = fixture_with_a_gap().await;
    fixture.sign_up(JO, 2);
    let report = fixture.run().await.unwrap();
    assert_eq!((report.kept_codes, report.accepted_codes), (1, 1));
    assert_eq!(fixture.history(&code(1)).await, ["reserved", "kept", "accepted"]);
}

#[tokio::test]
async fn what_is_older_than_the_very_first_run_reaches_is_kept() {
    let fixture = Fixture::new(&[("news", &[])]);
    fixture.submits(&code(1), JOS, 600).await;
    fixture.sign_up(JO, 590);
    fixture.submits(&code(2), KIMS, 5).await;
    let report = fixture.run().await.unwrap();
    assert_eq!((report.kept_codes, report.released_codes), (1, 0), "{report:?}");
    fixture.pass(180);
    let report = fixture.run().await.unwrap();
    assert_eq!((report.kept_codes, report.released_codes), (0, 1), "{report:?}");
}

#[tokio::test]
async fn the_invitation_behind_the_code_is_seen_before_one_for_the_address() {
    let mut fixture = Fixture::new(&[("billing", &[]), ("news", &[])]);
    fixture.settings.needs_invite = true;
    fixture.submits(&code(1), JOS, 3).await;
    fixture.submits(&code(1), KIMS, 3).await;
    fixture.invite_by_code(&code(1), Some("2026-11-21T09:00:00Z"), "expired");
    fixture.invite_by_code(&code(1), None, "by code");
    // KIM was admitted by the code. This invitation may be for another app, or have been added later.
    fixture.invite(KIMS, None, &[("name", "by address")]);
    for id in [JO, KIM, LEE] {
        fixture.sign_up(id, 1);
    }
    // In the second run the codes are those that the first one accepted.
    fixture.connector("news").replies(Reply::Ok);
    fixture.connector("billing").always(Reply::Unavailable(None));
    fixture.run().await.unwrap();
    let seen = |connector: &str| {
        let contexts = fixture.connector(connector).contexts().into_iter();
        let mut seen: Vec<_> =
            contexts.map(|context| (context["user"]["email"].to_string(), context["invite"].clone())).collect();
        seen.sort_by(|one, other| one.0.cmp(&other.0));
        seen.into_iter().map(|(_, invite)| invite).collect::<Vec<_>>()
    };
    let by_code = json!({"name": "by code", "tags": [], "groups": ["beta"], "roles": ["Tester"], "source": "beta"});
    let news = seen("news");
    let none = Invitation::to_context(None, &AttributeTypes::default());
    assert_eq!((&news[0], &news[1], &news[2]), (&by_code, &by_code, &none));
}

#[tokio::test]
async fn of_one_codes_invitations_the_one_counts_that_was_valid_when_the_account_was_made() {
    let mut fixture = Fixture::new(&[("news", &[])]);
    fixture.settings.needs_invite = true;
    fixture.submits(&code(1), JOS, 3).await;
    fixture.invite_by_code(&code(1), Some("2026-11-21T09:57:00Z"), "expired before");
    fixture.invite_by_code(&code(1), Some("2026-11-21T09:59:00Z"), "expired since");
    fixture.invite_by_code(&code(1), None, "never expires");
    fixture.sign_up(JO, 2);
    assert_eq!(fixture.run().await.unwrap().done, 1);
    assert_eq!(fixture.connector("news").contexts()[0]["invite"]["name"], "expired since");
}

#[tokio::test]
async fn an_earlier_runs_acceptance_shows_its_invitation_even_an_expired_one() {
    let mut fixture = Fixture::new(&[("billing", &[]), ("news", &["billing"])]);
    fixture.settings.needs_invite = true;
    fixture.submits(&code(1), JOS, 3).await;
    fixture.submits(&code(2), JOS, 2).await;
    fixture.invite_by_code(&code(1), None, "reserved first");
    fixture.invite_by_code(&code(2), Some("2026-11-21T09:00:00Z"), "reserved last");
    fixture.sign_up(JO, 1);
    fixture.connector("billing").replies(Reply::Unavailable(None));
    fixture.run().await.unwrap();
    assert_eq!(fixture.run().await.unwrap().done, 1);
    assert_eq!(fixture.connector("news").contexts()[0]["invite"]["name"], "reserved last");
}

#[tokio::test]
async fn without_need_no_invitation_is_asked_for_and_codes_are_accepted_all_the_same() {
    let fixture = Fixture::new(&[("news", &[])]);
    fixture.invites.broken.store(true, Ordering::Relaxed);
    fixture.submits(&code(1), JOS, 3).await;
    fixture.sign_up(JO, 1);
    assert_eq!(fixture.run().await.unwrap().accepted_codes, 1);
    assert_eq!(
        fixture.connector("news").contexts()[0]["invite"],
        Invitation::to_context(None, &AttributeTypes::default())
    );
}

#[tokio::test]
async fn what_start_remembered_is_deleted_after_an_hour() {
    let fixture = Fixture::new(&[]);
    let starts = RememberedStarts::new(&fixture.store, None);
    let sign_up = "6b264006-9d46-4409-bdb7-a501b6c22527".parse().unwrap();
    let start = EventOrigin { app: None, correlation_id: Some(&sign_up), network: None, identities: &[] };
    let address = RememberedAddress {
        address: JOS.parse().unwrap(),
        provenance: Provenance::Verified,
        source: "identity".into(),
    };
    starts.remember(Visibility::Shared, &start, Some(address), now()).await.unwrap();
    // The store has a clock of its own.
    let written = fixture.store.list("admissions").await.unwrap()[0].modified;
    fixture.clock.advance(written + TimeDelta::minutes(59) - now());
    fixture.run().await.unwrap();
    assert_eq!(fixture.store.list("admissions").await.unwrap().len(), 1);
    fixture.pass(2);
    fixture.run().await.unwrap();
    assert!(fixture.store.list("admissions").await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn no_account_waits_for_a_sweep_and_no_run_beyond_its_limit() {
    let mut fixture = Fixture::new(&[("news", &[])]);
    fixture.settings.run_limit = Duration::from_secs(18);
    fixture.switch.hang_at("admissions");
    fixture.sign_up(JO, 1);
    let begin = tokio::time::Instant::now();
    let report = fixture.run().await.unwrap();
    assert_eq!((report.done, begin.elapsed().as_secs()), (1, 18), "{report:?}");
}
