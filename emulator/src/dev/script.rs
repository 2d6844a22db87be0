//! The script: an uninvited, an invited and a corrected sign-up, two timer runs, and what the outside systems received.

use std::time::Duration;

use guestlist_emulator::host::Level;
use guestlist_emulator::sign_up::{Action, App, Edit, Exchange, Flow, Form, Outcome, Person, edit};
use guestlist_emulator::systems::OutsideSystem;
use guestlist_emulator::systems::script::{ALEX, SAM};
use guestlist_emulator::tenant::Account;
use serde_json::{Map, Value, json};

use super::checks::Checks;
use super::one_line;
use super::people::{NEWSLETTER, form, form_without_display_name, typed};
use super::received;
use super::sandbox::Sandbox;
use super::screen::{Screen, chain};

const TIMER: &str = "UpdateNewAccounts";
/// The budget of the sample configuration, and 50 ms that an answer may take beyond it.
const BUDGET: Duration = Duration::from_millis(850);

/// Plays the script. True if every expectation held.
pub(crate) async fn play(sandbox: &Sandbox, screen: &Screen) -> bool {
    let mut script =
        Script { sandbox, screen: screen.clone(), checks: Checks::new(screen.clone()), slowest: Duration::ZERO };
    screen.dim(format_args!("guestlist answered {} ms after its start", sandbox.host.startup().as_millis()));
    script.uninvited().await;
    script.invited().await;
    script.corrected().await;
    script.accounts().await;
    received::show(sandbox, screen, &mut script.checks);
    let slowest = script.slowest;
    script.checks.expect("every hook answered within its budget", slowest <= BUDGET, slowest);
    let all_held = script.checks.conclude();
    if !all_held {
        script.show_warnings();
    }
    all_held
}

struct Script<'s> {
    sandbox: &'s Sandbox,
    screen: Screen,
    checks: Checks,
    slowest: Duration,
}

