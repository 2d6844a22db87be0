//! Graph: the token, the audit log, users.

use std::time::Duration;

use guestlist_emulator::clock::seconds;
use guestlist_emulator::tenant::{Account, Actor, Fault, Route, SignIn, TenantOptions};
use guestlist_emulator::{Clock, Tenant};
use serde_json::{Value, json};

use crate::support::{client, sent, tenant};

async fn token_with(tenant: &Tenant, changes: &[(&str, &str)]) -> (u16, Value) {
    let options = tenant.options();
    let mut form = vec![
        ("grant_type", "client_credentials"),
        ("client_id", &options.graph_client_id),
        ("client_secret", &options.graph_client_secret),
        ("scope", "https://graph.microsoft.com/.default"),
    ];
    for (name, value) in changes {
        form.retain(|(own, _)| own != name);
        form.push((name, value));
    }
    let url = format!("{}/{}/oauth2/v2.0/token", tenant.urls().login, options.id);
    sent(client().post(url).form(&form)).await
}

async fn token(tenant: &Tenant) -> String {
    let (_, body) = token_with(tenant, &[]).await;
    body["access_token"].as_str().unwrap().to_owned()
}

async fn get(tenant: &Tenant, path: &str, query: &[(&str, &str)]) -> (u16, Value) {
    let token = token(tenant).await;
    let url = format!("{}/v1.0/{path}", tenant.urls().graph);
    let url = url::Url::parse_with_params(&url, query).unwrap();
    sent(client().get(url).bearer_auth(token)).await
}

async fn patch(tenant: &Tenant, id: &str, body: Value) -> (u16, Value) {
    let token = token(tenant).await;
    let url = format!("{}/v1.0/users/{id}", tenant.urls().graph);
    sent(client().patch(url).json(&body).bearer_auth(token)).await
}

fn otp(address: &str) -> Account {
    Account::signed_up(SignIn::EmailOtp(address.to_owned()))
}

fn targets(page: &Value) -> Vec<String> {
    let records = page["value"].as_array().unwrap().iter();
    let id = |record: &Value| record["targetResources"][0]["id"].as_str().unwrap().to_owned();
    records.map(id).collect()
}

const ADD_USER: &str = "activityDisplayName eq 'Add user' and activityDateTime ge 2026-01-01T00:00:00Z and activityDateTime le 2026-01-02T00:00:00Z";

async fn tenant_in_january(change: impl FnOnce(&mut TenantOptions)) -> Tenant {
    let mut options =
        TenantOptions { clock: Clock::fixed("2026-01-01T12:00:00Z".parse().unwrap()), ..TenantOptions::default() };
    change(&mut options);
    Tenant::start(options).await.unwrap()
}

#[tokio::test]
async fn gives_a_token_to_the_right_app_only() {
    let tenant = tenant().await;
    assert_eq!(token_with(&tenant, &[]).await.1["expires_in"], 3599);
    for (name, value, status, error) in [
        ("grant_type", "password", 400, "unsupported_grant_type"),
        ("client_id", "someone-else", 400, "unauthorized_client"),
        ("client_secret", "wrong", 401, "invalid_client"),
        ("scope", "User.Read", 400, "invalid_scope"),
    ] {
        let (seen, body) = token_with(&tenant, &[(name, value)]).await;
        assert_eq!((seen, &body["error"]), (status, &json!(error)));
        assert!(body["error_description"].as_str().unwrap().starts_with("AADSTS"));
    }
}

#[tokio::test]
async fn graph_refuses_unknown_and_expired_tokens() {
    let tenant = tenant_in_january(|_| {}).await;
    let token = token(&tenant).await;
    let url = format!("{}/v1.0/auditLogs/directoryAudits", tenant.urls().graph);
    let status = async |token: &str| sent(client().get(&url).bearer_auth(token)).await.0;
    assert_eq!(status(&token).await, 200);
    assert_eq!(status("other").await, 401);
    tenant.clock().advance(Duration::from_hours(1));
    assert_eq!(status(&token).await, 401);
}

