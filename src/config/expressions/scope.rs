//! The names that conditions and templates may use.
//!
//! The compiler of an expression only knows the roots (`invite`, `user`). This file knows what may follow a root, and
//! reports every path that does not exist. Otherwise a misspelled name would always give an empty value, and nobody
//! would notice.

use crate::config::engine::{Diagnostics, Origin, Spanned};
use crate::config::known_names::KnownNames;
use crate::expressions::{Condition, ConditionError, Template, TemplateError, UnknownName};
use crate::graph;
use crate::invites::columns::BUILT_IN_ATTRIBUTES;
use crate::signup::attribute_path::AttributePath;
use crate::signup::facts;
use crate::values::{AttributeName, Invitation, nearest};

/// The names that may follow a name.
#[derive(Debug, Clone)]
pub(in crate::config) enum Scope<'n> {
    /// None: it is a value.
    Value,
    /// Any: they are not known when the configuration is read.
    Any,
    /// These, each with the names that may follow it.
    Members(Vec<(&'n str, Scope<'n>)>),
    /// The attributes of this tenant.
    Attributes(&'n KnownNames),
}

/// Names of one kind of expression, and what another kind has for them.
const OTHER_NAMES: [(&str, &str); 2] = [("user", "attributes"), ("attributes", "user")];

/// The greatest number of columns that an error lists.
const MAX_COLUMNS: usize = 20;

impl<'n> Scope<'n> {
    /// These names, which are values.
    pub(in crate::config) fn values(names: impl IntoIterator<Item = &'n str>) -> Self {
        Self::Members(names.into_iter().map(|name| (name, Self::Value)).collect())
    }

    /// The names that follow `invite`. Without a list the columns are not known.
    pub(in crate::config) fn invite(names: &'n KnownNames) -> Self {
        if names.columns.is_empty() {
            return Self::Any;
        }
        Self::values(Invitation::MEMBERS.into_iter().chain(names.columns.iter().map(String::as_str)))
    }

    /// The names for conditions of rules.
    pub(in crate::config) fn of_conditions(names: &'n KnownNames) -> Self {
        let root = |name| match name {
            "attributes" => Self::Attributes(names),
            "invite" => Self::invite(names),
            "app" => Self::values(facts::APP),
            "client" => Self::values(facts::CLIENT),
            "identity" => Self::values(facts::IDENTITY),
            _ => Self::Any,
        };
        Self::Members(facts::NAMES.into_iter().map(|name| (name, root(name))).collect())
    }

    /// The names for templates of policies and messages. Not every template has every root: its compiler knows which.
    pub(in crate::config) fn of_templates(names: &'n KnownNames) -> Self {
        Self::Members(vec![
            ("invite", Self::invite(names)),
            ("app", Self::values(facts::APP)),
            ("email", Self::Value),
            ("support_code", Self::Value),
        ])
    }

    /// The names for a connector: the account, its invitation, and the results of connectors, also of those that it runs
    /// after.
    pub(in crate::config) fn of_connectors(names: &'n KnownNames, after: &'n [String]) -> Self {
        let user = |name| (name, if name == "ext" { Self::Any } else { Self::Value });
        let connectors = names.connectors.iter().chain(after.iter().map(String::as_str));
        let results = connectors.map(|name| (name, Self::values(["id", "outcome"])));
        let results = Self::Members(results.collect());
        Self::Members(vec![
            ("user", Self::Members(graph::context_members().map(user).collect())),
            ("invite", Self::invite(names)),
            ("results", if names.connectors.are_complete() { results } else { Self::Any }),
        ])
    }

    /// Reports every path that does not exist.
    pub(in crate::config) fn check(&self, paths: &[Vec<String>], origin: &Origin, diagnostics: &mut Diagnostics) {
        for path in paths {
            match self.columns_without(path) {
                Some(columns) => diagnostics.error(origin, absent_column(path, columns, false)),
                None => self.check_path(path, "", origin, diagnostics),
            }
        }
    }

