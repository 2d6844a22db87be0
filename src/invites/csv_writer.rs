//! Adds lines to a list in CSV. The existing lines stay as they are, byte for byte. The header gets those columns that
//! the new lines need and that it does not have yet. New lines end as the first line does.

use super::columns::{Columns, RESERVED};
use super::csv_reader;
use crate::values::{AddressRule, AppId, CodeDigest};

/// The byte order mark that some programs begin a file with.
const MARK: &[u8] = b"\xEF\xBB\xBF";

/// A line to be added.
#[derive(Clone, Default)]
pub(crate) struct NewLine {
    /// Whom it is for; `None`: whoever has the code.
    pub rule: Option<AddressRule>,
    /// The code's digest, and how often the code may be used.
    pub code: Option<(CodeDigest, u32)>,
    /// The apps it is for; empty: those of the source.
    pub apps: Vec<AppId>,
    /// Words that conditions and templates can ask for.
    pub tags: Vec<String>,
    /// Groups that the account shall be a member of.
    pub groups: Vec<String>,
    /// App roles that the account shall have.
    pub roles: Vec<String>,
    /// When it becomes valid, as the text of the cell.
    pub not_before: Option<String>,
    /// When it expires, as the text of the cell.
    pub expires: Option<String>,
    /// The person's name.
    pub name: Option<String>,
    /// A remark for the people who keep the list.
    pub note: Option<String>,
}

/// A cell that cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the {column} has a line break or another control character, which no cell can hold")]
pub(crate) struct BadCell {
    column: &'static str,
}

impl NewLine {
    /// The cells that are not empty, by their column.
    fn cells(&self) -> Vec<(&'static str, String)> {
        let rule = self.rule.as_ref().map(|rule| match rule {
            AddressRule::Exact(address) => address.as_given().to_owned(),
            domain => domain.to_string(),
        });
        let apps: Vec<&str> = self.apps.iter().map(AppId::as_str).collect();
        let cells = [
            ("email", rule),
            ("name", self.name.clone()),
            ("apps", Some(apps.join(";"))),
            ("tags", Some(self.tags.join(";"))),
            ("code", self.code.as_ref().map(|(digest, _)| digest.to_string())),
            ("uses", self.code.as_ref().map(|(_, uses)| uses.to_string())),
            ("not_before", self.not_before.clone()),
            ("expires", self.expires.clone()),
            ("groups", Some(self.groups.join(";"))),
            ("roles", Some(self.roles.join(";"))),
            ("note", self.note.clone()),
        ];
        cells
            .into_iter()
            .filter_map(|(column, cell)| Some((column, cell?)))
            .filter(|(_, cell)| !cell.is_empty())
            .collect()
    }
}

/// The whole list with the new lines, and the number of the first of them.
pub(super) fn append(list: &[u8], columns: &Columns, lines: &[NewLine]) -> Result<(Vec<u8>, u64), BadCell> {
    let lines: Vec<_> = lines.iter().map(NewLine::cells).collect();
    let names: Vec<&str> = columns.0.iter().map(|column| column.name.as_str()).collect();
    let needed = |name: &&&str| lines.iter().flatten().any(|(column, _)| column == *name);
    let missing: Vec<&str> = RESERVED.iter().filter(needed).copied().filter(|name| !names.contains(name)).collect();

    let end = line_end(list);
    let first = csv_reader::lines(list).next().unwrap_or_default().len();
    let first = first + if list.starts_with(MARK) { MARK.len() } else { 0 };
    let (before, after) = list.split_at_checked(first).unwrap_or((list, &[]));
    let mut written = before.to_vec();
    for name in &missing {
        written.extend(format!(",{name}").bytes());
    }
    written.extend(after);
    if written.last() != end.last() {
        written.extend(end);
    }
    // The empty text after the last line's end counts as a line.
    let number = csv_reader::lines(&written).count() as u64;
    for cells in &lines {
        let of = |name: &&str| cells.iter().find(|(column, _)| column == name).map_or(Ok(String::new()), cell);
        let line: Vec<String> = names.iter().chain(&missing).map(of).collect::<Result<_, _>>()?;
        written.extend(line.join(",").bytes());
        written.extend(end);
    }
    Ok((written, number))
}

/// How the first line ends. New lines end in the same way.
fn line_end(list: &[u8]) -> &'static [u8] {
    let first_of = |end: u8| list.iter().position(|byte| *byte == end);
    match (first_of(b'\r'), first_of(b'\n')) {
        (Some(cr), Some(lf)) if cr + 1 == lf => b"\r\n",
        (Some(_), None) => b"\r",
        _ => b"\n",
    }
}

/// A cell as it is written, in quotes if it needs them.
fn cell((column, text): &(&'static str, String)) -> Result<String, BadCell> {
    if text.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
        return Err(BadCell { column });
    }
    Ok(if text.contains([',', '"']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.clone() })
}

#[cfg(test)]
mod tests;
