//! The commands an engineer types, as the binary answers them.

use std::path::Path;

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::config::{BETA, GRAPH, config};
use crate::support::function_app::{SECRETS, project, said, shown};

/// The exit code and what was said on standard output. A command that answers writes nothing to standard error.
async fn answered(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let (code, out, err) = said(folder, arguments, &SECRETS).await;
    assert_eq!(err, "", "{arguments:?}");
    assert!(SECRETS.iter().all(|(_, secret)| !out.contains(secret)), "{out}");
    (code, out)
}

#[tokio::test]
async fn check_passes_a_good_configuration_and_counts_what_is_in_it() {
    let folder = project(config());
    let expected = "invites.csv: 2 lines are used, 0 are not\n\
        guestlist.toml can be used: 1 policy, 1 invite source, 2 invitations, 2 connectors, 0 tests passed\n";
    assert_eq!(answered(folder.path(), &["check"]).await, (Some(0), expected.to_owned()));
    let (code, json) = answered(folder.path(), &["check", "--json"]).await;
    assert_eq!(code, Some(0));
    assert_eq!(
        serde_json::from_str::<Value>(&json).unwrap(),
        json!({
            "errors": 0,
            "problems": [],
            "lists": [{ "source": "beta", "file": "invites.csv", "used": 2, "not_used": 0 }],
            "tests": 0,
            "failed_tests": 0,
        })
    );
}

#[tokio::test]
async fn check_passes_the_committed_sample_from_anywhere() {
    let elsewhere = tempfile::tempdir().unwrap();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/guestlist.toml");
    let settings = [&SECRETS[..], &[("GUESTLIST_CONFIG", file)]].concat();
    let (code, out, _) = said(elsewhere.path(), &["check"], &settings).await;
    assert_eq!(code, Some(0), "{out}");
}

/// A configuration with six slips. Sections without one are added behind it.
const SLIPS: &str = r#"[tenant]
id = "aaaabbbb-0000-cccc-1111-dddd2222eeee"
subdomian = "contoso"
extension_app_id = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
[hooks]
audience = ["99999999-2222-3333-4444-555555555555"]
budget = "5s"
[[policies]]
name = "default"
gate = "invite-only"
[[policies.rules]]
attribute = "displayName"
normalize = ["collapse"]
required = true
[[policies.rules]]
attribute = "postalCode"
pattern = "[0-9"
[[connectors]]
name = "news"
kind = "mailchimp"
list = "a1b2c3d4e5"
api_key = { env = "MAILCHIMP_API_KEY" }
when = "user.ext.Newsletter &&"
[[connectors]]
name = "directory"
kind = "profil"
set = { displayName = "{{ user.givenName }}" }
"#;

#[tokio::test]
async fn check_shows_every_error_with_its_place_and_the_nearest_key() {
    let folder = project(format!("{SLIPS}{BETA}{GRAPH}"));
    let (code, said) = answered(folder.path(), &["check"]).await;
    let line_of = |part: &str| SLIPS.lines().position(|line| line.contains(part)).unwrap() + 1;
    let expected = [
        format!("guestlist.toml:{}:1: tenant.subdomian: unknown key: did you mean subdomain?", line_of("subdomian")),
        format!("guestlist.toml:{}:10: hooks.budget: ", line_of("budget")),
        format!(
            "guestlist.toml:{}:1: policies.default.rules.displayName.normalize: unknown key: did you mean normalise?",
            line_of("normalize")
        ),
        format!("guestlist.toml:{}:11: policies.default.rules.postalCode.pattern: ", line_of("pattern")),
        format!("guestlist.toml:{}:8: connectors.directory.kind: \"profil\" is none of ", line_of("\"profil\"")),
        format!("guestlist.toml:{}:8: connectors.news.when: ", line_of("Newsletter &&")),
    ];
    for start in &expected {
        assert!(said.lines().any(|line| line.starts_with(start.as_str())), "{start}\n{said}");
    }
    assert_eq!(code, Some(64));
    assert!(said.ends_with("guestlist.toml has 6 errors\n"), "{said}");
    let (code, json) = answered(folder.path(), &["check", "--json"]).await;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((code, &json["errors"]), (Some(64), &json!(6)));
    let problems: Vec<String> = json["problems"].as_array().unwrap().iter().map(shown).collect();
    assert_eq!(problems, said.lines().take(problems.len()).collect::<Vec<_>>());
    let budget = json["problems"].as_array().unwrap().iter().find(|problem| problem["key"] == "hooks.budget").unwrap();
    let (file, line) = (&budget["file"], &budget["line"]);
    assert_eq!((file, line), (&json!("guestlist.toml"), &json!(line_of("budget"))));
    assert_eq!((&budget["column"], &budget["severity"]), (&json!(10), &json!("error")));
    assert!(budget["setting"].is_null() && !budget["text"].as_str().unwrap().contains("hooks.budget"), "{budget}");
}

