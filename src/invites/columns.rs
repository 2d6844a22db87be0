//! The header of an invite list: which columns there are, and what each is for.

use crate::values::{AppId, AttributeName};

/// The columns that have a meaning of their own. Every other column must be an attribute's name.
pub(super) const RESERVED: [&str; 11] =
    ["email", "name", "apps", "tags", "code", "uses", "not_before", "expires", "groups", "roles", "note"];

/// Columns that templates never see: even the digest of a code is secret.
const HIDDEN: [&str; 2] = ["code", "uses"];

/// Whether the column has a meaning of its own.
#[must_use]
pub(crate) fn is_reserved(name: &str) -> bool {
    RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(name))
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
}

/// The columns of a list, in its order.
#[derive(Debug, Clone)]
pub(super) struct Columns(pub(super) Vec<Column>);

/// What is wrong with a header.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// The first line names no `email`.
    #[error("the first line must name the columns, and one of them must be email")]
    NoEmail,
    /// A name occurs twice.
    #[error("the column {0} occurs twice")]
    Twice(String),
    /// Cells separated by semicolons.
    #[error("the columns are separated by semicolons: save the list with commas")]
    Semicolons,
}

impl Columns {
    /// Reads a header. Also returns the names of columns that are neither reserved nor attributes.
    pub(super) fn read<'a>(
        header: impl Iterator<Item = &'a str>,
        extension_app: Option<&AppId>,
    ) -> Result<(Self, Vec<String>), HeaderError> {
        let mut columns: Vec<Column> = Vec::new();
        let mut unknown = Vec::new();
        for written in header {
            let written = written.trim_matches(|c: char| c.is_whitespace() || c == '\u{FEFF}');
            let reserved = RESERVED.iter().find(|name| name.eq_ignore_ascii_case(written));
            let name = reserved.map_or_else(|| written.to_owned(), ToString::to_string);
            let attribute = if reserved.is_some() { None } else { attribute(&name, extension_app) };
            let same = |known: &Column| known.name == name || (attribute.is_some() && known.attribute == attribute);
            if !name.is_empty() && columns.iter().any(same) {
                return Err(HeaderError::Twice(name));
            }
            if name.contains(';') {
                return Err(HeaderError::Semicolons);
            }
            if reserved.is_none() && attribute.is_none() && !name.is_empty() {
                unknown.push(name.clone());
            }
            columns.push(Column { name, attribute });
        }
        if !columns.iter().any(|column| column.name == "email") {
            return Err(HeaderError::NoEmail);
        }
        Ok((Self(columns), unknown))
    }
}
