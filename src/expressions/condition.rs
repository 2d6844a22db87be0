//! Conditions: CEL expressions that say yes or no.
//!
//! A condition runs over a JSON object and sees only the paths that it names. Each is looked up when the condition is
//! evaluated. What is absent, null or the empty text takes the empty value that fits its use (see [`paths`]). A text of
//! more than 1,024 characters or a list of more than 256 items counts as absent. So `user.ext.Plan != ''` and
//! `'billing' in invite.tags` need no guard, and `user.ext.Newsletter` alone is a condition.
//!
//! The CEL parser recurses, so a text can make it overflow its stack. So length, brackets and operators are counted
//! before it runs, it runs on a thread with a stack of its own, and the depth of its tree is measured before the tree
//! is used. Loops (`all`, `exists`, `exists_one`, `map`, `filter`) cannot contain each other, so that evaluation takes
//! no more steps than a list has items. The language's other extras (regular expressions, dates, optionals, types as
//! values) are not available. [`resolve::FUNCTIONS`] lists the functions that are.

mod check;
mod cost;
mod other_language;
mod paths;
mod resolve;
mod syntax_error;
mod value;
mod warnings;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock};
use std::thread;

use cel::{Context, Env, ExecutionError, Value};
use serde_json::Value as Json;

use super::bounds::{Bounds, Counter, OutOfBounds, Scanner};
use super::{Hint, UnknownName};
use check::CheckEvaluation;
use paths::ResolvedExpression;
use value::{MAX_ITEMS, MAX_TEXT};

pub(crate) use check::{CheckResult, Path};
pub(crate) use other_language::OtherLanguage;
pub(crate) use value::is_long;
pub(crate) use warnings::{ValueKind, Warning};

/// The limits of a condition.
const BOUNDS: Bounds = Bounds { bytes: 1024, nesting: 32, operators: 64, dots: 128 };

/// The parser's stack, in bytes: many times what the worst text within the limits needs.
const PARSER_STACK: usize = 16 * 1024 * 1024;

/// The functions and operators of the language, made once.
static STDLIB: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib().with_optional_support(false)));

/// Why a condition cannot be compiled, or has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ConditionError {
    /// The text is too large.
    #[error("the condition {0}")]
    OutOfBounds(#[from] OutOfBounds),
    /// A text in triple quotes, a raw or byte text, or a comment.
    #[error("texts in a condition are written 'like this'; other forms and comments are not available")]
    TextForm,
    /// It is not CEL.
    #[error("the condition cannot be read: {0}")]
    Syntax(String),
    /// It has operators of another language.
    #[error(transparent)]
    OtherLanguage(#[from] OtherLanguage),
    /// A name that is not available here.
    #[error("the condition uses {0}")]
    UnknownName(UnknownName),
    /// A test for a name that has members, and is always there.
    #[error("the condition asks has({name}), which is always there: write has({name}.…) with one of its members")]
    WholeRoot {
        /// The name.
        name: String,
    },
    /// A function that is not available.
    #[error("the condition uses the unknown function {name}{}", Hint(near))]
    UnknownFunction {
        /// The function.
        name: String,
        /// What may have been meant.
        near: Option<String>,
    },
    /// A loop within a loop.
    #[error(
        "the condition has a loop within a loop: the limit is one at a time (all, exists, exists_one, map, filter); write \
         two conditions, or ask with in"
    )]
    NestedLoop,
    /// A construct that is not available, such as a message with fields.
    #[error("the condition uses {0}, which is not available")]
    Unavailable(&'static str),
    /// The answer is neither true nor false.
    #[error("the condition's answer is a {0}, not true or false")]
    NotBoolean(&'static str),
    /// It cannot be evaluated over these values. Quotes none of them.
    #[error("the condition cannot be evaluated: {0}")]
    Evaluation(String),
    /// A value is larger than a condition sees.
    #[error("a value is too large: the limit is {MAX_TEXT} characters for a text and {MAX_ITEMS} items for a list")]
    ValueTooLarge,
    /// The library panicked.
    #[error("the condition makes the CEL library fail")]
    Panicked,
}

/// A compiled condition. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Condition {
    /// The expression, with its paths replaced by variables.
    resolved: Arc<ResolvedExpression>,
}

impl Condition {
    /// Compiles `source`; `names` are the variables it may use.
    pub(crate) fn compile(source: &str, names: &[&str]) -> Result<Self, ConditionError> {
        // Only what is not CEL can be another language: `all(or, or == '')` is CEL.
        Self::compile_cel(source, names).map_err(|error| match error {
            ConditionError::Syntax(_)
            | ConditionError::UnknownFunction { .. }
            | ConditionError::TextForm
            | ConditionError::OutOfBounds(OutOfBounds::OpenText) => {
                OtherLanguage::find(source).map_or(error, ConditionError::OtherLanguage)
            }
            other => other,
        })
    }

    fn compile_cel(source: &str, names: &[&str]) -> Result<Self, ConditionError> {
        check_bounds(source)?;
        let parse = || catch_unwind(|| parse(source, names)).unwrap_or(Err(ConditionError::Panicked));
        let resolved = thread::scope(|scope| {
            let thread = thread::Builder::new().name("parse-condition".to_owned()).stack_size(PARSER_STACK);
            let thread =
                thread.spawn_scoped(scope, parse).map_err(|error| ConditionError::Syntax(error.to_string()))?;
            thread.join().unwrap_or(Err(ConditionError::Panicked))
        })?;
        Ok(Self { resolved: Arc::new(resolved) })
    }

