//! The room as a whole: who gets a use, and who does not.

mod doubles;
mod faults;
mod interleaving;
mod release;
mod starts;
mod sweep;

use std::path::Path;

use futures_util::future::join_all;
use rstest::rstest;

use super::*;
use crate::values::Code;
use doubles::Shelf;

impl Reservations {
    /// How many uses of a code are left, by the slots alone.
    pub(super) async fn uses_left(&self, code: &CodeDigest, uses: u32) -> Result<u32, StoreError> {
        let in_use = self.logs.of_code(code).await?.iter().filter(|slot| slot.last.is_in_use()).count();
        Ok(uses.min(MAX_USES).saturating_sub(u32::try_from(in_use).unwrap_or(u32::MAX)))
    }
}

fn now() -> DateTime<Utc> {
    "2026-11-21T10:00:00Z".parse().unwrap()
}

fn minutes(minutes: i64) -> TimeDelta {
    TimeDelta::minutes(minutes)
}

/// A code's digest.
fn code() -> CodeDigest {
    (0..=u8::MAX).find_map(|last| Code::from_random([last; 16])).unwrap().digest()
}

fn person(number: usize) -> EmailAddress {
    format!("person-{number}@example.com").parse().unwrap()
}

/// Somebody as a Start saw them.
fn seen(number: usize) -> PersonId {
    PersonId::from_digits(&format!("{number:032x}")).unwrap()
}

/// Somebody who sends a form: an address and a person, by number.
#[derive(Debug, Clone, Copy)]
struct Guest {
    address: Option<usize>,
    person: Option<usize>,
}

fn guest(address: usize, person: usize) -> Guest {
    Guest { address: Some(address), person: Some(person) }
}

impl Guest {
    /// Claims the code.
    async fn at(self, reservations: &Reservations, uses: u32, now: DateTime<Utc>) -> Result<Reserved, ReserveError> {
        let (address, seen) = (self.address.map(person), self.person.map(seen));
        let claim = ReservationRequest { code: &code(), uses, address: address.as_ref(), person: seen.as_ref() };
        reservations.reserve(&claim, now).await
    }
}

/// Releases what one person has.
async fn release(shelf: &Shelf, number: usize) {
    let logs = SlotLogs::new(shelf.store().open(&NAMESPACE));
    let theirs = Some(AddressDigest::of(&person(number)));
    for slot in logs.of_code(&code()).await.unwrap() {
        if slot.last.waiting().is_some_and(|held| held.address == theirs) {
            logs.append(slot.next, &Event::Released { at: now() }).await.unwrap();
        }
    }
}

/// The names of all events, without the folder.
async fn events(store: &StateStore) -> Vec<String> {
    let prefix = format!("reservations/{}/", code().to_hex());
    let mut names: Vec<_> = store.list("reservations").await.unwrap().into_iter().map(|entry| entry.name).collect();
    names.sort();
    names.into_iter().map(|name| name.strip_prefix(&prefix).unwrap().to_owned()).collect()
}

async fn race(reservations: Vec<Reservations>, uses: u32, guests: Vec<Guest>) -> Vec<Result<Reserved, ReserveError>> {
    let claims = guests.into_iter().enumerate().map(|(at, guest)| {
        let reservations = reservations[at % reservations.len()].clone();
        async move { guest.at(&reservations, uses, now()).await }
    });
    let claims: Vec<_> = claims.map(|claim| Box::pin(claim) as futures_util::future::BoxFuture<'_, _>).collect();
    #[expect(clippy::disallowed_methods, reason = "a race needs threads, and the test waits for all of them")]
    let tasks: Vec<_> = claims.into_iter().map(tokio::spawn).collect();
    join_all(tasks).await.into_iter().map(Result::unwrap).collect()
}

#[rstest]
#[case(1)]
#[case(2)]
#[case(7)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_race_exactly_as_many_win_as_there_are_uses(#[case] uses: u32) {
    let folder = tempfile::tempdir().unwrap();
    for store in [StateStore::in_memory(), StateStore::local(&folder.path().join("state"))] {
        let processes = (0..3).map(|_| Reservations::new(&store)).collect();
        let outcomes = race(processes, uses, (0..60).map(|number| guest(number, number)).collect()).await;
        let won = outcomes.iter().filter(|outcome| matches!(outcome, Ok(Reserved::New))).count();
        let used_up = outcomes.iter().filter(|outcome| matches!(outcome, Err(ReserveError::UsedUp))).count();
        assert_eq!((won, used_up), (uses as usize, 60 - uses as usize));
        let expected: Vec<_> = (0..uses).map(|slot| format!("{slot}-0.json")).collect();
        assert_eq!(events(&store).await, expected);
    }
}

