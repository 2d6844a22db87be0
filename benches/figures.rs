//! What parts of the product take, in process: `cargo bench --bench figures`. docs/BENCHMARKS.md quotes it. Medians are
//! the numbers to read; machines differ, so compare runs of one machine only.
//!
//! `figures --hooks N` runs N Start hooks and nothing else, for a tool that counts instructions:
//! `valgrind --tool=callgrind target/release/deps/figures-… --hooks 2000`. What one hook takes, with its log line, is
//! the difference between two runs by the difference of their numbers. It is printed, never asserted.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a bench that cannot be set up has nothing to measure"
)]
#![expect(clippy::print_stdout, reason = "printing figures is what it is for")]

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::Request;
use divan::Bencher;
use guestlist::app::App;
use guestlist::clock::{Clock, SystemClock};
use guestlist::config::{self, Environment};
use guestlist::invites::csv_reader::{self, ListOptions};
use guestlist::invites::snapshot::Snapshot;
use guestlist::server;
use guestlist::signup::answer::{StartInput, SubmitInput};
use guestlist::signup::gate::{self, GateInput};
use guestlist::signup::identity::{AddressSource, EmailSource, FoundAddress};
use guestlist::signup::messages::{MessageContext, Messages};
use guestlist::signup::policy::{Gate, Policy};
use guestlist::signup::trace::Trace;
use guestlist::telemetry::{self, CapturedLines};
use guestlist::values::{self, AttributeName, AttributeTypes, AttributeValue, EmailMatch, FormField, Provenance};
use guestlist_emulator::Tenant;
use guestlist_emulator::sign_up::{self, Form, Person, SignUp};
use tokio::runtime::Runtime;
use tracing::level_filters::LevelFilter;
use worst::{worst, worst_form};

#[path = "figures/worst.rs"]
mod worst;

/// The product's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How many invitations the lists hold.
const INVITES: usize = 100_000;

/// How often the process is started.
const STARTS: usize = 50;

fn main() {
    let mut arguments = std::env::args().skip_while(|argument| argument != "--hooks").skip(1);
    if let Some(count) = arguments.next() {
        return run_hooks(count.parse().unwrap());
    }
    let binary = Path::new(env!("CARGO_BIN_EXE_guestlist"));
    println!("binary, stripped: {} KB", std::fs::metadata(binary).unwrap().len() / 1000);
    println!("{}", starts(binary));
    for (name, rules, form) in worst() {
        println!("{}", worst_form(name, rules, &form));
    }
    divan::main();
}

/// A list of that many addresses.
fn list(length: usize) -> String {
    let lines = (0..length).map(|number| format!("person{number}@fabrikam.com\n"));
    std::iter::once("email\n".to_owned()).chain(lines).collect()
}

/// A folder with a configuration and a list.
fn project(endpoints: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "[tenant]\nid = \"aaaabbbb-0000-cccc-1111-dddd2222eeee\"\n{endpoints}\n\
         [hooks]\naudience = [\"99999999-2222-3333-4444-555555555555\"]\n\
         [[invites]]\nname = \"beta\"\nsource = \"invites.csv\"\n\
         [[policies]]\nname = \"default\"\ngate = \"invite-only\"\nprefill = {{ country = \"AU\" }}\n"
    );
    std::fs::write(folder.path().join("guestlist.toml"), text).unwrap();
    std::fs::write(folder.path().join("invites.csv"), list(INVITES)).unwrap();
    folder
}

/// From spawning the process to the first byte of its answer to `GET /`, with the lists configured.
fn starts(binary: &Path) -> String {
    let folder = project("endpoints = { login = \"http://127.0.0.1:9\", ciam = \"http://127.0.0.1:9\" }");
    let mut times: Vec<Duration> = (0..STARTS).map(|_| start(binary, folder.path())).collect();
    times.sort();
    format!(
        "process start to first answer on GET /, {INVITES} invites configured: median {:?}, fastest {:?}, slowest {:?} of {STARTS}",
        times[STARTS / 2],
        times[0],
        times[STARTS - 1],
    )
}

