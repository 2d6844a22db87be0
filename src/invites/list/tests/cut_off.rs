//! A last line that no line break ends.

use super::*;

/// Whoever wrote it went away in the middle: the line stays as it is, look after look.
#[rstest]
#[case::before_it_expires("b@example.com")]
#[case::in_the_date("b@example.com,2026-12-3")]
#[case::in_a_domain("@contoso.co")]
#[case::with_its_cells("b@example.com,2099-01-01")]
#[tokio::test]
async fn a_line_that_is_cut_off_invites_nobody_and_is_reported(
    #[case] cut: &str,
    #[values("\n", "\r\n", "\r")] end: &str,
) {
    let whole = ["email,expires", "a@example.com,", ""].join(end);
    let sample = Sample::with(&whole).await;
    sample.write(&format!("{whole}{cut}"));
    for _ in 0..4 {
        sample.list.refresh().await;
        assert_eq!(sample.invites(&[A, B, "x@contoso.co"]).await, [A]);
    }
    let reported = sample.logged("invite-line");
    assert_eq!(reported.len(), 1, "{reported:?}");
    assert_eq!((&reported[0]["line"], &reported[0]["problem"]), (&3.into(), &LineProblem::CutOff.to_string().into()));
    sample.append(end);
    sample.list.refresh().await;
    sample.list.refresh().await;
    let reported = sample.logged("invite-line");
    assert_eq!(
        reported.iter().filter(|line| line["problem"] == LineProblem::CutOff.to_string()).count(),
        1,
        "its end is there"
    );
}

#[tokio::test]
async fn a_line_that_is_cut_off_is_reported_however_many_others_are() {
    let sample = Sample::with("email\n").await;
    sample.replace(&format!("email\n{}half", "nobody\n".repeat(50)));
    sample.list.refresh().await;
    sample.list.refresh().await;
    let reported = sample.logged("invite-line");
    assert_eq!((reported.len(), &reported[0]["problem"]), (21, &LineProblem::CutOff.to_string().into()));
}

/// Many an editor ends no last line: what was never ended is no sign of a cut.
#[tokio::test]
async fn a_list_that_never_ended_its_last_line_is_used_with_it_until_it_does() {
    let sample = Sample::with("email\na@example.com").await;
    assert_eq!(sample.invites(&[A, B]).await, [A]);
    assert_eq!(sample.logged("invite-line")[0]["problem"], LineProblem::Unended.to_string());
    sample.write("email\na@example.com\nb@example.com");
    sample.list.refresh().await;
    sample.list.refresh().await;
    assert_eq!(sample.invites(&[A, B]).await, [A, B]);
    sample.write("email\na@example.com\n");
    sample.list.refresh().await;
    sample.list.refresh().await;
    sample.append("b@example.com");
    for _ in 0..3 {
        sample.list.refresh().await;
        assert_eq!(sample.invites(&[A, B]).await, [A], "it ends its lines now, so this one may be cut off");
    }
    sample.append(".evil\nb@example.com");
    for _ in 0..3 {
        sample.list.refresh().await;
        assert_eq!(sample.invites(&[A, B]).await, [A]);
    }
}

#[tokio::test]
async fn a_header_that_is_cut_off_leaves_the_list_as_it_was() {
    let sample = Sample::with("email,expires\na@example.com,\n").await;
    for cut in ["email,exp", "email"] {
        sample.write(cut);
        for _ in 0..3 {
            sample.list.refresh().await;
        }
        assert_eq!((sample.invites(&[A]).await, sample.status()), (vec![A], SourceStatus::Stale));
    }
    assert!(sample.logged("invites-failed").last().unwrap()["reason"].as_str().unwrap().contains("cut off"));
}

#[tokio::test]
async fn a_list_of_a_header_alone_needs_no_line_break() {
    let sample = Sample::with("email").await;
    assert_eq!((sample.invites(&[A]).await.len(), sample.status()), (0, SourceStatus::Current));
    assert!(sample.logged("invite-line").is_empty());
}
