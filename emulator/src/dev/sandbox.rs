//! A tenant, the product and Entra, connected to each other, with a temporary folder for the state.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use guestlist_emulator::host::{HostSettings, LogLine};
use guestlist_emulator::sign_up::Hooks;
use guestlist_emulator::{Entra, Host, Tenant};

use super::DevError;
use super::screen::Screen;

/// A key for address hashes that protects nobody: the addresses are made up.
const HASH_KEY: &str = "6f1d2c3b4a59687f8e9dacbbcad9e8f7061524334251607f8e9dacbbcad9e8f7";

/// A folder that is removed with the value.
#[derive(Debug)]
pub(crate) struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    fn make() -> std::io::Result<Self> {
        let name = format!("guestlist-dev-{}", uuid::Uuid::new_v4());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        // If it cannot be removed, the operating system will clean it up.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Everything that `cargo dev` runs. The host is the first field, so that the product ends before its state is removed.
#[derive(Debug)]
pub(crate) struct Sandbox {
    pub(crate) host: Host,
    pub(crate) entra: Entra,
    pub(crate) tenant: Tenant,
    pub(crate) state: TemporaryFolder,
}

impl Sandbox {
    /// Starts a tenant, and the product with the settings for it. The product's log lines go to `screen`, if there is
    /// one.
    pub(crate) async fn start(project: &Path, executable: PathBuf, screen: Option<Screen>) -> Result<Self, DevError> {
        let tenant = Tenant::start_default().await?;
        let state = TemporaryFolder::make().map_err(DevError::State)?;
        let mut settings = HostSettings {
            environment: environment(&tenant, &state),
            without: ["GUESTLIST_CONFIG", "WEBSITE_INSTANCE_ID"].map(str::to_owned).to_vec(),
            executable: Some(executable),
            ..HostSettings::default()
        };
        if let Some(screen) = screen {
            settings.on_line = Some(Arc::new(move |line: &LogLine| screen.dim(&line.text)));
        }
        let host = Host::start(project, settings).await?;
        let entra = Entra::new(&tenant, Hooks::under(host.url())).map_err(DevError::Client)?;
        Ok(Self { host, entra, tenant, state })
    }
}

/// The product's environment: every outside address is the tenant's, and the state is in this folder.
fn environment(tenant: &Tenant, state: &TemporaryFolder) -> Vec<(String, String)> {
    let mut settings = tenant.settings();
    settings.push(("GUESTLIST__STATE__URL", state.path().display().to_string()));
    settings.push(("GUESTLIST_HASH_KEY", HASH_KEY.to_owned()));
    settings.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
