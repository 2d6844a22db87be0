//! `[[connectors]]`: the kinds there are, and the connectors of the file.
//!
//! [`KINDS`] is the one list of kinds. Each kind has a file of its own beside this one, with its keys and their
//! meaning. The keys of all kinds are in `kind.rs`.

mod expressions;
mod kind;
mod mailchimp;
mod profile;

use std::sync::Arc;

use self::expressions::ConnectorExpressions;
use self::kind::{ConnectorKeys, ConnectorKind, ConnectorKindSection};
use super::checks::unique;
use super::engine::{Decode, Diagnostics, Kinds, Node, Shape, Spanned};
use super::environment::Environment;
use super::known_names::KnownNames;
use crate::accounts::ConnectorSettings;
use crate::connectors::ConnectorBuilder;
use crate::graph::Extensions;

/// The kinds of connectors.
static KINDS: Kinds<dyn ConnectorKindSection> = Kinds {
    available: &[
        ConnectorKind::of::<mailchimp::MailchimpSection>("mailchimp"),
        ConnectorKind::of::<profile::ProfileSection>("profile"),
    ],
    planned: &["stripe", "salesforce", "sql", "webhook", "groups", "dataverse"],
    first_is_default: false,
};

/// A connector of any kind.
#[derive(Debug, Clone)]
pub(super) struct ConnectorSection {
    keys: ConnectorKeys,
    /// The keys of its kind. `None` if nobody knows its kind; that was reported.
    own_keys: Option<Arc<dyn ConnectorKindSection>>,
}

impl ConnectorSection {
    /// The connector's name.
    pub(super) fn name(&self) -> &Spanned<String> {
        &self.keys.name
    }
}

impl Decode for ConnectorSection {
    fn decode(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        KINDS.decode(node, diagnostics).map(|(keys, own_keys)| Self { keys, own_keys })
    }

    fn shape() -> Shape {
        KINDS.shape::<ConnectorKeys>()
    }
}

/// The connectors, compiled.
#[derive(Debug)]
pub(super) struct Connectors {
    /// The builder of each connector.
    pub(super) builders: Vec<Box<dyn ConnectorBuilder>>,
    /// For each connector: when it runs, and for which accounts.
    pub(super) settings: Vec<ConnectorSettings>,
    /// The custom attributes that they use.
    pub(super) extensions: Option<Extensions>,
    /// Whether one of them uses the invitation.
    pub(super) needs_invite: bool,
}

/// Checks the connectors and compiles their expressions. Also finds out which attributes they use, and whether they use
/// the invitation.
pub(super) fn connectors(
    sections: &[ConnectorSection],
    names: &KnownNames,
    environment: &Environment,
    diagnostics: &mut Diagnostics,
) -> Connectors {
    let mut expressions = ConnectorExpressions::new(names);
    let (mut builders, mut settings) = (Vec::new(), Vec::new());
    diagnostics.within("connectors", |diagnostics| {
        unique(sections.iter().map(ConnectorSection::name), diagnostics);
        for ConnectorSection { keys, own_keys } in sections {
            diagnostics.within(&keys.name.value, |diagnostics| {
                expressions.begin(&keys.after);
                let when = keys.when.as_ref().and_then(|when| expressions.condition(when, diagnostics));
                if let Some(own_keys) = own_keys {
                    builders.extend(own_keys.builder(keys, &mut expressions, environment, diagnostics));
                }
                settings.push(ConnectorSettings { name: keys.name.value.clone(), after: keys.after.clone(), when });
            });
        }
        let extensions = expressions.extensions(names.extension_app.as_ref(), diagnostics);
        Connectors { builders, settings, extensions, needs_invite: expressions.needs_invite() }
    })
}
