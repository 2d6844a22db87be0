//! What a look-up answered a short while ago.
//!
//! Kept in this process only, 10,000 answers at most, the least used go first. An answer is found again by a digest of
//! what was asked, so that no address stays behind; of the answer only the values for the form are kept. The time to
//! live is measured by the monotonic clock.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use moka::sync::Cache;
use url::Url;

use crate::values::AttributeValues;

/// How many answers are remembered.
const MOST: u64 = 10_000;

/// A digest of what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct CacheKey([u8; 32]);

impl CacheKey {
    /// The digest of an address and a body.
    pub(super) fn new(url: &Url, body: Option<&str>) -> Self {
        // A line break is in no address, so that no two questions look the same.
        let asked = [url.as_str(), "\n", body.unwrap_or_default()].concat();
        let mut bytes = [0; 32];
        for (to, from) in bytes.iter_mut().zip(digest(&SHA256, asked.as_bytes()).as_ref()) {
            *to = *from;
        }
        Self(bytes)
    }
}

/// What was answered; empty for somebody it does not know.
pub(super) type CachedValues = Arc<AttributeValues>;

/// Answers by question.
pub(super) struct AnswerCache {
    answers: Option<Cache<CacheKey, CachedValues>>,
}

impl AnswerCache {
    /// A memory that keeps an answer for `life`; none for zero.
    pub(super) fn new(life: Duration) -> Self {
        let cache = || Cache::builder().max_capacity(MOST).time_to_live(life).build();
        Self { answers: (!life.is_zero()).then(cache) }
    }

    /// What was answered to the same question.
    pub(super) fn recall(&self, key: &CacheKey) -> Option<CachedValues> {
        self.answers.as_ref()?.get(key)
    }

    /// Keeps an answer.
    pub(super) fn remember(&self, key: CacheKey, values: &CachedValues) {
        if let Some(answers) = &self.answers {
            answers.insert(key, Arc::clone(values));
        }
    }
}

/// Nothing of what is remembered.
impl fmt::Debug for AnswerCache {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("AnswerCache(…)")
    }
}
