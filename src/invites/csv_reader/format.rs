//! How a list is written, which its first lines show: the encoding, the character between two cells, and the line of
//! the header.
//!
//! Excel writes a comma, a semicolon or a tab between two cells, depending on the country, and understands a first line
//! `sep=;` that says which. Without that line the header says it: the character that it has outside of quotes. If it
//! has several of them, the one that makes one of its names the email.

use std::borrow::Cow;

use super::encoding::TextEncoding;
use super::{ListError, MAX_HEADER};
use crate::invites::columns::is_email;
use crate::invites::line_problem::LineProblem;

/// The characters that can separate cells.
const SEPARATORS: [char; 3] = [',', ';', '\t'];

/// The longest first line that can say which character separates cells, in bytes.
const MAX_SEPARATOR_LINE: usize = 256;

/// The files that spreadsheets save as workbooks begin with one of these.
const WORKBOOKS: [&[u8]; 2] = [b"PK\x03\x04", b"\xD0\xCF\x11\xE0"];

/// How a list is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::invites) struct ListFormat {
    /// How its bytes are text.
    pub(in crate::invites) encoding: TextEncoding,
    /// What stands between two cells.
    pub(in crate::invites) separator: char,
    /// The number of the line that names the columns, from 1.
    pub(in crate::invites) header_line: u64,
}

/// The start of a list.
pub(in crate::invites) struct ListStart<'a> {
    /// How the list is written.
    pub(in crate::invites) format: ListFormat,
    /// The cells of the header.
    pub(super) names: Vec<String>,
    /// The bytes of the header's line.
    pub(super) header: &'a [u8],
    /// The lines after the header, as bytes.
    pub(in crate::invites) lines: Box<dyn Iterator<Item = &'a [u8]> + 'a>,
}

impl<'a> ListStart<'a> {
    /// Reads the header of a list, or of the start of one.
    pub(in crate::invites) fn read(bytes: &'a [u8]) -> Result<Self, ListError> {
        if WORKBOOKS.iter().any(|start| bytes.starts_with(start)) {
            return Err(ListError::Workbook);
        }
        let encoding = TextEncoding::of(bytes);
        let mut lines = encoding.lines(bytes);
        let mut header = lines.next().unwrap_or_default();
        let explicit = named_separator(header, encoding)?;
        if explicit.is_some() {
            header = lines.next().unwrap_or_default();
        }
        let line = if explicit.is_some() { 2 } else { 1 };
        if header.len() > MAX_HEADER {
            return Err(ListError::HeaderTooLong { line });
        }
        let unreadable = |problem: LineProblem| ListError::Read(format!("line {line} {problem}"));
        let text = text(header, encoding).map_err(unreadable)?;
        let separator = match explicit {
            Some(separator) => separator,
            None => separator_of(&text).ok_or(ListError::Separators { line })?,
        };
        let names = cells(&text, separator).map_err(unreadable)?;
        Ok(Self { format: ListFormat { encoding, separator, header_line: line }, names, header, lines })
    }
}

impl ListStart<'_> {
    /// Where the text of the header ends in the bytes that it was read from.
    pub(in crate::invites) fn header_end(&self, bytes: &[u8]) -> usize {
        let before = self.header.as_ptr().addr().saturating_sub(bytes.as_ptr().addr());
        before + self.header.len()
    }
}

impl ListFormat {
    /// Splits a line, and calls `add` with each cell, trimmed.
    pub(super) fn split(self, line: &[u8], add: &mut impl FnMut(&str)) -> Result<(), LineProblem> {
        split(&text(line, self.encoding)?, self.separator, add)
    }

    /// Splits a line as far as it can be read, and calls `add` with each cell, trimmed.
    pub(super) fn split_readable(self, line: &[u8], add: &mut impl FnMut(&str)) {
        // Whatever is wrong, the cells before it are whole.
        let _ = split(&self.encoding.lossy_text(line), self.separator, add);
    }

    /// Whether a line has no content.
    pub(super) fn is_blank(self, line: &[u8]) -> bool {
        let text = self.encoding.text(line);
        text.is_some_and(|text| text.chars().all(|c| c.is_ascii_whitespace() || c == self.separator))
    }
}

