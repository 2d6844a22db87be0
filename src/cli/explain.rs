//! `guestlist explain EMAIL`: what would be decided about a person, and why, step by step.
//!
//! The code of the hooks decides, with the lists as their files are now. If there is a code or an attribute, the form
//! is sent as well. The uses of a code are looked up in the state store, but none is reserved. Look-ups are really
//! called.

mod text;
mod unused_lines;

use std::net::IpAddr;
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use strum::VariantArray;
use tracing::level_filters::LevelFilter;

use self::unused_lines::UnusedLine;
use super::rehearsal::{HookResult, Person, PersonOutcome, Rehearsal, prefilled_attributes, services};
use super::{USAGE, print_error, show};
use crate::app;
use crate::clock::{Clock, SystemClock};
use crate::config::{self, Config, Environment};
use crate::decisions::{ActionKind, DecisionError, Reason, SharedState};
use crate::entra::action;
use crate::invites::{Invites, LoadedSource, SourceProblem, columns};
use crate::lookups::Lookups;
use crate::outbound::{Outbound, OutboundError};
use crate::reservations::{RememberedStarts, Reservations};
use crate::signup::identity::EmailSource;
use crate::signup::trace::Step;
use crate::storage::StateStore;
use crate::telemetry;
use crate::values::{
    App, AppId, AttributeName, AttributeValue, AttributeValues, Client, EmailAddress, EmailMatch, did_you_mean,
};

/// What can be asked for.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// The address, as the person would type it; "" for a person without one
    #[arg(required_unless_present = "reason")]
    email: Option<String>,
    /// The app they sign up to, by its application id
    #[arg(long, value_name = "ID")]
    app: Option<AppId>,
    /// The code they type
    #[arg(long, value_name = "CODE")]
    code: Option<String>,
    /// The locale they use
    #[arg(long, value_name = "LOCALE", default_value = "en-us")]
    locale: String,
    /// What they fill in, over what the form shows to begin with: a text (`country=AU`), or a number or a box with its type (`ext.Age:=30`, `ext.Terms:=true`);
    /// the form is sent then
    #[arg(long = "attribute", value_name = "NAME=VALUE", value_parser = name_and_value)]
    attributes: Vec<(String, AttributeValue)>,
    /// Send the form, whether anything is filled in or not
    #[arg(long)]
    submit: bool,
    /// Where their address comes from: `identity`, `federated-id`, or `attribute:NAME`
    #[arg(long, value_name = "SOURCE", default_value = "identity")]
    email_source: String,
    /// Their network address
    #[arg(long, value_name = "ADDRESS")]
    ip: Option<IpAddr>,
    /// When it happens (RFC 3339); now, if it is left out
    #[arg(long, value_name = "TIME", value_parser = DateTime::<Utc>::from_str)]
    at: Option<DateTime<Utc>>,
    /// Explain a reason that the log names, instead of a decision
    #[arg(long, value_name = "NAME", conflicts_with = "email")]
    reason: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn name_and_value(text: &str) -> Result<(String, AttributeValue), String> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
    let Some(name) = name.strip_suffix(':') else {
        return Ok((name.trim().to_owned(), AttributeValue::String(value.to_owned())));
    };
    let typed = match value.trim() {
        "true" => AttributeValue::Boolean(true),
        "false" => AttributeValue::Boolean(false),
        number => AttributeValue::Int64(number.parse().map_err(|_| "after := there is a whole number, true or false")?),
    };
    Ok((name.trim().to_owned(), typed))
}

/// Runs the command.
#[must_use]
pub fn run(environment: &Environment, options: &Options) -> ExitCode {
    // If a template fails, a log line says so. No other subscriber can be set up before.
    let _ = telemetry::init(LevelFilter::WARN);
    let explained = match &options.reason {
        Some(reason) => explain_reason(reason, options.json).map_err(ExplainError::usage),
        None => match config::load(environment) {
            Ok(config) => explain(config, options),
            Err(invalid) => Err(ExplainError::usage(invalid.to_string())),
        },
    };
    match explained {
        Ok(text) => show(&text, ExitCode::SUCCESS),
        Err(ExplainError { exit, error }) if options.json => {
            show(&format!("{}\n", json!({ "error": error.trim_end() })), ExitCode::from(exit))
        }
        Err(ExplainError { exit, error }) => {
            print_error(&error);
            ExitCode::from(exit)
        }
    }
}

/// Why nothing is explained.
struct ExplainError {
    exit: u8,
    error: String,
}

impl ExplainError {
    /// The command line or the configuration is wrong.
    fn usage(error: String) -> Self {
        Self { exit: USAGE, error }
    }

    /// No decision can be made.
    fn decision(error: impl std::fmt::Display) -> Self {
        Self { exit: 1, error: format!("{error}\n") }
    }
}

fn explain_reason(name: &str, as_json: bool) -> Result<String, String> {
    let Ok(reason) = name.parse::<Reason>() else {
        let near = did_you_mean(name, Reason::VARIANTS.iter().map(|reason| reason.name()));
        return Err(format!("no decision has the reason {name:?}{near}\n"));
    };
    let (name, meaning, remedy) = (reason.name(), reason.meaning(), reason.remedy());
    if as_json {
        return Ok(format!("{:#}\n", json!({ "reason": name, "meaning": meaning, "remedy": remedy })));
    }
    let remedy = if remedy.is_empty() { String::new() } else { format!("  remedy: {remedy}\n") };
    Ok(format!("{name}: {meaning}\n{remedy}"))
}

