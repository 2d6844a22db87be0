//! A peer: how it is started, and its process.

use std::io::Read;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use guestlist_emulator::Tenant;

use crate::Outcome;
use crate::options::Options;

/// What a peer is; the ratios follow from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// guestlist as it is shipped.
    Guestlist,
    /// The same, without its line for each decision.
    Quiet,
    /// Another executable of guestlist.
    Beside,
    /// The bare axum service.
    Echo,
    /// The Node.js handler.
    Node,
}

/// A program to compare.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub kind: Kind,
    /// What the tables call it.
    pub name: String,
    program: PathBuf,
    arguments: Vec<PathBuf>,
    variables: Vec<(&'static str, String)>,
}

impl Peer {
    /// All that are compared, in the order of their turns.
    pub(crate) fn all(options: &Options, tenant: &Tenant) -> Vec<Self> {
        let peer = |kind, name: &str, program: &Path| Self {
            kind,
            name: name.to_owned(),
            program: program.to_owned(),
            arguments: Vec::new(),
            variables: Vec::new(),
        };
        let mut quiet = peer(Kind::Quiet, "guestlist, log from WARN", &options.guestlist);
        quiet.variables.push(("GUESTLIST__TELEMETRY__LEVEL", "warn".to_owned()));
        let mut node = peer(Kind::Node, "Node.js handler", Path::new("node"));
        node.arguments.push(options.node.clone());
        let (urls, tenant) = (tenant.urls(), tenant.options());
        node.variables.extend([
            ("TENANT_ID", tenant.id.clone()),
            ("LOGIN", urls.login.clone()),
            ("CIAM", urls.ciam.clone()),
            ("AUDIENCE", tenant.audience.clone()),
            ("INVITES", "invites.csv".to_owned()),
        ]);
        let beside = options.beside.iter().map(|(name, program)| peer(Kind::Beside, name, program));
        let guestlist = peer(Kind::Guestlist, "guestlist", &options.guestlist);
        let echo = peer(Kind::Echo, "axum echo", &options.echo);
        [guestlist].into_iter().chain(beside).chain([quiet, echo, node]).collect()
    }

    /// Starts it as the Functions host does: in the project's folder, with a port, its output read through pipes.
    pub(crate) fn start(&self, project: &Path) -> Outcome<Process> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .current_dir(project)
            .env("FUNCTIONS_CUSTOMHANDLER_PORT", port.to_string())
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("start {}: {error}", self.program.display()))?;
        let output = Arc::new(Output::default());
        if let Some(pipe) = child.stdout.take() {
            output.drain(pipe);
        }
        if let Some(pipe) = child.stderr.take() {
            output.drain(pipe);
        }
        Ok(Process { child, port, output })
    }
}

/// How much of the beginning of the output is kept.
const KEPT: usize = 64 * 1024;

/// What a process has written.
#[derive(Debug, Default)]
pub(crate) struct Output {
    bytes: AtomicU64,
    beginning: Mutex<Vec<u8>>,
}

impl Output {
    fn drain(self: &Arc<Self>, mut pipe: impl Read + Send + 'static) {
        let output = Arc::clone(self);
        thread::spawn(move || {
            let mut buffer = vec![0; 64 * 1024];
            while let Ok(length @ 1..) = pipe.read(&mut buffer) {
                output.bytes.fetch_add(u64::try_from(length).unwrap_or_default(), Ordering::Relaxed);
                let mut beginning = output.beginning.lock().unwrap_or_else(PoisonError::into_inner);
                let room = KEPT.saturating_sub(beginning.len());
                beginning.extend(buffer.iter().take(length.min(room)));
            }
        });
    }

    /// How many bytes were read so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// The lines with which it began.
    pub(crate) fn first_lines(&self) -> Vec<String> {
        let beginning = self.beginning.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&beginning).lines().map(str::to_owned).collect()
    }
}

/// A running peer. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    pub port: u16,
    pub output: Arc<Output>,
}

impl Process {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// An error if the process has ended.
    pub(crate) fn check(&mut self) -> Outcome<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => Err(format!("a peer ended, {status}: {}", self.output.first_lines().join("\n")).into()),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
