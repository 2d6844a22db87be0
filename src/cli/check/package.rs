//! What would be published to Azure: `.funcignore`, beside `host.json`, against the files that the configuration needs.
//!
//! There are two readings of that file, and a file has to get through both. Most tools read it as git reads a
//! `.gitignore`. `func azure functionapp publish` has a reading of its own: each line is the beginning of a path, `*`
//! stands for anything but a slash, and a line with `!` counts wherever it stands. So it keeps out more than is meant in
//! some places (`inv` keeps out `invites.csv`), and less in others (`!/invites.csv` lets in `invites.csv.bak`).
//!
//! Only what lies in the folder of `host.json` is published. A whole path that leads elsewhere is taken for a share that
//! is mounted; a relative one that does cannot work on Azure.

use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use regex::Regex;

use crate::config::{Config, Environment};
use crate::files::{self, FileError};

/// The file that says what is not published.
const RULES: &str = ".funcignore";

/// The most bytes that it may have.
const MAX_BYTES: u64 = 64 * 1024;

/// What `func` never publishes.
const NEVER: [&str; 6] = [".git", ".vscode", RULES, ".gitignore", "local.settings.json", "project.lock.json"];

/// How many files that lie about are named.
const MAX_NAMED: usize = 10;

/// What is wrong with the package, one line each.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) errors: Vec<String>,
    pub(super) warnings: Vec<String>,
}

/// Looks at the package that the configuration would be in; there is none without a `host.json`.
pub(super) fn look(environment: &Environment, config: &Config) -> Found {
    let file = environment.file.display().to_string();
    let mut found = Found::default();
    let Some(folder) = app_folder(environment) else { return found };
    let rules = match Rules::read(&folder) {
        Ok(rules) => rules,
        Err(error) => {
            found.errors.push(error);
            return found;
        }
    };
    let Ok(own) = std::path::absolute(&environment.file) else { return found };
    if let Some(error) = below(&folder, &own).and_then(|path| rules.as_ref()?.error(&path)) {
        found.errors.push(format!("{file}: {error}"));
    }
    for named in &config.files {
        let say = |error: &str| named.problem(error).describe(&file);
        let path = std::path::absolute(&named.path).ok().and_then(|path| below(&folder, &path));
        match (path, &rules) {
            (Some(path), Some(rules)) => found.errors.extend(rules.error(&path).map(|error| say(&error))),
            (None, _) if environment.is_azure() && named.written.is_relative() => {
                let why = format!("{:?} leads out of the folder that is published", named.written.display());
                found
                    .errors
                    .push(say(&format!("{why}: put the file into it, or name a mounted share by its whole path")));
            }
            _ => {}
        }
    }
    if let Some(rules) = &rules {
        found.warnings = lying_about(&folder, rules);
    }
    found
}

/// The folder of `host.json`: the configuration's own, or the working directory if the configuration is below it.
fn app_folder(environment: &Environment) -> Option<PathBuf> {
    let file = std::path::absolute(&environment.file).ok()?;
    let own = file.parent()?.to_owned();
    let working = std::env::current_dir().ok().filter(|folder| below(folder, &file).is_some());
    std::iter::once(own).chain(working).find(|folder| folder.join("host.json").is_file())
}

/// The path within a folder, with slashes; `None`: it is not in there.
fn below(folder: &Path, path: &Path) -> Option<String> {
    let (folder, path) = (plain(folder), plain(path));
    let names: Vec<&str> = path.strip_prefix(folder).ok()?.iter().filter_map(|name| name.to_str()).collect();
    (!names.is_empty()).then(|| names.join("/"))
}

/// The path without `.` and `..`. Links are not followed: a package has files under the names that they have here.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}

/// `.funcignore` in both readings.
struct Rules {
    as_git: Gitignore,
    as_func: Beginnings,
}

