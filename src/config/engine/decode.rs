//! Decodes nodes to declared types. Each value reports its own problem, so all problems are found at once.

mod durations;
mod headers;
mod macros;
mod values;

use std::borrow::Cow;
use std::time::Duration;

use serde_json::Value as Json;

use super::diagnostics::Diagnostics;
use super::origin::Origin;
use super::shape::{Key, Section, Shape};
use super::tree::{Node, Table, Value, parse_setting};
use crate::values::{did_you_mean, nearest};

pub(in crate::config) use macros::{choice, section};
pub(in crate::config) use values::{UNNAMED, unnamed};

/// A type that can be decoded from a node.
pub(in crate::config) trait Decode: Sized {
    /// Decodes a node. Reports the problem and returns `None` if it cannot.
    fn decode(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self>;

    /// The same for a key of which more is known. That helps an error to say what was probably meant.
    fn decode_key(node: &Node, _key: &KeyFacts<'_, Self>, diagnostics: &mut Diagnostics) -> Option<Self> {
        Self::decode(node, diagnostics)
    }

    /// What may be written for it.
    fn shape() -> Shape;

    /// The value as it would be written in the file, to show the default of a key. `None` if it stands for an absent
    /// key, or if the type never is a default.
    fn written(&self) -> Option<Json> {
        None
    }
}

/// What is known of an optional key.
pub(in crate::config) struct KeyFacts<'k, T> {
    /// Its default.
    pub(in crate::config) default: &'k T,
    /// Finds the shortest and the longest duration that it takes, if it has limits.
    pub(in crate::config) duration_limits: &'k dyn Fn() -> Option<(Duration, Duration)>,
}

/// A section whose keys are declared.
pub(in crate::config) trait SectionKeys: Sized {
    /// The names of its keys.
    const KNOWN: &'static [&'static str];
    /// The names of keys that are planned.
    const PLANNED: &'static [&'static str];

    /// Decodes its keys, whatever other keys are beside them. A key that cannot be read hides no other: its default or its
    /// placeholder is used for the checks that follow.
    fn decode_keys(section: &SectionNode<'_>, diagnostics: &mut Diagnostics) -> Self;

    /// What may be written in it.
    fn section() -> Section;
}

/// The table of a section, and where it is.
#[derive(Debug)]
pub(in crate::config) struct SectionNode<'a> {
    table: &'a Table,
    origin: &'a Origin,
    /// The values of misspelt keys, each with the key that was probably meant. A list below a misspelt header has the
    /// members of the right one, too.
    meant: Vec<(&'static str, Cow<'a, Node>)>,
}

impl<'a> SectionNode<'a> {
    /// The node's table, or the problem.
    pub(in crate::config) fn of(node: &'a Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        let table = as_table(node, diagnostics)?;
        Some(Self { table, origin: &node.origin, meant: Vec::new() })
    }

    /// The value of a key. If the key is misspelt, it is found all the same, so that its value is checked as well.
    pub(in crate::config) fn get(&self, name: &str) -> Option<&Node> {
        let meant = self.meant.iter().find(|(meant, _)| *meant == name).map(|(_, node)| &**node);
        meant.or_else(|| self.table.get(name))
    }

