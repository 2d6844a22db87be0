//! The exact spelling of every answer.

use std::collections::BTreeMap;

use super::*;
use crate::signup::decision::Page;
use crate::values::{AttributeName, AttributeValue, AttributeValues};

fn values() -> AttributeValues {
    AttributeValues::from([
        (AttributeName::new("city"), AttributeValue::String("Leeds".into())),
        (AttributeName::new("extension_0f1e2d3c4b5a69788796a5b4c3d2e1f0_News"), AttributeValue::Boolean(false)),
        (AttributeName::new("extension_0f1e2d3c4b5a69788796a5b4c3d2e1f0_Year"), AttributeValue::Int64(2010)),
    ])
}

fn page(title: Option<&str>) -> Page {
    Page { title: title.map(str::to_owned), text: "By invitation only.".into() }
}

#[test]
fn every_answer_to_start_is_spelled_as_the_contract_says() {
    insta::assert_json_snapshot!("start-continue", start(&StartDecision::Continue));
    insta::assert_json_snapshot!("start-prefill", start(&StartDecision::Prefill(values())));
    insta::assert_json_snapshot!("start-refuse", start(&StartDecision::Refuse(page(Some("Sorry")))));
    insta::assert_json_snapshot!("start-refuse-untitled", start(&StartDecision::Refuse(page(None))));
}

#[test]
fn every_answer_to_submit_is_spelled_as_the_contract_says() {
    insta::assert_json_snapshot!("submit-continue", submit(&SubmitDecision::Continue));
    insta::assert_json_snapshot!("submit-modify", submit(&SubmitDecision::Modify(values())));
    let errors = BTreeMap::from([(AttributeName::new("city"), "No digits.".to_owned())]);
    let reject = SubmitDecision::Reject { message: "Please correct the marked fields.".into(), errors };
    insta::assert_json_snapshot!("submit-reject", submit(&reject));
    insta::assert_json_snapshot!("submit-refuse", submit(&SubmitDecision::Refuse(page(None))));
}
