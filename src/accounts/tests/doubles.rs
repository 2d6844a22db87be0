//! Everything that a run of accounts needs, in memory.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::BoxFuture;
use object_store::ObjectStore;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::accounts::{Accounts, ConnectorSettings, RunError, RunReport, Settings};
use crate::clock::{Clock, ManualClock};
use crate::connectors::{Connector, ConnectorError, Receipt, RenderInput, Rendered};
use crate::graph::Directory;
use crate::graph::fake::FakeDirectory;
use crate::invites::{InviteError, InviteSource, Invites};
use crate::outbox::doubles::KillSwitch;
use crate::reservations::Reservations;
use crate::storage::StateStore;
use crate::values::{AddressRule, CodeDigest, EmailAddress, EmailMatch, Invitation, InvitationCode, ObjectId};

pub(super) const JO: &str = "9fb7a577-9469-4489-912d-bc58a5bca276";
pub(super) const KIM: &str = "aaaaaaaa-0000-0000-0000-000000000001";
pub(super) const LEE: &str = "bbbbbbbb-0000-0000-0000-000000000002";

pub(super) fn now() -> DateTime<Utc> {
    "2026-11-21T10:00:00Z".parse().unwrap()
}

/// How an outside system answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reply {
    Ok,
    Unavailable(Option<Duration>),
    Rejected,
    Never,
    NotSetUp,
    Panics,
    Hangs,
    /// An error, but not before the end of the run.
    UntilTheEnd,
    Takes(Duration),
}

/// An outside system that upserts by object id.
#[derive(Debug)]
pub(super) struct FakeConnector {
    name: String,
    state: Mutex<FakeState>,
}

#[derive(Debug, Default)]
struct FakeState {
    nothing: bool,
    rendered: usize,
    contexts: Vec<Value>,
    calls: Vec<(ObjectId, Value)>,
    holds: BTreeMap<ObjectId, Value>,
    replies: VecDeque<Reply>,
    always: Option<Reply>,
}

impl FakeConnector {
    fn new(name: &str) -> Self {
        Self { name: name.to_owned(), state: Mutex::default() }
    }

    fn with<T>(&self, look: impl FnOnce(&mut FakeState) -> T) -> T {
        look(&mut self.state.lock().unwrap())
    }

    pub(super) fn renders_nothing(&self) {
        self.with(|state| state.nothing = true);
    }

    /// The answer to the next call. Later ones succeed.
    pub(super) fn replies(&self, reply: Reply) {
        self.with(|state| state.replies.push_back(reply));
    }

    /// The answer to every call.
    pub(super) fn always(&self, reply: Reply) {
        self.with(|state| state.always = Some(reply));
    }

    pub(super) fn calls(&self) -> Vec<(ObjectId, Value)> {
        self.with(|state| state.calls.clone())
    }

    pub(super) fn contexts(&self) -> Vec<Value> {
        self.with(|state| state.contexts.clone())
    }

    /// What the outside system holds.
    pub(super) fn holds(&self) -> BTreeMap<ObjectId, Value> {
        self.with(|state| state.holds.clone())
    }

    fn answer(&self, id: &ObjectId, request: &Value) -> Reply {
        self.with(|state| {
            state.calls.push((id.clone(), request.clone()));
            let reply = state.replies.pop_front().or(state.always).unwrap_or(Reply::Ok);
            if matches!(reply, Reply::Ok | Reply::Takes(_)) {
                state.holds.insert(id.clone(), request.clone());
            }
            reply
        })
    }
}

impl Connector for FakeConnector {
    fn name(&self) -> &str {
        &self.name
    }

    fn render(&self, input: &RenderInput<'_>) -> Result<Rendered, ConnectorError> {
        self.with(|state| {
            state.contexts.push(input.context.clone());
            state.rendered += 1;
            if state.nothing {
                return Ok(Rendered::Nothing { reason: "there is nothing" });
            }
            // Different each time, so that a second rendering is noticed.
            Ok(Rendered::Request(json!({"email": input.context["user"]["email"], "rendering": state.rendered})))
        })
    }

