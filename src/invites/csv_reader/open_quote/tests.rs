//! Cells with line breaks, and quotes that were forgotten.

use rstest::rstest;

use super::*;
use crate::invites::csv_reader::{ListOptions, UnendedLine, read};
use crate::values::{AttributeTypes, EmailAddress, EmailMatch};

/// The lines that are used, and those that may be the rest of a cell, with the line of that cell.
fn lines(text: &str) -> (Vec<u64>, Vec<(u64, u64)>) {
    let options =
        ListOptions { source: "beta".into(), apps: Vec::new(), extension_app: None, types: AttributeTypes::default() };
    let (snapshot, problems) = read(text.as_bytes(), &options, UnendedLine::Used).unwrap();
    let rest = problems.iter().filter_map(|report| match report.problem {
        LineProblem::RestOfCell { line } => Some((report.line, line)),
        _ => None,
    });
    let used = (0..9).map(|user| format!("u{user}@gmail.com").parse::<EmailAddress>().unwrap());
    let mut used: Vec<u64> =
        used.flat_map(|address| snapshot.find(&address, EmailMatch::Exact)).map(|invitation| invitation.line).collect();
    used.sort_unstable();
    used.dedup();
    (used, rest.collect())
}

#[rstest]
#[case::in_the_middle("\"u1@gmail.com\",\"Jo\n@gmail.com,x,\",\"Contoso\"\nu2@gmail.com,,\n", &[4], &[(3, 2)])]
#[case::at_the_end("u1@gmail.com,,\"Jo\n\n@gmail.com\"\nu2@gmail.com,,\n", &[5], &[(4, 2)])]
#[case::in_two_cells("u1@gmail.com,\"Jo\n@gmail.com,x,\",\"Co\n@gmail.com\"\nu2@gmail.com,,\n", &[5], &[(3, 2), (4, 2)])]
#[case::with_quotes("u1@gmail.com,\"\"\"Jo\"\"\n@gmail.com,\"\"x\"\"\n\",\nu2@gmail.com,,\n", &[5], &[(3, 2), (4, 2)])]
#[case::of_a_line_with_another_fault("u1@gmail.com,\"Jo\"x,\"\n@gmail.com\n\"\nu2@gmail.com,,\n", &[5], &[(3, 2), (4, 2)])]
#[case::twice("u1@gmail.com,\"Jo\n@gmail.com\"\nu2@gmail.com,\"Jo\n@gmail.com\"\nu3@gmail.com\n", &[6], &[(3, 2), (5, 4)])]
#[case::forgotten("u1@gmail.com,\"Jo,\nu2@gmail.com,\"Al\",x\n@gmail.com\n", &[3, 4], &[])]
#[case::forgotten_at_the_end("u1@gmail.com,\"Jo\"\nu2@gmail.com,\"Jo", &[2], &[])]
fn no_line_of_a_cell_with_line_breaks_invites(#[case] text: &str, #[case] used: &[u64], #[case] rest: &[(u64, u64)]) {
    assert_eq!(lines(&format!("email,name,note\n{text}")), (used.to_vec(), rest.to_vec()));
}

#[test]
fn a_cell_of_many_lines_invites_nobody_either() {
    let text = format!("email,name\nu1@gmail.com,\"Jo{}\"\nu2@gmail.com,\n", "\n@gmail.com,".repeat(500));
    let (used, rest) = lines(&text);
    assert_eq!((used.as_slice(), rest.len()), (&[503][..], 500));
}

/// What each line costs does not grow with their number: this would take minutes.
#[test]
fn many_forgotten_quotes_are_read_in_one_go() {
    let count = 200_000;
    let text = format!("email,name\n{}u2@gmail.com,\n", "u1@gmail.com,J\"o,\"Al\n".repeat(count));
    assert_eq!(lines(&text), (vec![count as u64 + 2], Vec::new()));
}

#[test]
fn quotes_are_counted_in_each_encoding() {
    let wide: Vec<u8> = "\"a\u{2222}\n\"b\"\n\"".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut closing = ClosingLines::of(TextEncoding::Utf16Le, &wide);
    assert_eq!([0, 0, 1, 2, 3, 3].map(|line| closing.after(line)), [Some(1), Some(1), Some(3), Some(3), None, None]);
}
