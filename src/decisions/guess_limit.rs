//! Limits how many wrong codes people may try: ten a minute from one network address, and ten a minute for one email
//! address.
//!
//! A guess is counted before the code is looked up, and given back if the code was right. So many guesses at once
//! cannot get past the limit. Guesses are counted in this process only: a code has 75 random bits, so it cannot be
//! guessed anyway, and the limit only reduces useless load. An IPv6 address counts by its /64, which is what one
//! household has.

use std::net::IpAddr;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use moka::ops::compute::Op;
use moka::sync::Cache;

use crate::values::{EmailAddress, Network};

/// The most wrong codes within the window.
const MAX_GUESSES: u32 = 10;

/// How long a window is. It begins with the first guess.
const WINDOW: TimeDelta = TimeDelta::minutes(1);

/// The greatest number of keys that are counted. The least used ones are forgotten first.
const MAX_KEYS: u64 = 100_000;

/// What guesses are counted by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum GuessKey {
    Network(Option<Network>),
    Address(String),
}

/// The guesses of one key within its window.
#[derive(Debug, Clone, Copy)]
struct GuessCount {
    since: DateTime<Utc>,
    count: u32,
}

/// The guesses of the last minute.
#[derive(Debug, Clone)]
pub(crate) struct GuessLimit {
    guesses: Cache<GuessKey, GuessCount>,
}

impl Default for GuessLimit {
    fn default() -> Self {
        Self { guesses: Cache::builder().max_capacity(MAX_KEYS).time_to_idle(Duration::from_mins(2)).build() }
    }
}

/// A guess that was counted, with its keys.
#[derive(Debug)]
#[must_use]
pub(crate) struct CountedGuess(Vec<GuessKey>);

impl GuessLimit {
    /// Counts a guess. `None`: there were too many before.
    pub(crate) fn count(
        &self,
        ip: Option<IpAddr>,
        address: Option<&EmailAddress>,
        now: DateTime<Utc>,
    ) -> Option<CountedGuess> {
        // An address with another tag belongs to the same person.
        let address = address.map(|address| GuessKey::Address(address.widest_form()));
        let keys: Vec<GuessKey> = std::iter::once(GuessKey::Network(ip.map(Network::of))).chain(address).collect();
        let counted = keys.iter().filter(|key| self.add(key, now)).count();
        (counted == keys.len()).then_some(CountedGuess(keys))
    }

    /// Takes back a guess whose code was right.
    pub(crate) fn give_back(&self, guess: CountedGuess) {
        for key in guess.0 {
            self.guesses.entry(key).and_compute_with(|entry| match entry.map(moka::Entry::into_value) {
                Some(guesses) if guesses.count > 1 => Op::Put(GuessCount { count: guesses.count - 1, ..guesses }),
                _ => Op::Remove,
            });
        }
    }

    /// Adds a guess. Returns false if that is one too many.
    fn add(&self, key: &GuessKey, now: DateTime<Utc>) -> bool {
        let entry = self.guesses.entry_by_ref(key).and_upsert_with(|entry| {
            let current = entry.map(moka::Entry::into_value).filter(|guesses| now - guesses.since < WINDOW);
            let guesses = current.unwrap_or(GuessCount { since: now, count: 0 });
            GuessCount { count: guesses.count.saturating_add(1), ..guesses }
        });
        entry.into_value().count <= MAX_GUESSES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        "2026-11-21T10:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::seconds(seconds)
    }

    #[test]
    fn ten_wrong_codes_a_minute_from_one_network() {
        let limit = GuessLimit::default();
        for _ in 0..10 {
            assert!(limit.count(Some(ip("203.0.113.7")), None, at(0)).is_some());
        }
        assert!(limit.count(Some(ip("203.0.113.7")), None, at(59)).is_none());
        assert!(limit.count(Some(ip("::ffff:203.0.113.7")), None, at(59)).is_none());
        assert!(limit.count(Some(ip("203.0.113.8")), None, at(59)).is_some());
        assert!(limit.count(Some(ip("203.0.113.7")), None, at(60)).is_some());
    }

    #[test]
    fn and_ten_for_one_address_from_anywhere_and_with_any_tag() {
        let limit = GuessLimit::default();
        for number in 0..10 {
            let address: EmailAddress = format!("jo+{number}@example.com").parse().unwrap();
            assert!(limit.count(Some(ip(&format!("203.0.113.{number}"))), Some(&address), at(0)).is_some());
        }
        let address = "jo@example.com".parse().unwrap();
        assert!(limit.count(Some(ip("203.0.113.99")), Some(&address), at(1)).is_none());
        assert!(limit.count(Some(ip("203.0.113.99")), Some(&"kim@example.com".parse().unwrap()), at(1)).is_some());
    }

    #[test]
    fn a_right_code_does_not_count() {
        let limit = GuessLimit::default();
        for _ in 0..50 {
            let guess = limit.count(Some(ip("203.0.113.7")), None, at(0)).unwrap();
            limit.give_back(guess);
        }
    }

    #[test]
    fn a_household_has_one_count_and_so_have_those_without_an_address() {
        let limit = GuessLimit::default();
        for number in 0..10 {
            assert!(limit.count(Some(ip(&format!("2001:db8:1:2::{number}"))), None, at(0)).is_some());
            assert!(limit.count(None, None, at(0)).is_some());
        }
        assert!(limit.count(Some(ip("2001:db8:1:2:ffff::1")), None, at(1)).is_none());
        assert!(limit.count(None, None, at(1)).is_none());
        assert!(limit.count(Some(ip("2001:db8:1:3::1")), None, at(1)).is_some());
    }
}
