//! The limits of an expression's text, checked without recursion before a recursive parser reads it.
//!
//! The scanner knows names, numbers, texts in quotes, brackets and operators: enough for CEL and for the inside of
//! minijinja's tags, which agree on these.

/// The largest expression that is accepted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// Bytes of the whole source.
    pub(super) bytes: usize,
    /// Brackets open at once.
    pub(super) nesting: usize,
    /// Operators in one expression, words such as `in` among them.
    pub(super) operators: usize,
    /// Dots in one expression.
    pub(super) dots: usize,
}

/// What is too large in an expression, or not closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OutOfBounds {
    /// The source.
    #[error("is too long: the limit is {0} bytes; write it shorter")]
    TooLong(usize),
    /// Brackets or blocks within each other.
    #[error("is nested too deeply: the limit is {0} levels; write it with fewer brackets, or split it")]
    TooDeep(usize),
    /// Operators.
    #[error(
        "has too many operators: the limit is {0}; for many values of one name write name in ['a', 'b'], or split it"
    )]
    TooManyOperators(usize),
    /// Dots.
    #[error("names too many members: the limit is {0} dots; split it")]
    TooManyDots(usize),
    /// A text whose closing quote is missing.
    #[error("has a text in quotes that does not end")]
    OpenText,
    /// A tag whose end is missing.
    #[error("has a tag that does not end")]
    OpenTag,
}

/// A piece of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'s> {
    /// A name or a word such as `in`.
    Name(&'s str),
    /// A text, without its quotes, escapes as written.
    Text(&'s str),
    /// A whole number or the part of a number up to its dot.
    Number,
    /// An opening bracket.
    Open(char),
    /// A closing bracket.
    Close(char),
    /// A comma.
    Comma,
    /// Anything else.
    Operator(&'s str),
}

/// Words that are operators in one of the languages.
const WORDS: [&str; 7] = ["in", "not", "and", "or", "is", "if", "else"];

/// Operators of two characters.
const PAIRS: [&str; 8] = ["==", "!=", "<=", ">=", "&&", "||", "**", "//"];

/// Cuts an expression into tokens.
#[derive(Debug, Clone)]
pub(super) struct Scanner<'s> {
    rest: &'s str,
}

impl<'s> Scanner<'s> {
    pub(super) fn new(source: &'s str) -> Self {
        Self { rest: source }
    }

    /// The text that has not been cut yet.
    pub(super) fn rest(&self) -> &'s str {
        self.rest
    }

    /// Cuts the first `bytes` off.
    fn take(&mut self, bytes: usize) -> &'s str {
        let (head, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.rest = rest;
        head
    }

    fn take_while(&mut self, belongs: impl Fn(char) -> bool) -> &'s str {
        let end = self.rest.find(|c| !belongs(c)).unwrap_or(self.rest.len());
        self.take(end)
    }

    fn text(&mut self, quote: char) -> Result<Token<'s>, OutOfBounds> {
        self.take(quote.len_utf8());
        let mut escaped = false;
        let end = self.rest.find(|c| {
            let ends = c == quote && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        let text = self.take(end.ok_or(OutOfBounds::OpenText)?);
        self.take(quote.len_utf8());
        Ok(Token::Text(text))
    }
}

impl<'s> Iterator for Scanner<'s> {
    type Item = Result<Token<'s>, OutOfBounds>;

    fn next(&mut self) -> Option<Self::Item> {
        let in_name = |c: char| c.is_alphanumeric() || c == '_';
        self.rest = self.rest.trim_start();
        let first = self.rest.chars().next()?;
        let token = match first {
            '\'' | '"' => return Some(self.text(first)),
            '(' | '[' | '{' => Token::Open(first),
            ')' | ']' | '}' => Token::Close(first),
            ',' => Token::Comma,
            _ if first.is_ascii_digit() => {
                self.take_while(in_name);
                return Some(Ok(Token::Number));
            }
            _ if in_name(first) => return Some(Ok(Token::Name(self.take_while(in_name)))),
            _ => {
                let pair = PAIRS.iter().any(|pair| self.rest.starts_with(pair));
                return Some(Ok(Token::Operator(self.take(if pair { 2 } else { first.len_utf8() }))));
            }
        };
        self.take(first.len_utf8());
        Some(Ok(token))
    }
}

/// Counts an expression's tokens against its bounds.
#[derive(Debug)]
pub(super) struct Counter {
    bounds: Bounds,
    nesting: usize,
    operators: usize,
    dots: usize,
}

impl Counter {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self { bounds, nesting: 0, operators: 0, dots: 0 }
    }

    /// How many brackets are open.
    pub(super) fn nesting(&self) -> usize {
        self.nesting
    }

    pub(super) fn count(&mut self, token: Token<'_>) -> Result<(), OutOfBounds> {
        match token {
            Token::Open(_) => self.nesting += 1,
            Token::Close(_) => self.nesting = self.nesting.saturating_sub(1),
            Token::Operator(".") => self.dots += 1,
            Token::Operator(_) => self.operators += 1,
            Token::Name(word) if WORDS.contains(&word) => self.operators += 1,
            Token::Name(_) | Token::Text(_) | Token::Number | Token::Comma => {}
        }
        let Bounds { nesting, operators, dots, .. } = self.bounds;
        if self.nesting > nesting {
            return Err(OutOfBounds::TooDeep(nesting));
        }
        if self.operators > operators {
            return Err(OutOfBounds::TooManyOperators(operators));
        }
        if self.dots > dots {
            return Err(OutOfBounds::TooManyDots(dots));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_an_expression_into_tokens() {
        let tokens: Result<Vec<_>, _> = Scanner::new(r#"a.b != 'it\'s (' && ["x"][0]"#).collect();
        let expected = [
            Token::Name("a"),
            Token::Operator("."),
            Token::Name("b"),
            Token::Operator("!="),
            Token::Text(r"it\'s ("),
            Token::Operator("&&"),
            Token::Open('['),
            Token::Text("x"),
            Token::Close(']'),
            Token::Open('['),
            Token::Number,
            Token::Close(']'),
        ];
        assert_eq!(tokens.unwrap(), expected);
    }

    #[test]
    fn a_dot_after_a_number_is_counted() {
        let dots = Scanner::new("1.a.a.a").filter(|token| *token == Ok(Token::Operator("."))).count();
        assert_eq!(dots, 3);
    }

    #[test]
    fn a_text_without_an_end_is_an_error() {
        assert!(Scanner::new("a == 'b").any(|token| token == Err(OutOfBounds::OpenText)));
        assert!(Scanner::new(r"'b\'").any(|token| token == Err(OutOfBounds::OpenText)));
    }
}
