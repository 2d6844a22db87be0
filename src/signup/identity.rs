//! Whose address is it, and how far is it to be trusted? Entra has no one field for it.
//!
//! A local account and a one-time passcode carry the address as an identity; a social account carries an opaque id, and
//! the address as an attribute; a custom provider may put it into any attribute that its claims are mapped to; a
//! submitted form usually carries no identities at all. A policy says where to look, in order.
//!
//! Provenance: what an identity carries was **verified** by Entra. What stands in an attribute before the form is shown
//! was **asserted** by the identity provider. What stands in an attribute of a submitted form may have been **typed** by
//! the person, and then it never opens a gate. There is one exception: Entra reports the address as the attribute
//! `email` of a submitted form. As long as nobody gets as far as the form but with an identity or that attribute
//! (`no_address = "refuse"`, and no other source), it is the address that Start has seen.
//!
//! Under any other policy the address of Start is remembered, and without it Submit refuses. Of people who need a code it
//! is remembered under every policy: they see the form, and their address does not admit them. What is remembered goes
//! before what the form says.

use std::fmt;

use super::policy::{NoAddress, Policy};
use crate::values::{AttributeName, EmailAddress, Form, Identity, InvalidAddress};

/// The attribute that holds the address, in the spellings seen (compared without case).
const ADDRESS_ATTRIBUTES: [&str; 2] = ["email", "emailAddress"];

/// One place where the address may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EmailSource {
    /// A local account, or a one-time passcode.
    Identity,
    /// What a federated provider calls the person, if it looks like an address.
    FederatedId,
    /// An attribute.
    Attribute(AttributeName),
}

impl EmailSource {
    /// Where a policy looks that does not say: the identity, then the attribute `email`.
    #[must_use]
    pub fn usual() -> Vec<Self> {
        vec![Self::Identity, Self::Attribute(AttributeName::new("email"))]
    }

    fn is_reported_by_entra(&self) -> bool {
        matches!(self, Self::Attribute(name) if is_address(name))
    }
}

fn is_address(name: &AttributeName) -> bool {
    ADDRESS_ATTRIBUTES.iter().any(|known| name.is(known))
}

/// How far an address is to be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Provenance {
    /// The person may have typed it.
    Typed,
    /// The identity provider says so.
    Asserted,
    /// Entra has verified it.
    Verified,
}

impl Provenance {
    /// Its name in logs, conditions and `explain`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Typed => "typed",
            Self::Asserted => "asserted",
            Self::Verified => "verified",
        }
    }

    /// The provenance of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Typed, Self::Asserted, Self::Verified].into_iter().find(|one| one.name() == name)
    }
}

/// Where an address came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddressSource {
    /// An identity that Entra verified.
    Identity,
    /// What a federated provider calls the person.
    FederatedId,
    /// The same sign-up's first event.
    Remembered,
    /// An attribute.
    Attribute(AttributeName),
}

/// Its name in logs and in `explain`: `attribute:email`.
impl fmt::Display for AddressSource {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Identity => out.write_str("identity"),
            Self::FederatedId => out.write_str("federated-id"),
            Self::Remembered => out.write_str("remembered"),
            Self::Attribute(name) => write!(out, "attribute:{}", name.short()),
        }
    }
}

/// An address with all that is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The address.
    pub address: EmailAddress,
    /// How far it is to be trusted.
    pub provenance: Provenance,
    /// Where it came from.
    pub source: AddressSource,
}

/// Why there is no address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoAddressBecause {
    /// Nothing in the event says one.
    Absent,
    /// What says it is no usable address. It is not replaced by the next source.
    Unusable(AddressSource, InvalidAddress),
}

/// The address before the form is shown.
pub fn at_start(policy: Option<&Policy>, identities: &[Identity], form: &Form) -> Result<Found, NoAddressBecause> {
    look(policy, identities, form, Provenance::Asserted)
}

/// The address of a submitted form. What Start saw goes before the attributes, and after an identity.
pub fn at_submit(
    policy: Option<&Policy>,
    identities: &[Identity],
    remembered: Option<&Found>,
    form: &Form,
) -> Result<Found, NoAddressBecause> {
    let editable = policy.is_some_and(is_editable);
    let found = look(policy, identities, form, if editable { Provenance::Typed } else { Provenance::Asserted });
    let of_an_attribute = match &found {
        Ok(Found { source, .. }) | Err(NoAddressBecause::Unusable(source, _)) => {
            matches!(source, AddressSource::Attribute(_))
        }
        Err(NoAddressBecause::Absent) => true,
    };
    match remembered {
        Some(remembered) if of_an_attribute => Ok(remembered.clone()),
        _ => found,
    }
}

/// Whether people can come to the form whose address the attribute `email` does not tell. What stands in an attribute of
/// a submitted form may then have been typed, and Start has to leave the address where every instance can read it.
#[must_use]
pub fn is_editable(policy: &Policy) -> bool {
    let sources = &policy.email_sources;
    let reports = sources.iter().any(EmailSource::is_reported_by_entra);
    let only = sources.iter().all(|source| *source == EmailSource::Identity || source.is_reported_by_entra());
    policy.no_address == NoAddress::Code || !reports || !only
}

/// The first source that says anything decides.
fn look(
    policy: Option<&Policy>,
    identities: &[Identity],
    form: &Form,
    of_attributes: Provenance,
) -> Result<Found, NoAddressBecause> {
    let usual;
    let sources = if let Some(policy) = policy {
        &policy.email_sources
    } else {
        usual = EmailSource::usual();
        &usual
    };
    for source in sources {
        let (text, found_in, provenance) = match source {
            EmailSource::Identity => (proven(identities), AddressSource::Identity, Provenance::Verified),
            EmailSource::FederatedId => (federated(identities), AddressSource::FederatedId, Provenance::Asserted),
            EmailSource::Attribute(name) => {
                (attribute(name, form), AddressSource::Attribute(name.clone()), of_attributes)
            }
        };
        if let Some(text) = text {
            return match text.parse() {
                Ok(address) => Ok(Found { address, provenance, source: found_in }),
                Err(why) => Err(NoAddressBecause::Unusable(found_in, why)),
            };
        }
    }
    Err(NoAddressBecause::Absent)
}

/// Local accounts first, then the passcode; of several that Entra proved, the first that is an address.
fn proven(identities: &[Identity]) -> Option<String> {
    let (local, other): (Vec<_>, Vec<_>) = identities.iter().partition(|identity| identity.is_local());
    let proven: Vec<&str> = local.into_iter().chain(other).filter_map(Identity::proven_address).collect();
    let usable = proven.iter().find(|text| text.parse::<EmailAddress>().is_ok());
    usable.or(proven.first()).map(|text| (*text).to_owned())
}

fn federated(identities: &[Identity]) -> Option<String> {
    let ids = identities.iter().filter(|identity| identity.sign_in_type.eq_ignore_ascii_case("federated"));
    ids.map(|identity| identity.issuer_assigned_id.as_str()).find(|id| id.contains('@')).map(str::to_owned)
}

fn attribute(name: &AttributeName, form: &Form) -> Option<String> {
    let value = if is_address(name) {
        ADDRESS_ATTRIBUTES.iter().find_map(|name| form.value(name))
    } else {
        form.value(name.as_str())
    };
    value.map(crate::values::AttributeValue::to_text)
}

#[cfg(test)]
mod tests;
