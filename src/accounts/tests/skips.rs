//! Accounts that are not sign-ups.

use rstest::rstest;
use serde_json::{Value, json};

use super::doubles::{Fixture, JO, KIM, now};
use crate::accounts::classify::SkipReason;
use crate::graph::Initiator;

fn by_user(id: &str) -> Initiator {
    Initiator { user_id: Some(id.to_owned()), ..Initiator::default() }
}

#[rstest]
#[case(by_user("728309ae-1a37-4937-9afe-e35d964db09b"), Some(SkipReason::Administrator))]
#[case(by_user("9FB7A577-9469-4489-912d-bc58a5bca276"), None)]
#[case(Initiator { app_id: Some("88888888-3333-4444-5555-666666666666".to_owned()), ..Initiator::default() },
    Some(SkipReason::OwnApplication))]
#[case(Initiator { service_principal_id: Some("77777777-3333-4444-5555-666666666666".to_owned()), ..Initiator::default() },
    Some(SkipReason::OwnApplication))]
#[case(Initiator { app_name: Some("Some Provisioning".to_owned()), ..Initiator::default() }, None)]
#[case(Initiator::default(), None)]
#[tokio::test]
async fn by_whoever_made_it(#[case] initiator: Initiator, #[case] reason: Option<SkipReason>) {
    let fixture = Fixture::new(&[("news", &[])]);
    let jo = fixture.sign_up(JO, 2);
    fixture.directory.with(|state| state.records[0].initiator = initiator);
    let report = fixture.run().await.unwrap();
    assert_eq!(report.skipped.keys().next().copied(), reason);
    assert_eq!(report.done, usize::from(reason.is_none()));
    let record: Value = fixture.read(&format!("done/{jo}.json")).await.unwrap();
    assert_eq!(record.get("skipped").cloned(), reason.map(|reason| json!(reason.name())));
}

#[rstest]
#[case("userType", json!("Guest"), Some(SkipReason::Guest))]
#[case("userPrincipalName", json!("jo_example.com#EXT#@contoso.onmicrosoft.com"), Some(SkipReason::Guest))]
#[case("creationType", json!("Invitation"), Some(SkipReason::Guest))]
#[case("creationType", json!("LocalAccount"), None)]
#[case("identities", json!([{"signInType": "userPrincipalName", "issuer": "contoso.com", "issuerAssignedId": "jo@contoso.com"}]),
    Some(SkipReason::NoSignInIdentity))]
#[case("identities", json!([]), Some(SkipReason::NoSignInIdentity))]
#[case("identities", json!([{"signInType": "userName", "issuer": "contoso.com", "issuerAssignedId": "jo"}]), None)]
#[case("identities", json!([{"signInType": "federated", "issuer": "google.com", "issuerAssignedId": "1"}]), None)]
#[case("createdDateTime", json!("2026-11-21T09:49:59Z"), Some(SkipReason::TooOld))]
#[case("createdDateTime", json!("2026-11-21T09:50:00Z"), None)]
#[case("createdDateTime", json!(null), None)]
#[tokio::test]
async fn by_what_it_is(#[case] property: &str, #[case] value: Value, #[case] reason: Option<SkipReason>) {
    let fixture = Fixture::new(&[("news", &[])]);
    let jo = fixture.sign_up(JO, 2);
    fixture.directory.set(&jo, property, value);
    let report = fixture.run().await.unwrap();
    assert_eq!(report.skipped.keys().next().copied(), reason);
    assert_eq!(fixture.connector("news").calls().len(), usize::from(reason.is_none()));
    fixture.run().await.unwrap();
    fixture.directory.with(|state| assert_eq!(state.reads.len(), 1, "what is skipped is not read again"));
}

#[tokio::test]
async fn a_record_of_something_else_is_passed_over() {
    let fixture = Fixture::new(&[("news", &[])]);
    for _ in 0..4 {
        fixture.sign_up(JO, 2);
    }
    fixture.directory.with(|state| {
        state.records[0].result = Some("failure".to_owned());
        state.records[1].category = Some("GroupManagement".to_owned());
        state.records[2].targets[0].kind = Some("Group".to_owned());
        state.records[3].result = None;
        state.records[3].category = None;
        state.records[3].targets[0].kind = None;
    });
    let report = fixture.run().await.unwrap();
    assert_eq!((report.found, report.known), (1, 0));
}

#[tokio::test]
async fn a_later_record_that_says_otherwise_changes_nothing_about_an_account_under_way() {
    let fixture = Fixture::new(&[("news", &[])]);
    fixture.connector("news").replies(super::Reply::Unavailable(None));
    let jo = fixture.sign_up(JO, 2);
    fixture.sign_up(KIM, 2);
    fixture.run().await.unwrap();
    let admin = crate::graph::fake::record(&jo, now(), by_user("728309ae-1a37-4937-9afe-e35d964db09b"));
    fixture.directory.with(|state| state.records.push(admin));
    let report = fixture.run().await.unwrap();
    assert_eq!((report.skipped.len(), report.done), (0, 1));
}
