//! Files that are published to Azure, and what `check` says before they are: about files that would be missing there,
//! and about keys that cannot work there.

use std::path::Path;

use guestlist_emulator::host::published;
use rstest::rstest;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::config::{config, hooks_only, value};
use crate::support::function_app::{SECRETS, committed, project, said};

const AZURE: (&str, &str) = ("WEBSITE_INSTANCE_ID", "0f1e2d3c");

/// Exit code and all that `check` says.
async fn check(folder: &Path, settings: &[(&str, &str)]) -> (Option<i32>, String) {
    let (code, out, err) = said(folder, &["check"], &[&SECRETS, settings].concat()).await;
    (code, out + &err)
}

fn write(folder: &TempDir, path: &str, text: &str) {
    let path = folder.path().join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// The rules that `check` proposes in what it said, one in each line.
fn remedy(said: &str) -> String {
    said.split_once(": add ").unwrap().1.split_once(" at its end").unwrap().0.replace(" and ", "\n")
}

/// A function app with the rules of the sample.
fn sample() -> TempDir {
    let folder = project(config());
    write(&folder, ".funcignore", &committed(".funcignore"));
    write(&folder, "guestlist", "the executable");
    folder
}

/// A text without one of its lines. Panics if it has no such line.
fn without_line(text: &str, line: &str) -> String {
    assert!(text.lines().any(|own| own == line), "no line {line}");
    text.split_inclusive('\n').filter(|own| own.trim_end() != line).collect()
}

const WANTED: [&str; 8] = [
    "Health/function.json",
    "OnAttributeCollectionStart/function.json",
    "OnAttributeCollectionSubmit/function.json",
    "UpdateNewAccounts/function.json",
    "guestlist",
    "guestlist.toml",
    "host.json",
    "invites.csv",
];

#[tokio::test]
async fn only_what_is_named_is_published_whatever_lies_about() {
    let folder = sample();
    let strays = [
        "codes.txt",
        "codes-2026.csv",
        "Copy of invites.csv",
        "invites (1).csv",
        "invites-old.csv",
        "partners.csv",
        "Guests 2026.xlsx",
        ".env",
        "local.settings.json",
        ".guestlist/started.json",
        "state/started.json",
        "src/main.rs",
        "target/debug/guestlist",
        "docs/invites.csv",
        "examples/invite-only-beta/invites.csv",
        "backup/guestlist.toml",
    ];
    for stray in strays {
        write(&folder, stray, "ada@contoso.com\n");
    }
    assert_eq!(published(folder.path()).unwrap(), WANTED);
    let (code, said) = check(folder.path(), &[]).await;
    assert!(code == Some(0) && !said.contains("funcignore"), "{said}");
}

#[tokio::test]
async fn copies_that_func_publishes_all_the_same_fail_the_check() {
    let folder = sample();
    for copy in ["guestlist 2026.xlsx", "invites.csv.bak", "guestlist-old/invites.csv"] {
        write(&folder, copy, "ada@contoso.com\n");
    }
    assert_eq!(published(folder.path()).unwrap().len(), WANTED.len() + 3);
    let (code, said) = check(folder.path(), &[]).await;
    assert_eq!(code, Some(64), "{said}");
    for copy in ["guestlist 2026.xlsx", "invites.csv.bak", "guestlist-old/"] {
        let error = format!(".funcignore: keeps {copy} out, but `func` publishes it all the same");
        assert!(said.contains(&error), "{said}");
    }
    assert!(said.ends_with("guestlist.toml has 3 errors\n"), "{said}");
}

#[rstest]
#[case("Health/codes.txt")]
#[case("OnAttributeCollectionStart/notes.md")]
#[case("UpdateNewAccounts/old/function.json")]
#[tokio::test]
async fn a_file_beside_a_function_json_fails_the_check(#[case] stray: &str) {
    let folder = sample();
    write(&folder, stray, "7Q4M-0ZKD-3XWT-PB9H\n");
    assert_eq!(published(folder.path()).unwrap().len(), WANTED.len() + 1);
    let (code, said) = check(folder.path(), &[]).await;
    assert_eq!((code, said.contains(&format!(".funcignore: lets in {stray}"))), (Some(64), true), "{said}");
    assert!(said.ends_with("guestlist.toml has 1 error\n"), "{said}");
}

#[rstest]
#[case("codes.txt")]
#[case("Codes/press.txt")]
#[case("lists/Guests 2026.xlsx")]
#[case("invites (1).csv")]
#[case("invites.csv~")]
#[tokio::test]
async fn codes_copied_lists_and_workbooks_that_would_be_published_fail_the_check(#[case] stray: &str) {
    let folder = project(config());
    write(&folder, stray, "ada@contoso.com\n");
    let (code, said) = check(folder.path(), &[]).await;
    assert_eq!((code, said.contains(&format!(".funcignore: lets in {stray}"))), (Some(64), true), "{said}");
    write(&folder, ".funcignore", &committed(".funcignore"));
    let (code, said) = check(folder.path(), &[]).await;
    assert!(code == Some(0) || stray == "invites.csv~", "{said}");
}

#[tokio::test]
async fn without_rules_everything_would_be_published_which_is_an_error_on_azure_and_a_warning_elsewhere() {
    let folder = project(hooks_only());
    std::fs::remove_file(folder.path().join(".funcignore")).unwrap();
    let (code, said) = check(folder.path(), &[]).await;
    assert!(code == Some(0) && said.contains(".funcignore: warning: is missing: "), "{said}");
    let (code, said) = check(folder.path(), &[AZURE]).await;
    assert!(code == Some(64) && said.contains(".funcignore: is missing: "), "{said}");
    // There is no package without it.
    std::fs::remove_file(folder.path().join("host.json")).unwrap();
    let (code, said) = check(folder.path(), &[AZURE]).await;
    assert!(code == Some(0) && !said.contains("funcignore"), "{said}");
}

#[rstest]
#[case("host.json", "host.json")]
#[case("guestlist", "guestlist")]
#[case("Health/", "Health/function.json")]
#[case("UpdateNewAccounts/", "UpdateNewAccounts/function.json")]
#[tokio::test]
async fn files_that_the_host_needs_have_to_be_published(#[case] line: &str, #[case] path: &str) {
    let folder = sample();
    let rules = without_line(&committed(".funcignore"), &format!("!/{line}"));
    write(&folder, ".funcignore", &rules);
    let (code, said) = check(folder.path(), &[]).await;
    let error = format!(".funcignore keeps {path} out of what is published");
    assert_eq!((code, said.contains(&error)), (Some(64), true), "{said}");
    let remedy = remedy(&said);
    write(&folder, ".funcignore", &format!("{rules}\n{remedy}\n"));
    assert_eq!(check(folder.path(), &[]).await.0, Some(0), "{remedy}");
}

#[tokio::test]
async fn the_executable_is_the_one_that_host_json_names() {
    let folder = sample();
    let mut host: Value = serde_json::from_str(&committed("host.json")).unwrap();
    let executable = host.pointer_mut("/customHandler/description/defaultExecutablePath").unwrap();
    assert_eq!(executable.take(), "guestlist");
    *executable = "bin/handler".into();
    write(&folder, "host.json", &host.to_string());
    let (code, said) = check(folder.path(), &[]).await;
    assert!(code == Some(64) && said.contains(".funcignore keeps bin/handler out"), "{said}");
    // A file that the host cannot read names no executable.
    write(&folder, "host.json", "{");
    assert_eq!(check(folder.path(), &[]).await.0, Some(0));
}

#[rstest]
#[case("*.csv", "invites.beta.source: .funcignore keeps invites.csv out of what is published: add !/invites.csv")]
#[case(
    "/*\n!/host.json\n!/guestlist\n!/guestlist.toml\n!/secrets/\n!/Health/\n!/On*\n!/UpdateNewAccounts/\n",
    "keeps invites.csv out"
)]
#[case("!invites.csv\n*.csv\n", "keeps invites.csv out")]
#[case("inv\n", "keeps invites.csv out of what is published (`func` takes each of its lines for the beginning")]
#[case("secrets/\n", "keeps secrets/graph.txt out of what is published: add !/secrets/ and !/secrets/graph.txt")]
#[case("*.txt\n", "graph.credential.client_secret: .funcignore keeps secrets/graph.txt out")]
#[case("*.toml\n", "guestlist.toml: .funcignore keeps guestlist.toml out")]
#[tokio::test]
async fn a_file_that_the_configuration_names_and_that_is_not_published_fails_the_check(
    #[case] rules: &str,
    #[case] says: &str,
) {
    let secret = value(r#"{ file = "secrets/graph.txt" }"#);
    let folder = project(config().set("graph.credential.client_secret", secret));
    write(&folder, "secrets/graph.txt", "s3cr3t");
    let (code, said) = check(folder.path(), &[]).await;
    assert_eq!(code, Some(0), "everything is published: {said}");
    write(&folder, ".funcignore", rules);
    let (code, said) = check(folder.path(), &[]).await;
    assert_eq!((code, said.contains(says)), (Some(64), true), "{said}");
    assert!(said.ends_with("guestlist.toml has 1 error\n"), "{said}");
    // The remedy that it names works.
    let remedy = remedy(&said);
    write(&folder, ".funcignore", &format!("{rules}\n{remedy}\n"));
    assert_eq!(check(folder.path(), &[]).await.0, Some(0), "{remedy}");
}

#[tokio::test]
async fn a_configuration_elsewhere_in_the_app_is_published_with_its_lists() {
    let folder = project(config());
    for file in ["guestlist.toml", "invites.csv"] {
        std::fs::create_dir_all(folder.path().join("beta")).unwrap();
        std::fs::rename(folder.path().join(file), folder.path().join("beta").join(file)).unwrap();
    }
    let elsewhere = [("GUESTLIST_CONFIG", "beta/guestlist.toml")];
    write(&folder, ".funcignore", &committed(".funcignore"));
    let (code, said) = check(folder.path(), &elsewhere).await;
    assert_eq!(code, Some(64), "{said}");
    assert!(said.contains("keeps beta/guestlist.toml out") && said.contains("keeps beta/invites.csv out"), "{said}");
    write(&folder, ".funcignore", &(committed(".funcignore") + "!/beta/\n"));
    assert_eq!(check(folder.path(), &elsewhere).await.0, Some(0));
}

#[tokio::test]
async fn a_path_that_leads_out_of_the_app_cannot_work_on_azure() {
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("invites.csv"), "email\nada@contoso.com\n").unwrap();
    let mounted = outside.path().join("invites.csv").display().to_string();
    let name = outside.path().file_name().unwrap().to_str().unwrap().to_owned();
    for (source, fails) in [(format!("../{name}/invites.csv"), true), (mounted, false)] {
        let folder = project(hooks_only().set("invites.beta.source", source.as_str()));
        // Nothing names the list that lies in the folder.
        std::fs::remove_file(folder.path().join("invites.csv")).unwrap();
        assert_eq!(check(folder.path(), &[]).await.0, Some(0), "{source}");
        let (code, said) = check(folder.path(), &[AZURE]).await;
        assert_eq!(
            (code == Some(64), said.contains("leads out of the folder that is published")),
            (fails, fails),
            "{said}"
        );
    }
}