#[tokio::test]
async fn pages_the_audit_log_in_order() {
    let tenant = tenant_in_january(|options| options.page_size = 2).await;
    let made: Vec<String> = (0..5)
        .map(|n| {
            let account = otp(&format!("n{n}@fabrikam.com")).fraction_digits(n);
            let id = tenant.directory().add(account);
            tenant.clock().advance(Duration::from_millis(1100));
            id
        })
        .collect();
    let query = [("$filter", ADD_USER), ("$orderby", "activityDateTime asc"), ("$top", "999")];
    let (_, mut page) = get(&tenant, "auditLogs/directoryAudits", &query).await;
    let mut seen = targets(&page);
    let token = token(&tenant).await;
    while let Some(next) = page["@odata.nextLink"].as_str() {
        assert!(next.starts_with(&tenant.urls().graph));
        page = sent(client().get(next).bearer_auth(&token)).await.1;
        seen.extend(targets(&page));
    }
    assert_eq!(seen, made);
    assert_eq!(tenant.faults().count(Route::DirectoryAudits), 3);
}

#[tokio::test]
async fn late_records_arrive_out_of_order() {
    let tenant = tenant_in_january(|_| {}).await;
    let late = tenant.directory().add(otp("late@fabrikam.com").arrives_after(Duration::from_mins(5)));
    tenant.clock().advance(Duration::from_mins(1));
    let early = tenant.directory().add(otp("early@fabrikam.com"));
    let query = [("$filter", ADD_USER), ("$orderby", "activityDateTime asc")];
    let now = get(&tenant, "auditLogs/directoryAudits", &query).await.1;
    assert_eq!(targets(&now), [early.as_str()]);
    tenant.clock().advance(Duration::from_mins(5));
    let then = get(&tenant, "auditLogs/directoryAudits", &query).await.1;
    assert_eq!(targets(&then), [late, early]);
}

#[tokio::test]
async fn refuses_filters_beyond_retention_and_undocumented_ones() {
    let tenant = tenant_in_january(|options| options.retention = Some(Duration::from_hours(1))).await;
    let (status, body) = get(&tenant, "auditLogs/directoryAudits", &[("$filter", ADD_USER)]).await;
    assert_eq!(status, 400);
    let message = body["error"]["message"].as_str().unwrap();
    assert!(message.starts_with("Minimum allowed time for activityDateTime"), "{message}");
    let odd = [("$filter", "activityDateTime lt 2026-01-01T00:00:00Z")];
    assert_eq!(get(&tenant, "auditLogs/directoryAudits", &odd).await.0, 400);
}

#[tokio::test]
async fn can_throttle_and_link_abroad() {
    let tenant = tenant_in_january(|options| {
        options.page_size = 1;
        options.foreign_next_link = true;
    })
    .await;
    tenant.directory().add(otp("a@fabrikam.com"));
    tenant.directory().add(otp("b@fabrikam.com"));
    tenant.faults().arm(Route::DirectoryAudits, 1, Some(1), Fault::throttled(Some("3")));
    let page = get(&tenant, "auditLogs/directoryAudits", &[]).await.1;
    let next = page["@odata.nextLink"].as_str().unwrap();
    assert!(next.starts_with("https://graph.example.net/"));
    assert_eq!(get(&tenant, "auditLogs/directoryAudits", &[]).await.0, 429);
    assert_eq!(get(&tenant, "auditLogs/directoryAudits", &[]).await.0, 200);
}

