//! The house holds: which room may use which, and what else `docs/ARCHITECTURE.md` says of the source.
//!
//! What can be listed is taken from the tree: rooms, function folders, connectors, adapters. So nothing new escapes a rule.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use source::{File, Source};

mod adapters;
mod chain;
mod circles;
mod functions;
mod source;

/// The table: a room, and the rooms that it may use. `(planned)` marks what nobody uses yet: without the mark an unused permission is
/// an error, and so is the mark once the permission is used. `docs/ARCHITECTURE.md` prints the table; a test compares both.
const ROOMS: &[(&str, &str)] = &[
    ("values", ""),
    ("clock", ""),
    ("files", ""),
    ("expressions", "values"),
    ("signup", "values, expressions"),
    ("telemetry", "values, clock"),
    ("outbound", "clock"),
    ("credentials", "values, clock, outbound"),
    ("storage", "outbound (planned), credentials (planned)"),
    ("reservations", "values, telemetry, storage"),
    ("graph", "values, outbound, credentials"),
    ("entra::event", "values, entra::attribute, entra::json"),
    ("entra::attribute", "values, entra::json"),
    ("entra::json", ""),
    ("entra::action", "values, signup"),
    ("entra::caller", "values, clock, entra::signing_keys"),
    ("entra::signing_keys", "values, telemetry, outbound"),
    ("connectors", "values, clock (planned), expressions, storage (planned), outbound, credentials (planned), graph"),
    (
        "invites",
        "values, files, expressions (planned), storage (planned), outbound, credentials (planned), graph (planned)",
    ),
    ("lookups", "values, telemetry, expressions, outbound"),
    ("outbox", "clock, telemetry, storage"),
    ("accounts", "values, clock, telemetry, expressions, storage, outbox, reservations, graph, connectors, invites"),
    ("decisions", "values, clock, entra::event, reservations, signup, invites, lookups"),
    ("functions", "values, telemetry, decisions, entra, invites, accounts"),
    ("config", "everything"),
    ("app", "everything"),
    ("server", "everything"),
    ("cli", "everything"),
    ("main", "everything"),
];

/// What the decision and the values under it never touch, whichever room it would come from.
const IMPURE: &[&str] = &[
    "tokio",
    "reqwest",
    "axum",
    "object_store",
    "std::fs",
    "std::net::Tcp",
    "std::env",
    "SystemTime",
    "Instant::now",
    "Utc::now",
];

/// The product's source.
static PRODUCT: LazyLock<Source> = LazyLock::new(|| Source::read(&root().join("src")));

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The room of a module or of an item: `entra::caller::claims` is in `entra::caller`, `signup::gate` in `signup`.
fn room(path: &[String]) -> String {
    match path {
        [first, second, ..] if first == "entra" => format!("entra::{second}"),
        [first, ..] => first.clone(),
        [] => "lib".to_owned(),
    }
}

/// The other rooms that a file names, each with the place: `src/graph.rs:12`.
fn other_rooms(file: &File) -> Vec<(String, String)> {
    let own = room(&file.module);
    let named = file.names.iter().filter_map(|name| Some((name.line, PRODUCT.absolute(file, &name.path)?)));
    let rooms = named.filter(|(_, path)| !path.is_empty()).map(|(line, path)| (line, room(&path)));
    let others = rooms.filter(|(_, other)| *other != own);
    others.map(|(line, other)| (format!("src/{}:{line}", file.path.display()), other)).collect()
}

/// A permission of the table.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Clone, Copy)]
struct Permission<'t> {
    /// A room, or the whole of `entra`.
    room: &'t str,
    is_planned: bool,
}

impl<'t> Permission<'t> {
    /// The permissions of a row.
    fn list(row: &'t str) -> Vec<Self> {
        let names = row.split(", ").filter(|name| !name.is_empty());
        let permission = |name: &'t str| match name.strip_suffix(" (planned)") {
            Some(room) => Self { room, is_planned: true },
            None => Self { room: name, is_planned: false },
        };
        names.map(permission).collect()
    }

    fn allows(self, room: &str) -> bool {
        self.room == room || room.split_once("::").is_some_and(|(whole, _)| whole == self.room)
    }
}

