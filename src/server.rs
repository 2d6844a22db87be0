//! The service: its routes, its start, its end.
//!
//! The listener is bound before anything slow happens, and on 127.0.0.1 only, where the host calls it. It speaks HTTP/1.1
//! only, which is what the host speaks. What a slow or silent client costs is bounded (`connection.rs`,
//! `connections.rs`).

mod activity;
mod body;
mod connection;
mod connections;
mod file_limit;
mod router;
mod stream;

use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::time::timeout;
use tracing::level_filters::LevelFilter;

use crate::app::App;
use crate::cli::USAGE;
use crate::clock::SystemClock;
use crate::config::{self, Config, Environment};
use crate::functions::health::health;
use crate::functions::on_attribute_collection_start::on_attribute_collection_start;
use crate::functions::on_attribute_collection_submit::on_attribute_collection_submit;
use crate::functions::update_new_accounts::update_new_accounts;
use crate::telemetry;
use connections::Connections;
use router::handler;

pub use router::Router;

/// How long open requests may take after the service was told to stop.
const GRACE: Duration = Duration::from_secs(10);

/// The routes. Public calls begin with `/api/`; calls of the host itself have the bare name of a function.
#[must_use]
pub fn routes(app: &App) -> Router {
    Router::default()
        .route("/api/onattributecollectionstart", handler(&app.hooks, on_attribute_collection_start))
        .route("/api/onattributecollectionsubmit", handler(&app.hooks, on_attribute_collection_submit))
        .route("/api/health", handler(&app.health, health))
        .route("/updatenewaccounts", handler(&app.timer, update_new_accounts))
        .route("/", handler(&Arc::new(()), front_page))
}

/// The answer to whoever asks whether anybody is there.
async fn front_page(_: State<Arc<()>>, _: Request) -> Response {
    "guestlist".into_response()
}

/// Runs the service until it is told to stop. The host restarts it if the exit code is not zero.
#[must_use]
pub fn run(environment: &Environment) -> ExitCode {
    if telemetry::init(LevelFilter::INFO).is_err() {
        return ExitCode::FAILURE;
    }
    let prepared = port(environment).and_then(|port| Ok((port, configuration(environment)?)));
    let (port, config) = match prepared {
        Ok(prepared) => prepared,
        Err(code) => return code,
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed("cannot start the runtime", &error),
    };
    let served = runtime.block_on(listen(config, port));
    // A task that does not end must not keep the process alive.
    runtime.shutdown_timeout(Duration::from_secs(1));
    served
}

/// The port that the host chose; 3000 if the binary is started by hand.
fn port(environment: &Environment) -> Result<u16, ExitCode> {
    let name = "FUNCTIONS_CUSTOMHANDLER_PORT";
    let Some(text) = environment.variables.get(name) else { return Ok(3000) };
    text.trim().parse().ok().filter(|port| *port != 0).ok_or_else(|| {
        tracing::error!(event = "configuration", problem = "FUNCTIONS_CUSTOMHANDLER_PORT is not a port");
        ExitCode::from(USAGE)
    })
}

/// The configuration. Each error is logged on a line of its own.
fn configuration(environment: &Environment) -> Result<Config, ExitCode> {
    let file = environment.file.display().to_string();
    match config::load(environment) {
        Ok(config) => {
            for note in &config.notes {
                tracing::warn!(event = "configuration", problem = note.describe(&file));
            }
            Ok(config)
        }
        Err(invalid) => {
            for problem in &invalid.problems {
                tracing::error!(event = "configuration", problem = problem.describe(&file));
            }
            Err(ExitCode::from(USAGE))
        }
    }
}

fn failed(what: &'static str, error: &dyn std::error::Error) -> ExitCode {
    tracing::error!(event = "failed", what, error = telemetry::describe(error));
    ExitCode::FAILURE
}

async fn listen(config: Config, port: u16) -> ExitCode {
    let app = match App::try_new(config, port, Arc::new(SystemClock)) {
        Ok(app) => app,
        Err(error) => return failed("cannot put the service together", &error),
    };
    let listener = match TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await {
        Ok(listener) => listener,
        Err(error) => return failed("cannot listen on the port of the host", &error),
    };
    tracing::info!(event = "started", version = env!("CARGO_PKG_VERSION"), port);
    app.start();
    serve(listener, &app).await;
    app.stop().await;
    ExitCode::SUCCESS
}

/// Serves until a signal arrives. Then a run of the timer is stopped at once, and open requests have [`GRACE`] to end.
async fn serve(listener: TcpListener, app: &App) {
    let connections = Connections::new(connections::limit(file_limit::raise()));
    let routes = Arc::new(routes(app));
    tokio::select! {
        () = connections.accept(&listener, &routes) => {}
        () = signal() => {}
    }
    drop(listener);
    app.stop_runs();
    // Whoever is not answered by then is not answered at all.
    let _ = timeout(GRACE, connections.finish()).await;
}

/// Waits for SIGTERM or Ctrl-C. The host itself kills the process without sending either.
async fn signal() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            },
            Err(_) => drop(interrupt.await),
        }
    }
    #[cfg(not(unix))]
    drop(interrupt.await);
}
