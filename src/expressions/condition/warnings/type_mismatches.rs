//! Operators and functions of a condition that get values of the wrong kind.

use cel::common::ast::{CallExpr, ComprehensionExpr, Expr, IdedExpr, operators};

use super::Warning;
use super::value_kinds::{KnownKinds, ValueKind};
use crate::expressions::condition::check::children;
use crate::expressions::condition::paths::ResolvedExpression;

/// Finds them. `resolve` limits the depth of the tree, so recursion is safe.
pub(super) fn find(resolved: &ResolvedExpression, kind: &dyn Fn(&[String]) -> Option<ValueKind>) -> Vec<Warning> {
    let scope = KnownKinds { resolved, kind, item: None };
    let mut found = Vec::new();
    scope.answer(&resolved.expression, &mut found);
    scope.look(&resolved.expression, &mut found);
    found
}

/// What to write where true or false is needed.
fn as_answer(what: &str, kind: ValueKind) -> String {
    match kind {
        ValueKind::Text => format!("write {what} != ''"),
        ValueKind::Number => format!("write {what} != 0"),
        ValueKind::List => format!("write size({what}) > 0"),
        ValueKind::Boolean => String::new(),
    }
}

/// How to compare a value, by its kind.
fn as_its_kind(what: &str, kind: ValueKind) -> String {
    match kind {
        ValueKind::Text => {
            format!("compare it with a text, as in {what} == '5', or let a rule for the field check it with min or max")
        }
        ValueKind::Number => format!("compare it with a number, as in {what} == 5"),
        ValueKind::Boolean => format!("write {what} or !{what}"),
        ValueKind::List => format!("ask for what it holds, as in 'a' in {what}"),
    }
}

impl<'a> KnownKinds<'a> {
    fn look(&self, node: &'a IdedExpr, found: &mut Vec<Warning>) {
        match &node.expr {
            Expr::Comprehension(comprehension) => self.look_at_loop(comprehension, found),
            Expr::Call(call) => {
                self.look_at_call(call, found);
                self.look_inside(node, found);
            }
            _ => self.look_inside(node, found),
        }
    }

    fn look_inside(&self, node: &'a IdedExpr, found: &mut Vec<Warning>) {
        for part in children(node) {
            self.look(part, found);
        }
    }

    fn look_at_loop(&self, comprehension: &'a ComprehensionExpr, found: &mut Vec<Warning>) {
        let range = &comprehension.iter_range;
        let remedy = |what: &str, kind| match kind {
            ValueKind::Text => format!("ask the text itself, as in {what}.contains('a'), or name it in multi_select"),
            _ => as_its_kind(what, kind),
        };
        self.expect(range, &[ValueKind::List], "a loop over it", remedy, found);
        self.look(range, found);
        let item = self.of_items(range).map(|kind| (comprehension.iter_var.as_str(), kind));
        let inside = KnownKinds { item, ..*self };
        for part in
            [&comprehension.accu_init, &comprehension.loop_cond, &comprehension.loop_step, &comprehension.result]
        {
            inside.look(part, found);
        }
    }

    fn look_at_call(&self, call: &'a CallExpr, found: &mut Vec<Warning>) {
        let name = call.func_name.as_str();
        let target = call.target.as_deref();
        match (name, call.args.as_slice()) {
            (operators::LOGICAL_AND | operators::LOGICAL_OR | operators::LOGICAL_NOT, sides) => {
                for side in sides {
                    self.answer(side, found);
                }
            }
            (operators::CONDITIONAL, [question, ..]) => self.answer(question, found),
            (operators::EQUALS | operators::NOT_EQUALS, [left, right]) => self.same(left, right, found),
            (
                operators::LESS | operators::LESS_EQUALS | operators::GREATER | operators::GREATER_EQUALS,
                [left, right],
            ) => self.order(left, right, found),
            (operators::IN, [item, list]) => self.membership(item, list, found),
            (operators::NEGATE, [number]) => {
                self.expect(number, &[ValueKind::Number], "to negate it", as_its_kind, found);
            }
            (operators::ADD, [left, right]) => self.sum(left, right, found),
            (operators::SUBSTRACT | operators::MULTIPLY | operators::DIVIDE | operators::MODULO, sides) => {
                for side in sides {
                    self.expect(side, &[ValueKind::Number], "to reckon with it", as_its_kind, found);
                }
            }
            ("contains" | "startsWith" | "endsWith", arguments) => {
                let fails = format!(".{name}() of it");
                if let Some(text) = target {
                    self.expect(text, &[ValueKind::Text], &fails, as_its_kind, found);
                }
                let fails = format!(".{name}() with it");
                for text in arguments {
                    self.expect(text, &[ValueKind::Text], &fails, as_its_kind, found);
                }
            }
            ("size", of) => self.argument(of, target, &[ValueKind::Text, ValueKind::List], "size()", found),
            ("int" | "double", of) => {
                self.argument(of, target, &[ValueKind::Text, ValueKind::Number], &format!("{name}()"), found);
            }
            ("string", of) => {
                self.argument(of, target, &[ValueKind::Text, ValueKind::Number, ValueKind::Boolean], "string()", found);
            }
            _ => {}
        }
    }

