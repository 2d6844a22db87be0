//! `[[invites]]`: the kinds of invite sources there are, and the sources of the file.
//!
//! [`KINDS`] is the one list of kinds. Each has a file of its own beside this one, with its keys and what they mean; what
//! all kinds have is in `kind.rs`.

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

/// How long the first looks at all sources may take together. The listener is not bound before that.
const FIRST_LOOKS: Duration = Duration::from_secs(1);

/// The kinds of invite sources. A source that names none is a list.
static KINDS: Kinds<dyn InviteKindSection> =
    Kinds { all: &[InviteKind::of::<list::ListSection>("list")], planned: &["sql", "http"], first_is_default: true };

/// An invite source of any kind.
#[derive(Debug, Clone)]
pub(super) struct InvitesSection {
    keys: InvitesKeys,
    of_kind: Arc<dyn InviteKindSection>,
}

impl Decode for InvitesSection {
    fn decode(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        KINDS.decode(node, diagnostics).map(|(keys, of_kind)| Self { keys, of_kind })
    }

    fn shape() -> Shape {
        KINDS.shape::<InvitesKeys>()
    }
}

/// Checks the sources, and looks which columns they have.
pub(super) fn invites(
    sections: &[InvitesSection],
    names: &KnownNames,
    environment: &Environment,
    diagnostics: &mut Diagnostics,
) -> Vec<Box<dyn InviteSourceBuilder>> {
    diagnostics.within("invites", |diagnostics| {
        unique(sections.iter().map(|section| &section.keys.name), diagnostics);
        // All looks begin at once, so that those that hang cost their time once.
        let mut pending = Vec::new();
        for InvitesSection { keys, of_kind } in sections {
            let name = keys.name.value.as_str();
            let begun = diagnostics.within(name, |diagnostics| of_kind.begin(keys, names, environment, diagnostics));
            pending.extend(begun.map(|begun| (name, begun)));
        }
        let until = Instant::now() + FIRST_LOOKS;
        let finish = |(name, pending): (&str, PendingSource<'_>)| {
            diagnostics.within(name, |diagnostics| pending(until, diagnostics))
        };
        pending.into_iter().map(finish).collect()
    })
}
