//! Function folders, their files and their routes, and what hooks and decisions may not touch.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use super::{PRODUCT, other_rooms, root};

/// A folder with a `function.json`.
struct FunctionFolder {
    name: String,
    trigger: Value,
}

impl FunctionFolder {
    /// Every one of the function app.
    fn all() -> Vec<Self> {
        let folders = fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().path());
        let folders: Vec<Self> = folders
            .filter_map(|folder| {
                let json = fs::read_to_string(folder.join("function.json")).ok()?;
                let json: Value = serde_json::from_str(&json).unwrap();
                let is_trigger =
                    |binding: &&Value| binding["type"].as_str().is_some_and(|kind| kind.ends_with("Trigger"));
                let trigger = json["bindings"].as_array().unwrap().iter().find(is_trigger).unwrap().clone();
                Some(Self { name: folder.file_name().unwrap().to_string_lossy().into_owned(), trigger })
            })
            .collect();
        assert!(!folders.is_empty(), "no function folders");
        folders
    }

    fn is_called_over_http(&self) -> bool {
        self.trigger["type"] == "httpTrigger"
    }

    /// Whether Entra calls it: it posts an event, while probes only read.
    fn is_hook(&self) -> bool {
        let mut methods = self.trigger["methods"].as_array().into_iter().flatten();
        self.is_called_over_http() && methods.any(|method| method == "post")
    }

    /// `functions/update_new_accounts.rs` of `UpdateNewAccounts`.
    fn file(&self) -> String {
        let word =
            |letter: char| if letter.is_uppercase() { format!("_{}", letter.to_lowercase()) } else { letter.into() };
        let name: String = self.name.chars().map(word).collect();
        format!("functions/{}.rs", name.trim_start_matches('_'))
    }

    /// What the host asks for, in lower case: with the route prefix if the public asks, else the bare name.
    fn route(&self) -> String {
        let path = self.trigger["route"].as_str().unwrap_or(&self.name).to_lowercase();
        if self.is_called_over_http() { format!("/api/{path}") } else { format!("/{path}") }
    }
}

#[test]
fn every_function_folder_has_its_file_and_its_route_and_there_is_no_other_route() {
    let server = PRODUCT.file("server.rs");
    let mut expected = BTreeSet::from(["/".to_owned()]);
    for folder in FunctionFolder::all() {
        let file = PRODUCT.file(&folder.file());
        let handlers = server.routes.iter().filter(|(route, _)| *route == folder.route()).flat_map(|(_, names)| names);
        let mut files = handlers.filter_map(|handler| PRODUCT.resolve(server, handler)).map(|target| &target.file.path);
        assert!(
            files.any(|handled_in| *handled_in == file.path),
            "{} does not lead to {}",
            folder.route(),
            folder.file()
        );
        expected.insert(folder.route());
    }
    let routes: BTreeSet<String> = server.routes.iter().map(|(route, _)| route.clone()).collect();
    assert_eq!(routes, expected);
}

#[test]
fn a_hook_is_protocol_around_a_decision() {
    let folders = FunctionFolder::all();
    let others: Vec<String> = folders.iter().filter(|folder| !folder.is_hook()).map(FunctionFolder::file).collect();
    let is_of_a_hook = |path: &str| path.starts_with("functions") && !others.iter().any(|other| other == path);
    let hooks = PRODUCT.files.iter().filter(|file| is_of_a_hook(&file.path.to_string_lossy()));
    for (place, other) in hooks.flat_map(other_rooms) {
        let is_near = ["decisions", "values", "telemetry", "clock"].contains(&other.as_str());
        assert!(is_near || other.starts_with("entra::"), "{place}: a hook uses {other}");
    }
}

#[test]
fn a_decision_knows_no_http() {
    let decisions = PRODUCT.files.iter().filter(|file| file.module.first().is_some_and(|room| room == "decisions"));
    for file in decisions {
        for name in &file.names {
            let is_http =
                name.path.first().is_some_and(|root| ["axum", "http", "hyper", "reqwest"].contains(&root.as_str()));
            assert!(!is_http, "src/{}:{} names {:?}", file.path.display(), name.line, name.path);
        }
    }
}
