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
mod id;
mod identity;
mod invitation;
mod nearest;
mod network;
mod provenance;
mod secret;
mod sha256;

pub use address_rule::AddressRule;
pub use attribute::{AttributeName, AttributeType, AttributeValue, AttributeValues, Form, FormField};
pub use attribute_types::AttributeTypes;
pub use client::Client;
pub use code::{Code, CodeDigest, InvalidCode};
pub use deadline::Deadline;
pub use email::{EmailAddress, EmailMatch, InvalidAddress};
pub use id::{AppId, CorrelationId, InvalidId, ObjectId, TenantId};
pub use identity::{App, Identity, KnownBy};
pub use invitation::{Invitation, InvitationCode, InvitationState};
pub use nearest::{did_you_mean, nearest};
pub use network::Network;
pub use provenance::Provenance;
pub use secret::{Secret, SecretError};
pub(crate) use sha256::sha256;
