//! Reading an invite list in CSV: a header, then one invitation a line. A bad line is reported with its number and
//! skipped; the rest is used. The list may be written as spreadsheets write it (`format.rs`, `encoding.rs`).

mod encoding;
mod format;
mod open_quote;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

pub(super) use encoding::LineEnds;
pub(crate) use encoding::TextEncoding;
pub(super) use format::{ListFormat, ListStart};
use open_quote::{ClosingLines, leaves_open};

pub(crate) use super::line::{DayEdge, parse_moment};
pub use super::list_options::ListOptions;

use super::columns::{Column, Columns, HeaderError};
use super::compact_lines::{CompactLine, CompactLines};
use super::line;
use super::line_problem::{LineProblem, LineReport, MAX_CELL};
use super::look_alikes::LookAlikes;
use super::snapshot::{Snapshot, SnapshotBuilder};
use crate::values::{AddressRule, AttributeTypes, AttributeValue};

/// The longest first line, in bytes.
const MAX_HEADER: usize = 64 * 1024;

/// The most bytes before the header's text and for its end: a byte order mark, and a line that names the separator.
const MAX_BEFORE_HEADER: usize = 512;

/// The longest name of a column, in bytes.
const MAX_NAME: usize = 256;

/// What is done with a last line that no line break ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnendedLine {
    /// It is used and reported: many editors do not end the last line.
    Used,
    /// It is not used: the list has ended its lines so far, so this one is probably cut off.
    CutOff,
}

/// Why a list cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// The header is unusable.
    #[error("line {line}: {error}")]
    Header {
        /// The line of the header.
        line: u64,
        /// What is wrong with it.
        error: HeaderError,
    },
    /// The line is longer than any header is.
    #[error("line {line}: the header has more than {MAX_HEADER} bytes: is this an invite list?")]
    HeaderTooLong {
        /// The line of the header.
        line: u64,
    },
    /// It cannot be told what separates the names of the columns.
    #[error(
        "line {line}: it cannot be told whether commas, semicolons or tabs separate the columns: use one of them only, \
         or begin the list with a line sep=;"
    )]
    Separators {
        /// The line of the header.
        line: u64,
    },
    /// The line that names the separator names another one than there are.
    #[error("line 1: after sep= there must be a comma, a semicolon or a tab")]
    NamedSeparator,
    /// The file is a workbook.
    #[error("this is a workbook of a spreadsheet program: save it as CSV UTF-8")]
    Workbook,
    /// A column's name is longer than any name is.
    #[error("line {line}, column {column}: the name has {length} bytes, the limit is {MAX_NAME}")]
    NameTooLong {
        /// The line of the header.
        line: u64,
        /// The column's number, from 1.
        column: usize,
        /// The length of the name, in bytes.
        length: usize,
    },
    /// The bytes cannot be read.
    #[error("cannot be read: {0}")]
    Read(String),
}

/// The columns that a list's first line names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    /// The columns that templates see, by the names under which they see them.
    pub columns: Vec<String>,
    /// What is wrong with other columns.
    pub problems: Vec<LineReport>,
}

/// Reads only the header, which is quick enough for the start of the service.
pub(crate) fn check_header(input: impl Read, options: &ListOptions) -> Result<Header, ListError> {
    let mut start = Vec::new();
    // Some bytes more, for what stands before the header and for the line's end, show whether the header is too long.
    let enough = (MAX_HEADER + MAX_BEFORE_HEADER) as u64;
    input.take(enough).read_to_end(&mut start).map_err(|error| ListError::Read(error.to_string()))?;
    let (columns, problems) = columns(&ListStart::read(&start)?, options)?;
    let visible = columns.0.into_iter().filter(Column::is_visible).map(|column| column.name);
    Ok(Header { columns: visible.collect(), problems })
}

/// Reads a whole list. No cell can hold a line break. If a cell seems to hold one nevertheless, none of its lines is used
/// (`open_quote.rs`). Bytes that are handed over are freed as soon as their lines are read.
pub fn read<'a>(
    bytes: impl Into<Cow<'a, [u8]>>,
    options: &ListOptions,
    unended: UnendedLine,
) -> Result<(Snapshot, Vec<LineReport>), ListError> {
    let bytes = bytes.into();
    let reader = read_lines(&bytes, options, unended)?;
    let peak = bytes.len() + reader.memory();
    drop(bytes);
    Ok(reader.finish(peak))
}

