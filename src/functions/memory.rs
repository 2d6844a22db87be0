//! The addresses of sign-ups under way: what Start saw, for Submit, which usually carries no identities.
//!
//! Kept in this process only, bounded, for an hour. Another instance does not know it; Submit then goes by the attribute,
//! or, where the person may have edited that, by what Start left in the state store.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use moka::sync::Cache;

use crate::signup::identity::{AddressSource, Found};
use crate::values::CorrelationId;

/// How many sign-ups are remembered; the least used go first.
const MOST: u64 = 100_000;

/// How long one is remembered.
const HOUR: TimeDelta = TimeDelta::hours(1);

/// Addresses by correlation id.
#[derive(Debug, Clone)]
pub struct AddressMemory {
    seen: Cache<CorrelationId, (Found, DateTime<Utc>)>,
}

impl Default for AddressMemory {
    fn default() -> Self {
        let seen = Cache::builder().max_capacity(MOST).time_to_live(Duration::from_hours(1)).build();
        Self { seen }
    }
}

impl AddressMemory {
    /// Remembers the address of a sign-up.
    pub fn remember(&self, sign_up: &CorrelationId, found: &Found, now: DateTime<Utc>) {
        let found = Found { source: AddressSource::Remembered, ..found.clone() };
        self.seen.insert(sign_up.clone(), (found, now));
    }

    /// The address of a sign-up, if it was seen within the hour.
    #[must_use]
    pub fn recall(&self, sign_up: &CorrelationId, now: DateTime<Utc>) -> Option<Found> {
        let (found, since) = self.seen.get(sign_up)?;
        (now - since < HOUR).then_some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signup::identity::Provenance;

    #[test]
    fn remembers_an_address_for_an_hour() {
        let memory = AddressMemory::default();
        let sign_up: CorrelationId = "6b264006-9d46-4409-bdb7-a501b6c22527".parse().unwrap();
        let address = "jo@example.com".parse().unwrap();
        let found = Found { address, provenance: Provenance::Verified, source: AddressSource::Identity };
        let start: DateTime<Utc> = "2026-11-21T10:00:00Z".parse().unwrap();
        memory.remember(&sign_up, &found, start);
        assert_eq!(
            memory.recall(&sign_up, start + TimeDelta::minutes(59)),
            Some(Found { source: AddressSource::Remembered, ..found })
        );
        assert_eq!(memory.recall(&sign_up, start + TimeDelta::minutes(60)), None);
    }
}
