//! The configurations that the tests share, and the way a test changes one.
//!
//! A change names its key by its path and panics with that path if the configuration is not as the test expects. A
//! replacement in the text would silently change nothing once the text reads differently.

use std::fmt;

use toml::{Table, Value};

use super::function_app::LIST;

/// The tenant and the hooks, without which no configuration can be used.
pub(crate) const TENANT: &str = r#"
[tenant]
id = "aaaabbbb-0000-cccc-1111-dddd2222eeee"
subdomain = "contoso"
extension_app_id = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
[hooks]
audience = ["99999999-2222-3333-4444-555555555555"]
"#;

/// The invite source `beta`: the list that every folder of a test has.
pub(crate) const BETA: &str = r#"
[[invites]]
name = "beta"
source = "invites.csv"
"#;

/// The sections that [`policy`] adds to [`allow_and_deny`].
const RULES_AND_TEXTS: &str = r#"
[[policies.rules]]
attribute = "displayName"
normalise = ["collapse"]
required = true

[[policies.rules]]
attribute = "postalCode"
normalise = ["trim", "upper"]
pattern = "[0-9]{4}"
message = "postal-code"

[messages.en]
not-invited = { title = "By invitation only", text = "{{ email }} is not on the list of {{ app.name }}." }
postal-code = "A postal code has four digits."
[messages.de]
not-invited = "{{ email }} steht nicht auf der Liste."
postal-code = "Eine Postleitzahl hat vier Ziffern."
"#;

/// Graph and the state, which the timer needs. The addresses of the outside come as app settings.
pub(crate) const GRAPH: &str = r#"
[graph]
client_id = "88888888-3333-4444-5555-666666666666"
credential = { client_secret = { env = "GUESTLIST_GRAPH_SECRET" } }
[state]
url = "state"
"#;

/// Both connectors, and the key of the hashes in the log.
const CONNECTORS: &str = r#"
[[connectors]]
name = "news"
kind = "mailchimp"
api_key = { env = "MAILCHIMP_API_KEY" }
list = "<list>"
when = "user.ext.Newsletter"
merge_fields = { FNAME = "{{ user.givenName }}" }
[[connectors]]
name = "directory"
kind = "profile"
set = { displayName = "{{ user.givenName }} {{ user.surname }}", userPrincipalName = "{{ user.givenName | slug }}.{{ user.surname | slug }}" }
[telemetry]
hash_key = { env = "GUESTLIST_HASH_KEY" }
"#;

/// The source [`BETA`], and a policy for every app that admits who is invited.
pub(crate) fn invite_only() -> Config {
    Config::from(BETA).and("[[policies]]\nname = \"default\"\ngate = \"invite-only\"")
}

/// [`invite_only`] with a domain that is allowed and one that is denied.
pub(crate) fn allow_and_deny() -> Config {
    invite_only()
        .add("policies.default.allow", vec!["@contoso.com"])
        .add("policies.default.deny", vec!["@mailinator.com"])
}

/// A policy for every app that admits everybody, and no source.
pub(crate) fn open() -> Config {
    Config::from("[[policies]]\nname = \"default\"\ngate = \"open\"")
}