#[rstest]
#[case(Guest { address: Some(1), person: Some(1) })]
#[case(Guest { address: None, person: Some(1) })]
#[case(Guest { address: Some(1), person: None })]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_call_that_is_repeated_at_the_same_time_takes_one_use(#[case] guest: Guest) {
    let store = StateStore::in_memory();
    let processes = (0..4).map(|_| Reservations::new(&store)).collect();
    let outcomes = race(processes, 9, vec![guest; 4]).await;
    let new = outcomes.iter().filter(|outcome| matches!(outcome, Ok(Reserved::New))).count();
    assert!(new == 1 && outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert_eq!(Reservations::new(&store).uses_left(&code(), 9).await.unwrap(), 8);
}

#[rstest]
#[case(Guest { address: Some(1), person: Some(1) })]
#[case(Guest { address: None, person: Some(1) })]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_forty_calls_at_once_every_fifth_takes_a_further_use(#[case] guest: Guest) {
    let store = StateStore::in_memory();
    let processes: Vec<_> = (0..4).map(|_| Reservations::new(&store)).collect();
    let outcomes = race(processes.clone(), 9, vec![guest; 36]).await;
    let new = outcomes.iter().filter(|outcome| matches!(outcome, Ok(Reserved::New))).count();
    assert!(new == 9 && outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    let more = race(processes, 9, vec![guest; 4]).await;
    assert!(more.iter().all(|outcome| matches!(outcome, Err(ReserveError::UsedUp))), "{more:?}");
}

#[tokio::test]
async fn one_address_has_one_use_whatever_a_start_saw() {
    let shelf = Shelf::new();
    let reservations = shelf.reservations();
    assert_eq!(guest(1, 1).at(&reservations, 2, now()).await.unwrap(), Reserved::New);
    assert_eq!(guest(1, 2).at(&reservations, 2, now()).await.unwrap(), Reserved::Again);
    assert_eq!(Guest { address: Some(1), person: None }.at(&reservations, 2, now()).await.unwrap(), Reserved::Again);
    assert_eq!(reservations.uses_left(&code(), 2).await.unwrap(), 1);
}

#[tokio::test]
async fn a_person_without_an_address_is_who_start_saw() {
    let shelf = Shelf::new();
    for (address, seen, reserved) in [
        (None, 1, Reserved::New),
        (None, 1, Reserved::Again),
        (None, 2, Reserved::New),
        // An address is more than what Start saw beside it.
        (Some(1), 1, Reserved::New),
        (Some(2), 1, Reserved::New),
    ] {
        let guest = Guest { address, person: Some(seen) };
        assert_eq!(guest.at(&shelf.reservations(), 5, now()).await.unwrap(), reserved, "{guest:?}");
    }
}

#[tokio::test]
async fn whoever_cannot_be_told_apart_takes_a_use_each_time() {
    let reservations = Shelf::new().reservations();
    let nobody = Guest { address: None, person: None };
    for _ in 0..2 {
        assert_eq!(nobody.at(&reservations, 2, now()).await.unwrap(), Reserved::New);
    }
    assert!(matches!(nobody.at(&reservations, 2, now()).await, Err(ReserveError::UsedUp)));
}

