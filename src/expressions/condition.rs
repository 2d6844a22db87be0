//! Conditions: CEL expressions that say yes or no.
//!
//! A condition runs over a JSON object. It never sees more of it than the paths it names, each resolved when it is
//! evaluated: what is absent, null or the empty text takes the empty value of the place where it stands (see
//! [`paths`]), and a text of more than 1,024 characters or a list of more than 256 items is taken for absent. So
//! `user.ext.Plan != ''` and `'billing' in invite.tags` need no guard, and `user.ext.Newsletter` alone is a condition.
//!
//! The CEL parser recurses and can be driven to overflow its stack. Length, brackets and operators are counted before
//! it runs, it runs on a thread with a stack of its own, and the tree it hands back is measured before it is used.
//! Loops (`all`, `exists`, `exists_one`, `map`, `filter`) cannot contain each other, so that evaluation takes no more
//! steps than a list has items. The language's other extras (regular expressions, dates, optionals, types as values)
//! are not available; which functions are is [`bind::FUNCTIONS`].

mod bind;
mod judge;
mod paths;
mod risks;
mod value;
mod work;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock};
use std::thread;

use cel::{Context, Env, ExecutionError, Value};
use serde_json::Value as Json;

use super::Hint;
use super::bounds::{Bounds, Counter, OutOfBounds, Scanner};
use judge::Judge;
use paths::Bound;

pub use judge::{Judgement, Path};
pub use risks::{Kind, Risk};
pub(crate) use value::is_long;

/// What a condition may be like.
const BOUNDS: Bounds = Bounds { bytes: 1024, nesting: 32, operators: 64, dots: 128 };

/// The stack the parser gets: many times what the worst text within the bounds needs.
const PARSER_STACK: usize = 16 * 1024 * 1024;

/// The functions and operators of the language, made once.
static STDLIB: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib().with_optional_support(false)));

/// Why a condition cannot be compiled, or has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConditionError {
    /// The text is too large.
    #[error("the condition {0}")]
    OutOfBounds(#[from] OutOfBounds),
    /// A text in triple quotes, a raw or byte text, or a comment.
    #[error("texts in a condition are written 'like this'; other forms and comments are not available")]
    TextForm,
    /// It is no CEL.
    #[error("the condition cannot be read: {0}")]
    Syntax(String),
    /// A name that is not available here.
    #[error("the condition uses the unknown name {name}{}", Hint(near))]
    UnknownName {
        /// The name.
        name: String,
        /// What may have been meant.
        near: Option<String>,
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
    #[error("the condition has a loop (all, exists, exists_one, map, filter) within a loop")]
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
    #[error("a value is longer than 1,024 characters, or a list than 256 items")]
    ValueTooLarge,
    /// The library gave up without a word.
    #[error("the condition makes the CEL library fail")]
    Panicked,
}

/// A compiled condition. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Condition {
    compiled: Arc<Compiled>,
}

#[derive(Debug)]
struct Compiled {
    source: String,
    /// The expression, its paths replaced by variables.
    bound: Bound,
}

impl Condition {
    /// Compiles `source`; `names` are the variables it may use.
    pub fn compile(source: &str, names: &[&str]) -> Result<Self, ConditionError> {
        check(source)?;
        let parse = || catch_unwind(|| parse(source, names)).unwrap_or(Err(ConditionError::Panicked));
        let bound = thread::scope(|scope| {
            let thread = thread::Builder::new().name("parse-condition".to_owned()).stack_size(PARSER_STACK);
            let thread =
                thread.spawn_scoped(scope, parse).map_err(|error| ConditionError::Syntax(error.to_string()))?;
            thread.join().unwrap_or(Err(ConditionError::Panicked))
        })?;
        Ok(Self { compiled: Arc::new(Compiled { source: source.to_owned(), bound }) })
    }

    /// The condition as it is written in the configuration.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.compiled.source
    }

    /// Every path the condition uses, without repetition: `[["user", "ext", "Plan"]]`. A path that goes on with
    /// something computed ends before it.
    #[must_use]
    pub fn paths(&self) -> Vec<Vec<String>> {
        self.compiled.bound.paths()
    }

    /// Evaluates it over a JSON object. An error means that there is no answer for these values. What only limits
    /// something else takes that for no, and says so in the log; for a check there is [`Condition::judge`].
    pub fn evaluate(&self, context: &Json) -> Result<bool, ConditionError> {
        let bound = &self.compiled.bound;
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let mut variables = Context::with_env(Arc::clone(&STDLIB));
            for (name, value) in bound.values(context) {
                variables.add_variable_from_value(name, value);
            }
            Value::resolve(&bound.expression, &variables)
        }));
        match outcome.map_err(|_| ConditionError::Panicked)? {
            Ok(Value::Bool(answer)) => Ok(answer),
            Ok(Value::Null) => Ok(false),
            Ok(Value::String(text)) if text.is_empty() => Ok(false),
            Ok(other) => Err(ConditionError::NotBoolean(value::kind(&other))),
            Err(error) => Err(ConditionError::Evaluation(describe(&error))),
        }
    }

    /// Where it can fail. `typed` says whether people type what is at a path, `kind` of what kind that always is.
    #[must_use]
    pub fn risks(&self, typed: &dyn Fn(&[String]) -> bool, kind: &dyn Fn(&[String]) -> Option<Kind>) -> Vec<Risk> {
        risks::find(&self.compiled.bound, typed, kind)
    }

    /// What it can cost at worst, in nanoseconds on the machine of the README's figures; `check`: as [`Condition::judge`]
    /// evaluates it. `items` says how many items the value at a path can hold, all that is in it together.
    #[must_use]
    pub fn worst(&self, check: bool, items: &dyn Fn(&[String]) -> u64) -> u64 {
        work::worst(&self.compiled.bound, check, items)
    }

    /// Evaluates it as a check, which nothing passes that it cannot read: a value that is too large is not absent here.
    /// `is_empty` says whether nothing was entered at a path.
    #[must_use]
    pub fn judge(&self, context: &Json, is_empty: &dyn Fn(&[String]) -> bool) -> Judgement {
        Judge::new(&self.compiled.bound, context, is_empty).judge()
    }
}

/// Holds the text against the bounds.
fn check(source: &str) -> Result<(), ConditionError> {
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

/// Parses the text and binds its names. To be called where the stack is large.
fn parse(source: &str, names: &[&str]) -> Result<Bound, ConditionError> {
    let parsed = STDLIB.parser().parse(source).map_err(|errors| {
        let first = errors.errors.first().map_or_else(String::new, |error| error.msg.clone());
        ConditionError::Syntax(first.chars().take(200).collect())
    })?;
    bind::bind(parsed, names)
}

/// An evaluation's error in words that quote no value.
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
