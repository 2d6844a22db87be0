//! All routes, and what happens to every request before its route.
//!
//! Case and a trailing slash of a path do not matter: the host forwards paths as they were typed. The listener is bound
//! before anything slow happens, and on 127.0.0.1 only, where the host calls it.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::Uri;
use axum::http::uri::PathAndQuery;
use axum::routing::{any, get};
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tower::Layer;
use tower::util::{MapRequest, MapRequestLayer};
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

/// How long open requests may take after the service was told to stop.
const GRACE: Duration = Duration::from_secs(10);

/// The routes. Public calls begin with `/api/`; calls of the host itself have the bare name of a function.
fn routes(app: &App) -> Router {
    Router::new()
        .route("/", any(|| async { "guestlist" }))
        .route("/api/onattributecollectionstart", any(on_attribute_collection_start))
        .route("/api/onattributecollectionsubmit", any(on_attribute_collection_submit))
        .with_state(Arc::clone(&app.hooks))
        .merge(Router::new().route("/api/health", get(health)).with_state(Arc::clone(&app.health)))
        .merge(Router::new().route("/updatenewaccounts", any(update_new_accounts)).with_state(Arc::clone(&app.timer)))
}

/// The routes. `plain_path` changes the path of every request first.
#[must_use]
pub fn service(app: &App) -> MapRequest<Router, fn(Request) -> Request> {
    MapRequestLayer::new(plain_path as fn(Request) -> Request).layer(routes(app))
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
    let served = serve(listener, &app).await;
    app.stop().await;
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed("the listener failed", &error),
    }
}

/// Serves until a signal arrives. Then a run of the timer is stopped at once, and open requests have [`GRACE`] to end.
async fn serve(listener: TcpListener, app: &App) -> std::io::Result<()> {
    let service = axum::ServiceExt::<Request>::into_make_service(service(app));
    let listener = listener.tap_io(|connection| {
        // Without TCP_NODELAY an answer may be sent late. If setting it fails, the answer is still right.
        let _ = connection.set_nodelay(true);
    });
    let stopping = Arc::new(Notify::new());
    let notifier = Arc::clone(&stopping);
    let serving = axum::serve(listener, service).with_graceful_shutdown(async move {
        signal().await;
        notifier.notify_one();
    });
    let grace_period = async {
        stopping.notified().await;
        app.stop_runs();
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        served = serving => served,
        () = grace_period => Ok(()),
    }
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

/// Makes the path lower case, without a slash at the end. A target in absolute form keeps its address: the timer checks it.
fn plain_path(mut request: Request) -> Request {
    let path = request.uri().path().to_ascii_lowercase();
    let path = path.trim_end_matches('/');
    let path = if path.is_empty() { "/" } else { path };
    if path != request.uri().path() {
        let with_query = request.uri().query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
        if let Ok(plain) = with_query.parse::<PathAndQuery>() {
            let mut parts = request.uri().clone().into_parts();
            parts.path_and_query = Some(plain);
            if let Ok(target) = Uri::from_parts(parts) {
                *request.uri_mut() = target;
            }
        }
    }
    request
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    #[test]
    fn a_path_is_made_plain_and_its_query_and_address_stay() {
        for (target, plain) in [
            ("/API/Health/", "/api/health"),
            ("/api/Health//?A=b/", "/api/health?A=b/"),
            ("//", "/"),
            ("http://contoso.com/UpdateNewAccounts/?x", "http://contoso.com/updatenewaccounts?x"),
        ] {
            let request = plain_path(Request::builder().uri(target).body(Body::empty()).unwrap());
            assert_eq!(request.uri().to_string(), plain, "{target}");
        }
    }
}