#[tokio::test]
async fn check_names_what_a_problem_is_about_wherever_it_is() {
    let folder = project(config());
    std::fs::write(folder.path().join("invites.csv"), "email\nalex@fabrikam.com\nnobody\n").unwrap();
    std::fs::remove_file(folder.path().join(".funcignore")).unwrap();
    let settings = [&SECRETS[..], &[("GUESTLIST__HOOKS__BUDGTE", "1s")]].concat();
    let (code, out, _) = said(folder.path(), &["check", "--json"], &settings).await;
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, json["problems"].as_array().unwrap().len()), (Some(64), 1), "{out}");
    let problem = &json["problems"][0];
    assert_eq!((&problem["setting"], &problem["severity"]), (&json!("GUESTLIST__HOOKS__BUDGTE"), &json!("error")));
    assert!(["file", "line", "column"].iter().all(|name| problem[name].is_null()), "{problem}");
    let (code, out) = answered(folder.path(), &["check", "--json"]).await;
    let json: Value = serde_json::from_str(&out).unwrap();
    let places = json["problems"].as_array().unwrap().iter().map(|problem| {
        assert_eq!((&problem["severity"], &problem["column"]), (&json!("warning"), &Value::Null), "{problem}");
        (problem["file"].as_str().unwrap(), problem["line"].as_u64())
    });
    let places: Vec<_> = places.collect();
    assert_eq!((code, places.as_slice()), (Some(0), &[("invites.csv", Some(3)), (".funcignore", None)][..]), "{out}");
}

#[tokio::test]
async fn check_counts_the_lines_that_are_not_used_and_strict_makes_them_errors() {
    let folder = project(config());
    let list = "email,tags,expires\nalex@fabrikam.com,,\nnobody,,\nsam@fabrikam.com,,soon\nrnike@fabrikam.com,,\nmike@fabrikam.com,,\n";
    std::fs::write(folder.path().join("invites.csv"), list).unwrap();
    let (code, said) = answered(folder.path(), &["check"]).await;
    assert!(code == Some(0) && said.contains("\ninvites.csv: 3 lines are used, 2 are not\n"), "{said}");
    let (code, said) = answered(folder.path(), &["check", "--strict"]).await;
    assert!(code == Some(64) && said.ends_with("guestlist.toml has 2 errors\n"), "{said}");
    assert!(
        said.contains("invites.csv:4: has a date") && said.contains("invites.csv:6: warning: looks like"),
        "{said}"
    );
    let (code, said) = answered(folder.path(), &["check", "--strict", "--json"]).await;
    let json: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((code, &json["errors"]), (Some(64), &json!(2)));
    assert_eq!((&json["lists"][0]["used"], &json["lists"][0]["not_used"]), (&json!(3), &json!(2)));
    // What is wrong with used lines only does not fail a strict check.
    std::fs::write(folder.path().join("invites.csv"), "email\nrnike@fabrikam.com\nmike@fabrikam.com\n").unwrap();
    let (code, said) = answered(folder.path(), &["check", "--strict"]).await;
    assert!(code == Some(0) && said.contains("invites.csv: 2 lines are used, 0 are not\n"), "{said}");
}

#[rstest]
#[case::by_address("alex@fabrikam.com", &[(3, "address", "has a date"), (5, "domain", "has 6 cells")])]
#[case::in_another_form("ALEX@Fabrikam.com", &[(3, "address", "has a date"), (5, "domain", "has 6 cells")])]
#[case::below_a_domain("jo@mail.contoso.org", &[(6, "domain", "apps must be")])]
#[case::as_it_is_pasted("sam@contoso.org", &[(7, "address", "the code is not a digest")])]
#[case::of_a_line_that_is_used("kim@fabrikam.org", &[])]
#[case::of_a_line_without_cells("jo@fabrikam.org", &[])]
#[tokio::test]
async fn explain_names_the_lines_that_are_not_used_and_name_the_person(
    #[case] address: &str,
    #[case] expected: &[(u64, &str, &str)],
) {
    let folder = project(config());
    let list = "email,expires,apps,code\nkim@fabrikam.org,,,\nalex@fabrikam.com,soon,,\nnobody,,,\n\
                @fabrikam.com,,,,,x\n@*.contoso.org,,portal,\nSam <sam@contoso.org>,,,WELCOME\n\"jo@fabrikam.org,,,\n";
    std::fs::write(folder.path().join("invites.csv"), list).unwrap();
    let (_, said) = answered(folder.path(), &["explain", address]).await;
    let lines: Vec<&str> = said.lines().filter(|line| line.contains("  not used ")).collect();
    assert_eq!(lines.len(), expected.len(), "{said}");
    let (_, json) = answered(folder.path(), &["explain", address, "--json"]).await;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["unused_lines"].as_array().unwrap().len(), expected.len(), "{json:#}");
    for (at, (number, names, says)) in expected.iter().enumerate() {
        let whom = if *names == "domain" { "the domain of this address" } else { "this address" };
        let says = format!("line {number} of invites.csv names {whom}, but it is not used: {says}");
        assert!(lines[at].contains(&says), "{says}\n{said}");
        let line = &json["unused_lines"][at];
        assert_eq!(
            (&line["file"], &line["line"], &line["names"]),
            (&json!("invites.csv"), &json!(number), &json!(names))
        );
    }
    let others = ["kim@", "alex@", "sam@", "jo@fabrikam.org", "WELCOME", "nobody"];
    let asked = address.to_lowercase();
    for other in others.iter().filter(|other| !asked.starts_with(*other)) {
        assert!(!said.contains(other) && !json.to_string().contains(other), "{other}\n{said}");
    }
}

