//! App settings that override keys of the file: `GUESTLIST__SECTION__KEY`.
//!
//! Segments match keys in any case, and `_` matches `-`. Members of lists are found by their `name`. A value stays text
//! until its key is decoded, which decides whether it is a string or TOML. A setting that fits no key becomes a node too:
//! the decoder then reports an unknown key, with the name of the setting.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::origin::Origin;
use super::problems::Problem;
use super::tree::{Entry, Node, Table, Value, parse_setting};

/// The prefix of every setting that overrides a key.
pub(in crate::config) const PREFIX: &str = "GUESTLIST__";

/// Merges every overriding setting into the tree, in the order of their names.
pub(in crate::config) fn apply(root: &mut Node, environment: &BTreeMap<String, String>, problems: &mut Vec<Problem>) {
    for (name, text) in environment {
        let prefix = name.get(..PREFIX.len()).filter(|prefix| prefix.eq_ignore_ascii_case(PREFIX));
        let Some(path) = prefix.and_then(|prefix| name.get(prefix.len()..)) else { continue };
        let origin = Origin::Setting(Arc::from(name.as_str()));
        let segments: Vec<&str> = path.split("__").collect();
        if let Err(message) = set(root, &segments, text, &origin) {
            problems.push(Problem::error(Some(origin), "", message));
        }
    }
}

fn set(node: &mut Node, segments: &[&str], text: &str, origin: &Origin) -> Result<(), String> {
    let Some((segment, rest)) = segments.split_first() else {
        *node = Node { value: Value::Setting(text.to_owned()), origin: origin.clone() };
        return Ok(());
    };
    if segment.is_empty() {
        return Err("the name has an empty part: write GUESTLIST__SECTION__KEY".to_owned());
    }
    if let Value::Setting(whole_table) = &node.value {
        // Another setting holds the whole table. This one overrides a part of it.
        *node = parse_setting(whole_table, &node.origin)?;
    }
    match &mut node.value {
        Value::Table(table) => set(member(table, segment, origin), rest, text, origin),
        Value::Array(items) => {
            let mut named = items.iter_mut().filter(|item| name_of(item).is_some_and(|name| same_name(name, segment)));
            match (named.next(), named.next()) {
                (Some(member), None) => set(member, rest, text, origin),
                (None, _) => Err(format!("no member of that list has the name {}", segment.to_lowercase())),
                (Some(_), Some(_)) => {
                    Err(format!("several members of that list have the name {}", segment.to_lowercase()))
                }
            }
        }
        other => Err(format!("{segment} cannot be set: what it is set on is {}", other.kind())),
    }
}

/// The table's member of that name. Adds one if there is none.
fn member<'a>(table: &'a mut Table, segment: &str, origin: &Origin) -> &'a mut Node {
    let position = table.0.iter().position(|entry| same_name(&entry.key, segment));
    let index = position.unwrap_or_else(|| {
        let node = Node { value: Value::Table(Table::default()), origin: origin.clone() };
        let (key, written) = (segment.to_ascii_lowercase(), segment.to_owned());
        table.0.push(Entry { key, written, origin: origin.clone(), node });
        table.0.len() - 1
    });
    #[expect(clippy::indexing_slicing, reason = "the position was found, or made, just above")]
    &mut table.0[index].node
}

fn name_of(node: &Node) -> Option<&str> {
    let Value::Table(table) = &node.value else { return None };
    // A rule has no name: its attribute serves.
    match &table.get("name").or_else(|| table.get("attribute"))?.value {
        Value::String(name) | Value::Setting(name) => Some(name),
        _ => None,
    }
}

fn same_name(key: &str, segment: &str) -> bool {
    let normalised = |text: &str| text.to_ascii_lowercase().replace('-', "_");
    normalised(key) == normalised(segment)
}
