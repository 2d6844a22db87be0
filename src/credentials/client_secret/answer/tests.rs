use rstest::rstest;
use serde_json::json;

use super::*;
use crate::outbound::samples::{FOREIGN, STATUSES, answer, cut_short};

fn client() -> AppId {
    "88888888-3333-4444-5555-666666666666".parse().unwrap()
}

fn grant() -> Value {
    json!({"token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599, "access_token": "e30.e30.c2ln"})
}

fn assert_tried_again(answer: &Answer) {
    let shown = format!("{} {}", answer.status, String::from_utf8_lossy(&answer.body));
    let error = read(answer, &client()).expect_err(&shown);
    assert_eq!(error.disposition(), Disposition::Retry { after: None }, "{shown}");
}

#[test]
fn nothing_but_the_documented_body_is_a_token() {
    for status in STATUSES {
        for body in FOREIGN {
            assert_tried_again(&answer(status, body));
        }
        if status != 200 {
            assert_tried_again(&answer(status, &grant().to_string()));
        }
    }
    let (token, lifetime) = read(&answer(200, &grant().to_string()), &client()).unwrap();
    assert_eq!((token.expose(), lifetime), ("e30.e30.c2ln", TimeDelta::seconds(3599)));
    cut_short(&grant().to_string()).for_each(|answer| assert_tried_again(&answer));
}

#[rstest]
#[case("access_token", json!(""))]
#[case("access_token", json!(null))]
#[case("access_token", json!(7))]
#[case("access_token", json!("two words"))]
#[case("access_token", json!("tok\r\nx: y"))]
#[case("access_token", json!("tök"))]
#[case("expires_in", json!(null))]
#[case("expires_in", json!(0))]
#[case("expires_in", json!("0"))]
#[case("expires_in", json!(-1))]
#[case("expires_in", json!(86_401))]
#[case("expires_in", json!(1e300))]
#[case("expires_in", json!("an hour"))]
#[case("expires_in", json!([3599]))]
#[case("token_type", json!(null))]
#[case("token_type", json!("mac"))]
#[case("token_type", json!(["Bearer"]))]
fn a_grant_with_one_odd_member_is_none(#[case] member: &str, #[case] odd: Value) {
    let mut body = grant();
    body[member] = odd;
    assert_tried_again(&answer(200, &body.to_string()));
    body.as_object_mut().unwrap().remove(member);
    assert_tried_again(&answer(200, &body.to_string()));
}

#[rstest]
#[case("token_type", json!("bearer"))]
#[case("expires_in", json!("3599"))]
#[case("expires_in", json!(1))]
#[case("expires_in", json!(86_400))]
fn a_grant_may_be_written_in_other_ways(#[case] member: &str, #[case] value: Value) {
    let mut body = grant();
    body[member] = value;
    assert!(read(&answer(200, &body.to_string()), &client()).is_ok());
}

#[test]
fn nothing_but_the_endpoints_own_error_is_a_refusal() {
    let own = json!({"error": "invalid_client", "error_codes": [7_000_215], "error_description": "no"}).to_string();
    for status in STATUSES.filter(|status| *status != 200) {
        let error = read(&answer(status, &own), &client()).unwrap_err();
        let refused = (400..500).contains(&status) && ![408, 425, 429].contains(&status);
        assert_eq!(matches!(error, CredentialError::Refused { .. }), refused, "{status} {error}");
        assert_eq!(error.disposition() == Disposition::GiveUp, refused, "{status} {error}");
    }
    assert_tried_again(&answer(400, r#"{"error":"temporarily_unavailable"}"#));
    assert_tried_again(&answer(400, r#"{"error":"Bad Request"}"#));
}
