//! What can be wrong with one line of a list. No text quotes a cell: it may hold an address, or a code that somebody
//! wrote down as it is.

use crate::values::{AttributeName, AttributeType, InvalidAddress};

/// How many people may use one code.
pub(crate) const ALLOWED_USES: std::ops::RangeInclusive<u32> = 1..=1000;

/// The longest cell, in bytes.
pub(super) const MAX_CELL: usize = 16 * 1024;

/// A text that is neither a date nor a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("has a date that is neither 2026-12-31 nor 2026-12-31T18:00:00Z")]
pub struct InvalidDate;

/// A line that is not used, or that its author may not have meant. Each text continues a sentence
/// that begins with the number of the line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineProblem {
    /// The last line may be incomplete, so it is not used. If it was cut in the middle of a domain, it would invite
    /// somebody else; if it was cut before its `expires`, it would invite for ever.
    #[error(
        "is the last line and not ended by a line break, so it may be cut off: complete it and end it with a line break"
    )]
    CutOff,
    /// The last line is used although no line break ends it.
    #[error("is the last line and not ended by a line break: end it, since one that is cut off looks the same")]
    Unended,
    /// No line break ended the last line before lines were added.
    #[error(
        "was the last line and had no line break, which it has now: see whether it is complete, since one that is cut \
         off looks the same"
    )]
    EndedNow,
    /// A column of the header is neither reserved nor an attribute.
    #[error("the column {name} is not an attribute's name: it prefills nothing and is seen by templates only")]
    UnknownColumn {
        /// The column's name, or its number if the name looks like data.
        name: String,
    },
    /// The bytes are no text.
    #[error("is not valid {encoding}: save the list as UTF-8")]
    NotText {
        /// The encoding of the list.
        encoding: &'static str,
    },
    /// The list is not UTF-8, so another encoding is guessed.
    #[error("is not UTF-8, so the list is read as Windows-1252: save it as UTF-8")]
    GuessedEncoding,
    /// The letters of the email are a guess.
    #[error("the email has letters that differ from encoding to encoding, and the list is not UTF-8: save it as UTF-8")]
    GuessedEmail,
    /// A quote begins a cell and nothing ends it.
    #[error("has a quote that is not closed on its line")]
    OpenQuote,
    /// A quote ends before its cell does, so it may close one that was forgotten in an earlier cell.
    #[error(
        "has text between a closing quote and the end of its cell: remove the quote, or write two for one of the cell"
    )]
    AfterQuote,
    /// An earlier line has an open quote, which this line or a later one closes.
    #[error(
        "may be the rest of a cell of line {line}, where a quote is not closed: remove the line break in that cell, or \
         the quote"
    )]
    RestOfCell {
        /// The earlier line.
        line: u64,
    },
    /// A carriage return in a list whose lines end otherwise: it may have been meant to end a line.
    #[error("has a line break (CR) that is not one of this list: end all lines alike")]
    OtherLineBreak,
    /// A cell has a character that is no text.
    #[error("has a control character: remove it")]
    ControlCharacter,
    /// A wrong byte may stand for a separator.
    #[error(
        "has letters that differ from encoding to encoding and fewer cells than the header, so one may be a lost \
         separator: save the list as UTF-8"
    )]
    GuessedCells,
    /// The digest of a code is not in the column for codes, so that nobody would be asked for the code.
    #[error("has the hash of a code in column {column}, but only the column code asks for codes: move the hash there")]
    DigestElsewhere {
        /// Which column, from 1.
        column: usize,
    },
    /// The header does not say what a cell means.
    #[error("has a cell in column {column}, which has no name: name the column, or empty its cells")]
    NamelessColumn {
        /// Which column, from 1.
        column: usize,
    },
    /// A cell is longer than a cell may be.
    #[error(
        "column {column}{}: the cell has {length} bytes, the limit is {MAX_CELL}",
        name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default()
    )]
    CellTooLong {
        /// Which column, from 1.
        column: usize,
        /// The column's name; `None`: the header names fewer columns, or the name looks like data.
        name: Option<String>,
        /// The cell's bytes.
        length: usize,
    },
    /// There are more cells than columns.
    #[error("has {cells} cells, the header names {columns}")]
    TooManyCells {
        /// The line's cells.
        cells: usize,
        /// The header's columns.
        columns: usize,
    },
    /// The line invites nobody.
    #[error("has neither an email nor a code")]
    NeitherEmailNorCode,
    /// A line that was to be added has no content.
    #[error("is empty")]
    Empty,
    /// The email is no address and no domain rule.
    #[error("the email {0}")]
    Email(InvalidAddress),
    /// The rule would invite strangers.
    #[error("invites a public suffix, under which anybody can have a domain")]
    PublicSuffix,
    /// `uses` without `code`.
    #[error("has uses, but no code")]
    UsesWithoutCode,
    /// The code itself, or something else, instead of its digest.
    #[error("the code is not a digest: make codes with guestlist invites add --code")]
    NotADigest,
    /// Too few or too many `uses`, or no number.
    #[error("the uses are not a whole number from {} to {}", ALLOWED_USES.start(), ALLOWED_USES.end())]
    Uses,
    /// An earlier line has the same code.
    #[error("has the code of line {line}")]
    CodeTwice {
        /// The earlier line.
        line: u64,
    },
    /// The cell `apps` has something else than ids.
    #[error("apps must be application ids, separated by ;")]
    Apps,
    /// None of the line's applications is one of the source's.
    #[error("is for apps that the whole list is not for")]
    OtherApps,
    /// A cell of `not_before` or `expires` is no date.
    #[error(transparent)]
    Date(#[from] InvalidDate),
    /// `expires` is not after `not_before`.
    #[error("is never valid: it expires before it begins")]
    NeverValid,
    /// The cell does not fit the declared type of its attribute, and is left out.
    #[error("the cell in the column {} is {}, and is left out", attribute.short(), misfit(*declared))]
    Misfit {
        /// The attribute.
        attribute: AttributeName,
        /// The type that it is declared with.
        declared: AttributeType,
    },
    /// Everybody can have an address there.
    #[error("invites everyone who has an address at a public mail provider: is it meant?")]
    MailProvider,
    /// The domain has letters of several scripts.
    #[error("has a domain that mixes scripts, as imitations of a known one do: is it meant?")]
    MixedScripts,
    /// Another line is for an address that looks the same.
    #[error("looks like line {line}, but is for another address: is it meant?")]
    LooksLike {
        /// The other line.
        line: u64,
    },
}

