//! The service in this process, before an emulated tenant: quick, and its log lines can be read.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode};
use guestlist::app::App;
use guestlist::clock::{Clock, SystemClock};
use guestlist::config::{self, Environment};
use guestlist::server;
use guestlist::telemetry::{self, CapturedLines};
use guestlist_emulator::sign_up::{Event, Form, Kind, Person, SignUp, attribute};
use guestlist_emulator::{Tenant, sign_up};
use serde_json::Value;
use tempfile::TempDir;
use toml::Table;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::DefaultGuard;

use super::config::{Config, TENANT, policy};

pub(crate) const START: &str = "/api/OnAttributeCollectionStart";
pub(crate) const SUBMIT: &str = "/api/OnAttributeCollectionSubmit";
pub(crate) const EXTENSION_APP: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";

/// The list of the source `beta`.
pub(crate) const INVITES: &str = "email,name,jobTitle\nalex@fabrikam.com,Alex Fabrikam,Engineer\nsam@fabrikam.com,,\n";

/// An answer of the service.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The one action. Panics unless Entra would accept the answer.
    pub(crate) fn action(&self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{self:?}");
        assert_eq!(self.headers["content-type"], "application/json");
        let json = self.json();
        let actions = json["data"]["actions"].as_array().unwrap();
        assert_eq!(actions.len(), 1, "{json}");
        actions[0].clone()
    }

    /// The last part of the action's name.
    pub(crate) fn action_name(&self) -> String {
        self.action()["@odata.type"].as_str().unwrap().rsplit('.').next().unwrap().to_owned()
    }
}

/// What a service is started with.
pub(crate) struct Plan<'a> {
    /// The sections of the configuration besides tenant and hooks.
    pub(crate) policy: Config,
    /// Further keys of `[hooks]`.
    pub(crate) hooks: &'a [(&'a str, &'a str)],
    /// The invite list.
    pub(crate) invites: &'a str,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Default for Plan<'_> {
    fn default() -> Self {
        Self { policy: policy(), hooks: &[], invites: INVITES, clock: Arc::new(SystemClock) }
    }
}

/// A service, its tenant, its folder, and the lines that it logged in this thread.
pub(crate) struct Service {
    pub(crate) tenant: Arc<Tenant>,
    pub(crate) app: App,
    pub(crate) folder: Arc<TempDir>,
    pub(crate) lines: CapturedLines,
    clock: Arc<dyn Clock>,
    _logging: Option<DefaultGuard>,
}

impl Service {
    /// Starts a service with [`policy`], before a fresh tenant.
    pub(crate) async fn start() -> Self {
        Self::start_as(Plan::default()).await
    }

    /// Starts a service, before a fresh tenant.
    pub(crate) async fn start_as(plan: Plan<'_>) -> Self {
        let service = Self::before(Tenant::start_default().await.unwrap(), plan);
        service.app.start();
        service
    }

