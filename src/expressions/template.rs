//! Templates: texts with `{{ … }}` in them.
//!
//! A template runs over a JSON object and sees only the members that it names. Absent, null and empty values render as
//! nothing, at any depth. True and false render as `true` and `false`. (`~`, which joins two values, spells them `True`
//! and `False`, as the library does: write `| string` after them there.) Nothing is escaped: a template makes a value,
//! not a page. `if` and `for` are available. `set`, `macro`, `include` and the like are not, so that a template cannot
//! use its own output to make more.
//!
//! Limits while it is compiled: the size of the text, brackets, blocks and operators are counted before the recursive
//! parser reads it; unknown names, filters, tests and statements are errors. Limits while it runs: 20,000 steps, 16 KiB
//! of output. An error tells the kind and the line and quotes no value.
//!
//! Filters are those of [minijinja](https://docs.rs/minijinja/latest/minijinja/filters/) that cannot make a long text
//! of a short one (`tags::FILTERS` lists them; `join` and `replace` stop at the limit of the output). `default` replaces
//! every empty value, not only an absent one, since both are the same here. `slug` is our own: the text in ASCII lower case, apostrophes dropped, every other run of characters but letters and digits one hyphen, none
//! at the ends (`José Ángel` becomes `jose-angel`, `O'Neil` becomes `oneil`).

mod engine;
mod tags;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use minijinja::value::Value;
use minijinja::{Environment, ErrorKind};
use serde_json::Value as Json;

use super::bounds::OutOfBounds;
use super::{Hint, UnknownName};
use crate::values::nearest;
use engine::{LimitedOutput, NAME, environment, to_value};
use tags::TagSummary;

/// The longest output, in bytes.
const MAX_OUTPUT: usize = 16 * 1024;

/// The longest source, in bytes.
const MAX_SOURCE: usize = 4096;

/// Steps that one rendering may take.
const FUEL: u64 = 20_000;

/// Why a template cannot be compiled or rendered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TemplateError {
    /// The text is too large or not closed.
    #[error("the template {0}")]
    OutOfBounds(#[from] OutOfBounds),
    /// A statement that is not available.
    #[error("the template uses {{% {name} %}}, which is not available: only if and for are")]
    UnknownStatement {
        /// Its first word.
        name: String,
    },
    /// A name that is not available here.
    #[error("the template uses {0}")]
    UnknownName(UnknownName),
    /// A filter that does not exist.
    #[error("the template uses the unknown filter {name}{}", Hint(near))]
    UnknownFilter {
        /// The filter.
        name: String,
        /// What may have been meant.
        near: Option<String>,
    },
    /// `*`, which repeats texts.
    #[error("the template uses *, which is not available")]
    NoMultiplication,
    /// A test (`is …`) that does not exist.
    #[error("the template uses the unknown test {name}")]
    UnknownTest {
        /// The test.
        name: String,
    },
    /// It is not a template.
    #[error("the template cannot be read: {message} (line {line})")]
    Syntax {
        /// What the parser says.
        message: String,
        /// Where, from 1.
        line: usize,
    },
    /// It cannot be rendered over these values. Quotes none of them.
    #[error("the template cannot be rendered: {reason} (line {line})")]
    Rendering {
        /// The kind of failure.
        reason: String,
        /// Where, from 1.
        line: usize,
    },
    /// It takes too many steps.
    #[error("the template takes too many steps: the limit is {FUEL}; loop over less, or write it without for")]
    OutOfFuel,
    /// Its output is too long.
    #[error("the template's output is too long: the limit is {MAX_OUTPUT} bytes; fill in fewer or shorter values")]
    OutputTooLong,
}

/// A compiled template. Cheap to clone.
#[derive(Clone)]
pub struct Template {
    compiled: Arc<Compiled>,
}

struct Compiled {
    source: String,
    /// `None`: the source is rendered as it is.
    environment: Option<Environment<'static>>,
    roots: BTreeSet<String>,
    paths: Vec<Vec<String>>,
    /// The paths that have a default wherever they are used.
    with_default: BTreeSet<Vec<String>>,
}

