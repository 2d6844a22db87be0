//! Objects that are not what was written.

use serde::de::DeserializeOwned;

use crate::storage::{RoomStore, StoreError};
use crate::telemetry::describe;

/// Reads an object that can be done without: one that is corrupt is reported, deleted and counts as absent.
pub(crate) async fn read_or_delete<T: DeserializeOwned>(
    store: &RoomStore,
    name: &str,
) -> Result<Option<T>, StoreError> {
    match store.read(name).await {
        Err(error @ StoreError::Corrupt { .. }) => {
            report_corrupt(name, &error);
            store.delete(name).await?;
            Ok(None)
        }
        read => read,
    }
}

/// Logs that an object is corrupt, and is repaired.
pub(crate) fn report_corrupt(name: &str, error: &StoreError) {
    tracing::error!(event = "state-corrupt", object = name, reason = describe(error));
}
