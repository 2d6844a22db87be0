//! From nodes to types: every value decodes on its own and reports its own problem, so that all are found in one go.

mod macros;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value as Json;

use super::named_files::NamedFile;
use super::problems::{Problem, Severity};
use super::shape::{Form, Shape};
use super::tree::{Node, Origin, Table, Value, parse_setting};
use crate::values::did_you_mean;

pub(super) use macros::{choice, section};

/// The pass over the tree: the problems and the named files so far, and where it is.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub(super) problems: Vec<Problem>,
    pub(super) files: Vec<NamedFile>,
    path: Vec<String>,
    /// The paths of every key that the sections met so far know.
    #[cfg(test)]
    pub(super) known: std::collections::BTreeSet<String>,
}

impl Reading {
    /// A pass that begins with these problems.
    pub(super) fn new(problems: Vec<Problem>) -> Self {
        Self { problems, ..Self::default() }
    }

    /// The path of the key it is at.
    pub(super) fn place(&self) -> String {
        self.path.join(".")
    }

    /// Reports an error at a place.
    pub(super) fn error(&mut self, origin: &Origin, message: impl Into<String>) {
        self.problems.push(Problem::error(Some(origin.clone()), &self.place(), message));
    }

    /// Reports something less than an error.
    pub(super) fn report(&mut self, severity: Severity, origin: &Origin, message: impl Into<String>) {
        self.problems.push(Problem::error(Some(origin.clone()), &self.place(), message).with(severity));
    }

    /// Whether something is wrong already with what is at the present path; a warning is not.
    pub(super) fn is_wrong_here(&self) -> bool {
        let here = self.place();
        let mut wrong = self.problems.iter().filter(|problem| problem.severity != Severity::Warning);
        wrong.any(|problem| problem.is_within(&here))
    }

    /// Does something one step further down the path.
    pub(super) fn within<T>(&mut self, step: &str, work: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(step.to_owned());
        let done = work(self);
        self.path.pop();
        done
    }

    fn unexpected(&mut self, node: &Node, expected: &str) {
        self.error(&node.origin, format!("expected {expected}, found {}", node.value.kind()));
    }
}

/// A type that a node decodes to.
pub(super) trait Decode: Sized {
    /// Reads a node. `None`: the problem is reported.
    fn decode(node: &Node, reading: &mut Reading) -> Option<Self>;

    /// What may be written for it.
    fn shape() -> Shape;

    /// The value as somebody would write it, to show what the default of a key is. `None`: it is not written, since it
    /// stands for a key that is absent; or its type is never a default.
    fn written(&self) -> Option<Json> {
        None
    }
}

/// A value with its place, for what is checked later.
#[derive(Debug, Clone)]
pub(super) struct Spanned<T> {
    pub(super) value: T,
    pub(super) origin: Origin,
}

impl<T: Decode> Decode for Spanned<T> {
    fn decode(node: &Node, reading: &mut Reading) -> Option<Self> {
        T::decode(node, reading).map(|value| Self { value, origin: node.origin.clone() })
    }

    fn shape() -> Shape {
        T::shape()
    }

    fn written(&self) -> Option<Json> {
        self.value.written()
    }
}

/// The node itself; a setting's text is read as TOML first.
pub(super) fn structured(node: &Node, reading: &mut Reading) -> Option<Node> {
    let Value::Setting(text) = &node.value else { return Some(node.clone()) };
    match parse_setting(text, &node.origin) {
        Ok(node) => Some(node),
        Err(error) => {
            reading.error(&node.origin, format!("the value is not TOML: {error}"));
            None
        }
    }
}

impl Decode for String {
    fn decode(node: &Node, reading: &mut Reading) -> Option<Self> {
        match &node.value {
            Value::String(text) | Value::Setting(text) => Some(text.clone()),
            _ => {
                reading.unexpected(node, "a string");
                None
            }
        }
    }

    fn shape() -> Shape {
        Shape::Text(Form::Text)
    }

    fn written(&self) -> Option<Json> {
        Some(self.as_str().into())
    }
}

impl Decode for bool {
    fn decode(node: &Node, reading: &mut Reading) -> Option<Self> {
        let node = structured(node, reading)?;
        if let Value::Boolean(yes) = node.value {
            return Some(yes);
        }
        reading.unexpected(&node, "true or false");
        None
    }

    fn shape() -> Shape {
        Shape::Boolean
    }

    fn written(&self) -> Option<Json> {
        Some((*self).into())
    }
}

impl Decode for usize {
    fn decode(node: &Node, reading: &mut Reading) -> Option<Self> {
        let node = structured(node, reading)?;
        let number = if let Value::Integer(number) = node.value { Self::try_from(number).ok() } else { None };
        if number.is_none() {
            reading.unexpected(&node, "a whole number, zero or more");
        }
        number
    }

    fn shape() -> Shape {
        Shape::Whole(Some(0))
    }

    fn written(&self) -> Option<Json> {
        Some((*self).into())
    }
}

impl Decode for Duration {
    fn decode(node: &Node, reading: &mut Reading) -> Option<Self> {
        let text = String::decode(node, reading)?;
        let duration = duration(&text);
        if duration.is_none() {
            reading.error(&node.origin, format!("{text:?} is not a duration: write 800ms, 60s, 10m, 2h or 1d"));
        }
        duration
    }

    fn shape() -> Shape {
        Shape::Text(Form::Duration)
    }

