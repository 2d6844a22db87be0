//! A configuration with many mistakes about sign-ups: all of them are shown at once, each at its place.

use std::fmt::Display;

use rstest::rstest;
use serde_json::Value;

use crate::support::config::{BETA, TENANT};
use crate::support::function_app::{project, said, shown};

/// The mistakes: what stands in a line of [`WRONG`], the path of its key, and words of the remedy.
const MISTAKES: [(&str, &str, &str); 20] = [
    ("@co.uk", "policies.first.allow: ", "@co.uk is a public suffix"),
    ("@*.github.io", "policies.first.allow: ", "@*.github.io is a public suffix"),
    ("mode = \"reports\"", "policies.first.mode: ", "enforce"),
    ("email_match = \"loose\"", "policies.first.email_match: ", "ignore-tag-and-dots"),
    ("email_sources", "policies.first.email_sources: ", "did you mean identity?"),
    ("no_address = \"code\"", "policies.first.no_address: ", "needs invitation_code"),
    ("lookups = [\"crn\"]", "policies.first.lookups: ", "did you mean crm?"),
    ("deny_disposible", "policies.first.deny_disposible: ", "did you mean deny_disposable?"),
    ("invitation_code = \"email\"", "policies.second.invitation_code: ", "ext.InvitationCode"),
    ("multi_select", "policies.second.multi_select: ", "did you mean country?"),
    ("prefill = { city", "policies.second.prefill: ", "did you mean invite.name?"),
    ("normalise = [\"uper\"]", "policies.second.rules.country.normalise", "upper"),
    ("attribute.country == 'AU'", "policies.second.rules.city.when: ", "attribute"),
    ("earliest = \"soon\"", "policies.second.rules.jobTitle.earliest: ", "2026-01-31"),
    ("min = 9", "policies.second.rules.postalCode", ""),
    ("message = \"no-such-text\"", "policies.second.rules.surname.message: ", "[messages] has no"),
    ("phone_country = \"AU\"", "policies.second.rules.state.phone_country: ", "add \"phone\" to normalise"),
    ("suport_code", "messages.en.not-invited: ", "support_code"),
    ("budget = \"2s\"", "lookups.crm.budget: ", "2s is too large: the limit is 1500ms"),
    ("level = \"verbose\"", "telemetry.level: ", "debug"),
];

const WRONG: &str = r#"
[[policies]]
name = "first"
apps = ["44444444-5555-6666-7777-888888888888"]
gate = "invite-only"
allow = [
  "@contoso.com",
  "@co.uk",
  "@*.github.io",
]
mode = "reports"
email_match = "loose"
email_sources = ["identty"]
no_address = "code"
lookups = ["crn"]
deny_disposible = true
[[policies]]
name = "second"
gate = "open"
invitation_code = "email"
multi_select = ["countyr"]
prefill = { city = "{{ invite.nmae }}" }
  [[policies.rules]]
  attribute = "country"
  normalise = ["uper"]
  [[policies.rules]]
  attribute = "city"
  when = "attribute.country == 'AU'"
  [[policies.rules]]
  attribute = "jobTitle"
  earliest = "soon"
  [[policies.rules]]
  attribute = "postalCode"
  min = 9
  max = 1
  [[policies.rules]]
  attribute = "surname"
  required = true
  message = "no-such-text"
  [[policies.rules]]
  attribute = "state"
  required = true
  phone_country = "AU"
[messages.en]
not-invited = "Say {{ suport_code }}."
[[lookups]]
name = "crm"
url = "https://crm.contoso.com/{{ email }}"
prefill = { jobTitle = "/title" }
budget = "2s"
[telemetry]
level = "verbose"
"#;

/// The configuration with the mistakes, as its lines are counted.
fn wrong() -> String {
    [TENANT, BETA, WRONG].concat()
}

/// What `check` says: the exit code and the problems.
async fn checked(config: impl Display) -> (Option<i32>, Vec<String>) {
    let folder = project(config);
    let (code, out, _) = said(folder.path(), &["check", "--json"], &[]).await;
    let json: Value = serde_json::from_str(&out).unwrap();
    let problems: Vec<String> = json["problems"].as_array().unwrap().iter().map(shown).collect();
    assert_eq!(
        json["errors"].as_u64().unwrap(),
        problems.iter().filter(|one| !one.contains(": warning: ")).count() as u64
    );
    (code, problems)
}

