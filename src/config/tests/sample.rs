//! Configurations that tests begin with, and how a test changes one.
//!
//! They stay texts, since problems name lines and columns. A change names a section and panics if it is not there.

use std::collections::BTreeMap;

use crate::config::{Config, Environment, InvalidConfig, load};

/// The tenant and the hooks, without which no configuration can be used.
macro_rules! tenant_and_hooks {
    () => {
        r#"
[tenant]
id = "aaaabbbb-0000-cccc-1111-dddd2222eeee"
[hooks]
audience = ["99999999-2222-3333-4444-555555555555"]
"#
    };
}

/// The sections that must be there.
pub(super) const TENANT_AND_HOOKS: &str = tenant_and_hooks!();

/// The least that can be used without a warning.
pub(super) const LEAST: &str = concat!(tenant_and_hooks!(), "[[policies]]\nname = \"default\"\ngate = \"open\"\n");

/// The key of `[tenant]` with which custom attributes can be named.
pub(super) const EXTENSION_APP: &str = r#"extension_app_id = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0""#;

/// What the timer needs, with its secret in the app setting `KEY`.
pub(super) const GRAPH: &str = r#"
[graph]
client_id = "88888888-3333-4444-5555-666666666666"
credential = { client_secret = { env = "KEY" } }
"#;

/// A connector that has no condition yet, with its secret in the app setting `KEY`.
pub(super) const NEWS: &str = r#"
[[connectors]]
name = "news"
kind = "mailchimp"
api_key = { env = "KEY" }
list = "a1"
"#;

/// The text with more lines at the end of a section, which is named without brackets. Panics if it is not there once.
pub(super) fn add(text: &str, section: &str, lines: &str) -> String {
    let (before, keys, after) = parts(text, section);
    [before, keys, vec![lines], after].concat().join("\n") + "\n"
}

/// The text with another value of a key, as TOML. Panics if the section has no such key.
pub(super) fn set(text: &str, section: &str, key: &str, value: &str) -> String {
    let (before, keys, after) = parts(text, section);
    let is_it = |line: &&str| line.split('=').next().is_some_and(|name| name.trim() == key);
    assert_eq!(keys.iter().filter(|line| is_it(line)).count(), 1, "{section}.{key} in {text}");
    let line = format!("{key} = {value}");
    let keys = keys.into_iter().map(|old| if is_it(&old) { &line } else { old }).collect();
    [before, keys, after].concat().join("\n") + "\n"
}

/// The lines before the keys of a section, those of the keys, and those after them.
fn parts<'t>(text: &'t str, section: &str) -> (Vec<&'t str>, Vec<&'t str>, Vec<&'t str>) {
    let lines: Vec<&str> = text.lines().collect();
    let headers = [format!("[{section}]"), format!("[[{section}]]")];
    let found: Vec<usize> = (0..lines.len()).filter(|at| headers.iter().any(|header| header == lines[*at])).collect();
    let [header] = found[..] else { panic!("{} times {section} in {text}", found.len()) };
    let length = lines[header + 1..].iter().take_while(|line| !line.starts_with('[') && !line.is_empty()).count();
    let (before, rest) = lines.split_at(header + 1);
    let (keys, after) = rest.split_at(length);
    (before.to_vec(), keys.to_vec(), after.to_vec())
}

/// A folder with a configuration; its environment.
pub(super) struct Sample {
    pub(super) folder: tempfile::TempDir,
    variables: BTreeMap<String, String>,
}

impl Sample {
    pub(super) fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("guestlist.toml"), text).unwrap();
        std::fs::write(folder.path().join("invites.csv"), "email\njo@example.com\n").unwrap();
        Self { folder, variables: BTreeMap::new() }
    }

    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    pub(super) fn load(&self) -> Result<Config, InvalidConfig> {
        let mut variables = self.variables.clone();
        let file = self.folder.path().join("guestlist.toml");
        variables.insert("GUESTLIST_CONFIG".into(), file.display().to_string());
        load(&Environment::new(variables))
    }

    /// The problems, without the folder.
    pub(super) fn problems(&self) -> Vec<String> {
        let problems = match self.load() {
            Ok(config) => config.notes,
            Err(invalid) => invalid.problems,
        };
        problems.iter().map(|problem| problem.describe("guestlist.toml")).collect()
    }
}
