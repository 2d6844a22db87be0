//! `pattern` of a rule: compiles it within a size limit, and estimates its cost.

use regex::{Regex, RegexBuilder};

use crate::config::engine::{Diagnostics, Spanned};

/// The largest compiled pattern, in bytes.
const MAX_SIZE: usize = 1 << 20;

/// Compiles a pattern that must match the whole value.
pub(super) fn compile(pattern: &Spanned<String>, diagnostics: &mut Diagnostics) -> Option<Regex> {
    let build = |text: &str| RegexBuilder::new(text).size_limit(MAX_SIZE).build();
    // First without the anchors, so that an error shows the pattern as it was written.
    let compiled = build(&pattern.value).and_then(|_| build(&anchored(&pattern.value)));
    let compiled = compiled.map_err(|error| match error {
        regex::Error::CompiledTooBig(limit) => {
            format!("is too large: the limit is {limit} bytes once it is compiled; write it with smaller counts")
        }
        error => {
            let reason = error.to_string().lines().last().unwrap_or_default().trim().to_owned();
            format!("is not a regular expression: {reason}")
        }
    });
    diagnostics.ok_at("pattern", &pattern.origin, compiled)
}

fn anchored(pattern: &str) -> String {
    format!(r"\A(?:{pattern})\z")
}

/// The worst-case cost of a pattern for a text of `length` bytes, in nanoseconds. Each character can take a step in
/// every state of the pattern, and can add a state to the automaton that the library builds from them.
pub(super) fn worst_case(pattern: &str, length: usize) -> u64 {
    let longest = regex_syntax::parse(pattern).ok().and_then(|parsed| parsed.properties().maximum_len());
    let length = to_u64(longest.map_or(length, |longest| longest.min(length)));
    length.saturating_mul(700 + to_u64(compiled_size(pattern)) * 8 / 100)
}

/// The size of the compiled pattern in bytes, at most an eighth too large.
fn compiled_size(pattern: &str) -> usize {
    let whole = anchored(pattern);
    let fits = |size: usize| RegexBuilder::new(&whole).size_limit(size).build().is_ok();
    let Some(mut smallest) = std::iter::successors(Some(1024), |size| Some(size * 2))
        .take_while(|size| *size <= MAX_SIZE)
        .find(|size| fits(*size))
    else {
        return MAX_SIZE;
    };
    for step in [4, 8] {
        let smaller = smallest - smallest / step;
        if fits(smaller) {
            smallest = smaller;
        }
    }
    smallest
}

/// The number as a `u64`, the type of all costs.
pub(super) fn to_u64(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
