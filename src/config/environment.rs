//! The environment of the process, read once: app settings, and where the configuration file is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The file's name, beside `host.json`.
const FILE: &str = "guestlist.toml";

/// The environment of the process.
#[derive(Debug, Clone)]
pub struct Environment {
    /// The app settings.
    pub variables: BTreeMap<String, String>,
    /// The configuration file.
    pub file: PathBuf,
    /// The folder of the configuration file. Relative paths begin there.
    pub folder: PathBuf,
}

impl Environment {
    /// Reads the environment of the process. Bytes of a variable that are not UTF-8 are replaced.
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

    /// Whether this is Azure, where a folder is lost with its instance.
    #[must_use]
    pub(crate) fn is_azure(&self) -> bool {
        self.variables.get("WEBSITE_INSTANCE_ID").is_some_and(|id| !id.is_empty())
    }
}
