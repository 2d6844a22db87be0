//! One line of a list: what its cells say, or why it is not used.
//!
//! A line is checked when the list is read, and read again by the same code when it is found.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};

use super::columns::{Column, Columns, EMAIL};
use super::compact_lines::CompactLine;
use super::line_problem::{ALLOWED_USES, InvalidDate, LineProblem};
use super::list_options::ListOptions;
use crate::values::{AddressRule, AppId, AttributeName, Invitation, InvitationCode};

/// What decides whether and how a line is used.
#[derive(Debug)]
pub(super) struct CheckedLine<'a> {
    /// Whom it is for; `None`: whoever has the code.
    pub(super) rule: Option<AddressRule>,
    /// The code that has to be typed.
    pub(super) code: Option<InvitationCode>,
    apps: Cow<'a, [AppId]>,
    not_before: Moment,
    expires: Moment,
}

/// Checks one line. `None`: the line is empty.
pub(super) fn check<'a>(
    columns: &Columns,
    line: CompactLine<'_>,
    options: &'a ListOptions,
) -> Result<Option<CheckedLine<'a>>, LineProblem> {
    if line.cells().all(str::is_empty) {
        return Ok(None);
    }
    if line.cells().skip(columns.0.len()).any(|cell| !cell.is_empty()) {
        return Err(LineProblem::TooManyCells { cells: line.cells().count(), columns: columns.0.len() });
    }
    in_place(columns, line)?;
    let cells = ReservedCells::of(columns, line);
    let rule = cells.email.map(rule).transpose()?;
    let code = code(cells.code, cells.uses)?;
    if rule.is_none() && code.is_none() {
        return Err(LineProblem::NeitherEmailNorCode);
    }
    let (not_before, expires) = period(cells.not_before, cells.expires)?;
    Ok(Some(CheckedLine { rule, code, apps: apps(cells.apps, &options.apps)?, not_before, expires }))
}

/// The invitation of a line that was checked. `None`: the line is not used.
pub(super) fn invitation(
    columns: &Columns,
    line: CompactLine<'_>,
    number: u64,
    options: &ListOptions,
) -> Option<Invitation> {
    let CheckedLine { rule, code, apps, not_before, expires } = check(columns, line, options).ok().flatten()?;
    let cells = ReservedCells::of(columns, line);
    let list = |cell| items(cell).map(str::to_owned).collect();
    let (visible, prefill) = visible_cells(columns, line);
    Some(Invitation {
        source: Arc::clone(&options.source),
        line: number,
        rule,
        code,
        groups: list(cells.groups),
        roles: list(cells.roles),
        apps: apps.into_owned(),
        not_before,
        expires,
        tags: list(cells.tags),
        columns: visible,
        prefill,
    })
}

/// The invitation of a line that has only an email, which says this rule.
pub(super) fn bare_invitation(rule: AddressRule, email: String, number: u64, options: &ListOptions) -> Invitation {
    Invitation {
        apps: options.apps.clone(),
        columns: BTreeMap::from([(EMAIL.to_owned(), email)]),
        ..Invitation::new(Arc::clone(&options.source), number, Some(rule))
    }
}

/// Whether a checked line says no more than its rule, so that [`bare_invitation`] can make it from the rule.
pub(super) fn is_bare(columns: &Columns, line: CompactLine<'_>, checked: &CheckedLine<'_>) -> bool {
    let mut visible = filled(columns, line).filter(|(column, _)| column.is_visible());
    let email = visible.next().filter(|(column, _)| column.name == EMAIL).map(|(_, text)| text);
    if visible.next().is_some() || checked.code.is_some() {
        return false;
    }
    match (&checked.rule, email) {
        (Some(AddressRule::Exact(_)), Some(_)) => true,
        (Some(rule), Some(email)) => rule.to_string() == email,
        _ => false,
    }
}

/// The cells that are not empty, each with its column.
pub(super) fn filled<'a>(columns: &'a Columns, line: CompactLine<'a>) -> impl Iterator<Item = (&'a Column, &'a str)> {
    columns.0.iter().zip(line.cells()).filter(|(_, text)| !text.is_empty())
}

