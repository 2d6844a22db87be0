//! Random people, in random order, whose steps interleave at random: never more uses taken than there are.

use std::collections::BTreeMap;

use futures_util::future::{BoxFuture, join_all};
use proptest::prelude::*;

use super::doubles::Shelf;
use super::*;

/// What somebody does.
#[derive(Debug, Clone)]
enum Act {
    Reserve { address: Option<usize>, person: Option<usize> },
    Accept { address: usize },
    Release,
    Keep,
}

fn act() -> impl Strategy<Value = Act> {
    let (address, person) = (prop::option::weighted(0.6, 0..4_usize), prop::option::weighted(0.7, 0..4_usize));
    prop_oneof![
        6 => (address, person).prop_map(|(address, person)| Act::Reserve { address, person }),
        2 => (0..4_usize).prop_map(|address| Act::Accept { address }),
        2 => Just(Act::Release),
        1 => Just(Act::Keep),
    ]
}

/// Acts of one moment, all at once. Each is done by a process of its own.
#[derive(Debug, Clone)]
struct Moment {
    acts: Vec<Act>,
    /// Minutes since the last one.
    after: i64,
    uses: u32,
}

fn moment() -> impl Strategy<Value = Moment> {
    let after = prop_oneof![Just(0), Just(6), Just(20), Just(70)];
    (prop::collection::vec(act(), 1..6), after, 1..4_u32).prop_map(|(acts, after, uses)| Moment { acts, after, uses })
}

/// Says who was admitted, if anybody was.
async fn perform(act: Act, shelf: &Shelf, uses: u32, at: DateTime<Utc>) -> Option<(Guest, Reserved)> {
    let reservations = shelf.reservations();
    match act {
        Act::Reserve { address, person } => {
            let guest = Guest { address, person };
            let reserved = guest.at(&reservations, uses, at).await;
            assert!(!matches!(reserved, Err(ReserveError::Contended | ReserveError::Store(_))), "{reserved:?}");
            return reserved.ok().map(|reserved| (guest, reserved));
        }
        Act::Accept { address } => {
            let account = format!("bbbbbbbb-0000-4000-8000-{address:012}").parse().unwrap();
            let index = reservations.index().await.unwrap();
            reservations.accept(&index, &account, &[person(address)], at).await.unwrap().unwrap();
        }
        Act::Release => {
            let index = reservations.index().await.unwrap();
            reservations.release(&index, at, now() - minutes(1), at).await.unwrap();
        }
        Act::Keep => {
            reservations.keep(at - minutes(200), at).await.unwrap();
        }
    }
    None
}

/// Goes through the events in the order of writing. What is in use may only grow while it is below the uses, and each
/// slot's events follow from each other.
fn replay(events: &[(u32, u32, Event)], uses: u32, slots: &mut BTreeMap<u32, (u32, Event)>) {
    for (slot, number, event) in events {
        let before = slots.get(slot).map(|(_, event)| event.clone());
        let expected = slots.get(slot).map_or(0, |(last, _)| last + 1);
        assert_eq!(*number, expected, "no number is left out");
        let taken = before.as_ref().is_some_and(Event::is_in_use);
        match event {
            Event::Reserved(reservation) if taken => {
                let held = before.as_ref().and_then(Event::waiting).expect("only what waits is renewed");
                assert_eq!(
                    (&held.holder, &held.address, held.since, held.renewals + 1),
                    (&reservation.holder, &reservation.address, reservation.since, reservation.renewals)
                );
                assert!(reservation.renewals <= RENEWALS && reservation.at - held.since.unwrap() < RENEWABLE);
            }
            Event::Reserved(_) => {
                let in_use = slots.values().filter(|(_, event)| event.is_in_use()).count();
                assert!(in_use < uses as usize, "{in_use} of {uses} were in use when another was taken");
            }
            Event::Accepted { reservation, .. } => {
                let open = before.as_ref().and_then(Event::without_account).expect("nothing is accepted twice");
                assert_eq!(open, reservation);
            }
            Event::Kept { .. } | Event::Released { .. } => {
                let waiting = before.as_ref().and_then(Event::waiting).expect("only what waits is settled");
                assert!(waiting.address.is_some());
            }
            Event::Unreadable => panic!("it is readable"),
        }
        slots.insert(*slot, (*number, event.clone()));
    }
}

fn run(moments: Vec<Moment>, pauses: Vec<u8>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let shelf = Shelf::new();
    shelf.pauses(pauses);
    let (mut at, mut seen, mut slots) = (now(), 0, BTreeMap::new());
    for Moment { acts, after, uses } in moments {
        at += minutes(after);
        let acts = acts.into_iter().map(|act| -> BoxFuture<'_, _> { Box::pin(perform(act, &shelf, uses, at)) });
        let admitted = runtime.block_on(join_all(acts.collect::<Vec<_>>()));
        let events = shelf.events();
        replay(&events[seen..], uses, &mut slots);
        for (guest, _) in admitted.iter().flatten() {
            let address = guest.address.map(|number| AddressDigest::of(&person(number)));
            let holder = HolderId::of(address.as_ref(), guest.person.map(super::seen).as_ref());
            let known = guest.address.is_some() || guest.person.is_some();
            let theirs =
                |(.., event): &&(u32, u32, Event)| event.reservation().is_some_and(|held| held.holder == holder);
            assert!(!known || events.iter().any(|event| theirs(&event)), "{guest:?} was admitted without a use");
        }
        let taken = events[seen..].iter().filter(|(.., event)| event.waiting().is_some()).count();
        assert_eq!(admitted.iter().flatten().count(), taken, "each admission is written, as a new use or as a renewal");
        seen = events.len();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn never_more_uses_are_taken_than_there_are(
        moments in prop::collection::vec(moment(), 1..7),
        pauses in prop::collection::vec(0..4_u8, 0..200),
    ) {
        run(moments, pauses);
    }
}