    /// A part that has to be true or false.
    fn answer(&self, node: &IdedExpr, found: &mut Vec<Warning>) {
        let fails = match self.of(node) {
            Some(ValueKind::Text) => "to take it for true or false, if it is filled in,",
            _ => "to take it for true or false",
        };
        self.expect(node, &[ValueKind::Boolean], fails, as_answer, found);
    }

    fn argument(
        &self,
        of: &[IdedExpr],
        target: Option<&IdedExpr>,
        fits: &[ValueKind],
        function: &str,
        found: &mut Vec<Warning>,
    ) {
        let fails = format!("{function} of it");
        for part in of.iter().chain(target) {
            self.expect(part, fits, &fails, as_its_kind, found);
        }
    }

    fn expect(
        &self,
        node: &IdedExpr,
        fits: &[ValueKind],
        fails: &str,
        remedy: impl Fn(&str, ValueKind) -> String,
        found: &mut Vec<Warning>,
    ) {
        if let Some(kind) = self.of(node).filter(|kind| !fits.contains(kind)) {
            let what = self.name(node);
            let remedy = remedy(&what, kind);
            found.push(Warning::TypeMismatch { what, kind, fails: fails.to_owned(), remedy });
        }
    }

    fn order(&self, left: &IdedExpr, right: &IdedExpr, found: &mut Vec<Warning>) {
        let (Some(one), Some(other)) = (self.of(left), self.of(right)) else { return };
        if one != other || one == ValueKind::List {
            let (what, kind, other) = self.named(left, right, one, other);
            let remedy = as_its_kind(&what, kind);
            found.push(Warning::TypeMismatch { what, kind, fails: format!("to compare it with {other}"), remedy });
        }
    }

    fn same(&self, left: &IdedExpr, right: &IdedExpr, found: &mut Vec<Warning>) {
        let (Some(one), Some(other)) = (self.of(left), self.of(right)) else { return };
        if one != other {
            let (what, kind, other) = self.named(left, right, one, other);
            let remedy = as_its_kind(&what, kind);
            found.push(Warning::NeverSame { what, kind, other, remedy });
        }
    }

    fn sum(&self, left: &IdedExpr, right: &IdedExpr, found: &mut Vec<Warning>) {
        let (one, other) = (self.of(left), self.of(right));
        for (side, kind) in [(left, one), (right, other)] {
            if kind == Some(ValueKind::Boolean) {
                self.expect(side, &[], "to add something to it", as_its_kind, found);
            }
        }
        let (Some(one), Some(other)) = (one, other) else { return };
        if one != other && ![one, other].contains(&ValueKind::Boolean) {
            let (what, kind, other) = self.named(left, right, one, other);
            let remedy = "use string() of what is no text".to_owned();
            found.push(Warning::TypeMismatch { what, kind, fails: format!("to add {other} to it"), remedy });
        }
    }

    fn membership(&self, item: &IdedExpr, list: &IdedExpr, found: &mut Vec<Warning>) {
        let remedy = |what: &str, kind| match kind {
            ValueKind::Text => format!("write {what} == '…' or {what}.contains('…'), or name it in multi_select"),
            _ => as_its_kind(what, kind),
        };
        self.expect(list, &[ValueKind::List], "to ask what is in it", remedy, found);
        let (Some(kind), Some(other)) = (self.of(item), self.of_items(list)) else { return };
        if kind != other {
            let what = self.name(item);
            let remedy = if other == ValueKind::Text { "look for a text".to_owned() } else { as_its_kind(&what, kind) };
            found.push(Warning::NeverSame { what, kind, other, remedy });
        }
    }

    /// The side that has a name, with its kind, and the kind of the other side.
    fn named(
        &self,
        left: &IdedExpr,
        right: &IdedExpr,
        one: ValueKind,
        other: ValueKind,
    ) -> (String, ValueKind, ValueKind) {
        let has_name = |node: &IdedExpr| matches!(&node.expr, Expr::Ident(_));
        if has_name(right) && !has_name(left) { (self.name(right), other, one) } else { (self.name(left), one, other) }
    }

    /// The name of a part in a warning.
    fn name(&self, node: &IdedExpr) -> String {
        match &node.expr {
            Expr::Ident(name) => {
                self.resolved.path_use(name).map_or_else(|| name.clone(), |path_use| path_use.path.join("."))
            }
            Expr::Call(call) if call.func_name.chars().all(char::is_alphanumeric) => format!("{}(…)", call.func_name),
            Expr::Literal(_) => "what is written there".to_owned(),
            _ => "(…)".to_owned(),
        }
    }
}
