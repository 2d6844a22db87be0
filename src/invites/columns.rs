//! The header of an invite list: which columns there are, and what each is for.

use crate::values::{AppId, AttributeName, Code};

/// The column of addresses, as templates see it.
pub(super) const EMAIL: &str = "email";

/// The columns that have a meaning of their own. Every other column must be an attribute's name.
pub(super) const RESERVED: [&str; 11] =
    ["email", "name", "apps", "tags", "code", "uses", "not_before", "expires", "groups", "roles", "note"];

/// What address books, mail programs and spreadsheets call the column `email`, without case, blanks and punctuation.
/// `userPrincipalName` is not among them: a name to sign in with need not be an address that receives mail.
const EMAIL_NAMES: [&str; 23] = [
    "email",
    "emails",
    "mail",
    "emailaddress",
    "emailaddresses",
    "mailaddress",
    "primaryemail",
    "workemail",
    // Google Contacts
    "email1value",
    // German
    "emailadresse",
    "emailadressen",
    "mailadresse",
    // Dutch
    "emailadres",
    "mailadres",
    // Danish, Norwegian and Swedish
    "epost",
    // French
    "adresseemail",
    "adressemail",
    "courriel",
    // Italian
    "indirizzoemail",
    // Spanish and Portuguese
    "correo",
    "correoelectronico",
    "correoelectrónico",
    "endereçodeemail",
];

/// The columns that keep people out. Under another name, each of them would be ignored.
const RESTRICTING: [&str; 5] = ["expires", "not_before", "code", "uses", "apps"];

/// Usual names of columns that only look like one of [`RESTRICTING`].
const UNRELATED: [&str; 7] = ["core", "express", "maps", "mode", "node", "user", "users"];

/// The fewest letters of a name in which two may be wrong.
const LONG_NAME: usize = 7;

/// The most names of a header that an error quotes.
const SHOWN_NAMES: usize = 6;

/// The longest name that is quoted, in characters.
const SHOWN_CHARACTERS: usize = 40;

/// The most digits in a name that is quoted. More of them may be a telephone number or a code.
const SHOWN_DIGITS: usize = 3;

/// Columns that templates never see: even the digest of a code is secret.
const HIDDEN: [&str; 2] = ["code", "uses"];

/// Whether the column has a meaning of its own.
#[must_use]
pub(crate) fn is_reserved(name: &str) -> bool {
    reserved(name).is_some()
}

/// The reserved column that a name stands for, without case, blanks and punctuation.
fn reserved(written: &str) -> Option<&'static str> {
    if is_email(written) {
        return Some(EMAIL);
    }
    let name = folded(written);
    RESERVED.into_iter().find(|reserved| folded(reserved) == name)
}

/// Whether a name is one of those that people give to the column `email`.
pub(super) fn is_email(written: &str) -> bool {
    EMAIL_NAMES.contains(&folded(written).as_str())
}

/// The letters and digits of a name, in lower case.
fn folded(written: &str) -> String {
    written.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The column that keeps people out and that a name was probably meant to be: with a slip, or with a remark such as
/// `(UTC)` behind it. The name is not reserved.
fn nearly_restricting(written: &str) -> Option<&'static str> {
    let name = folded(written.split_once('(').map_or(written, |(name, _)| name));
    if UNRELATED.contains(&name.as_str()) {
        return None;
    }
    let is_near = |restricting: &&str| {
        let restricting = folded(restricting);
        let slips = if restricting.len() < LONG_NAME { 1 } else { 2 };
        strsim::osa_distance(&name, &restricting) <= slips
    };
    // An expiry or an expiration is meant to end something, too.
    if name.starts_with("expir") { Some("expires") } else { RESTRICTING.into_iter().find(is_near) }
}

/// A name without blanks and quotes around it.
fn bare(written: &str) -> &str {
    written.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{FEFF}' | '"' | '\''))
}

/// The attributes that every directory has. A custom one is written `ext.Name` or in full.
pub(crate) const BUILT_IN_ATTRIBUTES: [&str; 15] = [
    "city",
    "companyName",
    "country",
    "department",
    "displayName",
    "givenName",
    "jobTitle",
    "mobilePhone",
    "officeLocation",
    "postalCode",
    "preferredLanguage",
    "state",
    "streetAddress",
    "surname",
    "usageLocation",
];

/// Whether every directory has the attribute. All of these are texts.
#[must_use]
pub(crate) fn is_built_in(name: &AttributeName) -> bool {
    name.is("email") || BUILT_IN_ATTRIBUTES.iter().any(|known| name.is(known))
}

/// The exact name of an attribute that a person wrote: `ext.Plan` becomes `extension_<app id>_Plan`, and built-in names
/// get the directory's case. `None`: it is no attribute, or `ext.` cannot be resolved without the app id.
#[must_use]
pub(crate) fn attribute(written: &str, extension_app: Option<&AppId>) -> Option<AttributeName> {
    if let Some(name) = written.strip_prefix("ext.") {
        let app = extension_app?.as_str().replace('-', "");
        return is_word(name).then(|| AttributeName::new(format!("extension_{app}_{name}")));
    }
    if let Some(rest) = written.strip_prefix("extension_") {
        let (app, name) = rest.split_once('_')?;
        let full = app.len() == 32 && app.bytes().all(|byte| byte.is_ascii_hexdigit()) && is_word(name);
        return full.then(|| AttributeName::new(written));
    }
    BUILT_IN_ATTRIBUTES.iter().find(|name| name.eq_ignore_ascii_case(written)).map(|name| AttributeName::new(*name))
}

