//! Reads a template's tags without parsing them: bounds, statements, filters, tests, and paths.
//!
//! The parser cannot be used for that: it recurses at once, it does not check filters and tests, and its syntax tree is
//! not public.

use std::collections::BTreeSet;

use super::super::bounds::{Bounds, Counter, OutOfBounds, Scanner, Token};
use super::TemplateError;

/// The limits of one tag.
const BOUNDS: Bounds = Bounds { bytes: super::MAX_SOURCE, nesting: 16, operators: 64, dots: 64 };

/// Blocks open at once.
const MAX_BLOCKS: usize = 8;

/// The filters that are available. Those that could make a long text of a short one (`indent`, `format`, `batch` …) are
/// not; `join` and `replace` are our own, with a limit.
pub(super) const FILTERS: [&str; 24] = [
    "abs",
    "capitalize",
    "d",
    "default",
    "first",
    "float",
    "int",
    "join",
    "last",
    "length",
    "lines",
    "list",
    "lower",
    "replace",
    "reverse",
    "round",
    "slug",
    "sort",
    "split",
    "string",
    "title",
    "trim",
    "unique",
    "upper",
];

/// Words that are never a variable.
const WORDS: [&str; 17] = [
    "in",
    "not",
    "and",
    "or",
    "is",
    "if",
    "else",
    "elif",
    "endif",
    "for",
    "endfor",
    "recursive",
    "true",
    "false",
    "none",
    "True",
    "False",
];

/// What was found in a template's tags.
#[derive(Debug, Default)]
pub(super) struct TagSummary<'s> {
    /// How many tags there are, comments too.
    pub(super) tags: usize,
    /// Names after `|`.
    pub(super) filters: Vec<&'s str>,
    /// Names after `is` or `is not`.
    pub(super) tests: Vec<&'s str>,
    /// Names with their members, each with whether a filter gives it a default.
    paths: Vec<(Vec<String>, bool)>,
    blocks: usize,
}

impl<'s> TagSummary<'s> {
    /// Reads all of `source`.
    pub(super) fn read(source: &'s str) -> Result<Self, TemplateError> {
        let mut summary = Self::default();
        let mut rest = source;
        while let Some((kind, inside)) = next_tag(rest) {
            summary.tags += 1;
            rest = match kind {
                '#' => inside.split_once("#}").ok_or(OutOfBounds::OpenTag)?.1,
                _ => summary.read_tag(kind, inside)?,
            };
        }
        Ok(summary)
    }

    /// The paths that begin with one of `roots`, without repetition; a root alone if nothing more is known of it.
    pub(super) fn paths(&self, roots: &BTreeSet<String>) -> Vec<Vec<String>> {
        let begins = |path: &Vec<String>| path.first().is_some_and(|root| roots.contains(root));
        let mut paths: Vec<_> = self.paths.iter().map(|(path, _)| path.clone()).filter(begins).collect();
        paths.extend(
            roots
                .iter()
                .filter(|root| !paths.iter().any(|path| path.first() == Some(root)))
                .map(|root| vec![root.clone()])
                .collect::<Vec<_>>(),
        );
        paths.sort();
        paths.dedup();
        paths
    }

    /// The paths that have a default wherever they are used.
    pub(super) fn paths_with_default(&self) -> BTreeSet<Vec<String>> {
        let without: BTreeSet<_> =
            self.paths.iter().filter(|(_, has_default)| !has_default).map(|(path, _)| path).collect();
        self.paths.iter().map(|(path, _)| path).filter(|path| !without.contains(path)).cloned().collect()
    }