#[tokio::test]
async fn on_azure_the_check_fails_for_graph_and_connectors_and_passes_without() {
    let whole = project(config());
    let (code, said) = check(whole.path(), &[AZURE]).await;
    assert_eq!(code, Some(64), "{said}");
    for key in ["graph", "connectors.news", "connectors.directory"] {
        assert!(said.contains(&format!(": {key}: cannot be used on Azure by this version")), "{key}: {said}");
    }
    assert_eq!(check(whole.path(), &[]).await.0, Some(0));
    let hooks = project(hooks_only());
    let (code, said) = check(hooks.path(), &[AZURE]).await;
    assert_eq!(code, Some(0), "{said}");
}

#[rstest]
#[case("codes.txt", true)]
#[case("codes", true)]
#[case("codes-june/press.csv", true)]
#[case("lists/codes.csv", true)]
#[case("tests/it/codes.rs", false)]
#[case("src/accounts/codes.rs", false)]
#[case("invites.csv", false)]
#[case("lists/.invites.csv.guestlist-0123456789abcdef", true)]
fn files_of_codes_are_not_committed_and_sources_are(#[case] path: &str, #[case] ignored: bool) {
    let mut rules = ignore::gitignore::GitignoreBuilder::new("");
    for line in committed(".gitignore").lines() {
        rules.add_line(None, line).unwrap();
    }
    let rules = rules.build().unwrap();
    assert_eq!(rules.matched_path_or_any_parents(path, false).is_ignore(), ignored, "{path}");
}

#[tokio::test]
async fn a_list_that_is_not_there_is_one_error() {
    let folder = sample();
    let text = std::fs::read_to_string(folder.path().join("guestlist.toml")).unwrap();
    let misspelt = text.replace("invites.csv", "invite.csv");
    assert_ne!(text, misspelt);
    write(&folder, "guestlist.toml", &misspelt);
    let (code, said) = check(folder.path(), &[]).await;
    assert_eq!(code, Some(64), "{said}");
    assert!(said.contains("invites.beta: invite.csv: ") && said.ends_with("guestlist.toml has 1 error\n"), "{said}");
    // Codes are strays all the same.
    write(&folder, "Health/codes.csv", "code");
    let (_, said) = check(folder.path(), &[]).await;
    assert!(said.contains("Health/codes.csv") && said.ends_with("guestlist.toml has 2 errors\n"), "{said}");
}