    /// Every path the condition uses, without repetition: `[["user", "ext", "Plan"]]`. A path that goes on with
    /// something computed ends before it.
    #[must_use]
    pub fn paths(&self) -> Vec<Vec<String>> {
        self.resolved.paths()
    }

    /// The path of each use, with repetition and without a copy.
    pub(crate) fn path_uses(&self) -> impl Iterator<Item = &[String]> {
        self.resolved.uses.iter().map(|path_use| path_use.path.as_slice())
    }

    /// Evaluates it over a JSON object. An error means that there is no answer for these values. Callers for which the
    /// condition only limits something else take that for no and log it. A check uses [`Condition::evaluate_check`].
    pub(crate) fn evaluate(&self, context: &Json) -> Result<bool, ConditionError> {
        let resolved = &*self.resolved;
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let mut variables = Context::with_env(Arc::clone(&STDLIB));
            for (name, value) in resolved.values(context) {
                variables.add_variable_from_value(name, value);
            }
            Value::resolve(&resolved.expression, &variables)
        }));
        match outcome.map_err(|_| ConditionError::Panicked)? {
            Ok(Value::Bool(answer)) => Ok(answer),
            Ok(Value::Null) => Ok(false),
            Ok(Value::String(text)) if text.is_empty() => Ok(false),
            Ok(other) => Err(ConditionError::NotBoolean(value::kind(&other))),
            Err(error) => Err(ConditionError::Evaluation(describe(&error))),
        }
    }

    /// Where it can fail. `typed` says whether people type the value of a path; `kind` says which kind that value
    /// always has.
    #[must_use]
    pub fn warnings(
        &self,
        typed: &dyn Fn(&[String]) -> bool,
        kind: &dyn Fn(&[String]) -> Option<ValueKind>,
    ) -> Vec<Warning> {
        warnings::find(&self.resolved, typed, kind)
    }

    /// What it can cost at worst, in nanoseconds on the machine of the README's figures; `check`: as
    /// [`Condition::evaluate_check`] evaluates it. `items` says how many items the value at a path can hold, all that
    /// is in it together.
    #[must_use]
    pub(crate) fn worst_case(&self, check: bool, items: &dyn Fn(&[String]) -> u64) -> u64 {
        cost::worst_case(&self.resolved, check, items)
    }

    /// Evaluates it as a check. A value that cannot be read never passes: one that is too large is not absent here.
    /// `is_empty` says whether the person entered nothing at a path.
    #[must_use]
    pub(crate) fn evaluate_check(&self, context: &Json, is_empty: &dyn Fn(&[String]) -> bool) -> CheckResult {
        CheckEvaluation::new(&self.resolved, context, is_empty).evaluate_check()
    }
}

/// Checks the text against the limits.
fn check_bounds(source: &str) -> Result<(), ConditionError> {
    if source.len() > BOUNDS.bytes {
        return Err(OutOfBounds::TooLong(BOUNDS.bytes).into());
    }
    let mut counter = Counter::new(BOUNDS);
    let mut tokens = Scanner::new(source);
    while let Some(token) = tokens.next() {
        let token = token?;
        counter.count(token)?;
        let quoted = |text: &str| text.starts_with(['\'', '"']);
        let other_form = match token {
            super::bounds::Token::Text(_) | super::bounds::Token::Name(_) => quoted(tokens.rest()),
            super::bounds::Token::Operator(operator) => operator == "//",
            _ => false,
        };
        if other_form {
            return Err(ConditionError::TextForm);
        }
    }
    Ok(())
}

/// Parses the text and resolves its names. Needs a large stack.
fn parse(source: &str, names: &[&str]) -> Result<ResolvedExpression, ConditionError> {
    let parsed =
        STDLIB.parser().parse(source).map_err(|errors| match syntax_error::bare_name_in_has(source, &errors) {
            Some(name) if !names.contains(&name) => ConditionError::UnknownName(UnknownName::new(name, names)),
            Some(name) => ConditionError::WholeRoot { name: name.to_owned() },
            None => ConditionError::Syntax(syntax_error::explain(source, &errors)),
        })?;
    resolve::resolve(parsed, names)
}

/// An evaluation's error, without any value.
fn describe(error: &ExecutionError) -> String {
    match error {
        ExecutionError::NoSuchOverload(overload) => overload.to_string(),
        ExecutionError::UndeclaredReference(name) => format!("{name} is unknown"),
        ExecutionError::ValuesNotComparable(..) => "values of different kinds are compared".to_owned(),
        ExecutionError::NoSuchKey(_) => "a member is missing".to_owned(),
        ExecutionError::IndexOutOfBounds(_) => "a list has fewer items".to_owned(),
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => "division by zero".to_owned(),
        ExecutionError::Overflow(..) => "a number is too large".to_owned(),
        ExecutionError::UnexpectedType { .. } | ExecutionError::UnsupportedBinaryOperator(..) => {
            "an operator does not fit the values".to_owned()
        }
        ExecutionError::FunctionError { function, .. } => format!("{function} does not fit its values"),
        _ => "it does not fit the values".to_owned(),
    }
}

#[cfg(test)]
mod tests;
