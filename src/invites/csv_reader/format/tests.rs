//! Lists as spreadsheets write them.

use csv::{ReaderBuilder, StringRecord};
use proptest::prelude::*;
use rstest::rstest;

use super::*;
use crate::invites::csv_reader::{ListOptions, UnendedLine, check_header, read, rules_of};
use crate::invites::line_problem::LineReport;
use crate::invites::snapshot::Snapshot;
use crate::values::{AttributeTypes, EmailMatch, Invitation};

fn options() -> ListOptions {
    ListOptions { source: "beta".into(), apps: Vec::new(), extension_app: None, types: AttributeTypes::default() }
}

/// What is read of a list. Its header alone says the same of its columns.
fn list(bytes: &[u8]) -> (Snapshot, Vec<LineReport>) {
    check_header(bytes, &options()).unwrap();
    read(bytes, &options(), UnendedLine::Used).unwrap()
}

fn error(bytes: &[u8]) -> String {
    let whole = read(bytes, &options(), UnendedLine::Used).unwrap_err().to_string();
    assert_eq!(check_header(bytes, &options()).unwrap_err().to_string(), whole);
    whole
}

fn found(snapshot: &Snapshot, address: &str) -> Vec<Invitation> {
    snapshot.find(&address.parse().unwrap(), EmailMatch::Exact)
}

fn encoded(text: &str, encoding: &str) -> Vec<u8> {
    match encoding {
        "utf-8" => text.as_bytes().to_vec(),
        "utf-8 with a mark" => ["\u{FEFF}".as_bytes(), text.as_bytes()].concat(),
        "utf-16le" => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        "utf-16le with a mark" => encoded(&format!("\u{FEFF}{text}"), "utf-16le"),
        "utf-16be" => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        "utf-16be with a mark" => encoded(&format!("\u{FEFF}{text}"), "utf-16be"),
        "windows-1252" => text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect(),
        _ => unreachable!(),
    }
}

#[rstest]
fn a_list_is_the_same_in_each_form(
    #[values(",", ";", "\t")] separator: &str,
    #[values(
        "utf-8",
        "utf-8 with a mark",
        "utf-16le",
        "utf-16le with a mark",
        "utf-16be",
        "utf-16be with a mark",
        "windows-1252"
    )]
    encoding: &str,
    #[values("\n", "\r\n", "\r")] end: &str,
    #[values(false, true)] named: bool,
) {
    let sep = if named { format!("sep={separator}{end}") } else { String::new() };
    let lines = [
        ["\"E-Mail-Adresse\"", "Name", "Tags", "Not Before"].join(separator),
        ["a@example.com", "Jörg", "\"beta; press\"", "2026-01-01"].join(separator),
        ["", "", "", ""].join(separator),
        ["@contoso.com", "\"Ös, \"\"t\"\";\t\"", "", ""].join(separator),
        String::new(),
    ];
    let (snapshot, problems) = list(&encoded(&(sep + &lines.join(end)), encoding));
    let first = if named { 3 } else { 2 };
    let guessed = LineReport { line: first, problem: LineProblem::GuessedEncoding };
    assert_eq!(problems, if encoding == "windows-1252" { vec![guessed] } else { vec![] });
    let a = &found(&snapshot, "a@example.com")[0];
    assert_eq!(
        (a.line, a.columns["name"].as_str(), a.tags.as_slice()),
        (first, "Jörg", &["beta", "press"].map(str::to_owned)[..])
    );
    assert!(a.not_before.is_some() && a.columns["email"] == "a@example.com", "{:?}", a.columns);
    let contoso = &found(&snapshot, "anybody@contoso.com")[0];
    assert_eq!((contoso.line, contoso.columns["name"].as_str()), (first + 2, "Ös, \"t\";"));
}

#[rstest]
#[case::one_column("email\na@example.com\n")]
#[case::one_column_and_a_separator("email;\na@example.com;\n")]
#[case::a_name_with_a_comma("email;Name, Vorname\na@example.com;\"Example, A\"\n")]
#[case::a_quoted_name_with_a_comma("\"Name, Vorname\";email\n\"Example, A\";a@example.com\n")]
#[case::a_name_with_a_semicolon("name;x,email\nA,a@example.com\n")]
#[case::named("sep=;\nemail;x,E-Mail-2\na@example.com;\n")]
#[case::named_in_capitals("SEP=\t\nemail\tx\na@example.com\t\n")]
#[case::named_and_saved_again("\"sep=;\";;\nemail;name;city\na@example.com;;\n")]
fn the_separator_is_found(#[case] text: &str) {
    let (snapshot, _) = list(text.as_bytes());
    assert_eq!(found(&snapshot, "a@example.com").len(), 1);
}

