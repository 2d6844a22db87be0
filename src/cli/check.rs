//! `guestlist check`: everything that is wrong with the configuration, at once.

mod expectations;
mod package;

use std::fmt::Write as _;
use std::process::ExitCode;
use std::sync::Arc;

use serde::Serialize;
use serde_json::json;

use super::{USAGE, show};
use crate::clock::{Clock, SystemClock};
use crate::config::{self, Config, Environment, Finding, FindingSeverity, Problem};
use crate::invites::{InviteSource, LoadedSource};

/// The options of the command.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Take each line of a list that is not used for an error
    #[arg(long)]
    strict: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The result of the check.
#[derive(Default)]
struct Findings {
    /// All problems.
    problems: Vec<Finding>,
    /// How many problems make the check fail, without those of tests.
    errors: usize,
    /// The lists that could be read.
    lists: Vec<CheckedList>,
    /// How many of the configuration's own tests there are, and how many of them failed.
    tests: usize,
    failed_tests: usize,
    summary: String,
}

/// How many lines of a list are used.
#[derive(Serialize)]
struct CheckedList {
    source: String,
    file: String,
    used: usize,
    not_used: usize,
}

/// Runs the command.
#[must_use]
pub fn run(environment: &Environment, options: &Options) -> ExitCode {
    let file = environment.file.display().to_string();
    let findings = match config::load(environment) {
        Ok(config) => check_loaded(environment, &config, &file, options.strict),
        Err(invalid) => {
            let mut findings = Findings::default();
            findings.add(invalid.problems.iter().map(|problem| problem.finding(&file)));
            findings
        }
    };
    let exit = match findings {
        Findings { errors: 1.., .. } => ExitCode::from(USAGE),
        Findings { failed_tests: 1.., .. } => ExitCode::FAILURE,
        _ => ExitCode::SUCCESS,
    };
    show(&if options.json { as_json(&findings) } else { as_text(&findings, &file) }, exit)
}

impl Findings {
    /// Adds problems, and counts the errors among them.
    fn add(&mut self, problems: impl IntoIterator<Item = Finding>) {
        let before = self.problems.len();
        self.problems.extend(problems);
        self.errors += self.problems.iter().skip(before).filter(|problem| problem.is_error()).count();
    }

    /// Adds what is wrong with the lines of a list. `strict`: a line that is not used is an error.
    fn add_list(&mut self, list: &LoadedSource, strict: bool) {
        self.add(list.problems.iter().map(|problem| {
            let is_error = problem.is_error || (strict && !problem.is_used);
            let severity = if is_error { FindingSeverity::Error } else { FindingSeverity::Warning };
            Finding::of_file(&list.place, Some(problem.line), severity, &problem.problem)
        }));
        self.lists.push(CheckedList {
            source: list.source.name().to_owned(),
            file: list.place.clone(),
            used: list.invitations,
            not_used: list.unused_lines(),
        });
    }
}

fn check_loaded(environment: &Environment, config: &Config, file: &str, strict: bool) -> Findings {
    let mut findings = Findings { tests: config.tests.len(), ..Findings::default() };
    findings.add(config.notes.iter().map(|problem| problem.finding(file)));
    let mut sources = Vec::new();
    // If a source's columns cannot be read, the notes already say so.
    let readable = config.invites.iter().filter(|source| source.columns().is_some());
    for loaded in readable.filter_map(|source| source.load()) {
        match loaded {
            Ok(loaded) => {
                findings.add_list(&loaded, strict);
                sources.push(loaded.source);
            }
            Err(error) => {
                findings.add([Finding::of_file(error.place, None, FindingSeverity::Error, error.reason)]);
            }
        }
    }
    // If a source is missing, tests could fail for that reason only, so they do not run.
    let failed = if findings.errors == 0 { run_tests(config, &sources) } else { Vec::new() };
    findings.failed_tests = failed.len();
    findings.problems.extend(failed.iter().map(|problem| problem.finding(file)));
    findings.add(package::check(environment, config));
    findings.summary = summary(config, findings.lists.iter().map(|list| list.used).sum());
    findings
}

/// What there is in a configuration that can be used.
fn summary(config: &Config, invitations: usize) -> String {
    let connectors = config.timer.as_ref().map_or(0, config::TimerSettings::connectors);
    let count = |number: usize, singular: &str, plural: &str| {
        format!("{number} {}", if number == 1 { singular } else { plural })
    };
    let counts = [
        count(config.sign_up.policies.len(), "policy", "policies"),
        count(config.invites.len(), "invite source", "invite sources"),
        count(invitations, "invitation", "invitations"),
        count(connectors, "connector", "connectors"),
        count(config.tests.len(), "test passed", "tests passed"),
    ];
    counts.join(", ")
}

/// Runs the configuration's own tests.
fn run_tests(config: &Config, sources: &[Arc<dyn InviteSource>]) -> Vec<Problem> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime {
        Ok(runtime) => runtime.block_on(expectations::run(config, sources, SystemClock.now())),
        Err(error) => config.tests.iter().map(|test| test.problem(&format!("cannot be run: {error}"))).collect(),
    }
}

fn as_text(findings: &Findings, file: &str) -> String {
    let mut text = String::new();
    for problem in &findings.problems {
        let _ = writeln!(text, "{problem}");
    }
    for CheckedList { file, used, not_used, .. } in &findings.lists {
        let (lines, is) = if *used == 1 { ("line", "is") } else { ("lines", "are") };
        let is_not = if *not_used == 1 { "is" } else { "are" };
        let _ = writeln!(text, "{file}: {used} {lines} {is} used, {not_used} {is_not} not");
    }
    let _ = match findings.errors {
        0 if findings.failed_tests > 0 => {
            writeln!(
                text,
                "{file} does not do what its tests expect: {} of {} failed",
                findings.failed_tests, findings.tests
            )
        }
        0 => writeln!(text, "{file} can be used: {}", findings.summary),
        1 => writeln!(text, "{file} has 1 error"),
        errors => writeln!(text, "{file} has {errors} errors"),
    };
    text
}

fn as_json(findings: &Findings) -> String {
    format!(
        "{}\n",
        json!({
            "errors": findings.errors,
            "problems": findings.problems,
            "lists": findings.lists,
            "tests": findings.tests,
            "failed_tests": findings.failed_tests,
        })
    )
}
