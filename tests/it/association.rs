//! The timer, from the host's call to the outside systems: the real clients against the emulated tenant.

use axum::extract::Request;
use guestlist_emulator::systems::OutsideSystem;
use guestlist_emulator::systems::mailchimp::{Mailchimp, Member};
use guestlist_emulator::tenant::{Account, Fault, Route, SignIn, Tenant, TenantOptions};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::config::{value, with_accounts};
use crate::support::function_app::LIST;
use crate::support::service::{Answer, Plan, Service, ext};

/// A service with both connectors. Its state and its secrets lie in a folder of their own.
struct Setup {
    service: Service,
    state: tempfile::TempDir,
}

impl Setup {
    async fn start(options: TenantOptions) -> Self {
        let secret = options.graph_client_secret.clone();
        Self::with_secret(options, &secret).await
    }

    async fn with_secret(options: TenantOptions, secret: &str) -> Self {
        let state = tempfile::tempdir().unwrap();
        let path = |name: &str| state.path().join(name).display().to_string();
        let file = |name: &str| value(&format!("{{ file = {:?} }}", path(name)));
        std::fs::write(path("graph"), secret).unwrap();
        std::fs::write(path("mailchimp"), Mailchimp::API_KEY).unwrap();
        let tenant = Tenant::start(options).await.unwrap();
        let policy = with_accounts()
            .set("graph.client_id", tenant.options().graph_client_id.as_str())
            .set("graph.credential.client_secret", file("graph"))
            .set("state.url", path("state"))
            .set("connectors.news.api_key", file("mailchimp"))
            .add("connectors.news.base_url", tenant.system::<Mailchimp>().url())
            .add("connectors.news.merge_fields.LNAME", "{{ user.surname }}")
            .add("connectors.directory.after", vec!["news"])
            .remove("telemetry");
        let service = Service::before(tenant, Plan { policy, ..Plan::default() });
        Self { service, state }
    }

    fn tenant(&self) -> &Tenant {
        &self.service.tenant
    }

    async fn called_at(&self, host: &str) -> Answer {
        let body = r#"{"Data":{"timer":{"ScheduleStatus":null,"IsPastDue":false}},"Metadata":{}}"#;
        let request = Request::builder().method("POST").uri("/UpdateNewAccounts").header("host", host);
        self.service.send(request.body(body.into()).unwrap()).await
    }

    /// The timer fires, and the run succeeds; what the host would log, without the window.
    async fn run(&self) -> Vec<String> {
        let answer = self.called_at("127.0.0.1:7071").await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.json());
        let lines: Vec<String> = serde_json::from_value(answer.json()["Logs"].clone()).unwrap();
        lines.into_iter().filter(|line| !line.starts_with("audit log read")).collect()
    }

    fn sign_up(&self, address: &str, given_name: &str, newsletter: bool) -> String {
        let account = Account::signed_up(SignIn::EmailOtp(address.to_owned()))
            .with("givenName", given_name)
            .with("surname", "Bradford")
            .with(&ext("Newsletter"), newsletter);
        self.tenant().directory().add(account)
    }

    fn member(&self, address: &str) -> Option<Member> {
        self.tenant().system::<Mailchimp>().member(LIST, address)
    }

    fn user(&self, id: &str, property: &str) -> Value {
        self.tenant().directory().user(id).unwrap()[property].clone()
    }

    /// Everything that was logged.
    fn log(&self) -> String {
        self.service.lines.all().into_iter().map(|(_, line)| line + "\n").collect()
    }

    fn files(&self, folder: &str) -> usize {
        std::fs::read_dir(self.state.path().join("state").join(folder)).map_or(0, Iterator::count)
    }
}

