//! The values of the options, checked before anything else happens.

use chrono::{DateTime, Utc};

use crate::invites::csv_reader::{DayEdge, parse_moment};
use crate::invites::line_problem::{ALLOWED_USES, LineProblem};
use crate::values::AddressRule;

/// A moment, and how it is written.
#[derive(Debug, Clone)]
pub(super) struct Moment {
    pub(super) written: String,
    pub(super) at: DateTime<Utc>,
}

/// An address or a domain to invite. A public suffix is refused: anybody can have a domain below it.
pub(super) fn whom(text: &str) -> Result<AddressRule, String> {
    let rule: AddressRule = text.parse().map_err(|error| format!("it {error}"))?;
    if rule.is_for_a_public_suffix() { Err(format!("it {}", LineProblem::PublicSuffix)) } else { Ok(rule) }
}

/// The first moment of an invitation. A date means the beginning of that day.
pub(super) fn first_moment(text: &str) -> Result<Moment, String> {
    written(text, DayEdge::Start)
}

/// The last moment of an invitation. A date means the end of that day.
pub(super) fn last_moment(text: &str) -> Result<Moment, String> {
    written(text, DayEdge::End)
}

fn written(text: &str, edge: DayEdge) -> Result<Moment, String> {
    let written = text.trim().to_owned();
    parse_moment(&written, edge).map(|at| Moment { written, at }).map_err(|error| format!("it {error}"))
}

/// How many people may use a code.
pub(super) fn uses(text: &str) -> Result<u32, String> {
    let wrong = || format!("it is not a whole number from {} to {}", ALLOWED_USES.start(), ALLOWED_USES.end());
    text.parse().ok().filter(|uses| ALLOWED_USES.contains(uses)).ok_or_else(wrong)
}

/// One item of a list in a cell.
pub(super) fn item(text: &str) -> Result<String, String> {
    if text.contains(';') {
        return Err("it has a semicolon, which separates one from the next in a list: repeat the option instead".into());
    }
    cell(text)
}

/// The text of a cell.
pub(super) fn cell(text: &str) -> Result<String, String> {
    let text = text.trim();
    match text {
        "" => Err("it is empty".into()),
        _ if text.contains(char::is_control) => Err("it has a line break or another control character".into()),
        _ => Ok(text.to_owned()),
    }
}
