//! Mailchimp: who may write, whom it accepts, and that nobody is subscribed again.

use guestlist_emulator::Tenant;
use guestlist_emulator::systems::OutsideSystem;
use guestlist_emulator::systems::mailchimp::Mailchimp;
use guestlist_emulator::tenant::Fault;
use serde_json::{Value, json};

use crate::support::{client, sent, tenant};

const LIST: &str = Mailchimp::LIST;
/// MD5 of `alex@fabrikam.com`.
const ALEX: &str = "862adaf11aa263559d96fccd85a67872";

/// The tenant's Mailchimp.
fn mailchimp(tenant: &Tenant) -> &Mailchimp {
    tenant.system()
}

async fn put(tenant: &Tenant, hash: &str, body: Value) -> (u16, Value) {
    let url = format!("{}/3.0/lists/{LIST}/members/{hash}", mailchimp(tenant).url());
    sent(client().put(url).basic_auth("any", Some(Mailchimp::API_KEY)).json(&body)).await
}

#[tokio::test]
async fn a_new_member_gets_the_status_for_new_ones() {
    let tenant = tenant().await;
    let body = json!({ "email_address": "alex@fabrikam.com", "status_if_new": "pending", "merge_fields": { "FNAME": "Alex" } });
    let (status, answer) = put(&tenant, ALEX, body).await;
    assert_eq!((status, &answer["status"]), (200, &json!("pending")));
    let member = mailchimp(&tenant).member(LIST, "Alex@Fabrikam.com").unwrap();
    assert_eq!(member.merge_fields["FNAME"], "Alex");
    assert_eq!(mailchimp(&tenant).requests().len(), 1);
    let url = format!("{}/3.0/lists/{LIST}/members/{ALEX}", mailchimp(&tenant).url());
    let read = client().get(url).bearer_auth(Mailchimp::API_KEY);
    assert_eq!(sent(read).await.1["email_address"], "alex@fabrikam.com");
}

#[tokio::test]
async fn an_unsubscribed_member_stays_so() {
    let tenant = tenant().await;
    mailchimp(&tenant).add(LIST, "alex@fabrikam.com", "unsubscribed");
    let gentle = json!({ "email_address": "alex@fabrikam.com", "status_if_new": "subscribed" });
    assert_eq!(put(&tenant, ALEX, gentle).await.1["status"], "unsubscribed");
    let rude = json!({ "email_address": "alex@fabrikam.com", "status": "subscribed" });
    let (status, problem) = put(&tenant, ALEX, rude).await;
    assert_eq!((status, &problem["title"]), (400, &json!("Member In Compliance State")));
}

#[tokio::test]
async fn refuses_what_mailchimp_refuses() {
    let tenant = tenant().await;
    mailchimp(&tenant).forget("alex@fabrikam.com");
    let alex = json!({ "email_address": "alex@fabrikam.com", "status_if_new": "pending" });
    assert_eq!(put(&tenant, ALEX, alex.clone()).await.1["title"], "Forgotten Email Not Subscribed");
    assert_eq!(put(&tenant, "0123456789abcdef0123456789abcdef", alex.clone()).await.0, 400);
    let fake = json!({ "email_address": "a@example.com", "status_if_new": "pending" });
    let detail = put(&tenant, "b418773a2c51fb9777a1648346fa7394", fake).await.1;
    assert!(detail["detail"].as_str().unwrap().contains("looks fake or invalid"), "{detail}");
    let url = format!("{}/3.0/lists/{LIST}/members/{ALEX}", mailchimp(&tenant).url());
    assert_eq!(sent(client().put(url).bearer_auth("wrong").json(&alex)).await.0, 401);
}

#[tokio::test]
async fn something_else_can_answer_in_its_place() {
    let tenant = tenant().await;
    let alex = json!({ "email_address": "alex@fabrikam.com", "status_if_new": "pending" });
    for (fault, status) in [(Fault::gateway(302), 302), (Fault::gateway(200), 200), (Fault::Status(200), 200)] {
        tenant.faults().once(Mailchimp::PUT_MEMBER, fault);
        let (seen, body) = put(&tenant, ALEX, alex.clone()).await;
        assert!(seen == status && body.is_string(), "{seen} {body}");
    }
    assert!(mailchimp(&tenant).members(LIST).is_empty(), "none of them reached it");
    tenant.faults().once(Mailchimp::PUT_MEMBER, Fault::another_id());
    let (status, other) = put(&tenant, ALEX, alex.clone()).await;
    assert!(status == 200 && other["id"] != ALEX && other["list_id"] == LIST, "{other}");
    tenant.faults().once(Mailchimp::PUT_MEMBER, Fault::without("list_id"));
    let less = put(&tenant, ALEX, alex.clone()).await.1;
    assert!(less["id"] == ALEX && less.get("list_id").is_none(), "{less}");
    tenant.faults().once(Mailchimp::PUT_MEMBER, Fault::CutShort);
    let (status, half) = put(&tenant, ALEX, alex).await;
    assert!(status == 200 && half.as_str().is_some_and(|half| half.starts_with('{')), "{half}");
    assert_eq!(mailchimp(&tenant).requests().len(), 3);
}

#[tokio::test]
async fn an_answer_can_be_lost_after_its_effect() {
    let tenant = tenant().await;
    tenant.faults().once(Mailchimp::PUT_MEMBER, Fault::LoseAnswer);
    let alex = json!({ "email_address": "alex@fabrikam.com", "status_if_new": "pending" });
    tokio::select! {
        _ = put(&tenant, ALEX, alex) => panic!("there was an answer"),
        () = tenant.faults().lost(Mailchimp::PUT_MEMBER, 1) => {}
    }
    assert!(mailchimp(&tenant).member(LIST, "alex@fabrikam.com").is_some());
    tenant.faults().reached(Mailchimp::PUT_MEMBER, 1).await;
}
