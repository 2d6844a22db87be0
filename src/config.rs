//! `guestlist.toml` and the app settings, read once and turned into what each room needs.
//!
//! The file is parsed to a tree that remembers places, overrides are merged into it, and each section is decoded on its
//! own: all problems are found in one go. Nothing here touches the network; of files it reads the configuration, the
//! secrets it names, and the first line of each invite list.

mod accounts;
mod attributes;
mod connectors;
mod decode;
mod file;
mod hooks;
mod lookups;
mod named_files;
mod overrides;
mod policy_tests;
mod problems;
pub mod reference;
pub mod schema;
mod secrets;
mod shape;
mod sign_up;
#[cfg(test)]
mod tests;
mod tree;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use decode::{Decode, Reading};
use tracing::level_filters::LevelFilter;

pub use accounts::TimerSettings;
pub(crate) use file::{TestAction, TestCode, TestHook};
pub use named_files::NamedFile;
pub use policy_tests::PolicyTest;
pub use problems::{Invalid, Problem, Severity};

use crate::files::{self, FileError};
use crate::invites::InviteSourceBuilder;
use crate::lookups::Settings as LookupSettings;
use crate::values::{AppId, Secret, SecretError};
use crate::{entra, functions, signup, storage};

/// The file's name, beside `host.json`.
const FILE: &str = "guestlist.toml";

/// The largest file that is read, in bytes.
const MAX_FILE: u64 = 4 * 1024 * 1024;

/// What surrounds the process, read once.
#[derive(Debug, Clone)]
pub struct Environment {
    /// The app settings.
    pub variables: BTreeMap<String, String>,
    /// The configuration file.
    pub file: PathBuf,
    /// Its folder: relative paths start there.
    pub folder: PathBuf,
}

impl Environment {
    /// Reads the process's environment. A variable that is not UTF-8 loses the odd bytes.
    #[must_use]
    pub fn of_the_process() -> Self {
        let lossy = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
        Self::new(std::env::vars_os().map(|(name, value)| (lossy(name), lossy(value))).collect())
    }

    /// An environment of these variables.
    #[must_use]
    pub fn new(variables: BTreeMap<String, String>) -> Self {
        let file =
            PathBuf::from(variables.get("GUESTLIST_CONFIG").filter(|name| !name.is_empty()).map_or(FILE, |name| name));
        let folder = file.parent().unwrap_or(Path::new("")).to_owned();
        Self { variables, file, folder }
    }

    /// Whether this is Azure: there, state in a folder would be lost with the instance.
    #[must_use]
    pub fn is_azure(&self) -> bool {
        self.variables.get("WEBSITE_INSTANCE_ID").is_some_and(|id| !id.is_empty())
    }
}

/// The configuration, checked.
#[derive(Debug)]
pub struct Config {
    /// Who may call.
    pub caller: entra::caller::Settings,
    /// How hooks behave.
    pub hooks: functions::hook::HookSettings,
    /// What the operator decided about sign-ups.
    pub sign_up: signup::policy::SignUpSettings,
    /// The app id behind `ext.` attributes.
    pub extension_app: Option<AppId>,
    /// Tests of what the operator decided.
    pub tests: Vec<PolicyTest>,
    /// Where the state lives.
    pub store: storage::Settings,
    /// Where invitations come from.
    pub invites: Vec<Box<dyn InviteSourceBuilder>>,
    /// What is asked from outside, for the policies that name it.
    pub lookups: Vec<LookupSettings>,
    /// What the timer needs; absent without `[graph]`.
    pub timer: Option<TimerSettings>,
    /// From which level up events are logged.
    pub level: LevelFilter,
    /// Keys the address hashes in logs.
    pub hash_key: Option<Result<Secret, SecretError>>,
    /// The files it names, this one left out.
    pub files: Vec<NamedFile>,
    /// What does not stop the service but should be known: warnings, secrets that are missing, and what cannot work on
    /// Azure.
    pub notes: Vec<Problem>,
}

