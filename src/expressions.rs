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

pub(crate) use condition::is_long;
pub(crate) use condition::{CheckResult, Condition, ConditionError, Path, ValueKind, Warning};
pub(crate) use template::{Template, TemplateError};

/// The end of an error's sentence: the name that may have been meant.
struct Hint<'h>(&'h Option<String>);

impl std::fmt::Display for Hint<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.as_ref().map_or(Ok(()), |name| write!(out, ": did you mean {name}?"))
    }
}
