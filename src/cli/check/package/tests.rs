use rstest::rstest;

use super::*;

fn rules(text: &str) -> PublishRules {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(FUNCIGNORE), text).unwrap();
    PublishRules::read(folder.path()).unwrap().unwrap()
}

/// Whether git's reading keeps the path out, and whether `func` does.
#[rstest]
#[case("", "invites.csv", false, false)]
#[case("*.csv", "invites.csv", true, true)]
#[case("*.csv\r\n!invites.csv\r\n", "invites.csv", false, false)]
#[case("# all lists\n  \n*.csv", "invites.csv", true, true)]
#[case("/*\n!/guestlist\n", "guestlist", false, false)]
#[case("/*\n!/guestlist\n", "guestlist-old.csv", true, false)]
#[case("inv", "invites.csv", false, true)]
#[case("*.csv", "lists/invites.csv", true, false)]
#[case("lists", "lists/invites.csv", true, true)]
#[case("lists/", "lists/invites.csv", true, true)]
#[case("lists/*\n!/lists/invites.csv", "lists/invites.csv", false, false)]
#[case::a_folder_that_is_kept_out_keeps_its_files("/*\n!/lists/invites.csv", "lists/invites.csv", true, false)]
#[case("/*\n!/lists/", "lists/invites.csv", false, false)]
#[case("*\n!lists/", "lists/invites.csv", true, false)]
#[case("!invites.csv\n*.csv", "invites.csv", true, false)]
#[case("**/secret.txt", "a/b/secret.txt", true, true)]
#[case("invites.[ct]sv", "invites.csv", true, false)]
fn reads_the_rules_as_git_does_and_as_func_does(
    #[case] text: &str,
    #[case] path: &str,
    #[case] git: bool,
    #[case] func: bool,
) {
    let rules = rules(text);
    assert_eq!((rules.keeps_out(path, false), !rules.as_func.lets_in(path)), (git, func));
    assert_eq!(rules.error(path).is_some(), git || func);
}

#[rstest]
#[case("/*", "invites.csv")]
#[case("/*", "a/b/secret.txt")]
#[case("*\n", "lists/invites.csv")]
#[case("lists/", "lists/invites.csv")]
#[case("inv", "invites.csv")]
#[case("*.csv", "lists/invites.csv")]
fn the_remedy_helps(#[case] text: &str, #[case] path: &str) {
    let error = rules(text).error(path).unwrap();
    let remedy = error.split_once(": add ").unwrap().1.split_once(" at its end").unwrap().0.replace(" and ", "\n");
    assert_eq!(rules(&format!("{text}\n{remedy}\n")).error(path), None, "{error}");
}

#[test]
fn a_line_that_is_no_pattern_is_said() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(FUNCIGNORE), "lists/{a\n").unwrap();
    let error = PublishRules::read(folder.path()).err().unwrap();
    assert!(error.starts_with("cannot be used: "), "{error}");
}

#[rstest]
#[case("/app", "/app/invites.csv", Some("invites.csv"))]
#[case("/app", "/app/./lists/../invites.csv", Some("invites.csv"))]
#[case("/app", "/app/../secrets/key", None)]
#[case("/app", "/application/invites.csv", None)]
#[case("/app", "/app", None)]
fn knows_what_is_in_a_folder(#[case] folder: &str, #[case] path: &str, #[case] expected: Option<&str>) {
    assert_eq!(within_absolute(Path::new(folder), Path::new(path)).as_deref(), expected);
}
