//! What every room may hold: small types that cannot be wrong once they exist.
//!
//! They know no other room. What is personal or secret cannot be printed: [`EmailAddress`] and [`Secret`] have no
//! `Display`, and their `Debug` shows nothing of the content.

mod address_rule;
mod attribute;
mod attribute_types;
mod client;
mod code;
mod deadline;
mod email;
mod hex;
mod id;
mod identity;
mod invitation;
mod mail_providers;
mod nearest;
mod network;
mod provenance;
mod secret;
mod sha256;

pub(crate) use address_rule::AddressRule;
pub use attribute::{AttributeName, AttributeType, AttributeValue, AttributeValues, Form, FormField};
pub use attribute_types::AttributeTypes;
pub use client::Client;
pub use code::Code;
pub(crate) use code::{CodeDigest, InvalidCode};
pub(crate) use deadline::Deadline;
pub(crate) use email::InvalidAddress;
pub use email::{EmailAddress, EmailMatch};
pub(crate) use hex::hex;
pub use id::CorrelationId;
pub(crate) use id::{AppId, ObjectId, TenantId};
pub use identity::{App, Identity, KnownBy};
pub(crate) use invitation::InvitationState;
pub use invitation::{Invitation, InvitationCode};
pub(crate) use nearest::{did_you_mean, nearest};
pub(crate) use network::Network;
pub use provenance::Provenance;
pub(crate) use secret::{Secret, SecretError};
pub(crate) use sha256::sha256;
