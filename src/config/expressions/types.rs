//! The types of the values that a condition uses, as far as the configuration declares them. Warns of a condition that
//! can fail on such a value, or that can never be true.

use crate::config::engine::{Diagnostics, Origin};
use crate::config::known_names::KnownNames;
use crate::expressions::{Condition, ValueKind, Warning};
use crate::invites::columns;
use crate::signup::facts;
use crate::values::{AttributeName, AttributeType, Invitation};

/// What is known of the types of values in a policy or a connector.
pub(in crate::config) struct KnownTypes<'n> {
    /// The attributes of the tenant, with their declared types.
    pub(in crate::config) names: &'n KnownNames,
    /// Attributes that conditions see as lists.
    pub(in crate::config) multi_select: &'n [AttributeName],
}

impl KnownTypes<'_> {
    /// Warns of a condition that can fail, either on what people type (every value below `root`) or on the kind of a
    /// value. `consequence` says what happens then.
    pub(in crate::config) fn warn_of_risks(
        &self,
        condition: &Condition,
        root: &str,
        consequence: &str,
        origin: &Origin,
        diagnostics: &mut Diagnostics,
    ) {
        let typed = |path: &[String]| path.first().is_some_and(|first| first == root);
        for warning in condition.warnings(&typed, &|path| self.kind_at(path)) {
            let message = match warning {
                Warning::NeverSame { .. } => warning.to_string(),
                Warning::TypeMismatch { .. } => format!("can fail, and then {consequence}: {warning}"),
                _ => format!("can fail on what people type, and then {consequence}: {warning}"),
            };
            diagnostics.warn(origin, message);
        }
    }

    /// The kind of the value at a path. `None` if only the event has it.
    fn kind_at(&self, path: &[String]) -> Option<ValueKind> {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        match path.as_slice() {
            ["attributes" | "user", "ext", name] => self.attribute_kind(&format!("ext.{name}")),
            ["attributes", name] => self.attribute_kind(name),
            // The other members of a user are texts.
            ["user", name] => (*name != "identities" && *name != "ext").then_some(ValueKind::Text),
            ["invite", name] if Invitation::LISTS.contains(name) => Some(ValueKind::List),
            ["invite", column] => {
                let is_text = columns::is_reserved(column) || *column == "source";
                Some(if is_text { ValueKind::Text } else { self.declared_kind(column).unwrap_or(ValueKind::Text) })
            }
            [root, _] if facts::NAMES.contains(root) => Some(ValueKind::Text),
            _ => None,
        }
    }

    fn attribute_kind(&self, written: &str) -> Option<ValueKind> {
        if written == "ext" {
            return None;
        }
        let name = self.names.find_with_email(written)?;
        if self.multi_select.iter().any(|attribute| attribute.is(name.as_str())) {
            return Some(ValueKind::List);
        }
        let built_in = columns::is_built_in(&name).then_some(ValueKind::Text);
        built_in.or_else(|| self.declared_kind(written))
    }

    fn declared_kind(&self, written: &str) -> Option<ValueKind> {
        self.names.types.declared_for(written).map(|declared| match declared {
            AttributeType::String => ValueKind::Text,
            AttributeType::Int64 => ValueKind::Number,
            AttributeType::Boolean => ValueKind::Boolean,
            AttributeType::StringCollection => ValueKind::List,
        })
    }
}
