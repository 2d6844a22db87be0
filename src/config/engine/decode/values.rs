//! Values of the file: texts, numbers, true and false, lists and tables.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{Decode, KeyFacts, as_table, as_toml, report_type};
use crate::config::engine::diagnostics::Diagnostics;
use crate::config::engine::origin::Origin;
use crate::config::engine::shape::Shape;
use crate::config::engine::text_format::TextFormat;
use crate::config::engine::tree::{Entry, Node, Table, Value};

/// What a member of a list without a name is called in a path.
pub(in crate::config) const UNNAMED: &str = "[]";

/// The placeholder of a missing name.
pub(in crate::config) fn unnamed() -> super::Spanned<String> {
    super::built_in(UNNAMED.to_owned())
}

impl Decode for String {
    fn decode(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        match &node.value {
            Value::String(text) | Value::Setting(text) => Some(text.clone()),
            _ => {
                report_type(node, "a string", diagnostics);
                None
            }
        }
    }

    fn shape() -> Shape {
        Shape::Text(TextFormat::Text)
    }

    fn written(&self) -> Option<Json> {
        Some(self.as_str().into())
    }
}

impl Decode for bool {
    fn decode(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        let node = as_toml(node, diagnostics)?;
        if let Value::Boolean(flag) = node.value {
            return Some(flag);
        }
        report_type(&node, "true or false", diagnostics);
        None
    }

    fn shape() -> Shape {
        Shape::Boolean
    }

    fn written(&self) -> Option<Json> {
        Some((*self).into())
    }
}

impl Decode for usize {
    fn decode(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        let node = as_toml(node, diagnostics)?;
        let number = if let Value::Integer(number) = node.value { Self::try_from(number).ok() } else { None };
        if number.is_none() {
            report_type(&node, "a whole number, zero or more", diagnostics);
        }
        number
    }

    fn shape() -> Shape {
        Shape::Whole(Some(0))
    }

    fn written(&self) -> Option<Json> {
        Some((*self).into())
    }
}

impl Decode for i64 {
    fn decode(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        let node = as_toml(node, diagnostics)?;
        if let Value::Integer(number) = node.value {
            return Some(number);
        }
        report_type(&node, "a whole number", diagnostics);
        None
    }

    fn shape() -> Shape {
        Shape::Whole(None)
    }

    fn written(&self) -> Option<Json> {
        Some((*self).into())
    }
}

impl<T: Decode> Decode for Option<T> {
    fn decode(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        T::decode(node, diagnostics).map(Some)
    }

    fn decode_key(node: &Node, key: &KeyFacts<'_, Self>, diagnostics: &mut Diagnostics) -> Option<Self> {
        let KeyFacts { default, duration_limits } = *key;
        match default {
            Some(default) => T::decode_key(node, &KeyFacts { default, duration_limits }, diagnostics).map(Some),
            None => Self::decode(node, diagnostics),
        }
    }

    fn shape() -> Shape {
        T::shape()
    }

    fn written(&self) -> Option<Json> {
        self.as_ref()?.written()
    }
}

impl<T: Decode> Decode for Vec<T> {
    fn decode(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        let node = as_toml(node, diagnostics)?;
        let items = match &node.value {
            Value::Array(items) => items.as_slice(),
            // The header has single brackets. It is read as it was meant.
            Value::Table(_) if T::shape().is_section() => {
                let header = diagnostics.last_key();
                diagnostics.error(&node.origin, format!("expected a list, found a table: write [[{header}]]"));
                std::slice::from_ref(&node)
            }
            Value::String(_) => {
                let problem = "expected a list, found a string: put it in brackets";
                diagnostics.error(&node.origin, problem);
                return None;
            }
            _ => {
                report_type(&node, "a list", diagnostics);
                return None;
            }
        };
        // A member that cannot be read is reported; the others go on, so that their problems show too.
        let decode = |item| diagnostics.within(&member_name(item), |diagnostics| T::decode(item, diagnostics));
        Some(items.iter().filter_map(decode).collect())
    }

    fn shape() -> Shape {
        Shape::List(Box::new(T::shape()))
    }

    fn written(&self) -> Option<Json> {
        self.iter().map(T::written).collect::<Option<Vec<Json>>>().map(Json::Array)
    }
}

/// The prefix of custom attributes.
const CUSTOM: &str = "ext";

/// The entries of a table that keys with a dot have made, as they were meant: `ext.Plan = "a"` for `"ext.Plan" = "a"`.
fn dotted_keys(entry: &Entry) -> Option<Vec<Entry>> {
    let (Value::Table(Table(entries)), Origin::File { .. }) = (&entry.node.value, &entry.origin) else { return None };
    let whole = |member: &Entry| {
        let name = format!("{}.{}", entry.key, member.key);
        Entry { written: name.clone(), key: name, ..member.clone() }
    };
    (entry.key == CUSTOM && !entries.is_empty()).then(|| entries.iter().map(whole).collect())
}

fn report_dotted_keys(entry: &Entry, dotted: &[Entry], diagnostics: &mut Diagnostics) {
    let names: Vec<String> = dotted.iter().map(|entry| format!("{:?}", entry.key)).collect();
    let message = format!("write {} in quotes: without them the dot makes a table", names.join(" and "));
    diagnostics.error_at(&entry.key, &entry.origin, message);
}

/// What a member of a list is called in a path: its name, or the attribute of a rule.
fn member_name(node: &Node) -> String {
    let Value::Table(table) = &node.value else { return UNNAMED.to_owned() };
    ["name", "attribute"]
        .iter()
        .find_map(|key| match &table.get(key)?.value {
            Value::String(name) => Some(name.clone()).filter(|name| !name.is_empty()),
            _ => None,
        })
        .unwrap_or_else(|| UNNAMED.to_owned())
}

impl<T: Decode> Decode for BTreeMap<String, T> {
    fn decode(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        let node = as_toml(node, diagnostics)?;
        let table = as_table(&node, diagnostics)?;
        let mut decoded = Self::new();
        for entry in &table.0 {
            let dotted = dotted_keys(entry).filter(|_| !T::shape().takes_tables());
            if let Some(dotted) = &dotted {
                report_dotted_keys(entry, dotted, diagnostics);
            }
            for Entry { key, written, node, .. } in dotted.as_deref().unwrap_or(std::slice::from_ref(entry)) {
                let value = diagnostics.within(key, |diagnostics| T::decode(node, diagnostics));
                decoded.extend(value.map(|value| (written.clone(), value)));
            }
        }
        Some(decoded)
    }

    fn shape() -> Shape {
        Shape::Map("name", Box::new(T::shape()))
    }

    fn written(&self) -> Option<Json> {
        self.iter().map(|(name, value)| Some((name.clone(), value.written()?))).collect::<Option<_>>().map(Json::Object)
    }
}