fn start(binary: &Path, folder: &Path) -> Duration {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let began = Instant::now();
    let mut process = Command::new(binary)
        .current_dir(folder)
        .env("FUNCTIONS_CUSTOMHANDLER_PORT", port.to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let answered = loop {
        if answers(port) {
            break began.elapsed();
        }
        assert!(began.elapsed() < Duration::from_secs(10), "the process does not answer");
        std::thread::yield_now();
    };
    process.kill().unwrap();
    process.wait().unwrap();
    answered
}

fn answers(port: u16) -> bool {
    let Ok(mut connection) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else { return false };
    let asked = connection.write_all(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
    asked.is_ok() && connection.read(&mut [0; 16]).is_ok_and(|read| read > 0)
}

/// The service in this process, before an emulated tenant; ready, so that nothing is fetched while it is measured.
struct Service {
    runtime: Runtime,
    tenant: Tenant,
    routes: server::Router,
    event: String,
    _app: App,
    _folder: tempfile::TempDir,
}

static SERVICE: LazyLock<Service> = LazyLock::new(|| {
    let runtime = Runtime::new().unwrap();
    let tenant = runtime.block_on(Tenant::start_default()).unwrap();
    let urls = tenant.urls();
    let folder = project(&format!("endpoints = {{ login = \"{}\", ciam = \"{}\" }}", urls.login, urls.ciam));
    let file = folder.path().join("guestlist.toml").display().to_string();
    let environment = Environment::new(BTreeMap::from([("GUESTLIST_CONFIG".to_owned(), file)]));
    let config = config::load(&environment).unwrap_or_else(|invalid| panic!("{invalid}"));
    let app = App::try_new(config, 7071, Arc::new(SystemClock)).unwrap();
    let _entered = runtime.enter();
    app.start();
    let form = Form::new().text("displayName").text("country").text("city");
    let person = Person::email_otp("person77777@fabrikam.com");
    let event = SignUp::new(tenant.options(), person, sign_up::App::default(), form).start().to_string();
    let routes = server::routes(&app);
    let service = Service { runtime, tenant, routes, event, _app: app, _folder: folder };
    service.warm_up();
    service
});

impl Service {
    fn token(&self) -> String {
        self.tenant.token().claim("jti", next()).encode().unwrap()
    }

    fn request(&self, token: &str, address: &str) -> Request {
        let request =
            Request::post("/api/OnAttributeCollectionStart").header("authorization", format!("Bearer {token}"));
        request.body(Body::from(self.event.replace("person77777@fabrikam.com", address))).unwrap()
    }

    fn send(&self, request: Request) -> axum::http::StatusCode {
        self.runtime.block_on(self.routes.answer(request)).status()
    }

    /// Until keys and lists are there.
    fn warm_up(&self) {
        for _ in 0..1000 {
            let health = Request::get("/api/Health").body(Body::empty()).unwrap();
            if self.send(health).is_success() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("the service does not become ready");
    }
}

/// A number that was not there before: it makes a token fresh.
fn next() -> u64 {
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}

/// An invited person, and one who is not: what a refusal costs must not tell them apart.
const PEOPLE: [&str; 2] = ["person77777@fabrikam.com", "nobody@example.org"];

#[divan::bench(args = PEOPLE)]
fn start_hook_with_a_fresh_token(bencher: Bencher<'_, '_>, address: &str) {
    let service = &*SERVICE;
    bencher.with_inputs(|| service.request(&service.token(), address)).bench_values(|request| service.send(request));
}

#[divan::bench(args = PEOPLE)]
fn start_hook_with_a_remembered_token(bencher: Bencher<'_, '_>, address: &str) {
    let service = &*SERVICE;
    let token = service.token();
    bencher.with_inputs(|| service.request(&token, address)).bench_values(|request| service.send(request));
}

/// So many Start hooks of an invited person, each with its log line.
fn run_hooks(count: usize) {
    let lines = CapturedLines::default();
    let log = telemetry::subscriber(LevelFilter::INFO, lines.clone(), Arc::new(SystemClock));
    tracing::subscriber::set_global_default(log).unwrap();
    let token = SERVICE.token();
    for _ in 0..count {
        SERVICE.send(SERVICE.request(&token, PEOPLE[0]));
    }
    println!("{count} hooks, {} lines", lines.all().len());
}

static SNAPSHOT: LazyLock<Snapshot> = LazyLock::new(|| {
    let options =
        ListOptions { source: "beta".into(), apps: Vec::new(), extension_app: None, types: AttributeTypes::default() };
    csv_reader::read(list(INVITES).as_bytes(), &options, csv_reader::UnendedLine::Used).unwrap().0
});

/// The look-up in the list and the gate's decision.
#[divan::bench(args = PEOPLE)]
fn gate_over_100000_invites(bencher: Bencher<'_, '_>, address: &str) {
    let policy = Policy {
        allow: vec!["@contoso.com".parse().unwrap()],
        deny: vec!["@mailinator.com".parse().unwrap()],
        ..Policy::new("default", Gate::InviteOnly)
    };
    let app = values::App::default();
    let snapshot = &*SNAPSHOT;
    let now = SystemClock.now();
    bencher.bench(|| {
        let found = verified(divan::black_box(address));
        let invitations = snapshot.find(&found.address, EmailMatch::Exact);
        let gate_input =
            GateInput { policy: Some(&policy), address: Some(&found), invitations: &invitations, app: &app, now };
        gate::decide(&gate_input, &mut Trace::off()).reason()
    });
}

fn verified(address: &str) -> FoundAddress {
    FoundAddress {
        address: address.parse().unwrap(),
        provenance: Provenance::Verified,
        source: AddressSource::Event(EmailSource::Identity),
    }
}

/// A policy with these rules, for a tenant with custom attributes; `None`: `guestlist check` refuses it.
fn policy_with(rules: &str) -> Option<Policy> {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "[tenant]\nid = \"aaaabbbb-0000-cccc-1111-dddd2222eeee\"\n\
         extension_app_id = \"0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0\"\n\
         [hooks]\naudience = [\"99999999-2222-3333-4444-555555555555\"]\n\
         [[policies]]\nname = \"default\"\ngate = \"invite-only\"\nallow = [\"@contoso.com\"]\n\
         multi_select = [\"ext.Interests\"]\n{rules}"
    );
    let file = folder.path().join("guestlist.toml");
    std::fs::write(&file, text).unwrap();
    let variables = BTreeMap::from([("GUESTLIST_CONFIG".to_owned(), file.display().to_string())]);
    config::load(&Environment::new(variables)).ok()?.sign_up.policies.into_iter().next()
}

/// A policy with 20 rules, five of them with a condition across fields.
fn twenty_rules() -> Policy {
    let conditions = [
        "attributes.country == 'AU' && attributes.state == ''",
        "'press' in invite.tags && attributes.companyName == ''",
        "identity.provenance == 'verified' && attributes.ext.Age < 18",
        "client.locale.startsWith('de') && attributes.country != 'DE'",
        "size(attributes.ext.Interests) > 3 || attributes.ext.Newsletter && attributes.city == ''",
    ];
    let condition = |when: &&str| format!("[[policies.rules]]\nwhen = \"{when}\"\nattribute = \"city\"\n");
    let checks = (0..15).map(|number| {
        let attribute = ["givenName", "surname", "city", "postalCode", "jobTitle"][number % 5];
        let check = ["required = true", "pattern = \"[A-Za-z0-9 ]+\"", "max_length = 64"][number / 5];
        format!("[[policies.rules]]\nattribute = \"{attribute}\"\nnormalise = [\"trim\", \"collapse\"]\n{check}\n")
    });
    let rules: String = checks.chain(conditions.iter().map(condition)).collect();
    policy_with(&rules).unwrap()
}

/// A form that was filled in.
fn filled_in() -> values::Form {
    let field = |name: &str, value: AttributeValue| FormField {
        name: AttributeName::new(name),
        attribute_type: value.attribute_type(),
        value: Some(value),
    };
    let text = |value: &str| AttributeValue::String(value.to_owned());
    let ext = |name: &str| format!("extension_0f1e2d3c4b5a69788796a5b4c3d2e1f0_{name}");
    values::Form(vec![
        field("givenName", text(" Jo  Anne ")),
        field("surname", text("Bradford")),
        field("city", text("Leeds")),
        field("postalCode", text("2000 ")),
        field("jobTitle", text("Editor")),
        field("country", text("AU")),
        field("state", text("NSW")),
        field("companyName", text("Fabrikam")),
        field(&ext("Age"), AttributeValue::Int64(30)),
        field(&ext("Interests"), text("music,sport")),
        field(&ext("Newsletter"), AttributeValue::Boolean(true)),
    ])
}

/// The whole decision about a submitted form, from the address to the answer: gate, rules, texts.
fn decision(
    policy: &Policy,
    form: &values::Form,
    found: &FoundAddress,
    messages: &Messages,
    now: chrono::DateTime<chrono::Utc>,
) -> Vec<u8> {
    let (app, client) = (values::App::default(), values::Client::default());
    let mut trace = Trace::off();
    let gate_input = GateInput { policy: Some(policy), address: Some(found), invitations: &[], app: &app, now };
    let admission = gate::decide(&gate_input, &mut trace);
    let submit = SubmitInput {
        admission: &admission,
        code: None,
        form,
        client: &client,
        identities: &[],
        known_by: values::KnownBy::Submit,
        address: Some(found),
        messages,
        message_context: MessageContext { locale: "en", email: Some(&found.address), app: &app, correlation_id: None },
        now,
    };
    let submit_answer = submit.answer(Some(policy), &mut trace);
    serde_json::to_vec(&guestlist::entra::action::submit(&submit_answer.answer.decision)).unwrap()
}

/// That decision with 20 rules and five conditions. One address is admitted, the other refused.
#[divan::bench(args = ["ada@contoso.com", "ada@fabrikam.com"])]
fn decision_with_20_rules_and_5_conditions(bencher: Bencher<'_, '_>, address: &str) {
    let (policy, form, messages) = (twenty_rules(), filled_in(), Messages::default());
    let now = SystemClock.now();
    bencher.bench(|| decision(&policy, &form, &verified(divan::black_box(address)), &messages, now));
}

/// The decision at Start, from the address to the answer, over the list: what an uninvited person costs, and an invited
/// one.
#[divan::bench(args = PEOPLE)]
fn start_decision_over_100000_invites(bencher: Bencher<'_, '_>, address: &str) {
    let policy = Policy::new("default", Gate::InviteOnly);
    let (app, form, messages) = (values::App::default(), values::Form::default(), Messages::default());
    let (snapshot, looked_up, now) = (&*SNAPSHOT, values::AttributeValues::new(), SystemClock.now());
    bencher.bench(|| {
        let found = verified(divan::black_box(address));
        let mut trace = Trace::off();
        let invitations = snapshot.find(&found.address, EmailMatch::Exact);
        let gate_input =
            GateInput { policy: Some(&policy), address: Some(&found), invitations: &invitations, app: &app, now };
        let admission = gate::decide(&gate_input, &mut trace);
        let message_context =
            MessageContext { locale: "en", email: Some(&found.address), app: &app, correlation_id: None };
        let start = StartInput {
            admission: &admission,
            form: &form,
            looked_up: &looked_up,
            messages: &messages,
            message_context,
        };
        let start_answer = start.answer(Some(&policy), &mut trace);
        serde_json::to_vec(&guestlist::entra::action::start(&start_answer.decision)).unwrap()
    });
}