    fn written(&self) -> Option<Json> {
        let milliseconds = self.as_millis();
        let units = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)];
        let whole = units.iter().find(|(_, size)| milliseconds >= *size && milliseconds.is_multiple_of(*size));
        Some(match whole {
            Some((unit, size)) => format!("{}{unit}", milliseconds / size).into(),
            None if milliseconds == 0 => "0s".into(),
            None => format!("{milliseconds}ms").into(),
        })
    }
}

fn duration(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(digits)?;
    let number: u64 = number.parse().ok()?;
    let seconds = match unit {
        "ms" => return Some(Duration::from_millis(number)),
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return None,
    };
    // A year at most: longer times are slips, and would overflow date arithmetic.
    number.checked_mul(seconds).filter(|all| *all <= 366 * 86_400).map(Duration::from_secs)
}

impl<T: Decode> Decode for Option<T> {
    fn decode(node: &Node, reading: &mut Reading) -> Option<Self> {
        T::decode(node, reading).map(Some)
    }

    fn shape() -> Shape {
        T::shape()
    }

    fn written(&self) -> Option<Json> {
        self.as_ref()?.written()
    }
}

impl<T: Decode> Decode for Vec<T> {
    fn decode(node: &Node, reading: &mut Reading) -> Option<Self> {
        let node = structured(node, reading)?;
        let Value::Array(items) = &node.value else {
            reading.unexpected(&node, "a list");
            return None;
        };
        // A member that cannot be read is reported; the others go on, so that their problems show too.
        let decode = |item| reading.within(&step(item), |reading| T::decode(item, reading));
        Some(items.iter().filter_map(decode).collect())
    }

    fn shape() -> Shape {
        Shape::List(Box::new(T::shape()))
    }

    fn written(&self) -> Option<Json> {
        self.iter().map(T::written).collect::<Option<Vec<Json>>>().map(Json::Array)
    }
}

/// How a member of a list is called in a path: by its name.
fn step(node: &Node) -> String {
    let Value::Table(table) = &node.value else { return "[]".to_owned() };
    ["name", "attribute"]
        .iter()
        .find_map(|key| match &table.get(key)?.value {
            Value::String(name) => Some(name.clone()),
            _ => None,
        })
        .unwrap_or_else(|| "[]".to_owned())
}

impl<T: Decode> Decode for BTreeMap<String, T> {
    fn decode(node: &Node, reading: &mut Reading) -> Option<Self> {
        let node = structured(node, reading)?;
        let table = as_table(&node, reading)?;
        let decode = |entry: &super::tree::Entry| {
            let value = reading.within(&entry.key, |reading| T::decode(&entry.node, reading));
            value.map(|value| (entry.spelled.clone(), value))
        };
        Some(table.0.iter().filter_map(decode).collect())
    }

    fn shape() -> Shape {
        Shape::Map("name", Box::new(T::shape()))
    }

    fn written(&self) -> Option<Json> {
        self.iter().map(|(name, value)| Some((name.clone(), value.written()?))).collect::<Option<_>>().map(Json::Object)
    }
}

/// The node's table, or the problem.
pub(super) fn as_table<'a>(node: &'a Node, reading: &mut Reading) -> Option<&'a Table> {
    if let Value::Table(table) = &node.value {
        return Some(table);
    }
    reading.unexpected(node, "a table");
    None
}

/// What stands for a key that is absent, or cannot be read.
pub(super) enum Otherwise<T> {
    /// The key may be absent.
    Default(fn() -> T),
    /// The key must be there. The value only lets the pass go on to find further problems.
    StandIn(fn() -> T),
    /// The key must be there, and nothing can stand for it.
    Nothing,
}

/// Decodes one key of a section. What is reported never takes effect, since the whole is refused then.
pub(super) fn key<T: Decode>(
    table: &Table,
    node: &Node,
    name: &str,
    otherwise: &Otherwise<T>,
    reading: &mut Reading,
) -> Option<T> {
    reading.within(name, |reading| {
        let decoded = match (table.get(name), otherwise) {
            (Some(value), _) => T::decode(value, reading),
            (None, Otherwise::Default(_)) => None,
            (None, _) => {
                reading.error(&node.origin, "this key is missing");
                None
            }
        };
        decoded.or_else(|| match otherwise {
            Otherwise::Default(make) | Otherwise::StandIn(make) => Some(make()),
            Otherwise::Nothing => None,
        })
    })
}

/// A section with every key absent; `None` if one has no default.
pub(super) fn absent<T: Decode>() -> Option<T> {
    T::decode(&built_in_node(), &mut Reading::default())
}

/// A value that is written nowhere.
pub(super) fn built_in<T>(value: T) -> Spanned<T> {
    Spanned { value, origin: built_in_node().origin }
}

fn built_in_node() -> Node {
    Node { value: Value::Table(Table::default()), origin: Origin::File { line: 1, column: 1 } }
}

/// Reports every key of a section that is neither known nor planned, with the nearest known one.
pub(super) fn unknown_keys(table: &Table, known: &[&str], planned: &[&str], reading: &mut Reading) {
    #[cfg(test)]
    reading.known.extend(known.iter().map(|key| [reading.path.join("."), (*key).to_owned()].join(".")));
    for entry in &table.0 {
        let key = entry.key.as_str();
        if known.contains(&key) {
            continue;
        }
        reading.within(key, |reading| {
            if planned.contains(&key) {
                reading.error(&entry.origin, "is not supported by this version: remove it");
            } else {
                let near = did_you_mean(key, known.iter().copied());
                reading.error(&entry.origin, format!("unknown key{near}"));
            }
        });
    }
}
