//! `pattern` of a rule: compiled, with a limit of its size, and what it can cost.

use regex::{Regex, RegexBuilder};

use crate::config::engine::{Diagnostics, Spanned};

/// The largest compiled pattern, in bytes.
const MAX_SIZE: usize = 1 << 20;

/// Compiles a pattern so that it is for the whole value.
pub(super) fn compile(pattern: &Spanned<String>, diagnostics: &mut Diagnostics) -> Option<Regex> {
    let build = |text: &str| RegexBuilder::new(text).size_limit(MAX_SIZE).build();
    // On its own first: the error then shows what was written.
    let compiled = build(&pattern.value).and_then(|_| build(&anchored(&pattern.value)));
    let why = |error: regex::Error| error.to_string().lines().last().unwrap_or_default().trim().to_owned();
    let compiled = compiled.map_err(|error| format!("is not a regular expression: {}", why(error)));
    diagnostics.ok_at("pattern", &pattern.origin, compiled)
}

fn anchored(pattern: &str) -> String {
    format!(r"\A(?:{pattern})\z")
}

/// What a pattern costs over a text of so many bytes, in nanoseconds. One character can take a step in every state of the pattern, and a
/// new state of the machine that is made of them.
pub(super) fn worst(pattern: &str, length: usize) -> u64 {
    let longest = regex_syntax::parse(pattern).ok().and_then(|parsed| parsed.properties().maximum_len());
    let length = wide(longest.map_or(length, |longest| longest.min(length)));
    length.saturating_mul(700 + wide(compiled_size(pattern)) * 8 / 100)
}

/// The size of the compiled pattern in bytes, at most an eighth too large.
fn compiled_size(pattern: &str) -> usize {
    let whole = anchored(pattern);
    let fits = |size: usize| RegexBuilder::new(&whole).size_limit(size).build().is_ok();
    let Some(mut most) = std::iter::successors(Some(1024), |size| Some(size * 2))
        .take_while(|size| *size <= MAX_SIZE)
        .find(|size| fits(*size))
    else {
        return MAX_SIZE;
    };
    for step in [4, 8] {
        let smaller = most - most / step;
        if fits(smaller) {
            most = smaller;
        }
    }
    most
}

/// A number as wide as costs are.
pub(super) fn wide(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
