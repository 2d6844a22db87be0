//! How fast the audit log may be read: the reporting service allows an application five requests in ten seconds.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// How many requests are allowed in one span of time.
const REQUESTS: usize = 5;
/// The length of that span.
const SPAN: Duration = Duration::from_secs(10);

/// Keeps the page requests of one reader within the service's limit. The first five do not wait.
#[derive(Debug, Default)]
pub(crate) struct PageRateLimit {
    /// When the last pages came, the oldest first.
    pages: VecDeque<Instant>,
}

impl PageRateLimit {
    /// Waits until another page may be asked for, and returns true. If that is not before `end`, returns false at once.
    pub(crate) async fn wait(&mut self, end: Instant) -> bool {
        let allowed_at = self.pages.front().filter(|_| self.pages.len() >= REQUESTS).map(|first| *first + SPAN);
        match allowed_at {
            Some(allowed_at) if allowed_at >= end => return false,
            Some(allowed_at) => sleep_until(allowed_at).await,
            None => {}
        }
        true
    }

    /// Notes that a page came just now.
    pub(crate) fn note_page(&mut self) {
        self.pages.push_back(Instant::now());
        if self.pages.len() > REQUESTS {
            self.pages.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn at_most_five_pages_go_out_in_any_ten_seconds() {
        let (mut limit, begin) = (PageRateLimit::default(), Instant::now());
        let mut asked = Vec::new();
        for _ in 0..13 {
            assert!(limit.wait(begin + Duration::from_mins(1)).await);
            asked.push(begin.elapsed().as_secs());
            tokio::time::sleep(Duration::from_secs(1)).await;
            limit.note_page();
        }
        assert_eq!(asked, [0, 1, 2, 3, 4, 11, 12, 13, 14, 15, 22, 23, 24]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_that_would_come_too_late_is_not_waited_for() {
        let (mut limit, begin) = (PageRateLimit::default(), Instant::now());
        for _ in 0..5 {
            limit.note_page();
        }
        assert!(!limit.wait(begin + SPAN).await);
        assert_eq!(begin.elapsed(), Duration::ZERO);
        assert!(limit.wait(begin + SPAN + Duration::from_secs(1)).await);
        assert_eq!(begin.elapsed(), SPAN);
    }
}
