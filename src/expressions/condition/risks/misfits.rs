//! What is done in a condition with values of a kind that it is not for.

use cel::common::ast::{CallExpr, ComprehensionExpr, Expr, IdedExpr, operators};

use super::Risk;
use super::kinds::{Kind, Scope};
use crate::expressions::condition::judge::children;
use crate::expressions::condition::paths::Bound;

/// Finds them. The tree is no deeper than `bind` lets it be, so that recursion is safe.
pub(super) fn find(bound: &Bound, kind: &dyn Fn(&[String]) -> Option<Kind>) -> Vec<Risk> {
    let scope = Scope { bound, kind, item: None };
    let mut found = Vec::new();
    scope.answer(&bound.expression, &mut found);
    scope.look(&bound.expression, &mut found);
    found
}

/// What to write where true or false is asked for.
fn as_answer(what: &str, kind: Kind) -> String {
    match kind {
        Kind::Text => format!("write {what} != ''"),
        Kind::Number => format!("write {what} != 0"),
        Kind::List => format!("write size({what}) > 0"),
        Kind::Boolean => String::new(),
    }
}

/// How to compare a value, by its kind.
fn as_its_kind(what: &str, kind: Kind) -> String {
    match kind {
        Kind::Text => {
            format!("compare it with a text, as in {what} == '5', or let a rule for the field check it with min or max")
        }
        Kind::Number => format!("compare it with a number, as in {what} == 5"),
        Kind::Boolean => format!("write {what} or !{what}"),
        Kind::List => format!("ask for what it holds, as in 'a' in {what}"),
    }
}

impl<'a> Scope<'a> {
    fn look(&self, node: &'a IdedExpr, found: &mut Vec<Risk>) {
        match &node.expr {
            Expr::Comprehension(comprehension) => self.look_at_loop(comprehension, found),
            Expr::Call(call) => {
                self.look_at_call(call, found);
                self.look_inside(node, found);
            }
            _ => self.look_inside(node, found),
        }
    }

    fn look_inside(&self, node: &'a IdedExpr, found: &mut Vec<Risk>) {
        for part in children(node) {
            self.look(part, found);
        }
    }

    fn look_at_loop(&self, comprehension: &'a ComprehensionExpr, found: &mut Vec<Risk>) {
        let range = &comprehension.iter_range;
        let remedy = |what: &str, kind| match kind {
            Kind::Text => format!("ask the text itself, as in {what}.contains('a'), or name it in multi_select"),
            _ => as_its_kind(what, kind),
        };
        self.expect(range, &[Kind::List], "a loop over it", remedy, found);
        self.look(range, found);
        let item = self.of_items(range).map(|kind| (comprehension.iter_var.as_str(), kind));
        let inside = Scope { item, ..*self };
        for part in
            [&comprehension.accu_init, &comprehension.loop_cond, &comprehension.loop_step, &comprehension.result]
        {
            inside.look(part, found);
        }
    }

