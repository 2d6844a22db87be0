//! The real binary under the stand-in for the Functions host, before an emulated tenant, with every line it wrote.
//!
//! Nothing here sleeps. A test waits for a line, a request or an answer, and gives up after [`PATIENCE`].

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use guestlist_emulator::host::{HostSettings, Invocation, InvokeError, LogLine, Mode, Unread};
use guestlist_emulator::sign_up::{Form, Hooks, Person, SignUp};
use guestlist_emulator::systems::mailchimp::Mailchimp;
use guestlist_emulator::tenant::{Account, Fault, SignIn, TenantOptions};
use guestlist_emulator::{Entra, Host, Tenant, sign_up};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::time::timeout;

use super::config::{Config, config};
use super::function_app::{EXECUTABLE, LIST, PATIENCE, UNSET, project};
use super::service::EXTENSION_APP;
use super::wire::{RawAnswer, exchange, get};

pub(crate) const TIMER: &str = "UpdateNewAccounts";
/// The built-in text of the failure action.
pub(crate) const TRY_LATER: &str = "We cannot complete your sign-up right now. Please try again in a few minutes.";
pub(crate) const HASH_KEY: &str = "6f1d2c3b4a59687f8e9dacbbcad9e8f7061524334251607f8e9dacbbcad9e8f7";

/// How tenant, host and product are to be started.
#[derive(Default)]
pub(crate) struct Setting {
    options: TenantOptions,
    config: Option<Config>,
    settings: BTreeMap<String, String>,
    absent: Vec<&'static str>,
    mode: Option<Mode>,
    unread: Unread,
    executable: Option<PathBuf>,
}

impl Setting {
    /// The tenant with these options.
    pub(crate) fn options(mut self, options: TenantOptions) -> Self {
        self.options = options;
        self
    }

    /// With this configuration in place of the usual one.
    pub(crate) fn config(mut self, config: Config) -> Self {
        self.config = Some(config);
        self
    }

    /// With this app setting.
    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        self.settings.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Without this app setting.
    pub(crate) fn unset(mut self, name: &'static str) -> Self {
        self.absent.push(name);
        self
    }

    /// With a host that passes HTTP on in this way.
    pub(crate) fn mode(mut self, mode: Mode) -> Self {
        self.mode = Some(mode);
        self
    }

    /// With this executable in place of the product's, which it has to start.
    pub(crate) fn executable(mut self, executable: PathBuf) -> Self {
        self.executable = Some(executable);
        self
    }

    /// With a host that does not read these streams.
    pub(crate) fn unread(mut self, stdout: bool, stderr: bool) -> Self {
        self.unread = Unread { stdout, stderr };
        self
    }

    /// The tenant alone, for faults that are there before the product is.
    pub(crate) async fn tenant(&self) -> Tenant {
        Tenant::start(self.options.clone()).await.unwrap()
    }

    /// Starts tenant and product.
    pub(crate) async fn start(self) -> Stage {
        let tenant = self.tenant().await;
        self.start_before(tenant).await
    }

    /// Starts the product before this tenant.
    pub(crate) async fn start_before(self, tenant: Tenant) -> Stage {
        let folder = project(self.config.clone().unwrap_or_else(config));
        let (sender, lines) = watch::channel(Vec::new());
        let mut settings = self.host_settings(&tenant);
        settings.on_line = Some(Arc::new(move |line: &LogLine| {
            sender.send_modify(|lines: &mut Vec<LogLine>| lines.push(line.clone()));
        }));
        let host = Host::start(folder.path(), settings).await.unwrap_or_else(|error| panic!("{error:?}"));
        let entra = Entra::new(&tenant, Hooks::under(host.url())).unwrap();
        Stage { host, entra, tenant, folder, lines }
    }

    /// How the host starts the binary.
    pub(crate) fn host_settings(&self, tenant: &Tenant) -> HostSettings {
        HostSettings {
            environment: self.environment(tenant),
            without: UNSET.map(str::to_owned).to_vec(),
            mode: self.mode,
            executable: Some(self.executable.clone().unwrap_or_else(|| PathBuf::from(EXECUTABLE))),
            unread: self.unread,
            ..HostSettings::default()
        }
    }

    fn environment(&self, tenant: &Tenant) -> Vec<(String, String)> {
        let mut all: BTreeMap<String, String> =
            tenant.settings().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        all.insert("GUESTLIST_HASH_KEY".to_owned(), HASH_KEY.to_owned());
        all.extend(self.settings.clone());
        all.retain(|name, _| !self.absent.contains(&name.as_str()));
        all.into_iter().collect()
    }
}

/// Everything that runs. The host comes first, so that the product ends before its folder goes.
pub(crate) struct Stage {
    pub(crate) host: Host,
    pub(crate) entra: Entra,
    pub(crate) tenant: Tenant,
    pub(crate) folder: TempDir,
    lines: watch::Receiver<Vec<LogLine>>,
}

