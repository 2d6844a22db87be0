//! A strict stand-in for the Azure Functions host.
//!
//! It reads the project's `host.json`, `local.settings.json` and every `function.json`, starts the executable, and
//! sends it the same bytes as version 4 of the host. An answer that the host would not accept is an error here. The
//! real host restarts a process that ends; this one does so only after an invocation that exceeds `functionTimeout`,
//! since tests decide when the process runs. Keys (`authLevel`) are not checked, as with `func start`. HTTP functions
//! with more than their two usual bindings are not supported.

mod forward;
mod front;
mod invoke;
mod lines;
mod package;
mod port;
mod process;
mod project;
mod relay;
mod route;
mod timer;

use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio_util::task::AbortOnDropHandle;

pub use invoke::{Invocation, InvokeError};
pub use lines::{Level, LineObserver, LogLine};
pub use package::published;
pub use process::{ProcessError, Unread};
pub use project::{Binding, Function, Mode, Project, ProjectError};
pub use timer::TimerForm;

use crate::shared::{listen, loopback_client, serve};
use process::Process;

/// The version of the host that the handler is told.
pub(crate) const VERSION: &str = "4.1054.100.26301";

/// How a project is run.
#[derive(Clone, Default)]
pub struct HostSettings {
    /// Environment variables of the process. They win over inherited ones and over `local.settings.json`.
    pub environment: Vec<(String, String)>,
    /// Variables that the process must not inherit.
    pub without: Vec<String>,
    /// How HTTP requests are passed to the process; by default as `host.json` says.
    pub mode: Option<Mode>,
    /// The executable; by default the one of the project.
    pub executable: Option<PathBuf>,
    /// The directory the process runs in; by default the project's.
    pub working_directory: Option<PathBuf>,
    /// `functionTimeout`; by default as `host.json` says.
    pub function_timeout: Option<Duration>,
    /// How long the process may take to answer for the first time; 30 seconds by default.
    pub initialization_timeout: Option<Duration>,
    /// Called with each line that the process writes.
    pub on_line: Option<LineObserver>,
    /// The outputs that are not read until [`Host::read_output`]. A process that writes into a full pipe waits.
    pub unread: Unread,
}

impl std::fmt::Debug for HostSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HostSettings")
            .field("mode", &self.mode)
            .field("executable", &self.executable)
            .field("working_directory", &self.working_directory)
            .finish_non_exhaustive()
    }
}

/// A project that could not be run.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The project's files cannot be read.
    #[error("read the project")]
    Project(#[from] ProjectError),
    /// The process does not start, run or end as it should.
    #[error("run the executable")]
    Process(#[from] ProcessError),
    /// The host's own port cannot be opened.
    #[error("open the host's port")]
    Listen(#[source] std::io::Error),
    /// The host's own HTTP client cannot be made.
    #[error("make the host's HTTP client")]
    Client(#[source] reqwest::Error),
}

/// A running project. Dropping it kills the process.
#[derive(Debug)]
pub struct Host {
    pub(crate) inner: Arc<HostState>,
    url: String,
    _front: AbortOnDropHandle<()>,
}

/// What requests and invocations share.
#[derive(Debug)]
pub(crate) struct HostState {
    pub(crate) project: Project,
    pub(crate) mode: Mode,
    pub(crate) process: Process,
    pub(crate) client: reqwest::Client,
    pub(crate) function_timeout: Option<Duration>,
}

impl Host {
    /// Starts the project's executable and waits until it answers.
    pub async fn start(project: &Path, settings: HostSettings) -> Result<Self, HostError> {
        let project = Project::read(project)?;
        let mode = match settings.mode {
            Some(mode) => mode,
            None => project.mode()?,
        };
        let client = loopback_client().map_err(HostError::Client)?;
        let function_timeout = settings.function_timeout.or(project.function_timeout);
        let process = Process::new(&project, settings, client.clone());
        process.start().await?;
        let inner = Arc::new(HostState { project, mode, process, client, function_timeout });
        let (listener, address) = listen().await.map_err(HostError::Listen)?;
        Ok(Self { url: format!("http://{address}"), _front: serve(listener, front::router(&inner)), inner })
    }

    /// The address of the public front, without a trailing slash.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The port of the process. In reality, only the host knows it.
    #[must_use]
    pub fn handler_port(&self) -> u16 {
        self.inner.process.port()
    }

    /// The project as it was read.
    #[must_use]
    pub fn project(&self) -> &Project {
        &self.inner.project
    }

    /// The time from the last start to the first answer.
    #[must_use]
    pub fn startup(&self) -> Duration {
        self.inner.process.startup()
    }

    /// Every line that the process has written, over all restarts.
    #[must_use]
    pub fn logs(&self) -> Vec<LogLine> {
        self.inner.process.lines().all()
    }

    /// Waits up to `limit` for a line that `is_wanted`, and returns the first one. Lines that were written before
    /// count, too.
    pub async fn wait_for_line(&self, limit: Duration, is_wanted: impl Fn(&LogLine) -> bool) -> Option<LogLine> {
        self.inner.process.lines().wait_for(limit, is_wanted).await
    }

    /// Reads the outputs that were not read, from now on.
    pub fn read_output(&self) {
        self.inner.process.read_output();
    }

    /// Whether the process runs.
    pub async fn is_running(&self) -> bool {
        self.inner.process.is_running().await
    }

    /// The process id, if the process runs.
    pub async fn process_id(&self) -> Option<u32> {
        self.inner.process.id().await
    }

    /// Ends the process with `SIGKILL`, as the host does.
    pub async fn kill(&self) -> Result<(), HostError> {
        Ok(self.inner.process.kill().await?)
    }

    /// Asks the process to end with `SIGTERM`, as `docker stop` does, and waits up to `limit`.
    pub async fn terminate(&self, limit: Duration) -> Result<ExitStatus, HostError> {
        Ok(self.inner.process.terminate(limit).await?)
    }

    /// Kills the process, if it runs, and starts it on another port.
    pub async fn restart(&self) -> Result<(), HostError> {
        self.inner.process.kill().await?;
        Ok(self.inner.process.start().await?)
    }

    /// Fires a timer function with a body as it was captured under the host.
    pub async fn invoke_timer(&self, function: &str) -> Result<Invocation, InvokeError> {
        self.invoke_timer_as(function, TimerForm::Captured).await
    }

    /// Fires a timer function with a body in this form.
    pub async fn invoke_timer_as(&self, function: &str, form: TimerForm) -> Result<Invocation, InvokeError> {
        let function = self.inner.project.timer(function)?;
        let body = form.body(&function.trigger().name, chrono::Utc::now());
        self.inner.invoke(function, &body).await
    }

    /// Calls a function that has no HTTP trigger with any body.
    pub async fn invoke(&self, function: &str, body: &Value) -> Result<Invocation, InvokeError> {
        let function = self.inner.project.function(function)?;
        self.inner.invoke(function, body).await
    }

    /// Fires a timer function, and kills the process when `moment` is over. `None` if it was killed; otherwise the
    /// function had ended first.
    pub async fn invoke_timer_and_kill(
        &self,
        function: &str,
        moment: impl Future<Output = ()>,
    ) -> Result<Option<Result<Invocation, InvokeError>>, HostError> {
        tokio::select! {
            answer = self.invoke_timer(function) => Ok(Some(answer)),
            () = moment => {
                self.kill().await?;
                Ok(None)
            }
        }
    }
}
