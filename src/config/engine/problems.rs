//! Problems of a configuration. They are collected and shown together.

use std::fmt;

use serde::Serialize;

use super::origin::Origin;

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The service does not start.
    Error,
    /// A secret is missing. The service starts; what needs the secret reports it; `check` fails.
    MissingSecret,
    /// An invite list cannot be used. The service starts; decisions that need the list end in the failure action; `check`
    /// fails.
    MissingList,
    /// A part of the configuration cannot work on Azure, and this is Azure. The service starts without that part; `check`
    /// fails.
    NotOnAzure,
    /// Something that the operator should know. The service starts.
    Warning,
}

/// One problem, with its place and what to do about it.
#[derive(Debug, Clone)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    origin: Option<Origin>,
    /// The key's full path (`policies.default.gate`). Empty if the problem is not about a key.
    key: String,
    message: String,
}

impl Problem {
    pub(in crate::config) fn error(origin: Option<Origin>, key: &str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, origin, key: key.to_owned(), message: message.into() }
    }

    pub(in crate::config) fn with_severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// Whether it is about exactly this key, or about exactly one of its members.
    pub(in crate::config) fn is_about_member_of(&self, key: &str) -> bool {
        let rest = self.key.strip_prefix(key);
        rest.is_some_and(|rest| rest.strip_prefix('.').map_or(rest.is_empty(), |member| !member.contains('.')))
    }

    /// Whether it is about this key, or about one below it.
    pub(in crate::config) fn is_within(&self, key: &str) -> bool {
        self.key.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }

    /// Line and column, both from 1. `None` if it is not about a place in the file.
    fn place(&self) -> Option<(usize, usize)> {
        self.origin.as_ref().and_then(Origin::place)
    }

    /// The problem for a program. `file` is the name of the configuration.
    #[must_use]
    pub fn finding(&self, file: &str) -> Finding {
        let setting = match &self.origin {
            Some(Origin::Setting(name)) => Some(name.to_string()),
            _ => None,
        };
        Finding {
            file: setting.is_none().then(|| file.to_owned()),
            setting,
            line: self.place().map(|(line, _)| line),
            column: self.place().map(|(_, column)| column),
            key: (!self.key.is_empty()).then(|| self.key.clone()),
            severity: self.severity.into(),
            text: self.message.clone(),
        }
    }

    /// One line for a person: `guestlist.toml:12:5: policies.default.gate: …`.
    #[must_use]
    pub fn describe(&self, file: &str) -> String {
        self.finding(file).to_string()
    }
}

/// How bad a finding is, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FindingSeverity {
    /// `check` fails.
    Error,
    /// Something that the operator should know.
    Warning,
}

impl From<Severity> for FindingSeverity {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Error | Severity::MissingSecret | Severity::MissingList | Severity::NotOnAzure => Self::Error,
            Severity::Warning => Self::Warning,
        }
    }
}

/// A problem for programs: one object of `guestlist check --json`. What is not known is `null`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The file that the problem is in; `None` if an app setting has it.
    pub file: Option<String>,
    /// The app setting that the problem is in.
    pub setting: Option<String>,
    /// The line, from 1.
    pub line: Option<usize>,
    /// The column in characters, from 1.
    pub column: Option<usize>,
    /// The key's full path: `policies.default.gate`.
    pub key: Option<String>,
    /// How bad it is.
    pub severity: FindingSeverity,
    /// What is wrong and what to do, without the place and the key.
    pub text: String,
}

impl Finding {
    /// A finding about a file, or about a line of it.
    #[must_use]
    pub(crate) fn of_file(
        file: impl Into<String>,
        line: Option<usize>,
        severity: FindingSeverity,
        text: impl Into<String>,
    ) -> Self {
        let (file, text) = (Some(file.into()), text.into());
        Self { file, setting: None, line, column: None, key: None, severity, text }
    }

    /// Whether `check` fails because of it.
    #[must_use]
    pub(crate) fn is_error(&self) -> bool {
        self.severity == FindingSeverity::Error
    }
}

impl fmt::Display for Finding {
    /// One line for a person: `guestlist.toml:12:5: policies.default.gate: …`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(setting) = &self.setting {
            write!(out, "app setting {setting}")?;
        }
        out.write_str(self.file.as_deref().unwrap_or_default())?;
        for number in [self.line, self.column].into_iter().flatten() {
            write!(out, ":{number}")?;
        }
        out.write_str(if self.is_error() { ": " } else { ": warning: " })?;
        if let Some(key) = &self.key {
            write!(out, "{key}: ")?;
        }
        out.write_str(&self.text)
    }
}

/// A configuration that cannot be used, with all its problems.
#[derive(Debug)]
pub struct InvalidConfig {
    /// The file's name.
    pub file: String,
    /// The problems, in the file's order.
    pub problems: Vec<Problem>,
}

impl fmt::Display for InvalidConfig {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.problems {
            writeln!(out, "{}", problem.describe(&self.file))?;
        }
        Ok(())
    }
}

impl std::error::Error for InvalidConfig {}

/// Sorts problems by their place in the file. Problems of app settings come last.
pub(in crate::config) fn sort(problems: &mut [Problem]) {
    problems.sort_by_key(|problem| problem.place().unwrap_or((usize::MAX, 0)));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_finding_has_the_parts_of_the_line_for_a_person() {
        let place = Origin::File { line: 12, column: 5 };
        let cases = [
            (
                Problem::error(Some(place), "policies.default.gate", "is odd").with_severity(Severity::Warning),
                json!({"file": "a.toml", "setting": null, "line": 12, "column": 5, "key": "policies.default.gate",
                       "severity": "warning", "text": "is odd"}),
            ),
            (
                Problem::error(Some(Origin::Setting("GUESTLIST__X".into())), "x", "is not there")
                    .with_severity(Severity::MissingSecret),
                json!({"file": null, "setting": "GUESTLIST__X", "line": null, "column": null, "key": "x",
                       "severity": "error", "text": "is not there"}),
            ),
            (
                Problem::error(None, "", "cannot be read"),
                json!({"file": "a.toml", "setting": null, "line": null, "column": null, "key": null,
                       "severity": "error", "text": "cannot be read"}),
            ),
        ];
        for (problem, expected) in cases {
            assert_eq!(serde_json::to_value(problem.finding("a.toml")).unwrap(), expected);
        }
    }
}
