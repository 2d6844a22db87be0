//! The tokens that were verified, so that no signature is computed twice.
//!
//! Only the SHA-256 of a token is kept, and when it is valid. Only tokens that Entra signed come in, so a stranger can
//! neither fill this nor push anything out.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use chrono::{DateTime, TimeDelta, Utc};

use super::claims::Validity;

/// How many verified tokens are remembered.
const MAX_REMEMBERED: usize = 10_000;

/// How long a verified token is remembered. For this time, a token that was verified before stays accepted even if its
/// key is withdrawn.
const REMEMBERED_FOR: TimeDelta = TimeDelta::hours(1);

/// Verified tokens, by their SHA-256.
#[derive(Debug, Default)]
pub(super) struct RememberedTokens(RwLock<HashMap<[u8; 32], Remembered>>);

#[derive(Debug, Clone, Copy)]
struct Remembered {
    verified_at: DateTime<Utc>,
    validity: Validity,
}

impl Remembered {
    /// Whether the signature was checked recently. False if the clock was set back since then.
    fn is_recent(&self, now: DateTime<Utc>) -> bool {
        (TimeDelta::zero()..REMEMBERED_FOR).contains(&(now - self.verified_at))
    }
}

impl RememberedTokens {
    /// When the token with this hash is valid, if it was verified recently.
    pub(super) fn find(&self, hash: &[u8; 32], now: DateTime<Utc>) -> Option<Validity> {
        let tokens = self.0.read().unwrap_or_else(PoisonError::into_inner);
        tokens.get(hash).filter(|token| token.is_recent(now)).map(|token| token.validity)
    }

    /// Remembers a token that was verified `now`. If there is no room, those that are of no use are forgotten, or else
    /// the older half.
    pub(super) fn insert(&self, hash: [u8; 32], validity: Validity, now: DateTime<Utc>) {
        let mut tokens = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if tokens.len() >= MAX_REMEMBERED {
            tokens.retain(|_, token| token.is_recent(now) && token.validity.check(now).is_ok());
        }
        if tokens.len() >= MAX_REMEMBERED {
            let mut times: Vec<_> = tokens.values().map(|token| token.verified_at).collect();
            let (_, median, _) = times.select_nth_unstable(MAX_REMEMBERED / 2);
            let median = *median;
            tokens.retain(|_, token| token.verified_at > median);
        }
        tokens.insert(hash, Remembered { verified_at: now, validity });
    }

    /// How many tokens are remembered.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.0.read().unwrap_or_else(PoisonError::into_inner).len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forgets_what_is_of_no_use_and_then_the_older_half_if_there_are_too_many() {
        let tokens = RememberedTokens::default();
        let start: DateTime<Utc> = "2026-11-21T10:00:00Z".parse().unwrap();
        let hash = |number: usize| std::array::from_fn(|at| number.to_le_bytes().get(at).copied().unwrap_or_default());
        let at = |number: usize| start + TimeDelta::milliseconds(number.try_into().unwrap());
        let short = Validity::new(start + TimeDelta::seconds(5), None);
        let long = Validity::new(start + TimeDelta::hours(8), None);
        tokens.insert(hash(0), short, at(0));
        for number in 1..MAX_REMEMBERED {
            tokens.insert(hash(number), long, at(number));
        }
        let later = start + TimeDelta::minutes(10);
        assert!(tokens.find(&hash(0), later).is_some() && tokens.find(&hash(1), later).is_some());
        // The first has expired, so there is room for one more.
        tokens.insert(hash(MAX_REMEMBERED), long, later);
        assert!(tokens.find(&hash(0), later).is_none() && tokens.find(&hash(1), later).is_some());
        tokens.insert(hash(MAX_REMEMBERED + 1), long, later);
        let kept = (0..MAX_REMEMBERED + 2).filter(|number| tokens.find(&hash(*number), later).is_some()).count();
        assert!((MAX_REMEMBERED / 2 - 1..=MAX_REMEMBERED / 2 + 1).contains(&kept), "{kept}");
        assert!(tokens.find(&hash(MAX_REMEMBERED), later).is_some() && tokens.find(&hash(1), later).is_none());
        let much_later = later + REMEMBERED_FOR;
        assert!(tokens.find(&hash(MAX_REMEMBERED), much_later).is_none());
        assert!(tokens.find(&hash(MAX_REMEMBERED), start).is_none());
    }
}
