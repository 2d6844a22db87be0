//! Trying again within one piece of work: a bounded number of times, with growing pauses, never past a point in time.

use std::time::Duration;

use tokio::time::Instant;

use super::Disposition;

/// How often and how long to try.
#[derive(Debug, Clone, Copy)]
pub struct Retries {
    /// How many times in all, at least one.
    pub attempts: u32,
    /// The pause after the first failure; it doubles from then on. What `Retry-After` asks for goes first.
    pub pause: Duration,
    /// No pause goes past this point: the failure is handed back instead.
    pub until: Instant,
}

impl Retries {
    /// The pause after attempt `n` (from 1) failed with `verdict`; `None`: do not try again.
    fn pause_after(&self, attempt: u32, verdict: Disposition) -> Option<Duration> {
        let Disposition::Retry { after } = verdict else { return None };
        let doubled = self.pause.saturating_mul(2_u32.saturating_pow(attempt - 1));
        let pause = after.unwrap_or(doubled);
        let in_time = Instant::now().checked_add(pause).is_some_and(|end| end < self.until);
        (attempt < self.attempts && in_time).then_some(pause)
    }
}

/// Calls `work` until it succeeds, fails for good, or `retries` are used up; hands back the last outcome.
pub async fn with_retries<T, E, F>(
    retries: Retries,
    verdict: impl Fn(&E) -> Disposition,
    mut work: impl FnMut() -> F,
) -> Result<T, E>
where
    F: Future<Output = Result<T, E>>,
{
    let mut attempt = 1;
    loop {
        let error = match work().await {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        let Some(pause) = retries.pause_after(attempt, verdict(&error)) else { return Err(error) };
        tokio::time::sleep(pause).await;
        attempt += 1;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    async fn tries(retries: Retries, verdict: Disposition) -> (u32, Duration) {
        let calls = Cell::new(0);
        let started = Instant::now();
        let outcome: Result<(), ()> = with_retries(
            retries,
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

    fn retries() -> Retries {
        Retries { attempts: 3, pause: Duration::from_secs(1), until: Instant::now() + Duration::from_mins(1) }
    }

    #[tokio::test(start_paused = true)]
    async fn tries_a_bounded_number_of_times_with_growing_pauses() {
        let (calls, waited) = tries(retries(), Disposition::Retry { after: None }).await;
        assert_eq!((calls, waited.as_secs()), (3, 3));
    }

    #[tokio::test(start_paused = true)]
    async fn waits_as_long_as_it_is_asked_to() {
        let (calls, waited) = tries(retries(), Disposition::Retry { after: Some(Duration::from_secs(10)) }).await;
        assert_eq!((calls, waited.as_secs()), (3, 20));
    }

    #[tokio::test(start_paused = true)]
    async fn never_waits_past_the_end() {
        let (calls, waited) = tries(retries(), Disposition::Retry { after: Some(Duration::from_mins(1)) }).await;
        assert_eq!((calls, waited.as_secs()), (1, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn does_not_repeat_what_cannot_succeed() {
        assert_eq!(tries(retries(), Disposition::GiveUp).await.0, 1);
        assert_eq!(tries(retries(), Disposition::Skip).await.0, 1);
    }
}
