//! Lists as people write them, and worse.

use rstest::rstest;

use super::*;
use crate::values::{AppId, AttributeName, AttributeType, Code, EmailAddress, EmailMatch, Invitation, InvitationState};

fn options() -> ListOptions {
    ListOptions {
        source: "beta".into(),
        apps: Vec::new(),
        extension_app: "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0".parse().ok(),
        types: AttributeTypes::default(),
    }
}

fn list(text: &str) -> (Snapshot, Vec<LineReport>) {
    read(text.as_bytes(), &options(), UnendedLine::Used).unwrap()
}

fn found(snapshot: &Snapshot, address: &str) -> Vec<Invitation> {
    snapshot.find(&address.parse::<EmailAddress>().unwrap(), EmailMatch::Exact)
}

#[test]
fn reads_addresses_domains_and_columns() {
    let (snapshot, problems) = list(
        "email,name,tags,jobTitle,ext.Plan\nJo@Example.com,Jo,beta; press,Editor,Gold\n@contoso.com,,,,\n@*.fabrikam.com\n",
    );
    assert_eq!((snapshot.len(), problems.len()), (3, 0), "{problems:?}");
    let jo = &found(&snapshot, "jo@example.com")[0];
    assert_eq!(jo.line, 2);
    assert_eq!(jo.tags, ["beta", "press"]);
    assert_eq!(jo.columns.get("name").map(String::as_str), Some("Jo"));
    let plan = AttributeName::new("extension_0f1e2d3c4b5a69788796a5b4c3d2e1f0_Plan");
    assert_eq!(jo.prefill.get(&plan).map(String::as_str), Some("Gold"));
    assert_eq!(found(&snapshot, "anyone@contoso.com")[0].line, 3);
    assert_eq!(found(&snapshot, "anyone@mail.fabrikam.com")[0].line, 4);
    assert_eq!(found(&snapshot, "other@example.com").len(), 0);
}

#[rstest]
#[case("mailto:jo@example.com")]
#[case("Jo Bradford <jo@example.com>")]
#[case("\u{FEFF}jo@example.com;")]
#[case(" jo@example.com\u{a0}")]
#[case("\"jo@example.com,\"")]
fn takes_addresses_as_they_are_pasted(#[case] cell: &str) {
    let (snapshot, problems) = list(&format!("email\n{cell}\n"));
    assert_eq!((found(&snapshot, "jo@example.com").len(), problems.len()), (1, 0), "{problems:?}");
}

#[test]
fn reports_a_bad_line_with_its_number_and_uses_the_rest() {
    let text = "\u{FEFF}email,apps,not_before,expires\r\nnobody\r\n\r\na@example.com,,,soon\r\nb@example.com,portal,,\r\n\
                c@example.com,,,,x\r\n,,,2027-01-01\r\nd@example.com,,2026-01-01,2027-01-01,,\r\n";
    let (snapshot, problems) = list(text);
    let lines: Vec<u64> = problems.iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [2, 4, 5, 6, 7], "{problems:?}");
    assert_eq!(snapshot.len(), 1);
    assert_eq!(found(&snapshot, "d@example.com")[0].line, 8);
    assert!(problems.iter().all(|problem| !problem.problem.to_string().contains("example")), "{problems:?}");
}

