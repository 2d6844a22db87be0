//! The paths of a condition, and the value of each where it is used.
//!
//! A path is a name followed by members (`user.ext.Plan`, also `user.ext['Plan']`). Each use of a path gets a variable
//! of its own, because what an absent value means depends on the use:
//!
//! | use | absent means |
//! | --- | --- |
//! | an operand of `&&`, `\|\|`, `!`, the question of `? :`, the whole condition | false |
//! | the right side of `in`, the list of a loop | an empty list |
//! | compared with a number, or calculated with one (`user.ext.Age < 18`) | zero |
//! | compared with `true` or `false`, with a list, with `null` | false, an empty list, null |
//! | `has(…)` | false (and anything present is true) |
//! | anywhere else | the empty text |

use cel::Value;
use cel::common::ast::IdedExpr;
use serde_json::Value as Json;

use super::value;

/// What an absent value means where it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WhenAbsent {
    False,
    List,
    Null,
    Text,
    /// Zero, as a whole number.
    Whole,
    /// Zero, as a number with a fraction.
    Fraction,
    /// Only whether there is a value matters.
    Presence,
}

/// One use of a path.
#[derive(Debug)]
pub(super) struct PathUse {
    pub(super) variable: String,
    pub(super) path: Vec<String>,
    pub(super) absent: WhenAbsent,
}

/// An expression whose paths are variables.
#[derive(Debug)]
pub(super) struct ResolvedExpression {
    pub(super) expression: IdedExpr,
    pub(super) uses: Vec<PathUse>,
}

impl ResolvedExpression {
    /// Every path, without repetition.
    pub(super) fn paths(&self) -> Vec<Vec<String>> {
        let mut paths: Vec<_> = self.uses.iter().map(|path_use| path_use.path.clone()).collect();
        paths.sort();
        paths.dedup();
        paths
    }

    /// The use that a variable stands for; none for the variable of a loop.
    pub(super) fn path_use(&self, variable: &str) -> Option<&PathUse> {
        self.uses.iter().find(|path_use| path_use.variable == variable)
    }

    /// Every variable with the value it has in `context`.
    pub(super) fn values<'b>(&'b self, context: &'b Json) -> impl Iterator<Item = (&'b str, Value)> {
        self.uses.iter().map(|path_use| (path_use.variable.as_str(), path_use.value(context)))
    }
}

impl PathUse {
    /// What `context` has at the path.
    pub(super) fn json_at<'c>(&self, context: &'c Json) -> Option<&'c Json> {
        self.path.iter().try_fold(context, |at, member| at.get(member))
    }

    /// The value in `context`, or the value that its absence means here.
    pub(super) fn value(&self, context: &Json) -> Value {
        match (self.json_at(context).and_then(value::present), self.absent) {
            (found, WhenAbsent::Presence) => Value::Bool(found.is_some()),
            (Some(value), _) => value,
            (None, WhenAbsent::False) => Value::Bool(false),
            (None, WhenAbsent::List) => Value::List(Vec::new().into()),
            (None, WhenAbsent::Null) => Value::Null,
            (None, WhenAbsent::Whole) => Value::Int(0),
            (None, WhenAbsent::Fraction) => Value::Float(0.0),
            (None, WhenAbsent::Text) => Value::String(String::new().into()),
        }
    }
}
