//! The answer of a condition that is itself a check: nothing that it cannot read makes it pass.
//!
//! `evaluate` has one error for all that can go wrong. Here the error is traced to the parts of the condition where it
//! begins, and each of them is judged by what it reads:
//!
//! - A part that reads nothing but empty values failed from emptiness alone: `int(attributes.age)` of nothing. It has no
//!   answer, and neither has what is made of it; `… && false` and `… || true` have one all the same.
//! - Any other part failed, and the paths that it reads are named: `int(attributes.age)` of `five`. So has a part that
//!   reads a value which is larger than a condition sees.
//!
//! One part that failed, and that the answer depends on, goes before all that are only empty. What happens inside of a
//! loop is one part.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use cel::common::ast::{EntryExpr, Expr, IdedExpr, operators};
use cel::{Context, Value};
use serde_json::Value as Json;

use super::paths::{Absent, Bound, Place};
use super::{ConditionError, STDLIB, describe, value};

/// A name with its members: `["attributes", "city"]`.
pub type Path = Vec<String>;

/// What a condition says that is itself a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    /// It holds.
    Holds,
    /// It does not hold.
    HoldsNot,
    /// It has no answer, and the only reason is that these are empty.
    Empty(Vec<Path>),
    /// It has no answer for the values of these.
    Failed {
        /// What the parts read that failed.
        paths: Vec<Path>,
        /// Why the first of them failed. Quotes no value.
        error: ConditionError,
    },
}

/// What a part of a condition comes to.
enum Part<'b> {
    Value(Value),
    Empty(Vec<&'b Place>),
    Failed(Vec<&'b Place>, ConditionError),
}

/// A condition over the values of one sign-up.
pub(super) struct Judge<'b> {
    bound: &'b Bound,
    variables: Context<'b, 'b>,
    /// The places whose value is larger than a condition sees.
    too_large: Vec<&'b str>,
    /// Whether nothing was entered at a path.
    is_empty: &'b dyn Fn(&[String]) -> bool,
}

impl<'b> Judge<'b> {
    pub(super) fn new(bound: &'b Bound, context: &Json, is_empty: &'b dyn Fn(&[String]) -> bool) -> Self {
        let mut variables = Context::with_env(Arc::clone(&STDLIB));
        let mut too_large = Vec::new();
        for place in &bound.places {
            let name = place.variable.as_str();
            match (place.found(context).is_some_and(value::is_too_large), place.absent) {
                (false, _) => variables.add_variable_from_value(name, place.value(context)),
                // What is too large to be seen is there all the same.
                (true, Absent::Presence) => variables.add_variable_from_value(name, true),
                (true, _) => too_large.push(name),
            }
        }
        Self { bound, variables, too_large, is_empty }
    }

    pub(super) fn judge(&self) -> Judgement {
        let paths = |places: Vec<&Place>| {
            let mut paths: Vec<_> = places.into_iter().map(|place| place.path.clone()).collect();
            paths.sort();
            paths.dedup();
            paths
        };
        match self.truth(&self.bound.expression) {
            Part::Value(Value::Bool(true)) => Judgement::Holds,
            Part::Value(_) => Judgement::HoldsNot,
            Part::Empty(places) => Judgement::Empty(paths(places)),
            Part::Failed(places, error) => Judgement::Failed { paths: paths(places), error },
        }
    }

