//! `guestlist invites add`: adds lines to an invite list, for an address, for a domain, or with a code.
//!
//! Codes are made of the system's random numbers. They are shown once, alone on standard output, so that they can be
//! piped; or they are written to a file (`--out`). The list holds only their hashes. Remarks go to standard error.

use std::any::Any;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use chrono::{DateTime, Utc};
use serde_json::json;

use super::codes_file::CodesFile;
use super::values::{Moment, cell, first_moment, item, last_moment, uses, whom};
use crate::cli::{USAGE, print, print_error, show};
use crate::clock::{Clock, SystemClock};
use crate::config::{self, Config, Environment};
use crate::invites::InviteSourceBuilder;
use crate::invites::csv_writer::NewLine;
use crate::invites::list::Settings;
use crate::invites::list::edit::{self, AddedLines, EditError};
use crate::telemetry::describe;
use crate::values::{AddressRule, AppId, Code, did_you_mean};

/// How long other writers of the same list are waited for.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);

/// How often random numbers are drawn for one code, at most. One draw in eight makes no code.
const MAX_DRAWS: usize = 100;

/// The two ways to ask.
const USAGES: &str = "guestlist invites add [OPTIONS] <ADDRESS|@DOMAIN>
       guestlist invites add [OPTIONS] --code [--uses <N>] [--for <ADDRESS|@DOMAIN>] [--count <N>] [--out <FILE>]";

/// The options of the command.
#[derive(Debug, clap::Args)]
#[command(override_usage = USAGES)]
pub(super) struct Options {
    /// Whom to invite: an address, @contoso.com for a domain, or @*.contoso.com for all below it
    #[arg(value_name = "ADDRESS|@DOMAIN", value_parser = whom, required_unless_present = "code", conflicts_with = "code")]
    whom: Option<AddressRule>,
    /// Make an invitation code instead, which is shown once
    #[arg(long)]
    code: bool,
    /// How many people may use a code (1 if absent)
    #[arg(long, value_name = "N", value_parser = uses, requires = "code", conflicts_with = "whom")]
    uses: Option<u32>,
    /// Who may use a code (everybody if absent)
    #[arg(long = "for", value_name = "ADDRESS|@DOMAIN", value_parser = whom, requires = "code", conflicts_with = "whom")]
    reserved_for: Option<AddressRule>,
    /// How many codes to make
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000), requires = "code", conflicts_with = "whom")]
    count: Option<u16>,
    /// Write the codes to this new file, which nobody else may read, instead of showing them
    #[arg(long, value_name = "FILE", requires = "code", conflicts_with = "whom")]
    out: Option<PathBuf>,
    /// The invite source, by its name in the configuration; needed if there are several
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Until when: the end of that day (UTC), or that moment
    #[arg(long, value_name = "DATE|RFC3339", value_parser = last_moment)]
    expires: Option<Moment>,
    /// From when on
    #[arg(long, value_name = "DATE|RFC3339", value_parser = first_moment)]
    not_before: Option<Moment>,
    /// An app it is for, by its application id; can be repeated (all apps of the source if absent)
    #[arg(long, value_name = "ID")]
    app: Vec<AppId>,
    /// A word that conditions and templates can ask for; can be repeated
    #[arg(long, value_name = "T", value_parser = item)]
    tag: Vec<String>,
    /// A group that the account is to become a member of; can be repeated
    #[arg(long, value_name = "G", value_parser = item)]
    group: Vec<String>,
    /// An app role that the account is to be given; can be repeated
    #[arg(long, value_name = "R", value_parser = item)]
    role: Vec<String>,
    /// What the person is called
    #[arg(long, value_name = "N", value_parser = cell)]
    name: Option<String>,
    /// Whatever is to be remembered
    #[arg(long, value_name = "N", value_parser = cell)]
    note: Option<String>,
    /// Invite a domain even if it is a public mail provider's, where everybody can have an address
    #[arg(long)]
    yes: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The result of the command.
struct AddResult<'a> {
    settings: &'a Settings,
    added: AddedLines,
    codes: Vec<Code>,
    /// The file with the codes, if they are not shown.
    out: Option<&'a Path>,
    /// Whether no policy has a field for a code.
    without_field: bool,
}

