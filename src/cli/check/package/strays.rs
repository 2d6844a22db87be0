//! Finds stray files, which would be published but are not meant to be: files that only `func` publishes, files in the
//! folder of a function, and files that look like codes, a copy of a list or a workbook.

use std::path::Path;

use super::{FUNCTION_JSON, NEVER_PUBLISHED, PublishRules};

/// The greatest number of files that are named.
const MAX_NAMED: usize = 10;

/// A file name that contains one of these is a list, a workbook, or a copy of one: `invites.csv.bak`.
const LISTS_AND_WORKBOOKS: [&str; 5] = [".csv", ".tsv", ".xls", ".ods", ".numbers"];

/// Describes each stray file in a folder. The files in `needed` are published on purpose. If `lists_may_be_meant`, no list
/// is a stray.
pub(super) fn find(folder: &Path, rules: &PublishRules, needed: &[String], lists_may_be_meant: bool) -> Vec<String> {
    let package = Package { rules, needed, lists_may_be_meant };
    let (mut found, mut folders) = (Vec::new(), vec![String::new()]);
    while let Some(below) = folders.pop() {
        for entry in std::fs::read_dir(folder.join(&below)).into_iter().flatten().flatten() {
            let Ok(name) = entry.file_name().into_string() else { continue };
            if NEVER_PUBLISHED.iter().any(|never| never.eq_ignore_ascii_case(&name)) {
                continue;
            }
            let path = format!("{below}{name}");
            let problem = if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                match package.folder_contents(&path) {
                    Contents::Out => None,
                    Contents::Mixed => {
                        folders.push(format!("{path}/"));
                        None
                    }
                    Contents::InByFunc => Some(by_func_only(&format!("{path}/"))),
                }
            } else {
                package.file_problem(&path)
            };
            found.extend(problem.map(|problem| (path, problem)));
        }
    }
    found.sort();
    let rest = found.len().saturating_sub(MAX_NAMED);
    let mut problems: Vec<String> = found.into_iter().take(MAX_NAMED).map(|(_, problem)| problem).collect();
    if rest > 0 {
        problems.push(format!("so it is with {rest} more"));
    }
    problems
}

/// What is published of a folder.
enum Contents {
    /// Nothing.
    Out,
    /// Some files: each must be checked.
    Mixed,
    /// All of it, and by `func` only.
    InByFunc,
}

struct Package<'a> {
    rules: &'a PublishRules,
    needed: &'a [String],
    /// Whether the configuration names a list that is not there.
    lists_may_be_meant: bool,
}

impl Package<'_> {
    fn folder_contents(&self, path: &str) -> Contents {
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
    fn file_problem(&self, path: &str) -> Option<String> {
        if self.needed.iter().any(|needed| needed == path) || self.lists_may_be_meant && is_list(path) {
            return None;
        }
        if self.rules.keeps_out(path, false) {
            return self.rules.as_func.lets_in(path).then(|| by_func_only(path));
        }
        let finding = if self.is_in_a_function(path) {
            "lies in the folder of a function"
        } else if looks_private(path) {
            "looks like codes, a copy of a list or a workbook"
        } else {
            return None;
        };
        Some(format!("lets in {path}, which {finding}: move it to another folder"))
    }

    fn is_in_a_function(&self, path: &str) -> bool {
        let function = path.split_once('/').map(|(folder, _)| format!("{folder}/{FUNCTION_JSON}"));
        function.is_some_and(|function| self.needed.contains(&function))
    }
}

fn by_func_only(path: &str) -> String {
    let reason = "`func` publishes it all the same, since it takes each line for the beginning of a path";
    format!("keeps {path} out, but {reason}: move it to another folder")
}

/// Whether the file can be an invite list, by the end of its name.
fn is_list(path: &str) -> bool {
    let path = path.to_lowercase();
    [".csv", ".tsv"].iter().any(|ending| path.ends_with(ending)) && !path.contains("codes")
}

fn looks_private(path: &str) -> bool {
    let path = path.to_lowercase();
    path.split('/')
        .any(|name| name.starts_with("codes") || LISTS_AND_WORKBOOKS.iter().any(|ending| name.contains(ending)))
}
