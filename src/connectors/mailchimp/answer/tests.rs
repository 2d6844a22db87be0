use serde_json::json;

use super::*;
use crate::outbound::samples::{FOREIGN, STATUSES, answer, cut_short};

const ASKED: MemberKey<'_> = MemberKey { list: "a1b2c3d4e5", hash: "62eeb292278cc15f5817cb78f7790b08" };

fn member() -> String {
    json!({"id": ASKED.hash, "list_id": ASKED.list, "contact_id": "c0ffee", "status": "pending"}).to_string()
}

fn problem(status: u16) -> String {
    json!({"title": "Invalid Resource", "status": status, "detail": "no", "instance": "995c5cb0-3280-4a6e-808b-3b096d0bb219"}).to_string()
}

/// What has to follow from an answer that Mailchimp did not write, or not about this member.
fn assert_tried_again(answer: &Answer) {
    let shown = format!("{} {}", answer.status, String::from_utf8_lossy(&answer.body));
    let error = read(answer, ASKED).expect_err(&shown);
    assert_eq!(error.disposition(), Disposition::Retry { after: None }, "{shown}");
    assert!(!error.is_setup(), "{shown}");
}

#[test]
fn nothing_but_the_member_asked_for_is_a_delivery() {
    for status in STATUSES {
        for body in FOREIGN {
            assert_tried_again(&answer(status, body));
        }
        if status == 200 {
            assert_eq!(read(&answer(200, &member()), ASKED).unwrap().id.as_deref(), Some("c0ffee"));
        } else {
            assert_tried_again(&answer(status, &member()));
        }
        assert!(read(&answer(status, &problem(status)), ASKED).is_err());
    }
}

#[test]
fn a_member_of_another_id_or_list_and_one_cut_short_are_not_it() {
    let whole = member();
    cut_short(&whole).for_each(|answer| assert_tried_again(&answer));
    for (name, other) in [("id", json!("b0")), ("id", json!(7)), ("list_id", json!("f0")), ("list_id", json!(null))] {
        let mut body: Value = serde_json::from_str(&whole).unwrap();
        body[name] = other;
        assert_tried_again(&answer(200, &body.to_string()));
        body.as_object_mut().unwrap().remove(name);
        assert_tried_again(&answer(200, &body.to_string()));
    }
    let upper = whole.to_uppercase().replace("ID\"", "id\"").replace("LIST_", "list_");
    assert!(read(&answer(200, &upper), ASKED).is_ok(), "hexadecimal digits in capitals are the same: {upper}");
}

#[test]
fn nothing_but_mailchimps_own_problem_gives_up() {
    for status in STATUSES {
        let error = read(&answer(status, &problem(status)), ASKED).unwrap_err();
        let set_up = [401, 403, 404].contains(&status);
        let refused = (400..500).contains(&status) && ![408, 425, 429].contains(&status);
        assert_eq!(error.disposition() == Disposition::GiveUp, refused, "{status} {error}");
        assert_eq!(error.is_setup(), set_up, "{status} {error}");
        // Somebody else's problem document: of another status, or without what Mailchimp's has.
        assert_tried_again(&answer(status, &problem(status + 1)));
        for name in ["title", "status", "detail", "instance"] {
            let mut body: Value = serde_json::from_str(&problem(status)).unwrap();
            body.as_object_mut().unwrap().remove(name);
            assert_tried_again(&answer(status, &body.to_string()));
        }
    }
}