/// The rooms of a row that may use all others.
const EVERYTHING: &str = "everything";

#[test]
fn each_room_uses_what_the_table_allows_and_nothing_else() {
    let mut wrong = Vec::new();
    let mut used: BTreeSet<(&str, Permission)> = BTreeSet::new();
    let table: BTreeMap<&str, &str> = ROOMS.iter().copied().collect();
    // Files that only declare modules: they may use no room.
    let maps = ["lib", "entra"];
    for file in &PRODUCT.files {
        let own = room(&file.module);
        let row = table.get_key_value(own.as_str()).map(|(own, row)| (*own, *row));
        let Some((own, row)) = row.or(maps.iter().find(|map| **map == own).map(|map| (*map, ""))) else {
            wrong.push(format!("{}: the room {own} is not in the table", file.path.display()));
            continue;
        };
        let permissions = Permission::list(row);
        for (place, other) in other_rooms(file).into_iter().filter(|_| row != EVERYTHING) {
            match permissions.iter().find(|permission| permission.allows(&other)) {
                Some(permission) => drop(used.insert((own, *permission))),
                None => wrong.push(format!("{place}: {own} uses {other}")),
            }
        }
    }
    for (room, row) in ROOMS.iter().filter(|(_, row)| *row != EVERYTHING) {
        for permission in Permission::list(row) {
            match (used.contains(&(*room, permission)), permission.is_planned) {
                (false, false) => {
                    wrong.push(format!("{room} never uses {}: take it out of the table", permission.room));
                }
                (true, true) => wrong.push(format!("{room} uses {}: it is no longer planned", permission.room)),
                _ => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_table_has_the_rooms_of_the_tree() {
    let rooms: BTreeSet<String> = PRODUCT.files.iter().map(|file| room(&file.module)).collect();
    let missing: Vec<_> = ROOMS.iter().filter(|(room, _)| !rooms.contains(*room)).collect();
    assert!(missing.is_empty(), "rooms without a file: {missing:?}");
    let known = |room: &str| {
        ROOMS.iter().any(|(own, _)| *own == room || own.split_once("::").is_some_and(|(whole, _)| whole == room))
    };
    let permissions = ROOMS.iter().filter(|(_, row)| *row != EVERYTHING).flat_map(|(_, row)| Permission::list(row));
    let unknown: Vec<_> = permissions.filter(|permission| !known(permission.room)).collect();
    assert!(unknown.is_empty(), "permissions for no room: {unknown:?}");
}

#[test]
fn the_decision_is_pure() {
    for file in &PRODUCT.files {
        if !["values", "signup", "expressions"].contains(&room(&file.module).as_str()) {
            continue;
        }
        for name in &file.names {
            let path = format!("::{}::", name.path.join("::"));
            let impure = IMPURE.iter().find(|impure| path.contains(&format!("::{impure}")));
            assert!(impure.is_none(), "src/{}:{} names {impure:?}", file.path.display(), name.line);
        }
    }
}

#[test]
fn the_table_in_the_documentation_is_this_one() {
    let document = fs::read_to_string(root().join("docs/ARCHITECTURE.md")).unwrap();
    let (_, table) = document.split_once("| room | may use |\n| --- | --- |\n").unwrap();
    let printed: Vec<&str> = table.lines().take_while(|line| line.starts_with('|')).collect();
    let row = |(room, row): &(&str, &str)| {
        let row = if row.is_empty() { "no other room" } else { row };
        format!("| `{room}` | {row} |")
    };
    assert_eq!(printed, ROOMS.iter().map(row).collect::<Vec<_>>());
}

#[test]
fn no_file_of_the_product_is_named_like_a_test() {
    let is_for_tests = |part: &str| part.split('_').any(|word| word == "test" || word == "tests");
    let named = PRODUCT.files.iter().filter(|file| file.module.iter().any(|part| is_for_tests(part)));
    let named: Vec<_> = named.map(|file| &file.path).collect();
    assert!(named.is_empty(), "{named:?}");
}
