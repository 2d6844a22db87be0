//! Configurations with slips: every one is found, at its place, with a remedy.

mod accounts;
mod app_settings;
mod documents;
mod durations;
mod headers;
mod lookups;
mod messages;
mod names;
mod one_mistake;
mod rules;
mod sample;
mod secrets;
mod sections;
mod types;

use std::collections::BTreeMap;

use rstest::rstest;

use super::*;
use sample::{LEAST, Sample};

#[test]
fn the_least_configuration_can_be_used() {
    let config = Sample::new(LEAST).load().unwrap();
    assert!(config.notes.is_empty(), "{:?}", config.notes);
    assert_eq!(config.hooks.budget.as_millis(), 800);
    assert_eq!(config.hooks.on_failure, functions::hook::OnFailure::Block);
    assert_eq!(config.caller.ciam.as_str(), "https://aaaabbbb-0000-cccc-1111-dddd2222eeee.ciamlogin.com/");
    assert!(config.timer.is_none());
}

#[test]
fn the_committed_sample_lacks_nothing_but_its_secrets() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/guestlist.toml");
    let config = load(&Environment::new(BTreeMap::from([("GUESTLIST_CONFIG".into(), file.into())]))).unwrap();
    let notes: Vec<String> = config.notes.iter().map(|problem| problem.describe("guestlist.toml")).collect();
    assert!(config.notes.iter().all(|problem| problem.severity == Severity::MissingSecret), "{notes:?}");
    for secret in ["GUESTLIST_GRAPH_SECRET", "MAILCHIMP_API_KEY", "GUESTLIST_HASH_KEY"] {
        assert!(notes.iter().any(|note| note.contains(secret)), "{notes:?}");
    }
}

#[test]
fn shows_every_error_at_once_with_its_place() {
    let text = r#"
[tenant]
id = "contoso"
subdomian = "contoso"
[hooks]
audience = []
budget = "2s"
on_failure = "open"
[[invites]]
name = "beta"
source = "absent.csv"
[[policies]]
name = "default"
gate = "invite only"
allow = ["contoso.com"]
prefill = { jobtitel = "Boss", displayName = "{{ invitee.name }}" }
  [[policies.rules]]
  attribute = "postalCode"
  pattern = "[0-9"
  max_lenght = 4
  message = "postal-cod"
[messages.en]
postal-code = "Four digits."
[sate]
url = "x"
"#;
    let seen = Sample::new(text).problems();
    let expected = [
        (":3:6: tenant.id:", "GUID"),
        (":4:1: tenant.subdomian:", "did you mean subdomain?"),
        (":6:12: hooks.audience:", "app id"),
        (":7:10: hooks.budget:", "1800ms"),
        (":8:14: hooks.on_failure:", "block, continue"),
        (":11:10: invites.beta:", "absent.csv"),
        (":14:8: policies.default.gate:", "invite-only, open, closed"),
        (":15:10: policies.default.allow:", "has no @"),
        (":16:24: policies.default.prefill:", "did you mean jobTitle?"),
        (":16:46: policies.default.prefill:", "invitee"),
        (":19:13: policies.default.rules.postalCode.pattern:", "regular expression"),
        (":20:3: policies.default.rules.postalCode.max_lenght:", "did you mean max_length?"),
        (":21:13: policies.default.rules.postalCode.message:", "did you mean postal-code?"),
        (":24:2: sate:", "did you mean state?"),
    ];
    for (place, remedy) in expected {
        assert!(seen.iter().any(|line| line.contains(place) && line.contains(remedy)), "{place} {remedy}\n{seen:#?}");
    }
    assert_eq!(seen.len(), expected.len(), "{seen:#?}");
}

#[test]
fn shows_every_syntax_error_and_nothing_that_follows_from_them() {
    let seen = Sample::new("[tenant\nid = \"x\nbudget == 1\n").problems();
    assert!(seen.len() > 1 && seen.iter().all(|line| line.starts_with("guestlist.toml:")), "{seen:#?}");
    assert!(!seen.iter().any(|line| line.contains("missing")), "{seen:#?}");
}

#[rstest]
#[case("[accounts]\ndiscover = \"sign-ups\"", "accounts.discover")]
#[case("[accounts]\nreconcile = \"24h\"", "accounts.reconcile")]
#[case("[accounts]\ndispatch = \"queue\"", "accounts.dispatch")]
#[case(
    "[telemetry]\nhash_key = { key_vault = \"https://v.vault.azure.net/secrets/x\" }",
    "telemetry.hash_key.key_vault"
)]
#[case("[[invites]]\nname = \"b\"\nsource = \"az://lists/beta.csv\"", "invites.b")]
#[case("[[invites]]\nname = \"b\"\nsource = \"beta.xlsx\"", "invites.b")]
fn a_key_whose_capability_is_not_there_says_so(#[case] text: &str, #[case] key: &str) {
    let seen = Sample::new(&format!("{LEAST}{text}\n")).problems();
    let said = |line: &String| line.contains(&format!(" {key}: ")) && line.contains("not supported by this version");
    assert!(seen.iter().any(said), "{seen:#?}");
}

#[test]
fn a_value_that_is_the_only_one_so_far_can_be_written() {
    let text = format!("{LEAST}mode = \"enforce\"\nno_address = \"refuse\"\nemail_match = \"exact\"\n");
    assert!(Sample::new(&text).problems().is_empty());
}

/// A path that is no file.
#[cfg(unix)]
#[test]
fn what_only_looks_like_a_configuration_is_an_error_and_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for (path, kind) in
        [(pipe.as_path(), "a named pipe"), (folder.path(), "a folder"), (Path::new("/dev/zero"), "a device")]
    {
        let path = path.display().to_string();
        let seen = load(&Environment::new(BTreeMap::from([("GUESTLIST_CONFIG".to_owned(), path.clone())])));
        assert_eq!(seen.unwrap_err().to_string(), format!("{path}: cannot be read: it is {kind}, not a file\n"));
    }
}

#[test]
fn a_configuration_of_more_than_4_mib_is_none() {
    let padded = |length: usize| format!("{LEAST}{}\n", "#".repeat(length - LEAST.len() - 1));
    let limit = 4 * 1024 * 1024;
    assert!(Sample::new(&padded(limit)).load().is_ok());
    let seen = Sample::new(&padded(limit + 1)).problems();
    assert_eq!(seen, ["guestlist.toml: is too large: the limit is 4 MiB; this is no configuration"]);
}

#[test]
fn a_file_that_is_not_there_is_an_error_that_names_it() {
    let variables = BTreeMap::from([("GUESTLIST_CONFIG".to_owned(), "/nowhere/guestlist.toml".to_owned())]);
    let seen = load(&Environment::new(variables)).unwrap_err().to_string();
    assert!(seen.starts_with("/nowhere/guestlist.toml: cannot be read"), "{seen}");
}
