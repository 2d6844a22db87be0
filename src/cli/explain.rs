//! `guestlist explain EMAIL`: what would be decided about an address at the start of a sign-up, and why.
//!
//! It asks the same gate as the hooks, with the lists as they are in their files now.

use std::fmt::Write as _;
use std::process::ExitCode;

use serde_json::json;
use tracing::level_filters::LevelFilter;

use super::{USAGE, print, print_error};
use crate::clock::{Clock, SystemClock};
use crate::config::{self, Config, Environment};
use crate::invites::list;
use crate::signup::answer;
use crate::signup::decision::{Page, StartDecision};
use crate::signup::gate::{self, Admission, Question};
use crate::signup::messages::Reader;
use crate::signup::trace::Trace;
use crate::telemetry;
use crate::values::{App, AppId, EmailAddress, EmailMatch, Form, Invitation};

/// What can be asked for.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// The address, as the person would type it
    email: String,
    /// The app they sign up to, by its application id
    #[arg(long, value_name = "ID")]
    app: Option<AppId>,
    /// The locale they use
    #[arg(long, value_name = "LOCALE", default_value = "en-us")]
    locale: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
#[must_use]
pub fn run(environment: &Environment, options: &Options) -> ExitCode {
    // A template that fails shows as a line; a second subscriber cannot be there.
    let _ = telemetry::init(LevelFilter::WARN);
    let explained = match config::load(environment) {
        Ok(config) => explain(&config, options),
        Err(invalid) => Err(invalid.to_string()),
    };
    match explained {
        Ok(text) => {
            print(&text);
            ExitCode::SUCCESS
        }
        Err(error) if options.json => {
            print(&format!("{}\n", json!({ "error": error.trim_end() })));
            ExitCode::from(USAGE)
        }
        Err(error) => {
            print_error(&error);
            ExitCode::from(USAGE)
        }
    }
}

fn explain(config: &Config, options: &Options) -> Result<String, String> {
    let mut trace = Trace::default();
    let address = match options.email.parse::<EmailAddress>() {
        Ok(address) => {
            trace.note("address", format!("compared as {}", address.canonical()));
            Some(address)
        }
        Err(why) => {
            trace.note("address", format!("what was given {why}"));
            None
        }
    };
    // Only Entra knows what the app is called; texts that name it show its id here.
    let name = options.app.as_ref().map_or("the app", AppId::as_str).to_owned();
    let app = App { id: options.app.clone(), name };
    let invitations = find(config, address.as_ref())?;
    let question = Question {
        policy: config.sign_up.policy_for(&app),
        address: address.as_ref(),
        invitations: &invitations,
        app: &app,
        now: SystemClock.now(),
    };
    let admission = gate::decide(&question, &mut trace);
    let reader = Reader { locale: &options.locale, email: address.as_ref(), app: &app };
    let decision = answer::start(&admission, &Form::default(), &config.sign_up.messages, reader);
    Ok(if options.json {
        as_json(&admission, &decision, &trace)
    } else {
        as_text(options, &admission, &decision, &trace)
    })
}

/// The invitations of every list, read from its file now.
fn find(config: &Config, address: Option<&EmailAddress>) -> Result<Vec<Invitation>, String> {
    let mut found = Vec::new();
    for settings in &config.invites {
        let (snapshot, _) = list::load(settings).map_err(|error| format!("{}: {error}\n", settings.path.display()))?;
        found.extend(address.map(|address| snapshot.find(address, EmailMatch::Exact)).unwrap_or_default());
    }
    Ok(found)
}

fn as_text(options: &Options, admission: &Admission<'_>, decision: &StartDecision, trace: &Trace) -> String {
    let verdict = match admission {
        Admission::Admitted(_) => "admitted",
        Admission::Refused(_) => "refused",
    };
    let mut text = format!("{}: {verdict}, {}\n", options.email, admission.reason());
    let mut row = |what: &str, found: &str| {
        let _ = writeln!(text, "  {what:<20} {found}");
    };
    for step in &trace.0 {
        row(step.asked, &step.found);
    }
    match decision {
        StartDecision::Continue => row("answer", "continue: the form is shown as it is"),
        StartDecision::Prefill(values) => {
            row("answer", "prefill");
            for (name, value) in values {
                row(&format!("  {}", name.short()), &value.to_text());
            }
        }
        StartDecision::Refuse(Page { title, text }) => {
            row("answer", "block page");
            row("  title", title.as_deref().unwrap_or("(none)"));
            row("  text", text);
        }
    }
    text
}

fn as_json(admission: &Admission<'_>, decision: &StartDecision, trace: &Trace) -> String {
    let steps: Vec<_> = trace.0.iter().map(|step| json!({ "asked": step.asked, "found": step.found })).collect();
    let explained = json!({
        "admitted": matches!(admission, Admission::Admitted(_)),
        "reason": admission.reason(),
        "action": decision.name(),
        "answer": crate::entra::action::start(decision),
        "steps": steps,
    });
    format!("{explained:#}\n")
}
