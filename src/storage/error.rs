//! The errors of the store.

/// Why the store could not do something.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// The state would be in a local folder, but the process runs on Azure.
    #[error(
        "new accounts are not associated: this version keeps its state in a local folder, which does not outlive an \
         instance on Azure. Run the timer on a machine of your own until the blob store is available"
    )]
    LocalOnAzure,
    /// A room named an object or a folder that another room owns, which is a defect.
    #[error("{name} in the state store does not belong to {room}")]
    NotOwned {
        /// The room that named it.
        room: &'static str,
        /// The object or the folder.
        name: String,
    },
    /// The folder cannot be made or opened.
    #[error("cannot open the state folder {folder}")]
    Folder {
        folder: String,
        #[source]
        source: std::io::Error,
    },
    /// Reading, writing, listing or deleting failed.
    #[error("cannot {doing} {name} in the state store")]
    Failed {
        /// The verb: `write`, `read`, `look for`, `list` or `delete`.
        doing: &'static str,
        /// The object or the prefix.
        name: String,
        #[source]
        source: object_store::Error,
    },
    /// The object is not the JSON that was written.
    #[error("{name} in the state store is not the JSON expected: line {line}, column {column}")]
    Corrupt {
        name: String,
        /// The line of the error, from 1. The content may be personal, so it is not quoted.
        line: usize,
        /// The column of the error, from 1.
        column: usize,
    },
}

/// Says where an object is not the JSON expected.
pub(super) fn corrupt(name: &str) -> impl FnOnce(serde_json::Error) -> StoreError {
    let name = name.to_owned();
    move |error| StoreError::Corrupt { name, line: error.line(), column: error.column() }
}

/// Turns a cause into an error that says what was being done.
pub(super) fn failed(doing: &'static str, name: &str) -> impl FnOnce(object_store::Error) -> StoreError {
    let name = name.to_owned();
    move |source| StoreError::Failed { doing, name, source }
}
