//! What surrounds the process, read once: app settings, and where the configuration is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The file's name, beside `host.json`.
const FILE: &str = "guestlist.toml";

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
