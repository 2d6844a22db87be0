//! Binds a parsed condition to its paths: checks every name in the tree and replaces each path by a variable.
//!
//! Invariant: the tree handed back is at most [`MAX_DEPTH`] deep, so that walking it is safe on any stack.

use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators};

use super::paths::{Absent, Bound, Place};
use super::{ConditionError, OutOfBounds};
use crate::values::nearest;

/// How deep a condition's tree may be. Chains of `&&` and `||` are balanced by the parser and count as their
/// logarithm; the evaluator takes up to 32 KiB of stack for each level in a debug build.
const MAX_DEPTH: usize = 16;

/// The functions a condition may call, beside the operators.
pub(super) const FUNCTIONS: [&str; 7] = ["contains", "startsWith", "endsWith", "size", "string", "int", "double"];

/// The loops and tests that the parser turns into other expressions.
const MACROS: [&str; 7] = ["has", "all", "exists", "exists_one", "existsOne", "map", "filter"];

/// Operators as the parser names them.
const OPERATORS: [&str; 17] = [
    operators::CONDITIONAL,
    operators::LOGICAL_AND,
    operators::LOGICAL_OR,
    operators::LOGICAL_NOT,
    operators::SUBSTRACT,
    operators::ADD,
    operators::MULTIPLY,
    operators::DIVIDE,
    operators::MODULO,
    operators::EQUALS,
    operators::NOT_EQUALS,
    operators::GREATER_EQUALS,
    operators::LESS_EQUALS,
    operators::GREATER,
    operators::LESS,
    operators::NEGATE,
    operators::INDEX,
];

/// Operators whose sides are of one kind.
const TWO_SIDED: [&str; 11] = [
    operators::EQUALS,
    operators::NOT_EQUALS,
    operators::LESS,
    operators::LESS_EQUALS,
    operators::GREATER,
    operators::GREATER_EQUALS,
    operators::ADD,
    operators::SUBSTRACT,
    operators::MULTIPLY,
    operators::DIVIDE,
    operators::MODULO,
];

/// What kind of value an expression is, as far as its outermost part says so: what an absent value beside it means.
fn kind_of(expr: &Expr) -> Option<Absent> {
    match expr {
        Expr::Literal(LiteralValue::Int(_) | LiteralValue::UInt(_)) => Some(Absent::Whole),
        Expr::Literal(LiteralValue::Double(_)) => Some(Absent::Fraction),
        Expr::Literal(LiteralValue::Boolean(_)) => Some(Absent::False),
        Expr::Literal(LiteralValue::String(_)) => Some(Absent::Text),
        Expr::Literal(LiteralValue::Null) => Some(Absent::Null),
        Expr::List(_) => Some(Absent::List),
        Expr::Call(call) => match call.func_name.as_str() {
            "size" | "int" => Some(Absent::Whole),
            "double" => Some(Absent::Fraction),
            "string" => Some(Absent::Text),
            operators::NEGATE | operators::ADD | operators::SUBSTRACT | operators::MULTIPLY => {
                call.args.iter().find_map(|part| match &part.expr {
                    Expr::Literal(_) => kind_of(&part.expr),
                    _ => None,
                })
            }
            _ => None,
        },
        _ => None,
    }
}

/// Checks the names in `expression` and replaces its paths.
pub(super) fn bind(mut expression: IdedExpr, names: &[&str]) -> Result<Bound, ConditionError> {
    let mut binder = Binder { names, places: Vec::new(), locals: Vec::new(), depth: 0 };
    let answers = match kind_of(&expression.expr) {
        None | Some(Absent::False | Absent::Presence) => None,
        Some(Absent::Whole | Absent::Fraction) => Some("number"),
        Some(Absent::Text) => Some("text"),
        Some(Absent::List) => Some("list"),
        Some(Absent::Null) => Some("null"),
    };
    if let Some(kind) = answers {
        return Err(ConditionError::NotBoolean(kind));
    }
    binder.visit(&mut expression, Absent::False)?;
    Ok(Bound { expression, places: binder.places })
}

/// The walk over the tree.
struct Binder<'n> {
    names: &'n [&'n str],
    places: Vec<Place>,
    /// The loop's own variables, while inside one.
    locals: Vec<String>,
    depth: usize,
}

