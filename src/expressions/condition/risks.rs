//! Where a condition can fail: on what people type, and on values of a kind that an operator or a function does not take.

mod kinds;
mod misfits;

use std::fmt;

use cel::common::ast::{Expr, IdedExpr, LiteralValue, operators};

use super::judge::children;
use super::paths::{Absent, Bound};

pub use kinds::Kind;

/// Something in a condition that fails for some values, or that is never so.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Risk {
    /// `int()` or `double()` of a text.
    Conversion(&'static str),
    /// An item of a list, or a member whose name is computed.
    Index,
    /// A division, or the rest of one.
    Division,
    /// A number that may be larger than there are.
    Arithmetic,
    /// A value of a kind that what is done with it does not take.
    Misfit {
        /// The path, or what stands for a computed value.
        what: String,
        /// The kind of the value.
        kind: Kind,
        /// What is done with it.
        fails: String,
        /// What to write instead.
        remedy: String,
    },
    /// Two values are compared that are never the same, since they are of different kinds.
    NeverSame {
        /// The path, or what stands for a computed value.
        what: String,
        /// The kind of the value.
        kind: Kind,
        /// The kind that it is compared with.
        other: Kind,
        /// What to write instead.
        remedy: String,
    },
}

/// What fails, and what to write instead.
impl fmt::Display for Risk {
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
            Self::Misfit { what, kind, fails, remedy } => write!(out, "{what} is {kind}, and {fails} fails: {remedy}"),
            Self::NeverSame { what, kind, other, remedy } => {
                write!(out, "{what} is {kind}, which is never the same as {other}: {remedy}")
            }
        }
    }
}

/// Finds the risks in `bound`. `typed` says whether people type what is at a path, `kind` of what kind it always is.
pub(super) fn find(
    bound: &Bound,
    typed: &dyn Fn(&[String]) -> bool,
    kind: &dyn Fn(&[String]) -> Option<Kind>,
) -> Vec<Risk> {
    let finder = Finder { bound, typed };
    let mut risks = Vec::new();
    let mut left = vec![&bound.expression];
    while let Some(node) = left.pop() {
        risks.extend(finder.at(node));
        left.extend(children(node));
    }
    risks.extend(misfits::find(bound, kind));
    risks.sort();
    risks.dedup();
    risks
}

struct Finder<'a> {
    bound: &'a Bound,
    typed: &'a dyn Fn(&[String]) -> bool,
}

impl<'a> Finder<'a> {
    fn at(&self, node: &'a IdedExpr) -> Option<Risk> {
        let Expr::Call(call) = &node.expr else { return None };
        let name = call.func_name.as_str();
        let any_typed = || call.args.iter().any(|argument| self.reads_typed(argument));
        match name {
            "int" if any_typed() => Some(Risk::Conversion("int")),
            "double" if any_typed() => Some(Risk::Conversion("double")),
            operators::INDEX if any_typed() => Some(Risk::Index),
            operators::DIVIDE | operators::MODULO => {
                call.args.get(1).filter(|divisor| self.reads_typed(divisor) || is_zero(divisor)).map(|_| Risk::Division)
            }
            operators::MULTIPLY | operators::SUBSTRACT if any_typed() => Some(Risk::Arithmetic),
            operators::ADD if any_typed() && call.args.iter().any(is_number) => Some(Risk::Arithmetic),
            _ => None,
        }
    }

    /// Whether the value of a part depends on what people type. How long something is counts as harmless.
    fn reads_typed(&self, node: &IdedExpr) -> bool {
        let mut left = vec![node];
        while let Some(node) = left.pop() {
            match &node.expr {
                Expr::Ident(name) => match self.bound.place(name) {
                    Some(place) if place.absent == Absent::Presence => {}
                    Some(place) if !(self.typed)(&place.path) => {}
                    Some(_) => return true,
                    // A loop's own variable is what the loop runs over.
                    None if self.bound.places.iter().any(|place| (self.typed)(&place.path)) => return true,
                    None => {}
                },
                Expr::Call(call) if call.func_name == "size" => {}
                _ => left.extend(children(node)),
            }
        }
        false
    }
}

fn is_number(node: &IdedExpr) -> bool {
    matches!(node.expr, Expr::Literal(LiteralValue::Int(_) | LiteralValue::UInt(_) | LiteralValue::Double(_)))
        || matches!(&node.expr, Expr::Call(call) if ["int", "double", "size"].contains(&call.func_name.as_str()))
}

/// Whether a divisor can be zero although nobody types it.
fn is_zero(node: &IdedExpr) -> bool {
    match &node.expr {
        Expr::Literal(LiteralValue::Int(number)) => *number.inner() == 0,
        Expr::Call(call) => call.func_name == "size",
        _ => false,
    }
}
