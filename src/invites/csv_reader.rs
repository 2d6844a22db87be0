//! Reading an invite list in CSV: a header, then one invitation a line. A bad line is reported with its number and
//! skipped; the rest is used.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use csv::{ReaderBuilder, StringRecord};

use super::columns::{Columns, HeaderError};
use super::snapshot::Snapshot;
use crate::values::{AddressRule, AppId, Invitation};

/// How a list is read.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The source's name.
    pub source: Arc<str>,
    /// The apps the whole source is for; empty: every app.
    pub apps: Vec<AppId>,
    /// The app id behind `ext.` columns.
    pub extension_app: Option<AppId>,
}

/// A line that is not used, or a column that does less than its author may think. Never quotes a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineProblem {
    /// The line, from 1 with the header.
    pub line: u64,
    /// What is wrong with it.
    pub problem: String,
}

/// Why a list cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// The header is unusable.
    #[error("line 1: {0}")]
    Header(#[from] HeaderError),
    /// The bytes cannot be read.
    #[error("cannot be read: {0}")]
    Read(String),
}

/// Reads the header only: quick, for the start of the service. Hands back what is to be said about the columns.
pub fn check_header(input: impl Read, reading: &Reading) -> Result<Vec<LineProblem>, ListError> {
    let mut reader = reader(input);
    let (_, unknown) = columns(&mut reader, reading)?;
    Ok(unknown)
}

/// Reads a whole list.
pub fn read(bytes: &[u8], reading: &Reading) -> Result<(Snapshot, Vec<LineProblem>), ListError> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let mut reader = reader(bytes);
    let (columns, mut problems) = columns(&mut reader, reading)?;
    let mut snapshot = Snapshot::builder(Arc::clone(&reading.source));
    let mut lines = Lines::new(bytes);
    let mut record = StringRecord::new();
    loop {
        let outcome = match reader.read_record(&mut record) {
            Ok(false) => break,
            Ok(true) => {
                let line = lines.of(record.position());
                invitation(&columns, &record, line, reading).map_err(|problem| LineProblem { line, problem })
            }
            Err(error) => {
                Err(LineProblem { line: lines.of(error.position()), problem: "is not valid UTF-8".to_owned() })
            }
        };
        match outcome {
            Ok(Some(invitation)) => snapshot.add(invitation),
            Ok(None) => {}
            Err(problem) => problems.push(problem),
        }
    }
    Ok((snapshot.finish(), problems))
}

/// Counts lines up to where a record begins. The reader's own count stands before the line break that ends the record
/// before, and before blank lines.
struct Lines<'a> {
    rest: &'a [u8],
    at: usize,
    line: u64,
}

impl<'a> Lines<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, at: 0, line: 1 }
    }

    /// The line on which the record at `position` begins, from 1. Positions only grow.
    fn of(&mut self, position: Option<&csv::Position>) -> u64 {
        let to = position.and_then(|position| usize::try_from(position.byte()).ok()).unwrap_or(self.at);
        while let Some((byte, rest)) = self.rest.split_first() {
            let ends_line = *byte == b'\n' || (*byte == b'\r' && rest.first() != Some(&b'\n'));
            if self.at >= to && !matches!(byte, b'\n' | b'\r') {
                break;
            }
            self.line += u64::from(ends_line);
            self.at += 1;
            self.rest = rest;
        }
        self.line
    }
}

fn reader<R: Read>(input: R) -> csv::Reader<R> {
    ReaderBuilder::new().flexible(true).has_headers(false).trim(csv::Trim::All).from_reader(input)
}

fn columns<R: Read>(reader: &mut csv::Reader<R>, reading: &Reading) -> Result<(Columns, Vec<LineProblem>), ListError> {
    let mut header = StringRecord::new();
    match reader.read_record(&mut header) {
        Ok(true) => {}
        Ok(false) => return Err(HeaderError::NoEmail.into()),
        Err(error) => return Err(ListError::Read(error.to_string())),
    }
    let (columns, unknown) = Columns::read(header.iter(), reading.extension_app.as_ref())?;
    let problems = unknown.into_iter().map(|name| LineProblem {
        line: 1,
        problem: format!(
            "the column {name} is not an attribute's name: it prefills nothing and is seen by templates only"
        ),
    });
    Ok((columns, problems.collect()))
}