/// Reads the configuration. All errors are handed back at once.
pub fn load(environment: &Environment) -> Result<Config, Invalid> {
    let file_name = environment.file.display().to_string();
    let mut problems = Vec::new();
    let invalid = |mut problems: Vec<Problem>| {
        problems::sort(&mut problems);
        Invalid { file: file_name.clone(), problems }
    };
    let text = match read(&environment.file) {
        Ok(text) => text,
        Err(reason) => return Err(invalid(vec![Problem::error(None, "", reason)])),
    };
    let mut root = tree::parse_file(&text, &mut problems);
    if !problems.is_empty() {
        // Half a tree would only bring errors that are not there.
        return Err(invalid(problems));
    }
    overrides::apply(&mut root, &environment.variables, &mut problems);
    let mut reading = Reading::new(problems);
    let config = file::File::decode(&root, &mut reading).and_then(|file| build(&file, environment, &mut reading));
    let stops = |problem: &Problem| problem.severity == Severity::Error;
    match config {
        Some(mut config) if !reading.problems.iter().any(stops) => {
            problems::sort(&mut reading.problems);
            config.notes = reading.problems;
            config.files = reading.files;
            Ok(config)
        }
        _ => Err(invalid(reading.problems)),
    }
}

fn read(path: &Path) -> Result<String, String> {
    let content = files::read(path, MAX_FILE).map_err(|error| match error {
        FileError::TooLarge(_) => "is larger than 4 MiB: this is no configuration".to_owned(),
        error => format!("cannot be read: {error}"),
    })?;
    let text = String::from_utf8(content.bytes).map_err(|_| "is not UTF-8: save it as UTF-8".to_owned())?;
    Ok(text.strip_prefix('\u{FEFF}').map_or(text.clone(), str::to_owned))
}

/// Checks what the keys mean, each section on its own, so that all problems show.
fn build(file: &file::File, environment: &Environment, reading: &mut Reading) -> Option<Config> {
    let tenant = file.tenant.as_ref().and_then(|section| hooks::tenant(section, reading));
    let extension_app = tenant.as_ref().and_then(|tenant| tenant.extension_app.clone());
    let lookups = file.lookups.iter().map(|lookup| lookup.name.value.clone()).collect();
    let mut names = sign_up::Names::new(extension_app, lookups);
    if let Some(section) = &file.tenant {
        names.types = attributes::types(section, &names, reading);
    }
    let hooks = file.hooks.as_ref().and_then(|section| hooks::hooks(section, tenant.as_ref(), reading));
    let invites = sign_up::invites(&file.invites, &names, environment, reading);
    let invites: Vec<_> = invites.into_iter().map(|list| Box::new(list) as Box<dyn InviteSourceBuilder>).collect();
    // Of a list that cannot be read nobody knows the columns.
    let columns: Option<Vec<_>> = invites.iter().map(|source| source.columns().map(<[String]>::to_vec)).collect();
    if let Some(columns) = columns.filter(|columns| columns.len() == file.invites.len()) {
        names.columns = columns.concat();
    }
    let lookups = lookups::lookups(&file.lookups, &names, environment, reading);
    let sign_up = sign_up::settings(file, &names, reading);
    let tests = policy_tests::policy_tests(file, &names, reading);
    let store = accounts::store(file.state.url.as_ref(), environment, reading);
    let timer = accounts::timer(file, tenant.as_ref(), store.as_ref(), &names, environment, reading);
    if let Some(section) = &file.tenant {
        attributes::warn_of_near_names(section, &names, reading);
    }
    let hash_key = reading.within("telemetry.hash_key", |reading| {
        file.telemetry.hash_key.as_ref().map(|key| key.resolve(environment, reading))
    });
    let (caller, hooks) = hooks?;
    let (store, level) = (store?, file.telemetry.level.filter());
    sign_up::check_state(file, &sign_up, &store, reading);
    let extension_app = names.extension_app;
    Some(Config {
        caller,
        hooks,
        sign_up,
        extension_app,
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