#[test]
fn a_line_for_a_public_suffix_is_skipped() {
    let (snapshot, problems) = list("email\n@co.uk\n@*.github.io\n@contoso.co.uk\n");
    assert_eq!(problems.iter().map(|problem| problem.line).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(snapshot.len(), 1);
}

#[test]
fn a_line_that_is_not_utf_8_is_skipped() {
    let mut bytes = b"email\na@example.com\n".to_vec();
    bytes.extend(b"b\xFF@example.com\nc@example.com\n");
    bytes.extend("d@example.com,José\n".as_bytes());
    bytes.splice(..6, *b"email,name\n");
    let (snapshot, problems) = read(&bytes, &options(), UnendedLine::Used).unwrap();
    assert_eq!(snapshot.len(), 3);
    assert_eq!(problems, [LineReport { line: 3, problem: LineProblem::NotText { encoding: "UTF-8" } }]);
}

#[rstest]
#[case("a@example.com,\"Alex,Eng\nb@example.com,Bob,Boss\nc@example.com,Carl,Clerk")]
#[case("a@example.com,Al\"ex,\"Eng\nb@example.com,Bob,Boss\nc@example.com,\"Carl, C\",\"\"\"Clerk\"\"\"")]
fn a_quote_that_is_not_closed_costs_its_own_line_only(#[case] lines: &str) {
    let (snapshot, problems) = list(&format!("email,name,jobTitle\n{lines}\n"));
    assert_eq!(problems.iter().map(|problem| problem.line).collect::<Vec<_>>(), [2], "{problems:?}");
    assert_eq!(found(&snapshot, "b@example.com")[0].columns.get("name").map(String::as_str), Some("Bob"));
    assert_eq!(found(&snapshot, "c@example.com")[0].line, 4);
}

#[rstest]
#[case("\n")]
#[case("\r\n")]
#[case("\r")]
fn lines_end_as_they_like(#[case] end: &str) {
    let (snapshot, problems) = list(&["email,name", "a@example.com,A", "", "b@example.com,B", ""].join(end));
    assert_eq!((snapshot.len(), problems.len()), (2, 0), "{problems:?}");
    assert_eq!(found(&snapshot, "b@example.com")[0].line, 4);
}

#[test]
fn the_same_attribute_twice_is_an_error_of_the_header() {
    let error = |text: &str| read(text.as_bytes(), &options(), UnendedLine::Used).unwrap_err().to_string();
    assert!(error("email,displayName,displayname\n").contains("twice"));
}

#[rstest]
#[case("2026-11-21", "2026-11-21T23:59:59Z", InvitationState::Valid)]
#[case("2026-11-21", "2026-11-22T00:00:00Z", InvitationState::Expired)]
#[case("2026-11-21T12:00:00+02:00", "2026-11-21T09:59:59Z", InvitationState::Valid)]
#[case("2026-11-21T12:00:00+02:00", "2026-11-21T10:00:00Z", InvitationState::Expired)]
fn a_date_ends_with_its_day(#[case] expires: &str, #[case] now: &str, #[case] state: InvitationState) {
    let (snapshot, _) = list(&format!("email,expires\njo@example.com,{expires}\n"));
    assert_eq!(found(&snapshot, "jo@example.com")[0].state(None, now.parse().unwrap()), state);
}

#[test]
fn a_date_begins_with_its_day() {
    let (snapshot, _) = list("email,not_before\njo@example.com,2026-11-21\n");
    let invitation = &found(&snapshot, "jo@example.com")[0];
    assert_eq!(invitation.state(None, "2026-11-20T23:59:59Z".parse().unwrap()), InvitationState::NotYetValid);
    assert_eq!(invitation.state(None, "2026-11-21T00:00:00Z".parse().unwrap()), InvitationState::Valid);
}

#[rstest]
#[case("", "is empty")]
#[case("name,tags\n", "this line names name, tags")]
#[case(
    "Vorname;Name;Ort;+61 400 000 000;PLZ;Land;Staat;Stadt\n",
    "names Vorname, Name, Ort, (column 4), PLZ, Land and 2 more"
)]
#[case(&format!("{}\n", "x".repeat(50)), "this line names (column 1)")]
#[case("jo@example.com\n", "looks like an address, not like a header")]
#[case("Jo;jo@example.com\n", "looks like an address")]
#[case("@example.com\n", "looks like an address")]
#[case("7Q4M-0ZKD-3XWT-PB9H\n", "names (column 1)")]
#[case(&format!("sha256:{}\n", "7a".repeat(32)), "looks like a code")]
#[case(&format!("{}\n", (0..=u8::MAX).find_map(|byte| Code::from_random([byte; 16])).unwrap().reveal()), "looks like a code")]
#[case("UserPrincipalName,name\n", "names UserPrincipalName, name")]
fn a_first_line_without_email_is_an_error(#[case] text: &str, #[case] says: &str) {
    let error = read(text.as_bytes(), &options(), UnendedLine::Used).unwrap_err().to_string();
    assert!(error.starts_with("line 1: ") && error.contains(says), "{error}");
    for data in ["example", "7Q4M", "400", "7a7a"] {
        assert!(!error.contains(data), "{error}");
    }
}

