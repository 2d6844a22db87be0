//! Configurations with slips: every one is found, at its place, with a remedy.

mod documents;
mod names;
mod rules;
mod types;

use std::collections::BTreeMap;
use std::sync::Arc;

use rstest::rstest;
use serde_json::json;

mod lookups;

use super::*;
use crate::clock::SystemClock;
use crate::connectors::{ConnectorParts, Input, Rendered};
use crate::graph::User;
use crate::graph::fake::FakeDirectory;
use crate::outbound::Outbound;
use crate::values::App;

/// The least that can be used.
const LEAST: &str = r#"
[tenant]
id = "aaaabbbb-0000-cccc-1111-dddd2222eeee"
[hooks]
audience = ["99999999-2222-3333-4444-555555555555"]
[[policies]]
name = "default"
gate = "open"
"#;

/// A folder with a configuration; its environment.
struct Sample {
    folder: tempfile::TempDir,
    variables: BTreeMap<String, String>,
}

impl Sample {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("guestlist.toml"), text).unwrap();
        std::fs::write(folder.path().join("invites.csv"), "email\njo@example.com\n").unwrap();
        Self { folder, variables: BTreeMap::new() }
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    fn load(&self) -> Result<Config, Invalid> {
        let mut variables = self.variables.clone();
        let file = self.folder.path().join("guestlist.toml");
        variables.insert("GUESTLIST_CONFIG".into(), file.display().to_string());
        load(&Environment::new(variables))
    }

    /// The problems, without the folder.
    fn problems(&self) -> Vec<String> {
        let problems = match self.load() {
            Ok(config) => config.notes,
            Err(invalid) => invalid.problems,
        };
        problems.iter().map(|problem| problem.describe("guestlist.toml")).collect()
    }
}

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
        (":23:15: warning: messages.en.postal-code:", "no rule names this text"),
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
#[case("GUESTLIST__HOOKS__BUDGET", "1200ms")]
#[case("guestlist__hooks__budget", "1200ms")]
#[case("GUESTLIST__HOOKS", "{ audience = [\"a\"], budget = \"1200ms\" }")]
fn a_setting_overrides_a_key(#[case] name: &str, #[case] value: &str) {
    let config = Sample::new(LEAST).with(name, value).load().unwrap();
    assert_eq!(config.hooks.budget.as_millis(), 1200);
}

#[test]
fn a_setting_reaches_members_of_lists_by_name_and_takes_toml() {
    let config = Sample::new(LEAST)
        .with("GUESTLIST__POLICIES__DEFAULT__GATE", "invite-only")
        .with("GUESTLIST__POLICIES__DEFAULT__ALLOW", "[\"@contoso.com\"]")
        .with("GUESTLIST__POLICIES__DEFAULT__PREFILL", "{ country = \"AU\" }")
        .with("GUESTLIST__MESSAGES__EN__NOT_INVITED", "Sorry.")
        .with("GUESTLIST__TENANT__SUBDOMAIN", "123")
        .load();
    let config = config.unwrap();
    let policy = config.sign_up.policy_for(&App::default()).unwrap();
    assert_eq!(policy.gate, policy::Gate::InviteOnly);
    assert_eq!((policy.allow.len(), policy.prefill.len()), (1, 1));
    assert_eq!(config.caller.subdomain.as_deref(), Some("123"));
}

