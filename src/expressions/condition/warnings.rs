//! Where a condition can fail: on what people type, and on values whose kind an operator or a function does not take.

mod type_mismatches;
mod value_kinds;

use std::fmt;

use cel::common::ast::{Expr, IdedExpr, LiteralValue, operators};

use super::check::children;
use super::paths::{ResolvedExpression, WhenAbsent};

pub(crate) use value_kinds::ValueKind;

/// A part of a condition that fails for some values, or that is never true.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Warning {
    /// `int()` or `double()` of a text.
    Conversion(&'static str),
    /// An item of a list, or a member whose name is computed.
    Index,
    /// A division, or its remainder.
    Division,
    /// A number that may become too large.
    Arithmetic,
    /// A value of the wrong kind for what is done with it.
    TypeMismatch {
        /// The path, or what stands for a computed value.
        what: String,
        /// The kind of the value.
        kind: ValueKind,
        /// What is done with it.
        fails: String,
        /// What to write instead.
        remedy: String,
    },
    /// Two values of different kinds are compared, which are never the same.
    NeverSame {
        /// The path, or what stands for a computed value.
        what: String,
        /// The kind of the value.
        kind: ValueKind,
        /// The kind that it is compared with.
        other: ValueKind,
        /// What to write instead.
        remedy: String,
    },
}

/// What fails, and what to write instead.
impl fmt::Display for Warning {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conversion(function) => write!(
                out,
                "{function}() fails for a text that is no number: compare it as a text, or let a rule for the field check \
                 it with min, max or pattern"
            ),
            Self::Index => out.write_str("[…] fails where there is no such item: use in, exists or all"),
            Self::Division => out.write_str("a division by zero fails: multiply instead, or divide by a number"),
            Self::Arithmetic => {
                out.write_str("a number can become too large: let a rule for the field check it with min and max")
            }
            Self::TypeMismatch { what, kind, fails, remedy } => {
                write!(out, "{what} is {kind}, and {fails} fails: {remedy}")
            }
            Self::NeverSame { what, kind, other, remedy } => {
                write!(out, "{what} is {kind}, which is never the same as {other}: {remedy}")
            }
        }
    }
}

/// Finds the warnings. `typed` says whether people type the value of a path; `kind` says which kind that value always
/// has.
pub(super) fn find(
    resolved: &ResolvedExpression,
    typed: &dyn Fn(&[String]) -> bool,
    kind: &dyn Fn(&[String]) -> Option<ValueKind>,
) -> Vec<Warning> {
    let finder = WarningFinder { resolved, typed };
    let mut warnings = Vec::new();
    let mut remaining = vec![&resolved.expression];
    while let Some(node) = remaining.pop() {
        warnings.extend(finder.warning_at(node));
        remaining.extend(children(node));
    }
    warnings.extend(type_mismatches::find(resolved, kind));
    warnings.sort();
    warnings.dedup();
    warnings
}

struct WarningFinder<'a> {
    resolved: &'a ResolvedExpression,
    typed: &'a dyn Fn(&[String]) -> bool,
}

impl<'a> WarningFinder<'a> {
    fn warning_at(&self, node: &'a IdedExpr) -> Option<Warning> {
        let Expr::Call(call) = &node.expr else { return None };
        let name = call.func_name.as_str();
        let any_typed = || call.args.iter().any(|argument| self.reads_typed(argument));
        match name {
            "int" if any_typed() => Some(Warning::Conversion("int")),
            "double" if any_typed() => Some(Warning::Conversion("double")),
            operators::INDEX if any_typed() => Some(Warning::Index),
            operators::DIVIDE | operators::MODULO => call
                .args
                .get(1)
                .filter(|divisor| self.reads_typed(divisor) || is_zero(divisor))
                .map(|_| Warning::Division),
            operators::MULTIPLY | operators::SUBSTRACT if any_typed() => Some(Warning::Arithmetic),
            operators::ADD if any_typed() && call.args.iter().any(is_number) => Some(Warning::Arithmetic),
            _ => None,
        }
    }

    /// Whether the value of a part depends on what people type. The length of a value counts as harmless.
    fn reads_typed(&self, node: &IdedExpr) -> bool {
        let mut remaining = vec![node];
        while let Some(node) = remaining.pop() {
            match &node.expr {
                Expr::Ident(name) => match self.resolved.path_use(name) {
                    Some(path_use) if path_use.absent == WhenAbsent::Presence => {}
                    Some(path_use) if !(self.typed)(&path_use.path) => {}
                    Some(_) => return true,
                    // The variable of a loop is an item of what the loop runs over.
                    None if self.resolved.uses.iter().any(|path_use| (self.typed)(&path_use.path)) => return true,
                    None => {}
                },
                Expr::Call(call) if call.func_name == "size" => {}
                _ => remaining.extend(children(node)),
            }
        }
        false
    }
}

fn is_number(node: &IdedExpr) -> bool {
    matches!(node.expr, Expr::Literal(LiteralValue::Int(_) | LiteralValue::UInt(_) | LiteralValue::Double(_)))
        || matches!(&node.expr, Expr::Call(call) if ["int", "double", "size"].contains(&call.func_name.as_str()))
}

/// Whether a divisor that nobody types can be zero.
fn is_zero(node: &IdedExpr) -> bool {
    match &node.expr {
        Expr::Literal(LiteralValue::Int(number)) => *number.inner() == 0,
        Expr::Call(call) => call.func_name == "size",
        _ => false,
    }
}