impl Template {
    /// Compiles `source`; `names` are the variables it may use.
    pub(crate) fn compile(source: &str, names: &[&str]) -> Result<Self, TemplateError> {
        if source.len() > MAX_SOURCE {
            return Err(OutOfBounds::TooLong(MAX_SOURCE).into());
        }
        let summary = TagSummary::read(source)?;
        let mut compiled = Compiled {
            source: source.to_owned(),
            environment: None,
            roots: BTreeSet::new(),
            paths: Vec::new(),
            with_default: summary.paths_with_default(),
        };
        if summary.tags > 0 {
            let environment = environment(source)?;
            check_extensions(&environment, &summary)?;
            compiled.roots = roots(&environment, names)?;
            compiled.paths = summary.paths(&compiled.roots);
            compiled.environment = Some(environment);
        }
        Ok(Self { compiled: Arc::new(compiled) })
    }

    /// Renders it over a JSON object; absent names are empty.
    pub(crate) fn render(&self, context: &Json) -> Result<String, TemplateError> {
        let Some(environment) = &self.compiled.environment else { return Ok(self.compiled.source.clone()) };
        let root = |name: &String| Some((name.clone(), to_value(context.get(name)?)));
        let variables: BTreeMap<_, _> = self.compiled.roots.iter().filter_map(root).collect();
        let mut output = LimitedOutput::default();
        let template = environment.get_template(NAME).map_err(|error| rendering(&error))?;
        match template.render_captured_to(Value::from(variables), &mut output) {
            Ok(_) => String::from_utf8(output.into_bytes()).map_err(|_| TemplateError::OutputTooLong),
            Err(error) => Err(rendering(&error)),
        }
    }

    /// What it can cost at worst, in nanoseconds on the machine of the README's figures. A template with a loop may use
    /// all its steps.
    #[must_use]
    pub(crate) fn worst_case(&self) -> u64 {
        let tag = |text: &str| text.trim_start_matches(['-', '+']).trim_start().starts_with("for");
        if self.compiled.source.split("{%").skip(1).any(tag) { 2_000_000 } else { 50_000 }
    }

    /// Whether it renders to the same text over any values.
    #[must_use]
    pub(crate) fn is_literal(&self) -> bool {
        self.compiled.environment.is_none()
    }

    /// Every path it uses, without repetition: `[["user", "ext", "Plan"]]`. A path that goes on with something
    /// computed ends before it.
    #[must_use]
    pub fn paths(&self) -> Vec<Vec<String>> {
        self.compiled.paths.clone()
    }

    /// Whether the filter `default` replaces the value at a path wherever it is used, if it is empty.
    #[must_use]
    pub(crate) fn has_default(&self, path: &[String]) -> bool {
        self.compiled.with_default.contains(path)
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Template").field(&self.compiled.source).finish()
    }
}

fn syntax_error(error: &minijinja::Error) -> TemplateError {
    let message = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
    TemplateError::Syntax { message: message.chars().take(200).collect(), line: error.line().unwrap_or(1) }
}

/// The error of a rendering, without the detail, which may quote a value.
fn rendering(error: &minijinja::Error) -> TemplateError {
    match error.kind() {
        ErrorKind::OutOfFuel => TemplateError::OutOfFuel,
        ErrorKind::WriteFailure => TemplateError::OutputTooLong,
        kind => TemplateError::Rendering { reason: kind.to_string(), line: error.line().unwrap_or(1) },
    }
}

/// Whether every filter and test exists: the parser does not check that.
fn check_extensions(environment: &Environment<'_>, summary: &TagSummary<'_>) -> Result<(), TemplateError> {
    let mut state = environment.empty_state();
    for name in &summary.filters {
        if !tags::FILTERS.contains(name) {
            let near = nearest(name, tags::FILTERS).map(str::to_owned);
            return Err(TemplateError::UnknownFilter { name: (*name).to_owned(), near });
        }
    }
    for name in &summary.tests {
        let outcome = state.perform_test(name, &[]);
        if outcome.is_err_and(|error| error.kind() == ErrorKind::UnknownTest) {
            return Err(TemplateError::UnknownTest { name: (*name).to_owned() });
        }
    }
    Ok(())
}

/// The variables that the template uses, all of them known.
fn roots(environment: &Environment<'_>, names: &[&str]) -> Result<BTreeSet<String>, TemplateError> {
    let template = environment.get_template(NAME).map_err(|error| syntax_error(&error))?;
    let roots: BTreeSet<_> = template.undeclared_variables(false).into_iter().collect();
    match roots.iter().find(|name| !names.contains(&name.as_str())) {
        Some(name) => Err(TemplateError::UnknownName(UnknownName::new(name, names))),
        None => Ok(roots),
    }
}

#[cfg(test)]
mod tests;
