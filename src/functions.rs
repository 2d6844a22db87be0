//! The edge: one file per function folder. A hook reads an event, asks the rooms below, and answers with an action;
//! nothing is decided here that is not about HTTP or time.

mod body;
pub mod health;
pub mod hook;
pub mod invocation;
pub mod on_attribute_collection_start;
pub mod on_attribute_collection_submit;
pub mod update_new_accounts;
