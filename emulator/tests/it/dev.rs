//! `cargo dev` with a product that does not do its job.

use tokio::process::Command;

use crate::support::project;

#[tokio::test]
async fn a_script_fails_when_the_product_does_not_do_its_job() {
    let folder = project();
    let output = Command::new(env!("CARGO_BIN_EXE_guestlist-dev"))
        .args(["--script", "--project"])
        .arg(&folder.0)
        .arg("--executable")
        .arg(std::env::current_exe().unwrap())
        .output()
        .await
        .unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{shown}");
    assert!(shown.contains("1003003 InvalidResponseBody"), "{shown}");
    assert!(shown.contains("NOT OK  a block page"), "{shown}");
    assert!(shown.contains("expectations do not hold"), "{shown}");
    assert!(!shown.contains('\u{1b}'), "colours although this is no terminal");
}
