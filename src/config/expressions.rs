//! What expressions of the configuration may name, and what they find there.

pub(super) mod scope;
pub(super) mod types;