/// The text of a line. Of the characters that are no text, only tabs may occur.
fn text(line: &[u8], encoding: TextEncoding) -> Result<Cow<'_, str>, LineProblem> {
    let text = encoding.text(line).ok_or(LineProblem::NotText { encoding: encoding.name() })?;
    // Some programs end their lines with several carriage returns, and nothing follows them.
    let content = text.trim_end_matches('\r');
    // Nearly all lines are ASCII without control characters. To look at each byte of them is quicker than to stop early.
    let may_be_control = |byte: u8| matches!(byte, 0..=8 | 10..=31 | 127..);
    if !content.bytes().fold(false, |found, byte| found | may_be_control(byte)) {
        return Ok(text);
    }
    match content.chars().find(|c| c.is_control() && *c != '\t') {
        None => Ok(text),
        Some('\r') => Err(LineProblem::OtherLineBreak),
        Some(_) => Err(LineProblem::ControlCharacter),
    }
}

/// The separator that a line `sep=;` names; `None`: it is no such line.
fn named_separator(line: &[u8], encoding: TextEncoding) -> Result<Option<char>, ListError> {
    let Some(text) = Some(line).filter(|line| line.len() <= MAX_SEPARATOR_LINE).and_then(|line| encoding.text(line))
    else {
        return Ok(None);
    };
    let text = text.trim_start_matches('"');
    let Some(named) = text.get(..4).filter(|start| start.eq_ignore_ascii_case("sep=")).and(text.get(4..)) else {
        return Ok(None);
    };
    // A program that saved the list again may have added empty cells.
    let is_filling = |c: char| c == '"' || c.is_whitespace() || SEPARATORS.contains(&c);
    match named.chars().next() {
        Some(separator) if SEPARATORS.contains(&separator) && named.chars().all(is_filling) => Ok(Some(separator)),
        _ => Err(ListError::NamedSeparator),
    }
}

/// The separator that a header shows; `None`: it could be several. A header that names no email is unusable anyway.
fn separator_of(header: &str) -> Option<char> {
    let outside: String = header.split('"').step_by(2).collect();
    let shown: Vec<char> = SEPARATORS.into_iter().filter(|separator| outside.contains(*separator)).collect();
    match shown.as_slice() {
        // The only column.
        [] => Some(','),
        [only] => Some(*only),
        _ => {
            let names_email = |separator: &&char| {
                cells(header, **separator).is_ok_and(|names| names.iter().any(|name| is_email(name)))
            };
            let fitting: Vec<char> = shown.iter().filter(names_email).copied().collect();
            match fitting.as_slice() {
                [] => shown.iter().max_by_key(|separator| outside.matches(**separator).count()).copied(),
                [only] => Some(*only),
                _ => None,
            }
        }
    }
}

/// The cells of one line, trimmed.
fn cells(line: &str, separator: char) -> Result<Vec<String>, LineProblem> {
    let mut cells = Vec::new();
    split(line, separator, &mut |cell| cells.push(cell.to_owned()))?;
    Ok(cells)
}

/// Splits one line, and calls `add` with each cell, trimmed.
fn split(line: &str, separator: char, add: &mut impl FnMut(&str)) -> Result<(), LineProblem> {
    if !line.contains('"') {
        line.split(separator).for_each(|cell| add(cell.trim()));
        return Ok(());
    }
    let mut rest = Some(line);
    while let Some(text) = rest {
        let (cell, after) = match text.strip_prefix('"') {
            Some(quoted) => quoted_cell(quoted, separator)?,
            None => text.split_once(separator).map_or((text.into(), None), |(cell, after)| (cell.into(), Some(after))),
        };
        add(cell.trim());
        rest = after;
    }
    Ok(())
}

/// The cell whose quote was opened before `text`, and what follows its separator. It is an error if nothing closes the
/// quote, or if more than blanks follows in the same cell: then the quote was opened elsewhere, and this cell swallowed
/// others, which may have limited the line.
///
/// This is what the crate `csv` reads, whose reader takes ten times as long to be made as to read a line. That one takes
/// what follows into the cell.
fn quoted_cell(text: &str, separator: char) -> Result<(Cow<'_, str>, Option<&str>), LineProblem> {
    let (cell, mut after) = text.split_once('"').ok_or(LineProblem::OpenQuote)?;
    let mut cell = Cow::Borrowed(cell);
    // Two quotes are one quote of the cell.
    while let Some(doubled) = after.strip_prefix('"') {
        let (more, rest) = doubled.split_once('"').ok_or(LineProblem::OpenQuote)?;
        cell.to_mut().extend(["\"", more]);
        after = rest;
    }
    let (unquoted, rest) = after.split_once(separator).map_or((after, None), |(cell, rest)| (cell, Some(rest)));
    if unquoted.trim().is_empty() { Ok((cell, rest)) } else { Err(LineProblem::AfterQuote) }
}

#[cfg(test)]
mod tests;