/// What a cell is that does not fit its declared type.
fn misfit(declared: AttributeType) -> &'static str {
    match declared {
        AttributeType::Boolean => "neither yes (true, yes, 1) nor no (false, no, 0)",
        AttributeType::String | AttributeType::Int64 | AttributeType::StringCollection => "no whole number",
    }
}

impl LineProblem {
    /// Whether the line is used in spite of it.
    #[must_use]
    pub(crate) fn is_used(&self) -> bool {
        match self {
            Self::Unended
            | Self::EndedNow
            | Self::UnknownColumn { .. }
            | Self::Misfit { .. }
            | Self::MailProvider
            | Self::MixedScripts
            | Self::LooksLike { .. }
            | Self::GuessedEncoding => true,
            Self::CutOff
            | Self::NotText { .. }
            | Self::GuessedEmail
            | Self::OpenQuote
            | Self::AfterQuote
            | Self::RestOfCell { .. }
            | Self::OtherLineBreak
            | Self::ControlCharacter
            | Self::GuessedCells
            | Self::DigestElsewhere { .. }
            | Self::NamelessColumn { .. }
            | Self::CellTooLong { .. }
            | Self::TooManyCells { .. }
            | Self::NeitherEmailNorCode
            | Self::Empty
            | Self::Email(_)
            | Self::PublicSuffix
            | Self::UsesWithoutCode
            | Self::NotADigest
            | Self::Uses
            | Self::CodeTwice { .. }
            | Self::Apps
            | Self::OtherApps
            | Self::Date(_)
            | Self::NeverValid => false,
        }
    }
}

/// What is wrong, and with which line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineReport {
    /// The line, from 1 with the header.
    pub line: u64,
    /// What is wrong with it.
    pub problem: LineProblem,
}

impl LineReport {
    /// Whether the line is used in spite of the problem.
    #[must_use]
    pub(crate) fn is_used(&self) -> bool {
        self.problem.is_used()
    }
}