#[rstest]
#[case::both_have_an_email("email;x,email\n", "line 1: it cannot be told")]
#[case::none_has("name;x, y;city\n", "this line names name, (column 2), city")]
#[case::another_character("sep=|\nemail|name\n", "line 1: after sep= there must be")]
#[case::none("sep=\nemail,name\n", "line 1: after sep= there must be")]
#[case::no_header_after_it("sep=;\nname;city\n", "line 2: the first line must name the columns")]
#[case::zip("PK\x03\x04whatever", "save it as CSV UTF-8")]
fn what_cannot_be_told_is_an_error(#[case] text: &str, #[case] says: &str) {
    let error = error(text.as_bytes());
    assert!(error.contains(says), "{error}");
}

#[rstest]
#[case("E-Mail")]
#[case("E-mail address")]
#[case("EMAIL ADDRESS")]
#[case("email_address")]
#[case("emailaddress")]
#[case("Mail")]
#[case(" \" E-Mail \" ")]
#[case("E-Mail-Adresse")]
#[case("'e mail'")]
#[case("Correo electrónico")]
#[case("Correo electronico")]
#[case("Correo")]
#[case("E-post")]
#[case("Work Email")]
#[case("Primary Email")]
fn the_email_has_many_names(#[case] name: &str) {
    let (snapshot, problems) =
        list(format!("name,{name},NOT-BEFORE,not_After\nA,a@example.com,2026-01-01,\n").as_bytes());
    let a = &found(&snapshot, "a@example.com")[0];
    assert!(a.columns["email"] == "a@example.com" && a.not_before.is_some());
    assert_eq!(problems.len(), 1, "{problems:?}");
}

#[test]
fn two_names_for_one_column_are_an_error_that_shows_both() {
    let error = error(b"email,E-Mail\n");
    assert!(error.contains("the column email occurs twice, as \"email\" and as \"E-Mail\""), "{error}");
}

#[test]
fn an_address_never_rests_on_a_guessed_encoding() {
    let bytes =
        b"email,name\nj\xF6@example.com,A\na@example.com,Jos\xE9\n@b\xFCcher.example,\nJ\xF6 <b@example.com>,B\n";
    let (snapshot, problems) = list(bytes);
    let refused = |line| LineReport { line, problem: LineProblem::GuessedEmail };
    let noted = LineReport { line: 2, problem: LineProblem::GuessedEncoding };
    assert_eq!(problems, [noted, refused(2), refused(4)]);
    assert_eq!(
        (found(&snapshot, "a@example.com").len(), found(&snapshot, "b@example.com").len(), snapshot.len()),
        (1, 1, 2)
    );
}

#[test]
fn half_a_letter_at_the_end_of_utf_16_spoils_its_own_line_only() {
    for encoding in ["utf-16le with a mark", "utf-16be", "utf-8"] {
        let bytes = encoded("email,name\na@example.com,A\nb@example.com,é", encoding);
        for cut in 1..=2 {
            let cut = &bytes[..bytes.len() - cut];
            let (snapshot, problems) = list(cut);
            assert!(problems.iter().all(|problem| problem.line == 3) && !problems.is_empty(), "{problems:?}");
            assert!(found(&snapshot, "a@example.com").len() == 1);
            let (snapshot, problems) = read(cut, &options(), UnendedLine::CutOff).unwrap();
            assert_eq!((snapshot.len(), problems), (1, vec![LineReport { line: 3, problem: LineProblem::CutOff }]));
        }
    }
}

#[rstest]
#[case::an_expiry("email,name,expires,note\nbob@example.com,\"Bob,2020-01-01,\"VIP\"\n")]
#[case::a_code("email,name,code,note\n@example.com,\"Press,sha256:0a,\"VIP\"\n")]
#[case::a_letter("email,name\nbob@example.com,\"Bob\"x\n")]
#[case::a_doubled_quote("email,name\nbob@example.com,\"\"\"Bob\"\" \"y\n")]
fn a_quoted_cell_that_swallows_others_spoils_its_line(#[case] text: &str) {
    let (snapshot, problems) = list(text.as_bytes());
    assert_eq!((snapshot.len(), problems), (0, vec![LineReport { line: 2, problem: LineProblem::AfterQuote }]));
}

