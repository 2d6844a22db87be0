//! The configuration as a tree of nodes. Each node knows where it was written.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::origin::Origin;
use super::problems::Problem;

/// A value with its place.
#[derive(Debug, Clone)]
pub(in crate::config) struct Node {
    pub(in crate::config) value: Value,
    pub(in crate::config) origin: Origin,
}

/// What a node holds.
#[derive(Debug, Clone)]
pub(in crate::config) enum Value {
    String(String),
    Integer(i64),
    Boolean(bool),
    /// A number that is not whole, as it was written. No key takes one.
    Fraction(String),
    /// A date, or a number beyond 64 bits. No key takes one.
    Other(&'static str),
    Array(Vec<Node>),
    Table(Table),
    /// The text of an app setting. Its key decides whether it is a string or TOML.
    Setting(String),
}

impl Value {
    /// The kind of value, for messages.
    pub(in crate::config) fn kind(&self) -> &'static str {
        match self {
            Self::String(_) | Self::Setting(_) => "a string",
            Self::Integer(_) => "a number",
            Self::Boolean(_) => "true or false",
            Self::Fraction(_) => "a fraction",
            Self::Other(kind) => kind,
            Self::Array(_) => "a list",
            Self::Table(_) => "a table",
        }
    }
}

/// A table's entries, in the order of the file.
#[derive(Debug, Clone, Default)]
pub(in crate::config) struct Table(pub(in crate::config) Vec<Entry>);

/// A key with its value.
#[derive(Debug, Clone)]
pub(in crate::config) struct Entry {
    /// The key as sections know it. A key from an app setting is in lower case.
    pub(in crate::config) key: String,
    /// The key as it was written, for tables whose keys the operator chooses.
    pub(in crate::config) written: String,
    /// Where the key stands.
    pub(in crate::config) origin: Origin,
    pub(in crate::config) node: Node,
}

impl Table {
    pub(in crate::config) fn get(&self, key: &str) -> Option<&Node> {
        self.0.iter().find(|entry| entry.key == key).map(|entry| &entry.node)
    }
}

/// Finds the line and column of a byte offset in a text.
struct LineIndex<'a>(&'a str);

impl LineIndex<'_> {
    fn origin(&self, offset: usize) -> Origin {
        let before = self.0.get(..offset).unwrap_or(self.0);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = before.matches('\n').count() + 1;
        let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
        Origin::File { line, column }
    }
}

/// Parses the text of a file. Every syntax error becomes a problem; the rest of the tree is returned all the same.
pub(in crate::config) fn parse_file(text: &str, problems: &mut Vec<Problem>) -> Node {
    let places = LineIndex(text);
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let origin = places.origin(error.span().map_or(0, |span| span.start));
        problems.push(Problem::error(Some(origin), "", error.message().to_owned()));
    }
    let origin = |offset| places.origin(offset);
    let start = origin(0);
    Node { value: Value::Table(table(root.into_inner(), &origin)), origin: start }
}

/// Parses the text of an app setting as a TOML value.
pub(in crate::config) fn parse_setting(text: &str, origin: &Origin) -> Result<Node, String> {
    let parsed = DeValue::parse(text).map_err(|error| error.message().to_owned())?;
    Ok(Node { value: value(parsed.into_inner(), &|_| origin.clone()), origin: origin.clone() })
}

fn table(entries: DeTable<'_>, origin: &dyn Fn(usize) -> Origin) -> Table {
    let mut entries: Vec<(usize, Entry)> = entries
        .into_iter()
        .map(|(key, node)| {
            let at = key.span().start;
            (at, entry(key.into_inner().into_owned(), origin(at), self::node(node, origin)))
        })
        .collect();
    entries.sort_by_key(|(at, _)| *at);
    Table(entries.into_iter().map(|(_, entry)| entry).collect())
}

fn entry(key: String, origin: Origin, node: Node) -> Entry {
    Entry { written: key.clone(), key, origin, node }
}

fn node(spanned: Spanned<DeValue<'_>>, origin: &dyn Fn(usize) -> Origin) -> Node {
    let at = spanned.span().start;
    Node { value: value(spanned.into_inner(), origin), origin: origin(at) }
}

fn value(value: DeValue<'_>, origin: &dyn Fn(usize) -> Origin) -> Value {
    match value {
        DeValue::String(text) => Value::String(text.into_owned()),
        DeValue::Integer(digits) => i64::from_str_radix(digits.as_str(), digits.radix())
            .map_or(Value::Other("a number beyond 64 bits"), Value::Integer),
        DeValue::Boolean(flag) => Value::Boolean(flag),
        DeValue::Float(digits) => Value::Fraction(digits.as_str().to_owned()),
        DeValue::Datetime(_) => Value::Other("a date"),
        DeValue::Array(items) => Value::Array(items.into_iter().map(|item| node(item, origin)).collect()),
        DeValue::Table(entries) => Value::Table(table(entries, origin)),
    }
}
