//! The house holds: each room uses only what the table of `docs/ARCHITECTURE.md` lets it use.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

/// The table: a room, and the rooms it may use. `docs/ARCHITECTURE.md` prints it; a test compares both.
const ROOMS: &[(&str, &str)] = &[
    ("values", ""),
    ("clock", ""),
    ("expressions", "values"),
    ("signup", "values, expressions"),
    ("telemetry", "values, clock"),
    ("outbound", "values, clock, telemetry"),
    ("credentials", "values, clock, telemetry, outbound"),
    ("storage", "values, outbound, credentials"),
    ("graph", "values, clock, outbound, credentials"),
    ("entra::event", "values"),
    ("entra::attribute", "values"),
    ("entra::action", "signup"),
    ("entra::caller", "values, clock, telemetry, outbound"),
    ("entra::signing_keys", "values, clock, telemetry, outbound"),
    ("connectors", "values, clock, telemetry, expressions, storage, outbound, credentials, graph"),
    ("invites", "values, clock, telemetry, expressions, storage, outbound, credentials, graph"),
    ("accounts", "values, clock, telemetry, expressions, storage, graph, connectors, invites"),
    ("functions", "values, clock, telemetry, entra, signup, invites, accounts"),
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

/// Every source file below `src`, with its text up to its tests.
fn sources() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") && !path.ends_with("tests.rs") {
                let text = fs::read_to_string(&path).unwrap();
                let product = text.split("#[cfg(test)]").next().unwrap_or_default().to_owned();
                found.push((path.strip_prefix(root().join("src")).unwrap().to_owned(), product));
            }
        }
    }
    found
}

/// The room of a file: `entra/caller.rs` is in `entra::caller`, `signup/gate.rs` in `signup`.
fn room(path: &Path) -> String {
    let parts: Vec<String> = path.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect();
    match parts.as_slice() {
        [first, second, ..] if first == "entra" => format!("entra::{second}"),
        [first, ..] => first.clone(),
        [] => String::new(),
    }
}

/// The rooms a text names, by `crate::…` or, in the binary, `guestlist::…`.
fn used(text: &str) -> BTreeSet<String> {
    let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let code = code.join("\n");
    let grouped = Regex::new(r"(?:use )(?:crate|guestlist)::\{([^;]*)\};").unwrap();
    let single = Regex::new(r"\b(?:crate|guestlist)::([a-z_]+)").unwrap();
    let word = Regex::new(r"(?:^|,)\s*([a-z_]+)").unwrap();
    let mut rooms: BTreeSet<String> = single.captures_iter(&code).map(|found| found[1].to_owned()).collect();
    for group in grouped.captures_iter(&code) {
        rooms.extend(word.captures_iter(&group[1]).map(|found| found[1].to_owned()));
    }
    rooms
}

#[test]
fn each_room_uses_only_what_the_table_allows() {
    let table: BTreeMap<&str, &str> = ROOMS.iter().copied().collect();
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let room = room(&path);
        if ["lib", "entra", "entra::test_key"].contains(&room.as_str()) {
            continue;
        }
        let Some(allowed) = table.get(room.as_str()) else {
            wrong.push(format!("{}: the room {room} is not in the table", path.display()));
            continue;
        };
        let own = room.split("::").next().unwrap_or_default();
        for other in used(&text) {
            let fine = *allowed == "everything" || other == own || allowed.split(", ").any(|name| name == other);
            if !fine {
                wrong.push(format!("{} uses {other}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_decision_is_pure() {
    for (path, text) in sources() {
        if ["values", "signup", "expressions"].contains(&room(&path).as_str()) {
            for impure in IMPURE {
                let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
                assert!(!code.collect::<String>().contains(impure), "{} names {impure}", path.display());
            }
        }
    }
}

#[test]
fn a_hook_never_touches_accounts_graph_or_connectors() {
    for name in ["hook", "on_attribute_collection_start", "on_attribute_collection_submit", "memory", "health"] {
        let text = fs::read_to_string(root().join(format!("src/functions/{name}.rs"))).unwrap();
        for room in ["accounts", "graph", "connectors", "storage", "credentials"] {
            assert!(!used(&text).contains(room), "{name} uses {room}");
        }
    }
}

#[test]
fn connectors_never_use_each_other() {
    for (path, text) in sources() {
        if path.starts_with("connectors") {
            for other in ["mailchimp", "profile"] {
                let own = path.to_string_lossy().contains(other);
                assert!(own || !text.contains(&format!("super::{other}")), "{} uses {other}", path.display());
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
    assert!(text("functions/on_attribute_collection_start.rs").contains("gate::decide("));
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