/// Whether a problem is about this place and this key, and says what to do.
fn is_about(problem: &str, place: usize, key: &str, says: &str) -> bool {
    problem.starts_with(&format!("guestlist.toml:{place}:"))
        && problem.contains(&format!(": {key}"))
        && problem.contains(says)
}

#[tokio::test]
async fn twenty_mistakes_show_twenty_errors_at_their_places() {
    let config = wrong();
    let (code, problems) = checked(&config).await;
    assert_eq!(code, Some(64));
    for (written, key, says) in MISTAKES {
        let line = config.lines().position(|line| line.contains(written)).unwrap() + 1;
        assert!(problems.iter().any(|one| is_about(one, line, key, says)), "{line} {key}{says}\n{problems:#?}");
    }
    assert_eq!(problems.len(), MISTAKES.len(), "{problems:#?}");
}

#[tokio::test]
async fn the_service_names_each_of_them_in_a_line_and_does_not_start() {
    let (code, out, lines) =
        said(project(wrong()).path(), &["serve"], &[("FUNCTIONS_CUSTOMHANDLER_PORT", "7071")]).await;
    assert_eq!((code, out.as_str()), (Some(64), ""));
    assert_eq!(
        lines.lines().filter(|line| line.contains("\"event\":\"configuration\"")).count(),
        MISTAKES.len(),
        "{lines}"
    );
}

/// A configuration that is right but for one line of its only rule.
async fn with_rule(rule: &str) -> (Option<i32>, Vec<String>) {
    let policy = "[[policies]]\nname = \"only\"\ngate = \"open\"\n[[policies.rules]]\n";
    checked(format!("{TENANT}{BETA}{policy}{rule}\n")).await
}

#[rstest]
#[case::long(format!("attributes.city == '{}'", "x".repeat(1100)), "1024")]
#[case::deep(format!("{}attributes.city == ''{}", "(".repeat(400), ")".repeat(400)), "")]
#[case::a_stack_of_nots(format!("{}true", "!".repeat(900)), "")]
#[case::nested_macros("['a'].all(a, ['b'].all(b, a != b))".to_owned(), "")]
#[case::unknown_attribute("attributes.countyr == ''".to_owned(), "did you mean country?")]
#[case::unknown_column("invite.nmae == ''".to_owned(), "did you mean invite.name?")]
#[case::unknown_member("identity.emial == ''".to_owned(), "did you mean identity.email?")]
#[case::unfinished("attributes.city == ".to_owned(), "")]
#[tokio::test]
async fn a_condition_that_is_too_large_or_names_something_unknown_is_an_error(
    #[case] when: String,
    #[case] says: &str,
) {
    let (code, problems) = with_rule(&format!("  attribute = \"city\"\n  when = \"{when}\"")).await;
    assert_eq!((code, problems.len()), (Some(64), 1), "{problems:#?}");
    assert!(problems[0].contains("policies.only.rules.city.when: ") && problems[0].contains(says), "{problems:#?}");
}

#[rstest]
#[case::nothing("  attribute = \"city\"", "the rule does nothing")]
#[case::nobody("  required = true", "neither attribute nor when")]
#[case::a_check_of_the_whole_form(
    "  when = \"true\"\n  required = true",
    "without attribute can only fail by its condition"
)]
#[case::age("  attribute = \"ext.Born\"\n  min_age = 0", "0 is too small: the least is 1")]
#[case::pattern("  attribute = \"city\"\n  pattern = \"[a-\"", "is not a regular expression")]
#[case::a_date("  attribute = \"city\"\n  latest = \"31.12.2026\"", "2026-01-31")]
#[case::outcome("  attribute = \"city\"\n  required = true\n  outcome = \"page\"", "block")]
#[tokio::test]
async fn a_rule_that_makes_no_sense_is_an_error(#[case] rule: &str, #[case] says: &str) {
    let (code, problems) = with_rule(rule).await;
    assert_eq!((code, problems.len()), (Some(64), 1), "{problems:#?}");
    assert!(problems[0].contains("policies.only.rules.") && problems[0].contains(says), "{problems:#?}");
}
