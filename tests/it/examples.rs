//! The sample policies do what their own tests say.

use std::path::Path;
use std::process::Command;

use rstest::rstest;
use serde_json::Value;

use crate::support::config::Config;

fn check(folder: &Path) -> (Option<i32>, Value) {
    let output = Command::new(env!("CARGO_BIN_EXE_guestlist"))
        .args(["check", "--json"])
        .current_dir(folder)
        .env_clear()
        .env("GUESTLIST_GRAPH_SECRET", "secret")
        .output()
        .unwrap();
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap())
}

#[rstest]
#[case("invite-only-beta", 10)]
#[case("partner-community", 10)]
#[case("open-sign-up", 10)]
fn a_sample_policy_passes_its_own_tests(#[case] name: &str, #[case] tests: u64) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name);
    let (code, found) = check(&folder);
    assert_eq!((code, &found["problems"]), (Some(0), &serde_json::json!([])), "{found:#}");
    assert_eq!(found["tests"], tests, "{found:#}");
}

/// With another gate most of the tests fail: they can.
#[rstest]
#[case("invite-only-beta")]
#[case("partner-community")]
#[case("open-sign-up")]
fn the_tests_of_a_sample_can_fail(#[case] name: &str) {
    let folder = tempfile::tempdir().unwrap();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name);
    for file in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        std::fs::copy(file.path(), folder.path().join(file.file_name())).unwrap();
    }
    let file = folder.path().join("guestlist.toml");
    let config = Config::from(std::fs::read_to_string(&file).unwrap().as_str());
    std::fs::write(&file, config.set_each("policies", "gate", "closed").to_string()).unwrap();
    let (code, found) = check(folder.path());
    assert_eq!(code, Some(1), "{found:#}");
    assert!(found["failed_tests"].as_u64().unwrap() >= 7, "{found:#}");
    let said = found["problems"][0]["text"].as_str().unwrap();
    assert!(said.contains("- action = ") && said.contains("+ action = \"refuse\""), "{said}");
}
