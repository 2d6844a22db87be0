//! What a condition can cost at worst, estimated from its shape: the language itself cannot limit its steps.
//!
//! Times are nanoseconds on the machine of the README's figures, for the largest values that a condition sees: texts of
//! 1,024 characters, lists of 256 items. Copying or comparing a value costs by the items that it can hold: the language
//! copies every list that is put into another one, and goes through both sides of `==`. `benches/figures.rs` measures
//! the worst conditions that are accepted.

use cel::common::ast::{CallExpr, ComprehensionExpr, Expr, IdedExpr, operators};

use super::check::children;
use super::paths::ResolvedExpression;

/// One step.
const STEP: u64 = 500;

/// Comparing one item.
const COMPARISON: u64 = 40;

/// Copying one item.
const COPY: u64 = 200;

/// Handing over a value.
const VALUE: u64 = 25_000;

/// The most items of a list, and so the most rounds of a loop over one.
const ROUNDS: u64 = 256;

/// Operators that copy both sides, if only into an error.
const COPYING: [&str; 6] = [
    operators::ADD,
    operators::SUBSTRACT,
    operators::MULTIPLY,
    operators::DIVIDE,
    operators::MODULO,
    operators::NEGATE,
];

/// The cost of one evaluation. `traced`: a failure is traced to the part where it begins, so each part is evaluated
/// once for each part that it is in. `items`: how many items the value at a path can hold, with those within its items.
pub(super) fn worst_case(resolved: &ResolvedExpression, traced: bool, items: &dyn Fn(&[String]) -> u64) -> u64 {
    let values = resolved.uses.iter().map(|path_use| VALUE.max(COPY.saturating_mul(items(&path_use.path))));
    let estimate = CostEstimate { resolved, traced, items, scope: LoopScope::default() };
    values.fold(0, u64::saturating_add).saturating_add(estimate.cost(&resolved.expression, 1, 1))
}

/// The loop around a part.
#[derive(Clone, Copy, Default)]
struct LoopScope<'b> {
    /// The loop's variable and its result.
    names: Option<(&'b str, &'b str)>,
    /// The items that the variable can hold.
    item: u64,
}

struct CostEstimate<'b> {
    resolved: &'b ResolvedExpression,
    traced: bool,
    items: &'b dyn Fn(&[String]) -> u64,
    scope: LoopScope<'b>,
}

impl<'b> CostEstimate<'b> {
    /// The cost of a part at this depth that runs this many times.
    fn cost(&self, node: &'b IdedExpr, depth: u64, times: u64) -> u64 {
        let mut own = self.step(node);
        if self.traced {
            // Every part hands its value over once.
            let value = self.held(node);
            own = own.saturating_mul(depth).saturating_add(if value > 1 { value.saturating_mul(COPY) } else { 0 });
        }
        let own = own.saturating_mul(times);
        let parts = match &node.expr {
            Expr::Comprehension(comprehension) => self.rounds(comprehension, depth, times),
            _ => children(node).into_iter().map(|part| self.cost(part, depth + 1, times)).fold(0, u64::saturating_add),
        };
        own.saturating_add(parts)
    }

    /// The cost of a loop's range and of its body. The whole loop runs whenever a part around it is evaluated.
    fn rounds(&self, comprehension: &'b ComprehensionExpr, depth: u64, times: u64) -> u64 {
        let range = self.cost(&comprehension.iter_range, depth + 1, times);
        let inside = self.inside(comprehension);
        let times = if self.traced { times.saturating_mul(depth) } else { times };
        let rounds = times.saturating_mul(self.length(&comprehension.iter_range).max(1));
        let body = [&comprehension.loop_cond, &comprehension.loop_step, &comprehension.result];
        let each = body.map(|part| inside.cost(part, depth, rounds)).into_iter().fold(0, u64::saturating_add);
        let variable = inside.scope.item.saturating_mul(COPY).saturating_mul(rounds);
        range.saturating_add(each).saturating_add(variable)
    }