    fn deliver<'a>(
        &'a self,
        id: &'a ObjectId,
        request: &'a Value,
        end: Instant,
    ) -> BoxFuture<'a, Result<Receipt, ConnectorError>> {
        Box::pin(async move {
            match self.answer(id, request) {
                Reply::Ok => {}
                Reply::Takes(time) => tokio::time::sleep(time).await,
                Reply::Unavailable(after) => {
                    return Err(ConnectorError::Unavailable { what: "status 503".to_owned(), after });
                }
                Reply::Rejected => return Err(ConnectorError::Rejected { what: "status 400".to_owned() }),
                Reply::Never => return Err(ConnectorError::NeverTaken { reason: "unsubscribed" }),
                Reply::NotSetUp => return Err(ConnectorError::Setup { what: "the key is not accepted".to_owned() }),
                Reply::Panics => panic!("the connector panics"),
                Reply::Hangs => std::future::pending().await,
                Reply::UntilTheEnd => {
                    tokio::time::sleep_until(end).await;
                    return Err(ConnectorError::Unavailable { what: "no answer in time".to_owned(), after: None });
                }
            }
            let id = format!("{}-{}", self.name, self.with(|state| state.holds.len()));
            Ok(Receipt { id: Some(id), note: None })
        })
    }
}

/// An invite list in memory.
#[derive(Debug, Default)]
pub(super) struct FakeInvites {
    list: Mutex<Vec<Invitation>>,
    pub(super) broken: AtomicBool,
    pub(super) hangs: AtomicBool,
}

impl InviteSource for FakeInvites {
    fn name(&self) -> &'static str {
        "beta"
    }

    fn find<'a>(
        &'a self,
        address: &'a EmailAddress,
        how: EmailMatch,
    ) -> BoxFuture<'a, Result<Vec<Invitation>, InviteError>> {
        let matches = |one: &Invitation| one.rule.as_ref().is_some_and(|rule| rule.matches(address, how));
        self.those(|one| one.code.is_none() && matches(one))
    }

    fn find_code<'a>(&'a self, code: &'a CodeDigest) -> BoxFuture<'a, Result<Vec<Invitation>, InviteError>> {
        self.those(|one| one.code.as_ref().is_some_and(|known| known.digest == *code))
    }
}

impl FakeInvites {
    fn those<'a>(&self, wanted: impl Fn(&Invitation) -> bool) -> BoxFuture<'a, Result<Vec<Invitation>, InviteError>> {
        let found = self.list.lock().unwrap().iter().filter(|one| wanted(one)).cloned().collect();
        if self.hangs.load(Ordering::Relaxed) {
            return Box::pin(std::future::pending());
        }
        let broken = self.broken.load(Ordering::Relaxed);
        let error = InviteError { source_name: "beta".into(), reason: "it cannot be read".to_owned() };
        Box::pin(std::future::ready(if broken { Err(error) } else { Ok(found) }))
    }
}

/// The outside systems, the store and the clock. They outlive each [`Accounts`], as they outlive a process.
pub(super) struct Fixture {
    pub(super) settings: Settings,
    pub(super) directory: Arc<FakeDirectory>,
    pub(super) connectors: Vec<Arc<FakeConnector>>,
    pub(super) invites: Arc<FakeInvites>,
    pub(super) switch: Arc<KillSwitch>,
    pub(super) store: StateStore,
    pub(super) clock: Arc<ManualClock>,
}

