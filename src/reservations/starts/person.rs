//! The id of a person, made from what a Start shows of them. It is a keyed digest: it tells whether two Starts are the
//! same person's, and nobody can find a person by trying addresses or ids.

use std::fmt;

use aws_lc_rs::hmac;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::values::{AppId, EmailAddress, Identity, Network, Secret, hex};

/// How many bytes of a digest are kept.
const BYTES: usize = 16;

/// How many bytes the traits of most people have at most, with their lengths.
const USUAL_TRAITS: usize = 384;

/// A person whom a Start has seen. Equal for equal traits under the same key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct PersonId([u8; BYTES]);

impl PersonId {
    /// The id as 32 hexadecimal digits.
    #[must_use]
    pub(crate) fn digits(&self) -> String {
        hex(&self.0)
    }

    /// A person from their digits; `None` if these are not 32 hexadecimal digits.
    pub(in crate::reservations) fn from_digits(digits: &str) -> Option<Self> {
        let is_digest = digits.len() == 2 * BYTES && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let id = u128::from_str_radix(digits, 16).ok().filter(|_| is_digest)?;
        Some(Self(id.to_be_bytes()))
    }
}

/// What tells one person from another.
#[derive(Debug, Clone, Copy)]
pub(super) struct PersonTraits<'a> {
    /// The application they sign up to.
    pub(super) app: Option<&'a AppId>,
    /// The network they come from.
    pub(super) network: Option<Network>,
    /// The address that Start saw, if there is one.
    pub(super) address: Option<&'a EmailAddress>,
    /// Who Entra says they are.
    pub(super) identities: &'a [Identity],
}

/// What the issuer calls the person. An address is put into the form in which addresses are compared.
fn assigned_id(identity: &Identity) -> String {
    let id = identity.issuer_assigned_id.trim();
    id.parse().map_or_else(|_| id.to_owned(), |address: EmailAddress| address.canonical().to_owned())
}

/// The key of the digests. `Debug` does not show it.
#[derive(Clone)]
pub(super) struct PersonKey(hmac::Key);

impl PersonKey {
    /// A key of random bytes.
    pub(super) fn random() -> Self {
        Self::of(random_bytes().as_bytes())
    }

    /// The key that follows from the configured secret, so that all instances agree.
    pub(super) fn from_secret(secret: &Secret) -> Self {
        let root = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
        Self::of(hmac::sign(&root, b"guestlist person key 1").as_ref())
    }

    fn of(bytes: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// The person with these traits. Without an address and without any provider's id it could be anybody, so it is
    /// another person each time.
    pub(super) fn person(&self, traits: &PersonTraits<'_>) -> PersonId {
        let known = traits.identities.iter().filter(|identity| !identity.issuer_assigned_id.trim().is_empty());
        let mut ids: Vec<[String; 2]> =
            known.map(|identity| [identity.issuer.to_ascii_lowercase(), assigned_id(identity)]).collect();
        ids.sort_unstable();
        let network = traits.network.map(|network| network.reveal()).unwrap_or_default();
        let address = traits.address.map_or("", EmailAddress::canonical);
        let anybody = if address.is_empty() && ids.is_empty() { random_bytes() } else { String::new() };
        let parts = ["person 1", traits.app.map_or("", AppId::as_str), &network, address, &anybody];
        PersonId(self.digest(parts.into_iter().chain(ids.iter().flatten().map(String::as_str))))
    }

    /// What stands for a network in the name of an object.
    pub(super) fn network(&self, network: Network) -> String {
        hex(&self.digest(["network 1", &network.reveal()].into_iter()))
    }

    /// The digest of the parts, each with its length before it, so that no two lists of parts are one text.
    fn digest<'a>(&self, parts: impl Iterator<Item = &'a str>) -> [u8; BYTES] {
        // One call of the library over one text costs less than one for each part.
        let mut text = Vec::with_capacity(USUAL_TRAITS);
        for part in parts {
            text.extend_from_slice(&(part.len() as u64).to_be_bytes());
            text.extend_from_slice(part.as_bytes());
        }
        let (tag, mut kept) = (hmac::sign(&self.0, &text), [0; BYTES]);
        kept.iter_mut().zip(tag.as_ref()).for_each(|(to, from)| *to = *from);
        kept
    }
}

impl fmt::Debug for PersonKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("PersonKey(…)")
    }
}

