//! From nodes to types: every value decodes on its own and reports its own problem, so that all are found in one go.

use std::collections::BTreeMap;
use std::time::Duration;

use super::problems::{Problem, Severity};
use super::tree::{Node, Origin, Table, Value, parse_setting};
use crate::values::did_you_mean;

/// The pass over the tree: the problems so far, and where it is.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub(super) problems: Vec<Problem>,
    path: Vec<String>,
}

impl Reading {
    /// A pass that begins with these problems.
    pub(super) fn new(problems: Vec<Problem>) -> Self {
        Self { problems, path: Vec::new() }
    }

    /// Reports an error at a place.
    pub(super) fn error(&mut self, origin: &Origin, message: impl Into<String>) {
        self.problems.push(Problem::error(Some(origin.clone()), &self.path.join("."), message));
    }

    /// Reports something less than an error.
    pub(super) fn report(&mut self, severity: Severity, origin: &Origin, message: impl Into<String>) {
        self.problems.push(Problem::error(Some(origin.clone()), &self.path.join("."), message).with(severity));
    }

    /// Whether something is wrong already with what is at the present path.
    pub(super) fn is_wrong_here(&self) -> bool {
        let here = self.path.join(".");
        self.problems.iter().any(|problem| problem.is_within(&here))
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

/// A type that a node decodes to. `None`: the problem is reported.
pub(super) trait Decode: Sized {
    fn decode(node: &Node, reading: &mut Reading) -> Option<Self>;
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

/// Declares a section of the file: its keys, their types, and their defaults (`=`) or stand-ins (`=>`); keys that have
/// only one value so far, which are checked and not kept; and keys that are planned but not there yet.
macro_rules! section {
    (
        $(#[$meta:meta])*
        struct $name:ident {
            $( $(#[$field_meta:meta])* $field:ident : $type:ty $( = $default:expr )? $( => $stand_in:expr )? ),* $(,)?
        }
        $( only { $( $only:ident : $only_type:ty ),* $(,)? } )?
        $( planned { $( $planned:literal ),* $(,)? } )?
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone)]
        pub(in $crate::config) struct $name {
            $( $(#[$field_meta])* pub(in $crate::config) $field: $type, )*
        }

        impl $crate::config::decode::Decode for $name {
            fn decode(
                node: &$crate::config::tree::Node,
                reading: &mut $crate::config::decode::Reading,
            ) -> Option<Self> {
                use $crate::config::decode;
                let node = decode::structured(node, reading)?;
                let table = decode::as_table(&node, reading)?;
                let known = [$( stringify!($field), )* $( $( stringify!($only), )* )?];
                decode::unknown_keys(table, &known, &[$( $( $planned ),* )?], reading);
                $( $( decode::key::<Option<$only_type>>(
                    table, &node, stringify!($only), &decode::Otherwise::Default(|| None), reading,
                )?; )* )?
                $( let $field = decode::key::<$type>(
                    table, &node, stringify!($field),
                    &decode::section!(@otherwise $type $( = $default )? $( => $stand_in )?), reading,
                ); )*
                Some(Self { $( $field: $field?, )* })
            }
        }
    };
    (@otherwise $type:ty = $default:expr) => { $crate::config::decode::Otherwise::<$type>::Default(|| $default) };
    (@otherwise $type:ty => $stand_in:expr) => { $crate::config::decode::Otherwise::<$type>::StandIn(|| $stand_in) };
    (@otherwise $type:ty) => { $crate::config::decode::Otherwise::<$type>::Nothing };
}
pub(super) use section;

/// Declares a word that is one of a few.
macro_rules! choice {
    ($type:ty { $( $word:literal => $value:expr ),* $(,)? } $( planned { $( $planned:literal ),* } )?) => {
        impl $crate::config::decode::Decode for $type {
            fn decode(
                node: &$crate::config::tree::Node,
                reading: &mut $crate::config::decode::Reading,
            ) -> Option<Self> {
                let word = String::decode(node, reading)?;
                match word.as_str() {
                    $( $word => return Some($value), )*
                    $( $( $planned => reading.error(&node.origin, format!("{word:?} is not supported by this version")), )* )?
                    _ => reading.error(&node.origin, format!("{word:?} is none of {}", [$( $word ),*].join(", "))),
                }
                None
            }
        }
    };
}
pub(super) use choice;
