//! Checks what would be published to Azure: compares `.funcignore`, beside `host.json`, with the files that the
//! configuration needs.
//!
//! Tools read `.funcignore` in two ways, and a needed file must be published in both. Most tools read it as git reads a
//! `.gitignore`. `func azure functionapp publish` reads it differently: each line is the beginning of a path, `*`
//! stands for anything but a slash, and a line with `!` counts wherever it stands. So `func` sometimes keeps out more
//! than is meant (`inv` keeps out `invites.csv`), and sometimes less (`!/invites.csv` lets in `invites.csv.bak`).
//!
//! Files that are needed must be published. Stray files must not be (`package/strays.rs`).
//!
//! Only the folder of `host.json` is published. An absolute path that leads out of it is taken for a mounted share. A
//! relative path that leads out of it cannot work on Azure.

mod strays;

use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use regex::Regex;

use crate::config::{Config, Environment, Finding, FindingSeverity, NamedFile};
use crate::files::{self, FileError};

/// The file that says what is not published.
const FUNCIGNORE: &str = ".funcignore";

/// The most bytes that it may have, and `host.json`.
const MAX_BYTES: u64 = 64 * 1024;

/// What `func` never publishes.
const NEVER_PUBLISHED: [&str; 6] =
    [".git", ".vscode", FUNCIGNORE, ".gitignore", "local.settings.json", "project.lock.json"];

/// The file that makes a folder a function app.
const HOST_JSON: &str = "host.json";

/// The file that makes a folder a function.
const FUNCTION_JSON: &str = "function.json";

/// The executable, if `host.json` does not name it.
const DEFAULT_EXECUTABLE: &str = "guestlist";

/// Checks the package that would contain the configuration. Without a `host.json` there is no package, and nothing to
/// check.
pub(super) fn check(environment: &Environment, config: &Config) -> Vec<Finding> {
    let Some(folder) = app_folder(environment) else { return Vec::new() };
    let mut found = leads_out(environment, config, &folder);
    match PublishRules::read(&folder) {
        Ok(Some(rules)) => {
            let needed = needed(environment, config, &folder);
            let (paths, errors): (Vec<String>, Vec<_>) = needed
                .into_iter()
                .map(|Needed { path, finding }| (path.clone(), rules.error(&path).map(|error| finding(&error))))
                .unzip();
            found.extend(errors.into_iter().flatten());
            // The list that lies about may be the one that is meant.
            let may_be_meant = config.files.iter().any(|named| named.is_list() && named.is_absent());
            found.extend(strays::find(&folder, &rules, &paths, may_be_meant).into_iter().map(error));
        }
        Ok(None) => found.push(missing(environment.is_azure())),
        Err(unusable) => found.push(error(unusable)),
    }
    found
}

/// Something that is wrong with `.funcignore`.
fn error(text: String) -> Finding {
    Finding::of_file(FUNCIGNORE, None, FindingSeverity::Error, text)
}

fn missing(is_azure: bool) -> Finding {
    let consequence = "everything in this folder would be published, codes and copies of lists, too";
    let text = format!("is missing: {consequence}: add one, as the sample's, that names what is published");
    let severity = if is_azure { FindingSeverity::Error } else { FindingSeverity::Warning };
    Finding::of_file(FUNCIGNORE, None, severity, text)
}

/// The files that the configuration names by a path that leads out of the package.
fn leads_out(environment: &Environment, config: &Config, folder: &Path) -> Vec<Finding> {
    let file = environment.file.display().to_string();
    let leads_out = |named: &&NamedFile| named.written.is_relative() && within(folder, &named.path).is_none();
    let named = config.files.iter().filter(|_| environment.is_azure()).filter(leads_out);
    named
        .map(|named| {
            let problem = format!("{:?} leads out of the folder that is published", named.written.display());
            let remedy = "put the file into it, or name a mounted share by its whole path";
            named.problem(&format!("{problem}: {remedy}")).finding(&file)
        })
        .collect()
}

/// A file that has to be in the package.
struct Needed<'a> {
    /// Within the folder, with slashes.
    path: String,
    /// Makes a finding of an error. Its place is whatever needs the file.
    finding: Box<dyn Fn(&str) -> Finding + 'a>,
}

/// What has to be published: the configuration, what it names and is there, and what the host asks for.
fn needed<'a>(environment: &Environment, config: &'a Config, folder: &Path) -> Vec<Needed<'a>> {
    let file = environment.file.display().to_string();
    let mut needed = Vec::new();
    if let Some(path) = within(folder, &environment.file) {
        let file = file.clone();
        needed.push(Needed { path, finding: needed_by(file) });
    }
    for named in config.files.iter().filter(|named| !named.is_absent()) {
        if let Some(path) = within(folder, &named.path) {
            let file = file.clone();
            needed.push(Needed { path, finding: Box::new(move |error| named.problem(error).finding(&file)) });
        }
    }
    let for_the_host = for_the_host(folder).into_iter();
    needed.extend(for_the_host.map(|path| Needed { path, finding: needed_by(HOST_JSON.to_owned()) }));
    needed
}

