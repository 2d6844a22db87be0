//! Asks a peer, waits until it is ready, and compares what the peers answer and log.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use guestlist_emulator::Tenant;
use guestlist_emulator::tenant::Forgery;
use serde_json::{Map, Value};

use crate::Outcome;
use crate::peer::{Kind, Peer, Process};
use crate::project::{Project, invited};

/// How long a peer may take until it is ready, and a line until it is read.
const PATIENCE: Duration = Duration::from_mins(1);

/// An answer: the status and the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub status: u16,
    pub body: String,
}

impl Answer {
    /// Whether the form is shown, filled in: only somebody invited gets this answer.
    pub(crate) fn admits(&self) -> bool {
        self.status == 200 && self.body.contains("setPrefillValues")
    }
}

/// Calls the Start hook on a connection of its own.
pub(crate) fn ask(port: u16, token: &str, event: &str) -> Outcome<Answer> {
    let length = event.len();
    let head = format!(
        "POST /api/OnAttributeCollectionStart HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\
         Content-Type: application/json\r\nAuthorization: Bearer {token}\r\nContent-Length: {length}\r\n\r\n"
    );
    let mut connection = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    connection.set_read_timeout(Some(Duration::from_secs(5)))?;
    connection.write_all(format!("{head}{event}").as_bytes())?;
    let mut text = String::new();
    connection.read_to_string(&mut text)?;
    let (head, body) = text.split_once("\r\n\r\n").ok_or("an answer without an end of its head")?;
    let status = head.split(' ').nth(1).ok_or("an answer without a status")?.parse()?;
    Ok(Answer { status, body: body.to_owned() })
}

/// Waits until the peer has its keys and its list.
pub(crate) fn wait_until_ready(peer: &Peer, process: &mut Process, token: &str, project: &Project) -> Outcome<()> {
    let event = project.event(&invited(0), "00000000-0000-4000-8000-000000000001");
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        process.check()?;
        let is_ready = |answer: Answer| answer.admits() || (peer.kind == Kind::Echo && answer.status == 200);
        if ask(process.port, token, &event).is_ok_and(is_ready) {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(5));
    }
    Err(format!("{} does not become ready", peer.name).into())
}

/// A request that every peer must answer in the same way.
struct Question {
    name: &'static str,
    token: String,
    address: String,
}

fn questions(tenant: &Tenant) -> Outcome<Vec<Question>> {
    let good = tenant.token().encode()?;
    let question =
        |name, token: &str, address: &str| Question { name, token: token.to_owned(), address: address.into() };
    let now = tenant.clock().now().timestamp();
    let other = "11111111-2222-3333-4444-555555555555";
    let bad = [
        ("a forged token", tenant.token().forged(Forgery::TamperedSignature)),
        ("a token without a signature", tenant.token().forged(Forgery::None)),
        ("an expired token", tenant.token().claim("exp", now - 3_600)),
        ("a token for somebody else", tenant.token().claim("aud", other)),
        ("a token of another caller", tenant.token().claim("azp", other)),
        ("a token of another tenant", tenant.token().claim("tid", other)),
    ];
    let mut questions = vec![
        question("an invited person", &good, &invited(7)),
        question("an invited person in other letters", &good, " Person7@FABRIKAM.com "),
        question("a person who is not invited", &good, "nobody@example.org"),
    ];
    for (name, token) in bad {
        questions.push(question(name, &token.encode()?, &invited(7)));
    }
    Ok(questions)
}

/// An error unless the Node.js handler answers as guestlist does, and writes the same members in a line as long.
pub(crate) fn compare(guestlist: &Process, node: &Process, tenant: &Tenant, project: &Project) -> Outcome<()> {
    for (number, question) in questions(tenant)?.iter().enumerate() {
        let event = project.event(&question.address, &format!("0000c0de-0000-4000-8000-{number:012}"));
        let [ours, theirs] = [guestlist, node].map(|process| ask(process.port, &question.token, &event));
        let (ours, theirs) = (ours?, theirs?);
        let json = |answer: &Answer| serde_json::from_str::<Value>(&answer.body).ok();
        if ours.status != theirs.status || json(&ours) != json(&theirs) {
            return Err(format!("{}: guestlist answers {ours:?}, the Node.js handler {theirs:?}", question.name).into());
        }
    }
    let [ours, theirs] = [decision(guestlist)?, decision(node)?];
    let members = |line: &str| serde_json::from_str::<Map<String, Value>>(line).map(|line| line.len());
    let difference = ours.len().abs_diff(theirs.len());
    if members(&ours)? != members(&theirs)? || difference > 8 {
        return Err(format!("the log lines differ:\n{ours}\n{theirs}").into());
    }
    Ok(())
}

/// The line of the last question that was answered with a decision: the person who is not invited.
fn decision(process: &Process) -> Outcome<String> {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        let lines = process.output.first_lines();
        if let Some(line) = lines.into_iter().find(|line| line.contains("0000c0de-0000-4000-8000-000000000002")) {
            return Ok(line);
        }
        thread::sleep(Duration::from_millis(5));
    }
    Err("a decision was not logged".into())
}
