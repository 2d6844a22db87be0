use rstest::rstest;
use serde_json::json;

use super::*;

fn refused(operation: Operation, status: u16, code: &str, message: &str) -> GraphError {
    let body = json!({"error": {"code": code, "message": message, "innerError": {"date": "x"}}}).to_string();
    let status = StatusCode::from_u16(status).unwrap();
    let answer = Answer { status, body: body.into_bytes(), retry_after: None };
    GraphError::from_answer(operation, &answer)
}

#[rstest]
#[case(Operation::ReadUser, 404, "Request_ResourceNotFound", "Resource 'x' does not exist", ErrorKind::UserNotFound)]
#[case(Operation::UpdateUser, 404, "Directory_ObjectNotFound", "Unable to read", ErrorKind::UserNotFound)]
#[case(
    Operation::UpdateUser,
    400,
    "Request_BadRequest",
    "Another object with the same value for property userPrincipalName already exists.",
    ErrorKind::UpnTaken
)]
#[case(Operation::UpdateUser, 400, "Request_BadRequest", "Property displayName is invalid.", ErrorKind::Other)]
#[case(
    Operation::ReadAuditLog,
    400,
    "",
    "Minimum allowed time for activityDateTime is x",
    ErrorKind::RetentionExceeded
)]
#[case(
    Operation::ReadAuditLog,
    403,
    "Authentication_RequestFromNonPremiumTenantOrB2CTenant",
    "Neither tenant is B2C or tenant doesn't have premium license",
    ErrorKind::LicenceMissing
)]
#[case(
    Operation::ReadAuditLog,
    403,
    "Authorization_RequestDenied",
    "Insufficient privileges",
    ErrorKind::PermissionMissing
)]
#[case(Operation::ReadUser, 401, "InvalidAuthenticationToken", "", ErrorKind::Unauthorised)]
#[case(Operation::ReadUser, 503, "ServiceUnavailable", "", ErrorKind::Transient)]
fn knows_what_an_error_means(
    #[case] operation: Operation,
    #[case] status: u16,
    #[case] code: &str,
    #[case] message: &str,
    #[case] kind: ErrorKind,
) {
    assert_eq!(refused(operation, status, code, message).kind(), kind);
}

#[test]
fn a_missing_permission_is_named() {
    let text = refused(Operation::ReadAuditLog, 403, "Authorization_RequestDenied", "no").to_string();
    assert!(text.contains("AuditLog.Read.All and Directory.Read.All"), "{text}");
    let text = refused(Operation::UpdateUser, 403, "Authorization_RequestDenied", "no").to_string();
    assert!(text.contains("User.ReadWrite.All"), "{text}");
}

#[test]
fn a_user_that_is_not_there_yet_is_tried_again_and_a_permission_blames_no_account() {
    let error = refused(Operation::ReadUser, 404, "Request_ResourceNotFound", "");
    assert_eq!(error.disposition(), Disposition::Retry { after: None });
    assert_eq!(error.repeat_disposition(), Disposition::GiveUp);
    assert!(refused(Operation::ReadUser, 403, "", "").is_setup() && !error.is_setup());
}

#[test]
fn of_a_message_only_the_properties_it_names_are_shown() {
    let message = "Invalid value 'Jo Bradford' for property 'displayName' of O'Neil, jo@example.com; Bearer eyJhbGci.";
    let error = refused(Operation::UpdateUser, 400, "Request_BadRequest", message);
    let shown = error.to_string();
    assert!(shown.ends_with("answers 400 Bad Request Request_BadRequest: displayName"), "{shown}");
    let all = format!("{error} {error:?}");
    for value in ["Bradford", "example.com", "Neil", "eyJ"] {
        assert!(!all.contains(value), "{all}");
    }
    assert!(!refused(Operation::ReadAuditLog, 500, "x", message).to_string().contains("displayName"));
}

#[rstest]
#[case("Request_BadRequest", true)]
#[case("Authentication_RequestFromNonPremiumTenantOrB2CTenant", true)]
#[case("generalException", true)]
#[case("Directory.Quota-Exceeded", true)]
#[case("", false)]
#[case("jo@example.com", false)]
#[case("Jo Bradford", false)]
#[case("Brådford", false)]
#[case("0412345678", false)]
#[case("Bad\nevent=admitted", false)]
#[case("\u{1b}[31mBad", false)]
#[case("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false)]
fn a_code_is_quoted_only_if_it_looks_like_one(#[case] code: &str, #[case] is_quoted: bool) {
    let error = refused(Operation::UpdateUser, 400, code, "no");
    let (shown, all) = (error.to_string(), format!("{error} {error:?}"));
    if is_quoted {
        assert!(shown.contains(&format!("answers 400 Bad Request {code}: ")), "{shown}");
    } else {
        assert!(shown.contains("answers 400 Bad Request without a code: "), "{shown}");
        let pieces = ["example", "Bradford", "dford", "0412", "admitted", "31m", "aaaa"];
        assert!(!pieces.iter().any(|piece| all.contains(piece)), "{all}");
    }
}
