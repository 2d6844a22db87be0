use rstest::rstest;
use serde_json::json;

use super::super::{audit, user::User};
use super::*;
use crate::outbound::Disposition;
use crate::outbound::samples::{FOREIGN, STATUSES, answer, cut_short};
use crate::values::ObjectId;

const OPERATIONS: [Operation; 3] = [Operation::ReadAuditLog, Operation::ReadUser, Operation::UpdateUser];

fn id() -> ObjectId {
    "9fb7a577-9469-4489-912d-bc58a5bca276".parse().unwrap()
}

/// The body that is documented for a success.
fn documented(operation: Operation) -> String {
    let identity = json!({"signInType": "federated", "issuer": "mail", "issuerAssignedId": "jo@example.com"});
    match operation {
        Operation::ReadAuditLog => json!({"value": []}).to_string(),
        Operation::ReadUser => json!({"id": id(), "identities": [identity]}).to_string(),
        Operation::UpdateUser => String::new(),
    }
}

/// Reads the answer as the client does.
fn outcome(operation: Operation, answer: &Answer) -> Result<(), GraphError> {
    read(operation, answer, |answer| match operation {
        Operation::ReadAuditLog => audit::parse_page(&json(answer)?, 1).map(|_| ()),
        Operation::ReadUser => User::try_new(&id(), json(answer)?, None).map(|_| ()),
        Operation::UpdateUser => Ok(()),
    })
}

/// Checks that an answer that Graph did not write is tried again.
fn assert_tried_again(operation: Operation, answer: &Answer) {
    let shown = format!("{operation:?} {} {}", answer.status, String::from_utf8_lossy(&answer.body));
    let error = outcome(operation, answer).expect_err(&shown);
    assert_eq!(error.disposition(), Disposition::Retry { after: None }, "{shown}");
    assert_eq!(error.repeat_disposition(), Disposition::Retry { after: None }, "{shown}");
    assert!(!error.is_setup(), "{shown}");
}

#[test]
fn nothing_but_the_documented_body_is_a_success() {
    for operation in OPERATIONS {
        for status in STATUSES {
            for body in FOREIGN {
                // A 204 has no body, so any bytes after it are not read.
                if operation != Operation::UpdateUser || status != 204 {
                    assert_tried_again(operation, &answer(status, body));
                }
            }
            let answer = answer(status, &documented(operation));
            if answer.status == operation.success() {
                outcome(operation, &answer).unwrap();
            } else {
                assert_tried_again(operation, &answer);
            }
        }
    }
}

#[test]
fn nothing_but_graphs_own_error_gives_up() {
    let own = json!({"error": {"code": "Request_BadRequest", "message": "no", "innerError": {}}}).to_string();
    for (operation, status) in
        OPERATIONS.into_iter().flat_map(|operation| STATUSES.map(move |status| (operation, status)))
    {
        let answer = answer(status, &own);
        if operation == Operation::UpdateUser && status == 204 {
            continue;
        }
        let error = outcome(operation, &answer).unwrap_err();
        let refused = (400..500).contains(&status) && ![408, 425, 429].contains(&status);
        assert_eq!(error.disposition() == Disposition::GiveUp, refused, "{error}");
        assert_eq!(error.is_setup(), [401, 403].contains(&status), "{error}");
    }
}

#[test]
fn a_body_that_ends_early_is_none_wherever_it_ends() {
    for operation in [Operation::ReadAuditLog, Operation::ReadUser] {
        cut_short(&documented(operation)).for_each(|answer| assert_tried_again(operation, &answer));
    }
}

#[rstest]
#[case(401, "", true)]
#[case(401, "<html>", true)]
#[case(401, r#"{"error":{"code":"InvalidAuthenticationToken","message":""}}"#, true)]
#[case(403, r#"{"error":{"code":"InvalidAuthenticationToken","message":""}}"#, true)]
#[case(403, r#"{"error":{"code":"Authorization_RequestDenied","message":""}}"#, false)]
#[case(403, "<html>", false)]
#[case(200, r#"{"error":{"code":"InvalidAuthenticationToken","message":""}}"#, false)]
fn knows_when_the_token_is_refused(#[case] status: u16, #[case] body: &str, #[case] refused: bool) {
    assert_eq!(refuses_token(&answer(status, body)), refused);
}
