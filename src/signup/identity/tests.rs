//! Where the address is found, and how far it is trusted.

use super::*;
use crate::signup::policy::Gate;
use crate::values::{AttributeType, AttributeValue, FormField};

fn identity(sign_in_type: &str, issuer: &str, id: &str) -> Identity {
    Identity { sign_in_type: sign_in_type.into(), issuer: issuer.into(), issuer_assigned_id: id.into() }
}

fn form(fields: &[(&str, &str)]) -> Form {
    let field = |(name, value): &(&str, &str)| FormField {
        name: AttributeName::new(*name),
        attribute_type: AttributeType::String,
        value: Some(AttributeValue::String((*value).into())),
    };
    Form(fields.iter().map(field).collect())
}

fn policy(no_address: NoAddress, sources: &[&str]) -> Policy {
    let source = |name: &&str| match *name {
        "identity" => EmailSource::Identity,
        "federated-id" => EmailSource::FederatedId,
        attribute => EmailSource::Attribute(AttributeName::new(attribute)),
    };
    let email_sources = sources.iter().map(source).collect();
    Policy { no_address, email_sources, ..Policy::new("default", Gate::InviteOnly) }
}

fn usual() -> Policy {
    policy(NoAddress::Refuse, &["identity", "email"])
}

/// Address, source and provenance, as text.
fn shown(found: Result<Found, NoAddressBecause>) -> Option<String> {
    let Found { address, provenance, source } = found.ok()?;
    Some(format!("{} {source} {}", address.canonical(), provenance.name()))
}

fn remembered(address: &str) -> Found {
    Found { address: address.parse().unwrap(), provenance: Provenance::Asserted, source: AddressSource::Remembered }
}

#[test]
fn an_identity_goes_before_everything_else() {
    for (sign_in_type, issuer) in
        [("emailAddress", "contoso.onmicrosoft.com"), ("email", "contoso.onmicrosoft.com"), ("Federated", "mail")]
    {
        let identities =
            [identity("federated", "google.com", "1098"), identity(sign_in_type, issuer, "Jo@example.com")];
        let (start, form) = (remembered("other@example.com"), form(&[("email", "third@example.com")]));
        for found in [
            at_start(Some(&usual()), &identities, &form),
            at_start(None, &identities, &form),
            at_submit(Some(&usual()), &identities, Some(&start), &form),
        ] {
            assert_eq!(shown(found).unwrap(), "jo@example.com identity verified", "{sign_in_type}");
        }
    }
}

#[test]
fn a_local_account_goes_before_the_passcode_and_an_address_before_what_is_none() {
    let local = identity("emailAddress", "contoso", "a@example.com");
    for other in [identity("federated", "mail", "b@example.com"), identity("emailAddress", "contoso", "rubbish")] {
        let found = at_start(Some(&usual()), &[other, local.clone()], &Form::default());
        assert_eq!(shown(found).unwrap(), "a@example.com identity verified");
    }
}

#[test]
fn an_opaque_id_is_an_address_only_if_the_policy_says_so() {
    let saml = [identity("federated", "https://idp.example.com", "jo@example.com")];
    assert_eq!(shown(at_start(Some(&usual()), &saml, &Form::default())), None);
    let policy = policy(NoAddress::Refuse, &["identity", "federated-id"]);
    assert_eq!(
        shown(at_start(Some(&policy), &saml, &Form::default())).unwrap(),
        "jo@example.com federated-id asserted"
    );
    let google = [identity("federated", "google.com", "1098")];
    assert_eq!(shown(at_start(Some(&policy), &google, &Form::default())), None);
}

#[test]
fn the_attribute_is_found_in_every_spelling_and_in_the_order_of_the_policy() {
    for name in ["email", "EmailAddress", "emailAddress"] {
        let google = [identity("federated", "google.com", "1098")];
        let found = at_start(Some(&usual()), &google, &form(&[(name, "jo@example.com")]));
        assert_eq!(shown(found).unwrap(), "jo@example.com attribute:email asserted", "{name}");
    }
    let both = form(&[("email", "a@example.com"), ("streetAddress", "b@example.com")]);
    let found = at_start(Some(&policy(NoAddress::Refuse, &["streetAddress", "email"])), &[], &both);
    assert_eq!(shown(found).unwrap(), "b@example.com attribute:streetAddress asserted");
}

#[test]
fn what_was_remembered_goes_before_the_form() {
    let form = form(&[("email", "invited@example.com")]);
    let found = at_submit(Some(&usual()), &[], Some(&remembered("jo@example.com")), &form);
    assert_eq!(shown(found).unwrap(), "jo@example.com remembered asserted");
}

#[test]
fn an_unusable_identity_is_not_replaced_by_what_the_form_says() {
    let quoted = [identity("emailAddress", "contoso.onmicrosoft.com", "\"jo b\"@example.com")];
    assert_eq!(shown(at_start(Some(&usual()), &quoted, &form(&[("email", "invited@example.com")]))), None);
}

#[test]
fn a_submitted_address_is_typed_unless_only_entra_can_have_put_it_there() {
    let form = form(&[("email", "invited@example.com"), ("streetAddress", "invited@example.com")]);
    let submitted = |no_address, sources: &[&str]| {
        let policy = policy(no_address, sources);
        (shown(at_submit(Some(&policy), &[], None, &form)).unwrap(), is_editable(&policy))
    };
    let reported = "invited@example.com attribute:email asserted".to_owned();
    let typed = "invited@example.com attribute:email typed".to_owned();
    assert_eq!(submitted(NoAddress::Refuse, &["identity", "email"]), (reported, false));
    // Somebody may have come to the form without an address, or with one from elsewhere, and have typed this one.
    assert_eq!(submitted(NoAddress::Code, &["identity", "email"]), (typed.clone(), true));
    assert_eq!(submitted(NoAddress::Refuse, &["identity", "email", "streetAddress"]), (typed, true));
    let other = "invited@example.com attribute:streetAddress typed".to_owned();
    assert_eq!(submitted(NoAddress::Refuse, &["identity", "streetAddress"]), (other, true));
    assert!(is_editable(&policy(NoAddress::Refuse, &["identity"])));
}
