//! Look-ups by address, domain and code.

use std::collections::BTreeSet;

use proptest::prelude::*;
use rstest::rstest;

use super::*;
use crate::invites::csv_reader::{self, ListOptions};
use crate::invites::line_problem::LineReport;
use crate::values::{AppId, AttributeTypes, Code, InvitationState};

fn snapshot(text: &str) -> Snapshot {
    snapshot_for(&[], text)
}

/// A list of a source that is for these apps.
fn snapshot_for(apps: &[AppId], text: &str) -> Snapshot {
    let (source, types) = ("beta".into(), AttributeTypes::default());
    let options = ListOptions { source, apps: apps.to_vec(), extension_app: None, types };
    let (snapshot, problems) = csv_reader::read(text.as_bytes(), &options, csv_reader::UnendedLine::Used).unwrap();
    assert!(problems.iter().all(LineReport::is_used), "{problems:?}");
    snapshot
}

fn lines(snapshot: &Snapshot, address: &str, how: EmailMatch) -> Vec<u64> {
    snapshot.find(&address.parse().unwrap(), how).iter().map(|invitation| invitation.line).collect()
}

fn digest(byte: u8) -> CodeDigest {
    (0..=u8::MAX).find_map(|last| Code::from_random([byte; 16].map(|b| b ^ last))).unwrap().digest()
}

/// Line by line, what stands in the way between an address and a wider form of it.
const TAGS_AND_DOTS: &str = "email,name\n\
    jo.b+x@gmail.com\n\
    jo.b@gmail.com,Jo\n\
    job@googlemail.com\n\
    sam@example.com\n\
    sam+x@example.com\n\
    sam=y@example.com,Sam\n\
    s.am@example.com\n";

#[rstest]
#[case("jo.b@gmail.com", [&[3][..], &[2, 3], &[2, 3, 4]])]
#[case("jo.b+x@gmail.com", [&[2][..], &[2, 3], &[2, 3, 4]])]
#[case("jo.b+other@gmail.com", [&[][..], &[2, 3], &[2, 3, 4]])]
#[case("j.o.b@googlemail.com", [&[][..], &[], &[2, 3, 4]])]
#[case("job@googlemail.com", [&[4][..], &[4], &[2, 3, 4]])]
#[case("sam@example.com", [&[5][..], &[5, 6, 7], &[5, 6, 7]])]
#[case("SAM+x@example.com", [&[6][..], &[5, 6, 7], &[5, 6, 7]])]
#[case("s.am@example.com", [&[8][..], &[8], &[8]])]
#[case("nobody@example.com", [&[][..], &[], &[]])]
fn each_way_of_comparing_finds_its_lines_in_order(#[case] address: &str, #[case] expected: [&[u64]; 3]) {
    let snapshot = snapshot(TAGS_AND_DOTS);
    assert_eq!(EmailMatch::ALL.map(|how| lines(&snapshot, address, how)), expected);
}

#[test]
fn a_line_that_says_more_keeps_its_own_address_under_a_wider_way() {
    let snapshot = snapshot(TAGS_AND_DOTS);
    let address: EmailAddress = "job@gmail.com".parse().unwrap();
    let found = snapshot.find(&address, EmailMatch::IgnoreTagAndDots);
    let emails: Vec<&str> = found.iter().map(|invitation| invitation.columns["email"].as_str()).collect();
    assert_eq!(emails, ["job@gmail.com", "jo.b@gmail.com", "job@gmail.com"]);
    assert!(found.iter().all(|one| one.rule.as_ref().unwrap().matches(&address, EmailMatch::IgnoreTagAndDots)));
}

