//! Every line of a full run, read for what must not be in it: addresses, names, secrets, tokens.

use guestlist_emulator::sign_up::{Event, Person, SignUp};
use guestlist_emulator::systems::mailchimp::Mailchimp;
use guestlist_emulator::tenant::{Account, Fault, Forgery, Route};
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::function_app::{LIST, PATIENCE};
use crate::support::stage::{HASH_KEY, Setting, Stage, unavailable};

/// The person on the list.
const INVITED: &str = "alex@fabrikam.com";
/// Others, with names that occur nowhere else.
const PEOPLE: [(&str, &str, &str); 4] = [
    ("zebediah.quist@fabrikam.com", "Zebediah", "Quistgaard"),
    ("wilhelmina.oxley@northwind.com", "Wilhelmina", "Oxleymoor"),
    ("thaddeus.brill@woodgrove.com", "Thaddeus", "Brillhart"),
    ("ottoline.vane@example.com", "Ottoline", "Vanekamp"),
];
/// The person whom most requests are about.
const WHO: &str = PEOPLE[0].0;
const GRAPH_SECRET: &str = "emulated~graph~secret";
const MAILCHIMP_KEY: &str = Mailchimp::API_KEY;

/// Words that must be in no line, in lower case.
fn forbidden() -> Vec<String> {
    let mut words = vec![GRAPH_SECRET.to_owned(), MAILCHIMP_KEY.to_owned(), "0123456789abcdef-us21".to_owned()];
    words.extend([HASH_KEY, INVITED, "alex@", "Alex Fabrikam", "Engineer", "nobody@"].map(str::to_owned));
    for (address, given_name, surname) in PEOPLE {
        let (local, _) = address.split_once('@').unwrap();
        words.extend([address, local, given_name, surname].map(str::to_owned));
    }
    // In a field of the form.
    words.push("typed.by.mistake".to_owned());
    words.iter().map(|word| word.to_lowercase()).collect()
}

/// Parts of tokens of either kind begin with the encoded `{"`.
fn has_token(line: &str) -> bool {
    let long = |part: &&str| part.len() > 20 && part.starts_with("eyJ");
    line.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_').any(|part| long(&part))
}

fn assert_clean<'t>(texts: impl IntoIterator<Item = &'t String>) {
    let forbidden = forbidden();
    for text in texts {
        let lower = text.to_lowercase();
        for word in &forbidden {
            assert!(!lower.contains(word), "{word}\n{text}");
        }
        assert!(!has_token(text), "{text}");
        // An address in another form would still have its @.
        assert!(!text.contains('@') && !lower.contains("%40"), "{text}");
    }
}

/// What the process wrote up to now.
fn written(stage: &Stage) -> Vec<String> {
    stage.lines().into_iter().map(|line| line.text).collect()
}

fn sign_up(stage: &Stage, address: &str) -> SignUp {
    stage.sign_up(Person::email_otp(address))
}

/// Start and Submit of somebody, with an address in a field where none belongs.
async fn signs_up(stage: &Stage, address: &str) {
    let sign_up = sign_up(stage, address);
    stage.entra.call(Event::Start, sign_up.start()).await;
    let mut submit = sign_up.submit();
    let attributes = &mut submit["data"]["userSignUpInfo"]["attributes"];
    attributes["displayName"]["value"] = json!("Zebediah Quistgaard");
    attributes["postalCode"]["value"] = json!("typed.by.mistake@fabrikam.com");
    stage.entra.call(Event::Submit, submit.clone()).await;
    submit["data"]["userSignUpInfo"]["attributes"].as_object_mut().unwrap().remove("postalCode");
    stage.entra.call(Event::Submit, submit).await;
}

