//! Templates (minijinja) and conditions (CEL), compiled when the configuration is read, within limits.
//!
//! Both are written by the configuration's author and applied to values that strangers typed. So everything that can be
//! wrong with the text itself (its size, its nesting, a name, a filter, a function) is found while it is compiled,
//! before a recursive parser reads it. What can still fail later ends in an error that quotes no value.
//!
//! For both, a value that is absent, null or the empty text is empty.
//!
//! Specifications: [Jinja as minijinja has it](https://docs.rs/minijinja/latest/minijinja/syntax/),
//! [the Common Expression Language](https://github.com/google/cel-spec/blob/master/doc/langdef.md).

mod bounds;
mod condition;
mod template;

use std::fmt;

use crate::values::nearest;

pub(crate) use condition::is_long;
pub(crate) use condition::{CheckResult, Condition, ConditionError, Path, ValueKind, Warning};
pub(crate) use template::{Template, TemplateError};

/// The end of an error's sentence: the name that may have been meant.
struct Hint<'h>(&'h Option<String>);

impl fmt::Display for Hint<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |name| write!(out, ": did you mean {name}?"))
    }
}

/// A name that an expression uses and that is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UnknownName {
    /// The name.
    pub name: String,
    /// What may have been meant.
    near: Option<String>,
    /// The names that are there.
    known: Vec<String>,
}

impl UnknownName {
    /// The error of a name, where these are there.
    pub(crate) fn new(name: &str, known: &[&str]) -> Self {
        let constant = CONSTANTS.into_iter().find(|constant| name.eq_ignore_ascii_case(constant));
        let near = constant.or_else(|| nearest(name, known.iter().copied())).map(str::to_owned);
        Self { name: name.to_owned(), near, known: known.iter().map(|&name| name.to_owned()).collect() }
    }

    /// The same error with a better suggestion, if there is one.
    #[must_use]
    pub(crate) fn suggesting(self, path: Option<String>) -> Self {
        Self { near: path.or(self.near), ..self }
    }

    /// Whether a name is one of those that are there.
    pub(crate) fn is_known(&self, name: &str) -> bool {
        self.known.iter().any(|known| known == name)
    }

    /// Whether the error suggests another name.
    pub(crate) fn has_suggestion(&self) -> bool {
        self.near.is_some()
    }
}

/// Values that other languages write in another case.
const CONSTANTS: [&str; 3] = ["true", "false", "null"];

impl fmt::Display for UnknownName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "the unknown name {}{}", self.name, Hint(&self.near))?;
        match self.known.split_last() {
            Some((only, [])) if self.near.is_none() => write!(out, ": {only} can be used here"),
            Some((last, rest)) if self.near.is_none() => {
                write!(out, ": {} and {last} can be used here", rest.join(", "))
            }
            _ => Ok(()),
        }
    }
}