fn explain(config: Config, options: &Options) -> Result<String, ExplainError> {
    let person = person(&config, options).map_err(ExplainError::usage)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.map_err(|error| ExplainError::decision(format!("cannot start the runtime: {error}")))?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let now = options.at.unwrap_or_else(|| clock.now());
    let described = |error: OutboundError| ExplainError::decision(telemetry::describe(&error));
    let outbound = Outbound::try_new(Arc::clone(&clock)).map_err(described)?;
    let email_match = config.sign_up.policy_for(&person.app).map_or_else(Default::default, |policy| policy.email_match);
    let (invites, unused) = load_invites(&config, &outbound).map_err(ExplainError::usage)?;
    let unused = unused_lines::naming(&unused, options.email.as_deref().unwrap_or_default(), email_match);
    let lookups = Lookups::try_new(config.lookups, &outbound).map_err(described)?;
    // What Start remembers stays in this process. The uses of codes are read from the store of the service.
    let codes = Reservations::new(&StateStore::from_settings(&config.store, app::NAMESPACES));
    let starts = RememberedStarts::new(&StateStore::for_rehearsal(), None);
    let state = SharedState::new(codes, starts).read_only();
    let services = services(config.sign_up, invites, lookups, state, clock);
    let sends_form = options.submit || options.code.is_some() || !options.attributes.is_empty();
    let rehearsal = runtime.block_on(person.rehearse(&services, now, sends_form));
    let rehearsal = rehearsal.map_err(|error| ExplainError::decision(undecided(&error)))?;
    let address = options.email.as_deref().unwrap_or_default();
    Ok(if options.json {
        as_json(&rehearsal, &unused)
    } else {
        text::explained(address, compared_forms(address).as_deref(), &unused, &rehearsal)
    })
}

/// Why there is no decision, in the words of the log.
fn undecided(error: &DecisionError) -> String {
    let reason = error.reason();
    format!("{}: {}: {}", reason.name(), reason.meaning(), telemetry::describe(error))
}

/// The forms in which an address is compared.
fn compared_forms(address: &str) -> Option<Vec<(&'static str, String)>> {
    let address: EmailAddress = address.parse().ok()?;
    let names = ["exact", "ignore-tag", "ignore-tag-and-dots"];
    let form = |(name, email_match): (&'static str, EmailMatch)| (name, address.compared(email_match).into_owned());
    Some(names.into_iter().zip(EmailMatch::ALL).map(form).collect())
}

fn person(config: &Config, options: &Options) -> Result<Person, String> {
    let attribute = |name: &str| {
        let email = name.eq_ignore_ascii_case("email").then(|| AttributeName::new("email"));
        let known = || columns::attribute(name, config.extension_app.as_ref());
        email.or_else(known).ok_or_else(|| format!("{name:?} is not an attribute's name\n"))
    };
    let source = match options.email_source.parse() {
        Ok(EmailSource::Attribute(name)) => EmailSource::Attribute(attribute(name.as_str())?),
        Ok(source) => source,
        Err(error) => {
            return Err(format!(
                "--email-source: {error}
"
            ));
        }
    };
    let mut attributes = AttributeValues::new();
    for (name, value) in &options.attributes {
        attributes.insert(attribute(name)?, value.clone());
    }
    // Only Entra knows the name of the app. Texts that contain it show its id here.
    let name = options.app.as_ref().map_or("the app", AppId::as_str).to_owned();
    Ok(Person {
        email: options.email.clone().filter(|email| !email.trim().is_empty()),
        source,
        app: App { id: options.app.clone(), name },
        client: Client { ip: options.ip, locale: options.locale.clone(), market: String::new() },
        attributes,
        code: options.code.clone(),
        fields: prefilled_attributes(config),
    })
}

/// The sources as they are now, and what is wrong with lines of them, each with the place of its list.
fn load_invites(config: &Config, outbound: &Outbound) -> Result<(Invites, Vec<(String, SourceProblem)>), String> {
    let (mut sources, mut problems) = (Vec::new(), Vec::new());
    for source in &config.invites {
        match source.load() {
            Some(loaded) => {
                let LoadedSource { source, place, problems: own, .. } = loaded.map_err(|error| format!("{error}\n"))?;
                problems.extend(own.into_iter().map(|problem| (place.clone(), problem)));
                sources.push(source);
            }
            None => sources.push(source.build(outbound)),
        }
    }
    Ok((Invites::new(sources), problems))
}

fn as_json(rehearsal: &Rehearsal, unused: &[UnusedLine]) -> String {
    let last = rehearsal.last();
    let mut explained = hook_json(last);
    if let Some(members) = explained.as_object_mut() {
        members.insert("admitted".to_owned(), (last.outcome() == PersonOutcome::Admitted).into());
        members.insert("unused_lines".to_owned(), json!(unused));
        members.insert("hook".to_owned(), if rehearsal.submit.is_some() { "submit" } else { "start" }.into());
        if rehearsal.submit.is_some() {
            members.insert("start".to_owned(), hook_json(&rehearsal.start));
        }
    }
    format!("{explained:#}\n")
}

fn hook_json(result: &HookResult) -> Value {
    let decided = &result.decided;
    let step = |step: &Step| json!({ "asked": step.asked, "found": step.found, "took_us": u64::try_from(step.took.as_micros()).unwrap_or(u64::MAX) });
    json!({
        "policy": decided.policy.as_deref(),
        "action": decided.decision.action().name(),
        "reason": decided.reason.name(),
        "meaning": decided.reason.meaning(),
        "remedy": Some(decided.reason.remedy()).filter(|remedy| !remedy.is_empty()),
        "reported": decided.reported.map(ActionKind::name),
        "address_source": decided.address.as_ref().map(|found| found.source.to_string()),
        "provenance": decided.address.as_ref().map(|found| found.provenance.name()),
        "support_code": result.support_code,
        "answer": action::answer(&decided.decision),
        "steps": result.steps.iter().map(step).collect::<Vec<_>>(),
    })
}
