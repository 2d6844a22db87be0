//! Repeats a call: a limited number of times, with growing pauses, and never past a point in time.
//!
//! `backon` counts, grows the pauses, spreads them by jitter and waits. What it does not know stays here: whether
//! trying again can help is a [`Disposition`], a requested `Retry-After` goes before our own pause, and no pause goes
//! past the end.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder, Retryable};
use tokio::time::Instant;

use super::Disposition;

/// How often to try, how long to pause, and when to stop.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RetryPolicy {
    /// How many times in all, at least one.
    pub attempts: u32,
    /// The least pause after the first failure. It doubles from then on. Jitter adds up to as much again.
    pub pause: Duration,
    /// No pause goes past this point: the failure is handed back instead.
    pub until: Instant,
}

impl RetryPolicy {
    /// The pauses without jitter.
    fn pauses(&self) -> ExponentialBuilder {
        let repetitions = usize::try_from(self.attempts.saturating_sub(1)).unwrap_or(usize::MAX);
        ExponentialBuilder::new().with_min_delay(self.pause).without_max_delay().with_max_times(repetitions)
    }

    /// The pause itself if it ends in time.
    fn in_time(&self, pause: Duration) -> Option<Duration> {
        Instant::now().checked_add(pause).is_some_and(|end| end < self.until).then_some(pause)
    }
}

/// Calls `operation` until it succeeds, fails for good, or the policy allows no further attempt. Returns the last
/// outcome.
///
/// A requested `Retry-After` is waited for in full. Jitter comes on top of it, at most as much again, so that many who
/// were sent away at the same moment do not all come back at the same moment. Near the end jitter is left out if the
/// pause fits only without it.
pub(crate) async fn with_retries<T, E, F>(
    policy: RetryPolicy,
    disposition: impl Fn(&E) -> Disposition,
    operation: impl FnMut() -> F,
) -> Result<T, E>
where
    F: Future<Output = Result<T, E>>,
{
    let mut exact_pauses = policy.pauses().build();
    operation
        .retry(policy.pauses().with_jitter())
        .when(|error| matches!(disposition(error), Disposition::Retry { .. }))
        .adjust(|error, jittered| {
            let (jittered, exact) = (jittered?, exact_pauses.next()?);
            let Disposition::Retry { after } = disposition(error) else { return None };
            let least = after.unwrap_or(exact);
            let jitter = jittered.saturating_sub(exact).min(least);
            policy.in_time(least.saturating_add(jitter)).or_else(|| policy.in_time(least))
        })
        .await
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::collections::BTreeSet;
    use std::ops::RangeInclusive;

    use super::*;

    async fn tries(policy: RetryPolicy, verdict: Disposition) -> (u32, Duration) {
        let calls = Cell::new(0);
        let started = Instant::now();
        let outcome: Result<(), ()> = with_retries(
            policy,
            |()| verdict,
            || {
                calls.set(calls.get() + 1);
                async { Err(()) }
            },
        )
        .await;
        assert_eq!(outcome, Err(()));
        (calls.get(), started.elapsed())
    }

    fn policy() -> RetryPolicy {
        RetryPolicy { attempts: 3, pause: Duration::from_secs(1), until: Instant::now() + Duration::from_mins(1) }
    }

    fn after(seconds: u64) -> Disposition {
        Disposition::Retry { after: Some(Duration::from_secs(seconds)) }
    }

    /// Jitter is drawn anew each time: what holds has to hold each time.
    async fn assert_waits(verdict: Disposition, calls: u32, seconds: RangeInclusive<u64>) {
        for _ in 0..100 {
            let (called, waited) = tries(policy(), verdict).await;
            // The runtime's clock counts milliseconds and rounds up.
            let longest = Duration::from_secs(*seconds.end()) + Duration::from_millis(10);
            let bounds = Duration::from_secs(*seconds.start())..=longest;
            assert!(called == calls && bounds.contains(&waited), "{called} {waited:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn tries_a_bounded_number_of_times_with_growing_pauses() {
        assert_waits(Disposition::Retry { after: None }, 3, 3..=6).await;
    }

    #[tokio::test(start_paused = true)]
    async fn waits_as_long_as_it_is_asked_to_and_a_little_longer() {
        assert_waits(after(10), 3, 20..=23).await;
        assert_waits(after(0), 3, 0..=0).await;
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_fail_at_once_do_not_come_back_at_once() {
        for verdict in [Disposition::Retry { after: None }, after(10)] {
            let mut waits = BTreeSet::new();
            for _ in 0..20 {
                waits.insert(tries(policy(), verdict).await.1);
            }
            assert!(waits.len() > 10, "{waits:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn never_waits_past_the_end() {
        assert_eq!(tries(policy(), after(60)).await, (1, Duration::ZERO));
        let growing = RetryPolicy { attempts: 20, ..policy() };
        let (calls, waited) = tries(growing, Disposition::Retry { after: None }).await;
        assert!(calls == 6 && waited < Duration::from_mins(1), "{calls} {waited:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn near_the_end_it_waits_no_longer_than_it_must() {
        let just_in_time = Disposition::Retry { after: Some(Duration::from_millis(59_900)) };
        assert_waits(just_in_time, 2, 59..=60).await;
    }

    #[tokio::test(start_paused = true)]
    async fn does_not_repeat_what_cannot_succeed() {
        assert_eq!(tries(policy(), Disposition::GiveUp).await.0, 1);
        assert_eq!(tries(policy(), Disposition::Skip).await.0, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn one_attempt_is_one_attempt() {
        for attempts in [0, 1] {
            assert_eq!(tries(RetryPolicy { attempts, ..policy() }, after(0)).await.0, 1);
        }
    }
}
