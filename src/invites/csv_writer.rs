//! Adds lines to a list in CSV. The existing lines stay as they are, byte for byte. The header gets those columns that
//! the new lines need and that it does not have yet. New lines end as the first line does, and are written in the list's
//! own encoding, with its own separator.

use super::columns::{Columns, RESERVED};
use super::csv_reader::{ListFormat, ListStart, TextEncoding};
use crate::values::{AddressRule, AppId, CodeDigest};

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

/// Why a line cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadCell {
    /// It would end the line, or is invisible.
    #[error("the {column} has a line break or another control character, which no cell can hold")]
    ControlCharacter {
        /// The column of the cell.
        column: &'static str,
    },
    /// The bytes of the list end within a letter, so that no line can follow.
    #[error("the list ends in the middle of a letter, so it is cut off: complete it first")]
    CutOff,
    /// The list's encoding lacks a letter.
    #[error("the new line has a letter that {} lacks, in which the list is: save the list as UTF-8 first", encoding.name())]
    NotInEncoding {
        /// The encoding of the list.
        encoding: TextEncoding,
    },
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

/// The whole list with the new lines, and the number of the first of them. `start` is the start of `list`.
pub(super) fn append(
    list: &[u8],
    start: &ListStart<'_>,
    columns: &Columns,
    lines: &[NewLine],
) -> Result<(Vec<u8>, u64), BadCell> {
    let ListFormat { encoding, separator, .. } = start.format;
    let encoded = |text: &str| encoding.bytes(text).ok_or(BadCell::NotInEncoding { encoding });
    if !encoding.is_whole(list) {
        return Err(BadCell::CutOff);
    }
    let lines: Vec<_> = lines.iter().map(NewLine::cells).collect();
    let names: Vec<&str> = columns.0.iter().map(|column| column.name.as_str()).collect();
    let needed = |name: &&&str| lines.iter().flatten().any(|(column, _)| column == *name);
    let missing: Vec<&str> = RESERVED.iter().filter(needed).copied().filter(|name| !names.contains(name)).collect();

    let end = encoding.first_line_end(list);
    let last_of_end = encoded(if end.ends_with('\n') { "\n" } else { "\r" })?;
    let end = encoded(end)?;
    let (before, after) = list.split_at_checked(start.header_end(list)).unwrap_or((list, &[]));
    let mut written = before.to_vec();
    for name in &missing {
        written.extend(encoded(&format!("{separator}{name}"))?);
    }
    written.extend(after);
    if !written.ends_with(&last_of_end) {
        written.extend(&end);
    }
    // The empty text after the last line's end counts as a line.
    let number = encoding.lines(&written).count() as u64;
    for cells in &lines {
        let of = |name: &&str| {
            let cell_of = |cell: &(&'static str, String)| quoted(cell, separator);
            cells.iter().find(|(column, _)| column == name).map_or(Ok(String::new()), cell_of)
        };
        let line: Vec<String> = names.iter().chain(&missing).map(of).collect::<Result<_, _>>()?;
        written.extend(encoded(&line.join(separator.encode_utf8(&mut [0; 4])))?);
        written.extend(&end);
    }
    Ok((written, number))
}

/// A cell as it is written, in quotes if it needs them.
fn quoted((column, text): &(&'static str, String), separator: char) -> Result<String, BadCell> {
    if text.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
        return Err(BadCell::ControlCharacter { column });
    }
    Ok(if text.contains([separator, '"']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.clone() })
}

#[cfg(test)]
mod tests;
