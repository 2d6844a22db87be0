//! `explain` and `[[tests]]` play the part of Entra: they say what the service does.

use std::collections::BTreeMap;
use std::path::Path;

use guestlist_emulator::sign_up::{EmptyFields, Event, Form, Kind, Person};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::{RngAlgorithm, TestError, TestRng, TestRunner};
use serde_json::{Map, Value, json};

use crate::support::config::{BETA, Config};
use crate::support::function_app::{committed, project, said};
use crate::support::service::{Service, ext};
use crate::support::with_codes;

/// The seed of the sign-ups that are played.
const SEED: [u8; 32] = *b"what explain says, the hooks do.";
const CASES: u32 = 48;

/// A policy has some of these rules, in this order.
const RULES: [&str; 12] = [
    "attribute = \"displayName\"\nnormalise = [\"collapse\"]\nrequired = true",
    "attribute = \"displayName\"\nrequired = \"if-asked\"\nmax_length = 10",
    "attribute = \"country\"\none_of = [\"AU\", \"NZ\"]",
    "attribute = \"country\"\nrequired = true",
    "attribute = \"jobTitle\"\nnormalise = [\"trim\", \"upper\"]\nmin_length = 3",
    "attribute = \"ext.Vip\"\nrequired = true",
    "attribute = \"ext.Seats\"\nmin = 5",
    "attribute = \"state\"\nwhen = \"attributes.country == 'AU' && attributes.state == ''\"",
    "when = \"invite['ext.Seats'] > 3 && !attributes.ext.Vip\"\nmessage = \"field-invalid\"",
    "when = \"attributes.jobTitle == 'Editor'\"\noutcome = \"block\"",
    "when = \"attributes.ext.Seats > invite['ext.Seats']\"\nmessage = \"field-invalid\"",
    "attribute = \"postalCode\"\nrequired = true\nwhen = \"attributes.ext.Vip\"",
];

/// What a policy fills in of its own.
const PREFILL: [&str; 5] = [
    "country = \"AU\"",
    "displayName = \"{{ invite.name }}\"",
    "\"ext.Vip\" = \"{{ 'yes' if invite.name else 'no' }}\"",
    "\"ext.Seats\" = 4",
    "jobTitle = \"{{ invite.jobTitle | upper }}\"",
];

/// What a person may type, as `--attribute` takes it.
const TYPED: [&str; 11] = [
    "displayName=Jo  Bradford",
    "displayName=",
    "country=NZ",
    "country=",
    "state=VIC",
    "jobTitle=Editor",
    "jobTitle= x ",
    "postalCode=3000",
    "ext.Vip:=true",
    "ext.Seats:=40",
    "ext.Seats:=3",
];

const INVITES: &str = "email,name,jobTitle,ext.Vip,ext.Seats\n\
    alex@fabrikam.com,Alex Fabrikam,Engineer,yes,4\nsam@fabrikam.com,,Editor,,9\nkim@fabrikam.com,Kim,,perhaps,many\n";

/// A policy, somebody, and what they do.
#[derive(Debug, Clone)]
struct SignUp {
    policy: Config,
    address: &'static str,
    typed: BTreeMap<String, Value>,
    empty_fields: EmptyFields,
}

fn sign_ups() -> impl Strategy<Value = SignUp> {
    let people = ["alex@fabrikam.com", "sam@fabrikam.com", "kim@fabrikam.com", "ada@contoso.com", "jo@example.org"];
    let parts = (
        select(vec!["open", "invite-only"]),
        select(vec!["enforce", "report"]),
        subsequence(PREFILL.to_vec(), 0..=PREFILL.len()),
        subsequence(RULES.to_vec(), 0..=6),
        select(people.to_vec()),
        subsequence(TYPED.to_vec(), 0..=5),
        select(vec![EmptyFields::Null, EmptyFields::LeftOut]),
    );
    parts.prop_map(|(gate, mode, prefill, rules, address, typed, empty_fields)| {
        let rules = rules.into_iter().flat_map(|rule| ["[[policies.rules]]\n", rule, "\n"]).collect::<String>();
        // Whether the event lists a field that was left empty matters to `if-asked` only.
        let empty_fields = if rules.contains("if-asked") { EmptyFields::Null } else { empty_fields };
        let policy = Config::from(BETA).and(format!(
            "[tenant.attributes]\n\"ext.Vip\" = \"boolean\"\n\"ext.Seats\" = \"int64\"\n\
             [[policies]]\nname = \"default\"\ngate = {gate:?}\nmode = {mode:?}\nallow = [\"@contoso.com\"]\n\
             prefill = {{ {} }}\n{rules}",
            prefill.join(", ")
        ));
        SignUp { policy, address, typed: typed.into_iter().map(typed_value).collect(), empty_fields }
    })
}