/// Why the command did nothing.
struct AddError {
    exit: u8,
    text: String,
}

impl AddError {
    fn usage(text: impl Into<String>) -> Self {
        Self { exit: USAGE, text: text.into() }
    }
}

/// Runs the command.
pub(super) fn run(environment: &Environment, options: &Options) -> ExitCode {
    let done = config::load(environment)
        .map_err(|invalid| AddError::usage(invalid.to_string()))
        .and_then(|config| add(&config, options, SystemClock.now()).map(|done| done.show(options.json)));
    match done {
        Ok(exit) => exit,
        Err(AddError { exit, text }) => {
            let (exit, text) = (ExitCode::from(exit), text.trim_end());
            if options.json {
                return show(&format!("{}\n", json!({ "error": text })), exit);
            }
            print_error(&format!("{text}\n"));
            exit
        }
    }
}

fn add<'a>(config: &'a Config, options: &'a Options, now: DateTime<Utc>) -> Result<AddResult<'a>, AddError> {
    let settings = list(&config.invites, options.source.as_deref())?;
    if options.expires.as_ref().is_some_and(|expires| expires.at <= now) {
        return Err(AddError::usage("--expires is in the past: nobody could use the invitation"));
    }
    if let Some(rule) = options.whom.as_ref().filter(|rule| !options.yes && rule.is_for_a_mail_provider()) {
        let consequence = "everyone who has an address there would be invited";
        let text = format!("{rule} is the domain of a public mail provider: {consequence}: if it is meant, add --yes");
        return Err(AddError::usage(text));
    }
    let codes = codes(if options.code { options.count.unwrap_or(1) } else { 0 })?;
    let lines: Vec<NewLine> = if options.code {
        codes.iter().map(|code| options.line(Some(code))).collect()
    } else {
        vec![options.line(None)]
    };
    let out = options.out.as_deref();
    let file = out.map(|path| write(path, &codes)).transpose()?;
    let added = edit::add(settings, &lines, LOCK_TIMEOUT).map_err(|error| {
        let wrong = matches!(
            error,
            EditError::List(_)
                | EditError::Cell(_)
                | EditError::ChangesFormat
                | EditError::Unusable { .. }
                | EditError::TooLarge { .. }
        );
        let text = format!("{}: {}", settings.path.display(), describe(&error));
        AddError { exit: if wrong { USAGE } else { 1 }, text }
    })?;
    if let Some(file) = file {
        file.keep();
    }
    let without_field =
        !codes.is_empty() && config.sign_up.policies.iter().all(|policy| policy.invitation_code.is_none());
    Ok(AddResult { settings, added, codes, out, without_field })
}

/// Writes the codes to a file.
fn write(path: &Path, codes: &[Code]) -> Result<CodesFile, AddError> {
    CodesFile::write(path, codes).map_err(|error| {
        let path = path.display();
        if error.kind() == ErrorKind::AlreadyExists {
            return AddError::usage(format!("--out: {path} is there already, and may hold codes: name a new file"));
        }
        AddError { exit: 1, text: format!("--out: cannot write {path}: {error}") }
    })
}

/// The list that the options name.
fn list<'a>(sources: &'a [Box<dyn InviteSourceBuilder>], name: Option<&str>) -> Result<&'a Settings, AddError> {
    let names: Vec<&str> = sources.iter().map(|source| source.name()).collect();
    let source = match (name, sources) {
        (_, []) => Err(AddError::usage("the configuration has no [[invites]]: there is no list to add to")),
        (None, [only]) => Ok(only),
        (None, _) => Err(AddError::usage(format!(
            "there are several invite sources: name one by --source: {}",
            names.join(", ")
        ))),
        (Some(name), _) => sources.iter().find(|source| source.name() == name).ok_or_else(|| {
            let near = did_you_mean(name, names.iter().copied());
            AddError::usage(format!("there is no invite source {name:?}{near} (there is {})", names.join(", ")))
        }),
    }?;
    let any: &dyn Any = &**source;
    any.downcast_ref().ok_or_else(|| AddError::usage(format!("the invite source {:?} is no list", source.name())))
}

