//! Lists of every make, and cells that need care.

use std::sync::Arc;

use proptest::prelude::*;
use rstest::rstest;

use super::*;
use crate::invites::csv_reader::{self, ListOptions};
use crate::values::{AttributeTypes, EmailMatch, Invitation};

fn options() -> ListOptions {
    ListOptions { source: Arc::from("beta"), apps: Vec::new(), extension_app: None, types: AttributeTypes::default() }
}

fn invited(address: &str) -> NewLine {
    NewLine { rule: Some(address.parse().unwrap()), ..NewLine::default() }
}

fn appended(list: &[u8], lines: &[NewLine]) -> (Vec<u8>, u64) {
    try_append(list, lines).unwrap()
}

fn try_append(list: &[u8], lines: &[NewLine]) -> Result<(Vec<u8>, u64), BadCell> {
    let start = ListStart::read(list).unwrap();
    let (columns, _) = csv_reader::columns(&start, &options()).unwrap();
    append(list, &start, &columns, lines)
}

fn text(list: &str, lines: &[NewLine]) -> (String, u64) {
    let (written, number) = appended(list.as_bytes(), lines);
    (String::from_utf8(written).unwrap(), number)
}

fn found(list: &[u8], address: &str) -> Option<Invitation> {
    let (snapshot, problems) = csv_reader::read(list, &options(), csv_reader::UnendedLine::Used).unwrap();
    assert!(problems.is_empty(), "{problems:?}");
    snapshot.find(&address.parse().unwrap(), EmailMatch::Exact).pop()
}

#[rstest]
#[case::as_it_should_be("email\na@example.com\n", "email\na@example.com\njo@example.com\n", 3)]
#[case::no_last_line_end("email\na@example.com", "email\na@example.com\njo@example.com\n", 3)]
#[case::a_header_alone("email", "email\njo@example.com\n", 2)]
#[case::crlf("email\r\na@example.com\r\n", "email\r\na@example.com\r\njo@example.com\r\n", 3)]
#[case::crlf_without_the_last("email\r\na@example.com", "email\r\na@example.com\r\njo@example.com\r\n", 3)]
#[case::mixed("email\r\na@example.com\n", "email\r\na@example.com\njo@example.com\r\n", 3)]
#[case::old_mac("email\ra@example.com\r", "email\ra@example.com\rjo@example.com\r", 3)]
#[case::empty_lines("email\n\n\n", "email\n\n\njo@example.com\n", 4)]
#[case::a_mark("\u{FEFF}email\r\n", "\u{FEFF}email\r\njo@example.com\r\n", 2)]
#[case::other_columns("name,Email,city\nA,a@example.com\n", "name,Email,city\nA,a@example.com\n,jo@example.com,\n", 3)]
#[case::semicolons("E-Mail;name\n", "E-Mail;name\njo@example.com;\n", 2)]
#[case::tabs("E-Mail\tname\r\n", "E-Mail\tname\r\njo@example.com\t\r\n", 2)]
#[case::named_separator("sep=;\nE-Mail;name\n", "sep=;\nE-Mail;name\njo@example.com;\n", 3)]
#[case::quoted("\"email\",\"name\"\n", "\"email\",\"name\"\njo@example.com,\n", 2)]
fn a_line_is_added_in_the_lists_own_manner(#[case] list: &str, #[case] expected: &str, #[case] number: u64) {
    assert_eq!(text(list, &[invited("jo@example.com")]), (expected.to_owned(), number));
}

#[test]
fn missing_columns_are_added_to_the_header_and_old_lines_stay() {
    let line = NewLine {
        tags: vec!["beta".into(), "press".into()],
        expires: Some("2099-12-31".into()),
        groups: vec!["Testers".into()],
        note: Some("said \"yes\", twice".into()),
        ..invited("@*.example.org")
    };
    let list = "\u{FEFF}email , name,,tags\r\na@example.com,\"A, B\"\r\n";
    let (written, number) = text(list, &[line, invited("jo@example.com")]);
    let expected = "\u{FEFF}email , name,,tags,expires,groups,note\r\na@example.com,\"A, B\"\r\n\
                    @*.example.org,,,beta;press,2099-12-31,Testers,\"said \"\"yes\"\", twice\"\r\n\
                    jo@example.com,,,,,,\r\n";
    assert_eq!((written.as_str(), number), (expected, 3));
    let partner = found(written.as_bytes(), "anyone@mail.example.org").unwrap();
    assert_eq!(
        (partner.tags.len(), partner.groups.len(), partner.columns["note"].as_str()),
        (2, 1, "said \"yes\", twice")
    );
    assert_eq!(found(written.as_bytes(), "a@example.com").unwrap().columns["name"], "A, B");
}