/// The policy that most tests use.
pub(crate) fn policy() -> Config {
    let prefill = value(r#"{ country = "AU", displayName = "{{ invite.name }}" }"#);
    allow_and_deny().add("policies.default.prefill", prefill).and(RULES_AND_TEXTS)
}

/// A whole configuration of a service that has hooks and no timer.
pub(crate) fn hooks_only() -> Config {
    Config::from(TENANT).and(policy())
}

/// [`policy`], and what the timer needs.
pub(crate) fn with_accounts() -> Config {
    policy().and(GRAPH).and(CONNECTORS).set("connectors.news.list", LIST)
}

/// A whole configuration, with hooks and a timer.
pub(crate) fn config() -> Config {
    Config::from(TENANT).and(with_accounts())
}

/// A value as it is written in a configuration.
pub(crate) fn value(written: &str) -> Value {
    written.parse().unwrap_or_else(|error| panic!("{written}: {error}"))
}

/// A configuration, or sections of one, that can be changed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Config(Table);

impl Config {
    /// Gives a key another value. Panics if it has none.
    pub(crate) fn set(mut self, path: &str, value: impl Into<Value>) -> Self {
        let (table, key) = self.place(path);
        assert!(table.contains_key(key), "{path}: there is no such key");
        table.insert(key.to_owned(), value.into());
        self
    }

    /// Gives a key of every entry of an array another value. Panics if there is no entry, or one without the key.
    pub(crate) fn set_each(mut self, array: &str, key: &str, value: &str) -> Self {
        let entries = self.0.get_mut(array).and_then(Value::as_array_mut).unwrap_or_else(|| panic!("no {array}"));
        for entry in entries.iter_mut().map(|entry| entry.as_table_mut().unwrap()) {
            assert!(entry.insert(key.to_owned(), value.into()).is_some(), "{array}: an entry has no {key}");
        }
        self
    }

    /// Adds a key. Panics if it is there.
    pub(crate) fn add(mut self, path: &str, value: impl Into<Value>) -> Self {
        let (table, key) = self.place(path);
        assert!(!table.contains_key(key), "{path}: the key is there already");
        table.insert(key.to_owned(), value.into());
        self
    }

    /// Adds the keys of this text to the table at a path. Panics if one of them is there.
    pub(crate) fn add_keys(self, path: &str, keys: &str) -> Self {
        let keys: Table = keys.parse().unwrap_or_else(|error| panic!("{keys}\n{error}"));
        keys.into_iter().fold(self, |config, (key, value)| config.add(&format!("{path}.{key}"), value))
    }

    /// Removes a key or a section. Panics if it is not there.
    pub(crate) fn remove(mut self, path: &str) -> Self {
        let (table, key) = self.place(path);
        assert!(table.remove(key).is_some(), "{path}: there is no such key");
        self
    }

    /// Adds sections behind those that are there: `[[policies.rules]]` is a rule of the last policy. Panics if a section
    /// that can be there only once is there.
    pub(crate) fn and(self, sections: impl fmt::Display) -> Self {
        let sections = sections.to_string();
        let first = sections.lines().map(str::trim).find(|line| !line.is_empty());
        assert!(first.is_none_or(|line| line.starts_with('[')), "a key without a section: {sections}");
        Self::from(format!("{self}\n{sections}").as_str())
    }

    /// The table that holds the last part of a path, and that part. An entry of an array goes by its name.
    fn place<'t, 'p>(&'t mut self, path: &'p str) -> (&'t mut Table, &'p str) {
        let (above, key) = path.rsplit_once('.').unwrap_or(("", path));
        let parts = above.split('.').filter(|part| !part.is_empty());
        let mut found = &mut self.0;
        let mut parts = parts.peekable();
        while let Some(part) = parts.next() {
            let next = found.get_mut(part).unwrap_or_else(|| panic!("{path}: there is no {part}"));
            found = match next {
                Value::Table(table) => table,
                Value::Array(entries) => {
                    let name = parts.next().unwrap_or_else(|| panic!("{path}: which of {part}?"));
                    entry(entries, name).unwrap_or_else(|| panic!("{path}: there is no {name} in {part}"))
                }
                _ => panic!("{path}: {part} is no section"),
            };
        }
        (found, key)
    }
}

/// The entry of an array of sections that has this name; a rule has the name of its attribute.
fn entry<'t>(entries: &'t mut [Value], name: &str) -> Option<&'t mut Table> {
    let named = |table: &Table| {
        ["name", "attribute"].iter().any(|key| table.get(*key).is_some_and(|own| own.as_str() == Some(name)))
    };
    entries.iter_mut().filter_map(Value::as_table_mut).find(|table| named(table))
}

impl From<&str> for Config {
    fn from(text: &str) -> Self {
        Self(text.parse().unwrap_or_else(|error| panic!("{text}\n{error}")))
    }
}

impl fmt::Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "policies.default.gates: there is no such key")]
    fn a_key_that_is_not_there_cannot_be_set() {
        policy().set("policies.default.gates", "open");
    }

    #[test]
    #[should_panic(expected = "policies.default.allow: the key is there already")]
    fn a_key_that_is_there_cannot_be_added() {
        policy().add("policies.default.allow", "@contoso.com");
    }

    #[test]
    #[should_panic(expected = "policies.default.rules.city.pattern: there is no city in rules")]
    fn a_key_of_a_rule_that_is_not_there_cannot_be_removed() {
        policy().remove("policies.default.rules.city.pattern");
    }

    #[test]
    fn a_change_leaves_everything_else() {
        let changed = policy().set("policies.default.rules.postalCode.pattern", "[0-9]{5}");
        assert_eq!(changed.to_string(), policy().to_string().replace("[0-9]{4}", "[0-9]{5}"));
        assert_eq!(policy().add("policies.default.mode", "report").remove("policies.default.mode"), policy());
    }
}
