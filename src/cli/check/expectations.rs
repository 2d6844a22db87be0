//! Runs the configuration's own tests. Each is a sign-up that the code of the hooks decides, without any call to the
//! outside.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::cli::rehearsal::{Person, Rehearsal, prefilled_attributes, services};
use crate::clock::{Clock, ManualClock};
use crate::config::{Config, PolicyTest, Problem, TestAction, TestCode, TestHook};
use crate::decisions::{ActionKind, Decision, DecisionError, SharedState};
use crate::invites::csv_reader::{self, ListOptions, UnendedLine};
use crate::invites::list::of_snapshot;
use crate::invites::snapshot::Snapshot;
use crate::invites::{InviteSource, Invites, columns};
use crate::lookups::Lookups;
use crate::reservations::{RememberedStarts, Reservations};
use crate::signup::decision::{Page, StartDecision, SubmitDecision};
use crate::storage::StateStore;
use crate::values::{AttributeName, AttributeTypes, AttributeValues, Code, InvitationCode};

/// Runs every test. Returns those that failed, each with the difference.
pub(super) async fn run(config: &Config, sources: &[Arc<dyn InviteSource>], now: DateTime<Utc>) -> Vec<Problem> {
    let mut failed = Vec::new();
    for test in &config.tests {
        let now = test.given.at.unwrap_or(now);
        match rehearse(config, test, sources, now).await {
            Ok(rehearsal) => {
                let difference = difference(test, &rehearsal);
                if !difference.is_empty() {
                    failed.push(test.problem(&format!("the decision is another\n{difference}")));
                }
            }
            Err(error) => failed.push(test.problem(&error)),
        }
    }
    failed
}

async fn rehearse(
    config: &Config,
    test: &PolicyTest,
    sources: &[Arc<dyn InviteSource>],
    now: DateTime<Utc>,
) -> Result<Rehearsal, String> {
    let given = &test.given;
    check_effect(config, test)?;
    let code = given.code.and_then(TypedCode::new);
    let mut test_sources: Vec<Arc<dyn InviteSource>> = Vec::new();
    if given.invitation.is_some() || code.is_some() {
        let snapshot = invitation(config, test, code.as_ref(), now)?;
        test_sources.push(of_snapshot("tests".into(), snapshot));
    }
    if given.invitation.is_none() && !given.no_invitations {
        test_sources.extend(sources.iter().cloned());
    }
    let store = StateStore::for_rehearsal();
    let state = SharedState::new(Reservations::new(&store), RememberedStarts::new(&store, None));
    if let Some(code) = code.as_ref().filter(|code| code.kind == TestCode::UsedUp) {
        let used_up = InvitationCode { digest: code.known.digest(), uses: 1 };
        state.reserve(&used_up, None, None, now).await.map_err(|error| error.to_string())?;
    }
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(now));
    let services = services(config.sign_up.clone(), Invites::new(test_sources), Lookups::default(), state, clock);
    let columns = given.invitation.iter().flat_map(BTreeMap::keys);
    let invitation_attributes = columns.filter_map(|column| columns::attribute(column, config.extension_app.as_ref()));
    let person = Person {
        email: given.email.clone(),
        source: given.source.clone(),
        app: given.app.clone(),
        client: given.client.clone(),
        attributes: given.attributes.clone(),
        code: code.map(|code| code.typed.reveal()),
        fields: prefilled_attributes(config).into_iter().chain(invitation_attributes).collect(),
    };
    person
        .rehearse(&services, now, test.hook == TestHook::Submit)
        .await
        .map_err(|failure: DecisionError| failure.to_string())
}

/// Reports a part of a test that has no effect: such a test would pass whatever the policy does.
fn check_effect(config: &Config, test: &PolicyTest) -> Result<(), String> {
    let given = &test.given;
    for column in given.invitation.iter().flat_map(BTreeMap::keys) {
        let mut columns = config.invites.iter().filter_map(|source| source.columns()).flatten();
        let is_column_of_source = columns.any(|name| name == column);
        let attribute = columns::attribute(column, config.extension_app.as_ref()).is_some();
        if !(is_column_of_source || attribute || columns::is_reserved(column)) {
            return Err(format!("given.invitation: {column:?} is neither an attribute nor a column of a list"));
        }
    }
    let Some(policy) = config.sign_up.policy_for(&given.app) else { return Ok(()) };
    if given.code.is_some() && policy.invitation_code.is_none() {
        return Err(format!("given.code: the policy {} has no invitation_code, so nobody can type one", policy.name));
    }
    if given.email.is_some() && !policy.email_sources.contains(&given.source) {
        return Err(format!("given.email_source: is none of the email_sources of the policy {}", policy.name));
    }
    Ok(())
}

/// A code made for a test.
struct TypedCode {
    kind: TestCode,
    /// The code that the source knows.
    known: Code,
    /// The code that is typed into the form.
    typed: Code,
}

impl TypedCode {
    /// Never `None` in practice: at least one of the numbers makes a code.
    fn new(kind: TestCode) -> Option<Self> {
        let code = |first: u8| (first..=u8::MAX).find_map(|byte| Code::from_random([byte; 16]));
        let (known, other) = (code(1)?, code(128)?);
        let typed = if kind == TestCode::Wrong { other } else { known.clone() };
        Some(Self { kind, known, typed })
    }
}

