//! The room as a whole: who gets a use, and who does not.

mod admissions;
mod doubles;
mod faults;
mod interleaving;
mod settle;

use std::path::Path;

use futures_util::future::join_all;
use rstest::rstest;

use super::*;
use crate::values::Code;
use doubles::Shelf;

impl Reservations {
    /// How many uses of a code are left, by the slots alone.
    pub(super) async fn uses_left(&self, code: &CodeDigest, uses: u32) -> Result<u32, StoreError> {
        let in_use = self.log.of_code(code).await?.iter().filter(|slot| slot.event.is_in_use()).count();
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

fn sign_up(number: usize) -> CorrelationId {
    format!("aaaaaaaa-0000-4000-8000-{number:012}").parse().unwrap()
}

/// Somebody at the door: an address and a sign-up, by number.
#[derive(Debug, Clone, Copy)]
struct Guest {
    address: Option<usize>,
    sign_up: Option<usize>,
}

fn guest(address: usize, sign_up: usize) -> Guest {
    Guest { address: Some(address), sign_up: Some(sign_up) }
}

impl Guest {
    /// Claims the code.
    async fn at(self, reservations: &Reservations, uses: u32, now: DateTime<Utc>) -> Result<Reserved, ReserveError> {
        let (address, correlation_id) = (self.address.map(person), self.sign_up.map(sign_up));
        let claim = Claim { code: &code(), uses, address: address.as_ref(), correlation_id: correlation_id.as_ref() };
        reservations.reserve(&claim, now).await
    }
}

/// Releases what one person has.
async fn release(shelf: &Shelf, number: usize) {
    let log = Log::new(shelf.store());
    let theirs = Some(AddressDigest::of(&person(number)));
    for slot in log.of_code(&code()).await.unwrap() {
        if slot.event.waiting().is_some_and(|held| held.address == theirs) {
            log.append(slot.place, &Event::Released { at: now() }).await.unwrap();
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
        let processes = (0..3).map(|_| Reservations::new(store.clone())).collect();
        let outcomes = race(processes, uses, (0..60).map(|number| guest(number, number)).collect()).await;
        let won = outcomes.iter().filter(|outcome| matches!(outcome, Ok(Reserved::New))).count();
        let used_up = outcomes.iter().filter(|outcome| matches!(outcome, Err(ReserveError::UsedUp))).count();
        assert_eq!((won, used_up), (uses as usize, 60 - uses as usize));
        let expected: Vec<_> = (0..uses).map(|slot| format!("{slot}-0.json")).collect();
        assert_eq!(events(&store).await, expected);
    }
}

#[rstest]
#[case(Guest { address: Some(1), sign_up: Some(1) })]
#[case(Guest { address: None, sign_up: Some(1) })]
#[case(Guest { address: Some(1), sign_up: None })]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_call_that_is_repeated_at_the_same_time_takes_one_use(#[case] guest: Guest) {
    let store = StateStore::in_memory();
    let processes = (0..4).map(|_| Reservations::new(store.clone())).collect();
    let outcomes = race(processes, 9, vec![guest; 40]).await;
    let new = outcomes.iter().filter(|outcome| matches!(outcome, Ok(Reserved::New))).count();
    assert!(new == 1 && outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert_eq!(events(&store).await.len(), 1);
}

#[tokio::test]
async fn one_address_has_one_use_in_however_many_sign_ups() {
    let shelf = Shelf::new();
    let reservations = shelf.reservations();
    assert_eq!(guest(1, 1).at(&reservations, 2, now()).await.unwrap(), Reserved::New);
    assert_eq!(guest(1, 2).at(&reservations, 2, now()).await.unwrap(), Reserved::Again);
    assert_eq!(Guest { address: Some(1), sign_up: None }.at(&reservations, 2, now()).await.unwrap(), Reserved::Again);
    assert_eq!(shelf.written().len(), 1, "nothing need be written");
    assert_eq!(reservations.uses_left(&code(), 2).await.unwrap(), 1);
}

#[tokio::test]
async fn one_sign_up_has_one_use_with_and_without_its_address() {
    let shelf = Shelf::new();
    for (address, reserved) in [(Some(1), Reserved::New), (None, Reserved::Again), (Some(2), Reserved::Again)] {
        assert_eq!(Guest { address, sign_up: Some(1) }.at(&shelf.reservations(), 5, now()).await.unwrap(), reserved);
    }
}

#[tokio::test]
async fn whoever_has_neither_address_nor_sign_up_takes_a_use_each_time() {
    let reservations = Shelf::new().reservations();
    let nobody = Guest { address: None, sign_up: None };
    for _ in 0..2 {
        assert_eq!(nobody.at(&reservations, 2, now()).await.unwrap(), Reserved::New);
    }
    assert!(matches!(nobody.at(&reservations, 2, now()).await, Err(ReserveError::UsedUp)));
}

#[rstest]
#[case(29, 1)]
#[case(30, 1)]
#[case(31, 2)]
#[case(59, 2)]
#[case(600, 2)]
#[tokio::test]
async fn what_is_reserved_stays_so_for_half_a_lease_at_least(#[case] after: i64, #[case] written: usize) {
    let shelf = Shelf::new();
    guest(1, 1).at(&shelf.reservations(), 1, now()).await.unwrap();
    let later = now() + minutes(after);
    assert_eq!(guest(1, 2).at(&shelf.reservations(), 1, later).await.unwrap(), Reserved::Again);
    let events = shelf.events();
    assert_eq!(events.len(), written);
    let last = events.last().unwrap().2.waiting().unwrap();
    assert!(last.until >= later + LEASE / 2, "{last:?}");
    assert_eq!(last.address, Some(AddressDigest::of(&person(1))));
}

#[tokio::test]
async fn a_released_use_is_free_and_a_renewal_of_it_starts_over() {
    let shelf = Shelf::new();
    let reservations = shelf.reservations();
    guest(1, 1).at(&reservations, 1, now()).await.unwrap();
    let ledger = reservations.ledger().await.unwrap();
    reservations.release(&ledger, now() + LEASE, now(), now() + minutes(180)).await.unwrap();
    assert_eq!(reservations.uses_left(&code(), 1).await.unwrap(), 1);
    assert_eq!(guest(2, 2).at(&reservations, 1, now() + minutes(180)).await.unwrap(), Reserved::New);
    let late = guest(1, 1).at(&reservations, 1, now() + minutes(180)).await;
    assert!(matches!(late, Err(ReserveError::UsedUp)), "the same sign-up, but its use is somebody else's now");
    let names: Vec<_> = shelf.names().iter().map(|name| name.rsplit('/').next().unwrap().to_owned()).collect();
    assert_eq!(names, ["0-0.json", "0-1.json", "0-2.json"]);
}

#[tokio::test]
async fn a_use_that_was_accepted_admits_the_same_sign_up_and_a_new_one_needs_another() {
    let shelf = Shelf::new();
    let reservations = shelf.reservations();
    guest(1, 1).at(&reservations, 2, now()).await.unwrap();
    let account = "9fb7a577-9469-4489-912d-bc58a5bca276".parse().unwrap();
    let ledger = reservations.ledger().await.unwrap();
    reservations.accept(&ledger, &account, &[person(1)], now()).await.unwrap().unwrap();
    assert_eq!(guest(1, 1).at(&reservations, 2, now()).await.unwrap(), Reserved::Again);
    assert_eq!(Guest { address: None, sign_up: Some(1) }.at(&reservations, 2, now()).await.unwrap(), Reserved::Again);
    assert_eq!(guest(1, 2).at(&reservations, 2, now()).await.unwrap(), Reserved::New);
    assert_eq!(reservations.uses_left(&code(), 2).await.unwrap(), 0);
    assert!(matches!(guest(2, 3).at(&reservations, 2, now()).await, Err(ReserveError::UsedUp)));
    assert_eq!(guest(1, 1).at(&reservations, 2, now() + minutes(999)).await.unwrap(), Reserved::Again);
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
async fn to_look_what_is_left_makes_no_folder() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let reservations = Reservations::new(StateStore::local(&state));
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
    let ledger = reservations.ledger().await.unwrap();
    reservations.accept(&ledger, &account, &[person(1)], now()).await.unwrap().unwrap();
    reservations.keep(now() + minutes(1), now()).await.unwrap();
    guest(4, 4).at(&reservations, 4, now()).await.unwrap();
    let ledger = reservations.ledger().await.unwrap();
    reservations.release(&ledger, now() + LEASE, now(), now()).await.unwrap();
    let written = shelf.written();
    assert_eq!(written.len(), 8);
    for (name, content) in written {
        let text = format!("{name} {}", String::from_utf8(content).unwrap()).to_lowercase();
        for secret in [shown.to_lowercase(), shown.replace('-', "").to_lowercase()] {
            assert!(!text.contains(&secret), "{text}");
        }
        assert!(!text.contains("person") && !text.contains("example"), "{text}");
    }
    let debugged = format!("{:?} {ledger:?}", shelf.events());
    assert!(!debugged.contains(&serde_json::to_string(&AddressDigest::of(&person(1))).unwrap()), "{debugged}");
}
