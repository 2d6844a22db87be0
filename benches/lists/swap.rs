//! What people notice of a list that is swapped while hooks come in.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use guestlist::app::App;
use guestlist::clock::SystemClock;
use guestlist::config::{self, Environment};
use guestlist::server;
use guestlist_emulator::Tenant;
use guestlist_emulator::sign_up::{self, Form, Person, SignUp};
use tokio::runtime::Runtime;

use super::measure::percentile;

/// How many hooks come in a second: the most that Entra sends for a tenant.
const HOOKS: u64 = 200;

/// The time between two of them.
const PAUSE: Duration = Duration::from_micros(1_000_000 / HOOKS);

/// What no answer may take because of a swap.
const SLOW: Duration = Duration::from_millis(5);

/// How often the list is swapped.
const SWAPS: u64 = 5;

/// The longest time to wait for a swap.
const LIMIT: Duration = Duration::from_mins(1);

/// The table of the answers before a swap and during it.
pub(crate) fn table(list: &Path) -> String {
    let runtime = Runtime::new().unwrap();
    let (mut quiet, mut swapping) = answers(&runtime, list);
    let row = |what: &str, times: &mut [Duration]| {
        let [half, most, all] = [50, 99, 100].map(|percent| percentile(times, percent));
        let slow = times.iter().filter(|took| **took > SLOW).count();
        format!("| {what} | {} | {half:.2?} | {most:.2?} | {all:.2?} | {slow} |", times.len())
    };
    format!(
        "| hooks at {HOOKS} a second, a list of a million lines with three columns | answers | p50 | p99 | slowest | above {SLOW:?} |\n\
         | --- | ---: | ---: | ---: | ---: | ---: |\n{}\n{}\n\n\
         In process, the token remembered, from handing the request to the runtime until its answer is there. A thread \
         of its own hands over a request every {PAUSE:?}. The list is replaced {SWAPS} times by a rename; an answer is \
         during the swap if it began between the rename and a second after the first answer by the new list, so reading \
         the list and freeing the old one fall into it. Slow answers in the first row are the machine's: other programs \
         use its processors.",
        row("list not touched", &mut quiet),
        row("during a swap", &mut swapping),
    )
}

/// The service in this process, before an emulated tenant.
struct Service {
    routes: server::Router,
    token: String,
    event: String,
}

impl Service {
    /// Asks a hook, and says when it answered and whether it admits.
    async fn ask(&self, address: &str) -> (Instant, bool) {
        let request = Request::post("/api/OnAttributeCollectionStart")
            .header("authorization", format!("Bearer {}", self.token))
            .body(Body::from(self.event.replace("person77777@fabrikam.com", address)))
            .unwrap();
        let answer = self.routes.answer(request).await;
        let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        (Instant::now(), !String::from_utf8_lossy(&body).contains("showBlockPage"))
    }

    async fn warm_up(&self) {
        for _ in 0..1000 {
            if self.ask("person77777@fabrikam.com").await.1 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the service does not become ready");
    }
}

/// Asks at the rate until an answer admits and `least` has passed, and for a second more. Returns how long each answer
/// took.
fn ask_until_admitted(runtime: &Runtime, service: &Arc<Service>, address: &str, least: Duration) -> Vec<Duration> {
    let (answered, answers) = channel();
    let (began, mut admitted_at, mut times) = (Instant::now(), None, Vec::new());
    let mut due = began;
    while admitted_at.is_none_or(|at: Instant| at.elapsed() < Duration::from_secs(1)) {
        due += PAUSE;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let (service, address, answered) = (Arc::clone(service), address.to_owned(), answered.clone());
        let asked = Instant::now();
        runtime.spawn(async move {
            let (at, admitted) = service.ask(&address).await;
            answered.send((at - asked, admitted)).unwrap();
        });
        for (took, admitted) in answers.try_iter() {
            times.push(took);
            if admitted && admitted_at.is_none() && began.elapsed() >= least {
                admitted_at = Some(Instant::now());
            }
        }
        assert!(began.elapsed() < LIMIT, "the list is not swapped");
    }
    drop(answered);
    times.extend(answers.iter().map(|(took, _)| took));
    times
}

/// The times of answers while the list is not touched, and while it is swapped.
fn answers(runtime: &Runtime, list: &Path) -> (Vec<Duration>, Vec<Duration>) {
    let tenant = runtime.block_on(Tenant::start_default()).unwrap();
    let folder = list.parent().unwrap();
    let app = start(runtime, &tenant, folder);
    let form = Form::new().text("displayName").text("country").text("city");
    let person = Person::email_otp("person77777@fabrikam.com");
    let service = Arc::new(Service {
        routes: server::routes(&app),
        token: tenant.token().encode().unwrap(),
        event: SignUp::new(tenant.options(), person, sign_up::App::default(), form).start().to_string(),
    });
    runtime.block_on(service.warm_up());
    let (mut quiet, mut swapping) = (Vec::new(), Vec::new());
    for swap in 0..SWAPS {
        let newcomer = format!("newcomer{swap}@fabrikam.com");
        let new = folder.join("new.csv");
        std::fs::copy(list, &new).unwrap();
        let mut end = std::fs::OpenOptions::new().append(true).open(&new).unwrap();
        writeln!(end, "{newcomer},Jo,vip,2027-12-31").unwrap();
        quiet.extend(ask_until_admitted(runtime, &service, "person77777@fabrikam.com", Duration::from_secs(2)));
        std::fs::rename(&new, list).unwrap();
        swapping.extend(ask_until_admitted(runtime, &service, &newcomer, Duration::ZERO));
    }
    (quiet, swapping)
}

fn start(runtime: &Runtime, tenant: &Tenant, folder: &Path) -> App {
    let urls = tenant.urls();
    let text = format!(
        "[tenant]\nid = \"aaaabbbb-0000-cccc-1111-dddd2222eeee\"\n\
         endpoints = {{ login = \"{}\", ciam = \"{}\" }}\n\
         [hooks]\naudience = [\"99999999-2222-3333-4444-555555555555\"]\n\
         [[invites]]\nname = \"beta\"\nsource = \"invites.csv\"\nmax_bytes = 100000000\nrefresh = \"1s\"\n\
         [[policies]]\nname = \"default\"\ngate = \"invite-only\"\n",
        urls.login, urls.ciam
    );
    let file = folder.join("guestlist.toml");
    std::fs::write(&file, text).unwrap();
    let variables = BTreeMap::from([("GUESTLIST_CONFIG".to_owned(), file.display().to_string())]);
    let environment = Environment::new(variables);
    let config = config::load(&environment).unwrap_or_else(|invalid| panic!("{invalid}"));
    let app = App::try_new(config, 7071, Arc::new(SystemClock)).unwrap();
    let _entered = runtime.enter();
    app.start();
    app
}
