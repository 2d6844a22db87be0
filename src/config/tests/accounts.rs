//! What the timer is told.

use rstest::rstest;

use super::sample::{GRAPH, LEAST, Sample, TENANT_AND_HOOKS};
use crate::config::TimerSettings;
use crate::values::EmailMatch;

fn timer(text: &str) -> TimerSettings {
    Sample::new(text).with("KEY", "s3cr3t").load().unwrap_or_else(|invalid| panic!("{invalid}")).timer.unwrap()
}

/// A connector finds an invitation and a remembered address under each form that some policy compares addresses in.
#[rstest]
#[case::of_one(&["ignore-tag"], &[EmailMatch::IgnoreTag])]
#[case::not_the_last_one_only(&["ignore-tag", "exact"], &[EmailMatch::Exact, EmailMatch::IgnoreTag])]
#[case::not_the_first_one_only(&["exact", "ignore-tag-and-dots"], &[EmailMatch::Exact, EmailMatch::IgnoreTagAndDots])]
#[case::each_once(
    &["ignore-tag-and-dots", "exact", "ignore-tag", "exact", "ignore-tag-and-dots"],
    &[EmailMatch::Exact, EmailMatch::IgnoreTag, EmailMatch::IgnoreTagAndDots]
)]
fn the_connectors_know_how_each_policy_compares_addresses(#[case] written: &[&str], #[case] expected: &[EmailMatch]) {
    let app = |at: usize| format!("aaaabbbb-0000-cccc-1111-dddd2222ee{at:02}");
    let policy = |(at, how): (usize, &&str)| {
        let (gate, apps) = ("gate = \"open\"", format!("apps = [\"{}\"]", app(at)));
        format!("[[policies]]\nname = \"p{at}\"\n{gate}\n{apps}\nemail_match = \"{how}\"\n")
    };
    let policies: String = written.iter().enumerate().map(policy).collect();
    assert_eq!(timer(&format!("{TENANT_AND_HOOKS}{policies}{GRAPH}")).accounts.email_matches, expected);
}

/// An absent section, an empty one, and one with some keys have the same defaults.
#[test]
fn what_the_section_does_not_say_has_its_default() {
    let absent = timer(&format!("{LEAST}{GRAPH}"));
    let empty = timer(&format!("{LEAST}{GRAPH}[accounts]\n"));
    let of_some = timer(&format!("{LEAST}{GRAPH}[accounts]\nconcurrency = 3\n"));
    for timer in [&absent, &empty, &of_some] {
        let (accounts, minutes) = (&timer.accounts, |time: std::time::Duration| time.as_secs() / 60);
        assert_eq!((minutes(accounts.overlap), minutes(accounts.settle), minutes(accounts.look_back)), (120, 0, 10));
        assert_eq!((minutes(accounts.run_limit), accounts.max_attempts), (8, 12));
    }
    assert_eq!((absent.accounts.concurrency, of_some.accounts.concurrency), (16, 3));
}
