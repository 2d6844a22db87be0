//! The parts of `cargo dev`.

pub(crate) mod checks;
pub(crate) mod interactive;
pub(crate) mod one_line;
pub(crate) mod people;
pub(crate) mod product;
pub(crate) mod received;
pub(crate) mod sandbox;
pub(crate) mod screen;
pub(crate) mod script;

use std::path::PathBuf;

use guestlist_emulator::host::HostError;
use guestlist_emulator::tenant::TenantError;

/// Why `cargo dev` cannot go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DevError {
    #[error("run cargo")]
    Cargo(#[source] std::io::Error),
    #[error("the product does not build")]
    Build,
    #[error("cargo built no executable named guestlist")]
    NoExecutable,
    #[error("find {}", .0.display())]
    Executable(PathBuf, #[source] std::io::Error),
    #[error("make a folder for the state")]
    State(#[source] std::io::Error),
    #[error("start the tenant")]
    Tenant(#[from] TenantError),
    #[error("start the product")]
    Host(#[from] HostError),
    #[error("make an HTTP client")]
    Client(#[source] reqwest::Error),
    #[error("listen for the helpers and for Ctrl-C")]
    Listen(#[source] std::io::Error),
}