#[tokio::test]
async fn check_fails_for_missing_secrets_and_names_the_settings() {
    let folder = project(config());
    let unresolved = [("MAILCHIMP_API_KEY", "@Microsoft.KeyVault(SecretUri=https://x/)")];
    let (code, said, _) = said(folder.path(), &["check"], &unresolved).await;
    assert_eq!(code, Some(64), "{said}");
    for (name, _) in SECRETS {
        assert!(said.lines().any(|line| line.contains(name)), "{name}\n{said}");
    }
    assert!(said.contains("Key Vault") && said.ends_with("guestlist.toml has 3 errors\n"), "{said}");
}

#[tokio::test]
async fn check_reports_bad_lines_of_an_invite_list_with_their_numbers_and_uses_the_rest() {
    let folder = project(config());
    let list = "email,name,expires\nalex@fabrikam.com,Alex,\nno-address,Nobody,\nsam@fabrikam.com,Sam,soon\n\"jo@fabrikam.com\",Jo,2099-01-01\n";
    std::fs::write(folder.path().join("invites.csv"), list).unwrap();
    let (code, said) = answered(folder.path(), &["check"]).await;
    assert_eq!(code, Some(0), "{said}");
    for line in [3, 4] {
        assert!(said.contains(&format!("invites.csv:{line}: warning: ")), "{said}");
    }
    assert!(!said.contains("no-address") && !said.contains("sam@"), "a cell is shown: {said}");
    assert!(said.contains("2 invitations"), "{said}");
    std::fs::remove_file(folder.path().join("invites.csv")).unwrap();
    let (code, said) = answered(folder.path(), &["check"]).await;
    assert!(code == Some(64) && said.contains("invites.beta: invites.csv: cannot be read"), "{said}");
}

const PORTAL: &str = "44444444-5555-6666-7777-888888888888";
const SHOP: &str = "44444444-5555-6666-7777-999999999999";
const STRANGE: &str = "44444444-5555-6666-7777-aaaaaaaaaaaa";

/// A policy for one app, a closed one for another, and none for any other.
fn per_app() -> tempfile::TempDir {
    let shop = format!("[[policies]]\nname = \"shop\"\napps = [\"{SHOP}\"]\ngate = \"closed\"");
    let folder = project(config().add("policies.default.apps", vec![PORTAL]).and(shop));
    let list = "email,name,expires,valid_from,apps\nalex@fabrikam.com,Alex,,,\nold@fabrikam.com,Old,2020-01-31,,\n";
    std::fs::write(folder.path().join("invites.csv"), list).unwrap();
    folder
}

