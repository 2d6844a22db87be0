//! References to secrets.

use std::path::Path;

use rstest::rstest;

use super::sample::{LEAST, Sample};
use crate::config::Severity;

#[rstest]
#[case("hash_key = \"s3cr3t\"", "never a plain string")]
#[case("hash_key = { env = \"\" }", "env = ")]
#[case("hash_key = { env = \"A\", file = \"b\" }", "env = ")]
#[case("hash_key = { evn = \"A\" }", "did you mean env?")]
fn a_secret_is_a_reference(#[case] line: &str, #[case] says: &str) {
    let seen = Sample::new(&format!("{LEAST}[telemetry]\n{line}\n")).problems();
    assert!(seen.iter().any(|line| line.contains(says) && !line.contains("s3cr3t")), "{seen:#?}");
}

#[test]
fn a_secret_comes_from_a_setting_or_a_file_and_is_never_printed() {
    let by_setting = format!("{LEAST}[telemetry]\nhash_key = {{ env = \"KEY\" }}\n");
    let by_file = format!("{LEAST}[telemetry]\nhash_key = {{ file = \"key.txt\" }}\n");
    let by_file = Sample::new(&by_file);
    std::fs::write(by_file.folder.path().join("key.txt"), "s3cr3t\n").unwrap();
    for sample in [Sample::new(&by_setting).with("KEY", "s3cr3t"), by_file] {
        let config = sample.load().unwrap();
        assert!(!format!("{config:?}").contains("s3cr3t"));
        assert_eq!(config.hash_key.unwrap().unwrap().expose(), "s3cr3t");
    }
}

#[rstest]
#[case("", "KEY is not set")]
#[case("@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/x/)", "Key Vault reference")]
fn a_missing_secret_is_noted_and_stops_nothing(#[case] value: &str, #[case] says: &str) {
    let text = format!("{LEAST}[telemetry]\nhash_key = {{ env = \"KEY\" }}\n");
    let config = Sample::new(&text).with("KEY", value).load().unwrap();
    assert!(config.notes.iter().any(|note| note.severity == Severity::MissingSecret));
    assert!(config.notes[0].describe("f").contains(says), "{:?}", config.notes);
    assert!(config.hash_key.unwrap().is_err());
}

#[cfg(unix)]
#[test]
fn a_secret_that_is_no_file_or_too_long_is_noted_and_stops_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let long = folder.path().join("long");
    std::fs::write(&long, "x".repeat(64 * 1024 + 1)).unwrap();
    let binary = folder.path().join("binary");
    std::fs::write(&binary, b"s3cr3t\xff").unwrap();
    for (path, says) in [
        (Path::new("/dev/zero"), "it is a device, not a file"),
        (folder.path(), "it is a folder, not a file"),
        (&long, "it has more than 65536 bytes"),
        (&binary, "it is not UTF-8"),
    ] {
        let text = format!("{LEAST}[telemetry]\nhash_key = {{ file = \"{}\" }}\n", path.display());
        let config = Sample::new(&text).load().unwrap();
        let note = config.notes[0].describe("f");
        assert!(note.contains(says) && !note.contains("s3cr3t"), "{note}");
        assert!(config.hash_key.unwrap().is_err());
    }
}
