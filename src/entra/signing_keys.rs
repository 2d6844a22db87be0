//! The keys with which Entra signs its tokens: fetched ahead, kept fresh, looked up by their id.
//!
//! A tenant has two key documents (`{ciam}/{tenant}/discovery/v2.0/keys` and `{login}/{tenant}/discovery/v2.0/keys`),
//! and which of them holds the key of a given token is not documented, so their union is used.
//!
//! Invariants:
//!
//! - The documents are independent: if one hangs or fails, the keys of the other are still used.
//! - A document's keys are an immutable snapshot, replaced as a whole; no lock is held while anything is awaited.
//! - At most one fetch per document runs at a time, as a task of its own. Several callers can wait for it; a caller that
//!   stops waiting does not end it.
//! - An unknown key id leads to a fetch, but not within 5 minutes of a success nor within 2 seconds of a failure, so that
//!   strangers cannot make us call Entra again and again.
//!
//! When Entra is slow, a fetch ends after 10 seconds and a look-up at its deadline. When it is absent, or answers
//! anything but a key document with at least one usable key, the last good keys stay and the fetch is tried again after
//! 2 seconds, then less and less often, up to once a minute. If its answer is too large, reading stops at 1 MiB and at
//! 200 keys. A key that cannot be used is skipped, never the whole document.
//!
//! Specification: RFC 7517; how often to fetch follows Microsoft's advice on signing key rollover (at start, hourly,
//! and on an unknown key id at most every 5 minutes).

mod document;
mod key_set;
mod source;

use std::sync::Arc;

use futures_util::future::select_all;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

use crate::outbound::Outbound;
use crate::values::Deadline;
use document::KeyDocument;
pub(crate) use key_set::{MAX_KID, SigningKey};
pub(crate) use source::KeySource;
use source::OutboundKeys;
#[cfg(test)]
pub(crate) use source::SourceError;

/// Why there is no key with the id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FindKeyError {
    /// No document has it, and all were fetched recently.
    #[error("no document of signing keys has a key of that id")]
    Unknown,
    /// A document that may have it cannot be fetched in time.
    #[error("the signing keys cannot be fetched")]
    Unavailable,
}

/// The keys of all documents. Cheap to clone; all clones share them.
#[derive(Debug, Clone)]
pub(crate) struct SigningKeys {
    documents: Arc<[Arc<KeyDocument>]>,
    /// Owns every task, so that shutdown can wait for them.
    tracker: TaskTracker,
    /// Ends every task.
    stop: CancellationToken,
}

impl SigningKeys {
    /// The keys of these documents. Nothing is fetched yet. Tasks are started through `tracker` and end when `stop` is
    /// cancelled.
    #[must_use]
    pub(crate) fn new(outbound: &Outbound, urls: Vec<Url>, tracker: TaskTracker, stop: CancellationToken) -> Self {
        let mut distinct: Vec<Url> = Vec::new();
        for url in urls {
            if !distinct.contains(&url) {
                distinct.push(url);
            }
        }
        let source = |url| Box::new(OutboundKeys::new(outbound.clone(), url)) as Box<dyn KeySource>;
        Self::from_sources(distinct.into_iter().map(source), tracker, stop)
    }

    /// Like [`SigningKeys::new`], with any sources: one per document.
    #[must_use]
    pub(crate) fn from_sources(
        sources: impl IntoIterator<Item = Box<dyn KeySource>>,
        tracker: TaskTracker,
        stop: CancellationToken,
    ) -> Self {
        let documents = sources.into_iter().map(|source| Arc::new(KeyDocument::new(source))).collect();
        Self { documents, tracker, stop }
    }

    /// Starts to fetch every document and to keep it fresh. Does not wait. Must be called once only.
    pub(crate) fn prefetch(&self) {
        for document in self.documents.iter().cloned() {
            let (tracker, stop) = (self.tracker.clone(), self.stop.clone());
            self.tracker.spawn(async move {
                stop.run_until_cancelled(document.keep_fresh(&tracker, &stop)).await;
            });
        }
    }

    /// Whether there is any key at all.
    #[must_use]
    pub(crate) fn ready(&self) -> bool {
        self.documents.iter().any(|document| !document.keys().is_empty())
    }

    /// Every key of that id. If there is none, fetches the documents that may be fetched again.
    pub(crate) async fn find(&self, kid: &str, deadline: Deadline) -> Result<Vec<Arc<SigningKey>>, FindKeyError> {
        let known = self.known(kid);
        if !known.is_empty() {
            return Ok(known);
        }
        let until = Instant::from_std(deadline.instant());
        timeout_at(until, self.fetch_and_find(kid)).await.unwrap_or(Err(FindKeyError::Unavailable))
    }

    async fn fetch_and_find(&self, kid: &str) -> Result<Vec<Arc<SigningKey>>, FindKeyError> {
        let mut watched: Vec<_> = self.documents.iter().map(|document| (document, document.watch())).collect();
        for document in &*self.documents {
            document.fetch_if_allowed(&self.tracker, &self.stop);
        }
        loop {
            // The states must be read before the keys: a fetch stores its keys first and reports its end afterwards.
            let (mut all_fresh, mut fetching) = (true, Vec::new());
            for (_, watch) in &mut watched {
                let state = *watch.borrow_and_update();
                all_fresh &= state.is_fresh();
                if state.fetching {
                    fetching.push(Box::pin(watch.changed()));
                }
            }
            let known = self.known(kid);
            if !known.is_empty() {
                return Ok(known);
            }
            if fetching.is_empty() {
                return Err(if all_fresh { FindKeyError::Unknown } else { FindKeyError::Unavailable });
            }
            select_all(fetching).await.0.map_err(|_| FindKeyError::Unavailable)?;
        }
    }

    fn known(&self, kid: &str) -> Vec<Arc<SigningKey>> {
        self.documents.iter().flat_map(|document| document.keys().get(kid).to_vec()).collect()
    }
}

#[cfg(test)]
mod tests;