/// Reads the header and all lines.
fn read_lines<'a>(bytes: &[u8], options: &'a ListOptions, unended: UnendedLine) -> Result<LineReader<'a>, ListError> {
    let start = ListStart::read(bytes)?;
    let (columns, mut problems) = columns(&start, options)?;
    problems.extend(guessed_encoding(start.format.encoding, bytes));
    let count = start.format.encoding.lines(bytes).count();
    let mut reader = LineReader {
        format: start.format,
        columns,
        options,
        snapshot: Snapshot::builder(count, bytes.len()),
        look_alikes: LookAlikes::for_lines(count),
        problems,
    };
    reader.read(start.lines, ClosingLines::of(start.format.encoding, bytes), unended)?;
    Ok(reader)
}

/// Reads lines, one after another.
struct LineReader<'a> {
    format: ListFormat,
    columns: Columns,
    options: &'a ListOptions,
    snapshot: SnapshotBuilder,
    look_alikes: LookAlikes,
    problems: Vec<LineReport>,
}

impl LineReader<'_> {
    /// Reads all lines after the header.
    fn read<'l>(
        &mut self,
        lines: impl Iterator<Item = &'l [u8]>,
        mut closing: ClosingLines<'l>,
        unended: UnendedLine,
    ) -> Result<(), ListError> {
        let mut numbered = (self.format.header_line + 1..).zip(lines).peekable();
        // The line with the last open quote, and the line that closes it.
        let mut open: Option<(u64, u64)> = None;
        while let Some((line, bytes)) = numbered.next() {
            // The last line is blank if the list ends its lines. Otherwise it may be cut off.
            if numbered.peek().is_none() && !self.format.is_blank(bytes) {
                let problem = if unended == UnendedLine::Used { LineProblem::Unended } else { LineProblem::CutOff };
                let is_used = problem.is_used();
                self.problems.push(LineReport { line, problem });
                if !is_used {
                    break;
                }
            }
            if let Some((opened, _)) = open.filter(|(_, closed)| line <= *closed) {
                if !self.format.is_blank(bytes) {
                    self.problems.push(LineReport { line, problem: LineProblem::RestOfCell { line: opened } });
                }
            } else if self.read_line(line, bytes)? {
                open = closing.after(line).map(|closed| (line, closed));
            }
        }
        Ok(())
    }

    /// Reads one line, and says whether it leaves a quote open. If it says no more than its rule, or cannot be used, its
    /// cells are not kept.
    fn read_line(&mut self, line: u64, bytes: &[u8]) -> Result<bool, ListError> {
        let cells = &mut self.snapshot.lines;
        let place = cells.begin_line().ok_or_else(|| ListError::Read("its cells have more than 4 GiB".to_owned()))?;
        let split = self.format.split(bytes, &mut |cell| cells.push_cell(cell));
        let is_open = split.as_ref().is_err_and(|problem| leaves_open(problem, self.format.encoding, bytes));
        let compact = self.snapshot.lines.line(place);
        let read = split
            .and_then(|()| within_limits(&self.columns, compact))
            .and_then(|()| without_guess(self.format.encoding, &self.columns, compact, bytes))
            .and_then(|()| line::check(&self.columns, compact, self.options));
        match read {
            Ok(Some(checked)) => {
                if let Some(rule) = &checked.rule {
                    self.look_alikes.add(rule, line);
                }
                if checked.code.is_none() && checked.rule.as_ref().is_some_and(AddressRule::is_for_a_mail_provider) {
                    self.problems.push(LineReport { line, problem: LineProblem::MailProvider });
                }
                self.problems.extend(misfits(&self.columns, compact, line, &self.options.types));
                let is_bare = line::is_bare(&self.columns, compact, &checked);
                self.snapshot.add(line, (!is_bare).then_some(place), checked.rule.as_ref(), checked.code.as_ref());
                if is_bare { self.snapshot.lines.remove_from(place) } else { self.snapshot.lines.end_line() }
            }
            Ok(None) => self.snapshot.lines.remove_from(place),
            Err(problem) => {
                self.snapshot.lines.remove_from(place);
                self.problems.push(LineReport { line, problem });
            }
        }
        Ok(is_open)
    }

    /// The bytes of all that was kept of the lines so far.
    fn memory(&self) -> usize {
        self.snapshot.memory() + self.look_alikes.memory() + self.problems.len() * size_of::<LineReport>()
    }

    /// The list of all lines, and what is wrong with them. `peak`: the most memory that reading it held.
    fn finish(self, peak: usize) -> (Snapshot, Vec<LineReport>) {
        let Self { columns, options, snapshot, look_alikes, mut problems, .. } = self;
        problems.extend(look_alikes.finish());
        let (snapshot, twice) = snapshot.finish(columns, options.clone(), peak);
        // Of a line that is not used, no cell is left out.
        let is_twice = |line: u64| twice.binary_search_by_key(&line, |report| report.line).is_ok();
        let is_misfit = |problem: &LineProblem| matches!(problem, LineProblem::Misfit { .. });
        problems.retain(|report| !(is_misfit(&report.problem) && is_twice(report.line)));
        problems.extend(twice);
        problems.sort_by_key(|problem| problem.line);
        (snapshot, problems)
    }
}