    /// Compiles a condition and checks its names. Reports every problem.
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
                self.report(error, written, roots, diagnostics);
                None
            }
        }
    }

    /// Reports why a condition cannot be compiled. If the reason is the language, also what else is wrong with it.
    fn report(&self, error: ConditionError, written: &Spanned<String>, roots: &[&str], diagnostics: &mut Diagnostics) {
        let error = match error {
            ConditionError::UnknownName(unknown) => ConditionError::UnknownName(self.suggest(unknown)),
            other => other,
        };
        diagnostics.error(&written.origin, error.to_string());
        let ConditionError::OtherLanguage(language) = error else { return };
        match Condition::compile(&language.repaired, roots) {
            Ok(condition) => self.check(&condition.paths(), &written.origin, diagnostics),
            Err(ConditionError::UnknownName(unknown)) => {
                let error = ConditionError::UnknownName(self.suggest(unknown));
                diagnostics.error(&written.origin, error.to_string());
            }
            // The repair may be wrong.
            Err(_) => {}
        }
    }

    /// The error with the whole path of a name that was written without the part before it: `country` for
    /// `attributes.country`.
    fn suggest(&self, unknown: UnknownName) -> UnknownName {
        let Self::Members(members) = self else { return unknown };
        let roots = || members.iter().filter(|(root, _)| unknown.is_known(root));
        let path = |root: &str, member: &str| match member.strip_prefix("ext.") {
            // A column `ext.Plan` is one name.
            Some(custom) if root != "invite" => joined_path(&joined_path(root, "ext"), custom),
            _ => joined_path(root, member),
        };
        let whole = roots().find_map(|(root, scope)| Some(path(root, &scope.member(&unknown.name)?)));
        let similar = || roots().find_map(|(root, scope)| Some(path(root, &scope.similar(&unknown.name)?)));
        // The same person is `user` in a connector and `attributes` in a rule.
        let other = || OTHER_NAMES.into_iter().find(|(name, known)| *name == unknown.name && unknown.is_known(known));
        let other = || other().map(|(_, known)| known.to_owned());
        let path = if unknown.has_suggestion() { whole } else { whole.or_else(other).or_else(similar) };
        unknown.suggesting(path)
    }

    /// The member of this name, as it is spelt.
    fn member(&self, name: &str) -> Option<String> {
        match self {
            Self::Value | Self::Any => None,
            Self::Members(members) => {
                let same = |(known, _): &&(&str, Self)| known.eq_ignore_ascii_case(name);
                members.iter().find(same).map(|(known, _)| (*known).to_owned())
            }
            Self::Attributes(_) if name == "ext" => Some(name.to_owned()),
            Self::Attributes(names) => {
                let is_it = |declared: &&AttributeName| {
                    declared.short().strip_prefix("ext.").is_some_and(|short| short.eq_ignore_ascii_case(name))
                };
                let custom = || names.types.iter().map(|(declared, _)| declared).find(is_it).cloned();
                names.find_with_email(name).or_else(custom).map(|attribute| attribute.short())
            }
        }
    }

    /// The member whose name is nearly this one.
    fn similar(&self, name: &str) -> Option<String> {
        let near = match self {
            Self::Value | Self::Any => None,
            Self::Members(members) => nearest(name, members.iter().map(|(known, _)| *known)),
            Self::Attributes(_) => nearest(name, BUILT_IN_ATTRIBUTES),
        };
        near.map(str::to_owned)
    }

    /// Compiles a template and checks its names. Reports every problem.
    pub(in crate::config) fn template(
        &self,
        source: &str,
        roots: &[&str],
        origin: &Origin,
        diagnostics: &mut Diagnostics,
    ) -> Option<Template> {
        match Template::compile(source, roots) {
            Ok(template) => {
                for path in template.paths() {
                    let columns = self.columns_without(&path);
                    match columns {
                        // A longer path names no column, whatever the lists have.
                        Some(columns) if path.len() == 2 && template.has_default(&path) => {
                            warn_of_absent_column(&path, columns, origin, diagnostics);
                        }
                        Some(columns) => {
                            let error = absent_column(&path, columns, true);
                            diagnostics.error(origin, error);
                        }
                        None => self.check_path(&path, "", origin, diagnostics),
                    }
                }
                Some(template)
            }
            Err(TemplateError::UnknownName(unknown)) => {
                let error = TemplateError::UnknownName(self.suggest(unknown));
                diagnostics.error(origin, error.to_string());
                None
            }
            Err(error) => {
                diagnostics.error(origin, error.to_string());
                None
            }
        }
    }

    /// The columns of the invite lists, if the path names another one. Lists change, so a template may name that with a
    /// default.
    fn columns_without(&self, path: &[String]) -> Option<&[(&'n str, Self)]> {
        let Self::Members(roots) = self else { return None };
        let [root, column, ..] = path else { return None };
        let scope = roots.iter().find(|(name, _)| *name == "invite" && name == root).map(|(_, scope)| scope);
        let Some(Self::Members(columns)) = scope else { return None };
        (!columns.iter().any(|(name, _)| name == column)).then_some(columns.as_slice())
    }

    /// Checks the rest of a path; `before` is the part that leads here, such as `user.ext`.
    fn check_path(&self, path: &[String], prefix: &str, origin: &Origin, diagnostics: &mut Diagnostics) {
        let [name, rest @ ..] = path else { return };
        match self {
            Self::Any => {}
            Self::Value => {
                let message = format!("{} is not there: {prefix} has no members", joined_path(prefix, name));
                diagnostics.error(origin, message);
            }
            Self::Members(members) => match members.iter().find(|(known, _)| known == name) {
                Some((_, scope)) => scope.check_path(rest, &joined_path(prefix, name), origin, diagnostics),
                // The compiler has checked the root.
                None if prefix.is_empty() => {}
                None => {
                    let suggestion = suggestion(name, prefix, members.iter().map(|(known, _)| *known));
                    diagnostics.error(origin, format!("{} is not there{suggestion}", joined_path(prefix, name)));
                }
            },
            Self::Attributes(names) => check_attribute(names, path, prefix, origin, diagnostics),
        }
    }
}