/// The finding of a file that another file needs as a whole.
fn needed_by<'a>(file: String) -> Box<dyn Fn(&str) -> Finding + 'a> {
    Box::new(move |error| Finding::of_file(&file, None, FindingSeverity::Error, error))
}

/// What the host asks for: its own file, the executable, and what makes folders functions.
fn for_the_host(folder: &Path) -> Vec<String> {
    let mut paths = vec![HOST_JSON.to_owned()];
    paths.extend(within(folder, &folder.join(executable(folder))));
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let functions = entries.filter(|entry| entry.path().join(FUNCTION_JSON).is_file());
    let mut names: Vec<String> = functions.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    paths.extend(names.iter().map(|name| format!("{name}/{FUNCTION_JSON}")));
    paths
}

/// The executable as `host.json` names it.
fn executable(folder: &Path) -> String {
    let bytes = files::read(&folder.join(HOST_JSON), MAX_BYTES).map(|content| content.bytes).unwrap_or_default();
    let text = bytes.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(&bytes);
    let host: serde_json::Value = serde_json::from_slice(text).unwrap_or_default();
    let named = host.pointer("/customHandler/description/defaultExecutablePath");
    named.and_then(serde_json::Value::as_str).filter(|path| !path.is_empty()).unwrap_or(DEFAULT_EXECUTABLE).to_owned()
}

/// The folder of `host.json`: the configuration's own, or the working directory if the configuration is below it.
fn app_folder(environment: &Environment) -> Option<PathBuf> {
    let file = std::path::absolute(&environment.file).ok()?;
    let own = file.parent()?.to_owned();
    let working = std::env::current_dir().ok().filter(|folder| within_absolute(folder, &file).is_some());
    std::iter::once(own).chain(working).find(|folder| folder.join(HOST_JSON).is_file())
}

/// A path as it is within a folder, with slashes; `None`: it leads elsewhere.
fn within(folder: &Path, path: &Path) -> Option<String> {
    within_absolute(folder, &std::path::absolute(path).ok()?)
}

/// The same for an absolute path.
fn within_absolute(folder: &Path, path: &Path) -> Option<String> {
    let (folder, path) = (normalised(folder), normalised(path));
    let names: Vec<&str> = path.strip_prefix(folder).ok()?.iter().filter_map(|name| name.to_str()).collect();
    (!names.is_empty()).then(|| names.join("/"))
}

/// The path without `.` and `..`. Links are not followed: a package has files under the names that they have here.
fn normalised(path: &Path) -> PathBuf {
    let mut normalised = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                normalised.pop();
            }
            part => normalised.push(part),
        }
    }
    normalised
}

/// The rules of `.funcignore`, as git reads them and as `func` reads them.
struct PublishRules {
    as_git: Gitignore,
    as_func: PathPrefixes,
}

impl PublishRules {
    /// The rules of a folder, if it has any.
    fn read(folder: &Path) -> Result<Option<Self>, String> {
        let unusable = |error: &dyn std::fmt::Display| format!("cannot be used: {error}");
        let text = match files::read(&folder.join(FUNCIGNORE), MAX_BYTES) {
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
        let as_func = PathPrefixes::try_new(text).map_err(|error| unusable(&error))?;
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
        let explanation = match (by_git, by_func) {
            (false, false) => return None,
            (true, _) => "",
            (false, true) => " (`func` takes each of its lines for the beginning of a path)",
        };
        let folders = path.match_indices('/').filter_map(|(at, _)| path.get(..=at));
        let lines: Vec<String> = folders.chain([path]).map(|part| format!("!/{part}")).collect();
        let lines = lines.join(" and ");
        Some(format!("{FUNCIGNORE} keeps {path} out of what is published{explanation}: add {lines} at its end"))
    }
}

/// `.funcignore` as `func` reads it.
struct PathPrefixes {
    keep_out: Regex,
    let_in: Regex,
    /// A line with `!` may let in a file without letting in its folder.
    reaches_below: bool,
}

impl PathPrefixes {
    fn try_new(text: &str) -> Result<Self, regex::Error> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let (let_in, keep_out): (Vec<&str>, Vec<&str>) = lines.partition(|line| line.starts_with('!'));
        let pattern = |lines: &[&str]| {
            let parts: Vec<String> = lines.iter().map(|line| prefix_pattern(line)).collect();
            // No lines: a pattern that matches nothing.
            if parts.is_empty() { "[^\\s\\S]".to_owned() } else { format!("^(?:{})", parts.join("|")) }
        };
        let reaches_below = let_in.iter().any(|line| {
            let line = line.trim_start_matches('!').trim_matches('/');
            line.contains('/') || line.contains("**")
        });
        Ok(Self { keep_out: Regex::new(&pattern(&keep_out))?, let_in: Regex::new(&pattern(&let_in))?, reaches_below })
    }

    fn lets_in(&self, path: &str) -> bool {
        self.let_in.is_match(path) || !self.keep_out.is_match(path)
    }
}

/// A line as a regular expression for the beginning of paths.
fn prefix_pattern(line: &str) -> String {
    let line = line.strip_prefix('!').unwrap_or(line);
    let line = line.strip_prefix('/').unwrap_or(line);
    regex::escape(line).replace("\\*\\*", ".+").replace("\\*", "[^/]+")
}

#[cfg(test)]
mod tests;
