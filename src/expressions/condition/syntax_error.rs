//! Says where a condition stops being CEL. The parser's own messages list the tokens that it expected, and may quote a
//! text of the condition.

use cel::ParseErrors;

use super::super::bounds::{Scanner, Token};

/// How the parser's own messages begin. The others are about a function that it knows, and are clear.
const PARSER: &str = "Syntax error:";

/// What the parser's message about an argument of `has` contains.
const HAS: &str = "argument to has()";

/// The longest message of the library that is shown, in characters.
const MAX_MESSAGE: usize = 200;

/// What is wrong with the text, and at which character.
pub(super) fn explain(source: &str, errors: &ParseErrors) -> String {
    if source.trim().is_empty() {
        return "it is empty".to_owned();
    }
    let Some(first) = errors.errors.first() else { return "it is not CEL".to_owned() };
    let offset = offset(source, first.pos);
    let rest = source.get(offset..).unwrap_or_default();
    let at = source.get(..offset).unwrap_or_default().chars().count() + 1;
    if !first.msg.starts_with(PARSER) {
        return format!("{} (at character {at})", first.msg.chars().take(MAX_MESSAGE).collect::<String>());
    }
    let what = match Scanner::new(rest).next() {
        None => return "it ends too early, something is missing after its last word".to_owned(),
        Some(Ok(Token::Name(name) | Token::Operator(name))) => name.to_owned(),
        Some(Ok(Token::Open(bracket) | Token::Close(bracket))) => bracket.to_string(),
        Some(Ok(Token::Comma)) => ",".to_owned(),
        Some(Ok(Token::Number)) => "a number".to_owned(),
        Some(Ok(Token::Text(_)) | Err(_)) => "a text".to_owned(),
    };
    let list = if what == "," { "; a list is written in [ ], as in name in ['a', 'b']" } else { "" };
    format!("{what} at character {at} is not expected there{list}")
}

/// The name in `has(name)`, if that is what the parser refuses: it takes a path.
pub(super) fn bare_name_in_has<'s>(source: &'s str, errors: &ParseErrors) -> Option<&'s str> {
    errors.errors.first().filter(|first| first.msg.contains(HAS))?;
    let mut tokens = Scanner::new(source);
    let mut last = [None; 3];
    while let Some(Ok(token)) = tokens.next() {
        if let ([Some(Token::Name("has")), Some(Token::Open('(')), Some(Token::Name(name))], Token::Close(')')) =
            (last, token)
        {
            return Some(name);
        }
        let [_, second, third] = last;
        last = [second, third, Some(token)];
    }
    None
}

/// The byte at a place, which is a line and a character of it, both from 1.
fn offset(source: &str, (line, column): (isize, isize)) -> usize {
    let [line, column] = [line, column].map(|number| usize::try_from(number - 1).unwrap_or_default());
    let start: usize = source.split_inclusive('\n').take(line).map(str::len).sum();
    let rest = source.get(start..).unwrap_or_default();
    start + rest.chars().take(column).map(char::len_utf8).sum::<usize>()
}