#[rstest]
#[case::with_an_address(guest(1, 1))]
#[case::without_one(Guest { address: None, person: Some(1) })]
#[tokio::test]
async fn a_use_is_found_again_three_times_within_a_quarter_of_an_hour(#[case] guest: Guest) {
    let shelf = Shelf::new();
    for (minute, reserved) in
        [(0, Reserved::New), (1, Reserved::Again), (2, Reserved::Again), (14, Reserved::Again), (14, Reserved::New)]
    {
        let at = now() + minutes(minute);
        assert_eq!(guest.at(&shelf.reservations(), 2, at).await.unwrap(), reserved, "{minute}");
    }
    // The second use is found again, too, and then there is none.
    for (minute, reserved) in [(28, true), (29, false)] {
        let again = guest.at(&shelf.reservations(), 2, now() + minutes(minute)).await;
        assert_eq!(again.is_ok(), reserved, "{minute}");
    }
    assert_eq!(shelf.reservations().uses_left(&code(), 2).await.unwrap(), 0);
}

#[tokio::test]
async fn a_renewal_begins_the_lease_anew_and_counts_from_the_first_time() {
    let shelf = Shelf::new();
    guest(1, 1).at(&shelf.reservations(), 1, now()).await.unwrap();
    let later = now() + minutes(10);
    assert_eq!(guest(1, 2).at(&shelf.reservations(), 1, later).await.unwrap(), Reserved::Again);
    let events = shelf.events();
    let last = events.last().unwrap().2.waiting().unwrap();
    assert_eq!((last.at, last.until, last.since, last.renewals), (later, later + LEASE, Some(now()), 1));
    assert_eq!(last.address, Some(AddressDigest::of(&person(1))));
    let too_late = guest(1, 1).at(&shelf.reservations(), 1, now() + minutes(15)).await;
    assert!(matches!(too_late, Err(ReserveError::UsedUp)));
}

#[tokio::test]
async fn a_reservation_of_an_earlier_version_is_still_its_holders() {
    let shelf = Shelf::new();
    let address = serde_json::to_value(AddressDigest::of(&person(1))).unwrap();
    let old = serde_json::json!({
        "event": "reserved", "holder": address, "address": address,
        "correlation_id": "6b264006-9d46-4409-bdb7-a501b6c22527", "at": now(), "until": now() + LEASE,
    });
    shelf.store().create(&format!("reservations/{}/0-0.json", code().to_hex()), &old).await.unwrap();
    assert_eq!(guest(1, 1).at(&shelf.reservations(), 1, now() + minutes(1)).await.unwrap(), Reserved::Again);
}

/// A use that one address holds, and whose account will come with another one or with none. (Only an object that
/// another version wrote can be so.)
#[rstest]
#[case::another_one(Some(2), [(1, 0), (2, 1)])]
#[case::none(None, [(1, 0), (2, 0)])]
#[tokio::test]
async fn a_renewed_use_stays_with_the_address_that_it_was_reserved_for(
    #[case] reserved_for: Option<usize>,
    #[case] accepted_for: [(usize, usize); 2],
) {
    let shelf = Shelf::new();
    let digest = |number| serde_json::to_value(AddressDigest::of(&person(number))).unwrap();
    let stored = serde_json::json!({
        "event": "reserved", "holder": digest(1), "address": reserved_for.map(digest), "at": now(),
        "until": now() + LEASE,
    });
    shelf.store().create(&format!("reservations/{}/0-0.json", code().to_hex()), &stored).await.unwrap();
    let reservations = shelf.reservations();
    assert_eq!(guest(1, 1).at(&reservations, 1, now() + minutes(1)).await.unwrap(), Reserved::Again);
    let index = reservations.index().await.unwrap();
    let account = "9fb7a577-9469-4489-912d-bc58a5bca276".parse().unwrap();
    for (address, accepted) in accepted_for {
        let accepted_codes = reservations.accept(&index, &account, &[person(address)], now()).await.unwrap().unwrap();
        assert_eq!(accepted_codes.new, accepted, "{address}");
    }
}

