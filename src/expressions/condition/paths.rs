//! The paths of a condition, and the value each has where it stands.
//!
//! A path is a name followed by members (`user.ext.Plan`, also `user.ext['Plan']`). Each place where one stands gets
//! its own variable, because what an absent value means depends on the place:
//!
//! | place | absent means |
//! | --- | --- |
//! | an operand of `&&`, `\|\|`, `!`, the question of `? :`, the whole condition | false |
//! | the right side of `in`, the list of a loop | an empty list |
//! | compared or reckoned with a number (`user.ext.Age < 18`) | zero |
//! | compared with `true` or `false`, with a list, with `null` | false, an empty list, null |
//! | `has(…)` | false (and anything present is true) |
//! | anywhere else | the empty text |

use cel::Value;
use cel::common::ast::IdedExpr;
use serde_json::Value as Json;

use super::value;

/// What an absent value means in the place where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Absent {
    False,
    List,
    Null,
    Text,
    /// Zero, as a whole number.
    Whole,
    /// Zero, as a number with a fraction.
    Fraction,
    /// The value itself does not matter, only whether there is one.
    Presence,
}

/// A path in one place.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) variable: String,
    pub(super) path: Vec<String>,
    pub(super) absent: Absent,
}

/// An expression whose paths are variables.
#[derive(Debug)]
pub(super) struct Bound {
    pub(super) expression: IdedExpr,
    pub(super) places: Vec<Place>,
}

impl Bound {
    /// Every path, without repetition.
    pub(super) fn paths(&self) -> Vec<Vec<String>> {
        let mut paths: Vec<_> = self.places.iter().map(|place| place.path.clone()).collect();
        paths.sort();
        paths.dedup();
        paths
    }

    /// The place that a variable stands for; none for the variable of a loop.
    pub(super) fn place(&self, variable: &str) -> Option<&Place> {
        self.places.iter().find(|place| place.variable == variable)
    }

    /// Every variable with the value it has in `context`.
    pub(super) fn values<'b>(&'b self, context: &'b Json) -> impl Iterator<Item = (&'b str, Value)> {
        self.places.iter().map(|place| (place.variable.as_str(), place.value(context)))
    }
}

impl Place {
    /// What is there in `context`.
    pub(super) fn found<'c>(&self, context: &'c Json) -> Option<&'c Json> {
        self.path.iter().try_fold(context, |at, member| at.get(member))
    }

    /// The value in `context`, or what its absence means here.
    pub(super) fn value(&self, context: &Json) -> Value {
        match (self.found(context).and_then(value::present), self.absent) {
            (found, Absent::Presence) => Value::Bool(found.is_some()),
            (Some(value), _) => value,
            (None, Absent::False) => Value::Bool(false),
            (None, Absent::List) => Value::List(Vec::new().into()),
            (None, Absent::Null) => Value::Null,
            (None, Absent::Whole) => Value::Int(0),
            (None, Absent::Fraction) => Value::Float(0.0),
            (None, Absent::Text) => Value::String(String::new().into()),
        }
    }
}
