//! Templates (minijinja) and conditions (CEL), compiled and bounded when the configuration is read.
//!
//! Both come from the configuration's author and are applied to values that strangers typed. So everything that can
//! be wrong with the text itself (its size, its nesting, a name, a filter, a function) is found while it is compiled,
//! before a parser that recurses sees it, and what is left to go wrong later ends in an error that quotes no value.
//!
//! A value that is absent, null or the empty text is the same thing to both: empty.
//!
//! Specifications: [Jinja as minijinja has it](https://docs.rs/minijinja/latest/minijinja/syntax/),
//! [the Common Expression Language](https://github.com/google/cel-spec/blob/master/doc/langdef.md).

mod bounds;
mod condition;
mod template;

pub use bounds::OutOfBounds;
pub(crate) use condition::is_long;
pub use condition::{Condition, ConditionError, Judgement, Kind, Path, Risk};
pub use template::{Template, TemplateError};

/// The end of an error's sentence that names what may have been meant.
struct Hint<'h>(&'h Option<String>);

impl std::fmt::Display for Hint<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.as_ref().map_or(Ok(()), |name| write!(out, ": did you mean {name}?"))
    }
}
