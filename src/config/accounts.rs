//! `[graph]`, `[state]`, `[accounts]` and `[[connectors]]`: what the timer needs.

use std::time::Duration;

use super::Environment;
use super::connectors::{ConnectorSection, Connectors, connectors};
use super::decode::{Reading, Spanned};
use super::file::{AccountsSection, File};
use super::hooks::{Tenant, guid};
use super::problems::Severity;
use super::sign_up::{Names, unique};
use crate::accounts::SettingsError;
use crate::connectors::ConnectorBuilder;
use crate::values::{AppId, EmailMatch};
use crate::{accounts, credentials, graph, storage};

/// Where the state lives off Azure.
const STATE_FOLDER: &str = ".guestlist";

/// `functionTimeout` of the sample `host.json`: the host kills what runs longer.
const FUNCTION_TIMEOUT: Duration = Duration::from_mins(10);

/// What the timer needs.
#[derive(Debug)]
pub struct TimerSettings {
    /// How Graph is called.
    pub credential: credentials::Settings,
    /// Where Graph is.
    pub graph: graph::Settings,
    /// How a run goes.
    pub accounts: accounts::Settings,
    /// The outside systems.
    pub connectors: Vec<Box<dyn ConnectorBuilder>>,
}

impl TimerSettings {
    /// How many outside systems there are.
    #[must_use]
    pub fn connectors(&self) -> usize {
        self.connectors.len()
    }
}

pub(super) fn timer(
    file: &File,
    tenant: Option<&Tenant>,
    store: Option<&storage::Settings>,
    names: &Names,
    environment: &Environment,
    reading: &mut Reading,
) -> Option<TimerSettings> {
    let app = tenant.and_then(|tenant| tenant.extension_app.as_ref());
    let (mut connectors, extensions) = reading.within("connectors", |reading| {
        unique(file.connectors.iter().map(ConnectorSection::name), reading);
        let all = connectors(&file.connectors, names, environment, reading);
        // A tenant that cannot be read says nothing about its custom attributes.
        let extensions = tenant.and_then(|_| all.resolve(app, reading));
        (all, extensions)
    });
    check_azure(file, store, reading);
    let accounts = file.accounts.as_ref()?;
    check(accounts, reading);
    let Some(graph) = &file.graph else {
        if let Some(first) = file.connectors.first() {
            reading.error(&first.name().origin, "connectors need [graph]: it finds the accounts");
        }
        return None;
    };
    let client_id = reading.within("graph", |reading| guid::<AppId>(&graph.client_id, "client_id", reading));
    let secret = reading.within("graph.credential.client_secret", |reading| {
        graph.credential.client_secret.resolve(environment, reading)
    });
    let (tenant, client_id) = (tenant?, client_id?);
    let builders = std::mem::take(&mut connectors.builders);
    let accounts = settings(file, accounts, client_id.clone(), connectors, names);
    report_order(&accounts, &file.connectors, reading);
    Some(TimerSettings {
        credential: credentials::Settings {
            login: tenant.login.clone(),
            tenant: tenant.id.clone(),
            client_id,
            secret,
            scope: format!("{}/.default", tenant.graph.as_str().trim_end_matches('/')),
        },
        graph: graph::Settings { base: tenant.graph.clone(), extensions },
        accounts,
        connectors: builders,
    })
}

/// A folder; relative ones begin beside the configuration.
pub(super) fn store(
    url: Option<&Spanned<String>>,
    environment: &Environment,
    reading: &mut Reading,
) -> Option<storage::Settings> {
    let written = url.map_or(STATE_FOLDER, |url| url.value.as_str());
    if let Some(url) = url.filter(|url| url.value.contains("://") || url.value.trim().is_empty()) {
        let how = format!("{written:?} is not supported by this version: name a folder");
        reading.within("state.url", |reading| reading.error(&url.origin, how));
        return None;
    }
    // A folder would be lost with the instance: the timer refuses it, the hooks run.
    let folder = environment.folder.join(written);
    Some(if environment.is_azure() { storage::Settings::LocalOnAzure } else { storage::Settings::Local(folder) })
}

/// On Azure the timer has no state, so whoever configures it there gets none of what it is for.
fn check_azure(file: &File, store: Option<&storage::Settings>, reading: &mut Reading) {
    if store != Some(&storage::Settings::LocalOnAzure) {
        return;
    }
    let why = "cannot be used on Azure by this version: the timer that finds new accounts keeps its state in a local \
               folder, which does not outlive its instance. Publish a configuration without [graph] and \
               [[connectors]], and run the timer on a machine of your own";
    if let Some(graph) = &file.graph {
        reading.within("graph", |reading| reading.report(Severity::NotOnAzure, &graph.client_id.origin, why));
    }
    reading.within("connectors", |reading| {
        for connector in &file.connectors {
            let name = connector.name();
            let why = "cannot be used on Azure by this version: nothing is delivered where [graph] cannot be used";
            reading.within(&name.value, |reading| reading.report(Severity::NotOnAzure, &name.origin, why));
        }
    });
}

fn check(section: &AccountsSection, reading: &mut Reading) {
    reading.within("accounts", |reading| {
        for (key, number) in [("concurrency", &section.concurrency), ("max_attempts", &section.max_attempts)] {
            if !(1..=1000).contains(&number.value) {
                reading.within(key, |reading| reading.error(&number.origin, "must lie between 1 and 1000"));
            }
        }
        let limit = &section.run_limit;
        if limit.value >= FUNCTION_TIMEOUT {
            let why = "is not below ten minutes: make sure that functionTimeout in host.json is longer, \
                       since the host kills the process then";
            reading.within("run_limit", |reading| reading.report(Severity::Warning, &limit.origin, why));
        } else if limit.value < Duration::from_secs(1) {
            reading.within("run_limit", |reading| reading.error(&limit.origin, "must be 1s or more"));
        }
    });
}

fn settings(
    file: &File,
    section: &AccountsSection,
    client_id: AppId,
    connectors: Connectors,
    names: &Names,
) -> accounts::Settings {
    let mut email_matches: Vec<EmailMatch> = file.policies.iter().map(|policy| policy.email_match).collect();
    email_matches.sort();
    email_matches.dedup();
    accounts::Settings {
        client_id,
        overlap: section.overlap,
        settle: section.settle,
        look_back: section.look_back,
        run_limit: section.run_limit.value,
        concurrency: section.concurrency.value,
        max_attempts: u32::try_from(section.max_attempts.value).unwrap_or(u32::MAX),
        needs_invite: connectors.needs_invite,
        email_matches,
        types: names.types.clone(),
        connectors: connectors.order,
    }
}

/// Reports connectors that cannot be put in an order, each at its own place. A name that occurs twice already is.
fn report_order(settings: &accounts::Settings, sections: &[ConnectorSection], reading: &mut Reading) {
    for error in settings.in_order().err().unwrap_or_default() {
        let name = match &error {
            SettingsError::Duplicate { .. } => continue,
            SettingsError::BadName { name }
            | SettingsError::NoConnector { name }
            | SettingsError::UnknownAfter { name, .. } => name,
            SettingsError::Cycle { names } => match names.first() {
                Some(name) => name,
                None => continue,
            },
        };
        if let Some(section) = sections.iter().find(|section| section.name().value == *name) {
            reading.within("connectors", |reading| reading.error(&section.name().origin, error.to_string()));
        }
    }
}
