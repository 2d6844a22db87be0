//! The keys of all kinds of connectors, and the trait that each kind implements.

use std::fmt::Debug;
use std::sync::Arc;

use super::expressions::ConnectorExpressions;
use crate::config::engine::{Diagnostics, Kind, SectionKeys, Spanned, section, unnamed};
use crate::config::environment::Environment;
use crate::connectors::ConnectorBuilder;

section! {
    /// The keys that connectors of every kind have.
    struct ConnectorKeys {
        /// The name of the connector, in logs, in `after` and in the names of app settings: letters, digits, `-` and
        /// `_`, at most 40. No two have the same.
        name: Spanned<String> as ObjectName => unnamed(),
        /// For which accounts the connector runs; without it, for all. `user`, `invite` and `results` can be used.
        /// Example: `"user.country == 'AU'"`
        when: Option<Spanned<String>> as Condition = None,
        /// The names of connectors that must have come to a result before this one starts. It may then use
        /// `results.<name>.id` and `results.<name>.outcome`.
        /// Example: `["news"]`
        after: Vec<String> = Vec::new(),
    }
}

/// The keys of one kind, decoded.
pub(in crate::config) trait ConnectorKindSection: Debug {
    /// Checks the keys, and hands back what builds the connector. `None`: the problem is reported.
    fn builder(
        &self,
        keys: &ConnectorKeys,
        expressions: &mut ConnectorExpressions<'_>,
        environment: &Environment,
        diagnostics: &mut Diagnostics,
    ) -> Option<Box<dyn ConnectorBuilder>>;
}

/// A kind of connector.
pub(in crate::config) type ConnectorKind = Kind<dyn ConnectorKindSection>;

impl ConnectorKind {
    /// The kind that `kind = "word"` names, with the keys of `S`.
    pub(in crate::config) const fn of<S>(word: &'static str) -> Self
    where
        S: SectionKeys + ConnectorKindSection + 'static,
    {
        Self::new::<S>(word, |section, diagnostics| {
            let keys: Arc<dyn ConnectorKindSection> = Arc::new(S::decode_keys(section, diagnostics));
            keys
        })
    }
}
