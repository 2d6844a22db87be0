//! The kinds of values in a condition, as far as they are known before any value is.

use std::fmt;

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, operators};

use crate::expressions::condition::paths::{ResolvedExpression, WhenAbsent};

/// A kind of value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ValueKind {
    /// A text.
    Text,
    /// A list of texts.
    List,
    /// A number.
    Number,
    /// True or false.
    Boolean,
}

impl fmt::Display for ValueKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Text => "a text",
            Self::List => "a list",
            Self::Number => "a number",
            Self::Boolean => "true or false",
        })
    }
}

/// What is known about kinds where a part is.
#[derive(Clone, Copy)]
pub(super) struct KnownKinds<'a> {
    pub(super) resolved: &'a ResolvedExpression,
    /// The kind of the value at a path.
    pub(super) kind: &'a dyn Fn(&[String]) -> Option<ValueKind>,
    /// The variable of the loop around the part, with the kind of an item.
    pub(super) item: Option<(&'a str, ValueKind)>,
}

impl KnownKinds<'_> {
    /// The kind of a part's value; `None` if it depends on the values.
    pub(super) fn kind_of(&self, node: &IdedExpr) -> Option<ValueKind> {
        match &node.expr {
            Expr::Ident(name) => match (self.resolved.path_use(name), self.item) {
                (Some(path_use), _) if path_use.absent == WhenAbsent::Presence => Some(ValueKind::Boolean),
                (Some(path_use), _) => (self.kind)(&path_use.path),
                (None, Some((item, kind))) if item == name => Some(kind),
                (None, _) => None,
            },
            Expr::Literal(LiteralValue::String(_)) => Some(ValueKind::Text),
            Expr::Literal(LiteralValue::Boolean(_)) => Some(ValueKind::Boolean),
            Expr::Literal(LiteralValue::Int(_) | LiteralValue::UInt(_) | LiteralValue::Double(_)) => {
                Some(ValueKind::Number)
            }
            Expr::List(_) => Some(ValueKind::List),
            Expr::Call(call) => self.kind_of_call(call),
            Expr::Comprehension(comprehension) => match &comprehension.result.expr {
                // The gathered result has the kind that it began with.
                Expr::Ident(name) if *name == comprehension.accu_var => self.kind_of(&comprehension.accu_init),
                _ => self.kind_of(&comprehension.result),
            },
            _ => None,
        }
    }

    fn kind_of_call(&self, call: &CallExpr) -> Option<ValueKind> {
        match call.func_name.as_str() {
            "size" | "int" | "double" => Some(ValueKind::Number),
            operators::NEGATE | operators::SUBSTRACT | operators::MULTIPLY | operators::DIVIDE | operators::MODULO => {
                Some(ValueKind::Number)
            }
            "string" => Some(ValueKind::Text),
            operators::ADD => call.args.iter().find_map(|side| self.kind_of(side)),
            operators::CONDITIONAL => {
                let branches: Vec<_> = call.args.iter().skip(1).map(|branch| self.kind_of(branch)).collect();
                branches.first().copied().flatten().filter(|kind| branches.iter().all(|other| *other == Some(*kind)))
            }
            operators::INDEX | operators::NOT_STRICTLY_FALSE => None,
            _ => Some(ValueKind::Boolean),
        }
    }

    /// The kind of the items of a list, if all are of one.
    pub(super) fn kind_of_items(&self, list: &IdedExpr) -> Option<ValueKind> {
        match &list.expr {
            Expr::List(list) => {
                let first = self.kind_of(list.elements.first()?)?;
                list.elements.iter().all(|item| self.kind_of(item) == Some(first)).then_some(first)
            }
            // The lists of a form and of an invitation hold texts.
            Expr::Ident(name) if self.resolved.path_use(name).is_some() => {
                self.kind_of(list).filter(|kind| *kind == ValueKind::List).map(|_| ValueKind::Text)
            }
            _ => None,
        }
    }
}