#[tokio::test]
async fn a_clock_that_was_set_back_renews_nothing() {
    let reservations = Shelf::new().reservations();
    guest(1, 1).at(&reservations, 2, now()).await.unwrap();
    assert_eq!(guest(1, 1).at(&reservations, 2, now() - minutes(14)).await.unwrap(), Reserved::Again);
    assert_eq!(guest(1, 1).at(&reservations, 2, now() - minutes(15)).await.unwrap(), Reserved::New);
}

#[tokio::test]
async fn to_look_whether_a_use_is_left_writes_nothing_and_says_what_a_claim_would_get() {
    let shelf = Shelf::new();
    let reservations = shelf.reservations();
    let would = async |number: usize, uses| {
        let (code, address) = (code(), person(number));
        let claim = ReservationRequest { code: &code, uses, address: Some(&address), person: None };
        reservations.would_reserve(&claim, now()).await.unwrap()
    };
    assert!(would(1, 1).await && shelf.written().is_empty());
    guest(1, 1).at(&reservations, 1, now()).await.unwrap();
    assert_eq!((would(1, 1).await, would(2, 1).await, would(2, 2).await), (true, false, true));
    assert_eq!(shelf.written().len(), 1);
}

#[tokio::test]
async fn a_released_use_is_free_and_a_renewal_of_it_starts_over() {
    let shelf = Shelf::new();
    let reservations = shelf.reservations();
    guest(1, 1).at(&reservations, 1, now()).await.unwrap();
    let index = reservations.index().await.unwrap();
    reservations.release(&index, now() + LEASE, now(), now() + minutes(180)).await.unwrap();
    assert_eq!(reservations.uses_left(&code(), 1).await.unwrap(), 1);
    assert_eq!(guest(2, 2).at(&reservations, 1, now() + minutes(180)).await.unwrap(), Reserved::New);
    let late = guest(1, 1).at(&reservations, 1, now() + minutes(180)).await;
    assert!(matches!(late, Err(ReserveError::UsedUp)), "their use is somebody else's now");
    let names: Vec<_> = shelf.names().iter().map(|name| name.rsplit('/').next().unwrap().to_owned()).collect();
    assert_eq!(names, ["0-0.json", "0-1.json", "0-2.json"]);
}

#[tokio::test]
async fn a_use_that_was_accepted_is_found_by_nobody() {
    let shelf = Shelf::new();
    let reservations = shelf.reservations();
    guest(1, 1).at(&reservations, 2, now()).await.unwrap();
    let account = "9fb7a577-9469-4489-912d-bc58a5bca276".parse().unwrap();
    let index = reservations.index().await.unwrap();
    reservations.accept(&index, &account, &[person(1)], now()).await.unwrap().unwrap();
    assert_eq!(guest(1, 1).at(&reservations, 2, now()).await.unwrap(), Reserved::New);
    assert_eq!(reservations.uses_left(&code(), 2).await.unwrap(), 0);
    assert!(matches!(guest(2, 3).at(&reservations, 2, now()).await, Err(ReserveError::UsedUp)));
}

#[tokio::test]
async fn uses_that_the_list_lowered_count_wherever_they_are() {
    let shelf = Shelf::new();
    let reservations = shelf.reservations();
    for number in 0..8 {
        guest(number, number).at(&reservations, 8, now()).await.unwrap();
    }
    // Everybody but the holder of slot 7 goes.
    let last = shelf.events().into_iter().find(|(slot, ..)| *slot == 7).unwrap().2;
    for number in (0..8).filter(|number| last.waiting().unwrap().address != Some(AddressDigest::of(&person(*number)))) {
        release(&shelf, number).await;
    }
    assert_eq!(reservations.uses_left(&code(), 2).await.unwrap(), 1);
    assert_eq!(reservations.uses_left(&code(), 1).await.unwrap(), 0);
    assert!(matches!(guest(20, 20).at(&reservations, 1, now()).await, Err(ReserveError::UsedUp)));
    let processes = (0..3).map(|_| shelf.reservations()).collect();
    let outcomes = race(processes, 2, (30..50).map(|number| guest(number, number)).collect()).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "of two uses one is taken above them");
    assert!(matches!(guest(20, 20).at(&reservations, 0, now()).await, Err(ReserveError::UsedUp)));
}