/// Malformed bodies, one for each check, each with an address inside.
async fn malformed(stage: &Stage) {
    let token = stage.entra.token().encode().unwrap();
    let good = sign_up(stage, WHO).start();
    let text = good.to_string();
    let with = |members: &[&str]| {
        let mut event = good.clone();
        for member in members {
            *event.pointer_mut(member).unwrap() = json!(WHO);
        }
        event.to_string()
    };
    let context = "/data/authenticationContext";
    let of_context = ["correlationId", "clientServicePrincipal/appId", "client/locale"];
    let of_context = of_context.map(|member| format!("{context}/{member}"));
    let bodies = [
        text.chars().take(text.len() / 2).collect(),
        format!("<event><email>{WHO}</email></event>"),
        format!("\"{WHO}\""),
        with(&["/data/tenantId"]),
        with(&["/type"]),
        with(&of_context.each_ref().map(String::as_str)),
        format!("{{\"email\":\"{WHO}\",\"filler\":\"{}\"}}", "x".repeat(300 * 1024)),
    ];
    for event in [Event::Start, Event::Submit] {
        for body in &bodies {
            stage.entra.post(event, body, Some(&token)).await.answer.unwrap();
        }
    }
}

/// Tokens with personal data, as a user's own token has them, each of which is refused for another reason.
async fn bad_tokens(stage: &Stage) {
    let body = sign_up(stage, WHO).start().to_string();
    let token = || stage.entra.token().claim("email", WHO).claim("preferred_username", WHO).claim("name", PEOPLE[0].2);
    let tokens = [
        token().forged(Forgery::TamperedClaims).encode().unwrap(),
        token().forged(Forgery::None).encode().unwrap(),
        token().encrypted(),
        token().claim("iss", format!("https://{WHO}/")).encode().unwrap(),
        token().claim("aud", WHO).encode().unwrap(),
        token().claim("azp", WHO).encode().unwrap(),
        token().claim("tid", WHO).encode().unwrap(),
        token().claim("ver", WHO).encode().unwrap(),
        token().header("alg", WHO).encode().unwrap(),
        token().header("kid", WHO).encode().unwrap(),
        token().claim("exp", WHO).encode().unwrap(),
        format!("{}@{WHO}", token().encode().unwrap()),
    ];
    for bad in &tokens {
        assert_eq!(stage.entra.post(Event::Start, &body, Some(bad)).await.answer.unwrap().status, 401);
    }
}

/// Failures of outside systems, whose answers quote the person.
fn quoting_failures() -> Vec<(Route, Fault)> {
    let (address, given_name, surname) = PEOPLE[0];
    let message = format!("Invalid value '{given_name} {surname}' for {address} (user {given_name}@x).");
    let secrets = format!("{message} {GRAPH_SECRET} {MAILCHIMP_KEY} eyJhbGciOiJSUzI1NiJ9abcdef");
    let graph = json!({ "error": { "code": "Request_BadRequest", "message": message } });
    let oauth = json!({ "error": "invalid_client", "error_description": secrets, "error_codes": [7_000_215] });
    let field = json!({ "field": address, "message": message });
    let problem = json!({ "title": "Invalid Resource", "status": 400, "detail": secrets, "errors": [field] });
    let target = json!({ "id": "r", "targetResources": [{ "type": "User", "id": address }] });
    let answer = |status: u16, body: &Value| Fault::Answer {
        status,
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: body.to_string(),
    };
    vec![
        (Route::GraphToken, answer(400, &oauth)),
        (Route::DirectoryAudits, answer(400, &graph)),
        (Route::DirectoryAudits, answer(200, &json!({ "value": [graph, target] }))),
        (Route::GetUser, answer(400, &graph)),
        (Route::GetUser, unavailable(&graph)),
        (Route::GetUser, answer(200, &json!([address]))),
        (Mailchimp::PUT_MEMBER, unavailable(&problem)),
        (Route::PatchUser, unavailable(&graph)),
        (Mailchimp::PUT_MEMBER, answer(401, &problem)),
        (Route::PatchUser, answer(403, &graph)),
        (Mailchimp::PUT_MEMBER, answer(400, &problem)),
        (Route::PatchUser, answer(400, &graph)),
    ]
}

/// A run for each failure, each with a new account. Returns what the runs answered.
async fn failing_runs(stage: &Stage) -> Vec<String> {
    let faults = stage.tenant.faults();
    let mut answers = Vec::new();
    for (number, (route, fault)) in quoting_failures().into_iter().enumerate() {
        let (address, given_name, surname) = PEOPLE[number % PEOPLE.len()];
        stage.joins(address, given_name, surname);
        faults.set(route, fault);
        answers.push(format!("{:?}", stage.fire().await));
        faults.clear(route);
        if route == Route::GraphToken {
            // A refusal is remembered for a few seconds by the process that met it.
            stage.host.restart().await.unwrap();
        }
    }
    stage.tenant.system::<Mailchimp>().put_in_compliance(PEOPLE[2].0);
    stage.tenant.system::<Mailchimp>().add(LIST, PEOPLE[2].0, "cleaned");
    answers.push(format!("{:?}", stage.fire().await));
    answers
}

