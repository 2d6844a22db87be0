//! Operators that people write out of habit, since other languages have them: `=`, `and`, `<>`. An error names each of
//! them with its place and says how CEL writes it.

use std::fmt;

use super::super::bounds::{Scanner, Token};

/// Operators of other languages and what CEL has for them, the longer ones first. Quotes are among them: they come from
/// word processors.
const OPERATORS: [(&str, &str); 14] = [
    ("===", "=="),
    ("!==", "!="),
    ("<>", "!="),
    ("=>", ">="),
    ("=<", "<="),
    ("=!", "!="),
    ("‘", "'"),
    ("’", "'"),
    ("“", "\""),
    ("”", "\""),
    ("„", "\""),
    ("=", "=="),
    ("&", "&&"),
    ("|", "||"),
];

/// Operators of CEL that begin like one of those.
const OWN: [&str; 3] = ["==", "&&", "||"];

/// Words that are operators elsewhere.
const WORDS: [(&str, &str); 3] = [("and", "&&"), ("or", "||"), ("not", "!")];

/// The operators of other languages in a condition. It holds no other part of the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) struct OtherLanguage {
    /// Each operator once.
    operators: Vec<Found>,
    /// The condition with CEL's operators.
    pub(crate) repaired: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    /// The operator as it was written.
    written: String,
    /// Which character of the condition it is, from 1.
    at: usize,
    /// What CEL has for it.
    write: &'static str,
}

impl OtherLanguage {
    /// Finds the operators of other languages, outside of texts.
    pub(super) fn find(source: &str) -> Option<Self> {
        let mut operators: Vec<Found> = Vec::new();
        let (mut repaired, mut from) = (String::new(), 0);
        while let Some(next) = next(source, from) {
            let Next { start, written, write, opens_text } = next;
            repaired.push_str(source.get(from..start)?);
            repaired.push_str(write);
            from = start + written.len();
            if !operators.iter().any(|found| found.written == written) {
                let at = source.get(..start)?.chars().count() + 1;
                operators.push(Found { written: written.to_owned(), at, write });
            }
            if opens_text && let Some((text, rest)) = source.get(from..)?.split_once(is_quote) {
                repaired.push_str(text);
                repaired.push_str(write);
                from = source.len() - rest.len();
            }
        }
        repaired.push_str(source.get(from..)?);
        (!operators.is_empty()).then_some(Self { operators, repaired })
    }
}

impl fmt::Display for OtherLanguage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let each = |Found { written, at, write }: &Found| format!("{written} at character {at}: write {write}");
        let all: Vec<String> = self.operators.iter().map(each).collect();
        write!(out, "the condition has {}", all.join("; it has "))
    }
}

/// The next operator of another language.
struct Next<'s> {
    /// The byte where it begins.
    start: usize,
    written: &'s str,
    write: &'static str,
    /// Whether it is a quote with a text after it.
    opens_text: bool,
}

/// The first operator of another language from a byte on.
fn next(source: &str, from: usize) -> Option<Next<'_>> {
    let mut tokens = Scanner::new(source.get(from..)?);
    let mut after_dot = source.get(..from)?.ends_with('.');
    loop {
        let rest = tokens.rest().trim_start();
        let start = source.len() - rest.len();
        if let Some((written, write)) = operator(rest) {
            return Some(Next { start, written, write, opens_text: written.starts_with(is_quote) });
        }
        match tokens.next()? {
            Ok(Token::Name(written)) if !after_dot => {
                if let Some((_, write)) = WORDS.into_iter().find(|(word, _)| written.eq_ignore_ascii_case(word)) {
                    return Some(Next { start, written, write, opens_text: false });
                }
            }
            Ok(token) => after_dot = token == Token::Operator("."),
            // A text that begins with a quote and ends with a typographic one.
            Err(_) => {
                let end =
                    rest.char_indices().skip(1).find(|(_, character)| is_quote(*character)).map(|(end, _)| end)?;
                let (written, write) = operator(rest.get(end..)?)?;
                return Some(Next { start: start + end, written, write, opens_text: false });
            }
        }
    }
}

fn is_quote(character: char) -> bool {
    "'\"‘’“”„".contains(character)
}

/// The operator of another language that a text begins with.
fn operator(rest: &str) -> Option<(&'static str, &'static str)> {
    let (operator, write) = OPERATORS.into_iter().find(|(operator, _)| rest.starts_with(operator))?;
    let is_own = operator.len() == 1 && OWN.iter().any(|own| rest.starts_with(own));
    (!is_own).then_some((operator, write))
}