#[rstest]
#[case::a_plain_code(
    "jo@example.com,7Q4M-0ZKD-3XWT-PB9H,",
    "not a digest: make codes with guestlist invites add --code"
)]
#[case::a_word(",WELCOME,", "not a digest")]
#[case::half_a_digest(",sha256:0123,", "not a digest")]
#[case::no_uses(",{},0", "from 1 to 1000")]
#[case::too_many_uses(",{},1001", "from 1 to 1000")]
#[case::uses_in_words(",{},one", "from 1 to 1000")]
#[case::uses_without_a_code("jo@example.com,,2", "no code")]
#[case::neither(",,", "neither an email nor a code")]
#[case::a_bad_address("jo,{},", "the email has no @")]
#[case::a_public_suffix("@co.uk,{},", "public suffix")]
#[case::a_code_that_is_there_already(",sha256:{0},", "has the code of line 2")]
fn a_line_whose_code_cannot_be_meant_is_skipped(#[case] line: &str, #[case] says: &str) {
    let (known, other) = ("0a".repeat(32), "sha256:".to_owned() + &"0b".repeat(32));
    let line = line.replace("{0}", &known.to_uppercase()).replace("{}", &other);
    let (snapshot, problems) = list(&format!("email,code,uses,note\n,sha256:{known},,first\n{line},last\n"));
    assert_eq!((snapshot.len(), problems.len()), (1, 1), "{problems:?}");
    assert!(
        problems[0].line == 3 && !problems[0].is_used() && problems[0].problem.to_string().contains(says),
        "{problems:?}"
    );
    for secret in ["7Q4M", "WELCOME", "0123", "0b0b", "jo"] {
        assert!(!problems[0].problem.to_string().contains(secret), "{problems:?}");
    }
}

#[test]
fn a_last_line_without_its_line_break_is_pointed_out_and_used_unless_it_may_be_cut_off() {
    for (text, line) in [("email\na@example.com\nb@example.com", 3), ("email,expires\r\nb@example.com", 2)] {
        for (unended, used, problem) in
            [(UnendedLine::Used, 1, LineProblem::Unended), (UnendedLine::CutOff, 0, LineProblem::CutOff)]
        {
            let (snapshot, problems) = read(text.as_bytes(), &options(), unended).unwrap();
            assert_eq!(found(&snapshot, "b@example.com").len(), used);
            assert_eq!(problems, [LineReport { line, problem }]);
        }
    }
    for complete in ["email", "email\n", "email\na@example.com\n", "email\na@example.com\n \t", "email\n,,"] {
        let (_, problems) = read(complete.as_bytes(), &options(), UnendedLine::CutOff).unwrap();
        assert!(problems.is_empty(), "{complete:?}");
    }
}

#[test]
fn a_cell_over_its_limit_is_named_by_line_column_and_limit() {
    let long = |length: usize| "é".repeat(length / 2);
    let text = |note: &str| format!("email,name,note\na@example.com,,{note}\nb@example.com,,\"{note}\"\n");
    let (snapshot, problems) = list(&text(&long(MAX_CELL)));
    assert_eq!((snapshot.len(), problems.len()), (2, 0), "{problems:?}");
    let (snapshot, problems) = list(&text(&long(MAX_CELL + 2)));
    assert_eq!((snapshot.len(), problems.len()), (0, 2));
    for (line, problem) in (2..).zip(problems) {
        let says = "column 3 (note): the cell has 16386 bytes, the limit is 16384";
        assert_eq!((problem.line, problem.is_used(), problem.problem.to_string().as_str()), (line, false, says));
    }
    let (_, problems) = list(&format!("email\n{}@example.com\n", "a".repeat(65)));
    assert_eq!(
        problems[0].problem.to_string(),
        "the email is too long: the limit is 254 bytes, 64 of them before the @"
    );
}

