//! Accepted, released, kept.

use super::super::release::{AcceptedCodes, ReleaseCounts};
use super::doubles::Shelf;
use super::faults::logged;
use super::*;
use crate::values::ObjectId;

const OLDEST: &str = "2026-11-21T09:00:00Z";

fn oldest() -> DateTime<Utc> {
    OLDEST.parse().unwrap()
}

fn account(number: usize) -> ObjectId {
    format!("bbbbbbbb-0000-4000-8000-{number:012}").parse().unwrap()
}

/// Another code, by number.
fn other(number: u8) -> CodeDigest {
    (0..=u8::MAX).find_map(|last| Code::from_random([number.wrapping_add(9) ^ last; 16])).unwrap().digest()
}

async fn reserve(reservations: &Reservations, code: &CodeDigest, address: usize, at: DateTime<Utc>) {
    let (address, seen) = (person(address), seen(address));
    let claim = ReservationRequest { code, uses: 9, address: Some(&address), person: Some(&seen) };
    reservations.reserve(&claim, at).await.unwrap();
}

async fn accept(reservations: &Reservations, number: usize, addresses: &[usize]) -> AcceptedCodes {
    let index = reservations.index().await.unwrap();
    let addresses: Vec<_> = addresses.iter().map(|number| person(*number)).collect();
    reservations.accept(&index, &account(number), &addresses, now()).await.unwrap().unwrap()
}

#[tokio::test]
async fn an_account_accepts_every_code_of_its_addresses_and_no_other_and_only_once() {
    let shelf = Shelf::new();
    let reservations = shelf.reservations();
    for (at, code) in [(0, code()), (1, other(1)), (2, other(2))] {
        reserve(&reservations, &code, 1, now() + minutes(at)).await;
    }
    reserve(&reservations, &code(), 2, now()).await;
    reserve(&reservations, &other(1), 3, now()).await;
    let latest_first = vec![other(2), other(1), code()];
    let lines = logged("code-accepted", async {
        let accepted = accept(&reservations, 1, &[7, 1]).await;
        assert_eq!(accepted, AcceptedCodes { new: 3, codes: latest_first.clone() });
    });
    let lines = lines.await;
    assert_eq!(lines.len(), 3);
    assert_eq!((&lines[0]["account"], lines[0]["code"].as_str().unwrap().len()), (&account(1).as_str().into(), 8));
    assert_eq!(accept(&reservations, 1, &[1]).await, AcceptedCodes { new: 0, codes: latest_first.clone() });
    assert_eq!(reservations.index().await.unwrap().codes(&account(1)), latest_first);
    assert_eq!(accept(&reservations, 2, &[1, 9]).await, AcceptedCodes::default(), "they are another account's");
    assert_eq!(shelf.written().len(), 5 + 3);
}

#[tokio::test]
async fn a_reservation_that_was_renewed_meanwhile_is_accepted_and_not_released() {
    let shelf = Shelf::new();
    let reservations = shelf.reservations();
    guest(1, 1).at(&reservations, 1, now()).await.unwrap();
    let stale = reservations.index().await.unwrap();
    guest(1, 2).at(&reservations, 1, now() + minutes(10)).await.unwrap();
    let settled = reservations.release(&stale, now() + LEASE, oldest(), now()).await.unwrap();
    assert_eq!(settled, ReleaseCounts::default());
    let accepted = reservations.accept(&stale, &account(1), &[person(1)], now()).await.unwrap().unwrap();
    assert_eq!(accepted.new, 1);
    let last = shelf.events().pop().unwrap();
    assert!(matches!(last, (0, 2, Event::Accepted { .. })), "{last:?}");
}

#[tokio::test]
async fn a_reservation_that_was_released_meanwhile_and_is_somebody_elses_now_is_not_accepted() {
    let shelf = Shelf::new();
    let reservations = shelf.reservations();
    guest(1, 1).at(&reservations, 1, now()).await.unwrap();
    let stale = reservations.index().await.unwrap();
    reservations.release(&stale, now() + LEASE, oldest(), now()).await.unwrap();
    guest(2, 2).at(&reservations, 1, now()).await.unwrap();
    let accepted = reservations.accept(&stale, &account(1), &[person(1)], now()).await.unwrap().unwrap();
    assert_eq!(accepted, AcceptedCodes::default());
}