impl Binder<'_> {
    fn visit(&mut self, node: &mut IdedExpr, absent: Absent) -> Result<(), ConditionError> {
        if self.depth >= MAX_DEPTH {
            return Err(OutOfBounds::TooDeep(MAX_DEPTH).into());
        }
        self.depth += 1;
        let path = self.path(&node.expr)?;
        let done = match path {
            Some((path, presence)) => {
                let absent = if presence { Absent::Presence } else { absent };
                let variable = format!("@path{}", self.places.len());
                node.expr = Expr::Ident(variable.clone());
                self.places.push(Place { variable, path, absent });
                Ok(())
            }
            None => self.visit_parts(&mut node.expr, absent),
        };
        self.depth -= 1;
        done
    }

    fn visit_parts(&mut self, expr: &mut Expr, absent: Absent) -> Result<(), ConditionError> {
        match expr {
            Expr::Literal(_) | Expr::Ident(_) => Ok(()),
            Expr::Select(select) => self.visit(&mut select.operand, Absent::Text),
            Expr::Call(call) => self.visit_call(call, absent),
            Expr::List(list) => list.elements.iter_mut().try_for_each(|item| self.visit(item, Absent::Text)),
            Expr::Map(map) => map.entries.iter_mut().try_for_each(|entry| match &mut entry.expr {
                EntryExpr::MapEntry(entry) => {
                    self.visit(&mut entry.key, Absent::Text)?;
                    self.visit(&mut entry.value, Absent::Text)
                }
                EntryExpr::StructField(_) => Err(ConditionError::Unavailable("a message with fields")),
            }),
            Expr::Comprehension(comprehension) => self.visit_loop(comprehension),
            Expr::Struct(_) => Err(ConditionError::Unavailable("a message with fields")),
            Expr::Unspecified => Err(ConditionError::Unavailable("an empty expression")),
        }
    }

    fn visit_call(&mut self, call: &mut CallExpr, absent: Absent) -> Result<(), ConditionError> {
        let name = call.func_name.as_str();
        let operator = call.target.is_none()
            && (OPERATORS.contains(&name) || [operators::IN, operators::NOT_STRICTLY_FALSE].contains(&name));
        if !operator && !FUNCTIONS.contains(&name) {
            let near = nearest(name, FUNCTIONS.into_iter().chain(MACROS)).map(str::to_owned);
            return Err(ConditionError::UnknownFunction { name: name.to_owned(), near });
        }
        // What stands beside it tells what kind of value is meant.
        let beside = |at: usize| {
            let other = if at == 0 { call.args.get(1) } else { call.args.first() };
            other.and_then(|other| kind_of(&other.expr)).unwrap_or(Absent::Text)
        };
        let place = |at: usize| match (name, at) {
            (operators::LOGICAL_AND | operators::LOGICAL_OR | operators::LOGICAL_NOT, _)
            | (operators::CONDITIONAL, 0) => Absent::False,
            (operators::CONDITIONAL, _) => absent,
            (operators::IN, 1) => Absent::List,
            (name, _) if TWO_SIDED.contains(&name) => beside(at),
            _ => Absent::Text,
        };
        let places: Vec<_> = (0..call.args.len()).map(place).collect();
        if let Some(target) = &mut call.target {
            self.visit(target, Absent::Text)?;
        }
        call.args.iter_mut().zip(places).try_for_each(|(argument, absent)| self.visit(argument, absent))
    }

    fn visit_loop(&mut self, comprehension: &mut ComprehensionExpr) -> Result<(), ConditionError> {
        if !self.locals.is_empty() || contains_loop(&comprehension.iter_range.expr) {
            return Err(ConditionError::NestedLoop);
        }
        self.visit(&mut comprehension.iter_range, Absent::List)?;
        self.locals = vec![comprehension.iter_var.clone(), comprehension.accu_var.clone()];
        self.visit(&mut comprehension.accu_init, Absent::Text)?;
        self.visit(&mut comprehension.loop_cond, Absent::False)?;
        self.visit(&mut comprehension.loop_step, Absent::False)?;
        self.visit(&mut comprehension.result, Absent::Text)?;
        self.locals.clear();
        Ok(())
    }

    /// The path that `expr` spells, and whether it only asks for its presence. A loop's variable spells none; a name
    /// that is neither that nor known is an error.
    fn path(&self, expr: &Expr) -> Result<Option<(Vec<String>, bool)>, ConditionError> {
        let mut members = Vec::new();
        let mut at = expr;
        let name = loop {
            match at {
                Expr::Ident(name) => break name,
                Expr::Select(select) if !select.test || members.is_empty() => {
                    members.push(select.field.clone());
                    at = &select.operand.expr;
                }
                Expr::Call(CallExpr { func_name, args, .. }) if func_name == operators::INDEX => {
                    let [operand, IdedExpr { expr: Expr::Literal(LiteralValue::String(member)), .. }] = args.as_slice()
                    else {
                        return Ok(None);
                    };
                    members.push(member.inner().to_owned());
                    at = &operand.expr;
                }
                _ => return Ok(None),
            }
        };
        if self.locals.contains(name) {
            return Ok(None);
        }
        if !self.names.contains(&name.as_str()) {
            let near = nearest(name, self.names.iter().copied()).map(str::to_owned);
            return Err(ConditionError::UnknownName { name: name.clone(), near });
        }
        members.push(name.clone());
        members.reverse();
        Ok(Some((members, matches!(expr, Expr::Select(select) if select.test))))
    }
}

/// Whether there is a loop in `expr`, whose depth has not been measured: walks without recursion.
fn contains_loop(expr: &Expr) -> bool {
    let mut left = vec![expr];
    while let Some(expr) = left.pop() {
        match expr {
            Expr::Comprehension(_) => return true,
            Expr::Select(select) => left.push(&select.operand.expr),
            Expr::Call(call) => {
                left.extend(call.args.iter().map(|argument| &argument.expr));
                left.extend(call.target.iter().map(|target| &target.expr));
            }
            Expr::List(list) => left.extend(list.elements.iter().map(|item| &item.expr)),
            Expr::Map(map) => {
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        left.extend([&entry.key.expr, &entry.value.expr]);
                    }
                }
            }
            Expr::Ident(_) | Expr::Literal(_) | Expr::Struct(_) | Expr::Unspecified => {}
        }
    }
    false
}
