//! What is read from the form's field, and whom a code admits.

use rstest::rstest;

use super::*;
use crate::signup::identity::{AddressSource, EmailSource, FoundAddress};
use crate::signup::policy::Gate;
use crate::values::{AttributeName, AttributeType, EmailMatch, FormField, InvitationCode, Provenance};

const NOW: &str = "2026-11-21T10:00:00Z";

fn policy() -> Policy {
    Policy { invitation_code: Some(AttributeName::new("extension_0_Code")), ..Policy::new("default", Gate::InviteOnly) }
}

fn form(text: Option<&str>) -> Form {
    Form(vec![FormField {
        name: AttributeName::new("Extension_0_code"),
        attribute_type: AttributeType::String,
        value: text.map(|text| AttributeValue::String(text.to_owned())),
    }])
}

fn invitation(rule: Option<&str>) -> Invitation {
    let code = InvitationCode { digest: "0".repeat(64).parse().unwrap(), uses: 1 };
    Invitation { code: Some(code), ..Invitation::new("beta".into(), 2, rule.map(|rule| rule.parse().unwrap())) }
}

fn judged(invitations: &[Invitation], address: Option<(&str, Provenance)>, how: EmailMatch) -> Result<u64, Reason> {
    let policy = Policy { email_match: how, ..policy() };
    let found = address.map(|(address, provenance)| FoundAddress {
        address: address.parse().unwrap(),
        provenance,
        source: AddressSource::Event(EmailSource::Identity),
    });
    let person = NeedsCode { policy: &policy, address: found.as_ref() };
    let now = NOW.parse().unwrap();
    judge(invitations, &person, &App::default(), now, &mut Trace::off()).map(|invitation| invitation.line)
}

#[rstest]
#[case(None, Reason::CodeMissing)]
#[case(Some("  "), Reason::CodeMissing)]
#[case(Some(" - "), Reason::CodeMissing)]
#[case(Some("WELCOME"), Reason::CodeWrong)]
#[case(Some("0000-0000-0000-0001"), Reason::CodeWrong)]
fn what_is_no_code_is_missing_or_wrong(#[case] text: Option<&str>, #[case] problem: Reason) {
    assert_eq!(typed(&policy(), &form(text)).unwrap_err(), problem);
}

#[test]
fn the_field_is_found_in_any_case_and_a_form_without_it_has_no_code() {
    assert!(typed(&policy(), &form(Some("0000 0000 0000 0000"))).is_ok());
    assert_eq!(typed(&policy(), &Form::default()).unwrap_err(), Reason::CodeMissing);
}

#[test]
fn the_first_that_is_valid_admits_and_otherwise_the_first_says_why() {
    let expired = Invitation { expires: NOW.parse().ok(), ..invitation(None) };
    let other = Invitation { apps: vec!["44444444-0000-0000-0000-000000000002".parse().unwrap()], ..invitation(None) };
    let early = Invitation { not_before: "2026-11-21T10:00:01Z".parse().ok(), ..invitation(None) };
    let valid = Invitation { line: 9, ..invitation(None) };
    let judged = |invitations: &[Invitation]| judged(invitations, None, EmailMatch::Exact);
    assert_eq!(judged(&[]), Err(Reason::CodeWrong));
    assert_eq!(judged(&[expired.clone(), other.clone()]), Err(Reason::CodeExpired));
    assert_eq!(judged(&[other.clone(), expired.clone()]), Err(Reason::CodeForAnotherApp));
    assert_eq!(judged(&[early]), Err(Reason::CodeNotYetValid));
    assert_eq!(judged(&[expired, other, valid]), Ok(9));
}

#[test]
fn a_code_for_somebody_needs_an_address_that_nobody_typed() {
    let jo = [invitation(Some("jo@contoso.com"))];
    let domain = [invitation(Some("@contoso.com"))];
    let verified = Some(("jo@contoso.com", Provenance::Verified));
    assert_eq!(judged(&jo, verified, EmailMatch::Exact), Ok(2));
    assert_eq!(judged(&domain, Some(("jo@contoso.com", Provenance::Asserted)), EmailMatch::Exact), Ok(2));
    for other in [None, Some(("jo@contoso.com", Provenance::Typed)), Some(("jo+x@contoso.com", Provenance::Verified))] {
        assert_eq!(judged(&jo, other, EmailMatch::Exact), Err(Reason::CodeForAnotherAddress), "{other:?}");
    }
    assert_eq!(judged(&jo, Some(("jo+x@contoso.com", Provenance::Verified)), EmailMatch::IgnoreTag), Ok(2));
}
