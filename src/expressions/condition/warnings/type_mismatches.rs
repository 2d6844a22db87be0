//! Operators and functions of a condition that get values of the wrong kind.

use cel::common::ast::{CallExpr, ComprehensionExpr, Expr, IdedExpr, operators};

use super::Warning;
use super::value_kinds::{KnownKinds, ValueKind};
use crate::expressions::condition::check::children;
use crate::expressions::condition::paths::ResolvedExpression;

/// Finds them. `resolve` limits the depth of the tree, so recursion is safe.
pub(super) fn find(resolved: &ResolvedExpression, kind: &dyn Fn(&[String]) -> Option<ValueKind>) -> Vec<Warning> {
    let scope = KnownKinds { resolved, kind, item: None };
    let mut warnings = Vec::new();
    scope.expect_boolean(&resolved.expression, &mut warnings);
    scope.visit(&resolved.expression, &mut warnings);
    warnings
}

/// What to write where true or false is needed.
fn boolean_remedy(what: &str, kind: ValueKind) -> String {
    match kind {
        ValueKind::Text => format!("write {what} != ''"),
        ValueKind::Number => format!("write {what} != 0"),
        ValueKind::List => format!("write size({what}) > 0"),
        ValueKind::Boolean => String::new(),
    }
}

/// How to compare a value, by its kind.
fn comparison_remedy(what: &str, kind: ValueKind) -> String {
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
    fn visit(&self, node: &'a IdedExpr, warnings: &mut Vec<Warning>) {
        match &node.expr {
            Expr::Comprehension(comprehension) => self.visit_loop(comprehension, warnings),
            Expr::Call(call) => {
                self.visit_call(call, warnings);
                self.visit_parts(node, warnings);
            }
            _ => self.visit_parts(node, warnings),
        }
    }

    fn visit_parts(&self, node: &'a IdedExpr, warnings: &mut Vec<Warning>) {
        for part in children(node) {
            self.visit(part, warnings);
        }
    }

    fn visit_loop(&self, comprehension: &'a ComprehensionExpr, warnings: &mut Vec<Warning>) {
        let range = &comprehension.iter_range;
        let remedy = |what: &str, kind| match kind {
            ValueKind::Text => format!("ask the text itself, as in {what}.contains('a'), or name it in multi_select"),
            _ => comparison_remedy(what, kind),
        };
        self.expect(range, &[ValueKind::List], "a loop over it", remedy, warnings);
        self.visit(range, warnings);
        let item = self.kind_of_items(range).map(|kind| (comprehension.iter_var.as_str(), kind));
        let inside = KnownKinds { item, ..*self };
        for part in
            [&comprehension.accu_init, &comprehension.loop_cond, &comprehension.loop_step, &comprehension.result]
        {
            inside.visit(part, warnings);
        }
    }

    fn visit_call(&self, call: &'a CallExpr, warnings: &mut Vec<Warning>) {
        let name = call.func_name.as_str();
        let target = call.target.as_deref();
        match (name, call.args.as_slice()) {
            (operators::LOGICAL_AND | operators::LOGICAL_OR | operators::LOGICAL_NOT, sides) => {
                for side in sides {
                    self.expect_boolean(side, warnings);
                }
            }
            (operators::CONDITIONAL, [question, ..]) => self.expect_boolean(question, warnings),
            (operators::EQUALS | operators::NOT_EQUALS, [left, right]) => self.check_equality(left, right, warnings),
            (
                operators::LESS | operators::LESS_EQUALS | operators::GREATER | operators::GREATER_EQUALS,
                [left, right],
            ) => self.check_order(left, right, warnings),
            (operators::IN, [item, list]) => self.check_membership(item, list, warnings),
            (operators::NEGATE, [number]) => {
                self.expect(number, &[ValueKind::Number], "to negate it", comparison_remedy, warnings);
            }
            (operators::ADD, [left, right]) => self.check_sum(left, right, warnings),
            (operators::SUBSTRACT | operators::MULTIPLY | operators::DIVIDE | operators::MODULO, sides) => {
                for side in sides {
                    self.expect(side, &[ValueKind::Number], "to reckon with it", comparison_remedy, warnings);
                }
            }
            ("contains" | "startsWith" | "endsWith", arguments) => {
                let fails = format!(".{name}() of it");
                if let Some(text) = target {
                    self.expect(text, &[ValueKind::Text], &fails, comparison_remedy, warnings);
                }
                let fails = format!(".{name}() with it");
                for text in arguments {
                    self.expect(text, &[ValueKind::Text], &fails, comparison_remedy, warnings);
                }
            }
            ("size", arguments) => {
                self.check_arguments(arguments, target, &[ValueKind::Text, ValueKind::List], "size()", warnings);
            }
            ("int" | "double", arguments) => {
                self.check_arguments(
                    arguments,
                    target,
                    &[ValueKind::Text, ValueKind::Number],
                    &format!("{name}()"),
                    warnings,
                );
            }
            ("string", arguments) => {
                self.check_arguments(
                    arguments,
                    target,
                    &[ValueKind::Text, ValueKind::Number, ValueKind::Boolean],
                    "string()",
                    warnings,
                );
            }
            _ => {}
        }
    }

    /// A part that has to be true or false.
    fn expect_boolean(&self, node: &IdedExpr, warnings: &mut Vec<Warning>) {
        let fails = match self.kind_of(node) {
            Some(ValueKind::Text) => "to take it for true or false, if it is filled in,",
            _ => "to take it for true or false",
        };
        self.expect(node, &[ValueKind::Boolean], fails, boolean_remedy, warnings);
    }

    fn check_arguments(
        &self,
        arguments: &[IdedExpr],
        target: Option<&IdedExpr>,
        fits: &[ValueKind],
        function: &str,
        warnings: &mut Vec<Warning>,
    ) {
        let fails = format!("{function} of it");
        for part in arguments.iter().chain(target) {
            self.expect(part, fits, &fails, comparison_remedy, warnings);
        }
    }

    fn expect(
        &self,
        node: &IdedExpr,
        fits: &[ValueKind],
        fails: &str,
        remedy: impl Fn(&str, ValueKind) -> String,
        warnings: &mut Vec<Warning>,
    ) {
        if let Some(kind) = self.kind_of(node).filter(|kind| !fits.contains(kind)) {
            let what = self.name(node);
            let remedy = remedy(&what, kind);
            warnings.push(Warning::TypeMismatch { what, kind, fails: fails.to_owned(), remedy });
        }
    }

    fn check_order(&self, left: &IdedExpr, right: &IdedExpr, warnings: &mut Vec<Warning>) {
        let (Some(left_kind), Some(right_kind)) = (self.kind_of(left), self.kind_of(right)) else { return };
        if left_kind != right_kind || left_kind == ValueKind::List {
            let (what, kind, other) = self.named(left, right, left_kind, right_kind);
            let remedy = comparison_remedy(&what, kind);
            warnings.push(Warning::TypeMismatch { what, kind, fails: format!("to compare it with {other}"), remedy });
        }
    }

    fn check_equality(&self, left: &IdedExpr, right: &IdedExpr, warnings: &mut Vec<Warning>) {
        let (Some(left_kind), Some(right_kind)) = (self.kind_of(left), self.kind_of(right)) else { return };
        if left_kind != right_kind {
            let (what, kind, other) = self.named(left, right, left_kind, right_kind);
            let remedy = comparison_remedy(&what, kind);
            warnings.push(Warning::NeverSame { what, kind, other, remedy });
        }
    }

    fn check_sum(&self, left: &IdedExpr, right: &IdedExpr, warnings: &mut Vec<Warning>) {
        let (left_kind, right_kind) = (self.kind_of(left), self.kind_of(right));
        for (side, kind) in [(left, left_kind), (right, right_kind)] {
            if kind == Some(ValueKind::Boolean) {
                self.expect(side, &[], "to add something to it", comparison_remedy, warnings);
            }
        }
        let (Some(left_kind), Some(right_kind)) = (left_kind, right_kind) else { return };
        if left_kind != right_kind && ![left_kind, right_kind].contains(&ValueKind::Boolean) {
            let (what, kind, other) = self.named(left, right, left_kind, right_kind);
            let remedy = "use string() of what is no text".to_owned();
            warnings.push(Warning::TypeMismatch { what, kind, fails: format!("to add {other} to it"), remedy });
        }
    }

    fn check_membership(&self, item: &IdedExpr, list: &IdedExpr, warnings: &mut Vec<Warning>) {
        let remedy = |what: &str, kind| match kind {
            ValueKind::Text => format!("write {what} == '…' or {what}.contains('…'), or name it in multi_select"),
            _ => comparison_remedy(what, kind),
        };
        self.expect(list, &[ValueKind::List], "to ask what is in it", remedy, warnings);
        let (Some(kind), Some(other)) = (self.kind_of(item), self.kind_of_items(list)) else { return };
        if kind != other {
            let what = self.name(item);
            let remedy =
                if other == ValueKind::Text { "look for a text".to_owned() } else { comparison_remedy(&what, kind) };
            warnings.push(Warning::NeverSame { what, kind, other, remedy });
        }
    }

    /// The side that has a name, with its kind, and the kind of the other side.
    fn named(
        &self,
        left: &IdedExpr,
        right: &IdedExpr,
        left_kind: ValueKind,
        right_kind: ValueKind,
    ) -> (String, ValueKind, ValueKind) {
        let has_name = |node: &IdedExpr| matches!(&node.expr, Expr::Ident(_));
        if has_name(right) && !has_name(left) {
            (self.name(right), right_kind, left_kind)
        } else {
            (self.name(left), left_kind, right_kind)
        }
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