/// The invitation of a test. The reader of lists reads it, so that its columns mean the same as in a list.
fn invitation(
    config: &Config,
    test: &PolicyTest,
    code: Option<&TypedCode>,
    now: DateTime<Utc>,
) -> Result<Snapshot, String> {
    let mut columns = test.given.invitation.clone().unwrap_or_default();
    if let Some(code) = code {
        columns.insert("code".to_owned(), code.known.digest().to_string());
        let moment = |away: i64| (now + TimeDelta::minutes(away)).to_rfc3339();
        match code.kind {
            TestCode::Expired => drop(columns.insert("expires".to_owned(), moment(-1))),
            TestCode::NotYetValid => drop(columns.insert("not_before".to_owned(), moment(1))),
            TestCode::Valid | TestCode::Wrong | TestCode::UsedUp => {}
        }
    } else if !columns.contains_key("email") {
        columns.insert("email".to_owned(), test.given.email.clone().unwrap_or_default());
    }
    columns.entry("email".to_owned()).or_default();
    let mut writer = csv::Writer::from_writer(Vec::new());
    let written = writer.write_record(columns.keys()).and_then(|()| writer.write_record(columns.values()));
    written.map_err(|error| error.to_string())?;
    let bytes = writer.into_inner().map_err(|error| error.to_string())?;
    let options = ListOptions {
        source: "tests".into(),
        apps: Vec::new(),
        extension_app: config.extension_app.clone(),
        types: AttributeTypes::default(),
    };
    let (snapshot, problems) =
        csv_reader::read(&bytes, &options, UnendedLine::Used).map_err(|error| format!("the invitation: {error}"))?;
    match problems.iter().find(|problem| !problem.is_used()) {
        Some(problem) => Err(format!("the invitation {}", problem.problem)),
        None => Ok(snapshot),
    }
}

/// The difference, line by line: `-` what was expected, `+` what was decided. Empty if there is none.
fn difference(test: &PolicyTest, rehearsal: &Rehearsal) -> String {
    let (expect, last) = (&test.expect, rehearsal.last());
    let shown = ShownDecision::of(&last.decided.decision);
    let mut lines = String::new();
    let mut line = |key: &str, expected: &str, actual: &str| {
        if expected != actual {
            let _ = write!(lines, "  - {key} = {expected:?}\n  + {key} = {actual:?}\n");
        }
    };
    if test.hook == TestHook::Submit && rehearsal.submit.is_none() {
        line("hook", "submit", "start, where the person is refused");
    }
    line("action", action(expect.action).name(), last.decided.decision.action().name());
    if let Some(reason) = expect.reason {
        line("reason", reason.name(), last.decided.reason.name());
    }
    if let Some(reported) = expect.reported {
        let found = last.decided.reported.map_or("(nothing)", ActionKind::name);
        line("reported", action(reported).name(), found);
    }
    if let Some(title) = &expect.title {
        line("title", title, shown.title.unwrap_or_default());
    }
    if let Some(message) = &expect.message {
        line("message", message, shown.message.unwrap_or_default());
    }
    if let Some(errors) = &expect.errors {
        let found = |name: &AttributeName| shown.errors.iter().find(|(known, _)| known.is(name.as_str()));
        for (name, text) in errors {
            line(&format!("errors.{}", name.short()), text, found(name).map_or("(none)", |(_, text)| text));
        }
        for (name, text) in &shown.errors {
            if !errors.keys().any(|known| known.is(name.as_str())) {
                line(&format!("errors.{}", name.short()), "(none)", text);
            }
        }
    }
    for (name, value) in &expect.values {
        let found = shown.values.and_then(|values| values.iter().find(|(known, _)| known.is(name.as_str())));
        let found = found.map_or_else(|| "(none)".to_owned(), |(_, value)| value.to_text());
        line(&format!("values.{}", name.short()), &value.to_text(), &found);
    }
    lines.trim_end().to_owned()
}

fn action(action: TestAction) -> ActionKind {
    match action {
        TestAction::Continue => ActionKind::Continue,
        TestAction::Prefill => ActionKind::Prefill,
        TestAction::Modify => ActionKind::Modify,
        TestAction::Reject => ActionKind::Reject,
        TestAction::Refuse => ActionKind::Refuse,
    }
}

/// The parts of a decision that the person sees.
#[derive(Default)]
struct ShownDecision<'a> {
    title: Option<&'a str>,
    message: Option<&'a str>,
    errors: Vec<(&'a AttributeName, &'a str)>,
    values: Option<&'a AttributeValues>,
}

impl<'a> ShownDecision<'a> {
    fn of(decision: &'a Decision) -> Self {
        match decision {
            Decision::Start(StartDecision::Refuse(page)) | Decision::Submit(SubmitDecision::Refuse(page)) => {
                let Page { title, text } = page;
                Self { title: title.as_deref(), message: Some(text), ..Self::default() }
            }
            Decision::Start(StartDecision::Prefill(values)) | Decision::Submit(SubmitDecision::Modify(values)) => {
                Self { values: Some(values), ..Self::default() }
            }
            Decision::Submit(SubmitDecision::Reject { message, errors }) => Self {
                message: Some(message),
                errors: errors.iter().map(|(name, text)| (name, text.as_str())).collect(),
                ..Self::default()
            },
            Decision::Start(StartDecision::Continue) | Decision::Submit(SubmitDecision::Continue) => Self::default(),
        }
    }
}
