//! The kind of value that a part of a condition is, as far as that is known before there are values.

use std::fmt;

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, operators};

use crate::expressions::condition::paths::{Absent, Bound};

/// A kind of value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A text.
    Text,
    /// A list of texts.
    List,
    /// A number.
    Number,
    /// True or false.
    Boolean,
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Text => "a text",
            Self::List => "a list",
            Self::Number => "a number",
            Self::Boolean => "true or false",
        })
    }
}

/// What is known where a part stands.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) bound: &'a Bound,
    /// The kind of what is at a path.
    pub(super) kind: &'a dyn Fn(&[String]) -> Option<Kind>,
    /// The variable of the loop around it, with the kind of an item.
    pub(super) item: Option<(&'a str, Kind)>,
}

impl Scope<'_> {
    /// The kind of a part; `None`: it depends on the values.
    pub(super) fn of(&self, node: &IdedExpr) -> Option<Kind> {
        match &node.expr {
            Expr::Ident(name) => match (self.bound.place(name), self.item) {
                (Some(place), _) if place.absent == Absent::Presence => Some(Kind::Boolean),
                (Some(place), _) => (self.kind)(&place.path),
                (None, Some((item, kind))) if item == name => Some(kind),
                (None, _) => None,
            },
            Expr::Literal(LiteralValue::String(_)) => Some(Kind::Text),
            Expr::Literal(LiteralValue::Boolean(_)) => Some(Kind::Boolean),
            Expr::Literal(LiteralValue::Int(_) | LiteralValue::UInt(_) | LiteralValue::Double(_)) => Some(Kind::Number),
            Expr::List(_) => Some(Kind::List),
            Expr::Call(call) => self.of_call(call),
            Expr::Comprehension(comprehension) => match &comprehension.result.expr {
                // What was gathered, which is of the kind that it began with.
                Expr::Ident(name) if *name == comprehension.accu_var => self.of(&comprehension.accu_init),
                _ => self.of(&comprehension.result),
            },
            _ => None,
        }
    }

    fn of_call(&self, call: &CallExpr) -> Option<Kind> {
        match call.func_name.as_str() {
            "size" | "int" | "double" => Some(Kind::Number),
            operators::NEGATE | operators::SUBSTRACT | operators::MULTIPLY | operators::DIVIDE | operators::MODULO => {
                Some(Kind::Number)
            }
            "string" => Some(Kind::Text),
            operators::ADD => call.args.iter().find_map(|side| self.of(side)),
            operators::CONDITIONAL => {
                let branches: Vec<_> = call.args.iter().skip(1).map(|branch| self.of(branch)).collect();
                branches.first().copied().flatten().filter(|kind| branches.iter().all(|other| *other == Some(*kind)))
            }
            operators::INDEX | operators::NOT_STRICTLY_FALSE => None,
            _ => Some(Kind::Boolean),
        }
    }

    /// The kind of the items of a list, if all are of one.
    pub(super) fn of_items(&self, list: &IdedExpr) -> Option<Kind> {
        match &list.expr {
            Expr::List(list) => {
                let first = self.of(list.elements.first()?)?;
                list.elements.iter().all(|item| self.of(item) == Some(first)).then_some(first)
            }
            // The lists of a form and of an invitation hold texts.
            Expr::Ident(name) if self.bound.place(name).is_some() => {
                self.of(list).filter(|kind| *kind == Kind::List).map(|_| Kind::Text)
            }
            _ => None,
        }
    }
}
