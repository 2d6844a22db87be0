//! The timer, from the host's call to the outside systems: the real clients against the emulated tenant.

use std::sync::Arc;

use axum::extract::Request;
use guestlist::clock::SystemClock;
use guestlist_emulator::systems::OutsideSystem;
use guestlist_emulator::systems::mailchimp::{Mailchimp, Member};
use guestlist_emulator::tenant::{Account, Fault, Route, SignIn, Tenant, TenantOptions};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::service::{Answer, EXTENSION_APP, POLICY, Service};

const LIST: &str = "a1b2c3d4e5";

/// A service with the two connectors; its state and secrets lie in a folder of their own.
struct House {
    service: Service,
    state: tempfile::TempDir,
}

impl House {
    async fn start(options: TenantOptions) -> Self {
        let secret = options.graph_client_secret.clone();
        Self::with_secret(options, &secret).await
    }

    async fn with_secret(options: TenantOptions, secret: &str) -> Self {
        let state = tempfile::tempdir().unwrap();
        let folder = state.path().display();
        std::fs::write(state.path().join("graph"), secret).unwrap();
        std::fs::write(state.path().join("mailchimp"), Mailchimp::API_KEY).unwrap();
        let tenant = Tenant::start(options).await.unwrap();
        let accounts = format!(
            r#"
[graph]
client_id = "{}"
credential = {{ client_secret = {{ file = "{folder}/graph" }} }}

[state]
url = "{folder}/state"

[[connectors]]
name = "news"
kind = "mailchimp"
api_key = {{ file = "{folder}/mailchimp" }}
base_url = "{}"
list = "{LIST}"
when = "user.ext.Newsletter"
merge_fields = {{ FNAME = "{{{{ user.givenName }}}}", LNAME = "{{{{ user.surname }}}}" }}

[[connectors]]
name = "directory"
kind = "profile"
after = ["news"]
set = {{ displayName = "{{{{ user.givenName }}}} {{{{ user.surname }}}}", userPrincipalName = "{{{{ user.givenName | slug }}}}.{{{{ user.surname | slug }}}}" }}
"#,
            tenant.options().graph_client_id,
            tenant.system::<Mailchimp>().url(),
        );
        let service = Service::before(tenant, &format!("{POLICY}{accounts}"), "", Arc::new(SystemClock));
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
            .with(&format!("extension_{EXTENSION_APP}_Newsletter"), newsletter);
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
    let house = House::start(TenantOptions::default()).await;
    let jo = house.sign_up("jo@fabrikam.com", "Jo", true);
    let kim = house.sign_up("kim@fabrikam.com", "Kim", false);
    let same_name = house.sign_up("jo2@fabrikam.com", "Jo", false);
    let directory = house.tenant().directory();
    directory.add(Account::made_by_administrator("helpdesk"));
    directory.add(Account::guest("guest@fabrikam.com"));
    directory.add(Account::made_by_app(&house.tenant().options().graph_client_id, "import@fabrikam.com"));
    let lines = house.run().await;
    assert_eq!(lines[0], "accounts: 3 new, 3 associated", "{lines:?}");
    assert_eq!(lines[1..], ["2 skipped: administrator", "1 skipped: own-application"]);
    let member = house.member("jo@fabrikam.com").unwrap();
    assert_eq!(
        (member.status.as_str(), json!(member.merge_fields)),
        ("pending", json!({"FNAME": "Jo", "LNAME": "Bradford"}))
    );
    assert!(house.member("kim@fabrikam.com").is_none(), "no consent");
    assert_eq!(house.user(&kim, "displayName"), "Kim Bradford");
    let upns = [house.user(&jo, "userPrincipalName"), house.user(&same_name, "userPrincipalName")];
    let upns = upns.map(|upn| upn.as_str().unwrap().to_owned());
    assert!(upns.iter().all(|upn| upn.starts_with("jo.bradford") && upn.ends_with("@contoso.onmicrosoft.com")));
    assert_ne!(upns[0], upns[1]);
    assert_eq!((house.files("done"), house.files("pending")), (6, 0));

    let patches = directory.patches().len();
    assert_eq!(house.run().await, ["accounts: 0 new, 0 associated"]);
    assert_eq!((directory.patches().len(), house.tenant().system::<Mailchimp>().requests().len()), (patches, 1));
    let log = house.log();
    assert!(!log.contains("fabrikam.com") && !log.contains("Bradford"), "{log}");
}

#[tokio::test]
async fn somebody_who_unsubscribed_stays_unsubscribed() {
    let house = House::start(TenantOptions::default()).await;
    house.tenant().system::<Mailchimp>().add(LIST, "jo@fabrikam.com", "unsubscribed");
    house.sign_up("jo@fabrikam.com", "Jo", true);
    assert_eq!(house.run().await, ["accounts: 1 new, 1 associated"]);
    assert_eq!(house.member("jo@fabrikam.com").unwrap().status, "unsubscribed");
}

#[tokio::test]
async fn pages_throttling_and_a_revoked_token_are_no_matter() {
    let house = House::start(TenantOptions { page_size: 1, ..TenantOptions::default() }).await;
    for (address, name) in [("jo@fabrikam.com", "Jo"), ("kim@fabrikam.com", "Kim"), ("lee@fabrikam.com", "Lee")] {
        house.sign_up(address, name, true);
    }
    let faults = house.tenant().faults();
    faults.arm(Route::DirectoryAudits, 1, Some(1), Fault::throttled(Some("0")));
    faults.once(Route::GetUser, Fault::throttled(Some("Sat, 21 Nov 2020 10:00:00 GMT")));
    assert_eq!(house.run().await, ["accounts: 3 new, 3 associated"]);
    house.tenant().graph_tokens().revoke_all();
    house.sign_up("max@fabrikam.com", "Max", true);
    assert_eq!(house.run().await, ["accounts: 1 new, 1 associated"]);
}

#[tokio::test]
async fn an_account_too_new_to_be_read_is_associated_by_the_next_run() {
    let house = House::start(TenantOptions::default()).await;
    let jo = house.sign_up("jo@fabrikam.com", "Jo", true);
    house.tenant().directory().answer_not_found(&jo, 1);
    assert_eq!(house.run().await, ["accounts: 1 new, 0 associated", "1 failed, to be tried again"]);
    assert_eq!(house.run().await, ["accounts: 0 new, 1 associated"]);
}

#[tokio::test]
async fn a_next_link_to_another_host_fails_the_run() {
    let options = TenantOptions { page_size: 1, foreign_next_link: true, ..TenantOptions::default() };
    let house = House::start(options).await;
    house.sign_up("jo@fabrikam.com", "Jo", true);
    house.sign_up("kim@fabrikam.com", "Kim", true);
    let answer = house.called_at("127.0.0.1:7071").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(answer.json()["error"].as_str().unwrap().contains("not on the Graph host"), "{}", answer.json());
}

#[tokio::test]
async fn a_wrong_secret_is_a_500_that_names_the_code_and_not_the_secret() {
    let house = House::with_secret(TenantOptions::default(), "wr0ng-secret").await;
    let answer = house.called_at("127.0.0.1:7071").await;
    let error = answer.json()["error"].as_str().unwrap().to_owned();
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(error.contains("AADSTS7000215") && !error.contains("wr0ng"), "{error}");
    assert!(!house.log().contains("wr0ng"));
}

#[tokio::test]
async fn the_outside_cannot_fire_the_timer() {
    let house = House::start(TenantOptions::default()).await;
    assert_eq!(house.called_at("contoso.azurewebsites.net").await.status, StatusCode::FORBIDDEN);
    assert_eq!(house.tenant().faults().count(Route::DirectoryAudits), 0);
}