    fn look_at_call(&self, call: &'a CallExpr, found: &mut Vec<Risk>) {
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
            (operators::NEGATE, [number]) => self.expect(number, &[Kind::Number], "to negate it", as_its_kind, found),
            (operators::ADD, [left, right]) => self.sum(left, right, found),
            (operators::SUBSTRACT | operators::MULTIPLY | operators::DIVIDE | operators::MODULO, sides) => {
                for side in sides {
                    self.expect(side, &[Kind::Number], "to reckon with it", as_its_kind, found);
                }
            }
            ("contains" | "startsWith" | "endsWith", arguments) => {
                let fails = format!(".{name}() of it");
                if let Some(text) = target {
                    self.expect(text, &[Kind::Text], &fails, as_its_kind, found);
                }
                let fails = format!(".{name}() with it");
                for text in arguments {
                    self.expect(text, &[Kind::Text], &fails, as_its_kind, found);
                }
            }
            ("size", of) => self.argument(of, target, &[Kind::Text, Kind::List], "size()", found),
            ("int" | "double", of) => {
                self.argument(of, target, &[Kind::Text, Kind::Number], &format!("{name}()"), found);
            }
            ("string", of) => {
                self.argument(of, target, &[Kind::Text, Kind::Number, Kind::Boolean], "string()", found);
            }
            _ => {}
        }
    }

    /// A part that has to be true or false.
    fn answer(&self, node: &IdedExpr, found: &mut Vec<Risk>) {
        let fails = match self.of(node) {
            Some(Kind::Text) => "to take it for true or false, if it is filled in,",
            _ => "to take it for true or false",
        };
        self.expect(node, &[Kind::Boolean], fails, as_answer, found);
    }

    fn argument(
        &self,
        of: &[IdedExpr],
        target: Option<&IdedExpr>,
        fits: &[Kind],
        function: &str,
        found: &mut Vec<Risk>,
    ) {
        let fails = format!("{function} of it");
        for part in of.iter().chain(target) {
            self.expect(part, fits, &fails, as_its_kind, found);
        }
    }

    fn expect(
        &self,
        node: &IdedExpr,
        fits: &[Kind],
        fails: &str,
        remedy: impl Fn(&str, Kind) -> String,
        found: &mut Vec<Risk>,
    ) {
        if let Some(kind) = self.of(node).filter(|kind| !fits.contains(kind)) {
            let what = self.name(node);
            let remedy = remedy(&what, kind);
            found.push(Risk::Misfit { what, kind, fails: fails.to_owned(), remedy });
        }
    }

    fn order(&self, left: &IdedExpr, right: &IdedExpr, found: &mut Vec<Risk>) {
        let (Some(one), Some(other)) = (self.of(left), self.of(right)) else { return };
        if one != other || one == Kind::List {
            let (what, kind, other) = self.named(left, right, one, other);
            let remedy = as_its_kind(&what, kind);
            found.push(Risk::Misfit { what, kind, fails: format!("to compare it with {other}"), remedy });
        }
    }

    fn same(&self, left: &IdedExpr, right: &IdedExpr, found: &mut Vec<Risk>) {
        let (Some(one), Some(other)) = (self.of(left), self.of(right)) else { return };
        if one != other {
            let (what, kind, other) = self.named(left, right, one, other);
            let remedy = as_its_kind(&what, kind);
            found.push(Risk::NeverSame { what, kind, other, remedy });
        }
    }

    fn sum(&self, left: &IdedExpr, right: &IdedExpr, found: &mut Vec<Risk>) {
        let (one, other) = (self.of(left), self.of(right));
        for (side, kind) in [(left, one), (right, other)] {
            if kind == Some(Kind::Boolean) {
                self.expect(side, &[], "to add something to it", as_its_kind, found);
            }
        }
        let (Some(one), Some(other)) = (one, other) else { return };
        if one != other && ![one, other].contains(&Kind::Boolean) {
            let (what, kind, other) = self.named(left, right, one, other);
            let remedy = "use string() of what is no text".to_owned();
            found.push(Risk::Misfit { what, kind, fails: format!("to add {other} to it"), remedy });
        }
    }

    fn membership(&self, item: &IdedExpr, list: &IdedExpr, found: &mut Vec<Risk>) {
        let remedy = |what: &str, kind| match kind {
            Kind::Text => format!("write {what} == '…' or {what}.contains('…'), or name it in multi_select"),
            _ => as_its_kind(what, kind),
        };
        self.expect(list, &[Kind::List], "to ask what is in it", remedy, found);
        let (Some(kind), Some(other)) = (self.of(item), self.of_items(list)) else { return };
        if kind != other {
            let what = self.name(item);
            let remedy = if other == Kind::Text { "look for a text".to_owned() } else { as_its_kind(&what, kind) };
            found.push(Risk::NeverSame { what, kind, other, remedy });
        }
    }

    /// Of two sides the one that has a name, with its kind, and the kind of the other.
    fn named(&self, left: &IdedExpr, right: &IdedExpr, one: Kind, other: Kind) -> (String, Kind, Kind) {
        let has_name = |node: &IdedExpr| matches!(&node.expr, Expr::Ident(_));
        if has_name(right) && !has_name(left) { (self.name(right), other, one) } else { (self.name(left), one, other) }
    }

    /// What a part is called in a warning.
    fn name(&self, node: &IdedExpr) -> String {
        match &node.expr {
            Expr::Ident(name) => self.bound.place(name).map_or_else(|| name.clone(), |place| place.path.join(".")),
            Expr::Call(call) if call.func_name.chars().all(char::is_alphanumeric) => format!("{}(…)", call.func_name),
            Expr::Literal(_) => "what is written there".to_owned(),
            _ => "(…)".to_owned(),
        }
    }
}