#[tokio::test]
async fn users_have_the_shape_of_how_they_came() {
    let tenant = tenant().await;
    let directory = tenant.directory();
    let select = [("$select", "id,displayName,mail,identities,userType,creationType,userPrincipalName")];
    let shape = async |account: Account| {
        let id = directory.add(account);
        get(&tenant, &format!("users/{id}"), &select).await.1
    };
    let user = shape(otp("a@fabrikam.com")).await;
    assert_eq!(user["displayName"], "unknown");
    assert_eq!(user["identities"][0]["issuer"], "mail");
    let user = shape(Account::signed_up(SignIn::Google("g@gmail.com".to_owned()))).await;
    assert_eq!(user["mail"], "g@gmail.com");
    let user = shape(Account::guest("guest@fabrikam.com")).await;
    assert_eq!((&user["userType"], &user["creationType"]), (&json!("Guest"), &json!("Invitation")));
    assert!(user["userPrincipalName"].as_str().unwrap().contains("#EXT#"));
    let user = shape(Account::made_by_administrator("helpdesk")).await;
    assert_eq!(user["userPrincipalName"], "helpdesk@contoso.onmicrosoft.com");
    assert_eq!(user["identities"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn actors_are_told_apart_in_the_audit_log() {
    let tenant = tenant_in_january(|_| {}).await;
    tenant.directory().add(otp("a@fabrikam.com").by(Actor::CpimService));
    tenant.directory().add(Account::made_by_app("own-app", "b@fabrikam.com"));
    tenant.directory().add(Account::made_by_administrator("helpdesk"));
    let query = [("$filter", ADD_USER), ("$orderby", "activityDateTime asc")];
    let page = get(&tenant, "auditLogs/directoryAudits", &query).await.1;
    let by = |n: usize| &page["value"][n]["initiatedBy"];
    assert_eq!(by(0)["app"]["displayName"], "CPIM Service");
    assert_eq!(by(1)["app"]["appId"], "own-app");
    assert_eq!(by(2)["app"], Value::Null);
    assert_eq!(page["value"][0]["activityDateTime"], "2026-01-01T12:00:00.0000000Z");
    assert_eq!(seconds(tenant.clock().now()), "2026-01-01T12:00:00Z");
}

#[tokio::test]
async fn patches_are_checked_and_kept() {
    let tenant = tenant().await;
    let first = tenant.directory().add(otp("a@fabrikam.com"));
    let second = tenant.directory().add(otp("b@fabrikam.com"));
    let name = json!({ "userPrincipalName": "Alex@contoso.onmicrosoft.com", "displayName": "Alex" });
    assert_eq!(patch(&tenant, &first, name.clone()).await.0, 204);
    let (status, body) = patch(&tenant, &second, name).await;
    assert_eq!(status, 400);
    assert_eq!(body["error"]["code"], "Request_BadRequest");
    assert!(body["error"]["message"].as_str().unwrap().contains("userPrincipalName already exists"));
    for refused in [
        json!({ "displayName": "" }),
        json!({ "displayName": null }),
        json!({ "userPrincipalName": "alex@elsewhere.com" }),
        json!({ "userPrincipalName": "ål@contoso.onmicrosoft.com" }),
        json!({ "createdDateTime": "2026-01-01T00:00:00Z" }),
        json!({ "noSuchThing": 1 }),
    ] {
        assert_eq!(patch(&tenant, &second, refused.clone()).await.0, 400, "{refused}");
    }
    let user = tenant.directory().user(&first).unwrap();
    assert_eq!(user["identities"][1]["issuerAssignedId"], "Alex@contoso.onmicrosoft.com");
    let patches = tenant.directory().patches();
    assert_eq!((patches.len(), patches[0].status, patches[1].status), (8, 204, 400));
    assert!(patches[0].unchanged().is_empty());
}

#[tokio::test]
async fn a_new_user_is_not_found_at_first() {
    let tenant = tenant().await;
    tenant.directory().answer_not_found_when_new(1);
    let id = tenant.directory().add(otp("a@fabrikam.com"));
    let (status, body) = get(&tenant, &format!("users/{id}"), &[]).await;
    assert_eq!((status, &body["error"]["code"]), (404, &json!("Request_ResourceNotFound")));
    assert_eq!(get(&tenant, &format!("users/{id}"), &[]).await.0, 200);
}