/// One line. `None`: it is empty.
fn invitation(
    columns: &Columns,
    record: &StringRecord,
    line: u64,
    reading: &Reading,
) -> Result<Option<Invitation>, String> {
    if record.iter().all(str::is_empty) {
        return Ok(None);
    }
    if record.len() > columns.0.len() {
        return Err(format!("has {} cells, the header names {}", record.len(), columns.0.len()));
    }
    let cells: BTreeMap<&str, &str> = columns.0.iter().map(|column| column.name.as_str()).zip(record.iter()).collect();
    let cell = |name: &str| cells.get(name).copied().filter(|text| !text.is_empty());
    let rule: AddressRule =
        pasted(cell("email").unwrap_or_default()).parse().map_err(|why| format!("the email {why}"))?;
    let mut columns_seen = BTreeMap::new();
    let mut prefill = BTreeMap::new();
    for (column, text) in
        columns.0.iter().zip(record.iter()).filter(|(column, text)| !text.is_empty() && !column.name.is_empty())
    {
        columns_seen.insert(column.name.clone(), text.to_owned());
        if let Some(attribute) = &column.attribute {
            prefill.insert(attribute.clone(), text.to_owned());
        }
    }
    Ok(Some(Invitation {
        source: Arc::clone(&reading.source),
        line,
        rule,
        apps: apps(cell("apps"), &reading.apps)?,
        not_before: cell("not_before").map(|text| moment(text, Edge::Start)).transpose()?,
        expires: cell("expires").map(|text| moment(text, Edge::End)).transpose()?,
        tags: items(cell("tags")).map(str::to_owned).collect(),
        columns: columns_seen,
        prefill,
    }))
}

/// An address as people paste it: `mailto:`, `Name <address>`, a separator at the end.
fn pasted(cell: &str) -> &str {
    let cell = cell.trim_end_matches([';', ',']).trim();
    let inner = cell.split_once('<').and_then(|(_, rest)| rest.strip_suffix('>')).unwrap_or(cell);
    let scheme = inner.get(..7).filter(|start| start.eq_ignore_ascii_case("mailto:"));
    inner.get(scheme.map_or(0, str::len)..).unwrap_or(inner).trim()
}

fn items(cell: Option<&str>) -> impl Iterator<Item = &str> {
    cell.unwrap_or_default().split(';').map(str::trim).filter(|item| !item.is_empty())
}

/// The apps of a line: its own, if any, as far as the source is for them; else the source's.
fn apps(cell: Option<&str>, source: &[AppId]) -> Result<Vec<AppId>, String> {
    let own: Vec<AppId> = items(cell)
        .map(|item| item.parse().map_err(|_| "apps must be application ids, separated by ;".to_owned()))
        .collect::<Result<_, _>>()?;
    if own.is_empty() {
        return Ok(source.to_vec());
    }
    let both: Vec<AppId> = own.into_iter().filter(|app| source.is_empty() || source.contains(app)).collect();
    if both.is_empty() { Err("is for apps that the whole list is not for".to_owned()) } else { Ok(both) }
}

/// Which end of a day a bare date means.
#[derive(Clone, Copy)]
enum Edge {
    Start,
    End,
}

/// RFC 3339, or a date in UTC.
fn moment(text: &str, edge: Edge) -> Result<DateTime<Utc>, String> {
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Ok(moment.with_timezone(&Utc));
    }
    let wrong = || "has a date that is neither 2026-12-31 nor 2026-12-31T18:00:00Z".to_owned();
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| wrong())?;
    let day = match edge {
        Edge::Start => day,
        Edge::End => day.checked_add_days(Days::new(1)).ok_or_else(wrong)?,
    };
    Ok(day.and_time(NaiveTime::MIN).and_utc())
}

#[cfg(test)]
mod tests;
