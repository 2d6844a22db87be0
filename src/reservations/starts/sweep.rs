//! Deletes the Starts in the store that are older than an hour, however many there are.
//!
//! The listing is read as it is needed, and a few objects are deleted at once, so that memory stays bounded. An object
//! that cannot be deleted keeps none of the others. What is left is tried again in a further pass, as long as each pass
//! deletes something. A store that does not answer ends the sweep; the next one tries again.

use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::{Stream, StreamExt, stream};
use tokio::time::timeout;

use super::LIFETIME;
use crate::reservations::namespace::ADMISSIONS;
use crate::storage::{ListedObject, Listing, RoomStore, StoreError};

/// How many Starts are deleted at once.
const DELETERS: usize = 32;

/// How long one answer of the store is waited for.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

/// Why Starts are left that are older than an hour.
#[derive(Debug, thiserror::Error)]
pub(in crate::reservations) enum SweepError {
    /// The store says why.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store says nothing.
    #[error("the state store did not answer within {} s", ANSWER_LIMIT.as_secs())]
    NoAnswer,
}

/// What a sweep did.
#[derive(Debug, Default)]
pub(in crate::reservations) struct Sweep {
    /// How many objects were deleted.
    pub(in crate::reservations) deleted: usize,
    /// The last reason why some are left.
    pub(in crate::reservations) error: Option<SweepError>,
}

/// Deletes what was written more than an hour before `now`.
pub(super) async fn sweep(store: &RoomStore, now: DateTime<Utc>) -> Sweep {
    let mut whole = Sweep::default();
    loop {
        let pass = pass(store, now).await;
        whole.deleted += pass.deleted;
        let again = matches!(pass.error, Some(SweepError::Store(_))) && pass.deleted > 0;
        whole.error = pass.error;
        if !again {
            return whole;
        }
    }
}

/// Goes through the listing once.
async fn pass(store: &RoomStore, now: DateTime<Utc>) -> Sweep {
    let mut pass = Sweep::default();
    let listing = match answer(store.listing(ADMISSIONS)).await {
        Ok(listing) => objects(listing),
        Err(error) => return Sweep { error: Some(error), ..pass },
    };
    let is_old = |object: &ListedObject| now - object.modified >= LIFETIME;
    let old = listing.filter(|object| std::future::ready(object.as_ref().map_or(true, is_old)));
    let deletions = old.map(|object| async { answer(store.delete(&object?.name)).await });
    let mut deletions = std::pin::pin!(deletions.buffer_unordered(DELETERS));
    while let Some(deletion) = deletions.next().await {
        match deletion {
            Ok(()) => pass.deleted += 1,
            Err(SweepError::NoAnswer) => return Sweep { error: Some(SweepError::NoAnswer), ..pass },
            Err(error) => pass.error = Some(error),
        }
    }
    pass
}

/// The objects of a listing, up to the first that does not come in time.
fn objects(listing: Listing) -> impl Stream<Item = Result<ListedObject, SweepError>> {
    stream::unfold(Some(listing), |listing| async move {
        let mut listing = listing?;
        match timeout(ANSWER_LIMIT, listing.next()).await {
            Ok(next) => next.map(|object| (object.map_err(SweepError::Store), Some(listing))),
            Err(_) => Some((Err(SweepError::NoAnswer), None)),
        }
    })
}

/// Waits for an answer of the store.
async fn answer<T>(operation: impl Future<Output = Result<T, StoreError>>) -> Result<T, SweepError> {
    Ok(timeout(ANSWER_LIMIT, operation).await.map_err(|_| SweepError::NoAnswer)??)
}
