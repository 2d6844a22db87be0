//! The keys of all kinds of invite sources, and the trait that each kind implements.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Instant;

use crate::config::engine::{Diagnostics, Kind, SectionKeys, Spanned, section, unnamed};
use crate::config::environment::Environment;
use crate::config::known_names::KnownNames;
use crate::invites::InviteSourceBuilder;

section! {
    /// The keys that invite sources of every kind have.
    struct InvitesKeys {
        /// The name of the source, in logs, in `guestlist explain` and in the names of app settings. No two have the
        /// same.
        /// Example: `"beta"`
        name: Spanned<String> as NotBlank => unnamed(),
        /// The application ids of the apps that the source is for; none: every app.
        apps: Vec<Spanned<String>> as Guid = Vec::new(),
    }
}

/// The keys of one kind, decoded.
pub(in crate::config) trait InviteKindSection: Debug {
    /// Checks the keys, and begins to find out which columns the source has. `None` after an error, which is reported.
    fn begin_look<'a>(
        &'a self,
        keys: &'a InvitesKeys,
        names: &KnownNames,
        environment: &Environment,
        diagnostics: &mut Diagnostics,
    ) -> Option<PendingSource<'a>>;
}

/// The second part of [`InviteKindSection::begin_look`]. Waits for the columns, at most until the given time, and
/// returns the builder of the source.
pub(in crate::config) type PendingSource<'a> =
    Box<dyn FnOnce(Instant, &mut Diagnostics) -> Box<dyn InviteSourceBuilder> + 'a>;

/// A kind of invite source.
pub(in crate::config) type InviteKind = Kind<dyn InviteKindSection>;

impl InviteKind {
    /// The kind that `kind = "word"` names, with the keys of `S`.
    pub(in crate::config) const fn of<S>(word: &'static str) -> Self
    where
        S: SectionKeys + InviteKindSection + 'static,
    {
        Self::new::<S>(word, |section, diagnostics| {
            let keys: Arc<dyn InviteKindSection> = Arc::new(S::decode_keys(section, diagnostics));
            keys
        })
    }
}