/// A key as the store keeps it, for instances that have no secret in common. `Debug` does not show it.
#[derive(Serialize, Deserialize)]
pub(super) struct StoredKey {
    key: String,
}

impl StoredKey {
    pub(super) fn random() -> Self {
        Self { key: random_bytes() }
    }

    pub(super) fn into_key(self) -> PersonKey {
        PersonKey::of(self.key.as_bytes())
    }
}

/// 244 random bits, as text.
fn random_bytes() -> String {
    format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(issuer: &str, id: &str) -> Identity {
        Identity { sign_in_type: "federated".into(), issuer: issuer.into(), issuer_assigned_id: id.into() }
    }

    #[test]
    fn every_trait_makes_another_person_and_nothing_else_does() {
        let key = PersonKey::from_secret(&Secret::new("key"));
        let apps: [AppId; 2] = ["1", "2"]
            .map(|digit| "8".repeat(7) + digit + "-1111-2222-3333-444444444444")
            .map(|id| id.parse().unwrap());
        let addresses: [EmailAddress; 2] = ["jo@example.com", "kim@example.com"].map(|text| text.parse().unwrap());
        let networks = ["203.0.113.7", "203.0.113.8"].map(|ip| Network::of(ip.parse().unwrap()));
        let (one, other) = ([identity("google.com", "12")], [identity("google.com", "123")]);
        let (shifted, both) = ([identity("google.com1", "2")], [identity("google.com", "12"), identity("mail", "x")]);
        let blank = [identity("google.com", " ")];
        let jo = PersonTraits {
            app: Some(&apps[0]),
            network: Some(networks[0]),
            address: Some(&addresses[0]),
            identities: &one,
        };
        let others = [
            PersonTraits { app: Some(&apps[1]), ..jo },
            PersonTraits { app: None, ..jo },
            PersonTraits { network: Some(networks[1]), ..jo },
            PersonTraits { network: None, ..jo },
            PersonTraits { address: Some(&addresses[1]), ..jo },
            PersonTraits { address: None, ..jo },
            PersonTraits { identities: &other, ..jo },
            PersonTraits { identities: &shifted, ..jo },
            PersonTraits { identities: &both, ..jo },
            PersonTraits { identities: &[], ..jo },
            // Nobody knows anything of them.
            PersonTraits { address: None, identities: &[], ..jo },
            PersonTraits { address: None, identities: &[], ..jo },
            PersonTraits { address: None, identities: &blank, ..jo },
            PersonTraits { address: None, identities: &blank, ..jo },
        ];
        let mut people: Vec<PersonId> = others.iter().map(|traits| key.person(traits)).collect();
        people.push(key.person(&jo));
        let all = people.len();
        people.sort();
        people.dedup();
        assert_eq!(people.len(), all);
        let spelled: EmailAddress = " JO@Example.com".parse().unwrap();
        assert_eq!(key.person(&PersonTraits { address: Some(&spelled), ..jo }), key.person(&jo));
        let by_mail = [[identity("mail", "Jo@Example.com")], [identity("mail", "jo@example.com")]];
        let [one, other] = by_mail.each_ref().map(|identities| key.person(&PersonTraits { identities, ..jo }));
        assert_eq!(one, other);
        let turned: Vec<Identity> = both.iter().rev().cloned().collect();
        assert_eq!(
            key.person(&PersonTraits { identities: &turned, ..jo }),
            key.person(&PersonTraits { identities: &both, ..jo })
        );
    }

    #[test]
    fn the_key_decides_and_shows_nothing() {
        let jo = [identity("google.com", "12")];
        let traits = PersonTraits { app: None, network: None, address: None, identities: &jo };
        let [one, same, other] = ["key", "key", "yek"].map(|text| PersonKey::from_secret(&Secret::new(text)));
        assert_eq!(one.person(&traits), same.person(&traits));
        assert_ne!(one.person(&traits), other.person(&traits));
        let network = Network::of("203.0.113.7".parse().unwrap());
        assert_eq!(one.network(network), same.network(network));
        assert_ne!(one.network(network), other.network(network));
        assert_ne!(PersonKey::random().person(&traits), PersonKey::random().person(&traits));
        assert_eq!(format!("{one:?}"), "PersonKey(…)");
        let digits = one.person(&traits);
        assert_eq!(PersonId::from_digits(&digits.digits()), Some(digits));
        assert_eq!(PersonId::from_digits("0f1e"), None);
    }
}
