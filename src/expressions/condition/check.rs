//! The answer of a condition that is itself a check: a value that cannot be read never makes it pass.
//!
//! `evaluate` has one error for all that can go wrong. Here the error is traced to the parts of the condition where it
//! begins. What each of these parts reads decides what the error means:
//!
//! - A part that reads only empty values has no answer because they are empty: `int(attributes.age)` of nothing.
//!   Neither has what is made of it, except `… && false` and `… || true`.
//! - Any other part failed, and the paths that it reads are named: `int(attributes.age)` of `five`. A part that reads a
//!   value larger than a condition sees failed, too.
//!
//! If the answer depends on a part that failed, that counts before all parts that are only empty. A loop is one part
//! with everything in it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use cel::common::ast::{EntryExpr, Expr, IdedExpr, operators};
use cel::{Context, Value};
use serde_json::Value as Json;

use super::paths::{PathUse, ResolvedExpression, WhenAbsent};
use super::{ConditionError, STDLIB, describe, value};

/// A name with its members: `["attributes", "city"]`.
pub(crate) type Path = Vec<String>;

/// The answer of a condition that is itself a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CheckResult {
    /// It holds.
    Holds,
    /// It does not hold.
    DoesNotHold,
    /// It has no answer, only because these paths are empty.
    Empty(Vec<Path>),
    /// It has no answer for the values of these paths.
    Failed {
        /// The paths that the failed parts read.
        paths: Vec<Path>,
        /// Why the first part failed. Quotes no value.
        error: ConditionError,
    },
}

/// The result of a part of a condition.
enum PartResult<'b> {
    Value(Value),
    Empty(Vec<&'b PathUse>),
    Failed(Vec<&'b PathUse>, ConditionError),
}

/// A condition over the values of one sign-up.
pub(super) struct CheckEvaluation<'b> {
    resolved: &'b ResolvedExpression,
    variables: Context<'b, 'b>,
    /// The variables whose value is larger than a condition sees.
    too_large: Vec<&'b str>,
    /// Whether the person entered nothing at a path.
    is_empty: &'b dyn Fn(&[String]) -> bool,
}

impl<'b> CheckEvaluation<'b> {
    pub(super) fn new(
        resolved: &'b ResolvedExpression,
        context: &Json,
        is_empty: &'b dyn Fn(&[String]) -> bool,
    ) -> Self {
        let mut variables = Context::with_env(Arc::clone(&STDLIB));
        let mut too_large = Vec::new();
        for path_use in &resolved.uses {
            let name = path_use.variable.as_str();
            match (path_use.json_at(context).is_some_and(value::is_too_large), path_use.absent) {
                (false, _) => variables.add_variable_from_value(name, path_use.value(context)),
                // A value that is too large is there all the same.
                (true, WhenAbsent::Presence) => variables.add_variable_from_value(name, true),
                (true, _) => too_large.push(name),
            }
        }
        Self { resolved, variables, too_large, is_empty }
    }

    pub(super) fn evaluate_check(&self) -> CheckResult {
        let paths = |uses: Vec<&PathUse>| {
            let mut paths: Vec<_> = uses.into_iter().map(|path_use| path_use.path.clone()).collect();
            paths.sort();
            paths.dedup();
            paths
        };
        match self.truth(&self.resolved.expression) {
            PartResult::Value(Value::Bool(true)) => CheckResult::Holds,
            PartResult::Value(_) => CheckResult::DoesNotHold,
            PartResult::Empty(uses) => CheckResult::Empty(paths(uses)),
            PartResult::Failed(uses, error) => CheckResult::Failed { paths: paths(uses), error },
        }
    }

    /// The part's result as true or false; null and the empty text are false.
    fn truth(&self, node: &'b IdedExpr) -> PartResult<'b> {
        match self.part(node) {
            PartResult::Value(Value::Null) => PartResult::Value(Value::Bool(false)),
            PartResult::Value(Value::String(text)) if text.is_empty() => PartResult::Value(Value::Bool(false)),
            PartResult::Value(Value::Bool(answer)) => PartResult::Value(Value::Bool(answer)),
            PartResult::Value(other) => self.origin(node, ConditionError::NotBoolean(value::kind(&other))),
            other => other,
        }
    }

    fn part(&self, node: &'b IdedExpr) -> PartResult<'b> {
        match catch_unwind(AssertUnwindSafe(|| Value::resolve(node, &self.variables))) {
            Ok(Ok(value)) => PartResult::Value(value),
            Ok(Err(error)) => self.trace(node, ConditionError::Evaluation(describe(&error))),
            Err(_) => PartResult::Failed(self.reads(node), ConditionError::Panicked),
        }
    }

    /// Why a part has no answer.
    fn trace(&self, node: &'b IdedExpr, error: ConditionError) -> PartResult<'b> {
        let inner: Vec<_> = match &node.expr {
            Expr::Call(call) if [operators::LOGICAL_AND, operators::LOGICAL_OR].contains(&call.func_name.as_str()) => {
                call.args.iter().map(|side| self.truth(side)).collect()
            }
            Expr::Call(call) if call.func_name == operators::LOGICAL_NOT => {
                call.args.iter().map(|side| self.truth(side)).collect()
            }
            Expr::Call(call) if call.func_name == operators::CONDITIONAL => match call.args.as_slice() {
                [question, then, otherwise] => match self.truth(question) {
                    PartResult::Value(answer) => {
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

    /// The result of a part where the failure begins: everything in it has a value.
    fn origin(&self, node: &'b IdedExpr, error: ConditionError) -> PartResult<'b> {
        let reads = self.reads(node);
        let large: Vec<_> =
            reads.iter().copied().filter(|path_use| self.too_large.contains(&path_use.variable.as_str())).collect();
        if !large.is_empty() {
            return PartResult::Failed(large, ConditionError::ValueTooLarge);
        }
        if !reads.is_empty() && reads.iter().all(|path_use| (self.is_empty)(&path_use.path)) {
            return PartResult::Empty(reads);
        }
        PartResult::Failed(reads, error)
    }

    /// The uses of paths whose values a part reads.
    fn reads(&self, node: &'b IdedExpr) -> Vec<&'b PathUse> {
        let mut names = Vec::new();
        let mut remaining = vec![node];
        while let Some(node) = remaining.pop() {
            if let Expr::Ident(name) = &node.expr {
                names.push(name.as_str());
            }
            remaining.extend(children(node));
        }
        let read = |path_use: &&PathUse| {
            names.contains(&path_use.variable.as_str()) && path_use.absent != WhenAbsent::Presence
        };
        self.resolved.uses.iter().filter(read).collect()
    }
}

/// The result of a whole that has no answer, from the results of its parts; `None` if each of them has a value.
fn merge(parts: Vec<PartResult<'_>>) -> Option<PartResult<'_>> {
    let (mut failed, mut empty, mut first) = (Vec::new(), Vec::new(), None);
    for part in parts {
        match part {
            PartResult::Value(_) => {}
            PartResult::Empty(uses) => empty.extend(uses),
            PartResult::Failed(uses, error) => {
                failed.extend(uses);
                first = first.or(Some(error));
            }
        }
    }
    let failed = first.map(|error| PartResult::Failed(failed, error));
    failed.or_else(|| (!empty.is_empty()).then_some(PartResult::Empty(empty)))
}

/// The parts that a node is made of.
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
