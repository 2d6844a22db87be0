//! The HTTP edge, with one file per Azure function. It knows protocol only: a hook checks method, size and caller,
//! reads the event, lets [`crate::decisions`] decide, and answers with an action before the deadline.

mod body;
pub(crate) mod health;
pub(crate) mod hook;
pub(crate) mod invocation;
pub(crate) mod on_attribute_collection_start;
pub(crate) mod on_attribute_collection_submit;
pub(crate) mod update_new_accounts;