#[rstest]
#[case::bare_ones_first("email,apps\na@example.com\nb@example.com,{one}\nc@example.com\nd@example.com,{two}\n")]
#[case::bare_ones_last("email,apps\nd@example.com,{two}\nb@example.com,{one}\na@example.com\nc@example.com\n")]
fn each_line_is_for_its_own_apps_and_a_bare_one_for_those_of_the_source(#[case] text: &str) {
    let [one, two, other] = ["01", "02", "03"].map(|end| format!("44444444-0000-0000-0000-0000000000{end}"));
    let text = text.replace("{one}", &one).replace("{two}", &two);
    let [one, two, other] = [one, two, other].map(|id| id.parse::<AppId>().unwrap());
    let snapshot = snapshot_for(&[one.clone(), two.clone()], &text);
    let now = "2026-11-21T10:00:00Z".parse().unwrap();
    let is_for = |address: &str, app: &AppId| {
        let found = snapshot.find(&address.parse().unwrap(), EmailMatch::Exact);
        found.iter().map(|line| line.state(Some(app), now) == InvitationState::Valid).collect::<Vec<_>>()
    };
    for (address, apps) in [
        ("a@example.com", [true, true, false]),
        ("b@example.com", [true, false, false]),
        ("c@example.com", [true, true, false]),
        ("d@example.com", [false, true, false]),
    ] {
        assert_eq!([&one, &two, &other].map(|app| is_for(address, app)), apps.map(|valid| vec![valid]), "{address}");
    }
}

#[test]
fn domains_are_found_by_the_addresss_domain_and_its_parents_in_order() {
    let snapshot = snapshot(
        "email\n@*.example.com\n@mail.example.com\n@*.com.example\n@example.com\na@mail.example.com\n@*.mail.example.com\n\
         @mail.example.com\n",
    );
    let found = |address| lines(&snapshot, address, EmailMatch::Exact);
    assert_eq!(found("a@mail.example.com"), [2, 3, 6, 8]);
    assert_eq!(found("b@example.com"), [5]);
    assert_eq!(found("b@x.mail.example.com"), [2, 7]);
    assert_eq!(found("b@other-example.com"), [0_u64; 0]);
}

#[test]
fn a_line_with_a_code_is_found_by_its_code_only() {
    let [one, two, three] = [1, 2, 3].map(digest);
    let snapshot = snapshot(&format!(
        "email,code,uses,tags\n,{one},3,press\njo@example.com,{two},,\n@example.org,{three}\njo@example.com\n"
    ));
    assert_eq!(snapshot.len(), 4);
    assert_eq!(lines(&snapshot, "jo@example.com", EmailMatch::IgnoreTag), [5]);
    assert_eq!(lines(&snapshot, "jo@example.org", EmailMatch::Exact), [0_u64; 0]);
    let by_code = |code: &CodeDigest| snapshot.find_code(code).into_iter().next();
    let press = by_code(&one).unwrap();
    assert_eq!((press.line, press.rule.clone(), press.code.clone().unwrap().uses), (2, None, 3));
    assert!(!press.columns.contains_key("code") && !press.columns.contains_key("uses"), "{:?}", press.columns);
    assert_eq!(press.columns["tags"], "press");
    let jo = by_code(&two).unwrap();
    assert_eq!((jo.line, jo.code.unwrap().uses), (3, 1));
    assert_eq!(by_code(&three).unwrap().for_whom(), "@example.org with a code");
    assert!(by_code(&digest(4)).is_none());
}

#[test]
fn a_rule_is_found_as_it_is_written() {
    let snapshot = snapshot(&format!(
        "email,code\njo@example.com,{}\n@example.com\n@*.example.com\njo@example.com\njo@example.com\n",
        digest(1)
    ));
    let line = |rule: &str| snapshot.line_of(&rule.parse().unwrap());
    assert_eq!([line("@example.com"), line("@*.example.com"), line("JO@example.com")], [Some(3), Some(4), Some(5)]);
    assert_eq!([line("@*.example.org"), line("jo+x@example.com"), line("@mail.example.com")], [None; 3]);
}

proptest! {
    #[test]
    fn finds_what_a_comparison_of_every_line_finds(
        list in prop::collection::vec("(a|b|\\.|\\+|=){1,4}@(gmail|googlemail|example)\\.com|@(\\*\\.)?(example|m\\.example)\\.com", 0..12),
        asked in "(a|b|\\.|\\+|=){1,4}@((gmail|googlemail|example)\\.com|m\\.example\\.com)",
    ) {
        let address: EmailAddress = asked.parse().unwrap();
        let snapshot = snapshot(&format!("email\n{}\n", list.join("\n")));
        for how in EmailMatch::ALL {
            let matches = |rule: &String| rule.parse::<AddressRule>().unwrap().matches(&address, how);
            let expected: BTreeSet<u64> = (2..).zip(&list).filter(|(_, rule)| matches(rule)).map(|(line, _)| line).collect();
            prop_assert_eq!(lines(&snapshot, &asked, how), expected.into_iter().collect::<Vec<_>>());
        }
    }
}