/// The cells of the columns that decide.
#[derive(Default)]
struct ReservedCells<'a> {
    email: Option<&'a str>,
    code: Option<&'a str>,
    uses: Option<&'a str>,
    apps: Option<&'a str>,
    not_before: Option<&'a str>,
    expires: Option<&'a str>,
    tags: Option<&'a str>,
    groups: Option<&'a str>,
    roles: Option<&'a str>,
}

impl<'a> ReservedCells<'a> {
    fn of(columns: &'a Columns, line: CompactLine<'a>) -> Self {
        let mut cells = Self::default();
        for (column, text) in filled(columns, line) {
            let cell = match column.name.as_str() {
                EMAIL => &mut cells.email,
                "code" => &mut cells.code,
                "uses" => &mut cells.uses,
                "apps" => &mut cells.apps,
                "not_before" => &mut cells.not_before,
                "expires" => &mut cells.expires,
                "tags" => &mut cells.tags,
                "groups" => &mut cells.groups,
                "roles" => &mut cells.roles,
                _ => continue,
            };
            *cell = Some(text);
        }
        cells
    }
}

/// Fails if a cell is in a column that says nothing of it, or if a code's digest is where it asks for no code.
fn in_place(columns: &Columns, line: CompactLine<'_>) -> Result<(), LineProblem> {
    for (number, (column, cell)) in (1..).zip(columns.0.iter().zip(line.cells())) {
        if column.name.is_empty() && !cell.is_empty() {
            return Err(LineProblem::NamelessColumn { column: number });
        }
        let is_digest = cell.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("sha256:"));
        if is_digest && column.name != "code" {
            return Err(LineProblem::DigestElsewhere { column: number });
        }
    }
    Ok(())
}

/// Whom a line is for.
fn rule(cell: &str) -> Result<AddressRule, LineProblem> {
    let rule: AddressRule = pasted(cell).parse().map_err(LineProblem::Email)?;
    if rule.is_for_a_public_suffix() { Err(LineProblem::PublicSuffix) } else { Ok(rule) }
}

/// The address or the domain rule as it is written, without what people paste around it.
pub(super) fn written_rule<'a>(columns: &'a Columns, line: CompactLine<'a>) -> Option<&'a str> {
    ReservedCells::of(columns, line).email.map(pasted)
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
fn visible_cells(
    columns: &Columns,
    line: CompactLine<'_>,
) -> (BTreeMap<String, String>, BTreeMap<AttributeName, String>) {
    let mut visible = BTreeMap::new();
    let mut prefill = BTreeMap::new();
    for (column, text) in filled(columns, line).filter(|(column, _)| column.is_visible()) {
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

/// The apps that a line is for: of those that it names, the ones that the source is for, too. If its cell is empty, the
/// apps of the source.
fn apps<'a>(cell: Option<&str>, source: &'a [AppId]) -> Result<Cow<'a, [AppId]>, LineProblem> {
    if cell.is_none() {
        return Ok(source.into());
    }
    let own: Vec<AppId> =
        items(cell).map(|item| item.parse().map_err(|_| LineProblem::Apps)).collect::<Result<_, _>>()?;
    if own.is_empty() {
        return Err(LineProblem::Apps);
    }
    let both: Vec<AppId> = own.into_iter().filter(|app| source.is_empty() || source.contains(app)).collect();
    if both.is_empty() { Err(LineProblem::OtherApps) } else { Ok(both.into()) }
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
    // A date is too short for a moment.
    let moment = if text.len() > 10 { DateTime::parse_from_rfc3339(text).ok() } else { None };
    if let Some(moment) = moment {
        return Ok(moment.with_timezone(&Utc));
    }
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| InvalidDate)?;
    let day = match edge {
        DayEdge::Start => day,
        DayEdge::End => day.checked_add_days(Days::new(1)).ok_or(InvalidDate)?,
    };
    Ok(day.and_time(NaiveTime::MIN).and_utc())
}
