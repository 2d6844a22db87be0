//! What is done about objects that are corrupt: their content is not what was written.

use serde::de::DeserializeOwned;

use crate::storage::{RoomStore, StoreError};
use crate::telemetry::describe;

/// Reads an object that the room can do without. If it is corrupt, it is reported and deleted, and counts as absent.
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

/// Logs that an object is corrupt. The caller repairs it.
pub(crate) fn report_corrupt(name: &str, error: &StoreError) {
    tracing::error!(event = "state-corrupt", object = name, reason = describe(error));
}
