//! App settings that override keys of the file.

use std::sync::Arc;

use rstest::rstest;
use serde_json::json;

use super::sample::{GRAPH, LEAST, NEWS, Sample};
use crate::clock::SystemClock;
use crate::connectors::{ConnectorDependencies, RenderInput, Rendered};
use crate::graph::User;
use crate::graph::fake::FakeDirectory;
use crate::outbound::Outbound;
use crate::signup::messages::MessageContext;
use crate::signup::policy::Gate;
use crate::values::App;

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
    assert_eq!(policy.gate, Gate::InviteOnly);
    assert_eq!((policy.allow.len(), policy.prefill.len()), (1, 1));
    assert_eq!(config.caller.subdomain.as_deref(), Some("123"));
}

#[test]
fn a_setting_reaches_what_the_file_does_not_hold() {
    let text = format!("{LEAST}[[policies.rules]]\nattribute = \"postalCode\"\n{GRAPH}{NEWS}consent = \"all\"\n");
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
    let reader = MessageContext { locale: "fr-FR", email: None, app: &app, correlation_id: None };
    assert_eq!(config.sign_up.messages.text("try-later", reader), "Portal: plus tard");
    let mut timer = config.timer.unwrap();
    assert!(timer.credential.secret.is_ok());
    let parts = ConnectorDependencies {
        outbound: Outbound::try_new(Arc::new(SystemClock)).unwrap(),
        directory: Arc::new(FakeDirectory::new(None)),
        extensions: None,
    };
    let news = timer.connectors.remove(0).build(&parts).unwrap();
    let context = json!({"user": {"mobilePhone": "+61 491 570 006"}, "invite": {}, "results": {}});
    let user = json!({"mail": "jo@example.com"}).as_object().unwrap().clone();
    let user = User::new("9fb7a577-9469-4489-912d-bc58a5bca276".parse().unwrap(), user, None);
    let Rendered::Request(request) = news.render(&RenderInput { user: &user, context: &context }).unwrap() else {
        panic!()
    };
    assert_eq!(request["merge_fields"], json!({"PHONE": "+61 491 570 006"}));
}

#[test]
fn a_setting_for_a_key_with_a_hyphen_finds_it() {
    let text = format!("{LEAST}[messages.en]\nnot-invited = \"No.\"\n");
    let config = Sample::new(&text).with("GUESTLIST__MESSAGES__EN__NOT_INVITED", "Sorry.").load().unwrap();
    let reader = MessageContext { locale: "en", email: None, app: &App::default(), correlation_id: None };
    assert_eq!(config.sign_up.messages.text("not-invited", reader), "Sorry.");
}

#[rstest]
#[case("GUESTLIST__HOOKS__BUDGIT", "1s", "did you mean budget?")]
#[case("GUESTLIST__HOKS__BUDGET", "1s", "did you mean hooks?")]
#[case("GUESTLIST__POLICIES__OTHER__GATE", "open", "other")]
#[case("GUESTLIST__HOOKS__BUDGET", "soon", "not a duration")]
#[case("GUESTLIST__HOOKS__BUDGET__MS", "1", "expected a duration")]
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
