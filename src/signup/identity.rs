//! Whose address is it? Entra has no one field for it.
//!
//! A local account and a one-time passcode carry the address as an identity; a social account carries an opaque id, and
//! the address as an attribute; a submitted form usually carries no identities at all.

use crate::values::{EmailAddress, Form, Identity, InvalidAddress};

/// The attribute that holds the address, in the spellings seen (compared without case).
const ADDRESS_ATTRIBUTES: [&str; 2] = ["email", "emailAddress"];

/// Where an address came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressSource {
    /// An identity that Entra verified.
    Identity,
    /// The same sign-up's first event.
    Remembered,
    /// The attribute `email` / `emailAddress`.
    Attribute,
}

impl AddressSource {
    /// Its name in logs and in `explain`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Remembered => "remembered",
            Self::Attribute => "attribute",
        }
    }
}

/// Why there is no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoAddress {
    /// Nothing in the event says one.
    Absent,
    /// The strongest source says something that is no address. Weaker ones are not asked then.
    Unusable(AddressSource, InvalidAddress),
}

/// Finds the address of a sign-up: identities first, then what was remembered since the first event, then the
/// attribute. The first source that says anything decides.
pub fn address(
    identities: &[Identity],
    remembered: Option<&EmailAddress>,
    form: &Form,
) -> Result<(EmailAddress, AddressSource), NoAddress> {
    let parse = |text: &str, source| match text.parse() {
        Ok(address) => Ok((address, source)),
        Err(why) => Err(NoAddress::Unusable(source, why)),
    };
    // Local accounts first, then the passcode; of several that Entra proved, the first that is an address.
    let (local, other): (Vec<_>, Vec<_>) = identities.iter().partition(|identity| identity.is_local());
    let mut proven = local.into_iter().chain(other).filter_map(Identity::proven_address);
    if let Some(first) = proven.next() {
        let usable = std::iter::once(first).chain(proven).find(|text| text.parse::<EmailAddress>().is_ok());
        return parse(usable.unwrap_or(first), AddressSource::Identity);
    }
    if let Some(address) = remembered {
        return Ok((address.clone(), AddressSource::Remembered));
    }
    match ADDRESS_ATTRIBUTES.iter().find_map(|name| form.value(name)) {
        Some(value) => parse(&value.to_text(), AddressSource::Attribute),
        None => Err(NoAddress::Absent),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::{AttributeName, AttributeType, AttributeValue, FormField};

    fn identity(sign_in_type: &str, issuer: &str, id: &str) -> Identity {
        Identity { sign_in_type: sign_in_type.into(), issuer: issuer.into(), issuer_assigned_id: id.into() }
    }

    fn form(name: &str, value: &str) -> Form {
        Form(vec![FormField {
            name: AttributeName::new(name),
            attribute_type: AttributeType::String,
            value: Some(AttributeValue::String(value.into())),
        }])
    }

    fn found(identities: &[Identity], remembered: Option<&str>, form: &Form) -> Option<(String, AddressSource)> {
        let remembered: Option<EmailAddress> = remembered.map(|text| text.parse().unwrap());
        let (address, source) = address(identities, remembered.as_ref(), form).ok()?;
        Some((address.canonical().to_owned(), source))
    }

    #[test]
    fn an_identity_goes_before_everything_else() {
        for (sign_in_type, issuer) in
            [("emailAddress", "contoso.onmicrosoft.com"), ("email", "contoso.onmicrosoft.com"), ("Federated", "mail")]
        {
            let identities =
                [identity("federated", "google.com", "1098"), identity(sign_in_type, issuer, "Jo@example.com")];
            let seen = found(&identities, Some("other@example.com"), &form("email", "third@example.com"));
            assert_eq!(seen, Some(("jo@example.com".into(), AddressSource::Identity)), "{sign_in_type}");
        }
    }

    #[test]
    fn a_local_account_goes_before_the_passcode_and_an_address_before_what_is_none() {
        let both =
            [identity("federated", "mail", "b@example.com"), identity("emailAddress", "contoso", "a@example.com")];
        assert_eq!(found(&both, None, &Form::default()), Some(("a@example.com".into(), AddressSource::Identity)));
        let odd =
            [identity("emailAddress", "contoso", "rubbish"), identity("emailAddress", "contoso", "a@example.com")];
        assert_eq!(found(&odd, None, &Form::default()), Some(("a@example.com".into(), AddressSource::Identity)));
    }

    #[test]
    fn an_opaque_id_is_no_address_even_if_it_looks_like_one() {
        let saml = [identity("federated", "https://idp.example.com", "jo@example.com")];
        assert_eq!(found(&saml, None, &Form::default()), None);
    }

    #[test]
    fn what_was_remembered_goes_before_the_form() {
        let seen = found(&[], Some("jo@example.com"), &form("email", "invited@example.com"));
        assert_eq!(seen, Some(("jo@example.com".into(), AddressSource::Remembered)));
    }

    #[test]
    fn the_attribute_is_found_in_every_spelling() {
        for name in ["email", "EmailAddress", "emailAddress"] {
            let google = [identity("federated", "google.com", "1098")];
            let seen = found(&google, None, &form(name, "jo@example.com"));
            assert_eq!(seen, Some(("jo@example.com".into(), AddressSource::Attribute)), "{name}");
        }
    }

    #[test]
    fn an_unusable_identity_is_not_replaced_by_what_the_form_says() {
        let quoted = [identity("emailAddress", "contoso.onmicrosoft.com", "\"jo b\"@example.com")];
        assert_eq!(found(&quoted, None, &form("email", "invited@example.com")), None);
    }
}
