//! The house holds: each room uses only what the table of `docs/ARCHITECTURE.md` lets it use.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use source::Module;

mod source;

/// The table: a room, and the rooms it may use. `docs/ARCHITECTURE.md` prints it; a test compares both.
const ROOMS: &[(&str, &str)] = &[
    ("values", ""),
    ("clock", ""),
    ("files", ""),
    ("expressions", "values"),
    ("signup", "values, expressions"),
    ("telemetry", "values, clock"),
    ("outbound", "values, clock, telemetry"),
    ("credentials", "values, clock, telemetry, outbound"),
    ("storage", "values, outbound, credentials"),
    ("reservations", "values, clock, telemetry, storage"),
    ("graph", "values, clock, outbound, credentials"),
    ("entra::event", "values, entra::attribute"),
    ("entra::attribute", "values, entra::event"),
    ("entra::action", "values, signup, entra::event"),
    ("entra::caller", "values, clock, telemetry, outbound, entra::signing_keys"),
    ("entra::signing_keys", "values, clock, telemetry, outbound, entra::caller"),
    ("connectors", "values, clock, telemetry, expressions, storage, outbound, credentials, graph"),
    ("invites", "values, clock, files, telemetry, expressions, storage, outbound, credentials, graph"),
    ("lookups", "values, telemetry, expressions, outbound"),
    ("outbox", "clock, telemetry, storage"),
    ("accounts", "values, clock, telemetry, expressions, storage, outbox, reservations, graph, connectors, invites"),
    ("decisions", "values, clock, telemetry, entra::event, reservations, signup, invites, lookups"),
    ("functions", "values, clock, telemetry, decisions, entra, signup, invites, accounts"),
    ("config", "everything"),
    ("app", "everything"),
    ("server", "everything"),
    ("cli", "everything"),
    ("main", "everything"),
];

/// What the decision and the values under it never touch, whatever room it would come from.
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

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The product's modules.
fn modules() -> Vec<Module> {
    source::modules(&root().join("src"))
}

/// The room of a module or of what is in it: `entra::caller::claims` is in `entra::caller`, `signup::gate` in `signup`.
fn room(path: &[String]) -> String {
    match path {
        [first, second, ..] if first == "entra" => format!("entra::{second}"),
        [first, ..] => first.clone(),
        [] => "lib".to_owned(),
    }
}

/// Whether a list of the table allows a room, by its name or with the whole of `entra`.
fn allows(list: &str, other: &str) -> bool {
    list == "everything" || list.split(", ").any(|name| name == other || other.starts_with(&format!("{name}::")))
}

/// The rooms a module names, each with the place: `src/graph.rs:12`.
fn used(module: &Module) -> Vec<(String, String)> {
    let place = |line| format!("src/{}:{line}", module.file.display());
    let paths = source::paths(&module.path, &module.code).into_iter();
    paths.map(|(line, path)| (place(line), room(&path))).collect()
}

#[test]
fn each_room_uses_only_what_the_table_allows() {
    let maps = [("lib", ""), ("entra", "")];
    let table: BTreeMap<&str, &str> = ROOMS.iter().copied().chain(maps).collect();
    let mut wrong = Vec::new();
    for module in modules() {
        let own = room(&module.path);
        let Some(allowed) = table.get(own.as_str()) else {
            wrong.push(format!("{}: the room {own} is not in the table", module.file.display()));
            continue;
        };
        let others = used(&module).into_iter().filter(|(_, other)| *other != own && !allows(allowed, other));
        wrong.extend(others.map(|(place, other)| format!("{place}: {own} uses {other}")));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_decision_is_pure() {
    for module in modules() {
        if ["values", "signup", "expressions"].contains(&room(&module.path).as_str()) {
            for impure in IMPURE {
                assert!(!module.code.contains(impure), "{} names {impure}", module.file.display());
            }
        }
    }
}

#[test]
fn a_hook_never_touches_accounts_graph_or_connectors() {
    let functions = modules().into_iter().filter(|module| room(&module.path) == "functions");
    let hooks = functions.filter(|module| !module.path.ends_with(&["update_new_accounts".to_owned()]));
    for (place, other) in hooks.flat_map(|hook| used(&hook)) {
        let far = ["accounts", "graph", "connectors", "storage", "credentials"].contains(&other.as_str());
        assert!(!far, "{place}: a hook uses {other}");
    }
}

#[test]
fn connectors_never_use_each_other() {
    for module in modules() {
        let [connectors, own, ..] = module.path.as_slice() else { continue };
        if connectors != "connectors" {
            continue;
        }
        for (line, path) in source::paths(&module.path, &module.code) {
            for other in ["mailchimp", "profile"].map(|other| ["connectors".to_owned(), other.to_owned()]) {
                let fine = *own == other[1] || !path.starts_with(&other);
                assert!(fine, "src/{}:{line} uses {}", module.file.display(), other[1]);
            }
        }
    }
}

#[test]
fn every_function_folder_has_its_file_and_its_route() {
    let server = fs::read_to_string(root().join("src/server.rs")).unwrap();
    for (folder, file, route) in [
        ("OnAttributeCollectionStart", "on_attribute_collection_start", "/api/onattributecollectionstart"),
        ("OnAttributeCollectionSubmit", "on_attribute_collection_submit", "/api/onattributecollectionsubmit"),
        ("UpdateNewAccounts", "update_new_accounts", "/updatenewaccounts"),
        ("Health", "health", "/api/health"),
    ] {
        assert!(root().join(folder).join("function.json").is_file(), "{folder}");
        assert!(root().join("src/functions").join(format!("{file}.rs")).is_file(), "{file}");
        assert!(server.contains(&format!("\"{route}\"")), "{route}");
    }
}

#[test]
fn from_main_it_is_three_hops_to_the_gate() {
    let text = |path: &str| fs::read_to_string(root().join("src").join(path)).unwrap();
    assert!(text("main.rs").contains("server::run("));
    assert!(text("server.rs").contains("on_attribute_collection_start"));
    assert!(text("functions/on_attribute_collection_start.rs").contains("decisions::start("));
    assert!(text("decisions/start.rs").contains("gate::decide("));
    assert!(text("main.rs").lines().count() <= 40);
}

#[test]
fn the_table_in_the_documentation_is_this_one() {
    let document = fs::read_to_string(root().join("docs/ARCHITECTURE.md")).unwrap();
    for (room, allowed) in ROOMS {
        let allowed = if allowed.is_empty() { "no other room" } else { allowed };
        let row = format!("| `{room}` | {allowed} |");
        assert!(document.contains(&row), "docs/ARCHITECTURE.md lacks the row {row}");
    }
}