#[rstest]
#[tokio::test]
async fn no_line_of_a_full_run_has_an_address_a_name_a_secret_or_a_token(#[values("info", "debug")] level: &str) {
    let stage = Setting::default().set("GUESTLIST__TELEMETRY__LEVEL", level).start().await;
    for address in [INVITED, "nobody@example.org", WHO] {
        signs_up(&stage, address).await;
    }
    malformed(&stage).await;
    bad_tokens(&stage).await;
    stage.tenant.directory().add(Account::guest("visitor.zebediah@fabrikam.com"));
    assert_clean(&failing_runs(&stage).await);
    stage.settle().await;
    stage.host.terminate(PATIENCE).await.unwrap();
    stage.events_after("stopped", 1).await;
    assert_clean(&written(&stage));
    // The expected events were written.
    let event = |line: &String| serde_json::from_str::<Value>(line).ok()?["event"].as_str().map(str::to_owned);
    let seen: Vec<String> = written(&stage).iter().filter_map(event).collect();
    let hooks = ["decision", "malformed", "unauthenticated", "refused-request", "rule-skipped"];
    let runs = ["attempt-failed", "run-failed", "audit-record-unreadable", "connector-result", "connector-not-set-up"];
    let accounts = ["account-found", "account-skipped", "account-abandoned"];
    let of_debug = if level == "debug" { &["trace", "outbound"][..] } else { &[] };
    let expected = [&hooks[..], &runs, &accounts, of_debug].concat();
    assert!(expected.iter().all(|event| seen.iter().any(|own| own == event)), "{seen:?}");
}

#[tokio::test]
async fn no_line_about_missing_secrets_or_missing_keys_says_more_than_their_names() {
    let setting = Setting::default().unset("GUESTLIST_GRAPH_SECRET").unset("GUESTLIST_HASH_KEY");
    let tenant = setting.tenant().await;
    for route in [Route::CiamKeys, Route::LoginKeys] {
        let body = format!("<html>{WHO}</html>");
        tenant.faults().set(route, Fault::Answer { status: 200, headers: Vec::new(), body });
    }
    let stage = setting.start_before(tenant).await;
    signs_up(&stage, WHO).await;
    let _ = stage.fire().await;
    stage.settle().await;
    assert_clean(&written(&stage));
    assert!(!stage.events("failure-action").is_empty() && !stage.events("run-failed").is_empty());
}

/// The hash under which a sign-up of that address is logged.
async fn hash(stage: &Stage, address: &str) -> String {
    let before = stage.events("decision").len();
    let sign_up = sign_up(stage, address);
    stage.entra.call(Event::Start, sign_up.start()).await;
    let line = stage.events_after("decision", before + 1).await.pop().unwrap();
    assert_eq!(line["correlation_id"], sign_up.correlation_id.as_str());
    let hash = line["address"].as_str().unwrap().to_owned();
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    assert!(hash.len() == 16 && hash.bytes().all(is_digit), "{hash}");
    hash
}

#[tokio::test]
async fn an_address_has_the_same_hash_after_a_restart_if_a_key_is_set_and_another_one_if_not() {
    let keyed = Setting::default().start().await;
    let before = hash(&keyed, INVITED).await;
    assert_eq!(hash(&keyed, " ALEX@fabrikam.com").await, before);
    assert_ne!(hash(&keyed, "nobody@example.org").await, before);
    keyed.host.restart().await.unwrap();
    assert_eq!(hash(&keyed, INVITED).await, before);
    let keyless = Setting::default().unset("GUESTLIST_HASH_KEY").start().await;
    let random = hash(&keyless, INVITED).await;
    assert_eq!(hash(&keyless, INVITED).await, random);
    keyless.host.restart().await.unwrap();
    assert_ne!(hash(&keyless, INVITED).await, random);
    assert_ne!(random, before);
}
