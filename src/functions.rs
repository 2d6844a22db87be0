//! The edge, protocol only: one file per function folder. A hook checks method, size and caller, reads the event, has
//! [`crate::decisions`] decide, and answers with an action before the deadline.

mod body;
pub mod health;
pub mod hook;
pub mod invocation;
pub mod on_attribute_collection_start;
pub mod on_attribute_collection_submit;
pub mod update_new_accounts;
