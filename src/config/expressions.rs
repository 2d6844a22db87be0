//! The names that conditions and templates may use, and the types of what they name.

pub(super) mod scope;
pub(super) mod types;
