//! Where the address is found, and how far it is trusted.

use super::*;
use crate::signup::policy::Gate;
use crate::values::{AttributeName, AttributeType};

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
    let source = |name: &&str| name.parse().unwrap_or_else(|_| EmailSource::Attribute(AttributeName::new(*name)));
    let email_sources = sources.iter().map(source).collect();
    Policy { no_address, email_sources, ..Policy::new("default", Gate::InviteOnly) }
}

fn usual() -> Policy {
    policy(NoAddress::Refuse, &["identity", "email"])
}

/// Address, source and provenance, as text.
fn shown(found: Result<FoundAddress, MissingAddress>) -> Option<String> {
    let FoundAddress { address, provenance, source } = found.ok()?;
    Some(format!("{} {source} {}", address.canonical(), provenance.name()))
}

#[test]
fn a_source_is_read_as_it_is_written() {
    for (text, source) in [
        ("identity", EmailSource::Identity),
        ("federated-id", EmailSource::FederatedId),
        ("attribute:ext.IdpEmail", EmailSource::Attribute(AttributeName::new("ext.IdpEmail"))),
    ] {
        assert_eq!((text.parse(), source.to_string().as_str()), (Ok(source.clone()), text));
    }
    for text in ["", "Identity", "identities", "attribute", "ext.IdpEmail"] {
        let said = text.parse::<EmailSource>().unwrap_err().to_string();
        assert_eq!(said, format!("{text:?} is none of identity, federated-id, attribute:NAME"));
    }
}

#[test]
fn an_identity_goes_before_everything_else() {
    for (sign_in_type, issuer) in
        [("emailAddress", "contoso.onmicrosoft.com"), ("email", "contoso.onmicrosoft.com"), ("Federated", "mail")]
    {
        let identities =
            [identity("federated", "google.com", "1098"), identity(sign_in_type, issuer, "Jo@example.com")];
        let form = form(&[("email", "third@example.com")]);
        for found in [
            at_start(Some(&usual()), &identities, &form),
            at_start(None, &identities, &form),
            proven_by_submit(Some(&usual()), &identities, &form).unwrap(),
            proven_by_submit(Some(&policy(NoAddress::Code, &["email", "identity"])), &identities, &form).unwrap(),
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
fn an_unusable_identity_is_not_replaced_by_what_the_form_says() {
    let quoted = [identity("emailAddress", "contoso.onmicrosoft.com", "\"jo b\"@example.com")];
    let form = form(&[("email", "invited@example.com")]);
    assert_eq!(shown(at_start(Some(&usual()), &quoted, &form)), None);
    let proven = proven_by_submit(Some(&usual()), &quoted, &form);
    assert!(matches!(proven, Some(Err(MissingAddress::Unusable(EmailSource::Identity, _)))), "{proven:?}");
}

#[test]
fn a_submitted_address_proves_something_only_if_nobody_without_an_address_sees_the_form() {
    let form = form(&[("email", "invited@example.com"), ("streetAddress", "other@example.com")]);
    for (no_address, sources, proven) in [
        (NoAddress::Refuse, ["identity", "email"].as_slice(), Some("invited@example.com attribute:email asserted")),
        // Somebody may have come to the form without an address, or with one from elsewhere, and have typed this one.
        (NoAddress::Code, &["identity", "email"], None),
        (NoAddress::Refuse, &["identity", "email", "streetAddress"], None),
        (NoAddress::Refuse, &["identity", "streetAddress"], None),
        (NoAddress::Refuse, &["identity"], None),
    ] {
        let policy = policy(no_address, sources);
        let found = proven_by_submit(Some(&policy), &[], &form);
        assert_eq!(found.map(|found| shown(found).unwrap()).as_deref(), proven, "{sources:?}");
        assert_eq!(email_is_editable(&policy), proven.is_none(), "{sources:?}");
        let typed = shown(typed_at_submit(Some(&policy), &form));
        assert!(typed.is_none_or(|typed| typed.ends_with(" typed")), "{sources:?}");
    }
    let empty = Form::default();
    assert_eq!(proven_by_submit(Some(&usual()), &[], &empty), None);
    assert_eq!(proven_by_submit(Some(&usual()), &[], &self::form(&[("email", "rubbish")])), None);
}

#[test]
fn a_form_lists_an_address_where_the_policy_or_entra_has_one() {
    let policy = policy(NoAddress::Refuse, &["identity", "streetAddress"]);
    let jo = "jo@example.com".parse().unwrap();
    for (name, value, lists) in [
        ("streetAddress", " JO@example.com", true),
        ("email", "jo@example.com", true),
        ("EmailAddress", "jo@example.com", true),
        ("city", "jo@example.com", false),
        ("email", "kim@example.com", false),
        ("email", "jo", false),
    ] {
        assert_eq!(lists_address(Some(&policy), &form(&[(name, value)]), &jo), lists, "{name} {value}");
    }
}

#[test]
fn attributes_of_one_name_that_say_different_addresses_prove_none() {
    let (usual, ada) = (usual(), "ada@example.com".parse().unwrap());
    for (fields, agree) in [
        ([("EMAIL", "ada@example.com"), ("email", " Ada@Example.com")], true),
        ([("EMAIL", "ada@example.com"), ("email", "")], true),
        ([("EMAIL", "ada@example.com"), ("email", "eve@example.com")], false),
        ([("EMAIL", "ada@example.com"), ("email", "rubbish")], false),
        ([("emailAddress", "eve@example.com"), ("email", "ada@example.com")], false),
    ] {
        let form = form(&fields);
        assert_eq!(at_start(Some(&usual), &[], &form).is_ok(), agree, "{fields:?}");
        assert_eq!(proven_by_submit(Some(&usual), &[], &form).is_some(), agree, "{fields:?}");
        assert_eq!(typed_at_submit(Some(&usual), &form).is_ok(), agree, "{fields:?}");
        assert_eq!(lists_address(Some(&usual), &form, &ada), agree, "{fields:?}");
    }
    let mapped = policy(NoAddress::Refuse, &["streetAddress"]);
    let twins = form(&[("streetaddress", "ada@example.com"), ("streetAddress", "eve@example.com")]);
    assert!(at_start(Some(&mapped), &[], &twins).is_err());
}