fn codes(count: u16) -> Result<Vec<Code>, AddError> {
    let random = SystemRandom::new();
    let failed = || AddError { exit: 1, text: "the system gives no random numbers".to_owned() };
    let draw = || {
        let mut bytes = [0; 16];
        random.fill(&mut bytes).ok().and_then(|()| Code::from_random(bytes))
    };
    (0..count).map(|_| (0..MAX_DRAWS).find_map(|_| draw()).ok_or_else(failed)).collect()
}

impl Options {
    fn line(&self, code: Option<&Code>) -> NewLine {
        let written = |moment: &Option<Moment>| moment.as_ref().map(|moment| moment.written.clone());
        NewLine {
            rule: self.whom.clone().or_else(|| self.reserved_for.clone()),
            code: code.map(|code| (code.digest(), self.uses.unwrap_or(1))),
            apps: self.app.clone(),
            tags: self.tag.clone(),
            groups: self.group.clone(),
            roles: self.role.clone(),
            not_before: written(&self.not_before),
            expires: written(&self.expires),
            name: self.name.clone(),
            note: self.note.clone(),
        }
    }
}

impl AddResult<'_> {
    fn show(&self, json: bool) -> ExitCode {
        if json {
            return self.print_answer(&self.as_json());
        }
        for warning in self.warnings() {
            print_error(&format!("{warning}\n"));
        }
        let text = match (self.out, self.codes_to_show()) {
            (Some(out), _) => {
                let (what, hash) =
                    if self.codes.len() == 1 { ("1 code", "its hash is") } else { ("codes", "their hashes are") };
                let out = out.display();
                format!("{what} written to {out}, for you alone: only {hash} stored, {}\n", self.place())
            }
            (None, []) => format!("invited {}\n", self.place()),
            (None, codes) => codes.iter().map(|code| code.reveal() + "\n").collect(),
        };
        let exit = self.print_answer(&text);
        let hash = match self.codes_to_show() {
            [] => return exit,
            [_] => "its hash is",
            _ => "their hashes are",
        };
        if exit == ExitCode::SUCCESS {
            print_error(&format!("shown once: only {hash} stored, {}\n", self.place()));
        }
        exit
    }

    fn as_json(&self) -> String {
        let answer = json!({
            "source": &*self.settings.options.source,
            "file": self.settings.path.display().to_string(),
            "lines": self.added.lines.clone().collect::<Vec<_>>(),
            "codes": self.codes_to_show().iter().map(Code::reveal).collect::<Vec<_>>(),
            "out": self.out.map(|path| path.display().to_string()),
            "warnings": self.warnings(),
        });
        format!("{answer:#}\n")
    }

    /// The codes that are shown, because they are written to no file.
    fn codes_to_show(&self) -> &[Code] {
        if self.out.is_some() { &[] } else { &self.codes }
    }

    fn warnings(&self) -> Vec<String> {
        let file = self.settings.path.display();
        let remarks = self.added.remarks.iter();
        let mut warnings: Vec<String> =
            remarks.map(|remark| format!("{file}:{}: warning: {}", remark.line, remark.problem)).collect();
        if self.without_field {
            let how = "warning: no policy has invitation_code, the form's field for a code: nobody can use it yet";
            warnings.push(how.to_owned());
        }
        warnings
    }

    /// Prints the answer. Codes that nobody could read are lost. That is a failure even if the reader has gone away.
    fn print_answer(&self, answer: &str) -> ExitCode {
        let place = self.place();
        let (they, lost) = match self.codes_to_show() {
            [] => return show(answer, ExitCode::SUCCESS),
            [_] => ("the code", "nobody has it: delete this line"),
            _ => ("the codes", "nobody has all of them: delete these lines"),
        };
        let Err(error) = print(answer) else { return ExitCode::SUCCESS };
        print_error(&format!("{they} {place} could not be shown ({error}): {lost}, and add again with --out FILE\n"));
        ExitCode::FAILURE
    }

    /// The place of the new lines, in words.
    fn place(&self) -> String {
        let (first, last) = (self.added.lines.start, self.added.lines.end.saturating_sub(1));
        let lines = if first == last { format!("line {first}") } else { format!("lines {first} to {last}") };
        format!("on {lines} of {}", self.settings.path.display())
    }
}