/// Whom these lines name, as far as their cells can be read. It is for lines that are not used.
pub(super) fn rules_of(bytes: &[u8], options: &ListOptions, wanted: &BTreeSet<u64>) -> BTreeMap<u64, AddressRule> {
    let mut rules = BTreeMap::new();
    let Ok(start) = ListStart::read(bytes) else { return rules };
    let Ok((columns, _)) = columns(&start, options) else { return rules };
    let format = start.format;
    let numbered = (format.header_line + 1..).zip(start.lines);
    for (line, bytes) in numbered.filter(|(line, _)| wanted.contains(line)) {
        let mut cells = CompactLines::default();
        let Some(place) = cells.begin_line() else { continue };
        format.split_readable(bytes, &mut |cell| cells.push_cell(cell));
        let rule = line::written_rule(&columns, cells.line(place)).and_then(|rule| rule.parse().ok());
        rules.extend(rule.map(|rule| (line, rule)));
    }
    rules
}

/// The cells that do not fit the declared type of their column.
fn misfits(columns: &Columns, cells: CompactLine<'_>, line: u64, types: &AttributeTypes) -> Vec<LineReport> {
    if types.iter().next().is_none() {
        return Vec::new();
    }
    let misfit = |(column, text): (&Column, &str)| {
        let attribute = column.attribute.clone()?;
        let declared = types.declared(attribute.as_str())?;
        let fits = AttributeValue::String(text.to_owned()).convert(declared).is_some();
        let problem = LineProblem::Misfit { attribute: attribute.clone(), declared };
        (!fits).then_some((attribute, LineReport { line, problem }))
    };
    line::filled(columns, cells).filter_map(misfit).collect::<BTreeMap<_, _>>().into_values().collect()
}

/// Points out that the encoding is a guess, at the first line for which that makes a difference.
fn guessed_encoding(encoding: TextEncoding, bytes: &[u8]) -> Option<LineReport> {
    if encoding != TextEncoding::Windows1252 {
        return None;
    }
    let (line, _) = (1..).zip(encoding.lines(bytes)).find(|(_, line)| !line.is_ascii())?;
    Some(LineReport { line, problem: LineProblem::GuessedEncoding })
}

/// Fails if the address, or how many cells there are, rests on a guess of the encoding.
fn without_guess(
    encoding: TextEncoding,
    columns: &Columns,
    line: CompactLine<'_>,
    bytes: &[u8],
) -> Result<(), LineProblem> {
    if encoding != TextEncoding::Windows1252 || bytes.is_ascii() {
        return Ok(());
    }
    if line::written_rule(columns, line).is_some_and(|rule| !rule.is_ascii()) {
        return Err(LineProblem::GuessedEmail);
    }
    if line.cells().count() < columns.0.len() { Err(LineProblem::GuessedCells) } else { Ok(()) }
}

/// Fails if a cell is longer than a cell may be.
fn within_limits(columns: &Columns, line: CompactLine<'_>) -> Result<(), LineProblem> {
    let Some((at, cell)) = line.cells().enumerate().find(|(_, cell)| cell.len() > MAX_CELL) else { return Ok(()) };
    let name = columns.0.get(at).and_then(Column::quotable_name).map(str::to_owned);
    Err(LineProblem::CellTooLong { column: at + 1, name, length: cell.len() })
}

/// The columns that the header names, and what is wrong with them.
pub(super) fn columns(start: &ListStart<'_>, options: &ListOptions) -> Result<(Columns, Vec<LineReport>), ListError> {
    let (line, names) = (start.format.header_line, &start.names);
    if let Some((at, name)) = names.iter().enumerate().find(|(_, name)| name.len() > MAX_NAME) {
        return Err(ListError::NameTooLong { line, column: at + 1, length: name.len() });
    }
    let is_guessed = start.format.encoding == TextEncoding::Windows1252;
    let read = Columns::read(names.iter().map(String::as_str), options.extension_app.as_ref(), is_guessed);
    let (columns, unknown) = read.map_err(|error| ListError::Header { line, error })?;
    let problems = unknown.into_iter().map(|name| LineReport { line, problem: LineProblem::UnknownColumn { name } });
    Ok((columns, problems.collect()))
}

#[cfg(test)]
mod tests;
