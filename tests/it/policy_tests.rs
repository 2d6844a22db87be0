//! `[[tests]]` of a configuration: tests that pass, tests that fail and what is shown then, and entries that are no
//! tests.

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::config::{BETA, Config, GRAPH, TENANT, invite_only};
use crate::support::function_app::{project, said, shown};

/// A policy with codes, a rule and a page, and its list.
const POLICY: &str = r#"
[[policies]]
name = "default"
gate = "invite-only"
allow = ["@contoso.com"]
deny = ["@mailinator.com"]
invitation_code = "ext.InvitationCode"
prefill = { country = "AU", displayName = "{{ invite.name }}" }
  [[policies.rules]]
  attribute = "displayName"
  normalise = ["collapse"]
  required = true
[messages.en]
denied = { title = "By invitation only", text = "{{ email }} is not on the list of {{ app.name }}." }
[messages.de]
denied = "Nein."
"#;

/// The configuration before its tests, as its lines are counted.
fn before() -> String {
    [TENANT, BETA, POLICY, GRAPH].concat()
}

/// What `check` says of the policy with these tests: the exit code and the text. It is said as JSON, too.
async fn checked(tests: &str) -> (Option<i32>, String, Value) {
    let folder = project(before() + tests);
    let secret = [("GUESTLIST_GRAPH_SECRET", "x")];
    let (code, out, err) = said(folder.path(), &["check"], &secret).await;
    let (code_of_json, json, _) = said(folder.path(), &["check", "--json"], &secret).await;
    assert_eq!((code, err.as_str()), (code_of_json, ""));
    assert!(!folder.path().join(".guestlist").exists());
    (code, out, serde_json::from_str(&json).unwrap())
}

/// Tests of every key; the columns of a list and a moment among them.
const RIGHT: &str = r#"
[[tests]]
name = "an invited person of the real list"
given = { email = "Alex@Fabrikam.com" }
expect = { action = "prefill", reason = "invitation", values = { displayName = "Alex Fabrikam", jobTitle = "Engineer", country = "AU" } }
[[tests]]
name = "with the lists empty nobody is invited"
given = { email = "alex@fabrikam.com", no_invitations = true }
expect = { action = "prefill", reason = "needs-code" }
[[tests]]
name = "an invitation of the test's own"
expect = { action = "prefill", values = { jobTitle = "Editor" } }
  [tests.given]
  email = "jo@example.org"
  invitation = { jobTitle = "Editor", expires = "2026-11-30" }
  at = "2026-11-30T23:59:59Z"
[[tests]]
name = "and once it is over"
expect = { action = "prefill", reason = "needs-code" }
  [tests.given]
  email = "jo@example.org"
  invitation = { jobTitle = "Editor", expires = "2026-11-30" }
  at = "2026-12-01"
[[tests]]
name = "the page in English"
given = { email = "jo@mailinator.com", app_name = "Contoso" }
expect = { action = "refuse", reason = "denied", title = "By invitation only", message = "jo@mailinator.com is not on the list of Contoso." }
[[tests]]
name = "and in German"
given = { email = "jo@mailinator.com", locale = "de-CH" }
expect = { action = "refuse", message = "Nein." }
[[tests]]
name = "a form without a name"
hook = "submit"
given = { email = "ada@contoso.com", attributes = { displayName = " " } }
expect = { action = "reject", reason = "rules", message = "Please correct the marked fields.", errors = { displayName = "This field is required." } }
[[tests]]
name = "the form begins with what Start filled in"
hook = "submit"
given = { email = "alex@fabrikam.com" }
expect = { action = "continue", reason = "invitation" }
[[tests]]
name = "and what is typed goes over it"
hook = "submit"
given = { email = "alex@fabrikam.com", attributes = { displayName = " " } }
expect = { action = "reject", errors = { displayName = "This field is required." } }
[[tests]]
name = "a name is tidied"
hook = "submit"
given = { email = "ada@contoso.com", attributes = { displayName = " Ada  L " } }
expect = { action = "modify", values = { displayName = "Ada L" } }
[[tests]]
name = "nothing to change"
hook = "submit"
given = { email = "ada@contoso.com", attributes = { displayName = "Ada" } }
expect = { action = "continue", reason = "allow" }
"#;

/// A test of a code.
fn of_a_code(kind: &str, action: &str, reason: &str) -> String {
    format!(
        "[[tests]]\nname = \"{kind}\"\nhook = \"submit\"\nexpect = {{ action = \"{action}\", reason = \"{reason}\" }}\n\
         given = {{ email = \"jo@example.org\", code = \"{kind}\", attributes = {{ displayName = \"Jo\" }} }}\n"
    )
}

