//! Encodings, and what only looks like one.

use rstest::rstest;

use super::*;

fn utf_16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(unit).collect()
}

#[rstest]
#[case::empty(b"", TextEncoding::Utf8)]
#[case::ascii(b"email\na@example.com\n", TextEncoding::Utf8)]
#[case::marked(b"\xEF\xBB\xBFemail\n\xFF\n", TextEncoding::Utf8)]
#[case::a_letter(b"email\n\xC3\xA9\n", TextEncoding::Utf8)]
#[case::a_letter_and_a_broken_line(b"email\n\xC3\xA9\n\xE9\n", TextEncoding::Utf8)]
#[case::a_letter_that_is_cut_off(b"email,name\na@example.com,Jos\xC3", TextEncoding::Utf8)]
#[case::windows(b"email,name\na@example.com,Jos\xE9\n", TextEncoding::Windows1252)]
#[case::windows_quotes(b"email,name\na@example.com,\x84Jo\x93\n", TextEncoding::Windows1252)]
#[case::windows_in_the_header(b"email,Stra\xDFe\n", TextEncoding::Windows1252)]
#[case::not_in_windows_1252(b"email\n\xE9\x81\n", TextEncoding::Utf8)]
#[case::binary(b"email\n\xE9\x00\x01\n", TextEncoding::Utf8)]
#[case::zeros(b"email\n\0\0\0\n", TextEncoding::Utf8)]
#[case::little_endian(b"\xFF\xFEe\0", TextEncoding::Utf16Le)]
#[case::big_endian(b"\xFE\xFF\0e", TextEncoding::Utf16Be)]
#[case::little_endian_without_a_mark(b"e\0m\0a\0", TextEncoding::Utf16Le)]
#[case::big_endian_without_a_mark(b"\0e\0m\0a", TextEncoding::Utf16Be)]
fn an_encoding_is_recognised(#[case] bytes: &[u8], #[case] expected: TextEncoding) {
    assert_eq!(TextEncoding::of(bytes), expected);
}

#[rstest]
#[case::little_endian(TextEncoding::Utf16Le, u16::to_le_bytes)]
#[case::big_endian(TextEncoding::Utf16Be, u16::to_be_bytes)]
fn utf_16_has_its_lines_however_they_end(#[case] encoding: TextEncoding, #[case] unit: fn(u16) -> [u8; 2]) {
    for end in ["\n", "\r\n", "\r"] {
        // U+0A0D and U+0D0A have the bytes of line ends.
        let lines = ["email", "\u{A0D}\u{D0A}", "", "Zoë 😀", ""];
        let bytes = utf_16(&format!("\u{FEFF}{}", lines.join(end)), unit);
        let texts: Vec<_> = encoding.lines(&bytes).map(|line| encoding.text(line).unwrap()).collect();
        assert_eq!(texts, lines);
        assert_eq!(encoding.first_line_end(&bytes), end);
        assert_eq!(LineEnds::of(&bytes), LineEnds { ended: true, has_lines: true });
        for cut in 1..bytes.len() - 2 {
            let ended = LineEnds::of(&bytes[..cut]).ended;
            let text = encoding.text(&bytes[2.min(cut)..cut]);
            assert_eq!(ended, text.is_some_and(|text| text.ends_with(['\n', '\r'])), "{end:?} {cut}");
        }
    }
}

#[test]
fn half_a_pair_of_utf_16_is_no_text() {
    assert_eq!(TextEncoding::Utf16Le.text(b"a\0\x3D\xD8b\0"), None);
    assert_eq!(TextEncoding::Utf16Le.text(b"a\0\x3D"), None);
    assert_eq!(TextEncoding::Utf16Le.text(b"\x3D\xD8\0\xDE").as_deref(), Some("😀"));
}

#[rstest]
#[case(b"email\r\na\r\n", "\r\n", true, true)]
#[case(b"email\ra\r", "\r", true, true)]
#[case(b"email\na", "\n", false, true)]
#[case(b"email", "\n", false, false)]
fn lines_of_bytes_end_as_they_like(
    #[case] bytes: &[u8],
    #[case] end: &str,
    #[case] ended: bool,
    #[case] has_lines: bool,
) {
    assert_eq!(TextEncoding::Utf8.first_line_end(bytes), end);
    assert_eq!(LineEnds::of(bytes), LineEnds { ended, has_lines });
}
