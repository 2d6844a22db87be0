//! What `check` says of one mistake: one message, at its place, that names the remedy. Two mistakes are two messages.

use rstest::rstest;

use crate::support::config::{BETA, GRAPH, TENANT};
use crate::support::function_app::{SECRETS, project, said};

/// A policy, its texts in two languages, a look-up and two connectors. Nothing is wrong with it.
const SERVICE: &str = r#"
[[lookups]]
name = "crm"
url = "https://crm.contoso.com/{{ email }}"
prefill = { jobTitle = "/title" }
budget = "300ms"
[[policies]]
name = "portal"
apps = ["44444444-5555-6666-7777-888888888888"]
gate = "invite-only"
lookups = ["crm"]
prefill = { displayName = "{{ invite.name }}" }
  [[policies.rules]]
  attribute = "postalCode"
  when = "attributes.country == 'AU'"
  pattern = "[0-9]{4}"
  message = "postal-code"
[[policies]]
name = "default"
gate = "open"
[messages.en]
postal-code = "Four digits."
[messages.de]
postal-code = "Vier Ziffern."
[[tests]]
name = "anybody may come"
given = { email = "jo@example.org" }
expect = { action = "continue", reason = "open" }
[[connectors]]
name = "news"
kind = "mailchimp"
api_key = { env = "MAILCHIMP_API_KEY" }
list = "a1b2c3d4e5"
when = "user.ext.Newsletter"
[[connectors]]
name = "directory"
kind = "profile"
after = ["news"]
set = { "ext.News" = "{{ results.news.id }}" }
"#;

/// The lines that `check` prints of a whole configuration in which each of these texts is replaced.
async fn problems(changes: &[(&str, &str)]) -> Vec<String> {
    let mut config = [TENANT, BETA, GRAPH, SERVICE].concat();
    for (from, to) in changes {
        assert_eq!(config.matches(from).count(), 1, "{from}");
        config = config.replace(from, to);
    }
    let (_, out, _) = said(project(config).path(), &["check"], &SECRETS).await;
    let mut lines: Vec<String> = out.lines().map(str::to_owned).collect();
    let summary = lines.pop().unwrap();
    assert!(summary.starts_with("guestlist.toml "), "{summary}");
    // How many lines of a list are used is no problem.
    lines.retain(|line| !line.ends_with(" lines are used, 0 are not"));
    lines
}

#[tokio::test]
async fn there_is_no_problem_without_a_mistake() {
    assert_eq!(problems(&[]).await, [""; 0]);
}

#[rstest]
#[case::section("[tenant]", "[tennant]", "tennant: unknown key: did you mean tenant?")]
#[case::hooks("[hooks]", "[hook]", "hook: unknown key: did you mean hooks?")]
#[case::single_brackets("[[lookups]]", "[lookups]", "lookups: expected a list, found a table: write [[lookups]]")]
#[case::extension_app("extension_app_id", "extention_app_id", "did you mean extension_app_id?")]
#[case::no_extension_app(
    "extension_app_id = \"0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0\"",
    "",
    "set tenant.extension_app_id"
)]
#[case::tenant_id(
    "aaaabbbb-0000-cccc-1111-dddd2222eeee",
    "contoso.onmicrosoft.com",
    "tenant.id: not a usable GUID: expected 8-4-4-4-12"
)]
#[case::source(
    "source = \"invites.csv\"",
    "sourc = \"invites.csv\"",
    "invites.beta.sourc: unknown key: did you mean source?"
)]
#[case::source_type("source = \"invites.csv\"", "source = [\"invites.csv\"]", "invites.beta.source: expected a string")]
#[case::absent_list(
    "prefill = { displayName = \"{{ invite.name }}\" }\n  [[pol",
    "prefill = { displayName = \"{{ invite.nick }}\" }\n  [[pol",
    "invite.nick is not there"
)]
#[case::lookup_url("url = \"https://crm", "url = \"http://crm", "lookups.crm.url: ")]
#[case::lookup_without_url("url = \"https://crm.contoso.com/{{ email }}\"", "", "lookups.crm.url: this key is missing")]
#[case::lookup_without_name("name = \"crm\"", "", "lookups.[].name: this key is missing")]
#[case::lookup_name(
    "lookups = [\"crm\"]",
    "lookups = [\"cmr\"]",
    "there is no [[lookups]] called \"cmr\": did you mean crm?"
)]
#[case::apps(
    "apps = [\"44444444-5555-6666-7777-888888888888\"]",
    "apps = \"44444444-5555-6666-7777-888888888888\"",
    "policies.portal.apps: expected a list, found a string: put it in brackets"
)]
#[case::gate(
    "gate = \"invite-only\"",
    "gaet = \"invite-only\"",
    "policies.portal.gaet: unknown key: did you mean gate?"
)]
#[case::message(
    "message = \"postal-code\"",
    "message = \"postal-cod\"",
    "[messages] has no \"postal-cod\": did you mean postal-code?"
)]
#[case::message_key("message = \"postal-code\"", "mesage = \"postal-code\"", "did you mean message?")]
#[case::text("\"Four digits.\"", "4", "messages.en.postal-code: ")]
#[case::locale("[messages.de]", "[messages.deutsch]", "messages.deutsch: is not a language tag: write [messages.de]")]
#[case::translation(
    "postal-code = \"Vier Ziffern.\"",
    "closed = \"Zu.\"",
    "warning: messages.de: has no postal-code, so people see that of [messages.en]"
)]
#[case::expected_action(
    "action = \"continue\"",
    "action = \"let-in\"",
    "tests.anybody may come.expect.action: \"let-in\" is none of"
)]
#[case::no_expectation("expect =", "expct =", "did you mean expect?")]
#[case::credential("credential = {", "credentials = {", "graph.credentials: unknown key: did you mean credential?")]
#[case::no_graph("[graph]", "[grpah]", "grpah: unknown key: did you mean graph?")]
#[case::kind(
    "kind = \"mailchimp\"",
    "kind = \"mailchmp\"",
    "connectors.news.kind: \"mailchmp\" is none of mailchimp, profile"
)]
#[case::no_kind("kind = \"mailchimp\"", "", "connectors.news.kind: this key is missing")]
#[case::api_key("api_key", "apikey", "connectors.news.apikey: unknown key: did you mean api_key?")]
#[case::connector_name("name = \"news\"", "", "connectors.[].name: this key is missing")]
#[case::after(
    "after = [\"news\"]\nset = { \"ext.News\" = \"{{ results.news.id }}\" }",
    "after = [\"nws\"]\nset = { \"ext.News\" = \"{{ results.nws.id }}\" }",
    "after nws, which there is not: did you mean news?"
)]
#[case::duration("budget = \"300ms\"", "budget = 300", "lookups.crm.budget: 300 has no unit: write \"300ms\"")]
#[case::limit(
    "budget = \"300ms\"",
    "budget = \"3s\"",
    "lookups.crm.budget: 3s is too large: the limit is 1500ms, since a hook has no more time"
)]
#[tokio::test]
async fn one_mistake_is_one_message(#[case] from: &str, #[case] to: &str, #[case] says: &str) {
    let seen = problems(&[(from, to)]).await;
    assert!(seen.len() == 1 && seen[0].contains(says), "{seen:#?}");
}