/// The name of the column that a path below `invite` means. A column `ext.Plan` is one name.
fn column_of(path: &[String]) -> String {
    match path {
        [_, ext, name, ..] if ext == "ext" => format!("ext.{name}"),
        [_, name, ..] => name.clone(),
        _ => String::new(),
    }
}

/// Warns of a column that no list has. Its default is always filled in.
fn warn_of_absent_column(
    path: &[String],
    columns: &[(&str, Scope<'_>)],
    origin: &Origin,
    diagnostics: &mut Diagnostics,
) {
    let column = column_of(path);
    let near = nearest(&column, columns.iter().map(|(name, _)| *name));
    let near = near.map(|near| format!(": did you mean {}?", joined_path("invite", near))).unwrap_or_default();
    diagnostics
        .warn(origin, format!("no invite list has the column {column}, so its default is always filled in{near}"));
}

/// The error of a column that no list has: the nearest one, or those that there are. A template may name it all the same,
/// with a default.
fn absent_column(path: &[String], columns: &[(&str, Scope<'_>)], in_template: bool) -> String {
    let written = path.iter().skip(1).fold("invite".to_owned(), |prefix, name| joined_path(&prefix, name));
    let column = column_of(path);
    let names = columns.iter().map(|(name, _)| *name);
    if let Some(near) = nearest(&column, names.clone()) {
        return format!("{written} is not there: did you mean {}?", joined_path("invite", near));
    }
    let mut known: Vec<&str> = Vec::new();
    for name in names.clone().skip(Invitation::MEMBERS.len()).chain(names.take(Invitation::MEMBERS.len())) {
        if !known.contains(&name) {
            known.push(name);
        }
    }
    let rest = if known.len() > MAX_COLUMNS { " and more" } else { "" };
    known.truncate(MAX_COLUMNS);
    let known = format!("{written} is not there: the lists have {}{rest}", known.join(", "));
    let right = joined_path("invite", &column);
    if in_template {
        format!("{known}; for a column that not every list has write {{{{ {right} | default('…') }}}}")
    } else if right != written {
        format!("{known}; a column {column} is written {right}")
    } else {
        known
    }
}

/// Checks the path that follows `attributes`.
fn check_attribute(names: &KnownNames, path: &[String], prefix: &str, origin: &Origin, diagnostics: &mut Diagnostics) {
    let (written, length) = match AttributePath::below_attributes(path) {
        AttributePath::All | AttributePath::AllCustom => return,
        AttributePath::Custom(name) => (format!("ext.{name}"), 2),
        AttributePath::Named(name) => (name.to_owned(), 1),
    };
    let rest = path.get(length..).unwrap_or_default();
    if names.attribute(&written, origin, diagnostics).is_some() {
        Scope::Value.check_path(rest, &format!("{prefix}.{written}"), origin, diagnostics);
    }
}

/// The end of an error that suggests another name.
fn suggestion<'n>(name: &str, prefix: &str, known: impl Iterator<Item = &'n str>) -> String {
    let near = nearest(name, known);
    near.map(|near| format!(": did you mean {}?", joined_path(prefix, near))).unwrap_or_default()
}

/// The path with one more name, as it is written in expressions.
fn joined_path(prefix: &str, name: &str) -> String {
    let word = name.chars().all(|character| character.is_alphanumeric() || character == '_');
    match (prefix.is_empty(), word) {
        (true, _) => name.to_owned(),
        (false, true) => format!("{prefix}.{name}"),
        (false, false) => format!("{prefix}['{name}']"),
    }
}
