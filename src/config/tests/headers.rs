//! Misspelt headers of lists: one message each, and what stands below them is read.

use rstest::rstest;

use super::sample::{GRAPH, NEWS, Sample, TENANT_AND_HOOKS};

/// Two policies, the first of which has two rules, with their texts, a list, a test and two connectors.
const POLICIES: &str = r#"
[[policies]]
name = "portal"
apps = ["44444444-5555-6666-7777-888888888888"]
gate = "open"
  [policies.prefill]
  country = "AU"
  [[policies.rules]]
  attribute = "postalCode"
  pattern = "[0-9]{4}"
  message = "postal-code"
  [[policies.rules]]
  attribute = "city"
  required = true
  message = "city"
[[policies]]
name = "default"
gate = "open"
[messages.en]
postal-code = "Four digits."
city = "Say the city."
[[invites]]
name = "alpha"
source = "invites.csv"
[[invites]]
name = "beta"
source = "invites.csv"
[[tests]]
name = "one"
expect = { action = "continue" }
[[tests]]
name = "two"
expect = { action = "continue" }
"#;

/// A second connector, which runs after the first.
const DIRECTORY: &str = r#"
[[connectors]]
name = "directory"
kind = "profile"
after = ["news"]
set = { city = "{{ results.news.id }}" }
"#;

fn problems(changes: &[(&str, &str)]) -> Vec<String> {
    let mut text = [TENANT_AND_HOOKS, POLICIES, GRAPH, NEWS, "consent = \"all\"\n", DIRECTORY].concat();
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replacen(from, to, 1);
    }
    Sample::new(&text).with("KEY", "x-us1").problems()
}

#[test]
fn nothing_is_wrong_without_a_mistake() {
    assert_eq!(problems(&[]), [""; 0]);
}

/// Every header of a list of policies is misspelt, so `[[policies.rules]]` stands alone.
const ALL: [(&str, &str); 2] =
    [("[[policies]]\nname = \"portal\"", "[[policy]]\nname = \"portal\""), ("[[policies]]", "[[policy]]")];

#[test]
fn a_misspelt_list_has_what_stands_below_its_right_name() {
    let seen = problems(&ALL);
    assert!(seen.len() == 1 && seen[0].contains(": policy: unknown key: did you mean policies?"), "{seen:#?}");
}

#[rstest]
#[case::rule("  attribute = \"postalCode\"", "  attribut = \"postalCode\"", "policies.portal.rules.")]
#[case::pattern("[0-9]{4}", "[0-9", "policies.portal.rules.postalCode.pattern: ")]
#[case::prefill("country = ", "contry = ", "policies.portal.prefill: ")]
#[case::text("message = \"city\"", "message = \"cty\"", "policies.portal.rules.city.message: ")]
#[case::gate("\"open\"\n  [pol", "\"opne\"\n  [pol", "policies.portal.gate: ")]
fn a_misspelt_list_hides_no_other_mistake(#[case] from: &str, #[case] to: &str, #[case] says: &str) {
    let seen = problems(&[ALL[0], ALL[1], (from, to)]);
    let others: Vec<&String> = seen.iter().filter(|line| !line.contains(": policy: unknown key")).collect();
    assert!(seen.len() == 2 && others.len() == 1 && others[0].contains(says), "{seen:#?}");
}

/// One of several headers is misspelt, and something below it is wrong as well.
#[rstest]
#[case::policy(
    "[[policies]]\nname = \"default\"\ngate",
    "[[policy]]\nname = \"default\"\ngaet",
    "did you mean policies?",
    "gaet"
)]
#[case::rule(
    "[[policies.rules]]\n  attribute = \"city\"\n  required",
    "[[policies.rule]]\n  attribute = \"city\"\n  requird",
    "did you mean rules?",
    "requird"
)]
#[case::first_rule(
    "[[policies.rules]]\n  attribute = \"postalCode\"\n  pattern",
    "[[policies.rule]]\n  attribute = \"postalCode\"\n  patern",
    "did you mean rules?",
    "patern"
)]
#[case::invites(
    "[[invites]]\nname = \"beta\"\nsource",
    "[[invite]]\nname = \"beta\"\nsorce",
    "did you mean invites?",
    "sorce"
)]
#[case::tests("[[tests]]\nname = \"two\"\nexpect", "[[test]]\nname = \"two\"\nexpct", "did you mean tests?", "expct")]
#[case::connectors(
    "[[connectors]]\nname = \"news\"\nkind = \"mailchimp\"\napi_key",
    "[[conectors]]\nname = \"news\"\nkind = \"mailchimp\"\napi_ky",
    "did you mean connectors?",
    "api_ky"
)]
fn one_of_several_headers_may_be_misspelt(
    #[case] from: &str,
    #[case] to: &str,
    #[case] says: &str,
    #[case] own_key: &str,
) {
    let header = |text: &str| text.lines().next().unwrap().to_owned();
    let only_the_header = from.replacen(&header(from), &header(to), 1);
    let seen = problems(&[(from, &only_the_header)]);
    assert!(seen.len() == 1 && seen[0].contains(says), "{seen:#?}");
    let seen = problems(&[(from, to)]);
    let own = |line: &&String| line.contains(&format!(".{own_key}: unknown key"));
    assert!(seen.len() == 2 && seen.iter().filter(own).count() == 1, "{seen:#?}");
}

/// The first policy that fits decides, so the order of the file counts, whichever header is misspelt.
#[test]
fn the_members_stay_in_the_order_of_the_file() {
    let seen = problems(&[
        ("  [policies.prefill]\n  country = \"AU\"\n", ""),
        ("  [[policies.rules]]\n", "  [[policy.rules]]\n"),
        ("  [[policies.rules]]\n", "  [[policy.rules]]\n"),
        ("[[policies]]", "[[policy]]"),
    ]);
    assert!(seen.len() == 1 && seen[0].contains("did you mean policies?"), "{seen:#?}");
}
