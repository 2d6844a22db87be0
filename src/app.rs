//! The composition root: builds the rooms from the configuration and connects them. Only this file names adapters.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::SetOnce;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::accounts::{self, Accounts, RunUnavailable};
use crate::clock::Clock;
use crate::config::{Config, TimerSettings};
use crate::connectors::{Connector, ConnectorDependencies};
use crate::credentials::ClientSecretTokens;
use crate::decisions::{DecisionServices, GuessLimit, SharedState};
use crate::entra::caller::Verifier;
use crate::entra::signing_keys::SigningKeys;
use crate::functions::health::Health;
use crate::functions::hook::Hooks;
use crate::functions::update_new_accounts::TimerState;
use crate::graph::{Directory, Graph};
use crate::invites::Invites;
use crate::lookups::Lookups;
use crate::outbound::{Outbound, OutboundError};
use crate::reservations::{self, RememberedStarts, Reservations};
use crate::signup::rules::prepare_phones;
use crate::storage::{Namespace, StateStore};
use crate::telemetry::{self, AddressHasher, Counters};

/// How long background work may take to end after it was told to stop.
const GRACE: Duration = Duration::from_secs(10);

/// The names that each room uses in the state store.
pub(crate) const NAMESPACES: &[&Namespace] = &[&accounts::NAMESPACE, &reservations::NAMESPACE];

/// The service, with all its rooms connected.
#[derive(Debug)]
pub struct App {
    /// The state of the hooks.
    pub(crate) hooks: Arc<Hooks>,
    /// The state of the health endpoint.
    pub(crate) health: Arc<Health>,
    /// The state of the timer.
    pub(crate) timer: Arc<TimerState>,
    keys: SigningKeys,
    /// The invite sources.
    pub invites: Invites,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl App {
    /// Puts the service together. Nothing is fetched, opened or started yet. `port` is the port that the host calls.
    pub fn try_new(config: Config, port: u16, clock: Arc<dyn Clock>) -> Result<Self, OutboundError> {
        telemetry::set_level(config.level);
        let tasks = TaskTracker::new();
        let stop = CancellationToken::new();
        let outbound = Outbound::try_new(Arc::clone(&clock))?;
        let keys = SigningKeys::new(&outbound, config.caller.key_documents(), tasks.clone(), stop.clone());
        let invites = Invites::new(config.invites.iter().map(|source| source.build(&outbound)).collect());
        let lookups = Lookups::try_new(config.lookups, &outbound)?;
        let store = StateStore::from_settings(&config.store, NAMESPACES);
        let hash_key = config.hash_key.and_then(Result::ok);
        let starts = RememberedStarts::new(&store, hash_key.as_ref());
        let reservations = Reservations::new(&store);
        let accounts = accounts(config.timer, invites.clone(), &store, &reservations, &outbound, &clock).map(Arc::new);
        let timer = TimerState { accounts, port, stop: stop.child_token() };
        let verifier = Verifier::new(&config.caller, keys.clone(), Arc::clone(&clock));
        let services = DecisionServices {
            sign_up: config.sign_up,
            invites: invites.clone(),
            lookups,
            state: SharedState::new(reservations, starts),
            guess_limit: GuessLimit::default(),
            clock,
        };
        let (hasher, counters) = (AddressHasher::new(hash_key.as_ref()), Counters::default());
        let forms = SetOnce::new_with((!services.sign_up.reads_phones()).then_some(()));
        let hooks = Hooks { settings: config.hooks, verifier, services, hasher, counters, forms };
        let health = Health { keys: keys.clone(), invites: invites.clone() };
        Ok(Self {
            hooks: Arc::new(hooks),
            health: Arc::new(health),
            timer: Arc::new(timer),
            keys,
            invites,
            tasks,
            stop,
        })
    }

    /// Starts the work in the background: signing keys, invite sources, counts. Call it once, on the runtime.
    pub fn start(&self) {
        self.keys.prefetch();
        if !self.hooks.forms.initialized() {
            let hooks = Arc::clone(&self.hooks);
            self.tasks.spawn_blocking(move || {
                prepare_phones();
                // A second start would find it set, which is as well.
                let _ = hooks.forms.set(());
            });
        }
        self.invites.keep_fresh(&self.tasks, &self.stop);
        self.hooks.counters.keep_writing(&self.tasks, self.stop.clone());
        let (state, clock) = (&self.hooks.services.state, &self.hooks.services.clock);
        state.keep_memory_swept(&self.tasks, self.stop.clone(), Arc::clone(clock));
        if self.timer.accounts.is_err() {
            // Otherwise the runs of the timer delete old Starts.
            state.keep_store_swept(&self.tasks, self.stop.clone(), Arc::clone(clock));
        }
    }

    /// Stops a run of the timer at once. The hooks go on.
    pub(crate) fn stop_runs(&self) {
        self.timer.stop.cancel();
    }

    /// Stops the background work. A task that does not end in time is abandoned.
    pub(crate) async fn stop(&self) {
        self.stop.cancel();
        self.tasks.close();
        let ended = tokio::time::timeout(GRACE, self.tasks.wait()).await;
        tracing::info!(event = "stopped", in_time = ended.is_ok());
    }
}

/// What the timer runs, or why it cannot run. An error here never stops the hooks.
fn accounts(
    settings: Option<TimerSettings>,
    invites: Invites,
    store: &StateStore,
    reservations: &Reservations,
    outbound: &Outbound,
    clock: &Arc<dyn Clock>,
) -> Result<Accounts, RunUnavailable> {
    let settings = settings.ok_or(RunUnavailable::NoGraph)?;
    store.usable()?;
    let tokens = ClientSecretTokens::new(settings.credential, outbound.clone(), Arc::clone(clock));
    let extensions = settings.graph.extensions.clone();
    let graph = Arc::new(Graph::new(settings.graph, outbound.clone(), Arc::new(tokens)));
    let parts = ConnectorDependencies {
        outbound: outbound.clone(),
        directory: Arc::clone(&graph) as Arc<dyn Directory>,
        extensions,
    };
    let connectors: Vec<Arc<dyn Connector>> =
        settings.connectors.into_iter().map(|connector| connector.build(&parts)).collect::<Result<_, _>>()?;
    let (reservations, clock) = (reservations.clone(), Arc::clone(clock));
    Ok(Accounts::try_new(settings.accounts, graph, &connectors, invites, store, reservations, clock)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::overlaps;

    #[test]
    fn no_two_rooms_claim_one_name_in_the_store() {
        assert_eq!(overlaps(NAMESPACES), Vec::<String>::new());
        let mut names: Vec<_> = NAMESPACES.iter().flat_map(|namespace| namespace.names()).collect();
        names.sort_unstable();
        let documented = [
            "abandoned",
            "admissions",
            "cursor.json",
            "done",
            "pending",
            "person-key.json",
            "reservations",
            "started.json",
        ];
        assert_eq!(names, documented);
    }
}
