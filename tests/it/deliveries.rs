//! A delivery counts only if its answer can be read: a gateway before a service may answer with anything.
//!
//! In every case here the first run neither counts the account as delivered nor gives it up, and logs a line. The next
//! run completes it.

use guestlist_emulator::systems::mailchimp::Mailchimp;
use guestlist_emulator::tenant::{Fault, Route};
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::stage::{Setting, Stage, has};

const CHALLENGE: &str =
    r#"Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize""#;

/// One new account, and a limit for a run so short that the product repeats a call for about a second only.
async fn with_an_account() -> (Stage, String) {
    let stage = Setting::default().set("GUESTLIST__ACCOUNTS__RUN_LIMIT", "3s").start().await;
    let id = stage.joins("alex@fabrikam.com", "Alex", "Fabrikam");
    (stage, id)
}

fn assert_complete(stage: &Stage, id: &str) {
    assert_eq!(stage.members(), [("alex@fabrikam.com".to_owned(), "pending".to_owned())]);
    assert_eq!(stage.names(id), ["Alex Fabrikam", "alex.fabrikam@contoso.onmicrosoft.com"]);
    assert!(stage.events("account-abandoned").is_empty());
}

/// A run during which `route` always fails in this way, and one afterwards.
async fn assert_tried_again(route: Route, fault: Fault) {
    let (stage, id) = with_an_account().await;
    stage.tenant.faults().set(route, fault);
    let logs = stage.run().await;
    assert!(has(&logs, "accounts: 1 new, 0 associated"), "{logs:?}");
    assert!(has(&logs, "1 failed, to be tried again"), "{logs:?}");
    let failed = stage.events_after("attempt-failed", 1).await;
    assert!(failed.len() == 1 && failed[0]["level"] == "WARN" && failed[0]["account"] == id.as_str(), "{failed:?}");
    assert!(!failed[0].to_string().contains("fabrikam.com"), "{failed:?}");
    stage.tenant.faults().clear(route);
    let logs = stage.run().await;
    assert!(has(&logs, "accounts: 0 new, 1 associated"), "{logs:?}");
    assert_complete(&stage, &id);
}

#[rstest]
#[case::empty(Fault::Status(200))]
#[case::no_content(Fault::Status(204))]
#[case::another_member(Fault::another_id())]
#[case::no_id(Fault::without("id"))]
#[case::another_list(Fault::changed("list_id", "f0f0f0f0f0"))]
#[case::cut_short(Fault::CutShort)]
#[case::another_shape(Fault::json(200, &json!({ "status": "ok" })))]
#[case::null(Fault::json(200, &Value::Null))]
#[case::redirect(Fault::gateway(302))]
#[case::page(Fault::gateway(200))]
#[case::not_found_page(Fault::gateway(404))]
#[case::unauthorised_page(Fault::gateway(401))]
#[case::another_error(Fault::json(400, &json!({ "message": "bad request", "code": 17 })))]
#[case::bad_request_page(Fault::gateway(400))]
#[case::conflict_page(Fault::gateway(409))]
#[case::too_large_page(Fault::gateway(413))]
#[case::misdirected_page(Fault::gateway(421))]
#[tokio::test]
async fn an_answer_that_is_not_mailchimps_member_is_no_delivery(#[case] fault: Fault) {
    assert_tried_again(Mailchimp::PUT_MEMBER, fault).await;
}

#[rstest]
#[case::empty(Fault::Status(200))]
#[case::page(Fault::gateway(200))]
#[case::user(Fault::json(200, &json!({ "displayName": "Alex Fabrikam" })))]
#[case::accepted(Fault::Status(202))]
#[case::redirect(Fault::gateway(302))]
#[case::bad_request_page(Fault::gateway(400))]
#[case::not_allowed_page(Fault::gateway(405))]
#[case::conflict_page(Fault::gateway(409))]
#[case::another_error(Fault::json(400, &json!({ "error": "bad_request" })))]
#[tokio::test]
async fn an_answer_that_is_not_graphs_204_is_no_delivery(#[case] fault: Fault) {
    assert_tried_again(Route::PatchUser, fault).await;
}

#[rstest]
#[case::another_user(Fault::another_id())]
#[case::no_id(Fault::without("id"))]
#[case::identities_absent(Fault::without("identities"))]
#[case::identities_null(Fault::changed("identities", Value::Null))]
#[case::identities_text(Fault::changed("identities", "odd"))]
#[case::identities_numbers(Fault::changed("identities", json!([7])))]
#[case::identity_without_type(Fault::changed("identities", json!([{ "signInType": null, "issuer": "mail" }])))]
#[case::identity_without_id(Fault::changed("identities", json!([{ "signInType": "emailAddress", "issuer": "contoso.com", "issuerAssignedId": null }])))]
#[case::empty(Fault::Status(200))]
#[case::page(Fault::gateway(200))]
#[case::cut_short(Fault::CutShort)]
#[case::redirect(Fault::gateway(302))]
#[case::forbidden_page(Fault::gateway(403))]
#[tokio::test]
async fn a_user_that_cannot_be_read_is_neither_taken_nor_skipped(#[case] fault: Fault) {
    assert_tried_again(Route::GetUser, fault).await;
}