fn is_word(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// One column.
#[derive(Debug, Clone)]
pub(super) struct Column {
    /// The name as templates see it.
    pub(super) name: String,
    /// The attribute it prefills.
    pub(super) attribute: Option<AttributeName>,
}

impl Column {
    /// Whether templates see the column's cells.
    pub(super) fn is_visible(&self) -> bool {
        !self.name.is_empty() && !HIDDEN.contains(&self.name.as_str())
    }

    /// The name, if a message may quote it.
    pub(super) fn quotable_name(&self) -> Option<&str> {
        Some(self.name.as_str()).filter(|name| is_shown(name))
    }
}

/// The columns of a list, in its order.
#[derive(Debug, Clone)]
pub(super) struct Columns(pub(super) Vec<Column>);

/// What is wrong with a header.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// No column is the `email`.
    #[error(
        "the first line must name the columns, and one of them must be email, which may be written E-Mail, Email Address \
         or Mail: this line {found}"
    )]
    NoEmail {
        /// What the line says, as a verb with its object.
        found: String,
    },
    /// The line is a line of a list that has no header.
    #[error(
        "looks like an address, not like a header: put a line before it that names the columns, one of which must be email"
    )]
    Address,
    /// The line is a code, or its digest.
    #[error(
        "looks like a code, not like a header: name a list whose first line names the columns, one of which must be email"
    )]
    Code,
    /// A column would be ignored that was probably meant to keep people out.
    #[error(
        "the column {written} looks like {name}, and would be ignored: write {name}, or another name for another thing"
    )]
    NearlyReserved {
        /// The name as it is written, or the column's number.
        written: String,
        /// The column that it looks like.
        name: &'static str,
    },
    /// The letters of a name are a guess, so that it may be another name.
    #[error(
        "the name of column {column} has letters that differ from encoding to encoding, and the list is not UTF-8: save \
         it as UTF-8"
    )]
    GuessedName {
        /// The column's number, from 1.
        column: usize,
    },
    /// Two columns are the same.
    #[error("the column {name} occurs twice{}", written_as(first, second))]
    Twice {
        /// The column.
        name: String,
        /// How the first one is written.
        first: String,
        /// How the second one is written.
        second: String,
    },
}

fn written_as(first: &str, second: &str) -> String {
    if first == second { String::new() } else { format!(", as {first:?} and as {second:?}: keep one of them") }
}

/// Why a header without `email` cannot be used. A list without a header has data in its first line, which is not
/// quoted.
fn without_email(names: &[&str]) -> HeaderError {
    if names.iter().any(|name| name.starts_with("sha256:") || name.parse::<Code>().is_ok()) {
        return HeaderError::Code;
    }
    let names: Vec<&str> = names.iter().copied().filter(|name| !name.is_empty()).collect();
    let shown: Vec<String> = (1..).zip(&names).take(SHOWN_NAMES).map(|(at, name)| shown_name(name, at)).collect();
    let found = match names.len().saturating_sub(shown.len()) {
        _ if names.is_empty() => "is empty".to_owned(),
        0 => format!("names {}", shown.join(", ")),
        more => format!("names {} and {more} more", shown.join(", ")),
    };
    HeaderError::NoEmail { found }
}

/// A name as a message may quote it; if it looks like data rather than a name, its number.
fn shown_name(name: &str, number: usize) -> String {
    if is_shown(name) { name.to_owned() } else { format!("(column {number})") }
}

/// Whether a message may quote a name.
fn is_shown(name: &str) -> bool {
    let is_of_names = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '_' | '-' | '.' | '/' | '(' | ')' | ':' | '#');
    let digits = name.chars().filter(char::is_ascii_digit).count();
    name.chars().count() <= SHOWN_CHARACTERS && digits <= SHOWN_DIGITS && name.chars().all(is_of_names)
}

impl Columns {
    /// Reads a header. Also returns the names of columns that are neither reserved nor attributes, as a message may quote
    /// them. `is_guessed`: the letters outside ASCII may be others.
    pub(super) fn read<'a>(
        header: impl Iterator<Item = &'a str>,
        extension_app: Option<&AppId>,
        is_guessed: bool,
    ) -> Result<(Self, Vec<String>), HeaderError> {
        let header: Vec<&str> = header.map(bare).collect();
        if header.iter().any(|name| name.contains('@')) {
            return Err(HeaderError::Address);
        }
        if !header.iter().any(|name| is_email(name)) {
            return Err(without_email(&header));
        }
        let mut columns: Vec<Column> = Vec::new();
        let mut unknown = Vec::new();
        for (number, written) in (1..).zip(&header) {
            let reserved = reserved(written);
            let name = reserved.unwrap_or(written).to_owned();
            let attribute = if reserved.is_some() { None } else { attribute(&name, extension_app) };
            let same = |known: &Column| known.name == name || (attribute.is_some() && known.attribute == attribute);
            if let Some(first) = columns.iter().position(same).filter(|_| !name.is_empty()) {
                let earlier = header.get(first).copied().unwrap_or_default();
                let (first, second) = (shown_name(earlier, first + 1), shown_name(written, number));
                let name = if is_shown(&name) { name } else { second.clone() };
                return Err(HeaderError::Twice { name, first, second });
            }
            if reserved.is_none() && attribute.is_none() && !name.is_empty() {
                check_own_name(written, number, is_guessed)?;
                unknown.push(shown_name(written, number));
            }
            columns.push(Column { name, attribute });
        }
        Ok((Self(columns), unknown))
    }
}

/// Fails if a name that is neither reserved nor an attribute may have been meant to be a column that keeps people out.
fn check_own_name(written: &str, number: usize, is_guessed: bool) -> Result<(), HeaderError> {
    if is_guessed && !written.is_ascii() {
        return Err(HeaderError::GuessedName { column: number });
    }
    match nearly_restricting(written) {
        Some(name) => Err(HeaderError::NearlyReserved { written: shown_name(written, number), name }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