    fn inside(&self, comprehension: &'b ComprehensionExpr) -> CostEstimate<'b> {
        let names = Some((comprehension.iter_var.as_str(), comprehension.accu_var.as_str()));
        let scope = LoopScope { names, item: self.item(&comprehension.iter_range) };
        CostEstimate { resolved: self.resolved, traced: false, items: self.items, scope }
    }

    /// The cost of a part without the parts that it is made of.
    fn step(&self, node: &'b IdedExpr) -> u64 {
        let by_items = match &node.expr {
            Expr::Ident(_) | Expr::Literal(_) => return 0,
            Expr::Call(call) => self.call(call),
            // What they are made of is copied.
            Expr::List(_) | Expr::Map(_) | Expr::Comprehension(_) => self.held(node).saturating_mul(COPY),
            _ => 0,
        };
        STEP.saturating_add(by_items)
    }

    fn call(&self, call: &'b CallExpr) -> u64 {
        let all = || call.args.iter().map(|side| self.held(side));
        match (call.func_name.as_str(), call.args.as_slice()) {
            // An object has an index.
            (operators::IN, [_, whole]) if self.is_object(whole) => 0,
            (operators::IN, [_, list]) => self.held(list).saturating_mul(COMPARISON),
            (operators::EQUALS | operators::NOT_EQUALS, _) => all().min().unwrap_or(1).saturating_mul(COMPARISON),
            // `map` and `filter` add to their result in its place.
            (operators::ADD, [result, item]) if self.is_result(result) => self.held(item).saturating_mul(COPY),
            (name, _) if COPYING.contains(&name) => all().fold(0, u64::saturating_add).saturating_mul(COPY),
            _ => 0,
        }
    }

    /// How many items the value of a part can hold, with those within its items.
    fn held(&self, node: &'b IdedExpr) -> u64 {
        let sum = |parts: Vec<&'b IdedExpr>| parts.into_iter().map(|part| self.held(part)).fold(1, u64::saturating_add);
        match &node.expr {
            Expr::Ident(name) => match self.scope.names {
                Some((variable, _)) if variable == name => self.scope.item,
                _ => self
                    .resolved
                    .uses
                    .iter()
                    .find(|path_use| path_use.variable == *name)
                    .map_or(1, |path_use| (self.items)(&path_use.path)),
            },
            Expr::List(_) | Expr::Map(_) => sum(children(node)),
            Expr::Select(select) => self.held(&select.operand),
            Expr::Comprehension(comprehension) if matches!(comprehension.accu_init.expr, Expr::List(_)) => {
                let each = self.inside(comprehension).added(&comprehension.loop_step);
                self.length(&comprehension.iter_range).saturating_mul(each)
            }
            Expr::Call(call) => match (call.func_name.as_str(), call.args.as_slice()) {
                (operators::ADD, _) => sum(children(node)),
                (operators::CONDITIONAL, [_, then, otherwise]) => self.held(then).max(self.held(otherwise)),
                (operators::INDEX, [whole, _]) => self.held(whole),
                _ => 1,
            },
            _ => 1,
        }
    }

    /// How many items a round of `map` or `filter` adds.
    fn added(&self, step: &'b IdedExpr) -> u64 {
        match &step.expr {
            Expr::Call(call) => match (call.func_name.as_str(), call.args.as_slice()) {
                (operators::ADD, [result, item]) if self.is_result(result) => self.held(item),
                (operators::CONDITIONAL, [_, then, _]) => self.added(then),
                _ => self.held(step),
            },
            _ => self.held(step),
        }
    }

    /// How many rounds a loop over a part takes.
    fn length(&self, range: &'b IdedExpr) -> u64 {
        match &range.expr {
            Expr::Ident(_) => ROUNDS,
            Expr::List(_) | Expr::Map(_) => u64::try_from(children(range).len()).unwrap_or(u64::MAX),
            Expr::Call(call) => match (call.func_name.as_str(), call.args.as_slice()) {
                (operators::ADD, [left, right]) => self.length(left).saturating_add(self.length(right)),
                (operators::CONDITIONAL, [_, then, otherwise]) => self.length(then).max(self.length(otherwise)),
                _ => self.held(range).max(ROUNDS),
            },
            _ => self.held(range).max(ROUNDS),
        }
    }

    /// How many items one item of a loop's range can hold. The lists of a form and of an invitation hold texts.
    fn item(&self, range: &'b IdedExpr) -> u64 {
        match &range.expr {
            Expr::Ident(_) | Expr::Map(_) => 1,
            Expr::List(list) => list.elements.iter().map(|item| self.held(item)).max().unwrap_or(1),
            Expr::Call(call) => match (call.func_name.as_str(), call.args.as_slice()) {
                (operators::ADD, [left, right]) => self.item(left).max(self.item(right)),
                (operators::CONDITIONAL, [_, then, otherwise]) => self.item(then).max(self.item(otherwise)),
                _ => self.held(range),
            },
            _ => self.held(range),
        }
    }

    fn is_result(&self, node: &IdedExpr) -> bool {
        matches!((&node.expr, self.scope.names), (Expr::Ident(name), Some((_, result))) if name == result)
    }

    /// Whether it is one of the objects that a condition sees: `'city' in attributes`.
    fn is_object(&self, node: &IdedExpr) -> bool {
        let Expr::Ident(name) = &node.expr else { return false };
        let path_use = self.resolved.uses.iter().find(|path_use| path_use.variable == *name);
        path_use.is_some_and(|path_use| match path_use.path.as_slice() {
            [_] => true,
            [_, ext] => ext == "ext",
            _ => false,
        })
    }
}