#[rstest]
#[case::invited("alex@fabrikam.com", PORTAL, "admitted", "invitation", "prefill")]
#[case::in_any_case("ALEX@Fabrikam.COM", PORTAL, "admitted", "invitation", "prefill")]
#[case::allowed("anybody@contoso.com", PORTAL, "admitted", "allow", "prefill")]
#[case::uninvited("nobody@example.org", PORTAL, "refused", "not-invited", "refuse")]
#[case::denied("anybody@mailinator.com", PORTAL, "refused", "denied", "refuse")]
#[case::expired("old@fabrikam.com", PORTAL, "refused", "invitation-expired", "refuse")]
#[case::closed("alex@fabrikam.com", SHOP, "refused", "closed", "refuse")]
#[case::no_policy("alex@fabrikam.com", STRANGE, "refused", "no-policy", "refuse")]
#[case::no_address("alex", PORTAL, "refused", "no-address", "refuse")]
#[tokio::test]
async fn explain_says_what_would_be_decided_and_why(
    #[case] address: &str,
    #[case] app: &str,
    #[case] verdict: &str,
    #[case] reason: &str,
    #[case] action: &str,
) {
    let folder = per_app();
    let (code, said) = answered(folder.path(), &["explain", address, "--app", app]).await;
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(said.lines().next().unwrap(), format!("{address}: {verdict}, {reason}"));
    assert!(said.contains("\n  policy") && said.contains("\n  answer"), "{said}");
    let (code, json) = answered(folder.path(), &["explain", address, "--app", app, "--json"]).await;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(code, Some(0));
    assert_eq!(json["admitted"], verdict == "admitted");
    assert_eq!((&json["reason"], &json["action"]), (&json!(reason), &json!(action)));
    assert_eq!(json["answer"]["data"]["actions"].as_array().unwrap().len(), 1);
    assert!(!json["steps"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn explain_shows_the_page_in_the_persons_language() {
    let folder = project(config());
    let (_, english) = answered(folder.path(), &["explain", "nobody@example.org"]).await;
    assert!(english.contains("By invitation only"), "{english}");
    let (_, german) = answered(folder.path(), &["explain", "nobody@example.org", "--locale", "de-AT"]).await;
    assert!(german.contains("nobody@example.org steht nicht auf der Liste."), "{german}");
}

#[tokio::test]
async fn explain_needs_a_configuration_that_can_be_used() {
    let folder = project("[tenant]\n");
    let (code, out, err) = said(folder.path(), &["explain", "alex@fabrikam.com"], &SECRETS).await;
    let said = out + &err;
    assert_eq!(code, Some(64), "{said}");
    assert!(said.contains("guestlist.toml:1:1: tenant.id: this key is missing"), "{said}");
}

#[rstest]
#[case(&["frobnicate"], "unrecognized subcommand")]
#[case(&["chekc"], "check")]
#[case(&["explain"], "<EMAIL>")]
#[case(&["explain", "alex@fabrikam.com", "--app", "portal"], "--app")]
#[case(&["explain", "alex@fabrikam.com", "sam@fabrikam.com"], "unexpected argument")]
#[case(&["check", "--jsno"], "--json")]
#[case(&["serve", "--port", "1"], "--port")]
#[tokio::test]
async fn a_wrong_command_line_is_code_64_and_a_hint(#[case] arguments: &[&str], #[case] hint: &str) {
    let folder = project(config());
    let (code, out, err) = said(folder.path(), arguments, &SECRETS).await;
    assert_eq!((code, out.as_str()), (Some(64), ""));
    assert!(err.contains(hint), "{err}");
}

#[rstest]
#[case(&["--help"], "Usage: guestlist [COMMAND]")]
#[case(&["explain", "--help"], "Usage: guestlist explain [OPTIONS] [EMAIL]")]
#[case(&["--version"], concat!("guestlist ", env!("CARGO_PKG_VERSION"), "\n"))]
#[tokio::test]
async fn help_and_version_are_answers(#[case] arguments: &[&str], #[case] says: &str) {
    let nowhere = tempfile::tempdir().unwrap();
    let (code, said) = answered(nowhere.path(), arguments).await;
    assert!(code == Some(0) && said.contains(says), "{code:?} {said}");
}

#[tokio::test]
async fn a_public_mail_provider_in_allow_or_in_a_list_is_pointed_out() {
    let allow = vec!["@contoso.com", "@Yahoo.co.uk", "jo@gmail.com"];
    let folder = project(config().set("policies.default.deny", vec!["@gmx.de"]).set("policies.default.allow", allow));
    let list = "email\nalex@fabrikam.com\n@gmail.com\njo@gmail.com\n@*.outlook.com\n";
    std::fs::write(folder.path().join("invites.csv"), list).unwrap();
    let (code, said) = answered(folder.path(), &["check"]).await;
    assert_eq!(code, Some(0), "{said}");
    let warnings: Vec<&str> = said.lines().filter(|line| line.contains("public mail provider")).collect();
    assert!(warnings[0].contains("warning: policies.default.allow: @yahoo.co.uk is the domain"), "{said}");
    assert!(warnings[1].starts_with("invites.csv:3: warning: invites everyone who has an address"), "{said}");
    assert!(warnings[2].starts_with("invites.csv:5: warning: ") && warnings.len() == 3, "{said}");
}

#[tokio::test]
async fn a_list_that_invites_a_public_suffix_fails_the_check() {
    let folder = project(config());
    std::fs::write(folder.path().join("invites.csv"), "email\nalex@fabrikam.com\n@*.kawasaki.jp\n").unwrap();
    let (code, said) = answered(folder.path(), &["check"]).await;
    assert!(code == Some(64) && said.contains("invites.csv:3: invites a public suffix"), "{said}");
}
