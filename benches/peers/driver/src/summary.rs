//! The few figures that README quotes.

use std::fmt::Write;

use crate::Outcome;
use crate::bars::BARS;
use crate::histogram::Histogram;
use crate::load::Sample;
use crate::numbers::{Median, float, grouped};
use crate::peer::Kind;
use crate::plan::{CEILING, Pace, TokenUse};
use crate::report::Report;
use crate::run::{PeerFigures, Run};

/// A table of figures with the shortest list, and of memory with every list.
pub(crate) fn markdown(report: &Report<'_>) -> Outcome<String> {
    let run = report.runs.first().ok_or("nothing was measured")?;
    let guestlist = of_guestlist(run)?;
    let mut text = format!("| {} invites | figure |\n| --- | --- |\n", grouped(run.invites));
    for token in [TokenUse::Remembered, TokenUse::Fresh] {
        if let Some(cpu) = cpu(samples(report, guestlist, token, Pace::Saturation)) {
            writeln!(text, "| CPU of a Start hook with its log line, {token} | {:.0} µs |", cpu.middle)?;
        }
    }
    for bar in &BARS {
        if let Some(ratio) = bar.ratio(run, &report.plan.scenarios) {
            writeln!(text, "| CPU, {} | {:.2} |", bar.what, ratio.middle)?;
        }
    }
    for token in [TokenUse::Remembered, TokenUse::Fresh] {
        let samples = samples(report, guestlist, token, Pace::Ceiling);
        if !samples.is_empty() {
            let latency = Histogram::of(samples.iter().map(|sample| &sample.latency));
            let [p50, p99, p999] = [500, 990, 999].map(|share| float(latency.per_mille(share)) / 1e3);
            writeln!(
                text,
                "| latency at {CEILING} requests a second, {token}: p50, p99, p99.9 | {p50:.1} ms, {p99:.1} ms, {p999:.1} ms |"
            )?;
        }
    }
    if let Some(times) = Median::of_milliseconds(&guestlist.starts.answers) {
        writeln!(text, "| from exec to the first answer | {:.0} ms |", times.middle)?;
    }
    for run in report.runs {
        let idle = float(of_guestlist(run)?.idle.resident) / 1024.0;
        writeln!(text, "| memory at rest, {} invites | {idle:.0} MB |", grouped(run.invites))?;
    }
    let bytes = std::fs::metadata(&report.options.guestlist)?.len();
    writeln!(text, "| the executable | {:.1} MB |", float(bytes) / 1e6)?;
    Ok(text)
}

fn of_guestlist(run: &Run) -> Outcome<&PeerFigures> {
    Ok(run.peers.iter().find(|peer| peer.peer.kind == Kind::Guestlist).ok_or("guestlist was not measured")?)
}

fn samples<'r>(report: &Report<'_>, peer: &'r PeerFigures, token: TokenUse, pace: Pace) -> &'r [Sample] {
    let mut scenarios = report.plan.scenarios.iter();
    let at = scenarios.position(|scenario| scenario.token == token && scenario.pace == pace);
    at.and_then(|at| peer.samples.get(at)).map_or(&[], Vec::as_slice)
}

fn cpu(samples: &[Sample]) -> Option<Median> {
    Median::of(samples.iter().map(|sample| sample.cpu))
}
