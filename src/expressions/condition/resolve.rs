//! Resolves the names of a parsed condition: checks each of them and replaces each path by a variable.
//!
//! Invariant: the tree handed back is at most [`MAX_DEPTH`] deep, so that walking it is safe on any stack.

use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators};

use super::paths::{PathUse, ResolvedExpression, WhenAbsent};
use super::{ConditionError, OutOfBounds, UnknownName};
use crate::values::nearest;

/// How deep a condition's tree may be. The parser balances chains of `&&` and `||`, so these count as their logarithm.
/// In a debug build the evaluator takes up to 32 KiB of stack for each level.
const MAX_DEPTH: usize = 16;

/// The functions that a condition may call, besides the operators.
pub(super) const FUNCTIONS: [&str; 7] = ["contains", "startsWith", "endsWith", "size", "string", "int", "double"];

/// The loops and tests that the parser turns into other expressions. Only named as suggestions.
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

/// Operators whose two sides are of one kind.
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

/// What an absent value beside this expression means, as far as the expression's outermost part shows its kind.
fn kind_of(expr: &Expr) -> Option<WhenAbsent> {
    match expr {
        Expr::Literal(LiteralValue::Int(_) | LiteralValue::UInt(_)) => Some(WhenAbsent::Whole),
        Expr::Literal(LiteralValue::Double(_)) => Some(WhenAbsent::Fraction),
        Expr::Literal(LiteralValue::Boolean(_)) => Some(WhenAbsent::False),
        Expr::Literal(LiteralValue::String(_)) => Some(WhenAbsent::Text),
        Expr::Literal(LiteralValue::Null) => Some(WhenAbsent::Null),
        Expr::List(_) => Some(WhenAbsent::List),
        Expr::Call(call) => match call.func_name.as_str() {
            "size" | "int" => Some(WhenAbsent::Whole),
            "double" => Some(WhenAbsent::Fraction),
            "string" => Some(WhenAbsent::Text),
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
pub(super) fn resolve(mut expression: IdedExpr, names: &[&str]) -> Result<ResolvedExpression, ConditionError> {
    let mut resolver = PathResolver { names, uses: Vec::new(), locals: Vec::new(), depth: 0 };
    let answers = match kind_of(&expression.expr) {
        None | Some(WhenAbsent::False | WhenAbsent::Presence) => None,
        Some(WhenAbsent::Whole | WhenAbsent::Fraction) => Some("number"),
        Some(WhenAbsent::Text) => Some("text"),
        Some(WhenAbsent::List) => Some("list"),
        Some(WhenAbsent::Null) => Some("null"),
    };
    if let Some(kind) = answers {
        return Err(ConditionError::NotBoolean(kind));
    }
    resolver.visit(&mut expression, WhenAbsent::False)?;
    Ok(ResolvedExpression { expression, uses: resolver.uses })
}

/// The walk over the tree.
struct PathResolver<'n> {
    names: &'n [&'n str],
    uses: Vec<PathUse>,
    /// The loop's own variables, while inside one.
    locals: Vec<String>,
    depth: usize,
}

impl PathResolver<'_> {
    fn visit(&mut self, node: &mut IdedExpr, absent: WhenAbsent) -> Result<(), ConditionError> {
        if self.depth >= MAX_DEPTH {
            return Err(OutOfBounds::TooDeep(MAX_DEPTH).into());
        }
        self.depth += 1;
        let path = self.path(&node.expr)?;
        let done = match path {
            Some((path, presence)) => {
                let absent = if presence { WhenAbsent::Presence } else { absent };
                let variable = format!("@path{}", self.uses.len());
                node.expr = Expr::Ident(variable.clone());
                self.uses.push(PathUse { variable, path, absent });
                Ok(())
            }
            None => self.visit_parts(&mut node.expr, absent),
        };
        self.depth -= 1;
        done
    }

    fn visit_parts(&mut self, expr: &mut Expr, absent: WhenAbsent) -> Result<(), ConditionError> {
        match expr {
            Expr::Literal(_) | Expr::Ident(_) => Ok(()),
            Expr::Select(select) => self.visit(&mut select.operand, WhenAbsent::Text),
            Expr::Call(call) => self.visit_call(call, absent),
            Expr::List(list) => list.elements.iter_mut().try_for_each(|item| self.visit(item, WhenAbsent::Text)),
            Expr::Map(map) => map.entries.iter_mut().try_for_each(|entry| match &mut entry.expr {
                EntryExpr::MapEntry(entry) => {
                    self.visit(&mut entry.key, WhenAbsent::Text)?;
                    self.visit(&mut entry.value, WhenAbsent::Text)
                }
                EntryExpr::StructField(_) => Err(ConditionError::Unavailable("a message with fields")),
            }),
            Expr::Comprehension(comprehension) => self.visit_loop(comprehension),
            Expr::Struct(_) => Err(ConditionError::Unavailable("a message with fields")),
            Expr::Unspecified => Err(ConditionError::Unavailable("an empty expression")),
        }
    }

    fn visit_call(&mut self, call: &mut CallExpr, absent: WhenAbsent) -> Result<(), ConditionError> {
        let name = call.func_name.as_str();
        let operator = call.target.is_none()
            && (OPERATORS.contains(&name) || [operators::IN, operators::NOT_STRICTLY_FALSE].contains(&name));
        if !operator && !FUNCTIONS.contains(&name) {
            let near = nearest(name, FUNCTIONS.into_iter().chain(MACROS)).map(str::to_owned);
            return Err(ConditionError::UnknownFunction { name: name.to_owned(), near });
        }
        // The other side shows which kind of value is meant.
        let beside = |at: usize| {
            let other = if at == 0 { call.args.get(1) } else { call.args.first() };
            other.and_then(|other| kind_of(&other.expr)).unwrap_or(WhenAbsent::Text)
        };
        let meaning = |at: usize| match (name, at) {
            (operators::LOGICAL_AND | operators::LOGICAL_OR | operators::LOGICAL_NOT, _)
            | (operators::CONDITIONAL, 0) => WhenAbsent::False,
            (operators::CONDITIONAL, _) => absent,
            (operators::IN, 1) => WhenAbsent::List,
            (name, _) if TWO_SIDED.contains(&name) => beside(at),
            _ => WhenAbsent::Text,
        };
        let meanings: Vec<_> = (0..call.args.len()).map(meaning).collect();
        if let Some(target) = &mut call.target {
            self.visit(target, WhenAbsent::Text)?;
        }
        call.args.iter_mut().zip(meanings).try_for_each(|(argument, absent)| self.visit(argument, absent))
    }

    fn visit_loop(&mut self, comprehension: &mut ComprehensionExpr) -> Result<(), ConditionError> {
        if !self.locals.is_empty() || contains_loop(&comprehension.iter_range.expr) {
            return Err(ConditionError::NestedLoop);
        }
        self.visit(&mut comprehension.iter_range, WhenAbsent::List)?;
        self.locals = vec![comprehension.iter_var.clone(), comprehension.accu_var.clone()];
        self.visit(&mut comprehension.accu_init, WhenAbsent::Text)?;
        self.visit(&mut comprehension.loop_cond, WhenAbsent::False)?;
        self.visit(&mut comprehension.loop_step, WhenAbsent::False)?;
        self.visit(&mut comprehension.result, WhenAbsent::Text)?;
        self.locals.clear();
        Ok(())
    }

    /// The path that `expr` is, and whether only its presence is asked for. `None` for the variable of a loop and for
    /// any other expression. An unknown name is an error.
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
            return Err(ConditionError::UnknownName(UnknownName::new(name, self.names)));
        }
        members.push(name.clone());
        members.reverse();
        Ok(Some((members, matches!(expr, Expr::Select(select) if select.test))))
    }
}

/// Whether there is a loop in `expr`. Its depth is not known yet, so the walk does not recurse.
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