#[tokio::test]
async fn one_answer_of_a_gateway_is_followed_by_another_try_within_the_run() {
    for route in [Route::DirectoryAudits, Route::GetUser, Mailchimp::PUT_MEMBER, Route::PatchUser] {
        let stage = Setting::default().start().await;
        let id = stage.joins("alex@fabrikam.com", "Alex", "Fabrikam");
        stage.tenant.faults().once(route, Fault::gateway(302));
        let logs = stage.run().await;
        assert!(has(&logs, "accounts: 1 new, 1 associated"), "{route:?} {logs:?}");
        assert_eq!(stage.tenant.faults().count(route), 2, "{route:?}");
        assert_complete(&stage, &id);
    }
}

#[rstest]
#[case::empty(Fault::Status(200))]
#[case::list(Fault::json(200, &json!([])))]
#[case::no_records(Fault::without("value"))]
#[case::records_null(Fault::changed("value", Value::Null))]
#[case::odd_link(Fault::changed("@odata.nextLink", 7))]
#[case::cut_short(Fault::CutShort)]
#[case::page(Fault::gateway(200))]
#[case::redirect(Fault::gateway(302))]
#[case::bad_request_page(Fault::gateway(400))]
#[tokio::test]
async fn the_cursor_never_passes_an_audit_page_that_cannot_be_read(#[case] fault: Fault) {
    let (stage, id) = with_an_account().await;
    stage.tenant.faults().set(Route::DirectoryAudits, fault);
    let error = stage.failing_run().await;
    assert!(error.contains("cannot find new accounts"), "{error}");
    assert!(!stage.folder.path().join("state/cursor.json").exists());
    stage.tenant.faults().clear(Route::DirectoryAudits);
    assert!(has(&stage.run().await, "accounts: 1 new, 1 associated"));
    assert_complete(&stage, &id);
}

#[rstest]
#[case::page(Fault::gateway(200))]
#[case::empty(Fault::Status(200))]
#[case::another_shape(Fault::json(200, &json!({ "token": "x" })))]
#[case::no_token(Fault::without("access_token"))]
#[case::empty_token(Fault::changed("access_token", ""))]
#[case::token_of_two_lines(Fault::changed("access_token", "e30.e30\r\nx: y"))]
#[case::no_lifetime(Fault::without("expires_in"))]
#[case::lifetime_in_words(Fault::changed("expires_in", "an hour"))]
#[case::lifetime_over(Fault::changed("expires_in", 0))]
#[case::lifetime_of_years(Fault::changed("expires_in", 1_000_000_000))]
#[case::another_kind(Fault::changed("token_type", "mac"))]
#[case::no_kind(Fault::without("token_type"))]
#[tokio::test]
async fn a_token_that_cannot_be_used_is_asked_for_again_at_once(#[case] fault: Fault) {
    let (stage, id) = with_an_account().await;
    stage.tenant.faults().once(Route::GraphToken, fault);
    let logs = stage.run().await;
    assert!(has(&logs, "accounts: 1 new, 1 associated"), "{logs:?}");
    assert_eq!(stage.tenant.faults().count(Route::GraphToken), 2);
    assert_complete(&stage, &id);
}

#[rstest]
#[case::page(Fault::gateway(200))]
#[case::another_kind(Fault::changed("token_type", "mac"))]
#[case::redirect(Fault::gateway(302))]
#[case::bad_request_page(Fault::gateway(400))]
#[tokio::test]
async fn a_token_endpoint_that_never_gives_one_is_not_asked_forever(#[case] fault: Fault) {
    let (stage, id) = with_an_account().await;
    stage.tenant.faults().set(Route::GraphToken, fault);
    let error = stage.failing_run().await;
    assert!(error.contains("cannot get a token"), "{error}");
    assert!(stage.tenant.faults().count(Route::GraphToken) <= 2);
    stage.tenant.faults().clear(Route::GraphToken);
    // A failure is remembered for a few seconds by the process that met it.
    stage.host.restart().await.unwrap();
    assert!(has(&stage.run().await, "accounts: 1 new, 1 associated"));
    assert_complete(&stage, &id);
}

#[rstest]
#[case::documented(Fault::token_refused(401, None))]
#[case::with_a_challenge(Fault::token_refused(401, Some(CHALLENGE)))]
#[case::without_a_body(Fault::Status(401))]
#[case::page(Fault::gateway(401))]
#[case::by_its_code_alone(Fault::token_refused(403, None))]
#[tokio::test]
async fn a_refused_token_is_replaced_at_once(#[case] fault: Fault) {
    for route in [Route::DirectoryAudits, Route::GetUser, Route::PatchUser] {
        let (stage, id) = with_an_account().await;
        stage.tenant.faults().once(route, fault.clone());
        let logs = stage.run().await;
        assert!(has(&logs, "accounts: 1 new, 1 associated"), "{route:?} {logs:?}");
        assert_eq!(stage.tenant.faults().count(Route::GraphToken), 2, "{route:?}");
        assert_complete(&stage, &id);
    }
}

#[tokio::test]
async fn tokens_that_are_always_refused_make_accounts_wait_and_are_not_replaced_forever() {
    let (stage, id) = with_an_account().await;
    stage.tenant.faults().set(Route::GetUser, Fault::token_refused(401, None));
    assert!(has(&stage.run().await, "1 waiting"));
    assert!(stage.events("attempt-failed").is_empty(), "no account is to blame");
    // One for the audit log, one instead of the one refused.
    assert_eq!(stage.tenant.faults().count(Route::GraphToken), 2);
    stage.tenant.faults().clear(Route::GetUser);
    assert!(has(&stage.run().await, "accounts: 0 new, 1 associated"));
    assert_complete(&stage, &id);
}
