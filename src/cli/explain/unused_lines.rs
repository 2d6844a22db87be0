//! The lines of lists that name a person and are not used.

use std::fmt;

use serde::Serialize;

use crate::invites::SourceProblem;
use crate::values::{AddressRule, EmailAddress, EmailMatch};

/// A line that names the person and is not used.
#[derive(Debug, Serialize)]
pub(super) struct UnusedLine {
    file: String,
    line: usize,
    names: Named,
    text: String,
}

/// What of the person a line names.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
enum Named {
    Address,
    Domain,
}

/// Those of the problems that keep a line from being used for this address. Each comes with the file of its line.
pub(super) fn naming(problems: &[(String, SourceProblem)], address: &str, email_match: EmailMatch) -> Vec<UnusedLine> {
    let Ok(address) = address.parse::<EmailAddress>() else { return Vec::new() };
    let naming = |(file, problem): &(String, SourceProblem)| {
        let rule = problem.rule.as_ref().filter(|rule| !problem.is_used && rule.matches(&address, email_match))?;
        let names = if matches!(rule, AddressRule::Exact(_)) { Named::Address } else { Named::Domain };
        Some(UnusedLine { file: file.clone(), line: problem.line, names, text: problem.problem.clone() })
    };
    problems.iter().filter_map(naming).collect()
}

impl fmt::Display for UnusedLine {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, names, text } = self;
        let names = match names {
            Named::Address => "this address",
            Named::Domain => "the domain of this address",
        };
        write!(out, "line {line} of {file} names {names}, but it is not used: {text}")
    }
}
