//! One run of wrk against one peer.
//!
//! wrk comes from Debian's packages and reports percentiles of what it measured. It is a closed loop: a connection sends
//! its next request after the answer to the last one. So at saturation the latency follows from the number of connections
//! and the rate, and only comparisons mean something. Below saturation the connections pause at random between
//! requests, many more of them than are ever busy, which comes close to people who do not know of each other.

use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::Outcome;
use crate::histogram::Histogram;
use crate::numbers::float;
use crate::peer::Process;
use crate::plan::{CEILING, Pace};
use crate::project::Project;
use crate::usage::CpuTime;

/// Connections at saturation.
pub(crate) const BUSY: u32 = 64;
/// Connections at the ceiling, and how long each pauses between requests in the mean, in milliseconds.
pub(crate) const CALM: u32 = 20;
const PAUSE: u32 = 1_000 * CALM / CEILING;

/// The time in which a peer writes the lines that are still waiting.
const LAST_LINES: Duration = Duration::from_millis(30);

/// What was measured in one run.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    /// CPU per request, in microseconds.
    pub cpu: f64,
    /// Bytes that the peer wrote, per request.
    pub written: f64,
    /// Requests a second; `None` if the tokens were used up before the time.
    pub rate: Option<f64>,
    pub latency: Histogram,
    /// Answers other than 2xx, and connections that broke.
    pub errors: u64,
}

/// The load of one run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load<'l> {
    pub project: &'l Project,
    pub pace: Pace,
    pub seconds: u32,
    /// A file with the tokens, one on each line.
    pub tokens: &'l Path,
    /// How many tokens the file has.
    pub token_count: u64,
    /// Which run this is: no two have a correlation id in common.
    pub number: u32,
}

impl Load<'_> {
    pub(crate) fn run(&self, process: &mut Process) -> Outcome<Sample> {
        let written = process.output.bytes();
        let before = CpuTime::of(process.pid())?;
        let printed = self.wrk(process.port)?;
        thread::sleep(LAST_LINES);
        let used = CpuTime::of(process.pid())?.since(&before);
        process.check()?;
        let printed = Printed::parse(&printed)?;
        let requests = float(printed.requests);
        // When the tokens are used up, what is on its way gets no answer; nor does the request by which wrk tries the script.
        let is_whole = self.token_count == 1 || printed.requests + u64::from(BUSY) + 1 < self.token_count;
        Ok(Sample {
            cpu: float(used) / 1_000.0 / requests,
            written: float(process.output.bytes() - written) / requests,
            rate: is_whole.then(|| requests / printed.seconds),
            latency: printed.latency,
            errors: printed.errors,
        })
    }

    fn wrk(&self, port: u16) -> Outcome<String> {
        let (connections, pause) = match self.pace {
            Pace::Saturation => (BUSY, 0),
            Pace::Ceiling => (CALM, PAUSE),
        };
        let output = Command::new("wrk")
            .args(["--threads", "1", "--timeout", "5s", "--connections", &connections.to_string()])
            .args(["--duration", &format!("{}s", self.seconds), "--script"])
            .arg(self.project.file("load.lua"))
            .args([&format!("http://127.0.0.1:{port}"), "--"])
            .args([&self.project.file("event.json"), &self.project.file("addresses"), self.tokens])
            .args([self.number.to_string(), pause.to_string()])
            .output()
            .map_err(|error| format!("start wrk: {error}"))?;
        if !output.status.success() {
            return Err(format!("wrk failed: {}", String::from_utf8_lossy(&output.stderr)).into());
        }
        Ok(String::from_utf8(output.stdout)?)
    }
}

/// What the script of wrk prints at the end.
#[derive(Debug, Default, PartialEq)]
struct Printed {
    requests: u64,
    seconds: f64,
    errors: u64,
    latency: Histogram,
}

impl Printed {
    fn parse(text: &str) -> Outcome<Self> {
        let mut printed = Self::default();
        for line in text.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            match words.as_slice() {
                ["requests", requests] => printed.requests = requests.parse()?,
                ["microseconds", time] => printed.seconds = time.parse::<f64>()? / 1e6,
                ["errors", errors] => printed.errors = errors.parse()?,
                ["latency", time, count] => printed.latency.add(time.parse()?, count.parse()?),
                _ => {}
            }
        }
        if printed.requests > 0 { Ok(printed) } else { Err(format!("no request was answered:\n{text}").into()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_script_prints_among_what_wrk_prints() {
        let text = "Running 1s test\n  2 requests in 1s\nrequests 3\nmicroseconds 1500000\nerrors 1\nlatency 40 2\nlatency 90 1\n";
        let mut latency = Histogram::default();
        latency.add(40, 2);
        latency.add(90, 1);
        assert_eq!(Printed::parse(text).unwrap(), Printed { requests: 3, seconds: 1.5, errors: 1, latency });
        assert!(Printed::parse("requests 0\n").is_err());
    }
}
