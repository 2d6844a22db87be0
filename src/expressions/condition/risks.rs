//! Where a condition can fail on what people type.

use std::fmt;

use cel::common::ast::{Expr, IdedExpr, LiteralValue, operators};

use super::judge::children;
use super::paths::{Absent, Bound, Place};

/// Something in a condition that fails for some values.
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
    /// A text that is compared with a number: this attribute.
    TextAndNumber(String),
    /// A text where true or false is expected: this attribute.
    TextAsAnswer(String),
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
            Self::TextAndNumber(path) => write!(
                out,
                "{path} is a text, and to compare it with a number fails: let a rule for the field check it with min or \
                 max"
            ),
            Self::TextAsAnswer(path) => {
                write!(out, "{path} is a text, not true or false, and fails if it is filled in: write {path} != ''")
            }
        }
    }
}

/// Comparisons that need both sides to be of one kind.
const ORDER: [&str; 4] = [operators::LESS, operators::LESS_EQUALS, operators::GREATER, operators::GREATER_EQUALS];

/// Finds the risks in `bound`. `typed` says whether people type what is at a path, `is_text` whether it is always a text.
pub(super) fn find(bound: &Bound, typed: &dyn Fn(&[String]) -> bool, is_text: &dyn Fn(&[String]) -> bool) -> Vec<Risk> {
    let finder = Finder { bound, typed, is_text };
    let mut risks = Vec::new();
    let mut left = vec![&bound.expression];
    while let Some(node) = left.pop() {
        risks.extend(finder.at(node));
        left.extend(children(node));
    }
    let as_answer = bound.places.iter().filter(|place| place.absent == Absent::False && is_text(&place.path));
    risks.extend(as_answer.map(|place| Risk::TextAsAnswer(place.path.join("."))));
    risks.sort();
    risks.dedup();
    risks
}

struct Finder<'a> {
    bound: &'a Bound,
    typed: &'a dyn Fn(&[String]) -> bool,
    is_text: &'a dyn Fn(&[String]) -> bool,
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
            name if ORDER.contains(&name) => {
                let number = |place: &&Place| matches!(place.absent, Absent::Whole | Absent::Fraction);
                let places = call.args.iter().filter_map(|argument| self.place(argument)).filter(number);
                let text = places.map(|place| &place.path).find(|path| (self.is_text)(path));
                text.map(|path| Risk::TextAndNumber(path.join(".")))
            }
            _ => None,
        }
    }

    fn place(&self, node: &IdedExpr) -> Option<&'a Place> {
        let Expr::Ident(name) = &node.expr else { return None };
        self.bound.places.iter().find(|place| place.variable == *name)
    }

    /// Whether the value of a part depends on what people type. How long something is counts as harmless.
    fn reads_typed(&self, node: &IdedExpr) -> bool {
        let mut left = vec![node];
        while let Some(node) = left.pop() {
            match &node.expr {
                Expr::Ident(_) => match self.place(node) {
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
