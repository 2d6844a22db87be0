//! The function app that the tests run: its folder, its configuration, and the binary on its own.

use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::timeout;

use crate::support::service::{INVITES, POLICY};

pub(crate) const EXECUTABLE: &str = env!("CARGO_BIN_EXE_guestlist");
/// The mailing list of [`config`].
pub(crate) const LIST: &str = "a1b2c3d4e5";
/// The longest wait for what has to come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Files of the function app that every project has.
const PROJECT: [&str; 5] = [
    "host.json",
    "Health/function.json",
    "OnAttributeCollectionStart/function.json",
    "OnAttributeCollectionSubmit/function.json",
    "UpdateNewAccounts/function.json",
];

/// What the binary must not inherit from whoever runs the tests.
pub(crate) const UNSET: [&str; 6] = [
    "GUESTLIST_CONFIG",
    "WEBSITE_INSTANCE_ID",
    "GUESTLIST_GRAPH_SECRET",
    "MAILCHIMP_API_KEY",
    "GUESTLIST_HASH_KEY",
    "FUNCTIONS_CUSTOMHANDLER_PORT",
];

/// A whole configuration; addresses of the outside come as app settings.
pub(crate) fn config() -> String {
    let connectors = format!(
        r#"
[graph]
client_id = "88888888-3333-4444-5555-666666666666"
credential = {{ client_secret = {{ env = "GUESTLIST_GRAPH_SECRET" }} }}
[state]
url = "state"
[[connectors]]
name = "news"
kind = "mailchimp"
api_key = {{ env = "MAILCHIMP_API_KEY" }}
list = "{LIST}"
when = "user.ext.Newsletter"
merge_fields = {{ FNAME = "{{{{ user.givenName }}}}" }}
[[connectors]]
name = "directory"
kind = "profile"
set = {{ displayName = "{{{{ user.givenName }}}} {{{{ user.surname }}}}", userPrincipalName = "{{{{ user.givenName | slug }}}}.{{{{ user.surname | slug }}}}" }}
[telemetry]
hash_key = {{ env = "GUESTLIST_HASH_KEY" }}
"#
    );
    format!(
        "[tenant]\nid = \"aaaabbbb-0000-cccc-1111-dddd2222eeee\"\nsubdomain = \"contoso\"\n\
         extension_app_id = \"0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0\"\n\
         [hooks]\naudience = [\"99999999-2222-3333-4444-555555555555\"]\n{POLICY}{connectors}"
    )
}

/// A function app's folder with a configuration and [`INVITES`].
pub(crate) fn project(config: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in PROJECT {
        let to = folder.path().join(file);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join(file), to).unwrap();
    }
    std::fs::write(folder.path().join("guestlist.toml"), config).unwrap();
    // A list that nothing names would be one that lies about.
    if config.contains("invites.csv") {
        std::fs::write(folder.path().join("invites.csv"), INVITES).unwrap();
    }
    std::fs::write(folder.path().join(".funcignore"), "# Everything is published.\n").unwrap();
    folder
}

/// The binary, to be run in a folder.
pub(crate) fn command(folder: &Path, arguments: &[&str], settings: &[(&str, &str)]) -> std::process::Command {
    let mut command = std::process::Command::new(EXECUTABLE);
    for name in UNSET {
        command.env_remove(name);
    }
    command.args(arguments).current_dir(folder).envs(settings.iter().copied()).stdin(Stdio::null());
    command
}

/// Runs the binary in a folder until it ends by itself.
pub(crate) async fn run(folder: &Path, arguments: &[&str], settings: &[(&str, &str)]) -> Output {
    let mut command = Command::from(command(folder, arguments, settings));
    timeout(PATIENCE, command.kill_on_drop(true).output()).await.expect("the binary did not end").unwrap()
}