impl Fixture {
    /// With these connectors; each has a name and the names that it comes after.
    pub(super) fn new(connectors: &[(&str, &[&str])]) -> Self {
        let settings = |(name, after): &(&str, &[&str])| ConnectorSettings {
            name: (*name).to_owned(),
            after: after.iter().map(|name| (*name).to_owned()).collect(),
            when: None,
        };
        let steps = connectors.iter().map(settings).collect();
        let settings = Settings { max_attempts: 5, connectors: steps, ..Settings::for_tests() };
        let switch = Arc::new(KillSwitch::new());
        let directory = FakeDirectory::new(None);
        directory.with(|state| state.own = Some("77777777-3333-4444-5555-666666666666".parse().unwrap()));
        Self {
            settings,
            directory: Arc::new(directory),
            connectors: connectors.iter().map(|(name, _)| Arc::new(FakeConnector::new(name))).collect(),
            invites: Arc::new(FakeInvites::default()),
            store: StateStore::over(Arc::clone(&switch) as Arc<dyn ObjectStore>),
            switch,
            clock: Arc::new(ManualClock::new(now())),
        }
    }

    /// [`Accounts`] as a new process builds them.
    pub(super) fn accounts(&self) -> Accounts {
        let directory = Arc::clone(&self.directory) as Arc<dyn Directory>;
        let connectors: Vec<_> = self.connectors.iter().map(|one| Arc::clone(one) as Arc<dyn Connector>).collect();
        let invites = Invites::new(vec![Arc::clone(&self.invites) as Arc<dyn InviteSource>]);
        let clock = Arc::clone(&self.clock) as Arc<dyn Clock>;
        let (settings, store) = (self.settings.clone(), &self.store);
        Accounts::try_new(settings, directory, &connectors, invites, store, self.reservations(), clock).unwrap()
    }

    /// The reservations as a hook in another process has them.
    pub(super) fn reservations(&self) -> Reservations {
        Reservations::new(&self.store)
    }

    pub(super) async fn run(&self) -> Result<RunReport, RunError> {
        Box::pin(self.accounts().run()).await
    }

    pub(super) fn connector(&self, name: &str) -> &FakeConnector {
        self.connectors.iter().find(|one| one.name == name).unwrap()
    }

    /// Somebody signed up, `minutes` ago.
    pub(super) fn sign_up(&self, id: &str, minutes: i64) -> ObjectId {
        let address = format!("{}@example.com", id.split('-').next().unwrap_or_default());
        self.directory.sign_up(id, &address, self.clock.now() - TimeDelta::minutes(minutes))
    }

    pub(super) fn pass(&self, minutes: i64) {
        self.clock.advance(TimeDelta::minutes(minutes));
    }

    pub(super) fn invite(&self, address: &str, expires: Option<&str>, columns: &[(&str, &str)]) {
        self.invites.list.lock().unwrap().push(Invitation {
            apps: vec!["99999999-3333-4444-5555-666666666666".parse().unwrap()],
            expires: expires.map(|at| at.parse().unwrap()),
            tags: vec!["vip".to_owned()],
            columns: columns.iter().map(|(name, cell)| ((*name).to_owned(), (*cell).to_owned())).collect(),
            ..Invitation::new("beta".into(), 2, Some(AddressRule::Exact(address.parse().unwrap())))
        });
    }

    /// An invitation with a code, for whoever has it.
    pub(super) fn invite_by_code(&self, code: &CodeDigest, expires: Option<&str>, name: &str) {
        self.invites.list.lock().unwrap().push(Invitation {
            code: Some(InvitationCode { digest: *code, uses: 9 }),
            expires: expires.map(|at| at.parse().unwrap()),
            groups: vec!["beta".to_owned()],
            roles: vec!["Tester".to_owned()],
            columns: BTreeMap::from([("name".to_owned(), name.to_owned())]),
            ..Invitation::new("beta".into(), 3, None)
        });
    }

    pub(super) async fn read(&self, name: &str) -> Option<Value> {
        self.store.read(name).await.unwrap()
    }

    /// The names of the parts of an account's outbox entry.
    pub(super) async fn parts(&self, id: &ObjectId) -> Vec<String> {
        let prefix = format!("pending/{id}/");
        let entries = self.store.list(&format!("pending/{id}")).await.unwrap();
        entries.into_iter().map(|entry| entry.name.strip_prefix(&prefix).unwrap().to_owned()).collect()
    }
}
