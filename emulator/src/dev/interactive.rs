//! The interactive mode: it says what to try, and runs until Ctrl-C. A helper server gives tokens and events, plays
//! sign-ups, fires the timer and shows what was received.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use guestlist_emulator::sign_up::{App, Edit, Person, SignUp};
use guestlist_emulator::tenant::{KeyError, Patch};
use serde_json::{Map, Value, json};

use super::DevError;
use super::one_line;
use super::people::{NEWSLETTER, form, typed};
use super::sandbox::Sandbox;
use super::screen::Screen;

type Parameters = Query<HashMap<String, String>>;

/// Runs the helper server until Ctrl-C.
pub(crate) async fn run(sandbox: Sandbox, screen: &Screen) -> Result<(), DevError> {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.map_err(DevError::Listen)?;
    let address = listener.local_addr().map_err(DevError::Listen)?;
    introduce(&sandbox, &format!("http://{address}"), screen);
    let sandbox = Arc::new(sandbox);
    let router = Router::new()
        .route("/token", get(token))
        .route("/event", get(event))
        .route("/sign-up", post(sign_up))
        .route("/timer", post(timer))
        .route("/received", get(received))
        .with_state(Arc::clone(&sandbox));
    tokio::select! {
        ended = axum::serve(listener, router) => ended.map_err(DevError::Listen)?,
        pressed = tokio::signal::ctrl_c() => pressed.map_err(DevError::Listen)?,
    }
    // The product may have received Ctrl-C too, and have ended.
    let _ = sandbox.host.terminate(Duration::from_secs(3)).await;
    Ok(())
}

fn introduce(sandbox: &Sandbox, dev: &str, screen: &Screen) {
    let urls = sandbox.tenant.urls();
    let host = sandbox.host.url();
    let start = |address: &str| {
        format!(
            "  curl -s '{dev}/event?email={address}' | curl -s {host}/api/OnAttributeCollectionStart \\\n    -H \"Authorization: Bearer $(curl -s {dev}/token)\" -H 'Content-Type: application/json' -d @-"
        )
    };
    screen.title("guestlist runs in a tenant on this machine. Ctrl-C ends it.");
    screen.line(format_args!("  hooks      {host}/api/OnAttributeCollectionStart and …Submit"));
    screen.line(format_args!("  Entra      {} (login), {} (ciam)", urls.login, urls.ciam));
    screen.line(format_args!("  Graph      {}", urls.graph));
    for system in sandbox.tenant.systems() {
        screen.line(format_args!("  {:<9}  {}", system.name(), system.url()));
    }
    screen.line(format_args!("  state      {}", sandbox.state.path().display()));
    screen.title("Someone who is not invited, and someone who is:");
    screen.line(start("nobody@example.org"));
    screen.line(start("alex@fabrikam.com"));
    screen.title("A whole sign-up, with any field of the form:");
    screen.line(format_args!(
        "  curl -s -X POST '{dev}/sign-up?email=alex@fabrikam.com&postalCode=3000&newsletter=true'"
    ));
    screen.title("The timer that finds the new account, and what the outside systems received:");
    screen.line(format_args!("  curl -s -X POST {dev}/timer"));
    screen.line(format_args!("  curl -s {dev}/received\n"));
}

async fn token(State(sandbox): State<Arc<Sandbox>>) -> Result<String, (StatusCode, String)> {
    let failed = |error: KeyError| (StatusCode::INTERNAL_SERVER_ERROR, error.to_string());
    sandbox.entra.token().encode().map_err(failed)
}

/// A Start event.
async fn event(State(sandbox): State<Arc<Sandbox>>, Query(parameters): Parameters) -> Json<Value> {
    Json(begin(&sandbox, &parameters).0.start())
}

/// Plays a whole sign-up, and returns a line for each call and answer.
async fn sign_up(State(sandbox): State<Arc<Sandbox>>, Query(parameters): Parameters) -> String {
    let (sign_up, edit) = begin(&sandbox, &parameters);
    let who = sign_up.person.address.clone().unwrap_or_default();
    let flow = Box::pin(sandbox.entra.sign_up(sign_up, vec![edit])).await;
    let mut lines = String::new();
    for (sent, answer, milliseconds) in one_line::calls(&flow, &who) {
        let _ = writeln!(lines, "{sent}\n  -> {answer} ({milliseconds} ms)");
    }
    let _ = writeln!(lines, "{:?}", flow.outcome);
    lines
}

/// A sign-up by the parameters, and what the person types: any field by its name; without one, names are made from the
/// address.
fn begin(sandbox: &Sandbox, parameters: &HashMap<String, String>) -> (SignUp, Edit) {
    let address = parameters.get("email").map_or("nobody@example.org", String::as_str);
    let (local, domain) = address.split_once('@').unwrap_or((address, ""));
    let surname = domain.split('.').next().unwrap_or_default();
    let newsletter = parameters.get("newsletter").is_some_and(|value| value == "true");
    let mut edit = typed(&capitalised(local), &capitalised(surname), "3000", newsletter);
    let typed_fields = parameters.iter().filter(|(name, _)| name.as_str() != NEWSLETTER);
    edit.extend(typed_fields.map(|(name, value)| (name.clone(), json!(value))));
    (sandbox.entra.begin(Person::email_otp(address), App::default(), form()), edit)
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}

async fn timer(State(sandbox): State<Arc<Sandbox>>) -> Response {
    match sandbox.host.invoke_timer("UpdateNewAccounts").await {
        Ok(invocation) => format!("{}\n", invocation.logs.join("\n")).into_response(),
        Err(error) => (StatusCode::BAD_GATEWAY, format!("{error}\n")).into_response(),
    }
}

async fn received(State(sandbox): State<Arc<Sandbox>>) -> String {
    let directory = sandbox.tenant.directory();
    let patch = |patch: Patch| json!({ "user": patch.user, "body": patch.body, "status": patch.status });
    let mut all = Map::new();
    all.insert("users".to_owned(), json!(directory.users()));
    all.insert("patches".to_owned(), directory.patches().into_iter().map(patch).collect());
    for system in sandbox.tenant.systems() {
        let requests = system.received().into_iter().map(|request| request.details).collect();
        all.insert(system.name().to_lowercase(), requests);
    }
    format!("{:#}\n", Value::Object(all))
}