#[test]
fn a_setting_reaches_what_the_file_does_not_hold() {
    let text = format!(
        "{LEAST}[[policies.rules]]\nattribute = \"postalCode\"\n[graph]\n\
         client_id = \"88888888-3333-4444-5555-666666666666\"\ncredential = {{ client_secret = {{ env = \"NOT_SET\" }} }}\n\
         [[connectors]]\nname = \"news\"\nkind = \"mailchimp\"\napi_key = {{ env = \"NOT_SET\" }}\nlist = \"a1\"\nconsent = \"all\"\n"
    );
    let config = Sample::new(&text)
        .with("SECRET", "x-us1")
        .with("GUESTLIST__GRAPH__CREDENTIAL__CLIENT_SECRET__ENV", "SECRET")
        .with("GUESTLIST__CONNECTORS__NEWS__API_KEY__ENV", "SECRET")
        .with("GUESTLIST__CONNECTORS__NEWS__MERGE_FIELDS__PHONE", "{{ user.mobilePhone }}")
        .with("GUESTLIST__POLICIES__DEFAULT__RULES__POSTALCODE__MAX_LENGTH", "4")
        .with("GUESTLIST__POLICIES__DEFAULT__PREFILL", "{ city = \"Leeds\" }")
        .with("GUESTLIST__POLICIES__DEFAULT__PREFILL__POSTALCODE", "2026-01-01")
        .with("GUESTLIST__MESSAGES__FR__TRY_LATER", "{{ app.name }}: plus tard")
        .load()
        .unwrap_or_else(|invalid| panic!("{invalid}"));
    assert!(config.notes.is_empty(), "{:?}", config.notes);
    let policy = &config.sign_up.policies[0];
    assert_eq!((policy.rules[0].checks.max_length, policy.prefill.len()), (Some(4), 2));
    let app = App { id: None, name: "Portal".into() };
    let reader = crate::signup::messages::MessageContext { locale: "fr-FR", email: None, app: &app, support_code: "" };
    assert_eq!(config.sign_up.messages.text("try-later", reader), "Portal: plus tard");
    let mut timer = config.timer.unwrap();
    assert!(timer.credential.secret.is_ok());
    let parts = ConnectorParts {
        outbound: Outbound::try_new(Arc::new(SystemClock)).unwrap(),
        directory: Arc::new(FakeDirectory::new(None)),
        extensions: None,
    };
    let news = timer.connectors.remove(0).build(&parts).unwrap();
    let context = json!({"user": {"mobilePhone": "+61 491 570 006"}, "invite": {}, "results": {}});
    let user = json!({"mail": "jo@example.com"}).as_object().unwrap().clone();
    let user = User::new("9fb7a577-9469-4489-912d-bc58a5bca276".parse().unwrap(), user, None);
    let Rendered::Request(request) = news.render(&Input { user: &user, context: &context }).unwrap() else { panic!() };
    assert_eq!(request["merge_fields"], json!({"PHONE": "+61 491 570 006"}));
}

#[test]
fn a_setting_for_a_key_with_a_hyphen_finds_it() {
    let text = format!("{LEAST}[messages.en]\nnot-invited = \"No.\"\n");
    let config = Sample::new(&text).with("GUESTLIST__MESSAGES__EN__NOT_INVITED", "Sorry.").load().unwrap();
    let reader =
        crate::signup::messages::MessageContext { locale: "en", email: None, app: &App::default(), support_code: "" };
    assert_eq!(config.sign_up.messages.text("not-invited", reader), "Sorry.");
}

#[rstest]
#[case("GUESTLIST__HOOKS__BUDGIT", "1s", "did you mean budget?")]
#[case("GUESTLIST__HOKS__BUDGET", "1s", "did you mean hooks?")]
#[case("GUESTLIST__POLICIES__OTHER__GATE", "open", "other")]
#[case("GUESTLIST__HOOKS__BUDGET", "soon", "not a duration")]
#[case("GUESTLIST__HOOKS__BUDGET__MS", "1", "expected a string")]
#[case("GUESTLIST__HOOKS__AUDIENCE", "not toml", "TOML")]
#[case("GUESTLIST__", "x", "empty part")]
fn a_setting_that_fits_nowhere_is_an_error_that_names_it(#[case] name: &str, #[case] value: &str, #[case] says: &str) {
    let seen = Sample::new(LEAST).with(name, value).problems();
    assert!(seen.iter().any(|line| line.contains(&format!("app setting {name}")) && line.contains(says)), "{seen:#?}");
}

#[test]
fn other_settings_are_none_of_its_business() {
    let sample = Sample::new(LEAST).with("GUESTLIST_HASH_KEY", "x").with("GUESTLISTING__X", "y").with("PATH", "/bin");
    assert!(sample.problems().is_empty());
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
    let text = LEAST.replace(
        "gate = \"open\"",
        "gate = \"open\"\nmode = \"enforce\"\nno_address = \"refuse\"\nemail_match = \"exact\"",
    );
    assert!(Sample::new(&text).problems().is_empty());
}

#[rstest]
#[case("hash_key = \"s3cr3t\"", "never a plain string")]
#[case("hash_key = { env = \"\" }", "env = ")]
#[case("hash_key = { env = \"A\", file = \"b\" }", "env = ")]
#[case("hash_key = { evn = \"A\" }", "did you mean env?")]
fn a_secret_is_a_reference(#[case] line: &str, #[case] says: &str) {
    let seen = Sample::new(&format!("{LEAST}[telemetry]\n{line}\n")).problems();
    assert!(seen.iter().any(|line| line.contains(says) && !line.contains("s3cr3t")), "{seen:#?}");
}