/// The attribute and the value that `--attribute` means.
fn typed_value(written: &str) -> (String, Value) {
    let (name, value) = written.split_once('=').unwrap();
    match name.strip_suffix(':') {
        Some(name) => (name.to_owned(), value.parse().unwrap()),
        None => (name.to_owned(), json!(value)),
    }
}

/// What is compared: the hook, the reason, and the action, with a word for the support code.
#[derive(Debug, PartialEq)]
struct Outcome {
    hook: String,
    reason: String,
    action: String,
}

fn outcome(hook: &str, said: &Value, answer: &Value, case: &SignUp) -> Outcome {
    let word = |name: &str| said[name].as_str().unwrap_or_default();
    let mut action = answer["data"]["actions"][0].clone();
    if case.empty_fields == EmptyFields::LeftOut && action["attributeErrors"].is_object() {
        // The text above the form names what the event did not list, and `explain` lists it.
        action["message"].take();
    }
    let action = action.to_string().replace(word("support_code"), "SUPPORT-CODE");
    Outcome { hook: hook.to_owned(), reason: word("reason").to_owned(), action }
}

/// The person goes through the hooks, with a form that has every field there is.
async fn served(service: &Service, case: &SignUp) -> Outcome {
    let mut sign_up = service.sign_up(Person::email_otp(case.address));
    let texts = ["displayName", "country", "state", "jobTitle", "postalCode"];
    let page = texts.iter().fold(Form::new(), |page, name| page.text(name));
    sign_up.form = page.boolean(&ext("Vip")).field(&ext("Seats"), Kind::Integer);
    sign_up.empty_fields = case.empty_fields;
    let start = service.call(Event::Start, &sign_up.start()).await;
    let outcome_of = |hook, answer: &Value| outcome(hook, service.logged("decision").last().unwrap(), answer, case);
    if start.action_name() == "showBlockPage" {
        return outcome_of("start", &start.json());
    }
    let prefilled = start.action()["inputs"].as_object().cloned().unwrap_or_default();
    sign_up.form.fill(&prefilled);
    let full = |name: &String| name.strip_prefix("ext.").map_or_else(|| name.clone(), ext);
    let typed: Map<String, Value> = case.typed.iter().map(|(name, value)| (full(name), value.clone())).collect();
    sign_up.form.fill(&typed);
    let submit = service.call(Event::Submit, &sign_up.submit()).await;
    outcome_of("submit", &submit.json())
}

/// The same by `explain`, in the folder of the service.
async fn explained(folder: &Path, case: &SignUp) -> Outcome {
    let attribute = |(name, value): (&String, &Value)| match value.as_str() {
        Some(text) => format!("--attribute={name}={text}"),
        None => format!("--attribute={name}:={value}"),
    };
    let typed: Vec<String> = case.typed.iter().map(attribute).collect();
    let mut arguments = vec!["explain", case.address, "--submit", "--json"];
    arguments.extend(typed.iter().map(String::as_str));
    let (_, out, err) = said(folder, &arguments, &[]).await;
    let json: Value = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out} {err}"));
    outcome(json["hook"].as_str().unwrap(), &json, &json["answer"], case)
}

#[test]
fn what_explain_says_is_what_the_service_does() {
    let config =
        ProptestConfig { cases: CASES, failure_persistence: None, max_shrink_iters: 64, ..ProptestConfig::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &SEED));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let played = runner.run(&sign_ups(), |case| {
        runtime.block_on(async {
            let service = with_codes::service(case.policy.clone(), INVITES).await;
            let served = served(&service, &case).await;
            prop_assert_eq!(explained(service.folder.path(), &case).await, served);
            Ok(())
        })
    });
    if let Err(TestError::Fail(why, case)) = played {
        panic!("seed {SEED:?}: {why}\n{}\n{} types {:?}", case.policy, case.address, case.typed);
    }
}

/// The sample, with its list.
fn sample() -> tempfile::TempDir {
    let folder = project(committed("guestlist.toml"));
    std::fs::write(folder.path().join("invites.csv"), committed("invites.csv")).unwrap();
    folder
}

#[tokio::test]
async fn the_samples_own_invited_person_is_admitted() {
    let folder = sample();
    let explained = async |attribute| {
        let arguments = ["explain", "alex@fabrikam.com", "--attribute", attribute];
        said(folder.path(), &arguments, &[]).await.1
    };
    let said = explained("postalCode=3000").await;
    assert!(said.starts_with("alex@fabrikam.com: admitted, invitation\n"), "{said}");
    let said = explained("displayName=").await;
    assert!(said.starts_with("alex@fabrikam.com: rejected, rules\n") && said.contains("Tell us your name."), "{said}");
}
