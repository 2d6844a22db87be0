//! `guestlist.toml` and the app settings: read once, checked, and turned into the settings of each room.
//!
//! Each section is decoded and checked on its own, so all problems are found at once. [`engine`] reads any file; every
//! other file here is about one section, or about something that several sections share. Nothing here uses the network.
//! The only files that are read are the configuration, the secrets it names, and the first line of each invite list.

mod accounts;
mod checks;
mod combinations;
mod connectors;
mod definitions;
pub(crate) mod documents;
mod engine;
mod environment;
mod expectations;
mod expressions;
mod file;
mod graph;
mod hooks;
mod invites;
mod known_names;
mod lookups;
mod messages;
mod policies;
mod scalar;
mod secrets;
mod state;
mod telemetry;
mod tenant;
#[cfg(test)]
mod tests;
mod timer;

use std::path::Path;

use definitions::Definitions;
use engine::{Decode, Diagnostics};
use known_names::KnownNames;
use tracing::level_filters::LevelFilter;

pub use engine::{Finding, FindingSeverity, InvalidConfig};
pub(crate) use engine::{NamedFile, Problem, Severity};
pub use environment::Environment;
pub(crate) use expectations::PolicyTest;
pub(crate) use expectations::{TestAction, TestCode, TestHook};
pub(crate) use timer::TimerSettings;

use crate::files::{self, FileError};
use crate::invites::InviteSourceBuilder;
use crate::lookups::Settings as LookupSettings;
use crate::signup::policy;
use crate::values::{AppId, Secret, SecretError};
use crate::{entra, functions, storage};

/// The largest file that is read, in bytes.
const MAX_FILE: u64 = 4 * 1024 * 1024;

/// The configuration, checked.
#[derive(Debug)]
pub struct Config {
    /// Who may call.
    pub(crate) caller: entra::caller::Settings,
    /// How hooks behave.
    pub(crate) hooks: functions::hook::HookSettings,
    /// The policies and the texts.
    pub sign_up: policy::SignUpSettings,
    /// The app id behind `ext.` attributes.
    pub(crate) extension_app: Option<AppId>,
    /// `[[tests]]`: what the policies are expected to decide.
    pub(crate) tests: Vec<PolicyTest>,
    /// Where the state is kept.
    pub(crate) store: storage::Settings,
    /// Where invitations come from.
    pub(crate) invites: Vec<Box<dyn InviteSourceBuilder>>,
    /// The look-ups that policies can name.
    pub(crate) lookups: Vec<LookupSettings>,
    /// What the timer needs; absent without `[graph]`.
    pub(crate) timer: Option<TimerSettings>,
    /// The lowest level of events that are logged.
    pub(crate) level: LevelFilter,
    /// The key of the address hashes in logs.
    pub(crate) hash_key: Option<Result<Secret, SecretError>>,
    /// The files that the configuration names.
    pub(crate) files: Vec<NamedFile>,
    /// Problems that do not stop the service: warnings, missing secrets and lists, and what cannot work on Azure.
    pub(crate) notes: Vec<Problem>,
}

/// Reads and checks the configuration. The error contains all problems, not only the first.
pub fn load(environment: &Environment) -> Result<Config, InvalidConfig> {
    let file_name = environment.file.display().to_string();
    let mut problems = Vec::new();
    let invalid = |mut problems: Vec<Problem>| {
        engine::sort_problems(&mut problems);
        InvalidConfig { file: file_name.clone(), problems }
    };
    let text = match read(&environment.file) {
        Ok(text) => text,
        Err(reason) => return Err(invalid(vec![Problem::error(None, "", reason)])),
    };
    let mut root = engine::parse_file(&text, &mut problems);
    if !problems.is_empty() {
        // A tree that was parsed only in part would lead to errors that the file does not have.
        return Err(invalid(problems));
    }
    engine::apply_overrides(&mut root, &environment.variables, &mut problems);
    let mut diagnostics = Diagnostics::new(problems);
    let config =
        file::File::decode(&root, &mut diagnostics).and_then(|file| build(&file, environment, &mut diagnostics));
    let is_error = |problem: &Problem| problem.severity == Severity::Error;
    match config {
        Some(mut config) if !diagnostics.problems.iter().any(is_error) => {
            engine::sort_problems(&mut diagnostics.problems);
            config.notes = diagnostics.problems;
            config.files = diagnostics.files;
            Ok(config)
        }
        _ => Err(invalid(diagnostics.problems)),
    }
}

