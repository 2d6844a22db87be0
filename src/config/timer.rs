//! The settings of the timer, which come from `[tenant]`, `[graph]`, `[accounts]`, `[[connectors]]` and `[[policies]]`.

use super::accounts;
use super::checks::guid;
use super::connectors::{ConnectorSection, connectors};
use super::engine::{Diagnostics, Severity, UNNAMED};
use super::environment::Environment;
use super::file::File;
use super::graph::GraphSection;
use super::known_names::KnownNames;
use super::tenant::Tenant;
use crate::accounts::{ConnectorSettings, Settings, SettingsError, in_order};
use crate::connectors::ConnectorBuilder;
use crate::values::{AppId, did_you_mean};
use crate::{credentials, graph, storage};

/// The settings of the timer.
#[derive(Debug)]
pub(crate) struct TimerSettings {
    /// How the service signs in to Microsoft Graph.
    pub credential: credentials::Settings,
    /// How Microsoft Graph is called.
    pub graph: graph::Settings,
    /// How a run works.
    pub accounts: Settings,
    /// The connectors, in the order of the file.
    pub connectors: Vec<Box<dyn ConnectorBuilder>>,
}

impl TimerSettings {
    /// The number of connectors.
    #[must_use]
    pub(crate) fn connectors(&self) -> usize {
        self.connectors.len()
    }
}

/// Checks the sections that the timer needs. `None` without `[graph]`, or after an error.
pub(super) fn timer(
    file: &File,
    tenant: Option<&Tenant>,
    store: Option<&storage::Settings>,
    names: &KnownNames,
    environment: &Environment,
    diagnostics: &mut Diagnostics,
) -> Option<TimerSettings> {
    let mut connectors = connectors(&file.connectors, names, environment, diagnostics);
    report_order(&connectors.settings, &file.connectors, names, diagnostics);
    check_azure(file, store, diagnostics);
    accounts::check(&file.accounts, diagnostics);
    let Some(graph) = &file.graph else {
        if let Some(first) = file.connectors.first().filter(|_| !diagnostics.is_wrong("graph")) {
            diagnostics.error(&first.name().origin, "connectors need [graph]: it finds the accounts");
        }
        return None;
    };
    let credential = credential(graph, tenant, environment, diagnostics)?;
    let tenant = tenant?;
    let (builders, extensions) = (std::mem::take(&mut connectors.builders), connectors.extensions.take());
    let accounts = accounts::settings(&file.accounts, credential.client_id.clone(), &file.policies, connectors, names);
    Some(TimerSettings {
        credential,
        graph: graph::Settings { base: tenant.graph.clone(), extensions },
        accounts,
        connectors: builders,
    })
}

/// Checks `[graph]`.
fn credential(
    section: &GraphSection,
    tenant: Option<&Tenant>,
    environment: &Environment,
    diagnostics: &mut Diagnostics,
) -> Option<credentials::Settings> {
    let (client_id, secret) = diagnostics.within("graph", |diagnostics| {
        let secret = diagnostics.within("credential.client_secret", |diagnostics| {
            section.credential.client_secret.resolve(environment, diagnostics)
        });
        (guid::<AppId>(&section.client_id, "client_id", diagnostics), secret)
    });
    let (tenant, client_id) = (tenant?, client_id?);
    Some(credentials::Settings {
        login: tenant.login.clone(),
        tenant: tenant.id.clone(),
        client_id,
        secret,
        scope: format!("{}/.default", tenant.graph.as_str().trim_end_matches('/')),
    })
}

/// Reports `[graph]` and `[[connectors]]` on Azure, where the timer has no state and cannot run.
fn check_azure(file: &File, store: Option<&storage::Settings>, diagnostics: &mut Diagnostics) {
    if store != Some(&storage::Settings::LocalOnAzure) {
        return;
    }
    let message = "cannot be used on Azure by this version: the timer that finds new accounts keeps its state in a local \
               folder, which does not outlive its instance. Publish a configuration without [graph] and \
               [[connectors]], and run the timer on a machine of your own";
    if let Some(graph) = &file.graph {
        diagnostics.report_at("graph", Severity::NotOnAzure, &graph.client_id.origin, message);
    }
    diagnostics.within("connectors", |diagnostics| {
        for connector in &file.connectors {
            let name = connector.name();
            let message = "cannot be used on Azure by this version: nothing is delivered where [graph] cannot be used";
            diagnostics.report_at(&name.value, Severity::NotOnAzure, &name.origin, message);
        }
    });
}

/// Reports connectors that cannot be put in an order, each at its place. Duplicate names were reported before.
fn report_order(
    connectors: &[ConnectorSettings],
    sections: &[ConnectorSection],
    names: &KnownNames,
    diagnostics: &mut Diagnostics,
) {
    for error in in_order(connectors).err().unwrap_or_default() {
        let (name, near) = match &error {
            SettingsError::Duplicate { .. } => continue,
            SettingsError::BadName { name } if is_reported(name) => continue,
            // A name that cannot be read may be this one.
            SettingsError::UnknownAfter { .. } if !names.connectors.are_complete() => continue,
            SettingsError::UnknownAfter { name, after } => (name, did_you_mean(after, names.connectors.iter())),
            SettingsError::BadName { name }
            | SettingsError::LongName { name }
            | SettingsError::NoConnector { name } => (name, String::new()),
            SettingsError::Cycle { names } => match names.first() {
                Some(name) => (name, String::new()),
                None => continue,
            },
        };
        if let Some(section) = sections.iter().find(|section| section.name().value == *name) {
            diagnostics.error_at("connectors", &section.name().origin, format!("{error}{near}"));
        }
    }
}

/// Whether the name is missing or empty, which is reported already.
fn is_reported(name: &str) -> bool {
    name == UNNAMED || name.trim().is_empty()
}
