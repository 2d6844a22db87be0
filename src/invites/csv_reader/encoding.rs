//! How the bytes of a list are text: UTF-8, UTF-16 (the "Unicode Text" of Excel) or Windows-1252 (its plain "CSV").
//!
//! UTF-16 shows itself: by a byte order mark, or by the zero byte beside each letter of the header. Nothing in a file
//! says that it is Windows-1252, so that is a guess. It is made only if the bytes cannot be UTF-8 with a broken line: no
//! letter is written as UTF-8 writes it, each byte means something in Windows-1252, and nothing is binary. Names may
//! rest on the guess, addresses may not.

use std::borrow::Cow;

use encoding_rs::WINDOWS_1252;

/// The byte order mark that some programs begin a file in UTF-8 with.
const UTF_8_MARK: &[u8] = b"\xEF\xBB\xBF";

/// The bytes that stand for nothing in Windows-1252.
const NOT_IN_WINDOWS_1252: [u8; 5] = [0x81, 0x8D, 0x8F, 0x90, 0x9D];

/// How the bytes of a list are text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextEncoding {
    /// Also if some lines are not valid.
    Utf8,
    /// The lower byte of each unit comes first.
    Utf16Le,
    /// The higher byte of each unit comes first.
    Utf16Be,
    /// The usual one of Western European Windows.
    Windows1252,
}

impl TextEncoding {
    /// The encoding of a whole list. From the start of a list it may be another one, if only later lines show which.
    pub(super) fn of(bytes: &[u8]) -> Self {
        match Self::utf_16(bytes) {
            Some(utf_16) => utf_16,
            None if is_windows_1252(bytes) => Self::Windows1252,
            None => Self::Utf8,
        }
    }

    /// The byte order of UTF-16, if the first bytes show it.
    fn utf_16(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0xFF, 0xFE, ..] | [1..=0x7F, 0, 1..=0x7F, 0, ..] => Some(Self::Utf16Le),
            [0xFE, 0xFF, ..] | [0, 1..=0x7F, 0, 1..=0x7F, ..] => Some(Self::Utf16Be),
            _ => None,
        }
    }

    /// The name for people.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Utf16Le | Self::Utf16Be => "UTF-16",
            Self::Windows1252 => "Windows-1252",
        }
    }

    /// An ASCII character in this encoding.
    fn unit(self, ascii: u8) -> ([u8; 2], usize) {
        match self {
            Self::Utf8 | Self::Windows1252 => ([ascii, 0], 1),
            Self::Utf16Le => ([ascii, 0], 2),
            Self::Utf16Be => ([0, ascii], 2),
        }
    }

    /// The place of the first such ASCII character, in bytes.
    fn find(self, bytes: &[u8], ascii: u8) -> Option<usize> {
        match self.unit(ascii) {
            (_, 1) => bytes.iter().position(|byte| *byte == ascii),
            (unit, width) => bytes.chunks(width).position(|chunk| chunk == unit).map(|at| at * width),
        }
    }

    /// Whether the bytes end with this ASCII character.
    fn ends_with(self, bytes: &[u8], ascii: u8) -> bool {
        let (unit, width) = self.unit(ascii);
        self.is_whole(bytes) && unit.get(..width).is_some_and(|unit| bytes.ends_with(unit))
    }

    /// Whether the bytes do not end within a unit.
    pub(in crate::invites) fn is_whole(self, bytes: &[u8]) -> bool {
        bytes.len().is_multiple_of(self.unit(b'\n').1)
    }

    /// The bytes behind the byte order mark.
    pub(super) fn without_mark(self, bytes: &[u8]) -> &[u8] {
        let mark: &[u8] = match self {
            Self::Utf8 | Self::Windows1252 => UTF_8_MARK,
            Self::Utf16Le => b"\xFF\xFE",
            Self::Utf16Be => b"\xFE\xFF",
        };
        bytes.strip_prefix(mark).unwrap_or(bytes)
    }

    /// The lines as bytes, however they end, without a byte order mark. The text after the end of the last line counts
    /// as a line, even if it is empty.
    pub(in crate::invites) fn lines<'a>(self, bytes: &'a [u8]) -> Box<dyn Iterator<Item = &'a [u8]> + 'a> {
        let bytes = self.without_mark(bytes);
        let end = if self.find(bytes, b'\n').is_some() { b'\n' } else { b'\r' };
        match self.unit(end) {
            (_, 1) => {
                Box::new(bytes.split(move |byte| *byte == end).map(|line| line.strip_suffix(b"\r").unwrap_or(line)))
            }
            (_, width) => Box::new(self.wide_lines(bytes, end, width)),
        }
    }

    /// The lines of a text whose units have several bytes.
    fn wide_lines(self, bytes: &[u8], end: u8, width: usize) -> impl Iterator<Item = &[u8]> {
        let mut rest = Some(bytes);
        std::iter::from_fn(move || {
            let here = rest?;
            let split = self.find(here, end).and_then(|at| here.split_at_checked(at));
            let line = split.map_or(here, |(line, _)| line);
            rest = split.and_then(|(_, after)| after.get(width..));
            let returned = self.ends_with(line, b'\r').then(|| line.len() - width);
            Some(returned.and_then(|length| line.get(..length)).unwrap_or(line))
        })
    }

    /// How the first line ends.
    pub(in crate::invites) fn first_line_end(self, bytes: &[u8]) -> &'static str {
        let width = self.unit(b'\n').1;
        match (self.find(bytes, b'\r'), self.find(bytes, b'\n')) {
            (Some(cr), Some(lf)) if cr + width == lf => "\r\n",
            (Some(_), None) => "\r",
            _ => "\n",
        }
    }

    /// The text of a line; `None`: its bytes are no text.
    pub(super) fn text(self, line: &[u8]) -> Option<Cow<'_, str>> {
        match self {
            Self::Utf8 => str::from_utf8(line).ok().map(Cow::Borrowed),
            Self::Windows1252 => Some(WINDOWS_1252.decode_without_bom_handling(line).0),
            Self::Utf16Le => from_utf_16(line, u16::from_le_bytes),
            Self::Utf16Be => from_utf_16(line, u16::from_be_bytes),
        }
    }

    /// The text of a line, with a replacement for what is no text.
    pub(super) fn lossy_text(self, line: &[u8]) -> Cow<'_, str> {
        let lossy_utf_16 = |unit: fn([u8; 2]) -> u16| -> String {
            let units = line.as_chunks::<2>().0.iter().map(|bytes| unit(*bytes));
            char::decode_utf16(units).map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
        };
        match self {
            Self::Utf8 => String::from_utf8_lossy(line),
            Self::Windows1252 => WINDOWS_1252.decode_without_bom_handling(line).0,
            Self::Utf16Le => lossy_utf_16(u16::from_le_bytes).into(),
            Self::Utf16Be => lossy_utf_16(u16::from_be_bytes).into(),
        }
    }

    /// How often an ASCII character occurs.
    pub(super) fn count(self, bytes: &[u8], ascii: u8) -> usize {
        match self.unit(ascii) {
            (_, 1) => bytes.iter().map(|byte| usize::from(*byte == ascii)).sum(),
            (unit, width) => bytes.chunks(width).filter(|chunk| *chunk == unit).count(),
        }
    }

    /// A text as bytes; `None`: the encoding has no bytes for a letter of it.
    pub(in crate::invites) fn bytes(self, text: &str) -> Option<Vec<u8>> {
        match self {
            Self::Utf8 => Some(text.as_bytes().to_vec()),
            Self::Windows1252 => {
                let (bytes, _, is_incomplete) = WINDOWS_1252.encode(text);
                (!is_incomplete).then(|| bytes.into_owned())
            }
            Self::Utf16Le => Some(text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
            Self::Utf16Be => Some(text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
        }
    }
}

fn from_utf_16(line: &[u8], unit: fn([u8; 2]) -> u16) -> Option<Cow<'_, str>> {
    let (units, []) = line.as_chunks::<2>() else { return None };
    char::decode_utf16(units.iter().map(|bytes| unit(*bytes))).collect::<Result<String, _>>().ok().map(Cow::Owned)
}

