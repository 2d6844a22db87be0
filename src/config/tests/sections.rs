//! What single sections refuse, or warn of.

use rstest::rstest;

use super::sample::{LEAST, Sample};
use crate::config::Severity;

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
    let with_another =
        |name: &str| Sample::new(&format!("{LEAST}[[policies]]\nname = \"{name}\"\ngate = \"closed\"\n")).problems();
    let seen = with_another("other");
    assert!(seen.len() == 1 && seen[0].contains("never decides"), "{seen:#?}");
    // Most likely it was copied, and its name and its apps are still to be changed.
    let seen = with_another("default");
    let says = "policies.default.name: the name \"default\" occurs twice";
    assert!(seen.len() == 1 && seen[0].contains(says), "{seen:#?}");
}

/// The service starts; decisions that need the list end in the failure action; `check` fails.
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
    // The columns of a list that is there are known.
    assert!(Sample::new(&with("invites.csv")).load().is_err());
}

#[rstest]
#[case("max_bytes = 0", "0 is too small: the least is 1")]
#[case("max_bytes = 1073741825", "the limit is 1073741824 bytes")]
#[case("max_bytes = 10", "more than max_bytes, which is 10")]
fn the_size_of_a_list_has_a_limit(#[case] key: &str, #[case] says: &str) {
    let text = format!("{LEAST}[[invites]]\nname = \"beta\"\nsource = \"invites.csv\"\n{key}\n");
    let seen = Sample::new(&text).problems();
    assert!(seen.iter().any(|line| line.contains("invites.beta") && line.contains(says)), "{seen:#?}");
}

#[rstest]
#[case("[messages.\"not a locale!\"]\nclosed = \"x\"", "messages.not a locale!: is not a language tag such as")]
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

/// On Azure a folder is lost with its instance, so a policy that needs the state cannot work.
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