    /// Reads one tag; hands back what follows it.
    fn read_tag(&mut self, kind: char, inside: &'s str) -> Result<&'s str, TemplateError> {
        let mut counter = Counter::new(BOUNDS);
        let mut scanner = Scanner::new(inside.strip_prefix(['-', '+']).unwrap_or(inside));
        let mut tokens = Vec::new();
        let end = if kind == '%' { "%}" } else { "}}" };
        loop {
            let ahead = scanner.rest().trim_start();
            let after = ahead.strip_prefix(end).or_else(|| ahead.strip_prefix(['-', '+'])?.strip_prefix(end));
            if let (Some(after), true) = (after, counter.nesting() == 0) {
                self.record(kind, &tokens)?;
                return Ok(after);
            }
            let token = scanner.next().ok_or(OutOfBounds::OpenTag)??;
            if matches!(token, Token::Operator("*" | "**")) {
                // It repeats texts: a few characters would make gigabytes.
                return Err(TemplateError::NoMultiplication);
            }
            counter.count(token)?;
            tokens.push(token);
        }
    }

    /// Notes the statements, filters, tests and paths in the tag's tokens.
    fn record(&mut self, kind: char, tokens: &[Token<'s>]) -> Result<(), TemplateError> {
        if kind == '%' {
            self.record_statement(tokens.first())?;
        }
        let mut previous: [Option<Token<'s>>; 2] = [None, None];
        for (at, &token) in tokens.iter().enumerate() {
            if let Token::Name(name) = token {
                match previous {
                    [_, Some(Token::Operator("|"))] => self.filters.push(name),
                    [_, Some(Token::Name("is"))] if name != "not" => self.tests.push(name),
                    [Some(Token::Name("is")), Some(Token::Name("not"))] => self.tests.push(name),
                    [_, Some(Token::Operator("."))] => {}
                    _ if WORDS.contains(&name) => {}
                    _ => self.paths.push(path(name, tokens.get(at + 1..).unwrap_or_default())),
                }
            }
            previous = [previous[1], Some(token)];
        }
        Ok(())
    }

    fn record_statement(&mut self, first: Option<&Token<'s>>) -> Result<(), TemplateError> {
        match first {
            Some(Token::Name("if" | "for")) => self.blocks += 1,
            Some(Token::Name("endif" | "endfor")) => self.blocks = self.blocks.saturating_sub(1),
            Some(Token::Name("elif" | "else")) => {}
            Some(Token::Name(name)) => return Err(TemplateError::UnknownStatement { name: (*name).to_owned() }),
            _ => return Err(TemplateError::UnknownStatement { name: String::new() }),
        }
        if self.blocks > MAX_BLOCKS { Err(OutOfBounds::TooDeep(MAX_BLOCKS).into()) } else { Ok(()) }
    }
}

/// The next tag's kind and what follows its opening.
fn next_tag(source: &str) -> Option<(char, &str)> {
    let mut rest = source;
    loop {
        let (_, after) = rest.split_once('{')?;
        let kind = after.chars().next()?;
        if matches!(kind, '{' | '%' | '#') {
            return Some((kind, after.get(1..)?));
        }
        rest = after;
    }
}

/// Whether the filters that follow a path are or end in one that replaces an empty value.
fn has_default(tokens: &[Token<'_>]) -> bool {
    let mut rest = tokens;
    while let [Token::Operator("|"), Token::Name(filter), after @ ..] = rest {
        if ["default", "d"].contains(filter) {
            return true;
        }
        rest = after_arguments(after);
    }
    false
}

/// What follows the arguments in brackets, if there are any.
fn after_arguments<'t, 's>(tokens: &'t [Token<'s>]) -> &'t [Token<'s>] {
    let mut open = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Open('(') => open += 1,
            Token::Close(')') if open > 1 => open -= 1,
            Token::Close(')') if open == 1 => return tokens.get(at + 1..).unwrap_or_default(),
            _ if open == 0 => return tokens,
            _ => {}
        }
    }
    &[]
}

/// The path that begins with `name` and goes on in `tokens`, and whether it has a default.
fn path(name: &str, tokens: &[Token<'_>]) -> (Vec<String>, bool) {
    let mut path = vec![name.to_owned()];
    let mut rest = tokens;
    loop {
        rest = match rest {
            [Token::Operator("."), Token::Name(member), rest @ ..] if !matches!(rest, [Token::Open('('), ..]) => {
                path.push((*member).to_owned());
                rest
            }
            [Token::Open('['), Token::Text(member), Token::Close(']'), rest @ ..] => {
                path.push((*member).to_owned());
                rest
            }
            _ => return (path, has_default(rest)),
        };
    }
}
