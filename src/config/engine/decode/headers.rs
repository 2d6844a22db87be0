//! Misspelt headers of a list of sections: `[[policy]]` for `[[policies]]`. The members below such a header are read with
//! those of the list that was meant, so that their own problems show.

use crate::config::engine::origin::Origin;
use crate::config::engine::tree::{Entry, Node, Table, Value};

/// The list that was meant: what there is below the right name, together with the members below a misspelt one. `None` if
/// these do not fit together.
pub(super) fn joined(present: &Node, misspelt: &Node, is_list: impl FnOnce() -> bool) -> Option<Node> {
    let members = sections(misspelt)?;
    let value = match &present.value {
        Value::Array(_) => {
            let all = sections(present)?.iter().chain(members).cloned().collect();
            Value::Array(in_order(all))
        }
        // `[[policies.rules]]` below `[[policy]]` makes a table of its own.
        Value::Table(table) if is_implicit(table) && is_list() => {
            let mut members = members.to_vec();
            for entry in &table.0 {
                give(&mut members, entry);
            }
            Value::Array(members)
        }
        _ => return None,
    };
    Some(Node { value, origin: misspelt.origin.clone() })
}

/// The members of a list that has only tables, and at least one.
fn sections(node: &Node) -> Option<&[Node]> {
    let Value::Array(items) = &node.value else { return None };
    let all_tables = items.iter().all(|item| matches!(item.value, Value::Table(_)));
    (all_tables && !items.is_empty()).then_some(items.as_slice())
}

/// Whether only headers of sections below it can have made the table.
fn is_implicit(table: &Table) -> bool {
    table.0.iter().all(|entry| matches!(entry.node.value, Value::Table(_)) || sections(&entry.node).is_some())
}

/// Gives a key to the member below whose header it stands. Each member of a list of sections has a header of its own.
fn give(members: &mut [Node], entry: &Entry) {
    let Some(items) = sections(&entry.node) else {
        if let Some(table) = owner(members, &entry.origin) {
            table.0.push(entry.clone());
        }
        return;
    };
    for item in items {
        let Some(table) = owner(members, &item.origin) else { continue };
        match table.0.iter_mut().find(|own| own.key == entry.key).map(|own| &mut own.node.value) {
            Some(Value::Array(own)) => own.push(item.clone()),
            Some(_) => {}
            None => {
                let node = Node { value: Value::Array(vec![item.clone()]), origin: item.origin.clone() };
                table.0.push(Entry { node, ..entry.clone() });
            }
        }
    }
}

/// The table of the last member whose header stands before a place.
fn owner<'m>(members: &'m mut [Node], place: &Origin) -> Option<&'m mut Table> {
    let before = members.iter().rposition(|member| member.origin.place() <= place.place());
    match &mut members.get_mut(before?)?.value {
        Value::Table(table) => Some(table),
        _ => None,
    }
}

/// The members as they stand in the file: the first one that fits may decide. Those of app settings come last.
fn in_order(mut members: Vec<Node>) -> Vec<Node> {
    members.sort_by_key(|member| member.origin.place().unwrap_or((usize::MAX, 0)));
    members
}
