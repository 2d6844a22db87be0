//! `[state]`: where the state is kept.

use super::engine::{Diagnostics, Spanned, built_in, section};
use super::environment::Environment;
use crate::storage;

section! {
    /// Where the state is kept: which accounts the timer has found and how far each one is, which uses of invitation
    /// codes are taken, and which addresses Start has left for Submit.
    struct StateSection: Default {
        /// A folder, for one machine. On Azure a folder would be lost with its instance, so there the timer refuses to
        /// run, and a policy that needs the state (`invitation_code`, `no_address = "code"`, `email_sources` other than
        /// the usual ones) is an error.
        /// Default: `".guestlist"`
        url: Spanned<String> as Folder = built_in(".guestlist".to_owned()),
    }
}

/// Checks the folder. A relative path begins at the folder of the configuration.
pub(super) fn store(
    section: &StateSection,
    environment: &Environment,
    diagnostics: &mut Diagnostics,
) -> Option<storage::Settings> {
    let Spanned { value: written, origin } = &section.url;
    if written.contains("://") || written.trim().is_empty() {
        let message = format!("{written:?} is not supported by this version: name a folder");
        diagnostics.error_at("state.url", origin, message);
        return None;
    }
    // On Azure a folder is lost with its instance: the hooks run, the timer refuses to.
    let folder = environment.folder.join(written);
    Some(if environment.is_azure() { storage::Settings::LocalOnAzure } else { storage::Settings::Local(folder) })
}
