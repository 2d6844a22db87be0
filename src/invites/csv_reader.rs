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

/// How much of a file is read for its first line, in bytes.
const MAX_HEADER: u64 = 64 * 1024;

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
    let mut start = Vec::new();
    input.take(MAX_HEADER).read_to_end(&mut start).map_err(|error| ListError::Read(error.to_string()))?;
    let first = lines(&start).next().unwrap_or_default();
    Ok(columns(first, reading)?.1)
}

/// Reads a whole list. A line is a line: a cell cannot hold a line break, so that a quote that was forgotten costs its
/// own line and no other.
pub fn read(bytes: &[u8], reading: &Reading) -> Result<(Snapshot, Vec<LineProblem>), ListError> {
    let mut lines = lines(bytes);
    let (columns, mut problems) = columns(lines.next().unwrap_or_default(), reading)?;
    let mut snapshot = Snapshot::builder(Arc::clone(&reading.source));
    for (line, bytes) in (2..).zip(lines) {
        match cells(bytes).and_then(|cells| invitation(&columns, &cells, line, reading)) {
            Ok(Some(invitation)) => snapshot.add(invitation),
            Ok(None) => {}
            Err(problem) => problems.push(LineProblem { line, problem }),
        }
    }
    Ok((snapshot.finish(), problems))
}

/// The lines, however they end, without a byte order mark.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let unix = bytes.contains(&b'\n');
    let ends = move |byte: &u8| *byte == if unix { b'\n' } else { b'\r' };
    bytes.split(ends).map(|line| line.strip_suffix(b"\r").unwrap_or(line))
}

/// The cells of one line, trimmed.
fn cells(line: &[u8]) -> Result<Vec<String>, String> {
    let line = str::from_utf8(line).map_err(|_| "is not valid UTF-8".to_owned())?;
    if !line.contains('"') {
        return Ok(line.split(',').map(|cell| cell.trim().to_owned()).collect());
    }
    // The second line shows whether every quote of the first one was closed.
    let probed = format!("{line}\n.\n");
    let mut reader =
        ReaderBuilder::new().flexible(true).has_headers(false).trim(csv::Trim::All).from_reader(probed.as_bytes());
    let records: Vec<StringRecord> = reader.records().collect::<Result<_, _>>().map_err(|error| error.to_string())?;
    match records.as_slice() {
        [record, _] => Ok(record.iter().map(str::to_owned).collect()),
        _ => Err("has a quote that is not closed on its line".to_owned()),
    }
}

fn columns(first: &[u8], reading: &Reading) -> Result<(Columns, Vec<LineProblem>), ListError> {
    let header = cells(first).map_err(|problem| ListError::Read(format!("line 1 {problem}")))?;
    let (columns, unknown) = Columns::read(header.iter().map(String::as_str), reading.extension_app.as_ref())?;
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
    record: &[String],
    line: u64,
    reading: &Reading,
) -> Result<Option<Invitation>, String> {
    if record.iter().all(String::is_empty) {
        return Ok(None);
    }
    if record.iter().skip(columns.0.len()).any(|cell| !cell.is_empty()) {
        return Err(format!("has {} cells, the header names {}", record.len(), columns.0.len()));
    }
    let cells: BTreeMap<&str, &str> =
        columns.0.iter().map(|column| column.name.as_str()).zip(record.iter().map(String::as_str)).collect();
    let cell = |name: &str| cells.get(name).copied().filter(|text| !text.is_empty());
    let rule: AddressRule =
        pasted(cell("email").unwrap_or_default()).parse().map_err(|why| format!("the email {why}"))?;
    if rule.is_for_a_public_suffix() {
        return Err("invites a public suffix, under which anybody can have a domain".to_owned());
    }
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
        rule: Some(rule),
        code: None,
        groups: Vec::new(),
        roles: Vec::new(),
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