/// Whether the bytes can be Windows-1252 only.
fn is_windows_1252(bytes: &[u8]) -> bool {
    let is_binary = |byte: u8| byte.is_ascii_control() && !matches!(byte, b'\t' | b'\n' | b'\r');
    let mut is_guessed = false;
    let mut chunks = bytes.utf8_chunks().peekable();
    while let Some(chunk) = chunks.next() {
        let (valid, invalid) = (chunk.valid(), chunk.invalid());
        if !valid.is_ascii()
            || valid.bytes().any(is_binary)
            || invalid.iter().any(|byte| NOT_IN_WINDOWS_1252.contains(byte))
        {
            return false;
        }
        // A letter of UTF-8 may be cut off at the end.
        let is_cut_off =
            chunks.peek().is_none() && str::from_utf8(invalid).is_err_and(|error| error.error_len().is_none());
        is_guessed |= !invalid.is_empty() && !is_cut_off;
    }
    is_guessed
}

/// What the last bytes of a file say about its lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::invites) struct LineEnds {
    /// Whether the content ends with the end of a line.
    pub(in crate::invites) ended: bool,
    /// Whether the content has any complete line.
    pub(in crate::invites) has_lines: bool,
}

impl LineEnds {
    /// Those of a list.
    pub(in crate::invites) fn of(list: &[u8]) -> Self {
        // UTF-8 and Windows-1252 end their lines alike.
        let encoding = TextEncoding::utf_16(list).unwrap_or(TextEncoding::Utf8);
        let text = encoding.without_mark(list);
        Self {
            ended: [b'\n', b'\r'].iter().any(|end| encoding.ends_with(text, *end)),
            has_lines: [b'\n', b'\r'].iter().any(|end| encoding.find(text, *end).is_some()),
        }
    }
}

#[cfg(test)]
mod tests;