    /// A service before this tenant that is not started: it fetches nothing by itself.
    pub(crate) fn before(tenant: Tenant, plan: Plan<'_>) -> Self {
        let lines = CapturedLines::default();
        let subscriber = telemetry::subscriber(LevelFilter::INFO, lines.clone(), Arc::new(SystemClock));
        let logging = tracing::subscriber::set_default(subscriber);
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("guestlist.toml"), configuration(&tenant, &plan).to_string()).unwrap();
        std::fs::write(folder.path().join("invites.csv"), plan.invites).unwrap();
        let app = app(&folder, &plan.clock);
        let (tenant, folder) = (Arc::new(tenant), Arc::new(folder));
        Self { tenant, app, folder, lines, clock: plan.clock, _logging: Some(logging) }
    }

    /// Another instance over the same files, with a memory of its own and the same log.
    pub(crate) fn another(&self) -> Self {
        let app = app(&self.folder, &self.clock);
        app.start();
        let (tenant, folder, lines) = (Arc::clone(&self.tenant), Arc::clone(&self.folder), self.lines.clone());
        Self { tenant, app, folder, lines, clock: Arc::clone(&self.clock), _logging: None }
    }

    /// Sends any request.
    pub(crate) async fn send(&self, request: Request) -> Answer {
        let response = server::routes(&self.app).answer(request).await;
        let (head, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
        Answer { status: head.status, headers: head.headers, body }
    }

    /// Posts a body, with a token if there is one.
    pub(crate) async fn post(&self, path: &str, body: impl Into<Body>, token: Option<&str>) -> Answer {
        let mut request = Request::builder().method(Method::POST).uri(path);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        self.send(request.body(body.into()).unwrap()).await
    }

    /// A token as Entra sends it now.
    pub(crate) fn token(&self) -> String {
        self.tenant.token().encode().unwrap()
    }

    /// Posts an event to its hook, as Entra would.
    pub(crate) async fn call(&self, event: Event, body: &Value) -> Answer {
        let path = if event == Event::Start { START } else { SUBMIT };
        self.post(path, body.to_string(), Some(&self.token())).await
    }

    /// A sign-up with a form of the usual fields.
    pub(crate) fn sign_up(&self, person: Person) -> SignUp {
        let form = Form::new()
            .text("givenName")
            .text("surname")
            .text("displayName")
            .text("postalCode")
            .text("country")
            .text("jobTitle")
            .boolean(&format!("extension_{EXTENSION_APP}_Newsletter"));
        SignUp::new(self.tenant.options(), person, sign_up::App::default(), form)
    }

    /// The Start answer for somebody with a one-time passcode.
    pub(crate) async fn start_for(&self, address: &str) -> Answer {
        self.call(Event::Start, &self.sign_up(Person::email_otp(address)).start()).await
    }

    /// The reasons of all decisions so far.
    pub(crate) fn reasons(&self) -> Vec<String> {
        self.logged("decision").iter().map(|line| line["reason"].as_str().unwrap().to_owned()).collect()
    }

    /// The log lines with that event name.
    pub(crate) fn logged(&self, event: &str) -> Vec<Value> {
        self.lines.events().into_iter().filter(|line| line["event"] == event).collect()
    }
}

/// The attribute of that short name, as events spell it.
pub(crate) fn ext(name: &str) -> String {
    format!("extension_{EXTENSION_APP}_{name}")
}

/// Fills a text field in, whether the event lists it or not.
pub(crate) fn fill(body: &mut Value, name: &str, value: &str) {
    body["data"]["userSignUpInfo"]["attributes"][name] = attribute(name, Kind::Text, &Value::from(value));
}

/// The whole configuration: the tenant and its addresses, the hooks, and the sections of the plan.
fn configuration(tenant: &Tenant, plan: &Plan<'_>) -> Config {
    let (urls, options) = (tenant.urls(), tenant.options());
    let audience = [options.audience.clone(), format!("api://guestlist.example.com/{}", options.audience)];
    let endpoints = [("login", &urls.login), ("ciam", &urls.ciam), ("graph", &urls.graph)];
    let endpoints: Table = endpoints.map(|(name, url)| (name.to_owned(), url.as_str().into())).into_iter().collect();
    let config = Config::from(TENANT)
        .set("tenant.id", options.id.as_str())
        .add("tenant.endpoints", endpoints)
        .set("hooks.audience", audience.to_vec());
    let add = |config: Config, (key, value): &(&str, &str)| config.add(&format!("hooks.{key}"), *value);
    plan.hooks.iter().fold(config, add).and(&plan.policy)
}

/// The service that the files in a folder describe.
fn app(folder: &TempDir, clock: &Arc<dyn Clock>) -> App {
    let file = folder.path().join("guestlist.toml").display().to_string();
    let environment = Environment::new(BTreeMap::from([("GUESTLIST_CONFIG".to_owned(), file)]));
    let config = config::load(&environment).unwrap_or_else(|invalid| panic!("{invalid}"));
    App::try_new(config, 7071, Arc::clone(clock)).unwrap()
}