#[test]
fn a_secret_comes_from_a_setting_or_a_file_and_is_never_printed() {
    let by_setting = format!("{LEAST}[telemetry]\nhash_key = {{ env = \"KEY\" }}\n");
    let by_file = format!("{LEAST}[telemetry]\nhash_key = {{ file = \"key.txt\" }}\n");
    let by_file = Sample::new(&by_file);
    std::fs::write(by_file.folder.path().join("key.txt"), "s3cr3t\n").unwrap();
    for sample in [Sample::new(&by_setting).with("KEY", "s3cr3t"), by_file] {
        let config = sample.load().unwrap();
        assert!(!format!("{config:?}").contains("s3cr3t"));
        assert_eq!(config.hash_key.unwrap().unwrap().expose(), "s3cr3t");
    }
}

#[rstest]
#[case("", "KEY is not set")]
#[case("@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/x/)", "Key Vault reference")]
fn a_missing_secret_is_noted_and_stops_nothing(#[case] value: &str, #[case] says: &str) {
    let text = format!("{LEAST}[telemetry]\nhash_key = {{ env = \"KEY\" }}\n");
    let config = Sample::new(&text).with("KEY", value).load().unwrap();
    assert!(config.notes.iter().any(|note| note.severity == Severity::MissingSecret));
    assert!(config.notes[0].describe("f").contains(says), "{:?}", config.notes);
    assert!(config.hash_key.unwrap().is_err());
}

#[cfg(unix)]
#[test]
fn a_secret_that_is_no_file_or_too_long_is_noted_and_stops_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let long = folder.path().join("long");
    std::fs::write(&long, "x".repeat(64 * 1024 + 1)).unwrap();
    let binary = folder.path().join("binary");
    std::fs::write(&binary, b"s3cr3t\xff").unwrap();
    for (path, says) in [
        (Path::new("/dev/zero"), "it is a device, not a file"),
        (folder.path(), "it is a folder, not a file"),
        (&long, "it has more than 65536 bytes"),
        (&binary, "it is not UTF-8"),
    ] {
        let text = format!("{LEAST}[telemetry]\nhash_key = {{ file = \"{}\" }}\n", path.display());
        let config = Sample::new(&text).load().unwrap();
        let note = config.notes[0].describe("f");
        assert!(note.contains(says) && !note.contains("s3cr3t"), "{note}");
        assert!(config.hash_key.unwrap().is_err());
    }
}

#[rstest]
#[case("ALLOW", "[\"@co.uk\"]", "public suffix")]
#[case("ALLOW", "[\"@*.com\"]", "public suffix")]
#[case("DENY", "[\"*@mailinator.com\"]", "before the @")]
#[case("ALLOW", "[\"jo bradford@example.com\"]", "does not belong before the @")]
fn a_rule_that_cannot_be_meant_is_an_error(#[case] key: &str, #[case] value: &str, #[case] says: &str) {
    let seen = Sample::new(LEAST).with(&format!("GUESTLIST__POLICIES__DEFAULT__{key}"), value).problems();
    assert!(seen.iter().any(|line| line.contains(says) && !line.contains("bradford")), "{seen:#?}");
}

#[rstest]
#[case("login", "http://login.example.com")]
#[case("ciam", "ftp://127.0.0.1")]
#[case("graph", "https://user:pass@graph.example.com")]
#[case("graph", "https://graph.example.com?x=1")]
#[case("graph", "graph.example.com")]
fn an_endpoint_is_https_or_on_loopback(#[case] key: &str, #[case] url: &str) {
    let setting = format!("GUESTLIST__TENANT__ENDPOINTS__{}", key.to_uppercase());
    let seen = Sample::new(LEAST).with(&setting, url).problems();
    assert!(seen.iter().any(|line| line.contains("https")), "{seen:#?}");
    for url in ["http://127.0.0.1:7071/x", "http://localhost:1", "http://[::1]:1", "https://login.example.com"] {
        assert!(Sample::new(LEAST).with(&setting, url).problems().is_empty(), "{url}");
    }
}

#[test]
fn names_are_unique_and_a_policy_that_never_decides_is_pointed_out() {
    let text = format!("{LEAST}[[policies]]\nname = \"default\"\ngate = \"closed\"\n");
    let seen = Sample::new(&text).problems();
    assert!(seen.iter().any(|line| line.contains("occurs twice")), "{seen:#?}");
    assert!(seen.iter().any(|line| line.contains("never decides")), "{seen:#?}");
}

/// A configuration that is only a name for something else.
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
    assert_eq!(seen, ["guestlist.toml: is larger than 4 MiB: this is no configuration"]);
}