#[tokio::test]
async fn tests_that_pass_are_counted() {
    let codes = [
        of_a_code("valid", "modify", "code"),
        of_a_code("wrong", "reject", "code-wrong"),
        of_a_code("expired", "reject", "code-expired"),
        of_a_code("not-yet-valid", "reject", "code-not-yet-valid"),
        of_a_code("used-up", "reject", "code-used-up"),
    ];
    let (code, said, json) = checked(&format!("{RIGHT}{}", codes.concat())).await;
    assert_eq!(code, Some(0), "{said}");
    assert!(said.ends_with(", 16 tests passed\n"), "{said}");
    assert_eq!((&json["errors"], &json["problems"]), (&json!(0), &json!([])));
    assert_eq!((&json["tests"], &json["failed_tests"]), (&json!(16), &json!(0)));
}

#[rstest]
#[case::action("\"refuse\", reason = \"denied\"", "\"continue\", reason = \"denied\"", &["- action = \"continue\"", "+ action = \"refuse\""])]
#[case::reason("reason = \"allow\"", "reason = \"open\"", &["- reason = \"open\"", "+ reason = \"allow\""])]
#[case::title("title = \"By invitation only\"", "title = \"No\"", &["- title = \"No\"", "+ title = \"By invitation only\""])]
#[case::message("message = \"Nein.\"", "message = \"Doch.\"", &["- message = \"Doch.\"", "+ message = \"Nein.\""])]
#[case::value("values = { jobTitle = \"Editor\"", "values = { jobTitle = \"Author\"", &["- values.jobTitle = \"Author\"", "+ values.jobTitle = \"Editor\""])]
#[case::value_that_is_not_there("country = \"AU\"", "city = \"Oslo\"", &["- values.city = \"Oslo\"", "+ values.city = \"(none)\""])]
#[case::error("errors = { displayName = \"This", "errors = { displayName = \"The", &["- errors.displayName = \"The field is required.\"", "+ errors.displayName = \"This field is required.\""])]
#[case::errors("errors = { displayName = \"This field is required.\" }", "errors = { }", &["- errors.displayName = \"(none)\"", "+ errors.displayName = \"This field is required.\""])]
#[case::hook("email = \"jo@mailinator.com\", locale", "email = \"ada@contoso.com\", locale", &["- action = \"refuse\"", "+ action = \"prefill\""])]
#[tokio::test]
async fn a_test_that_fails_shows_what_was_expected_and_what_was_found(
    #[case] right: &str,
    #[case] wrong: &str,
    #[case] lines: &[&str],
) {
    let (before, after) = RIGHT.rsplit_once(right).unwrap();
    let tests = format!("{before}{wrong}{after}");
    let (code, said, json) = checked(&tests).await;
    assert_eq!(code, Some(1), "{said}");
    for line in lines {
        assert!(said.lines().any(|own| own.trim() == *line), "{line}\n{said}");
    }
    assert!(said.ends_with("guestlist.toml does not do what its tests expect: 1 of 11 failed\n"), "{said}");
    assert_eq!((&json["failed_tests"], &json["tests"], &json["errors"]), (&json!(1), &json!(11), &json!(0)));
    // At the name of the test.
    let before = self::before() + before;
    let line = before.lines().enumerate().filter(|(_, line)| line.starts_with("name = ")).last().unwrap().0 + 1;
    let place = format!("guestlist.toml:{line}:8: tests.");
    assert!(shown(&json["problems"][0]).starts_with(&place), "{place}\n{json:#}");
}

#[tokio::test]
async fn a_test_of_the_form_for_somebody_refused_at_start_fails_and_says_so() {
    let tests = "[[tests]]\nname = \"no\"\nhook = \"submit\"\ngiven = { email = \"jo@mailinator.com\" }\nexpect = { action = \"refuse\" }\n";
    let (code, said, _) = checked(tests).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("- hook = \"submit\"") && said.contains("+ hook = \"start, where the person is refused\""),
        "{said}"
    );
}

