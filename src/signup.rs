//! The rules of a decision about a sign-up, pure: no network, no storage, no clock. They get what they need as
//! arguments.
//!
//! [`identity`] says whose address it is and how far to trust it, [`gate`] decides who may sign up, [`code`] judges
//! what was typed as an invitation code, [`prefill`] fills the form, [`rules`] check it, [`messages`] word it, and
//! [`answer`] puts it together. [`reason`] names and explains every outcome.

pub mod answer;
pub(crate) mod attribute_path;
pub(crate) mod code;
pub(crate) mod decision;
pub(crate) mod disposable;
pub(crate) mod email_source;
pub(crate) mod facts;
pub mod gate;
pub mod identity;
pub mod messages;
pub mod policy;
pub(crate) mod prefill;
pub mod reason;
pub(crate) mod rules;
pub mod trace;