#[tokio::test]
async fn a_lease_that_has_ended_is_released_and_one_that_has_not_is_not() {
    let reservations = Shelf::new().reservations();
    reserve(&reservations, &code(), 1, now()).await;
    reserve(&reservations, &code(), 2, now() + minutes(1)).await;
    let index = reservations.index().await.unwrap();
    let before = now() + LEASE - minutes(1);
    assert!(!index.has_ended(before) && index.has_ended(now() + LEASE));
    assert_eq!(reservations.release(&index, before, oldest(), now()).await.unwrap(), ReleaseCounts::default());
    let released = ReleaseCounts { released: 1, kept: 0 };
    let lines = logged("code-released", async {
        assert_eq!(reservations.release(&index, now() + LEASE, oldest(), now()).await.unwrap(), released);
        assert_eq!(
            reservations.release(&index, now() + LEASE, oldest(), now()).await.unwrap(),
            ReleaseCounts::default()
        );
    });
    assert_eq!(lines.await.len(), 1);
    assert_eq!(reservations.uses_left(&code(), 9).await.unwrap(), 8);
}

#[tokio::test]
async fn a_reservation_without_an_address_is_never_released_nor_accepted() {
    let reservations = Shelf::new().reservations();
    for person in [Some(1), None] {
        Guest { address: None, person }.at(&reservations, 2, now()).await.unwrap();
    }
    let index = reservations.index().await.unwrap();
    let far = now() + TimeDelta::days(900);
    assert_eq!(reservations.release(&index, far, oldest(), far).await.unwrap(), ReleaseCounts::default());
    assert_eq!(reservations.keep(far, far).await.unwrap(), 0);
    assert_eq!(accept(&reservations, 1, &[1]).await, AcceptedCodes::default());
    assert_eq!(reservations.uses_left(&code(), 2).await.unwrap(), 0);
}

#[tokio::test]
async fn what_nobody_can_know_is_kept_and_accepted_should_the_account_show_after_all() {
    let shelf = Shelf::new();
    let reservations = shelf.reservations();
    for (number, at) in [(1, -90), (2, -60), (3, 0)] {
        reserve(&reservations, &code(), number, now() + minutes(at)).await;
    }
    let index = reservations.index().await.unwrap();
    let lines = logged("code-kept", async {
        let settled = reservations.release(&index, now(), oldest(), now()).await.unwrap();
        assert_eq!(settled, ReleaseCounts { released: 1, kept: 1 }, "the first is older than what is looked at");
        assert_eq!(reservations.keep(now(), now()).await.unwrap(), 0);
        assert_eq!(reservations.keep(now() + minutes(1), now()).await.unwrap(), 1);
    });
    let lines = lines.await;
    assert!(lines.len() == 2 && lines.iter().all(|line| line["level"] == "WARN"), "{lines:?}");
    assert!(lines[0]["reason"].as_str().unwrap().contains("very first run"), "{lines:?}");
    assert!(lines[1]["reason"].as_str().unwrap().contains("gap"), "{lines:?}");
    assert_eq!(reservations.uses_left(&code(), 9).await.unwrap(), 7);
    assert_eq!(guest(1, 1).at(&reservations, 9, now()).await.unwrap(), Reserved::New, "what is kept is used");
    assert_eq!(accept(&reservations, 1, &[1, 3]).await.new, 3);
}

/// However the steps of a renewal and of a release fall: the use is either renewed, or free and taken anew.
#[test]
fn a_renewal_and_a_release_at_once_leave_one_holder() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (mut renewed, mut taken_anew) = (0, 0);
    for pauses in 0..256_u32 {
        let shelf = Shelf::new();
        runtime.block_on(async {
            let (hook, timer) = (shelf.reservations(), shelf.reservations());
            guest(1, 1).at(&hook, 1, now()).await.unwrap();
            let index = timer.index().await.unwrap();
            shelf.pauses((0..8).map(|bit| u8::try_from(pauses >> bit & 1).unwrap() * 3).collect());
            let later = now() + minutes(14);
            let (again, settled) =
                tokio::join!(guest(1, 2).at(&hook, 1, later), timer.release(&index, now() + LEASE, oldest(), later),);
            match (again.unwrap(), settled.unwrap().released) {
                (Reserved::Again, 0) => renewed += 1,
                (Reserved::New, 1) => taken_anew += 1,
                other => panic!("{other:?}"),
            }
            assert!(matches!(guest(2, 3).at(&hook, 1, later).await, Err(ReserveError::UsedUp)));
        });
    }
    assert!(renewed > 0 && taken_anew > 0, "both ways: {renewed} and {taken_anew}");
}
