//! What a condition can cost at worst, by its shape: the language has no fuel.
//!
//! Times are nanoseconds on the machine of the README's figures, for the largest values that a condition sees: texts of
//! 1,024 characters, lists of 256 items. `benches/figures.rs` measures the worst conditions that are accepted.

use cel::common::ast::{Expr, IdedExpr, LiteralValue, operators};

use super::judge::children;
use super::paths::Bound;

/// A step.
const STEP: u64 = 500;

/// A comparison that may go through a list.
const COMPARISON: u64 = 7_000;

/// `+` of values that may be lists.
const JOINING: u64 = 400_000;

/// Handing over a value.
const VALUE: u64 = 25_000;

/// Handing over all attributes at once.
const ALL_VALUES: u64 = 250_000;

/// The most items of a list, and so the most rounds of a loop.
const ROUNDS: u64 = 256;

/// The cost of one evaluation. `traced`: a failure is traced to the part where it begins, for which every part is evaluated
/// once for each part that it is in.
pub(super) fn worst(bound: &Bound, traced: bool) -> u64 {
    let values = bound.places.iter().map(|place| match place.path.as_slice() {
        [_] => ALL_VALUES,
        [_, ext] if ext == "ext" => ALL_VALUES,
        _ => VALUE,
    });
    let walk = Walk { bound, traced };
    values.fold(0, u64::saturating_add).saturating_add(walk.cost(&bound.expression, 1, 1))
}

struct Walk<'b> {
    bound: &'b Bound,
    traced: bool,
}

impl Walk<'_> {
    /// The cost of a part at this depth, which runs so many times.
    fn cost(&self, node: &IdedExpr, depth: u64, times: u64) -> u64 {
        let own = if self.traced { times.saturating_mul(depth) } else { times };
        let own = own.saturating_mul(self.step(node));
        if let Expr::Comprehension(comprehension) = &node.expr {
            let range = self.cost(&comprehension.iter_range, depth + 1, times);
            let lists = values_in(&comprehension.iter_range).max(1);
            let rounds = times.saturating_mul(ROUNDS).saturating_mul(lists);
            let body = [&comprehension.loop_cond, &comprehension.loop_step, &comprehension.result];
            // What happens inside is traced no further.
            let each = body.map(|part| self.cost(part, depth, rounds)).into_iter();
            return each.fold(own.saturating_add(range), u64::saturating_add);
        }
        let parts = children(node).into_iter().map(|part| self.cost(part, depth + 1, times));
        parts.fold(own, u64::saturating_add)
    }

    fn step(&self, node: &IdedExpr) -> u64 {
        let Expr::Call(call) = &node.expr else {
            return if matches!(node.expr, Expr::Ident(_) | Expr::Literal(_)) { 0 } else { STEP };
        };
        let one_is = |test: &dyn Fn(&IdedExpr) -> bool| call.args.iter().any(test);
        match call.func_name.as_str() {
            operators::IN => COMPARISON,
            operators::EQUALS | operators::NOT_EQUALS if !one_is(&is_literal) => COMPARISON,
            operators::ADD if !one_is(&is_no_list) && !self.collects(&call.args) => JOINING,
            _ => STEP,
        }
    }

    /// Whether it is the step in which `map` and `filter` add one item to their result.
    fn collects(&self, sides: &[IdedExpr]) -> bool {
        let own = |name: &String| self.bound.places.iter().all(|place| place.variable != *name);
        matches!(sides, [IdedExpr { expr: Expr::Ident(name), .. }, IdedExpr { expr: Expr::List(_), .. }] if own(name))
    }
}

/// How many values a part is made of.
fn values_in(node: &IdedExpr) -> u64 {
    let own = u64::from(matches!(node.expr, Expr::Ident(_)));
    children(node).into_iter().map(values_in).sum::<u64>() + own
}

fn is_literal(node: &IdedExpr) -> bool {
    matches!(node.expr, Expr::Literal(_))
}

/// Whether it is certainly no list: then what it is added to is none.
fn is_no_list(node: &IdedExpr) -> bool {
    match &node.expr {
        Expr::Literal(LiteralValue::String(_) | LiteralValue::Int(_) | LiteralValue::Double(_)) => true,
        Expr::Call(call) if call.func_name == operators::ADD => call.args.iter().any(is_no_list),
        Expr::Call(call) => ["string", "size", "int", "double"].contains(&call.func_name.as_str()),
        _ => false,
    }
}