impl Script<'_> {
    async fn uninvited(&mut self) {
        self.screen.title("1. Someone who is not invited");
        let flow = self.sign_up("nobody@example.org", form(), Vec::new()).await;
        let (title, message) = match &flow.outcome {
            Outcome::Blocked { title, message } => (title.as_deref(), message.as_deref().unwrap_or_default()),
            _ => (None, ""),
        };
        let says_who = message.contains("nobody@example.org") && message.contains("Contoso Portal");
        self.checks.expect(
            "a block page that says whom and where",
            title == Some("By invitation only") && says_who,
            &flow.outcome,
        );
        let users = self.sandbox.tenant.directory().users().len();
        self.checks.equal("no account", &users, &0);
    }

    async fn invited(&mut self) {
        self.screen.title("2. Someone who is invited");
        let edits = vec![typed("Alex", "Fabrikam", "3000", true)];
        let flow = self.sign_up(ALEX, form(), edits).await;
        let expected = [("country", "AU"), ("displayName", "Alex Fabrikam"), ("jobTitle", "Engineer")];
        self.prefilled(&flow, &expected);
        let last = flow.submits.last().and_then(action);
        self.checks.expect("the form passes", last == Some(&Action::Continue), last);
        self.created(&flow);
    }

    async fn corrected(&mut self) {
        self.screen.title("3. Someone who has to correct the form, in a flow that asks for no display name");
        let edits = vec![typed("Sam", "Fabrikam", "30x0", false), edit([("postalCode", json!(" 3000 "))])];
        let flow = self.sign_up(SAM, form_without_display_name(), edits).await;
        self.prefilled(&flow, &[("country", "AU"), ("jobTitle", "Editor")]);
        let first = flow.submits.first().and_then(action);
        let rejected = match first {
            Some(Action::ValidationError { attribute_errors, .. }) => {
                attribute_errors.keys().map(String::as_str).collect()
            }
            _ => Vec::new(),
        };
        self.checks.expect("the postal code is rejected, and nothing else", rejected == ["postalCode"], first);
        let second = flow.submits.get(1).and_then(action);
        let trimmed = Map::from_iter([("postalCode".to_owned(), json!("3000"))]);
        self.checks.expect("the blanks around it are removed", second == Some(&Action::Modify(trimmed)), second);
        self.created(&flow);
        let stored = self.user(SAM);
        let seen = ["postalCode", NEWSLETTER].map(|name| stored.get(name).cloned().unwrap_or_default());
        self.checks.equal("the account has them", &seen, &[json!("3000"), json!(false)]);
    }

    async fn accounts(&mut self) {
        let directory = self.sandbox.tenant.directory();
        directory.add(Account::made_by_administrator("helpdesk"));
        directory.add(Account::guest("visitor@partners.example.com"));
        self.screen.title("4. The timer, with an administrator's account and a guest beside the two new ones");
        self.fire("the timer succeeds").await;
        let before = self.writes();
        self.fire("so does a second run").await;
        let after = self.writes();
        self.checks.equal("the second run writes nothing again", &after, &before);
    }

    /// How often the outside systems and the directory were written to.
    fn writes(&self) -> (usize, usize) {
        let received = self.sandbox.tenant.systems().flat_map(OutsideSystem::received);
        (received.filter(|request| request.is_write).count(), self.sandbox.tenant.directory().patches().len())
    }

    async fn fire(&mut self, what: &str) {
        let result = self.sandbox.host.invoke_timer(TIMER).await;
        match &result {
            Ok(invocation) => {
                let time = invocation.duration.as_millis();
                self.screen.call(TIMER, &invocation.logs.join("\n       "), time);
            }
            Err(error) => self.screen.line(format_args!("  {TIMER}\n    -> {}", chain(error))),
        }
        let logged = result.as_ref().is_ok_and(|invocation| !invocation.logs.is_empty());
        self.checks.expect(what, logged, result.map(|invocation| invocation.logs));
    }

    /// Plays a sign-up and shows its calls.
    async fn sign_up(&mut self, address: &str, form: Form, edits: Vec<Edit>) -> Flow {
        let entra = &self.sandbox.entra;
        let sign_up = entra.begin(Person::email_otp(address), App::default(), form);
        let flow = entra.sign_up(sign_up, edits).await;
        for (sent, answer, milliseconds) in one_line::calls(&flow, address) {
            self.screen.call(&sent, &answer, milliseconds);
        }
        let calls = std::iter::once(&flow.start).chain(&flow.submits);
        self.slowest = calls.map(Exchange::duration).fold(self.slowest, Duration::max);
        flow
    }

    fn prefilled(&mut self, flow: &Flow, expected: &[(&str, &str)]) {
        let shown = flow.shown.clone().unwrap_or_default();
        let filled = expected.iter().all(|(name, value)| shown.get(name) == Some(&json!(value)));
        let names: Vec<&str> = expected.iter().map(|(name, _)| *name).collect();
        let what = format!("the form shows {}, though Start lists the address alone", names.join(", "));
        let listed = flow.start.sent.pointer("/data/userSignUpInfo/attributes").and_then(Value::as_object);
        let alone = listed.is_some_and(|listed| listed.keys().eq(["EmailAddress"]));
        self.checks.expect(&what, filled && alone, (&flow.start.sent, &flow.start.result));
    }

    fn created(&mut self, flow: &Flow) {
        let created = matches!(flow.outcome, Outcome::Created { .. });
        self.checks.expect("the account is created", created, &flow.outcome);
    }

    fn user(&self, address: &str) -> Map<String, Value> {
        self.sandbox.tenant.directory().user_with_address(address).unwrap_or_default()
    }

    /// Shows the product's warnings and errors, which may say why an expectation failed.
    fn show_warnings(&self) {
        let lines = self.sandbox.host.logs();
        for line in lines.iter().filter(|line| line.level != Level::Information) {
            self.screen.dim(&line.text);
        }
    }
}

fn action(exchange: &Exchange) -> Option<&Action> {
    exchange.result.as_ref().ok().map(|accepted| &accepted.action)
}
