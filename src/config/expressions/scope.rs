//! Every name that an expression uses exists.
//!
//! Conditions and templates know their roots (`invite`, `user`) when they are compiled. What may follow a root is said
//! here, once for all of them, and every path of an expression is held against it: a slip would otherwise be a value that
//! is empty for ever, and nobody would know.

use crate::config::engine::{Diagnostics, Origin, Spanned};
use crate::config::known_names::KnownNames;
use crate::expressions::{Condition, Template};
use crate::graph;
use crate::signup::facts;
use crate::values::{Invitation, nearest};

/// What may follow a name.
#[derive(Debug, Clone)]
pub(in crate::config) enum Scope<'n> {
    /// Nothing: it is a value.
    Value,
    /// Anything: nobody knows here.
    Any,
    /// One of these, each with what may follow it.
    Of(Vec<(&'n str, Scope<'n>)>),
    /// An attribute of this tenant, by its name.
    Attributes(&'n KnownNames),
}

impl<'n> Scope<'n> {
    /// These, and nothing after them.
    pub(in crate::config) fn values(names: impl IntoIterator<Item = &'n str>) -> Self {
        Self::Of(names.into_iter().map(|name| (name, Self::Value)).collect())
    }

    /// What follows `invite`. Without any list its columns are not known.
    pub(in crate::config) fn invite(names: &'n KnownNames) -> Self {
        if names.columns.is_empty() {
            return Self::Any;
        }
        Self::values(Invitation::MEMBERS.into_iter().chain(names.columns.iter().map(String::as_str)))
    }

    /// What conditions of rules may use: the roots, and what follows each.
    pub(in crate::config) fn of_conditions(names: &'n KnownNames) -> Self {
        let root = |name| match name {
            "attributes" => Self::Attributes(names),
            "invite" => Self::invite(names),
            "app" => Self::values(facts::APP),
            "client" => Self::values(facts::CLIENT),
            "identity" => Self::values(facts::IDENTITY),
            _ => Self::Any,
        };
        Self::Of(facts::NAMES.into_iter().map(|name| (name, root(name))).collect())
    }

    /// What templates of a policy and of its messages may use: the roots, and what follows each. Which of the roots are
    /// there at all, the template itself was told.
    pub(in crate::config) fn of_templates(names: &'n KnownNames) -> Self {
        Self::Of(vec![
            ("invite", Self::invite(names)),
            ("app", Self::values(facts::APP)),
            ("email", Self::Value),
            ("support_code", Self::Value),
        ])
    }

    /// What a connector may use: the account, its invitation, and what came of the other connectors.
    pub(in crate::config) fn of_connectors(names: &'n KnownNames, connectors: impl Iterator<Item = &'n str>) -> Self {
        let user = |name| (name, if name == "ext" { Self::Any } else { Self::Value });
        let results = connectors.map(|name| (name, Self::values(["id", "outcome"])));
        Self::Of(vec![
            ("user", Self::Of(graph::context_members().map(user).collect())),
            ("invite", Self::invite(names)),
            ("results", Self::Of(results.collect())),
        ])
    }

    /// Reports every path that leads nowhere.
    pub(in crate::config) fn check(&self, paths: &[Vec<String>], origin: &Origin, diagnostics: &mut Diagnostics) {
        for path in paths {
            self.check_path(path, "", origin, diagnostics);
        }
    }

    /// Compiles a condition and checks its names; reports what is wrong with it.
    pub(in crate::config) fn condition(
        &self,
        written: &Spanned<String>,
        roots: &[&str],
        diagnostics: &mut Diagnostics,
    ) -> Option<Condition> {
        match Condition::compile(&written.value, roots) {
            Ok(condition) => {
                self.check(&condition.paths(), &written.origin, diagnostics);
                Some(condition)
            }
            Err(error) => {
                diagnostics.error(&written.origin, error.to_string());
                None
            }
        }
    }

    /// Compiles a template and checks its names; reports what is wrong with it.
    pub(in crate::config) fn template(
        &self,
        source: &str,
        roots: &[&str],
        origin: &Origin,
        diagnostics: &mut Diagnostics,
    ) -> Option<Template> {
        match Template::compile(source, roots) {
            Ok(template) => {
                self.check(&template.paths(), origin, diagnostics);
                Some(template)
            }
            Err(error) => {
                diagnostics.error(origin, error.to_string());
                None
            }
        }
    }

    /// `before` is what leads here: empty, `invite`, `user.ext`.
    fn check_path(&self, path: &[String], before: &str, origin: &Origin, diagnostics: &mut Diagnostics) {
        let [name, rest @ ..] = path else { return };
        match self {
            Self::Any => {}
            Self::Value => {
                let how = format!("{} is not there: {before} has no members", step(before, name));
                diagnostics.error(origin, how);
            }
            Self::Of(members) => match members.iter().find(|(known, _)| known == name) {
                Some((_, after)) => after.check_path(rest, &step(before, name), origin, diagnostics),
                // A root that is not described here was checked when the expression was compiled.
                None if before.is_empty() => {}
                None => {
                    let near = near(path, before, members.iter().map(|(known, _)| *known));
                    diagnostics.error(origin, format!("{} is not there{near}", step(before, name)));
                }
            },
            Self::Attributes(names) => check_attribute(names, path, before, origin, diagnostics),
        }
    }
}

/// Checks what follows `attributes`.
fn check_attribute(names: &KnownNames, path: &[String], before: &str, origin: &Origin, diagnostics: &mut Diagnostics) {
    let (written, rest) = match path {
        [ext] if ext == "ext" => return,
        [ext, name, rest @ ..] if ext == "ext" => (format!("ext.{name}"), rest),
        [name, rest @ ..] => (name.clone(), rest),
        [] => return,
    };
    if names.attribute(&written, origin, diagnostics).is_some() {
        Scope::Value.check_path(rest, &format!("{before}.{written}"), origin, diagnostics);
    }
}

/// The end of an error's sentence that names what may have been meant; a column with a dot is one name.
fn near<'n>(path: &[String], before: &str, known: impl Iterator<Item = &'n str> + Clone) -> String {
    let whole = path.join(".");
    let name = path.first().map(String::as_str).unwrap_or_default();
    let near = known.clone().find(|known| *known == whole).or_else(|| nearest(name, known));
    near.map(|near| format!(": did you mean {}?", step(before, near))).unwrap_or_default()
}

/// The path with one more name, as an expression writes it.
fn step(before: &str, name: &str) -> String {
    let word = name.chars().all(|character| character.is_alphanumeric() || character == '_');
    match (before.is_empty(), word) {
        (true, _) => name.to_owned(),
        (false, true) => format!("{before}.{name}"),
        (false, false) => format!("{before}['{name}']"),
    }
}