#[test]
fn a_header_over_its_limit_is_named_as_such() {
    let both = |text: &str| {
        let whole = read(text.as_bytes(), &options(), UnendedLine::Used).unwrap_err().to_string();
        assert_eq!(check_header(text.as_bytes(), &options()).unwrap_err().to_string(), whole);
        whole
    };
    let name = |length: usize| format!("email,{}\n", "x".repeat(length));
    assert!(read(name(MAX_NAME).as_bytes(), &options(), UnendedLine::Used).is_ok());
    assert_eq!(both(&name(MAX_NAME + 1)), "line 1, column 2: the name has 257 bytes, the limit is 256");
    // Wherever the start of the file ends, it is the length that is wrong.
    for cell in ["x,", "\"a quote\",", "é,", "same,"] {
        let error = both(&format!("\u{FEFF}email,{}\r\n", cell.repeat(MAX_HEADER)));
        assert_eq!(error, "line 1: the header has more than 65536 bytes: is this an invite list?");
    }
    let columns = (0..8000).map(|at| format!("c{at}")).collect::<Vec<_>>().join(",");
    assert!(read(format!("email,{columns}\n").as_bytes(), &options(), UnendedLine::Used).is_ok());
}

#[test]
fn groups_and_roles_are_lists() {
    let (snapshot, problems) =
        list("email,groups,roles\njo@example.com,Beta testers; press;,reader\nsam@example.com\n");
    assert!(problems.is_empty(), "{problems:?}");
    let jo = &found(&snapshot, "jo@example.com")[0];
    assert_eq!(
        (jo.groups.as_slice(), jo.roles.as_slice()),
        (&["Beta testers", "press"].map(str::to_owned)[..], &["reader".to_owned()][..])
    );
    assert!(found(&snapshot, "sam@example.com")[0].groups.is_empty());
}

#[rstest]
#[case("2026-11-22,2026-11-21", false)]
#[case("2026-11-21,2026-11-21", true)]
#[case("2026-11-22T00:00:00Z,2026-11-21", false)]
#[case("2026-11-21T23:59:59Z,2026-11-21", true)]
#[case("2026-11-21T12:00:00+02:00,2026-11-21T10:00:00Z", false)]
fn a_line_that_ends_before_it_begins_is_skipped(#[case] period: &str, #[case] used: bool) {
    let (snapshot, problems) = list(&format!("email,not_before,expires\njo@example.com,{period}\n"));
    assert_eq!((snapshot.len(), problems.is_empty()), (usize::from(used), used), "{problems:?}");
}

#[test]
fn a_look_alike_is_pointed_out_and_used() {
    let (snapshot, problems) = list("email\nmike@example.com\nnobody\nrnike@example.com\n");
    assert_eq!(snapshot.len(), 2);
    assert_eq!(
        problems.iter().map(|problem| (problem.line, problem.is_used())).collect::<Vec<_>>(),
        [(3, false), (4, true)]
    );
    assert_eq!(found(&snapshot, "rnike@example.com").len(), 1);
}

#[test]
fn the_header_names_the_columns_that_templates_see() {
    let header =
        check_header("Email,,code,uses,NAME,jobTitle,table\nno line is read\n".as_bytes(), &options()).unwrap();
    assert_eq!(header.columns, ["email", "name", "jobTitle", "table"]);
    assert_eq!(
        header.problems.iter().map(|problem| (problem.line, problem.is_used())).collect::<Vec<_>>(),
        [(1, true)]
    );
}

#[test]
fn a_column_twice_is_an_error() {
    assert!(read("email,city,city\n".as_bytes(), &options(), UnendedLine::Used).is_err());
    assert!(read("email,code,Code\n".as_bytes(), &options(), UnendedLine::Used).is_err());
}

#[test]
fn a_column_that_is_no_attribute_is_named_and_left_to_templates() {
    let (snapshot, problems) = list("email,table\njo@example.com,7\n");
    assert!(problems[0].problem.to_string().contains("table"));
    let jo = &found(&snapshot, "jo@example.com")[0];
    assert!(jo.prefill.is_empty());
    assert_eq!(jo.columns.get("table").map(String::as_str), Some("7"));
}

