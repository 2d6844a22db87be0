//! `[[invites]]`: the kinds of invite sources there are, and the sources of the file.
//!
//! [`KINDS`] is the one list of kinds. Each kind has a file of its own beside this one, with its keys and their
//! meaning. The keys of all kinds are in `kind.rs`.

mod kind;
mod list;

use std::sync::Arc;
use std::time::{Duration, Instant};

use self::kind::{InviteKind, InviteKindSection, InvitesKeys, PendingSource};
use super::checks::unique;
use super::engine::{Decode, Diagnostics, Kinds, Node, Shape};
use super::environment::Environment;
use super::known_names::KnownNames;
use crate::invites::InviteSourceBuilder;

/// How long the first looks at all sources may take together. The service starts to listen only after that.
const FIRST_LOOKS: Duration = Duration::from_secs(1);

/// The kinds of invite sources. A source that names none is a list.
static KINDS: Kinds<dyn InviteKindSection> = Kinds {
    available: &[InviteKind::of::<list::ListSection>("list")],
    planned: &["sql", "http"],
    first_is_default: true,
};

/// An invite source of any kind.
#[derive(Debug, Clone)]
pub(super) struct InvitesSection {
    keys: InvitesKeys,
    /// The keys of its kind. `None` if nobody knows its kind; that was reported.
    own_keys: Option<Arc<dyn InviteKindSection>>,
}

impl Decode for InvitesSection {
    fn decode(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        KINDS.decode(node, diagnostics).map(|(keys, own_keys)| Self { keys, own_keys })
    }

    fn shape() -> Shape {
        KINDS.shape::<InvitesKeys>()
    }
}

/// Checks the sources, and finds out which columns they have.
pub(super) fn invites(
    sections: &[InvitesSection],
    names: &KnownNames,
    environment: &Environment,
    diagnostics: &mut Diagnostics,
) -> Vec<Box<dyn InviteSourceBuilder>> {
    diagnostics.within("invites", |diagnostics| {
        unique(sections.iter().map(|section| &section.keys.name), diagnostics);
        // All looks begin at once. If several of them hang, the time is lost only once.
        let mut pending = Vec::new();
        for InvitesSection { keys, own_keys } in sections {
            let name = keys.name.value.as_str();
            let pending_source = diagnostics
                .within(name, |diagnostics| own_keys.as_ref()?.begin_look(keys, names, environment, diagnostics));
            pending.extend(pending_source.map(|pending_source| (name, pending_source)));
        }
        let deadline = Instant::now() + FIRST_LOOKS;
        let finish = |(name, pending): (&str, PendingSource<'_>)| {
            diagnostics.within(name, |diagnostics| pending(deadline, diagnostics))
        };
        pending.into_iter().map(finish).collect()
    })
}
