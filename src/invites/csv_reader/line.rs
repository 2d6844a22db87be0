//! One line of a list: what its cells say, or why it is not used.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};

use super::ListOptions;
use crate::invites::columns::Columns;
use crate::invites::line_problem::{ALLOWED_USES, InvalidDate, LineProblem};
use crate::values::{AddressRule, AppId, AttributeName, Invitation, InvitationCode};

/// Reads one line. `None`: the line is empty.
pub(super) fn invitation(
    columns: &Columns,
    record: &[String],
    line: u64,
    options: &ListOptions,
) -> Result<Option<Invitation>, LineProblem> {
    if record.iter().all(String::is_empty) {
        return Ok(None);
    }
    if record.iter().skip(columns.0.len()).any(|cell| !cell.is_empty()) {
        return Err(LineProblem::TooManyCells { cells: record.len(), columns: columns.0.len() });
    }
    let cells: BTreeMap<&str, &str> =
        columns.0.iter().map(|column| column.name.as_str()).zip(record.iter().map(String::as_str)).collect();
    let cell = |name: &str| cells.get(name).copied().filter(|text| !text.is_empty());
    let list = |name: &str| items(cell(name)).map(str::to_owned).collect();
    let rule = cell("email").map(rule).transpose()?;
    let code = code(cell("code"), cell("uses"))?;
    if rule.is_none() && code.is_none() {
        return Err(LineProblem::NeitherEmailNorCode);
    }
    let (not_before, expires) = period(cell("not_before"), cell("expires"))?;
    let (columns, prefill) = visible_cells(columns, record);
    Ok(Some(Invitation {
        source: Arc::clone(&options.source),
        line,
        rule,
        code,
        groups: list("groups"),
        roles: list("roles"),
        apps: apps(cell("apps"), &options.apps)?,
        not_before,
        expires,
        tags: list("tags"),
        columns,
        prefill,
    }))
}

/// Whom a line is for.
fn rule(cell: &str) -> Result<AddressRule, LineProblem> {
    let rule: AddressRule = pasted(cell).parse().map_err(LineProblem::Email)?;
    if rule.is_for_a_public_suffix() { Err(LineProblem::PublicSuffix) } else { Ok(rule) }
}

/// An address as people paste it: `mailto:`, `Name <address>`, a separator at the end.
fn pasted(cell: &str) -> &str {
    let cell = cell.trim_end_matches([';', ',']).trim();
    let inner = cell.split_once('<').and_then(|(_, rest)| rest.strip_suffix('>')).unwrap_or(cell);
    let scheme = inner.get(..7).filter(|start| start.eq_ignore_ascii_case("mailto:"));
    inner.get(scheme.map_or(0, str::len)..).unwrap_or(inner).trim()
}

/// The code's digest and how often the code may be used: once, unless the line says more.
fn code(code: Option<&str>, uses: Option<&str>) -> Result<Option<InvitationCode>, LineProblem> {
    let Some(code) = code else {
        return if uses.is_some() { Err(LineProblem::UsesWithoutCode) } else { Ok(None) };
    };
    let digest = code.parse().map_err(|_| LineProblem::NotADigest)?;
    let uses = uses.map_or(Some(1), |text| text.parse().ok().filter(|uses| ALLOWED_USES.contains(uses)));
    Ok(Some(InvitationCode { digest, uses: uses.ok_or(LineProblem::Uses)? }))
}

/// The cells that templates see, and those that prefill an attribute.
fn visible_cells(columns: &Columns, record: &[String]) -> (BTreeMap<String, String>, BTreeMap<AttributeName, String>) {
    let mut visible = BTreeMap::new();
    let mut prefill = BTreeMap::new();
    for (column, text) in columns.0.iter().zip(record).filter(|(column, text)| !text.is_empty() && column.is_visible())
    {
        visible.insert(column.name.clone(), text.to_owned());
        if let Some(attribute) = &column.attribute {
            prefill.insert(attribute.clone(), text.to_owned());
        }
    }
    (visible, prefill)
}

fn items(cell: Option<&str>) -> impl Iterator<Item = &str> {
    cell.unwrap_or_default().split(';').map(str::trim).filter(|item| !item.is_empty())
}

/// The apps that a line is for: of those that it names, the ones that the source is for, too. If it names none, the
/// apps of the source.
fn apps(cell: Option<&str>, source: &[AppId]) -> Result<Vec<AppId>, LineProblem> {
    let own: Vec<AppId> =
        items(cell).map(|item| item.parse().map_err(|_| LineProblem::Apps)).collect::<Result<_, _>>()?;
    if own.is_empty() {
        return Ok(source.to_vec());
    }
    let both: Vec<AppId> = own.into_iter().filter(|app| source.is_empty() || source.contains(app)).collect();
    if both.is_empty() { Err(LineProblem::OtherApps) } else { Ok(both) }
}

/// Which end of its day a date without a time stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DayEdge {
    /// Its first moment.
    Start,
    /// Its end, which is the first moment of the next day.
    End,
}

type Moment = Option<DateTime<Utc>>;

/// The first moment at which a line is valid, and the first at which it no longer is.
fn period(not_before: Option<&str>, expires: Option<&str>) -> Result<(Moment, Moment), LineProblem> {
    let not_before = not_before.map(|text| parse_moment(text, DayEdge::Start)).transpose()?;
    let expires = expires.map(|text| parse_moment(text, DayEdge::End)).transpose()?;
    if not_before.zip(expires).is_some_and(|(start, end)| start >= end) {
        return Err(LineProblem::NeverValid);
    }
    Ok((not_before, expires))
}

/// Reads a moment as RFC 3339 writes it, or a date in UTC, which stands for that end of its day.
pub(crate) fn parse_moment(text: &str, edge: DayEdge) -> Result<DateTime<Utc>, InvalidDate> {
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Ok(moment.with_timezone(&Utc));
    }
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| InvalidDate)?;
    let day = match edge {
        DayEdge::Start => day,
        DayEdge::End => day.checked_add_days(Days::new(1)).ok_or(InvalidDate)?,
    };
    Ok(day.and_time(NaiveTime::MIN).and_utc())
}