/// A list in UTF-16, as `u16::to_le_bytes` or `u16::to_be_bytes` writes it.
fn utf_16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(unit).collect()
}

#[rstest]
#[case::little_endian("\u{FEFF}", u16::to_le_bytes)]
#[case::big_endian("\u{FEFF}", u16::to_be_bytes)]
#[case::little_endian_without_a_mark("", u16::to_le_bytes)]
#[case::big_endian_without_a_mark("", u16::to_be_bytes)]
fn a_line_is_added_in_utf_16(#[case] mark: &str, #[case] unit: fn(u16) -> [u8; 2]) {
    for (list, written) in [
        (
            "E-Mail\tname\r\na@example.com\tZoë\r\n",
            "E-Mail\tname\ttags\r\na@example.com\tZoë\r\njo@example.com\tЙо\tx;y\r\n",
        ),
        ("email;name\na@example.com;Zoë", "email;name;tags\na@example.com;Zoë\njo@example.com;Йо;\"x;y\"\n"),
    ] {
        let line =
            NewLine { name: Some("Йо".into()), tags: vec!["x".into(), "y".into()], ..invited("jo@example.com") };
        let (bytes, number) = appended(&utf_16(&format!("{mark}{list}"), unit), &[line]);
        assert_eq!((bytes.as_slice(), number), (utf_16(&format!("{mark}{written}"), unit).as_slice(), 3));
        let jo = found(&bytes, "jo@example.com").unwrap();
        assert_eq!((jo.columns["name"].as_str(), jo.tags.len()), ("Йо", 2));
    }
    let cut = utf_16(&format!("{mark}email\na@example.com"), unit);
    assert_eq!(try_append(&cut[..cut.len() - 1], &[invited("jo@example.com")]), Err(BadCell::CutOff));
}

#[test]
fn a_line_is_added_in_windows_1252_if_that_has_its_letters() {
    let list = b"email;name\na@example.com;Zo\xEB\n";
    let named = |name: &str| NewLine { name: Some(name.into()), ..invited("jo@example.com") };
    let (written, number) = appended(list, &[named("J\u{f6}rg")]);
    assert_eq!((written.as_slice(), number), (&b"email;name\na@example.com;Zo\xEB\njo@example.com;J\xF6rg\n"[..], 3));
    let error = try_append(list, &[named("Йо")]).unwrap_err();
    assert_eq!(error, BadCell::NotInEncoding { encoding: TextEncoding::Windows1252 });
}

#[test]
fn bytes_that_are_no_text_stay() {
    let (written, number) = appended(b"email\nb\xFF@example.com\n", &[invited("jo@example.com")]);
    assert_eq!((written.as_slice(), number), (&b"email\nb\xFF@example.com\njo@example.com\n"[..], 3));
}

#[rstest]
#[case("two\nlines")]
#[case("two\rlines")]
#[case("a\u{0}b")]
#[case("a\u{2028}b")]
fn a_cell_never_holds_a_line_break(#[case] note: &str) {
    let line = NewLine { note: Some(note.to_owned()), ..invited("jo@example.com") };
    assert_eq!(try_append(b"email\n", &[line]), Err(BadCell::ControlCharacter { column: "note" }));
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(
        name in "[^\\p{Cc}\u{2028}\u{2029}]{0,12}",
        note in "[,\";' =a]{0,8}",
        mark: bool,
        end in "\n|\r\n|\r",
        closed: bool,
    ) {
        let mark = if mark { "\u{FEFF}" } else { "" };
        let list = format!("{mark}email,city{end}a@example.com,\"Wagga, Wagga\"{}", if closed { &end } else { "" });
        let line = NewLine { name: Some(name.clone()), note: Some(note.clone()), ..invited("jo@example.com") };
        let (written, number) = appended(list.as_bytes(), &[line]);
        let jo = found(&written, "jo@example.com").unwrap();
        prop_assert_eq!(jo.line, number);
        let said = |column: &str| jo.columns.get(column).cloned().unwrap_or_default();
        prop_assert_eq!(said("name"), name.trim());
        prop_assert_eq!(said("note"), note.trim());
        let a = found(&written, "a@example.com").unwrap();
        prop_assert_eq!(a.columns["city"].as_str(), "Wagga, Wagga");
    }
}
