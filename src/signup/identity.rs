//! The person's address, and how far it can be trusted. Entra has no single field for it.
//!
//! A local account and a one-time passcode have the address as an identity. A social account has an opaque id, and the
//! address as an attribute. A custom provider can put it into any attribute that its claims are mapped to. A submitted
//! form usually has no identities at all. A policy says where to look, in order.
//!
//! Provenance: Entra has **verified** the address of an identity. The identity provider has **asserted** what an
//! attribute says before the form is shown. The person may have **typed** what an attribute of a submitted form says,
//! and a typed address never lets anybody in. There is one exception: Entra reports the address as the attribute
//! `email` of a submitted form. If everybody who sees the form has an address (`no_address = "refuse"`, and no other
//! source), that is the address with which they came. If an event has several attributes of one name (in another case,
//! or `email` and `emailAddress`), they prove nothing unless their values are equal.
//!
//! At Submit, the address that the event itself proves counts first: an identity, or that attribute. Otherwise the
//! address is the one that a Start of the same person had, whatever the form says. `reservations::RememberedStarts`
//! finds out whose Submit it is. If that is not known either, the form can only get the person refused.

use std::borrow::Cow;
use std::fmt;
use std::sync::LazyLock;

use super::email_source::{ADDRESS_ATTRIBUTES, is_address};
use super::policy::{NoAddress, Policy};
use crate::values::{AttributeValue, EmailAddress, Form, FormField, Identity, InvalidAddress, Provenance};

pub use super::email_source::EmailSource;

/// Where an address came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddressSource {
    /// A place in the event.
    Event(EmailSource),
    /// A Start of the same person.
    Remembered,
}

impl AddressSource {
    /// Its name in logs and in `explain`: `attribute:email`.
    #[must_use]
    pub(crate) fn written(&self) -> Cow<'static, str> {
        match self {
            Self::Event(source) => source.written(),
            Self::Remembered => Cow::Borrowed("remembered"),
        }
    }
}

/// As [`AddressSource::written`].
impl fmt::Display for AddressSource {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.written())
    }
}

/// An address, how far it can be trusted, and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundAddress {
    /// The address.
    pub address: EmailAddress,
    /// How far it can be trusted.
    pub provenance: Provenance,
    /// Where it came from.
    pub source: AddressSource,
}

/// Why there is no address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum MissingAddress {
    /// No source has a value.
    Absent,
    /// A source has a value that is not a usable address. The next source is not asked then.
    Unusable(EmailSource, InvalidAddress),
}

/// The address before the form is shown.
pub(crate) fn at_start(
    policy: Option<&Policy>,
    identities: &[Identity],
    form: &Form,
) -> Result<FoundAddress, MissingAddress> {
    find_address(sources(policy), identities, form, Provenance::Asserted)
}

/// The address that a submitted form proves by itself; `None` if it proves nothing. If an identity has no usable
/// address, the weaker sources are not asked.
pub(crate) fn proven_by_submit(
    policy: Option<&Policy>,
    identities: &[Identity],
    form: &Form,
) -> Option<Result<FoundAddress, MissingAddress>> {
    let editable = policy.is_some_and(email_is_editable);
    let counts = |source: &&EmailSource| !editable || !matches!(source, EmailSource::Attribute(_));
    match find_address(sources(policy).iter().filter(counts), identities, form, Provenance::Asserted) {
        Err(MissingAddress::Absent | MissingAddress::Unusable(EmailSource::Attribute(_), _)) => None,
        proven => Some(proven),
    }
}

/// The address in a submitted form that proves nothing. The person may have typed it.
pub(crate) fn typed_at_submit(policy: Option<&Policy>, form: &Form) -> Result<FoundAddress, MissingAddress> {
    find_address(sources(policy), &[], form, Provenance::Typed)
}

