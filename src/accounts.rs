//! New accounts: finds them in the audit log, connects them to the outside systems, and records each result.
//!
//! The timer calls [`Accounts::run`]. A run takes no input and can be killed at any instruction: discovery writes each
//! new account to the outbox and only then moves its cursor; association takes every account of the outbox through the
//! connectors, in their order.
//!
//! Invariants:
//! - an account is in the outbox before the cursor passes it, and leaves it only for `done/` or `abandoned/`;
//! - what a connector sends is rendered once and stored before the first attempt; its result is stored before the next
//!   connector runs; the permanent record is written before the outbox entry is deleted;
//! - windows overlap, since records come late and out of order, and an account is known by its object id, so a record
//!   may be read any number of times;
//! - an account's codes are accepted before anything else is stored or sent for it, and no use of a code is released
//!   while an account that has not begun could be the one it was reserved for;
//! - one account's failure, a panic included, stops no other; a failure of the set-up uses up no attempt;
//! - of a person only the object id is logged; of the stored objects only those in `pending/` hold personal data, and
//!   they are deleted when the account is finished.
//!
//! When Graph or an outside system is slow, the run ends at `run_limit` and the next one goes on. When it is absent,
//! the accounts wait in the outbox. When its answers make no sense, the account is abandoned in the end, with an error
//! line. When the store fails, the run fails.

mod associate;
mod association;
mod classify;
mod codes;
mod discover;
mod discovery_state;
mod progress;
mod records;
mod report;
mod run;
mod settings;
mod window_progress;

use std::sync::Arc;

use futures_util::future::join;
use tokio::time::timeout_at;

use crate::clock::Clock;
use crate::connectors::Connector;
use crate::graph::Directory;
use crate::invites::Invites;
use crate::outbox;
use crate::reservations::{RememberedStarts, Reservations};
use crate::storage::{Namespace, RoomStore, StateStore};

use discovery_state::{CURSOR, DiscoveryState, STARTED};
use records::{AccountOutbox, LAYOUT};
use run::Run;

pub(crate) use report::{RunError, RunReport, RunUnavailable};
pub(crate) use settings::{ConnectorSettings, Settings, SettingsError, in_order};

/// What this room keeps in the store.
pub(crate) const NAMESPACE: Namespace = Namespace::new("accounts", outbox::TOP_FOLDERS, &[STARTED, CURSOR]);

/// A connector, and its settings for the association.
#[derive(Debug)]
struct ConnectorStep {
    settings: ConnectorSettings,
    connector: Arc<dyn Connector>,
}

/// Finds and associates new accounts. There is one per process; a run does nothing while another is going on.
#[derive(Debug)]
pub(crate) struct Accounts {
    settings: Settings,
    directory: Arc<dyn Directory>,
    /// In the order in which they run.
    steps: Vec<ConnectorStep>,
    invites: Invites,
    store: RoomStore,
    discovery_state: DiscoveryState,
    outbox: AccountOutbox,
    reservations: Reservations,
    starts: RememberedStarts,
    clock: Arc<dyn Clock>,
    running: tokio::sync::Mutex<()>,
}

impl Accounts {
    /// Matches the connectors with the settings by their names. `reservations` must use the same `store`.
    pub(crate) fn try_new(
        settings: Settings,
        directory: Arc<dyn Directory>,
        connectors: &[Arc<dyn Connector>],
        invites: Invites,
        store: &StateStore,
        reservations: Reservations,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, SettingsError> {
        let order = in_order(&settings.connectors).map_err(|mut errors| errors.remove(0))?;
        let mut steps = Vec::new();
        for settings in order {
            let connector = connectors.iter().find(|connector| connector.name() == settings.name);
            let missing = || SettingsError::NoConnector { name: settings.name.clone() };
            let connector = Arc::clone(connector.ok_or_else(missing)?);
            steps.push(ConnectorStep { settings: settings.clone(), connector });
        }
        let own = store.open(&NAMESPACE);
        Ok(Self {
            settings,
            directory,
            steps,
            invites,
            discovery_state: DiscoveryState::new(own.clone()),
            outbox: AccountOutbox::new(own.clone(), LAYOUT),
            reservations,
            starts: RememberedStarts::new(store, None),
            store: own,
            clock,
            running: tokio::sync::Mutex::default(),
        })
    }

    /// Finds new accounts, then associates all accounts in the outbox. The failure of an account is a number in the
    /// report. An error means that a whole part of the run failed. Even then, every account that could be associated
    /// was.
    pub(crate) async fn run(&self) -> Result<RunReport, RunError> {
        let Ok(_running) = self.running.try_lock() else {
            tracing::info!(event = "run-skipped", reason = "another run is in progress");
            return Ok(RunReport { in_progress: true, ..RunReport::default() });
        };
        let run = Run::new(self.clock.now(), self.settings.run_limit);
        // No account waits for the sweep, however much there is to delete.
        let (outcome, ()) = join(Box::pin(self.work(&run)), Box::pin(self.sweep(&run))).await;
        let report = run.into_report();
        report.log(outcome.as_ref().err());
        outcome.map(|()| report)
    }

    async fn work(&self, run: &Run) -> Result<(), RunError> {
        let discovered = Box::pin(self.discover(run)).await;
        let associated = Box::pin(self.associate_all(run)).await;
        match associated.and(discovered) {
            Ok(read_to) => Box::pin(self.release_codes(run, read_to)).await,
            Err(error) => Err(error),
        }
    }

    /// Deletes what killed writes have left, and what Start remembered for longer than an hour. What is left when the
    /// run ends is deleted by the next one.
    async fn sweep(&self, run: &Run) {
        let sweep = async {
            self.store.sweep(run.now).await;
            self.starts.sweep(run.now).await;
        };
        if timeout_at(run.end, sweep).await.is_err() {
            tracing::warn!(event = "admissions-not-swept", reason = "the run has no time left");
        }
    }
}

#[cfg(test)]
mod tests;