    /// Finds out which known keys the unknown ones were probably meant to be. `is_list` says which known keys take a list.
    pub(in crate::config) fn find_misspelt_keys(
        &mut self,
        known: &[&'static str],
        planned: &[&str],
        is_list: &dyn Fn(&str) -> bool,
    ) {
        self.meant.clear();
        let table = self.table;
        for entry in &table.0 {
            let key = entry.key.as_str();
            if known.contains(&key) || planned.contains(&key) {
                continue;
            }
            let Some(meant) = nearest(key, known.iter().copied()) else { continue };
            let value = match self.get(meant) {
                None => Some(Cow::Borrowed(&entry.node)),
                Some(present) => headers::joined(present, &entry.node, || is_list(meant)).map(Cow::Owned),
            };
            if let Some(value) = value {
                self.meant.retain(|(name, _)| *name != meant);
                self.meant.push((meant, value));
            }
        }
    }

    /// Reports every key that is neither known nor planned. From then on a misspelt key is read as the one that was
    /// probably meant.
    pub(in crate::config) fn check_keys(
        &mut self,
        known: &[&'static str],
        planned: &[&str],
        is_list: &dyn Fn(&str) -> bool,
        diagnostics: &mut Diagnostics,
    ) {
        unknown_keys(self.table, known, planned, diagnostics);
        self.find_misspelt_keys(known, planned, is_list);
    }
}

/// Decodes a section that has no other keys than its own.
pub(in crate::config) fn decode_section<S: SectionKeys>(node: &Node, diagnostics: &mut Diagnostics) -> Option<S> {
    let node = as_toml(node, diagnostics)?;
    let mut section = SectionNode::of(&node, diagnostics)?;
    section.check_keys(S::KNOWN, S::PLANNED, &|key| S::section().has_list(key), diagnostics);
    Some(S::decode_keys(&section, diagnostics))
}

/// A value with its place, for checks after decoding.
#[derive(Debug, Clone)]
pub(in crate::config) struct Spanned<T> {
    pub(in crate::config) value: T,
    pub(in crate::config) origin: Origin,
}

impl<T: Decode> Decode for Spanned<T> {
    fn decode(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        T::decode(node, diagnostics).map(|value| Self { value, origin: node.origin.clone() })
    }

    fn decode_key(node: &Node, key: &KeyFacts<'_, Self>, diagnostics: &mut Diagnostics) -> Option<Self> {
        let KeyFacts { default, duration_limits } = *key;
        let value = T::decode_key(node, &KeyFacts { default: &default.value, duration_limits }, diagnostics)?;
        Some(Self { value, origin: node.origin.clone() })
    }

    fn shape() -> Shape {
        T::shape()
    }

    fn written(&self) -> Option<Json> {
        self.value.written()
    }
}

/// The node. If it is the text of an app setting, that text is parsed as TOML first.
pub(in crate::config) fn as_toml(node: &Node, diagnostics: &mut Diagnostics) -> Option<Node> {
    let Value::Setting(text) = &node.value else { return Some(node.clone()) };
    match parse_setting(text, &node.origin) {
        Ok(node) => Some(node),
        Err(error) => {
            diagnostics.error(&node.origin, format!("the value is not TOML: {error}"));
            None
        }
    }
}

/// The table that the node holds. Reports a node that holds something else.
pub(in crate::config) fn as_table<'a>(node: &'a Node, diagnostics: &mut Diagnostics) -> Option<&'a Table> {
    if let Value::Table(table) = &node.value {
        return Some(table);
    }
    report_type(node, "a table", diagnostics);
    None
}

/// What is used for a key that is absent or cannot be read.
pub(in crate::config) enum Fallback<T> {
    /// The key is optional; this is its default.
    Default(fn() -> T),
    /// The key is required. Checks go on with this value, to find further problems.
    Placeholder(fn() -> T),
}

impl<T: Decode> Fallback<T> {
    /// Describes a key that has this fallback.
    pub(in crate::config) fn describe(&self, key: Key) -> Key {
        match self {
            Self::Default(make) => key.optional(make().written()),
            Self::Placeholder(_) => key,
        }
    }
}

/// Decodes one key of a section, whose description `describe` makes. After an error the fallback is only used for further
/// checks: the configuration is refused.
pub(in crate::config) fn decode_key<T: Decode>(
    section: &SectionNode<'_>,
    name: &str,
    fallback: &Fallback<T>,
    describe: fn() -> Section,
    diagnostics: &mut Diagnostics,
) -> T {
    let decoded = match (section.get(name), fallback) {
        (Some(value), Fallback::Default(make)) => {
            let duration_limits = || describe().duration_limits(name);
            let facts = KeyFacts { default: &make(), duration_limits: &duration_limits };
            diagnostics.within(name, |diagnostics| T::decode_key(value, &facts, diagnostics))
        }
        (Some(value), Fallback::Placeholder(_)) => {
            diagnostics.within(name, |diagnostics| T::decode(value, diagnostics))
        }
        (None, Fallback::Default(_)) => None,
        (None, Fallback::Placeholder(_)) => {
            diagnostics.error_at(name, section.origin, "this key is missing");
            None
        }
    };
    let (Fallback::Default(make) | Fallback::Placeholder(make)) = fallback;
    decoded.unwrap_or_else(make)
}

/// A default or a placeholder. Its place is the beginning of the file.
pub(in crate::config) fn built_in<T>(value: T) -> Spanned<T> {
    Spanned { value, origin: Origin::File { line: 1, column: 1 } }
}

/// Whether the text of an app setting is an inline table. A template begins with two braces.
pub(in crate::config) fn is_inline_table(text: &str) -> bool {
    let text = text.trim_start();
    text.starts_with('{') && !text.starts_with("{{") && !text.starts_with("{%")
}

/// Reports that a value has the wrong type.
fn report_type(node: &Node, expected: &str, diagnostics: &mut Diagnostics) {
    diagnostics.error(&node.origin, format!("expected {expected}, found {}", node.value.kind()));
}

/// Reports every key of a section that is neither known nor planned, with the nearest known one.
fn unknown_keys(table: &Table, known: &[&str], planned: &[&str], diagnostics: &mut Diagnostics) {
    #[cfg(test)]
    diagnostics.knows(known);
    for entry in &table.0 {
        let key = entry.key.as_str();
        if known.contains(&key) {
            continue;
        }
        diagnostics.within(key, |diagnostics| {
            if planned.contains(&key) {
                diagnostics.error(&entry.origin, "is not supported by this version: remove it");
            } else {
                let near = did_you_mean(key, known.iter().copied());
                diagnostics.error(&entry.origin, format!("unknown key{near}"));
            }
        });
    }
}