/// Mistakes in keys that others stand behind, each with the message about it.
const HIDING: [(&str, &str, &str); 8] = [
    ("gate = \"invite-only\"", "gaet = \"invite-only\"", "policies.portal.gaet: unknown key"),
    ("gate = \"invite-only\"", "", "policies.portal.gate: this key is missing"),
    ("name = \"portal\"", "", "policies.[].name: this key is missing"),
    ("url = \"https://crm.contoso.com/{{ email }}\"", "", "lookups.crm.url: this key is missing"),
    ("source = \"invites.csv\"", "sourc = \"invites.csv\"", "invites.beta.sourc: unknown key"),
    ("kind = \"mailchimp\"", "", "connectors.news.kind: this key is missing"),
    ("api_key = { env = \"MAILCHIMP_API_KEY\" }", "", "connectors.news.api_key: this key is missing"),
    ("aaaabbbb-0000-cccc-1111-dddd2222eeee", "contoso", "tenant.id: not a usable GUID"),
];

/// Mistakes elsewhere.
const HIDDEN: [(&str, &str, &str); 7] = [
    ("attributes.country == 'AU'", "attributes.country = 'AU'", "rules.postalCode.when: "),
    ("pattern = \"[0-9]{4}\"", "pattern = \"[0-9\"", "rules.postalCode.pattern: "),
    ("message = \"postal-code\"", "message = \"no-such-text\"", "[messages] has no \"no-such-text\""),
    ("reason = \"open\"", "reason = \"opne\"", "tests.anybody may come.expect.reason: "),
    ("budget = \"300ms\"", "budget = \"3s\"", "lookups.crm.budget: "),
    ("user.ext.Newsletter", "user.ext.Newsletter &&", "news.when: "),
    ("\"{{ results.news.id }}\"", "\"{{ user.emial }}\"", "connectors.directory.set.ext.News: "),
];

#[tokio::test]
async fn no_mistake_hides_another() {
    for (from, to, says) in HIDING {
        for (other_from, other_to, other_says) in HIDDEN {
            let seen = problems(&[(from, to), (other_from, other_to)]).await;
            let has = |says: &str| seen.iter().any(|line| line.contains(says));
            assert!(has(says) && has(other_says) && seen.len() == 2, "{to:?} and {other_to:?}: {seen:#?}");
        }
    }
}

/// An invite list that cannot be read says nothing about columns.
#[tokio::test]
async fn columns_of_a_list_that_is_absent_are_not_missing() {
    let seen =
        problems(&[("source = \"invites.csv\"", "source = \"absent.csv\""), ("invite.name", "invite.nick")]).await;
    assert!(seen.len() == 1 && seen[0].contains("invites.beta: absent.csv"), "{seen:#?}");
}

/// Wherever an id is written, each form in which people copy it is read.
#[tokio::test]
async fn an_id_is_read_in_every_usual_form() {
    let forms: [fn(&str) -> String; 4] = [
        |id| format!("{{{id}}}"),
        |id| format!("{{{}}}", id.to_uppercase()),
        |id| id.replace('-', ""),
        |id| format!(" {} ", id.to_uppercase()),
    ];
    let ids = [
        "aaaabbbb-0000-cccc-1111-dddd2222eeee",
        "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
        "99999999-2222-3333-4444-555555555555",
        "44444444-5555-6666-7777-888888888888",
        "88888888-3333-4444-5555-666666666666",
    ];
    for form in forms {
        let written = ids.map(form);
        let changes: Vec<(&str, &str)> = ids.into_iter().zip(written.iter().map(String::as_str)).collect();
        assert_eq!(problems(&changes).await, [""; 0]);
    }
}
