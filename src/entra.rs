//! Entra's contract: the events it sends, the actions it accepts, and the proof that it is Entra who calls.
//!
//! It reads leniently and writes exactly. Source: Microsoft's custom authentication extension reference, corrected by
//! calls that were recorded (`docs/ARCHITECTURE.md` says where they differ).

pub mod action;
pub(crate) mod attribute;
pub(crate) mod caller;
pub(crate) mod event;
mod json;
pub(crate) mod signing_keys;

#[cfg(test)]
pub(crate) mod test_key;
