//! What the binary says about its configuration, and what is committed.

use std::path::Path;

use crate::support::function_app::run;

/// What a command prints, which must be all it does.
async fn printed(arguments: &[&str]) -> String {
    let nowhere = tempfile::tempdir().unwrap();
    let ended = run(nowhere.path(), arguments, &[]).await;
    assert_eq!((ended.status.code(), ended.stderr.len()), (Some(0), 0));
    String::from_utf8(ended.stdout).unwrap()
}

/// Compares without the diff of a whole document.
async fn is_committed(file: &str, arguments: &[&str]) {
    let committed = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
    let renew = format!("cargo run --quiet -- {} > {file}", arguments.join(" "));
    for (number, (generated, committed)) in printed(arguments).await.lines().zip(committed.lines()).enumerate() {
        assert_eq!(generated, committed, "{file}:{} is out of date; renew it with: {renew}", number + 1);
    }
    assert!(printed(arguments).await == committed, "{file} is out of date; renew it with: {renew}");
}

#[tokio::test]
async fn the_committed_schema_is_what_the_binary_prints() {
    is_committed("docs/guestlist.schema.json", &["schema"]).await;
}

#[tokio::test]
async fn the_committed_reference_is_what_the_binary_prints() {
    is_committed("docs/CONFIGURATION.md", &["schema", "--markdown"]).await;
}

#[tokio::test]
async fn the_sample_names_the_schema() {
    let sample = include_str!("../../guestlist.toml");
    let named = sample.lines().next().and_then(|line| line.strip_prefix("#:schema ")).unwrap();
    let schema = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(named)).unwrap();
    assert_eq!(schema, printed(&["schema"]).await);
}
