//! How long a peer takes from exec to its first answer, and to its first decision.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::answers::ask;
use crate::peer::{Kind, Peer};
use crate::project::{Project, invited};

/// A peer is asked this often, which is also how exact the figures are.
const INTERVAL: Duration = Duration::from_micros(200);
const PATIENCE: Duration = Duration::from_secs(30);

/// The starts of one peer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Starts {
    /// To the first answer to `GET /`.
    pub answers: Vec<Duration>,
    /// To the first time that somebody invited is let in: with keys and list.
    pub decisions: Vec<Duration>,
}

impl Starts {
    /// Starts the peer twice: once for each of both times, so that asking for one does not slow the other.
    pub(crate) fn measure(&mut self, peer: &Peer, project: &Project, token: &str) -> Outcome<()> {
        self.answers.push(until(peer, project, answers)?);
        if peer.kind != Kind::Echo {
            let event = project.event(&invited(0), "00000000-0000-4000-8000-000000000002");
            let admits = |port| ask(port, token, &event).is_ok_and(|answer| answer.admits());
            self.decisions.push(until(peer, project, admits)?);
        }
        Ok(())
    }
}

fn until(peer: &Peer, project: &Project, is_there: impl Fn(u16) -> bool) -> Outcome<Duration> {
    let began = Instant::now();
    let mut process = peer.start(project.folder())?;
    loop {
        if is_there(process.port) {
            return Ok(began.elapsed());
        }
        if began.elapsed() > PATIENCE {
            return Err(format!("{} does not answer", peer.name).into());
        }
        process.check()?;
        thread::sleep(INTERVAL);
    }
}

/// Whether `GET /` is answered.
fn answers(port: u16) -> bool {
    let Ok(mut connection) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else { return false };
    let asked = connection.write_all(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
    asked.is_ok() && connection.read(&mut [0; 16]).is_ok_and(|read| read > 0)
}
