//! What the binary says about its configuration, and what is committed.

use crate::support::function_app::{committed, said};

/// The output of a command that succeeds and reports nothing.
async fn printed(arguments: &[&str]) -> String {
    let nowhere = tempfile::tempdir().unwrap();
    let (code, out, err) = said(nowhere.path(), arguments, &[]).await;
    assert_eq!((code, err.as_str()), (Some(0), ""));
    out
}

/// Compares line by line, because nobody can read the difference of two whole documents.
async fn is_committed(file: &str, arguments: &[&str]) {
    let committed = committed(file);
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
    let sample = committed("guestlist.toml");
    let named = sample.lines().next().and_then(|line| line.strip_prefix("#:schema ")).unwrap();
    assert_eq!(committed(named), printed(&["schema"]).await);
}
