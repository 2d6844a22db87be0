//! Files that would be published and are not meant to be: what only `func`'s reading of `.funcignore` lets in, what lies in
//! the folder of a function, and what looks like codes, a copy of a list or a workbook.

use std::path::Path;

use super::{FUNCTION, NEVER, RULES, Rules};

/// How many are named.
const MAX_NAMED: usize = 10;

/// A name with one of these is that of a list or a workbook, or of a copy: `invites.csv.bak`.
const LISTS_AND_WORKBOOKS: [&str; 5] = [".csv", ".tsv", ".xls", ".ods", ".numbers"];

/// What lies about in a folder, one line each. `needed` is published on purpose.
pub(super) fn find(folder: &Path, rules: &Rules, needed: &[String]) -> Vec<String> {
    let package = Package { rules, needed };
    let (mut found, mut folders) = (Vec::new(), vec![String::new()]);
    while let Some(below) = folders.pop() {
        for entry in std::fs::read_dir(folder.join(&below)).into_iter().flatten().flatten() {
            let Ok(name) = entry.file_name().into_string() else { continue };
            if NEVER.iter().any(|never| never.eq_ignore_ascii_case(&name)) {
                continue;
            }
            let path = format!("{below}{name}");
            let problem = if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                match package.of_folder(&path) {
                    Contents::Out => None,
                    Contents::Mixed => {
                        folders.push(format!("{path}/"));
                        None
                    }
                    Contents::InByFunc => Some(by_func_only(&format!("{path}/"))),
                }
            } else {
                package.of_file(&path)
            };
            found.extend(problem.map(|problem| (path, problem)));
        }
    }
    found.sort();
    let rest = found.len().saturating_sub(MAX_NAMED);
    let mut problems: Vec<String> = found.into_iter().take(MAX_NAMED).map(|(_, problem)| problem).collect();
    if rest > 0 {
        problems.push(format!("{RULES}: so it is with {rest} more"));
    }
    problems
}

/// What is published of a folder.
enum Contents {
    /// Nothing.
    Out,
    /// Each file is to be looked at.
    Mixed,
    /// All of it, and by `func` only.
    InByFunc,
}

struct Package<'a> {
    rules: &'a Rules,
    needed: &'a [String],
}

impl Package<'_> {
    fn of_folder(&self, path: &str) -> Contents {
        let whole = format!("{path}/");
        let is_needed = self.needed.iter().any(|needed| needed.starts_with(&whole));
        let by_func = self.rules.as_func.lets_in(&whole);
        match self.rules.keeps_out(path, true) {
            true if by_func && !is_needed => Contents::InByFunc,
            true if !by_func && !self.rules.as_func.reaches_below => Contents::Out,
            _ => Contents::Mixed,
        }
    }

    /// What is wrong with a file, if it is published.
    fn of_file(&self, path: &str) -> Option<String> {
        if self.needed.iter().any(|needed| needed == path) {
            return None;
        }
        if self.rules.keeps_out(path, false) {
            return self.rules.as_func.lets_in(path).then(|| by_func_only(path));
        }
        let what = if self.is_in_a_function(path) {
            "lies in the folder of a function"
        } else if looks_private(path) {
            "looks like codes, a copy of a list or a workbook"
        } else {
            return None;
        };
        Some(format!("{RULES}: lets in {path}, which {what}: move it to another folder"))
    }

    fn is_in_a_function(&self, path: &str) -> bool {
        let function = path.split_once('/').map(|(folder, _)| format!("{folder}/{FUNCTION}"));
        function.is_some_and(|function| self.needed.contains(&function))
    }
}

fn by_func_only(path: &str) -> String {
    let why = "`func` publishes it all the same, since it takes each line for the beginning of a path";
    format!("{RULES}: keeps {path} out, but {why}: move it to another folder")
}

fn looks_private(path: &str) -> bool {
    let path = path.to_lowercase();
    path.split('/')
        .any(|name| name.starts_with("codes") || LISTS_AND_WORKBOOKS.iter().any(|ending| name.contains(ending)))
}