#[rstest]
#[case("\"a\",b", &["a", "b"])]
#[case("\"a\" \t,b", &["a", "b"])]
#[case("\"a\"\"\",\"\"", &["a\"", ""])]
#[case("\"a,\"\"b\"\"\"", &["a,\"b\""])]
#[case("a\"b,c", &["a\"b", "c"])]
fn quotes_are_read_as_they_are_written(#[case] line: &str, #[case] expected: &[&str]) {
    assert_eq!(cells(line, ',').unwrap(), expected);
}

#[rstest]
#[case::a_lost_line("email,name\na@example.com,A\rb@example.com,B\n", LineProblem::OtherLineBreak)]
#[case::within_a_quote("email,name\na@example.com,\"A\rB\"\n", LineProblem::OtherLineBreak)]
#[case::a_bell("email,name\na@example.com,A\u{7}\n", LineProblem::ControlCharacter)]
#[case::a_zero("email,name\na@example.com,A\0\n", LineProblem::ControlCharacter)]
#[case::of_unicode("email,name\na@example.com,A\u{85}\n", LineProblem::ControlCharacter)]
fn a_character_that_is_no_text_spoils_its_line(
    #[case] text: &str,
    #[case] problem: LineProblem,
    #[values("utf-8", "utf-16le")] encoding: &str,
) {
    let (snapshot, problems) = list(&encoded(&format!("{text}c@example.com,C\td\u{a0}é\r\r\n"), encoding));
    assert_eq!((snapshot.len(), found(&snapshot, "c@example.com").len()), (1, 1));
    assert_eq!(problems, [LineReport { line: 2, problem }]);
}

#[test]
fn a_line_break_of_another_kind_in_the_header_is_an_error() {
    let error = error(b"email,expires\ra@example.com,2020-01-01\nb@example.com,\n");
    assert!(error.contains("line 1 has a line break (CR)") && !error.contains("example"), "{error}");
}

#[test]
fn a_separator_never_rests_on_a_guessed_encoding() {
    let bytes = b"email,expires\na@example.com\xFF2020-01-01\nb@example.com,2020-01-01\xFF\nc@example.com\n";
    let (snapshot, problems) = list(bytes);
    let not_used: Vec<u64> = problems.iter().filter(|report| !report.is_used()).map(|report| report.line).collect();
    assert_eq!((snapshot.len(), not_used.as_slice()), (1, &[2, 3][..]), "{problems:?}");
    let bytes = b"email,name,expires\na@example.com,Ann\xFF2020-01-01\nb@example.com,Jos\xE9,\n";
    let (snapshot, problems) = list(bytes);
    assert_eq!((snapshot.len(), found(&snapshot, "b@example.com").len()), (1, 1));
    assert!(problems.contains(&LineReport { line: 2, problem: LineProblem::GuessedCells }), "{problems:?}");
}

#[test]
fn who_a_line_is_for_is_read_as_far_as_it_can_be() {
    let text =
        b"email,name\n@a.example,\"A\n@b.example,B\x07\n@c.example,C\xFF\xC3\xA9\n\"@d.example\n@\xFF.example,\n";
    let rules = rules_of(text, &options(), &(2..=6).collect());
    let rules: Vec<String> = rules.into_iter().map(|(line, rule)| format!("{line} {rule}")).collect();
    assert_eq!(rules, ["2 @a.example", "3 @b.example", "4 @c.example"]);
}

/// The cells that the crate `csv` reads; `None`: a quote is not closed.
fn cells_of_the_crate(line: &str, separator: char) -> Option<Vec<String>> {
    // If the second line is not read as a record of its own, a quote of the first line was not closed.
    let probed = format!("{line}\n.\n");
    let mut reader = ReaderBuilder::new()
        .delimiter(u8::try_from(separator).unwrap())
        .flexible(true)
        .has_headers(false)
        .trim(csv::Trim::All)
        .from_reader(probed.as_bytes());
    let records: Vec<StringRecord> = reader.records().collect::<Result<_, _>>().unwrap();
    let [record, _] = records.as_slice() else { return None };
    Some(record.iter().map(str::to_owned).collect())
}

proptest! {
    #[test]
    fn cells_are_those_that_another_reader_reads(line in "[a\", ;\té]{1,24}", separator in prop::sample::select(&SEPARATORS[..])) {
        prop_assume!(!line.trim_matches([' ', '\t']).is_empty());
        let own = cells(&line, separator);
        // The crate takes what follows a closing quote into the cell.
        prop_assume!(own != Err(LineProblem::AfterQuote));
        prop_assert_eq!(own.ok(), cells_of_the_crate(&line, separator));
    }
}
