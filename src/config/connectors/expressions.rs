//! Compiles and checks the templates and conditions of connectors, and notes which values they use.

use std::collections::BTreeMap;

use crate::config::engine::{Diagnostics, Origin, Spanned};
use crate::config::expressions::scope::Scope;
use crate::config::expressions::types::KnownTypes;
use crate::config::known_names::KnownNames;
use crate::connectors::VARIABLES;
use crate::expressions::{Condition, Template};
use crate::graph::Extensions;
use crate::values::{AppId, AttributeTypes};

/// Compiles the expressions of all connectors, and remembers what they use.
#[derive(Debug)]
pub(in crate::config) struct ConnectorExpressions<'n> {
    scope: Scope<'n>,
    names: &'n KnownNames,
    /// The custom attributes that are used, by short name.
    attributes: Vec<(String, Origin)>,
    needs_invite: bool,
}

impl<'n> ConnectorExpressions<'n> {
    /// No expressions yet.
    pub(in crate::config) fn new(names: &'n KnownNames) -> Self {
        Self { scope: Scope::of_connectors(names, &[]), names, attributes: Vec::new(), needs_invite: false }
    }

    /// Begins with the next connector, which runs after these. If one of them does not exist, that is reported there, and
    /// not again for its results.
    pub(in crate::config) fn begin(&mut self, after: &'n [String]) {
        self.scope = Scope::of_connectors(self.names, after);
    }

    /// The declared types of attributes.
    pub(in crate::config) fn types(&self) -> &AttributeTypes {
        &self.names.types
    }

    /// Whether an expression uses the invitation.
    pub(in crate::config) fn needs_invite(&self) -> bool {
        self.needs_invite
    }

    /// Compiles the condition of a connector, which is at the key `when`.
    pub(in crate::config) fn condition(
        &mut self,
        when: &Spanned<String>,
        diagnostics: &mut Diagnostics,
    ) -> Option<Condition> {
        let condition = diagnostics.within("when", |diagnostics| {
            let condition = self.scope.condition(when, &VARIABLES, diagnostics)?;
            let types = KnownTypes { names: self.names, multi_select: &[] };
            types.warn_of_risks(&condition, "user", "the connector skips the account", &when.origin, diagnostics);
            Some(condition)
        })?;
        self.note_uses(&condition.paths(), &when.origin);
        Some(condition)
    }

    /// Compiles the template at the key `key`.
    pub(in crate::config) fn template(
        &mut self,
        key: &str,
        source: &Spanned<String>,
        diagnostics: &mut Diagnostics,
    ) -> Option<Template> {
        let template = diagnostics
            .within(key, |diagnostics| self.scope.template(&source.value, &VARIABLES, &source.origin, diagnostics))?;
        self.note_uses(&template.paths(), &source.origin);
        Some(template)
    }

    /// Compiles the templates that a table has below the key `key`.
    pub(in crate::config) fn templates(
        &mut self,
        key: &str,
        sources: &BTreeMap<String, Spanned<String>>,
        diagnostics: &mut Diagnostics,
    ) -> BTreeMap<String, Template> {
        let compiled = |(name, source): (&String, &Spanned<String>)| {
            let template = self.template(&format!("{key}.{name}"), source, diagnostics)?;
            Some((name.clone(), template))
        };
        sources.iter().filter_map(compiled).collect()
    }

    /// Notes that a connector uses a custom attribute.
    pub(in crate::config) fn note_attribute(&mut self, short: &str, origin: &Origin) {
        self.attributes.push((short.to_owned(), origin.clone()));
        if let Some(name) = self.names.find(&format!("ext.{short}")) {
            self.names.mark_used(&name);
        }
    }

    /// The custom attributes that the directory has to read; an error for each one, if there is no extensions app.
    pub(in crate::config) fn extensions(
        &self,
        app: Option<&AppId>,
        diagnostics: &mut Diagnostics,
    ) -> Option<Extensions> {
        if app.is_none()
            && let Some((name, origin)) = self.attributes.first()
        {
            self.names.report_missing_extension_app(&format!("ext.{name}"), origin, diagnostics);
        }
        let mut names: Vec<String> = self.attributes.iter().map(|(name, _)| name.clone()).collect();
        names.sort();
        names.dedup();
        app.map(|app| Extensions { app: app.clone(), names })
    }

    /// Notes which values an expression uses.
    fn note_uses(&mut self, paths: &[Vec<String>], origin: &Origin) {
        for path in paths {
            match path.as_slice() {
                [root, ..] if root == "invite" => self.needs_invite = true,
                [root, ext, name, ..] if root == "user" && ext == "ext" => self.note_attribute(name, origin),
                _ => {}
            }
        }
    }
}