#[tokio::test]
async fn sign_ups_reach_the_list_and_their_profile_and_others_are_left_alone() {
    let setup = Setup::start(TenantOptions::default()).await;
    let jo = setup.sign_up("jo@fabrikam.com", "Jo", true);
    let kim = setup.sign_up("kim@fabrikam.com", "Kim", false);
    let same_name = setup.sign_up("jo2@fabrikam.com", "Jo", false);
    let directory = setup.tenant().directory();
    directory.add(Account::made_by_administrator("helpdesk"));
    directory.add(Account::guest("guest@fabrikam.com"));
    directory.add(Account::made_by_app(&setup.tenant().options().graph_client_id, "import@fabrikam.com"));
    let lines = setup.run().await;
    assert_eq!(lines[0], "accounts: 3 new, 3 associated", "{lines:?}");
    assert_eq!(lines[1..], ["2 skipped: administrator", "1 skipped: own-application"]);
    let member = setup.member("jo@fabrikam.com").unwrap();
    assert_eq!(
        (member.status.as_str(), json!(member.merge_fields)),
        ("pending", json!({"FNAME": "Jo", "LNAME": "Bradford"}))
    );
    assert!(setup.member("kim@fabrikam.com").is_none(), "no consent");
    assert_eq!(setup.user(&kim, "displayName"), "Kim Bradford");
    let upns = [setup.user(&jo, "userPrincipalName"), setup.user(&same_name, "userPrincipalName")];
    let upns = upns.map(|upn| upn.as_str().unwrap().to_owned());
    assert!(upns.iter().all(|upn| upn.starts_with("jo.bradford") && upn.ends_with("@contoso.onmicrosoft.com")));
    assert_ne!(upns[0], upns[1]);
    assert_eq!((setup.files("done"), setup.files("pending")), (6, 0));

    let patches = directory.patches().len();
    assert_eq!(setup.run().await, ["accounts: 0 new, 0 associated"]);
    assert_eq!((directory.patches().len(), setup.tenant().system::<Mailchimp>().requests().len()), (patches, 1));
    let log = setup.log();
    assert!(!log.contains("fabrikam.com") && !log.contains("Bradford"), "{log}");
}

#[tokio::test]
async fn somebody_who_unsubscribed_stays_unsubscribed() {
    let setup = Setup::start(TenantOptions::default()).await;
    setup.tenant().system::<Mailchimp>().add(LIST, "jo@fabrikam.com", "unsubscribed");
    setup.sign_up("jo@fabrikam.com", "Jo", true);
    assert_eq!(setup.run().await, ["accounts: 1 new, 1 associated"]);
    assert_eq!(setup.member("jo@fabrikam.com").unwrap().status, "unsubscribed");
}

#[tokio::test]
async fn pages_throttling_and_a_revoked_token_cost_no_account() {
    let setup = Setup::start(TenantOptions { page_size: 1, ..TenantOptions::default() }).await;
    for (address, name) in [("jo@fabrikam.com", "Jo"), ("kim@fabrikam.com", "Kim"), ("lee@fabrikam.com", "Lee")] {
        setup.sign_up(address, name, true);
    }
    let faults = setup.tenant().faults();
    faults.arm(Route::DirectoryAudits, 1, Some(1), Fault::throttled(Some("0")));
    faults.once(Route::GetUser, Fault::throttled(Some("Sat, 21 Nov 2020 10:00:00 GMT")));
    assert_eq!(setup.run().await, ["accounts: 3 new, 3 associated"]);
    setup.tenant().graph_tokens().revoke_all();
    setup.sign_up("max@fabrikam.com", "Max", true);
    assert_eq!(setup.run().await, ["accounts: 1 new, 1 associated"]);
}

#[tokio::test]
async fn an_account_too_new_to_be_read_is_associated_by_the_next_run() {
    let setup = Setup::start(TenantOptions::default()).await;
    let jo = setup.sign_up("jo@fabrikam.com", "Jo", true);
    setup.tenant().directory().answer_not_found(&jo, 1);
    assert_eq!(setup.run().await, ["accounts: 1 new, 0 associated", "1 failed, to be tried again"]);
    assert_eq!(setup.run().await, ["accounts: 0 new, 1 associated"]);
}

#[tokio::test]
async fn a_next_link_to_another_host_fails_the_run() {
    let options = TenantOptions { page_size: 1, foreign_next_link: true, ..TenantOptions::default() };
    let setup = Setup::start(options).await;
    setup.sign_up("jo@fabrikam.com", "Jo", true);
    setup.sign_up("kim@fabrikam.com", "Kim", true);
    let answer = setup.called_at("127.0.0.1:7071").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(answer.json()["error"].as_str().unwrap().contains("not on the Graph host"), "{}", answer.json());
}

#[tokio::test]
async fn a_wrong_secret_is_a_500_that_names_the_code_and_not_the_secret() {
    let setup = Setup::with_secret(TenantOptions::default(), "wr0ng-secret").await;
    let answer = setup.called_at("127.0.0.1:7071").await;
    let error = answer.json()["error"].as_str().unwrap().to_owned();
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(error.contains("AADSTS7000215") && !error.contains("wr0ng"), "{error}");
    assert!(!setup.log().contains("wr0ng"));
}

#[tokio::test]
async fn the_outside_cannot_fire_the_timer() {
    let setup = Setup::start(TenantOptions::default()).await;
    assert_eq!(setup.called_at("contoso.azurewebsites.net").await.status, StatusCode::FORBIDDEN);
    assert_eq!(setup.tenant().faults().count(Route::DirectoryAudits), 0);
}