#[test]
fn the_apps_of_a_line_narrow_those_of_the_source() {
    let one: AppId = "44444444-0000-0000-0000-000000000001".parse().unwrap();
    let two: AppId = "44444444-0000-0000-0000-000000000002".parse().unwrap();
    let of_one = ListOptions { apps: vec![one.clone()], ..options() };
    let text = format!("email,apps\na@example.com,\nb@example.com,{one};{two}\nc@example.com,{two}\n");
    let (snapshot, problems) = read(text.as_bytes(), &of_one, UnendedLine::Used).unwrap();
    assert_eq!(found(&snapshot, "a@example.com")[0].apps, std::slice::from_ref(&one));
    assert_eq!(found(&snapshot, "b@example.com")[0].apps, [one]);
    assert_eq!(problems.iter().map(|problem| problem.line).collect::<Vec<_>>(), [4]);
}

#[test]
fn the_same_address_twice_is_found_twice_in_the_lists_order() {
    let (snapshot, _) = list("email,name\njo@example.com,First\nJO@example.com,Second\n@example.com,\n");
    let lines: Vec<u64> = found(&snapshot, "jo@example.com").iter().map(|invitation| invitation.line).collect();
    assert_eq!(lines, [2, 3, 4]);
}

#[test]
fn reports_a_cell_that_cannot_be_said_in_the_declared_type_and_uses_its_line() {
    let full = |name: &str| AttributeName::new(format!("extension_0f1e2d3c4b5a69788796a5b4c3d2e1f0_{name}"));
    let declared = [("Vip", AttributeType::Boolean), ("Seats", AttributeType::Int64), ("Plan", AttributeType::String)];
    let types = declared.into_iter().map(|(name, declared)| (full(name), declared)).collect();
    let text = "email,ext.Vip,EXT.seats,ext.Plan\n\
                a@example.com,YES,40,7\nb@example.com,perhaps,forty,\nc@example.com,,,gold\nd@example.com,0,1.5,\n";
    let text = text.replace("EXT.seats", &full("SEATS").to_string());
    let (snapshot, problems) = read(text.as_bytes(), &ListOptions { types, ..options() }, UnendedLine::Used).unwrap();
    assert_eq!(snapshot.len(), 4);
    let said = problems.iter().map(|problem| (problem.line, problem.is_used(), problem.problem.to_string()));
    let said: Vec<_> = said.collect();
    let number = "the cell in the column ext.SEATS is no whole number, and is left out";
    let yes_or_no =
        "the cell in the column ext.Vip is neither yes (true, yes, 1) nor no (false, no, 0), and is left out";
    let expected = [(3, number), (3, yes_or_no), (5, number)];
    assert_eq!(said, expected.map(|(line, says)| (line, true, says.to_owned())));
}

#[test]
fn a_cell_that_would_be_ignored_spoils_its_line() {
    let digest = format!("SHA256:{}", "0a".repeat(32));
    let text =
        format!("email,note,,code\n@example.com,{digest},,\na@example.com,,2020-01-01,\nb@example.com,sha256,,\n");
    let (snapshot, problems) = list(&text);
    assert_eq!((snapshot.len(), found(&snapshot, "b@example.com").len()), (1, 1));
    let elsewhere = LineReport { line: 2, problem: LineProblem::DigestElsewhere { column: 2 } };
    assert_eq!(problems, [elsewhere, LineReport { line: 3, problem: LineProblem::NamelessColumn { column: 3 } }]);
}

#[test]
fn apps_without_an_id_are_not_all_apps() {
    let (snapshot, problems) = list("email,apps\na@example.com,;\nb@example.com,\" ; \"\nc@example.com,\n");
    assert_eq!((snapshot.len(), found(&snapshot, "c@example.com").len()), (1, 1));
    assert_eq!(problems, [2, 3].map(|line| LineReport { line, problem: LineProblem::Apps }));
}
