//! The decision about a sign-up, pure: no network, no storage, no clock. What it needs is handed in, what it finds is
//! handed back.
//!
//! [`gate`] decides who may sign up, [`prefill`] fills the form, [`rules`] check it, [`messages`] word it, and
//! [`answer`] puts it together. [`facts`] are what conditions see.

pub mod answer;
pub mod decision;
pub mod facts;
pub mod gate;
pub mod identity;
pub mod messages;
pub mod policy;
pub mod prefill;
pub mod rules;
pub mod trace;
