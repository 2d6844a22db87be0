//! The product's source as the rules of the house see it: its modules, their code, and the paths they name.
//!
//! It knows as much of the language as the rules need: comments and literals, items only for tests, trees of `use`.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::{Captures, Regex};

mod tests;

/// Comments and literals.
static UNREAD: LazyLock<Regex> = LazyLock::new(|| {
    let raw = r##"r"[^"]*"|r#"(?s:.*?)"#"##;
    let plain = r#""(?s:\\.|[^"\\])*"|'(?:\\u\{\w+\}|\\x\w\w|\\.|[^\\'])'"#;
    Regex::new(&format!(r"//.*|/\*(?s:.*?)\*/|{raw}|{plain}")).unwrap()
});

/// The declaration of a module.
static MODULE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\bmod\s+(\w+)").unwrap());

/// The beginning of a path within the crate.
static HEAD: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?m)(?:^|[^\w:])((?:crate|guestlist|super|self)(?:\s*::|\s+as\b))").unwrap());

/// A file of the product.
pub(super) struct Module {
    /// Below `src`.
    pub(super) file: PathBuf,
    /// `entra::caller::claims`, in parts.
    pub(super) path: Vec<String>,
    /// Line by line as in the file, without comments, what literals hold, and items only for tests.
    pub(super) code: String,
}

/// Every module of the product; none that a parent declares for tests only.
pub(super) fn modules(source: &Path) -> Vec<Module> {
    let mut modules = Vec::new();
    let mut only_tests = Vec::new();
    for file in files(source) {
        let parts = file.with_extension("");
        let mut path: Vec<String> = parts.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        if path == ["lib"] {
            path.clear();
        }
        let (code, tests) = without_tests(&bare(&fs::read_to_string(source.join(&file)).unwrap()));
        for name in tests {
            let mut child = path.clone();
            child.push(name);
            only_tests.push(child);
        }
        modules.push(Module { file, path, code });
    }
    modules.retain(|module| !only_tests.iter().any(|tests| module.path.starts_with(tests)));
    modules
}

/// Every Rust file below a folder, relative to it.
fn files(source: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![source.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                found.push(path.strip_prefix(source).unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

/// A text without its comments and what its literals hold; its lines stay where they are.
fn bare(text: &str) -> String {
    let blank = |found: &Captures| {
        let literal = if found[0].starts_with('/') { "" } else { "\"\"" };
        literal.to_owned() + &"\n".repeat(found[0].matches('\n').count())
    };
    UNREAD.replace_all(text, blank).into_owned()
}

/// Bare code without the items marked `#[cfg(test)]`, and the names of the modules among them.
fn without_tests(code: &str) -> (String, Vec<String>) {
    let (mut product, mut tests, mut rest) = (String::new(), Vec::new(), code);
    while let Some((before, after)) = rest.split_once("#[cfg(test)]") {
        let (item, more) = after.split_at(item_end(after));
        tests.extend(MODULE.captures(item).map(|found| found[1].to_owned()));
        product.push_str(before);
        product.push_str(&"\n".repeat(item.matches('\n').count()));
        rest = more;
    }
    (product + rest, tests)
}

/// Where the item at the beginning ends: after its semicolon or its block.
fn item_end(code: &str) -> usize {
    let mut depth = 0_usize;
    for (at, letter) in code.char_indices() {
        match letter {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 && matches!(letter, ';' | '}') {
            return at + 1;
        }
    }
    code.len()
}

/// The paths within the crate that a module's code names, from the crate's root, each with its line.
pub(super) fn paths(module: &[String], code: &str) -> Vec<(usize, Vec<String>)> {
    let mut found = Vec::new();
    for head in HEAD.captures_iter(code) {
        let (before, text) = code.split_at(head.get(1).unwrap().start());
        let mut paths = Vec::new();
        tree(text, module, &mut paths);
        let line = before.matches('\n').count() + 1;
        found.extend(paths.into_iter().map(|path| (line, path)));
    }
    found
}

/// Reads one path, or one tree of `use`, seen from a module; gives what follows.
fn tree<'a>(text: &'a str, from: &[String], found: &mut Vec<Vec<String>>) -> &'a str {
    let mut path = from.to_vec();
    let mut rest = text.trim_start();
    if rest.starts_with('}') {
        return rest;
    }
    loop {
        if let Some(group) = rest.strip_prefix('{') {
            return members(group, &path, found);
        }
        let end = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        match word {
            "self" | "" => {}
            "super" => drop(path.pop()),
            "crate" | "guestlist" => path.clear(),
            name => path.push(name.to_owned()),
        }
        let Some(more) = after.trim_start().strip_prefix("::") else {
            found.push(path);
            return after;
        };
        rest = more.trim_start();
    }
}

/// Reads the members of a group up to its brace; gives what follows.
fn members<'a>(text: &'a str, from: &[String], found: &mut Vec<Vec<String>>) -> &'a str {
    let mut rest = text;
    loop {
        rest = tree(rest, from, found);
        let Some(end) = rest.find([',', '}']) else {
            return rest;
        };
        let (member, more) = rest.split_at(end + 1);
        rest = more;
        if member.ends_with('}') {
            return rest;
        }
    }
}