impl Rules {
    /// The rules of a folder, if it has any.
    fn read(folder: &Path) -> Result<Option<Self>, String> {
        let unusable = |error: &dyn std::fmt::Display| format!("{RULES}: cannot be used: {error}");
        let text = match files::read(&folder.join(RULES), MAX_BYTES) {
            Ok(content) => String::from_utf8(content.bytes).map_err(|error| unusable(&error))?,
            Err(FileError::System(error)) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unusable(&error)),
        };
        let text = text.trim_start_matches('\u{FEFF}');
        let mut builder = GitignoreBuilder::new("");
        for line in text.lines() {
            builder.add_line(None, line).map_err(|error| unusable(&error))?;
        }
        let as_git = builder.build().map_err(|error| unusable(&error))?;
        let as_func = Beginnings::try_new(text).map_err(|error| unusable(&error))?;
        Ok(Some(Self { as_git, as_func }))
    }

    /// Whether git's reading keeps a path out, or a folder that it is in.
    fn keeps_out(&self, path: &str, is_folder: bool) -> bool {
        let folders = path.match_indices('/').filter_map(|(at, _)| path.get(..at));
        folders
            .map(|folder| (folder, true))
            .chain([(path, is_folder)])
            .any(|(path, is_folder)| self.as_git.matched(path, is_folder).is_ignore())
    }

    /// What is wrong if this file is needed.
    fn error(&self, path: &str) -> Option<String> {
        let (by_git, by_func) = (self.keeps_out(path, false), !self.as_func.lets_in(path));
        let how = match (by_git, by_func) {
            (false, false) => return None,
            (true, _) => "",
            (false, true) => " (`func` takes each of its lines for the beginning of a path)",
        };
        let folders = path.match_indices('/').filter_map(|(at, _)| path.get(..=at));
        let lines: Vec<String> = folders.chain([path]).map(|part| format!("!/{part}")).collect();
        let lines = lines.join(" and ");
        Some(format!("{RULES} keeps {path} out of what is published{how}: add {lines} at its end"))
    }
}

/// `.funcignore` as `func` reads it.
struct Beginnings {
    keep_out: Regex,
    let_in: Regex,
}

impl Beginnings {
    fn try_new(text: &str) -> Result<Self, regex::Error> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let (let_in, keep_out): (Vec<&str>, Vec<&str>) = lines.partition(|line| line.starts_with('!'));
        let pattern = |lines: &[&str]| {
            let parts: Vec<String> = lines.iter().map(|line| beginning(line)).collect();
            // No line: nothing begins so.
            if parts.is_empty() { "[^\\s\\S]".to_owned() } else { format!("^(?:{})", parts.join("|")) }
        };
        Ok(Self { keep_out: Regex::new(&pattern(&keep_out))?, let_in: Regex::new(&pattern(&let_in))? })
    }

    fn lets_in(&self, path: &str) -> bool {
        self.let_in.is_match(path) || !self.keep_out.is_match(path)
    }
}

/// A line as the beginning of paths.
fn beginning(line: &str) -> String {
    let line = line.strip_prefix('!').unwrap_or(line);
    let line = line.strip_prefix('/').unwrap_or(line);
    regex::escape(line).replace("\\*\\*", ".+").replace("\\*", "[^/]+")
}

/// What lies at the top of the folder, is not meant to be published, and is published by `func` all the same.
fn lying_about(folder: &Path, rules: &Rules) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let is_folder = entry.file_type().ok()?.is_dir();
            let sent = if is_folder { format!("{name}/") } else { name };
            let is_meant = !rules.keeps_out(sent.trim_end_matches('/'), is_folder);
            let is_never = NEVER.iter().any(|never| never.eq_ignore_ascii_case(sent.trim_end_matches('/')));
            (!is_meant && !is_never && rules.as_func.lets_in(&sent)).then_some(sent)
        })
        .collect();
    names.sort();
    let rest = names.len().saturating_sub(MAX_NAMED);
    names.truncate(MAX_NAMED);
    let mut warnings: Vec<String> = names
        .iter()
        .map(|name| {
            let why = "`func` publishes it all the same, since it takes each line for the beginning of a path";
            format!("{RULES}: warning: keeps {name} out, but {why}: move it to another folder")
        })
        .collect();
    if rest > 0 {
        warnings.push(format!("{RULES}: warning: so it is with {rest} more"));
    }
    warnings
}

#[cfg(test)]
mod tests;