    /// The part as true or false; null and the empty text are false.
    fn truth(&self, node: &'b IdedExpr) -> Part<'b> {
        match self.part(node) {
            Part::Value(Value::Null) => Part::Value(Value::Bool(false)),
            Part::Value(Value::String(text)) if text.is_empty() => Part::Value(Value::Bool(false)),
            Part::Value(Value::Bool(answer)) => Part::Value(Value::Bool(answer)),
            Part::Value(other) => self.origin(node, ConditionError::NotBoolean(value::kind(&other))),
            other => other,
        }
    }

    fn part(&self, node: &'b IdedExpr) -> Part<'b> {
        match catch_unwind(AssertUnwindSafe(|| Value::resolve(node, &self.variables))) {
            Ok(Ok(value)) => Part::Value(value),
            Ok(Err(error)) => self.why(node, ConditionError::Evaluation(describe(&error))),
            Err(_) => Part::Failed(self.reads(node), ConditionError::Panicked),
        }
    }

    /// Why a part has no answer.
    fn why(&self, node: &'b IdedExpr, error: ConditionError) -> Part<'b> {
        let inner: Vec<_> = match &node.expr {
            Expr::Call(call) if [operators::LOGICAL_AND, operators::LOGICAL_OR].contains(&call.func_name.as_str()) => {
                call.args.iter().map(|side| self.truth(side)).collect()
            }
            Expr::Call(call) if call.func_name == operators::LOGICAL_NOT => {
                call.args.iter().map(|side| self.truth(side)).collect()
            }
            Expr::Call(call) if call.func_name == operators::CONDITIONAL => match call.args.as_slice() {
                [question, then, otherwise] => match self.truth(question) {
                    Part::Value(answer) => {
                        return self.part(if answer == Value::Bool(true) { then } else { otherwise });
                    }
                    unanswered => vec![unanswered],
                },
                _ => Vec::new(),
            },
            Expr::Comprehension(comprehension) => vec![self.part(&comprehension.iter_range)],
            _ => children(node).into_iter().map(|child| self.part(child)).collect(),
        };
        merge(inner).unwrap_or_else(|| self.origin(node, error))
    }

    /// A part where the failure begins: all that it is made of has a value.
    fn origin(&self, node: &'b IdedExpr, error: ConditionError) -> Part<'b> {
        let reads = self.reads(node);
        let large: Vec<_> =
            reads.iter().copied().filter(|place| self.too_large.contains(&place.variable.as_str())).collect();
        if !large.is_empty() {
            return Part::Failed(large, ConditionError::ValueTooLarge);
        }
        if !reads.is_empty() && reads.iter().all(|place| (self.is_empty)(&place.path)) {
            return Part::Empty(reads);
        }
        Part::Failed(reads, error)
    }

    /// The paths whose values a part reads.
    fn reads(&self, node: &'b IdedExpr) -> Vec<&'b Place> {
        let mut names = Vec::new();
        let mut left = vec![node];
        while let Some(node) = left.pop() {
            if let Expr::Ident(name) = &node.expr {
                names.push(name.as_str());
            }
            left.extend(children(node));
        }
        let read = |place: &&Place| names.contains(&place.variable.as_str()) && place.absent != Absent::Presence;
        self.bound.places.iter().filter(read).collect()
    }
}

/// What several parts come to whose whole has no answer; `None` if each of them has a value.
fn merge(parts: Vec<Part<'_>>) -> Option<Part<'_>> {
    let (mut failed, mut empty, mut first) = (Vec::new(), Vec::new(), None);
    for part in parts {
        match part {
            Part::Value(_) => {}
            Part::Empty(places) => empty.extend(places),
            Part::Failed(places, error) => {
                failed.extend(places);
                first = first.or(Some(error));
            }
        }
    }
    let failed = first.map(|error| Part::Failed(failed, error));
    failed.or_else(|| (!empty.is_empty()).then_some(Part::Empty(empty)))
}

/// What a node is made of.
pub(super) fn children(node: &IdedExpr) -> Vec<&IdedExpr> {
    match &node.expr {
        Expr::Call(call) => call.target.iter().map(AsRef::as_ref).chain(&call.args).collect(),
        Expr::Select(select) => vec![&select.operand],
        Expr::List(list) => list.elements.iter().collect(),
        Expr::Map(map) => {
            let entries = map.entries.iter().map(|entry| &entry.expr);
            let parts = entries.filter_map(|entry| match entry {
                EntryExpr::MapEntry(entry) => Some([&entry.key, &entry.value]),
                EntryExpr::StructField(_) => None,
            });
            parts.flatten().collect()
        }
        Expr::Comprehension(comprehension) => vec![
            &comprehension.iter_range,
            &comprehension.accu_init,
            &comprehension.loop_cond,
            &comprehension.loop_step,
            &comprehension.result,
        ],
        Expr::Ident(_) | Expr::Literal(_) | Expr::Struct(_) | Expr::Unspecified => Vec::new(),
    }
}
