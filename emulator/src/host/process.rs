//! The process of the executable: its environment, its start, its output and its end.

use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::process::{Child, ChildStderr, ChildStdout, Command};

use super::lines::Lines;
use super::port::free_port;
use super::{HostSettings, Project, ProjectError};
use crate::shared::{locked, new_id};

/// The setting that replaces the executable of `host.json`.
const EXECUTABLE_SETTING: &str = "AzureFunctionsJobHost__customHandler__description__defaultExecutablePath";
const PROBE_INTERVAL: Duration = Duration::from_millis(25);

/// Which outputs of the process are not read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unread {
    /// Standard output.
    pub stdout: bool,
    /// Standard error.
    pub stderr: bool,
}

/// Outputs that are open and not read.
#[derive(Default)]
struct UnreadOutputs {
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
}

/// Why a process does not start, run or end as it should.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// The project names no executable.
    #[error("find the executable")]
    Executable(#[source] ProjectError),
    /// The executable cannot be started.
    #[error("start {}", .0.display())]
    Spawn(PathBuf, #[source] std::io::Error),
    /// There is no free port.
    #[error("find a free loopback port")]
    Port(#[source] std::io::Error),
    /// The process ended before it answered.
    #[error("the process ended before it answered ({status}); it said: {last_lines}")]
    Ended {
        /// The exit status.
        status: ExitStatus,
        /// The last lines that it wrote.
        last_lines: String,
    },
    /// The process did not answer in this time.
    #[error("the process did not answer within {0:?}")]
    NotReady(Duration),
    /// The process cannot be ended, or its end cannot be seen.
    #[error("end the process")]
    End(#[source] std::io::Error),
    /// The process did not end in this time after `SIGTERM`.
    #[error("the process still ran {0:?} after SIGTERM")]
    StillRunning(Duration),
    /// A process that does not run was to be ended.
    #[error("the process does not run")]
    NotRunning,
}

/// The process, running or not.
pub(crate) struct Process {
    project: Project,
    settings: HostSettings,
    client: reqwest::Client,
    child: tokio::sync::Mutex<Option<Child>>,
    port: AtomicU16,
    startup: Mutex<Duration>,
    lines: Arc<Lines>,
    unread: Mutex<UnreadOutputs>,
}

impl std::fmt::Debug for Process {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Process").field("port", &self.port).finish_non_exhaustive()
    }
}

impl Process {
    pub(super) fn new(project: &Project, settings: HostSettings, client: reqwest::Client) -> Self {
        let lines = Arc::new(Lines::with_observer(settings.on_line.clone()));
        Self {
            project: project.clone(),
            settings,
            client,
            child: tokio::sync::Mutex::default(),
            port: AtomicU16::new(0),
            startup: Mutex::default(),
            lines,
            unread: Mutex::default(),
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port.load(Ordering::SeqCst)
    }

    pub(super) fn startup(&self) -> Duration {
        *locked(&self.startup)
    }

    pub(super) fn lines(&self) -> &Lines {
        &self.lines
    }

    /// Starts the process on a new port and waits for its first answer.
    pub(super) async fn start(&self) -> Result<(), ProcessError> {
        let port = free_port().map_err(ProcessError::Port)?;
        self.port.store(port, Ordering::SeqCst);
        let began = Instant::now();
        let (executable, mut command) = self.command(port)?;
        let mut child = command.spawn().map_err(|error| ProcessError::Spawn(executable, error))?;
        self.take_output(&mut child);
        let limit = self.settings.initialization_timeout.unwrap_or(Duration::from_secs(30));
        let ready = self.wait_until_ready(&mut child, port);
        tokio::time::timeout(limit, ready).await.map_err(|_| ProcessError::NotReady(limit))??;
        *locked(&self.startup) = began.elapsed();
        *self.child.lock().await = Some(child);
        Ok(())
    }

    /// Reads the outputs, except those that are to stay unread: these are kept open.
    fn take_output(&self, child: &mut Child) {
        let unread = self.settings.unread;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let (unread_stdout, stdout) = if unread.stdout { (stdout, None) } else { (None, stdout) };
        let (unread_stderr, stderr) = if unread.stderr { (stderr, None) } else { (None, stderr) };
        *locked(&self.unread) = UnreadOutputs { stdout: unread_stdout, stderr: unread_stderr };
        self.read(UnreadOutputs { stdout, stderr });
    }

    /// Reads the outputs that were not read, from now on.
    pub(super) fn read_output(&self) {
        let unread = std::mem::take(&mut *locked(&self.unread));
        self.read(unread);
    }

    fn read(&self, outputs: UnreadOutputs) {
        if let Some(stdout) = outputs.stdout {
            tokio::spawn(Arc::clone(&self.lines).read(stdout, false));
        }
        if let Some(stderr) = outputs.stderr {
            tokio::spawn(Arc::clone(&self.lines).read(stderr, true));
        }
    }

    fn command(&self, port: u16) -> Result<(PathBuf, Command), ProcessError> {
        let settings = &self.settings;
        let environment = self.environment();
        let setting = |name: &str| {
            let mut own = environment.iter().rev();
            let own = own.find(|(key, _)| key.eq_ignore_ascii_case(name));
            own.map(|(_, value)| value.clone()).or_else(|| self.inherited(name))
        };
        let executable = match &settings.executable {
            Some(path) => path.clone(),
            None => self.project.executable(setting(EXECUTABLE_SETTING)).map_err(ProcessError::Executable)?,
        };
        let mut command = Command::new(&executable);
        for name in &settings.without {
            command.env_remove(name);
        }
        let port = port.to_string();
        let worker = new_id();
        command
            .args(self.project.arguments())
            .current_dir(settings.working_directory.as_ref().unwrap_or(&self.project.root))
            .envs(environment)
            .env("FUNCTIONS_CUSTOMHANDLER_PORT", &port)
            .env("FUNCTIONS_HTTPWORKER_PORT", &port)
            .env("FUNCTIONS_CUSTOMHANDLER_WORKER_ID", &worker)
            .env("FUNCTIONS_HTTPWORKER_ID", &worker)
            .env("FUNCTIONS_APP_ROOT_PATH", &self.project.root)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        Ok((executable, command))
    }

    fn inherited(&self, name: &str) -> Option<String> {
        let is_wanted = !self.settings.without.iter().any(|unwanted| unwanted == name);
        is_wanted.then(|| std::env::var(name).ok())?
    }

    /// The variables of `local.settings.json` that the process does not inherit, then those of the settings.
    fn environment(&self) -> Vec<(String, String)> {
        let local = self.project.settings.iter();
        let new = local.filter(|(name, _)| self.inherited(name).is_none());
        let mut environment: Vec<(String, String)> = new.map(|(name, value)| (name.clone(), value.clone())).collect();
        environment.extend(self.settings.environment.iter().cloned());
        environment
    }

    /// Waits until the process answers `GET /` with any status. Only a refused connection means that it is not ready.
    async fn wait_until_ready(&self, child: &mut Child, port: u16) -> Result<(), ProcessError> {
        let url = format!("http://127.0.0.1:{port}/");
        loop {
            let answered = match self.client.get(&url).send().await {
                Err(error) => !error.is_connect(),
                Ok(_) => true,
            };
            if let Some(status) = child.try_wait().map_err(ProcessError::End)? {
                // The last lines may not have been read yet.
                tokio::time::sleep(PROBE_INTERVAL).await;
                let lines = self.lines.all();
                let last = lines.iter().rev().take(5).rev();
                let last: Vec<&str> = last.map(|line| line.text.as_str()).collect();
                let last_lines = last.join(" / ");
                return Err(ProcessError::Ended { status, last_lines });
            }
            if answered {
                return Ok(());
            }
            tokio::time::sleep(PROBE_INTERVAL).await;
        }
    }

    pub(super) async fn id(&self) -> Option<u32> {
        self.child.lock().await.as_ref().and_then(Child::id)
    }

    pub(super) async fn is_running(&self) -> bool {
        let mut child = self.child.lock().await;
        let status = child.as_mut().map(Child::try_wait);
        matches!(status, Some(Ok(None)))
    }

    pub(super) async fn kill(&self) -> Result<(), ProcessError> {
        let child = self.child.lock().await.take();
        match child {
            Some(mut child) => match child.try_wait() {
                Ok(Some(_)) => Ok(()),
                _ => child.kill().await.map_err(ProcessError::End),
            },
            None => Ok(()),
        }
    }

    pub(super) async fn terminate(&self, limit: Duration) -> Result<ExitStatus, ProcessError> {
        let mut child = self.child.lock().await;
        let Some((running, id)) = child.as_mut().and_then(|child| child.id().map(|id| (child, id))) else {
            return Err(ProcessError::NotRunning);
        };
        // The standard library cannot send signals; the shell can.
        let mut signal = Command::new("sh");
        signal.args(["-c", &format!("kill -TERM {id}")]);
        signal.status().await.map_err(ProcessError::End)?;
        let ended = tokio::time::timeout(limit, running.wait()).await;
        let status = ended.map_err(|_| ProcessError::StillRunning(limit))?.map_err(ProcessError::End)?;
        *child = None;
        Ok(status)
    }
}