fn read(path: &Path) -> Result<String, String> {
    let content = files::read(path, MAX_FILE).map_err(|error| match error {
        FileError::TooLarge(_) => "is too large: the limit is 4 MiB; this is no configuration".to_owned(),
        error => format!("cannot be read: {error}"),
    })?;
    let text = String::from_utf8(content.bytes).map_err(|_| "is not UTF-8: save it as UTF-8".to_owned())?;
    Ok(text.strip_prefix('\u{FEFF}').map_or(text.clone(), str::to_owned))
}

/// Checks the sections. If one has errors, the others are checked nevertheless.
fn build(file: &file::File, environment: &Environment, diagnostics: &mut Diagnostics) -> Option<Config> {
    let tenant = file.tenant.as_ref().and_then(|section| tenant::tenant(section, diagnostics));
    let mut names = names(file, diagnostics);
    let hooks = file.hooks.as_ref().and_then(|section| hooks::hooks(section, tenant.as_ref(), diagnostics));
    let unreadable_invites = diagnostics.is_incomplete("invites");
    let invites = invites::invites(&file.invites, &names, environment, diagnostics);
    // If one list cannot be read, its columns are not known, so no column is an error.
    let columns: Option<Vec<_>> = invites.iter().map(|source| source.columns().map(<[String]>::to_vec)).collect();
    if let Some(columns) = columns.filter(|columns| columns.len() == file.invites.len() && !unreadable_invites) {
        names.columns = columns.concat();
    }
    let lookups = lookups::lookups(&file.lookups, &names, environment, diagnostics);
    let messages = messages::messages(&file.messages, &file.policies, &names, diagnostics);
    let policies = policies::policies(&file.policies, &names, &messages, diagnostics);
    let tests = expectations::policy_tests(&file.tests, &names, diagnostics);
    let store = state::store(&file.state, environment, diagnostics);
    let timer = timer::timer(file, tenant.as_ref(), store.as_ref(), &names, environment, diagnostics);
    if let Some(section) = &file.tenant {
        tenant::attributes::warn_of_near_names(section, &names, diagnostics);
    }
    let hash_key = diagnostics.within("telemetry.hash_key", |diagnostics| {
        file.telemetry.hash_key.as_ref().map(|key| key.resolve(environment, diagnostics))
    });
    combinations::check_state(file, &policies, store.as_ref(), diagnostics);
    let (caller, hooks) = hooks?;
    let (store, level) = (store?, file.telemetry.level.filter());
    Some(Config {
        caller,
        hooks,
        sign_up: policy::SignUpSettings { policies, messages },
        extension_app: names.extension_app,
        tests,
        store,
        invites,
        lookups,
        timer,
        level,
        hash_key,
        files: Vec::new(),
        notes: Vec::new(),
    })
}

/// The names that sections define for others, but for the columns of lists.
fn names(file: &file::File, diagnostics: &mut Diagnostics) -> KnownNames {
    let mut names = KnownNames::new(tenant::extension_app(file.tenant.as_ref(), diagnostics));
    let lookups = file.lookups.iter().map(|lookup| &lookup.name);
    names.lookups = Definitions::of_sections("lookups", lookups, diagnostics);
    let connectors = file.connectors.iter().map(connectors::ConnectorSection::name);
    names.connectors = Definitions::of_sections("connectors", connectors, diagnostics);
    names.texts = messages::keys(&file.messages, &file.policies, diagnostics);
    if let Some(section) = &file.tenant {
        names.types = tenant::attributes::types(section, &names, diagnostics);
        names.types_are_known = !diagnostics.is_wrong("tenant.attributes");
    }
    names
}
