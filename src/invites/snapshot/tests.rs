//! Look-ups by address, domain and code.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use proptest::prelude::*;
use rstest::rstest;

use super::*;
use crate::invites::csv_reader::{self, ListOptions};
use crate::invites::line_problem::LineReport;
use crate::values::{AppId, AttributeName, AttributeTypes, Code, InvitationState};

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

/// The bytes of a list of 20,000 lines, for each line.
fn bytes_per_line(header: &str, line: impl Fn(u32) -> String) -> usize {
    let lines: String = (0..20_000).map(|number| line(number) + "\n").collect();
    let snapshot = snapshot(&format!("{header}\n{lines}"));
    assert_eq!(snapshot.len(), 20_000);
    snapshot.memory() / snapshot.len()
}

#[test]
fn a_bare_line_takes_at_most_32_bytes() {
    assert!(bytes_per_line("email", |number| format!("person{number}@fabrikam.com")) <= 32);
    assert!(bytes_per_line("email,name,tags", |number| format!("person{number}@fabrikam.com,,")) <= 32);
    assert!(bytes_per_line("email", |number| format!("@partner{number}.example")) <= 32);
}

#[test]
fn a_line_with_three_short_columns_takes_at_most_160_bytes() {
    let header = "email,name,tags,expires";
    let cells = "Jo Bradford,beta;press,2027-12-31";
    assert!(bytes_per_line(header, |number| format!("person{number}@fabrikam.com,{cells}")) <= 100);
    assert!(bytes_per_line(header, |number| format!("person{number}+news@fabrikam.com,{cells}")) <= 160);
    assert!(bytes_per_line(header, |number| format!("@partner{number}.example,{cells}")) <= 100);
    let code = |number| format!("sha256:{number:064x}");
    assert!(bytes_per_line("code,email,tags", |number| format!("{},,press", code(number))) <= 128);
    assert!(bytes_per_line(&format!("code,{header}"), |number| format!("{},,{cells}", code(number))) <= 160);
}

#[test]
fn cells_of_lines_that_are_not_used_take_nothing() {
    let bad = format!("nobody,{}\n", "x".repeat(1000)).repeat(100);
    let text = format!("email,note\na@example.com\n{bad},\n@example.com,\n@co.uk,{}\n", "x".repeat(1000));
    let options =
        ListOptions { source: "beta".into(), apps: Vec::new(), extension_app: None, types: AttributeTypes::default() };
    let (snapshot, problems) = csv_reader::read(text.as_bytes(), &options, csv_reader::UnendedLine::Used).unwrap();
    assert_eq!((snapshot.len(), problems.len()), (2, 101));
    assert!(snapshot.memory() < 100, "{} bytes", snapshot.memory());
    assert!(snapshot.load_peak() > text.len(), "{} bytes", snapshot.load_peak());
}

/// The columns of generated lists, without the email.
const COLUMNS: [&str; 10] =
    ["name", "apps", "tags", "not_before", "expires", "groups", "roles", "note", "city", "table"];

/// Cells for these columns, some of them empty, quoted or long.
fn cells() -> impl Strategy<Value = Vec<String>> {
    let list = "|[a-zé ]{1,9}(; ?[a-z]{1,3}){0,3}";
    let text = prop_oneof!["", "[a-zA-Zé漢, ]{0,12}", "[a-z]{1,300}", "[a-z]\"[a-z]"];
    let app = "|44444444-0000-0000-0000-00000000000[1-9](;44444444-0000-0000-0000-00000000000[1-9])?";
    let columns = (text.clone(), app, list, "|20[12][0-9]-0[1-9]-1[0-9]", "|20[34][0-9]-0[1-9]-1[0-9]");
    let others = (list, list, text.clone(), text.clone(), text);
    // Of most lines a few cells only, since lines with hardly any cell are kept in another way.
    let filled = prop::sample::subsequence((0..10).collect::<Vec<usize>>(), 0..=10);
    (columns, others, filled).prop_map(|((a, b, c, d, e), (f, g, h, i, j), filled)| {
        let cells = [a, b, c, d, e, f, g, h, i, j].into_iter().enumerate();
        cells.map(|(at, cell)| if filled.contains(&at) { cell.trim().to_owned() } else { String::new() }).collect()
    })
}

/// The invitation that the cells of a line say, without the reader of lists.
fn said(line: u64, email: &str, cells: &[String]) -> Invitation {
    let columns = COLUMNS.into_iter().zip(cells.iter().map(String::as_str)).chain([("email", email)]);
    let columns: BTreeMap<&str, &str> = columns.filter(|(_, cell)| !cell.is_empty()).collect();
    let cell = |name: &str| columns.get(name).copied();
    let items = |name: &str| cell(name).into_iter().flat_map(|cell| cell.split(';')).map(str::trim).collect::<Vec<_>>();
    let list = |name: &str| items(name).into_iter().filter(|item| !item.is_empty()).map(str::to_owned).collect();
    let midnight = |name: &str| cell(name).map(|day| format!("{day}T00:00:00Z").parse::<DateTime<Utc>>().unwrap());
    Invitation {
        apps: items("apps").into_iter().map(|app| app.parse().unwrap()).collect(),
        not_before: midnight("not_before"),
        expires: midnight("expires").map(|day| day + chrono::Days::new(1)),
        tags: list("tags"),
        groups: list("groups"),
        roles: list("roles"),
        prefill: cell("city").map(|city| (AttributeName::new("city"), city.to_owned())).into_iter().collect(),
        columns: columns.iter().map(|(name, cell)| ((*name).to_owned(), (*cell).to_owned())).collect(),
        ..Invitation::new("beta".into(), line, Some(email.parse().unwrap()))
    }
}

/// A line as a spreadsheet writes it.
fn csv_line(cells: &[String]) -> String {
    let quoted = |cell: &String| {
        let needs_quotes = cell.contains([',', '"']);
        if needs_quotes { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.clone() }
    };
    cells.iter().map(quoted).collect::<Vec<_>>().join(",")
}

proptest! {
    #[test]
    fn an_invitation_is_what_the_cells_of_its_line_say(list in prop::collection::vec(cells(), 1..12)) {
        let email = |line: usize| if line % 3 == 2 { format!("@d{line}.example") } else { format!("p{line}@example.com") };
        let lines = list.iter().enumerate().map(|(line, cells)| format!("{},{}\n", email(line), csv_line(cells)));
        let snapshot = snapshot(&format!("email,{}\n{}", COLUMNS.join(","), lines.collect::<String>()));
        for (at, cells) in list.iter().enumerate() {
            let asked = if at % 3 == 2 { format!("jo{}", email(at)) } else { email(at) };
            let found = snapshot.find(&asked.parse().unwrap(), EmailMatch::Exact);
            let expected = said(at as u64 + 2, &email(at), cells);
            prop_assert_eq!(format!("{found:?}"), format!("{:?}", [&expected]));
        }
    }

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