/// Whether a submitted form lists an address in an attribute where the policy looks for it, or where Entra reports it.
/// That proves nothing: the person may have typed it.
#[must_use]
pub fn lists_address(policy: Option<&Policy>, form: &Form, address: &EmailAddress) -> bool {
    let attribute_names = sources(policy).iter().filter_map(|source| match source {
        EmailSource::Attribute(name) => Some(name.as_str()),
        _ => None,
    });
    let mut names = attribute_names.chain([ADDRESS_ATTRIBUTES[0]]);
    names.any(|name| attribute_address(name, form).is_some_and(|listed| listed.as_ref() == Ok(address)))
}

/// Whether the attribute `email` of a submitted form may be somebody else's address: people can come to the form
/// without one, or with one from another source. Then the memory of Starts has to be shared by all instances.
#[must_use]
pub(crate) fn email_is_editable(policy: &Policy) -> bool {
    let sources = &policy.email_sources;
    let reports = sources.iter().any(EmailSource::is_reported_by_entra);
    let only = sources.iter().all(|source| *source == EmailSource::Identity || source.is_reported_by_entra());
    policy.no_address == NoAddress::Code || !reports || !only
}

/// The sources of a policy.
fn sources(policy: Option<&Policy>) -> &[EmailSource] {
    static USUAL: LazyLock<Vec<EmailSource>> = LazyLock::new(EmailSource::usual);
    policy.map_or(USUAL.as_slice(), |policy| &policy.email_sources)
}

/// The address in the first source that has a value. `attribute_provenance` is the provenance of attributes.
fn find_address<'a>(
    sources: impl IntoIterator<Item = &'a EmailSource>,
    identities: &[Identity],
    form: &Form,
    attribute_provenance: Provenance,
) -> Result<FoundAddress, MissingAddress> {
    for source in sources {
        let (address, provenance) = match source {
            EmailSource::Identity => (proven_address(identities), Provenance::Verified),
            EmailSource::FederatedId => (federated_address(identities), Provenance::Asserted),
            EmailSource::Attribute(name) => (attribute_address(name.as_str(), form), attribute_provenance),
        };
        if let Some(address) = address {
            return match address {
                Ok(address) => Ok(FoundAddress { address, provenance, source: AddressSource::Event(source.clone()) }),
                Err(error) => Err(MissingAddress::Unusable(source.clone(), error)),
            };
        }
    }
    Err(MissingAddress::Absent)
}

/// The first usable address among those that Entra verified: local accounts first, then the one-time passcode. If none
/// is usable, what is wrong with the first one.
fn proven_address(identities: &[Identity]) -> Option<Result<EmailAddress, InvalidAddress>> {
    let of_kind = |local: bool| identities.iter().filter(move |identity| identity.is_local() == local);
    let mut proven = of_kind(true).chain(of_kind(false)).filter_map(Identity::proven_address).map(str::parse);
    let first = proven.next()?;
    Some(first.or_else(|error| proven.find_map(Result::ok).ok_or(error)))
}

fn federated_address(identities: &[Identity]) -> Option<Result<EmailAddress, InvalidAddress>> {
    let ids = identities.iter().filter(|identity| identity.sign_in_type.eq_ignore_ascii_case("federated"));
    ids.map(|identity| identity.issuer_assigned_id.as_str()).find(|id| id.contains('@')).map(str::parse)
}

/// The address in an attribute. If several attributes have the name, nobody knows which of them the directory takes, so
/// their values must be equal.
fn attribute_address(name: &str, form: &Form) -> Option<Result<EmailAddress, InvalidAddress>> {
    let has_name = |field: &&FormField| {
        if is_address(name) { is_address(field.name.as_str()) } else { field.name.is(name) }
    };
    let values = form.0.iter().filter(has_name).filter_map(|field| field.value.as_ref());
    let mut texts = values.filter(|value| !value.is_empty()).map(AttributeValue::as_text);
    let first = texts.next()?;
    let address = first.parse::<EmailAddress>();
    let says_the_same = |text: Cow<'_, str>| text == first || address.is_ok() && text.parse() == address;
    Some(if texts.all(says_the_same) { address } else { Err(InvalidAddress::Several) })
}

#[cfg(test)]
mod tests;
