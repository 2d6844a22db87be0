//! How fast the audit log may be read: the reporting service takes five requests in ten seconds from one application.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// So many requests …
const REQUESTS: usize = 5;
/// … in so much time.
const SPAN: Duration = Duration::from_secs(10);

/// Keeps the pages of one reader within what the service takes. The first five wait for nothing.
#[derive(Debug, Default)]
pub struct Pace {
    /// When the last pages came.
    came: VecDeque<Instant>,
}

impl Pace {
    /// Waits until another page may be asked for. False, at once, if that is not before `end`.
    pub async fn next(&mut self, end: Instant) -> bool {
        let free = self.came.front().filter(|_| self.came.len() >= REQUESTS).map(|first| *first + SPAN);
        match free {
            Some(free) if free >= end => return false,
            Some(free) => sleep_until(free).await,
            None => {}
        }
        true
    }

    /// Says that a page came just now.
    pub fn came(&mut self) {
        self.came.push_back(Instant::now());
        if self.came.len() > REQUESTS {
            self.came.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn at_most_five_pages_go_out_in_any_ten_seconds() {
        let (mut pace, begin) = (Pace::default(), Instant::now());
        let mut asked = Vec::new();
        for _ in 0..13 {
            assert!(pace.next(begin + Duration::from_mins(1)).await);
            asked.push(begin.elapsed().as_secs());
            tokio::time::sleep(Duration::from_secs(1)).await;
            pace.came();
        }
        assert_eq!(asked, [0, 1, 2, 3, 4, 11, 12, 13, 14, 15, 22, 23, 24]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_that_would_come_too_late_is_not_waited_for() {
        let (mut pace, begin) = (Pace::default(), Instant::now());
        for _ in 0..5 {
            pace.came();
        }
        assert!(!pace.next(begin + SPAN).await);
        assert_eq!(begin.elapsed(), Duration::ZERO);
        assert!(pace.next(begin + SPAN + Duration::from_secs(1)).await);
        assert_eq!(begin.elapsed(), SPAN);
    }
}
