//! `guestlist check`: everything that is wrong with the configuration, at once.

mod expectations;
mod package;

use std::fmt::Write as _;
use std::process::ExitCode;
use std::sync::Arc;

use serde_json::json;

use super::{USAGE, show};
use crate::clock::{Clock, SystemClock};
use crate::config::{self, Config, Environment, Problem, Severity};
use crate::invites::InviteSource;

/// The options of the command.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The result of the check.
struct Findings {
    /// All problems, one line for each.
    lines: Vec<String>,
    /// How many problems make the check fail.
    errors: usize,
    /// How many of the configuration's own tests there are, and how many of them failed.
    tests: usize,
    failed_tests: usize,
    summary: String,
}

/// Runs the command.
#[must_use]
pub fn run(environment: &Environment, options: &Options) -> ExitCode {
    let file = environment.file.display().to_string();
    let findings = match config::load(environment) {
        Ok(config) => check_loaded(environment, &config, &file),
        Err(invalid) => Findings {
            lines: invalid.problems.iter().map(|problem| problem.describe(&file)).collect(),
            errors: invalid.problems.iter().filter(|problem| is_failure(problem)).count(),
            tests: 0,
            failed_tests: 0,
            summary: String::new(),
        },
    };
    let exit = match findings {
        Findings { errors: 1.., .. } => ExitCode::from(USAGE),
        Findings { failed_tests: 1.., .. } => ExitCode::FAILURE,
        _ => ExitCode::SUCCESS,
    };
    show(&if options.json { as_json(&findings) } else { as_text(&findings, &file) }, exit)
}

fn is_failure(problem: &Problem) -> bool {
    problem.severity != Severity::Warning
}

fn check_loaded(environment: &Environment, config: &Config, file: &str) -> Findings {
    let mut lines: Vec<String> = config.notes.iter().map(|problem| problem.describe(file)).collect();
    let mut errors = config.notes.iter().filter(|problem| is_failure(problem)).count();
    let (mut invitations, mut sources) = (0, Vec::new());
    // If a source's columns cannot be read, the notes already say so.
    let readable = config.invites.iter().filter(|source| source.columns().is_some());
    for loaded in readable.filter_map(|source| source.load()) {
        match loaded {
            Ok(loaded) => {
                invitations += loaded.invitations;
                errors += loaded.problems.iter().filter(|problem| problem.is_error).count();
                lines.extend(loaded.problems.iter().map(ToString::to_string));
                sources.push(loaded.source);
            }
            Err(error) => {
                errors += 1;
                lines.push(error.to_string());
            }
        }
    }
    // If a source is missing, tests could fail for that reason only, so they do not run.
    let failed = if errors == 0 { run_tests(config, &sources) } else { Vec::new() };
    lines.extend(failed.iter().map(|problem| problem.describe(file)));
    let package = package::check(environment, config);
    errors += package.errors.len();
    lines.extend(package.errors);
    lines.extend(package.warnings);
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
    let summary = counts.join(", ");
    Findings { lines, errors, tests: config.tests.len(), failed_tests: failed.len(), summary }
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
    for line in &findings.lines {
        let _ = writeln!(text, "{line}");
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
            "problems": findings.lines,
            "tests": findings.tests,
            "failed_tests": findings.failed_tests,
        })
    )
}