#[tokio::test]
async fn no_code_has_more_than_a_thousand_uses() {
    let reservations = Shelf::new().reservations();
    assert_eq!(reservations.uses_left(&code(), u32::MAX).await.unwrap(), 1000);
    assert_eq!(guest(1, 1).at(&reservations, u32::MAX, now()).await.unwrap(), Reserved::New);
    assert_eq!(reservations.uses_left(&code(), u32::MAX).await.unwrap(), 999);
}

#[tokio::test]
async fn after_a_thousand_uses_a_code_is_used_up_whatever_the_list_says() {
    let shelf = Shelf::new();
    let folder = format!("reservations/{}", code().to_hex());
    for slot in 0..999 {
        // Nobody can read them, so they are in use.
        shelf.store().create(&format!("{folder}/{slot}-0.json"), &serde_json::json!({})).await.unwrap();
    }
    let reservations = shelf.reservations();
    assert_eq!(guest(1, 1).at(&reservations, u32::MAX, now()).await.unwrap(), Reserved::New);
    assert!(matches!(guest(2, 2).at(&reservations, u32::MAX, now()).await, Err(ReserveError::UsedUp)));
    let (code, address) = (code(), person(2));
    let claim = ReservationRequest { code: &code, uses: u32::MAX, address: Some(&address), person: None };
    assert!(!reservations.would_reserve(&claim, now()).await.unwrap());
}

#[tokio::test]
async fn to_look_what_is_left_makes_no_folder() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let reservations = Reservations::new(&StateStore::local(&state));
    assert_eq!(reservations.uses_left(&code(), 3).await.unwrap(), 3);
    assert!(!Path::new(&state).exists());
    guest(1, 1).at(&reservations, 3, now()).await.unwrap();
    assert_eq!(reservations.uses_left(&code(), 3).await.unwrap(), 2);
}

#[tokio::test]
async fn neither_names_nor_contents_show_an_address_or_a_code() {
    let shelf = Shelf::new();
    let reservations = shelf.reservations();
    let shown = (0..=u8::MAX).find_map(|last| Code::from_random([last; 16])).unwrap().reveal();
    let account = "9fb7a577-9469-4489-912d-bc58a5bca276".parse().unwrap();
    for (number, uses) in [(1, 3), (2, 3), (3, 3)] {
        guest(number, number).at(&reservations, uses, now()).await.unwrap();
    }
    let index = reservations.index().await.unwrap();
    reservations.accept(&index, &account, &[person(1)], now()).await.unwrap().unwrap();
    reservations.keep(now() + minutes(1), now()).await.unwrap();
    guest(4, 4).at(&reservations, 4, now()).await.unwrap();
    let index = reservations.index().await.unwrap();
    reservations.release(&index, now() + LEASE, now(), now()).await.unwrap();
    let written = shelf.written();
    assert_eq!(written.len(), 8);
    for (name, content) in written {
        let text = format!("{name} {}", String::from_utf8(content).unwrap()).to_lowercase();
        for secret in [shown.to_lowercase(), shown.replace('-', "").to_lowercase()] {
            assert!(!text.contains(&secret), "{text}");
        }
        assert!(!text.contains("person") && !text.contains("example"), "{text}");
    }
    let debugged = format!("{:?} {index:?}", shelf.events());
    assert!(!debugged.contains(&serde_json::to_string(&AddressDigest::of(&person(1))).unwrap()), "{debugged}");
}
