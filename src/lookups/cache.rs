//! The answers of look-ups, kept for a short time.
//!
//! The cache is in this process only and holds at most 10,000 answers of each look-up; the least used go first. Its
//! keys are digests of what was asked, so that it holds no addresses. Of an answer it has only the values for the form.
//! How long an answer stays is measured by the monotonic clock.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use url::Url;

use crate::values::{AttributeValues, sha256};

/// How many answers are cached.
const MAX_ANSWERS: u64 = 10_000;

/// A digest of what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct CacheKey([u8; 32]);

impl CacheKey {
    /// The digest of an address and a body.
    pub(super) fn new(url: &Url, body: Option<&str>) -> Self {
        // A line break is in no address, so that no two questions look the same.
        Self(sha256([url.as_str(), "\n", body.unwrap_or_default()].concat().as_bytes()))
    }
}

/// The values of an answer; empty for somebody whom the other side does not know.
pub(super) type CachedValues = Arc<AttributeValues>;

/// The cached answers of one look-up.
pub(super) struct AnswerCache {
    answers: Option<Cache<CacheKey, CachedValues>>,
}

impl AnswerCache {
    /// A cache that keeps an answer for `life`. Zero: it keeps none.
    pub(super) fn new(life: Duration) -> Self {
        let cache = || Cache::builder().max_capacity(MAX_ANSWERS).time_to_live(life).build();
        Self { answers: (!life.is_zero()).then(cache) }
    }

    /// The answer to the same question, if it is cached.
    pub(super) fn get(&self, key: &CacheKey) -> Option<CachedValues> {
        self.answers.as_ref()?.get(key)
    }

    /// Keeps an answer.
    pub(super) fn insert(&self, key: CacheKey, values: &CachedValues) {
        if let Some(answers) = &self.answers {
            answers.insert(key, Arc::clone(values));
        }
    }
}

/// Shows nothing of the answers.
impl fmt::Debug for AnswerCache {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("AnswerCache(…)")
    }
}
