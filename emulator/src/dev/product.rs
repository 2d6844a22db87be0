//! Building the product and finding its executable.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;
use tokio::process::Command;

use super::DevError;
use super::screen::Screen;

/// The workspace's root: the folder above this package's.
pub(crate) fn workspace() -> PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let package = package.unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    package.parent().map_or_else(|| package.clone(), Path::to_owned)
}

/// Builds `guestlist` and returns the path of the executable.
pub(crate) async fn build(root: &Path, release: bool, screen: &Screen) -> Result<PathBuf, DevError> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--package", "guestlist", "--bin", "guestlist"]);
    command.arg("--message-format=json-render-diagnostics");
    if release {
        command.arg("--release");
    }
    screen.dim("building guestlist; the first time this takes a few minutes");
    let output = command
        .current_dir(root)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .await
        .map_err(DevError::Cargo)?;
    if !output.status.success() {
        return Err(DevError::Build);
    }
    executable(&output.stdout).ok_or(DevError::NoExecutable)
}

/// The executable among cargo's JSON messages.
fn executable(messages: &[u8]) -> Option<PathBuf> {
    let mut messages = messages.split(|byte| *byte == b'\n');
    messages.find_map(|line| {
        let message: Value = serde_json::from_slice(line).ok()?;
        let is_product = message.pointer("/target/name")? == "guestlist";
        let path = message.get("executable")?.as_str()?;
        is_product.then(|| path.into())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_executable_among_the_messages() {
        let messages = br#"{"reason":"compiler-artifact","target":{"name":"serde"},"executable":null}
not json
{"reason":"compiler-artifact","target":{"name":"guestlist","kind":["lib"]},"executable":null}
{"reason":"compiler-artifact","target":{"name":"guestlist","kind":["bin"]},"executable":"/t/debug/guestlist"}
{"reason":"build-finished","success":true}"#;
        assert_eq!(executable(messages), Some("/t/debug/guestlist".into()));
    }
}