/// Who needs the list gets the failure action, and `check` fails; the service starts.
#[test]
fn a_list_that_cannot_be_read_does_not_keep_the_service_from_starting() {
    let template = "prefill = { city = \"{{ invite.seat }}\" }";
    let with = |source: &str| format!("{LEAST}{template}\n[[invites]]\nname = \"beta\"\nsource = \"{source}\"\n");
    for (source, says) in
        [("absent.csv", "cannot be read"), (".", "a folder, not a file"), ("guestlist.toml", "line 1")]
    {
        let config = Sample::new(&with(source)).load().unwrap();
        let note = &config.notes[0];
        assert_eq!((note.severity, config.notes.len()), (Severity::MissingList, 1), "{note:?}");
        let said = note.describe("guestlist.toml");
        assert!(said.contains("invites.beta: ") && said.contains(says), "{said}");
        assert_eq!((config.invites.len(), config.invites[0].columns()), (1, None));
    }
    // Of a list that is there the columns are known.
    assert!(Sample::new(&with("invites.csv")).load().is_err());
}

#[rstest]
#[case("max_bytes = 0", "between 1 and 1073741824")]
#[case("max_bytes = 1073741825", "between 1 and 1073741824")]
#[case("max_bytes = 10", "more than max_bytes, which is 10")]
fn the_size_of_a_list_has_a_limit(#[case] key: &str, #[case] says: &str) {
    let text = format!("{LEAST}[[invites]]\nname = \"beta\"\nsource = \"invites.csv\"\n{key}\n");
    let seen = Sample::new(&text).problems();
    assert!(seen.iter().any(|line| line.contains("invites.beta") && line.contains(says)), "{seen:#?}");
}

#[test]
fn a_file_that_is_not_there_is_an_error_that_names_it() {
    let variables = BTreeMap::from([("GUESTLIST_CONFIG".to_owned(), "/nowhere/guestlist.toml".to_owned())]);
    let seen = load(&Environment::new(variables)).unwrap_err().to_string();
    assert!(seen.starts_with("/nowhere/guestlist.toml: cannot be read"), "{seen}");
}

#[rstest]
#[case("[messages.\"not a locale!\"]\nclosed = \"x\"", "messages.not a locale!: is not a locale such as")]
#[case("[messages.de-AT]\nclosed = \"x\"\n[messages.de_at]\nclosed = \"y\"", "is the same locale as \"de-AT\"")]
#[case("[[policies]]\nname = \"A\"\ngate = \"open\"\n[[policies]]\nname = \"a\"\ngate = \"open\"", "occurs twice")]
#[case(
    "[[policies]]\nname = \"a\"\ngate = \"open\"\n[[policies.rules]]\nattribute = \"city\"\nwhen = \"5\"",
    "not true or false"
)]
#[case("[[policies]]\nname = \"a\"\ngate = \"open\"\nlookups = [\"crm\", \"crm\"]", "\"crm\" occurs twice")]
#[case(
    "[[policies]]\nname = \"a\"\ngate = \"open\"\ninvitation_code = \"jobTitle\"\nprefill = { jobTitle = \"x\" }",
    "is the field for an invitation code"
)]
#[case("[[policies]]\nname = \"a\"\ngate = \"open\"\nemail_sources = []", "policies.a.email_sources: names no source")]
fn what_can_never_work_is_an_error(#[case] text: &str, #[case] says: &str) {
    let seen = Sample::new(&format!("{LEAST}{text}\n")).problems();
    assert!(seen.iter().any(|line| line.contains(says)), "{seen:#?}");
}

/// Where a folder is lost with its instance, a policy that needs the state cannot do what it says.
#[rstest]
#[case::codes("invitation_code = \"jobTitle\"", true)]
#[case::no_address("invitation_code = \"jobTitle\"\nno_address = \"code\"", true)]
#[case::other_sources("email_sources = [\"identity\", \"attribute:city\"]", true)]
#[case::the_usual("email_sources = [\"identity\", \"attribute:email\"]", false)]
fn on_azure_a_policy_that_needs_the_state_is_an_error(#[case] keys: &str, #[case] refused: bool) {
    let text = format!("{LEAST}[[policies]]\nname = \"a\"\ngate = \"open\"\n{keys}\n");
    let needs = |line: &String| line.contains("policies.a: ") && line.contains("that all instances share");
    assert!(!Sample::new(&text).problems().iter().any(needs));
    let seen = Sample::new(&text).with("WEBSITE_INSTANCE_ID", "x").problems();
    assert_eq!(seen.iter().any(needs), refused, "{seen:#?}");
}
