//! The function app that the tests run: its folder, and the binary on its own.

use std::fmt::Display;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::timeout;

use super::service::INVITES;

pub(crate) const EXECUTABLE: &str = env!("CARGO_BIN_EXE_guestlist");
/// The mailing list of the connector `news`.
pub(crate) const LIST: &str = "a1b2c3d4e5";
/// The longest wait for something that has to happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Files of the function app that every project has.
const PROJECT: [&str; 5] = [
    "host.json",
    "Health/function.json",
    "OnAttributeCollectionStart/function.json",
    "OnAttributeCollectionSubmit/function.json",
    "UpdateNewAccounts/function.json",
];

/// The app settings that the configuration asks for, with secrets that can be recognised in an output.
pub(crate) const SECRETS: [(&str, &str); 3] = [
    ("GUESTLIST_GRAPH_SECRET", "s3cr3t-graph"),
    ("MAILCHIMP_API_KEY", "s3cr3t-us21"),
    ("GUESTLIST_HASH_KEY", "s3cr3t-hash"),
];

/// Variables that the binary must not inherit from the environment of the tests.
pub(crate) const UNSET: [&str; 6] = [
    "GUESTLIST_CONFIG",
    "WEBSITE_INSTANCE_ID",
    "GUESTLIST_GRAPH_SECRET",
    "MAILCHIMP_API_KEY",
    "GUESTLIST_HASH_KEY",
    "FUNCTIONS_CUSTOMHANDLER_PORT",
];

/// An object of `check --json` as the line that `check` shows for it.
pub(crate) fn shown(problem: &Value) -> String {
    let text = |name: &str| problem[name].as_str().map(str::to_owned);
    let mut place = text("file").or_else(|| text("setting").map(|name| format!("app setting {name}"))).unwrap();
    for name in ["line", "column"] {
        place.extend(problem[name].as_u64().map(|number| format!(":{number}")));
    }
    let severity = text("severity").unwrap();
    let kind = if severity == "error" { "" } else { "warning: " };
    let key = text("key").map(|key| format!("{key}: ")).unwrap_or_default();
    format!("{place}: {kind}{key}{}", text("text").unwrap())
}

/// A function app's folder with a configuration, and with [`INVITES`] if the configuration names that list.
pub(crate) fn project(config: impl Display) -> TempDir {
    let (folder, config) = (tempfile::tempdir().unwrap(), config.to_string());
    for file in PROJECT {
        let to = folder.path().join(file);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::write(to, committed(file)).unwrap();
    }
    // A list that nothing names would be reported as a stray file.
    if config.contains("invites.csv") {
        std::fs::write(folder.path().join("invites.csv"), INVITES).unwrap();
    }
    std::fs::write(folder.path().join("guestlist.toml"), config).unwrap();
    std::fs::write(folder.path().join(".funcignore"), "# Everything is published.\n").unwrap();
    folder
}

/// The text of a file of this repository.
pub(crate) fn committed(file: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
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

/// What a command said: its exit code, its standard output and its standard error.
pub(crate) type Said = (Option<i32>, String, String);

/// Runs the binary in a folder until it ends by itself, with these settings, and reads what it said.
pub(crate) async fn said(folder: &Path, arguments: &[&str], settings: &[(&str, &str)]) -> Said {
    let Output { status, stdout, stderr } = run(folder, arguments, settings).await;
    (status.code(), text(stdout), text(stderr))
}

/// An output as text.
pub(crate) fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}