#[rstest]
#[case::reason(
    "expect = { action = \"refuse\", reason = \"not-invted\" }",
    "expect.reason: ",
    "did you mean not-invited?"
)]
#[case::action("expect = { action = \"block\" }", "expect.action: ", "refuse")]
#[case::no_action("expect = { reason = \"denied\" }", "expect.action: ", "missing")]
#[case::attribute("given = { attributes = { countyr = \"AU\" } }", "given.attributes: ", "did you mean country?")]
#[case::value(
    "expect = { action = \"prefill\", values = { countyr = \"AU\" } }",
    "expect.values: ",
    "did you mean country?"
)]
#[case::error(
    "expect = { action = \"reject\", errors = { countyr = \"x\" } }",
    "expect.errors: ",
    "did you mean country?"
)]
#[case::date("given = { at = \"21.11.2026\" }", "given.at: ", "2026-12-31T18:00:00Z")]
#[case::key("given = { emial = \"jo@example.org\" }", "given.emial: ", "did you mean email?")]
#[case::own_key("hok = \"submit\"", "hok: ", "did you mean hook?")]
#[case::hook("hook = \"end\"", "hook: ", "submit")]
#[case::code("given = { code = \"7Q4M-0ZKD-3XWT-PB9H\" }", "given.code: ", "valid")]
#[case::source("given = { email_source = \"identty\" }", "given", "did you mean identity?")]
#[case::app("given = { app = \"portal\" }", "given.app: ", "")]
#[case::ip("given = { ip = \"localhost\" }", "given.ip: ", "203.0.113.7")]
#[case::both("given = { invitation = { tags = \"x\" }, no_invitations = true }", "given: ", "remove no_invitations")]
#[tokio::test]
async fn a_test_that_makes_no_sense_is_an_error_of_the_configuration(
    #[case] line: &str,
    #[case] key: &str,
    #[case] says: &str,
) {
    let expect = if line.starts_with("expect") { "" } else { "expect = { action = \"refuse\" }\n" };
    let (code, said, json) = checked(&format!("[[tests]]\nname = \"a\"\n{line}\n{expect}")).await;
    assert_eq!(code, Some(64), "{said}");
    let place = format!("guestlist.toml:{}:", before().lines().count() + 3);
    let problem = shown(&json["problems"][0]);
    assert!(problem.starts_with(&place), "{place} {problem}");
    assert!(problem.contains(&format!(": tests.a.{key}")) && problem.contains(says), "{problem}");
    assert_eq!(json["errors"], 1, "{json:#}");
}

#[tokio::test]
async fn two_tests_of_one_name_are_an_error() {
    let one = "[[tests]]\nname = \"a\"\nexpect = { action = \"refuse\" }\n";
    let (code, said, _) = checked(&one.repeat(2)).await;
    assert!(code == Some(64) && said.contains("the name \"a\" occurs twice"), "{said}");
}

#[tokio::test]
async fn a_column_of_a_tests_invitation_that_means_nothing_fails_the_test() {
    let tests = "[[tests]]\nname = \"a\"\ngiven = { email = \"jo@example.org\", invitation = { expires = \"soon\" } }\nexpect = { action = \"prefill\" }\n";
    let (code, said, _) = checked(tests).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("tests.a: the invitation has a date that is neither 2026-12-31 nor"), "{said}");
}

/// A part of a test that has no effect would let it pass whatever the policy does.
#[rstest]
#[case::column("given = { email = \"jo@example.org\", invitation = { expiers = \"2020-01-01\" } }", "\"expiers\"")]
#[case::code("given = { email = \"jo@example.org\", code = \"wrong\" }", "has no invitation_code")]
#[case::source("given = { email = \"jo@example.org\", email_source = \"federated-id\" }", "email_sources")]
#[tokio::test]
async fn a_test_with_a_part_that_has_no_effect_fails(#[case] given: &str, #[case] says: &str) {
    let tests = format!("[[tests]]\nname = \"a\"\n{given}\nexpect = {{ action = \"refuse\" }}\n");
    let folder = project(Config::from(TENANT).and(invite_only()).and(tests));
    let (code, said, _) = said(folder.path(), &["check"], &[]).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("tests.a: given.") && said.contains(says), "{said}");
}

#[tokio::test]
async fn what_a_policy_that_only_reports_would_do_can_be_expected() {
    let tests = "[[tests]]\nname = \"a\"\ngiven = { email = \"jo@example.org\" }\n\
        expect = { action = \"continue\", reason = \"not-invited\", reported = \"refuse\" }\n";
    let policy = invite_only().add("policies.default.mode", "report");
    let folder = project(Config::from(TENANT).and(policy).and(tests));
    let (code, out, _) = said(folder.path(), &["check"], &[]).await;
    assert_eq!(code, Some(0), "{out}");
}