impl Stage {
    /// A sign-up with a form of the usual fields.
    pub(crate) fn sign_up(&self, person: Person) -> SignUp {
        let form = Form::new().text("displayName").text("postalCode").text("country").text("jobTitle");
        self.entra.begin(person, sign_up::App::default(), form)
    }

    /// Fires the timer.
    pub(crate) async fn fire(&self) -> Result<Invocation, InvokeError> {
        self.host.invoke_timer(TIMER).await
    }

    /// Fires the timer, which has to succeed, and returns the lines that it reports.
    pub(crate) async fn run(&self) -> Vec<String> {
        self.fire().await.unwrap_or_else(|error| panic!("{error:?}")).logs
    }

    /// Fires the timer, which has to answer 500, and returns the error.
    pub(crate) async fn failing_run(&self) -> String {
        match self.fire().await {
            Err(InvokeError::Status { status: 500, body }) => {
                let body: Value = serde_json::from_str(&body).unwrap();
                body["error"].as_str().unwrap().to_owned()
            }
            other => panic!("{other:?}"),
        }
    }

    /// Makes somebody's account, as after a sign-up.
    pub(crate) fn joins(&self, address: &str, given_name: &str, surname: &str) -> String {
        self.tenant.directory().add(joined(address, given_name, surname))
    }

    /// Somebody's display name and user principal name.
    pub(crate) fn names(&self, id: &str) -> [String; 2] {
        let user = self.tenant.directory().user(id).unwrap();
        ["displayName", "userPrincipalName"].map(|name| user[name].as_str().unwrap().to_owned())
    }

    /// The addresses that Mailchimp has, each with its status.
    pub(crate) fn members(&self) -> Vec<(String, String)> {
        let members = self.tenant.system::<Mailchimp>().members(LIST);
        members.into_iter().map(|member| (member.email_address, member.status)).collect()
    }

    /// Every line so far.
    pub(crate) fn lines(&self) -> Vec<LogLine> {
        self.lines.borrow().clone()
    }

    /// The lines with that event name, read as JSON.
    pub(crate) fn events(&self, event: &str) -> Vec<Value> {
        events(&self.lines.borrow(), event)
    }

    /// The same, once there are `count` of them.
    pub(crate) async fn events_after(&self, event: &str, count: usize) -> Vec<Value> {
        let mut lines = self.lines.clone();
        let enough = timeout(PATIENCE, lines.wait_for(|lines| events(lines, event).len() >= count)).await;
        assert!(enough.is_ok_and(|waited| waited.is_ok()), "{count} × {event} wanted:\n{:#?}", self.lines());
        self.events(event)
    }

    /// What Health answers.
    pub(crate) async fn health(&self) -> RawAnswer {
        get(self.host.handler_port(), "/api/Health").await
    }

    /// Returns when every line that was written to stderr so far has arrived. A refused call makes a line behind them.
    pub(crate) async fn settle(&self) {
        let marks = self.events("invocation-refused").len();
        let request = format!("POST /{TIMER} HTTP/1.1\r\nHost: mark\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        assert_eq!(exchange(self.host.handler_port(), &request).await.status, 403);
        self.events_after("invocation-refused", marks + 1).await;
    }
}

/// Whether a run says this line.
pub(crate) fn has(logs: &[String], line: &str) -> bool {
    logs.iter().any(|own| own == line)
}

fn events(lines: &[LogLine], event: &str) -> Vec<Value> {
    let read = |line: &LogLine| serde_json::from_str(&line.text).ok();
    lines.iter().filter_map(read).filter(|line: &Value| line["event"] == event).collect()
}

/// Somebody who signed up with a one-time passcode and wants the newsletter.
pub(crate) fn joined(address: &str, given_name: &str, surname: &str) -> Account {
    let account = Account::signed_up(SignIn::EmailOtp(address.to_owned()));
    let account = account.with("givenName", given_name).with("surname", surname);
    account.with(&format!("extension_{EXTENSION_APP}_Newsletter"), true)
}

/// An answer that asks to try again at once, because the product's own pauses would make a test slow.
pub(crate) fn unavailable(body: &Value) -> Fault {
    let headers = [("content-type", "application/json"), ("retry-after", "0")];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    Fault::Answer { status: 503, headers, body: body.to_string() }
}

/// The same without a body.
pub(crate) fn unavailable_now() -> Fault {
    unavailable(&json!({}))
}

/// Prints a measured time, which the assertion on it does not show.
#[expect(clippy::print_stdout, reason = "the figure is for whoever reads the test's output")]
pub(crate) fn measured(what: &str, took: Duration) {
    println!("{what}: {took:?}");
}
