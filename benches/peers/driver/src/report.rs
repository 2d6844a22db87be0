//! The report in Markdown, and its place in the document.

use std::fmt::Write;
use std::fs;

use crate::Outcome;
use crate::bars::{BARS, START, ratio, verdict};
use crate::histogram::Histogram;
use crate::load::{BUSY, CALM};
use crate::numbers::{Median, float, grouped};
use crate::options::{Extent, Options};
use crate::peer::Kind;
use crate::plan::{Plan, Scenario, TokenUse};
use crate::project::UNINVITED;
use crate::run::{PeerFigures, Run};

/// All that was measured.
pub(crate) struct Report<'r> {
    pub options: &'r Options,
    pub plan: &'r Plan,
    pub runs: &'r [Run],
    /// A list about the machine.
    pub machine: String,
}

impl Report<'_> {
    pub(crate) fn markdown(&self) -> Outcome<String> {
        let mut text = self.machine.clone();
        self.method(&mut text)?;
        self.ratios(&mut text)?;
        for (at, scenario) in self.plan.scenarios.iter().enumerate() {
            self.load(&mut text, at, scenario)?;
        }
        self.memory(&mut text)?;
        self.starts(&mut text)?;
        if let Some(file) = &self.options.lists {
            write!(text, "\n### Lists\n\n{}\n", fs::read_to_string(file)?.trim())?;
        }
        if let Some(file) = &self.options.figures {
            let figures = fs::read_to_string(file)?;
            write!(text, "\n### In process\n\n`cargo bench --bench figures`:\n\n```text\n{}\n```\n", figures.trim())?;
        }
        if self.options.extent == Extent::Smoke {
            writeln!(text, "\nThis run only shows that all parts work. Its figures mean nothing.")?;
        }
        Ok(text)
    }

    fn method(&self, text: &mut String) -> Outcome<()> {
        let longest = self.plan.scenarios.iter().map(|scenario| scenario.rounds).max().unwrap_or_default();
        writeln!(
            text,
            "- Method: all peers run at once and are measured in turns, for up to {longest} rounds. A figure is the median over \
             the rounds, with the lowest and the highest in brackets; a ratio is the median of the ratios within a round. \
             Percentiles are those of all rounds together. One of {UNINVITED} people is not invited. At saturation wrk has \
             {BUSY} connections, below it {CALM}, and one thread."
        )?;
        Ok(())
    }

    fn ratios(&self, text: &mut String) -> Outcome<()> {
        let lists: Vec<String> = self.runs.iter().map(|run| format!("{} invites", grouped(run.invites))).collect();
        writeln!(text, "\n### CPU per request, at saturation, as ratios\n")?;
        writeln!(text, "| ratio | at most | {} |", lists.join(" | "))?;
        writeln!(text, "| --- | --- |{}", " --- |".repeat(lists.len()))?;
        for bar in &BARS {
            let cell = |run: &Run| {
                let ratio = bar.ratio(run, &self.plan.scenarios)?;
                Some(format!("{}: {}", ratio.written(2), verdict(ratio.middle, bar.limit, 2)))
            };
            writeln!(text, "| {} | {} | {} |", bar.what, bar.limit, self.cells(cell))?;
        }
        for (name, _) in &self.options.beside {
            for token in [TokenUse::Remembered, TokenUse::Fresh] {
                let cell = |run: &Run| {
                    let guestlist = run.peers.iter().find(|peer| peer.peer.kind == Kind::Guestlist)?;
                    let other =
                        run.peers.iter().find(|peer| peer.peer.kind == Kind::Beside && peer.peer.name == *name)?;
                    Some(ratio(guestlist, other, token, &self.plan.scenarios)?.written(2))
                };
                writeln!(text, "| guestlist to {name}, {token} | – | {} |", self.cells(cell))?;
            }
        }
        Ok(())
    }

    /// A cell for each list.
    fn cells(&self, cell: impl Fn(&Run) -> Option<String>) -> String {
        let cells = self.runs.iter().map(|run| cell(run).unwrap_or_else(|| "not measured".to_owned()));
        cells.collect::<Vec<_>>().join(" | ")
    }

    fn load(&self, text: &mut String, at: usize, scenario: &Scenario) -> Outcome<()> {
        writeln!(text, "\n### {}, {}\n", capitalised(&scenario.token.to_string()), scenario.pace)?;
        writeln!(
            text,
            "| | invites | CPU per request, µs | p50, µs | p99, µs | p99.9, µs | requests a second | output, bytes a request |"
        )?;
        writeln!(text, "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")?;
        for (invites, peer) in self.peers() {
            let Some(samples) = peer.samples.get(at).filter(|samples| !samples.is_empty()) else { continue };
            let latency = Histogram::of(samples.iter().map(|sample| &sample.latency));
            let [p50, p99, p999] = [500, 990, 999].map(|share| grouped(latency.per_mille(share)));
            let cpu = Median::of(samples.iter().map(|sample| sample.cpu));
            let rate = Median::of(samples.iter().filter_map(|sample| sample.rate));
            let written = Median::of(samples.iter().map(|sample| sample.written));
            writeln!(
                text,
                "| {} | {invites} | {} | {p50} | {p99} | {p999} | {} | {} |",
                peer.peer.name,
                cpu.map(|cpu| cpu.written(1)).unwrap_or_default(),
                rate.map_or_else(|| "–".to_owned(), |rate| grouped(format!("{:.0}", rate.middle))),
                written.map(|written| format!("{:.0}", written.middle)).unwrap_or_default(),
            )?;
            let errors: u64 = samples.iter().map(|sample| sample.errors).sum();
            if errors > 0 {
                return Err(format!(
                    "{}: {errors} requests failed, {}, {}",
                    peer.peer.name, scenario.token, scenario.pace
                )
                .into());
            }
        }
        Ok(())
    }

    fn memory(&self, text: &mut String) -> Outcome<()> {
        writeln!(text, "\n### Memory, MB resident\n")?;
        writeln!(text, "| | invites | idle | after all load | peak |\n| --- | ---: | ---: | ---: | ---: |")?;
        let megabytes = |kilobytes| float(kilobytes) / 1024.0;
        for (invites, peer) in self.peers() {
            let (idle, loaded) = (megabytes(peer.idle.resident), megabytes(peer.loaded.resident));
            let peak = megabytes(peer.loaded.peak);
            writeln!(text, "| {} | {invites} | {idle:.1} | {loaded:.1} | {peak:.1} |", peer.peer.name)?;
        }
        Ok(())
    }

    fn starts(&self, text: &mut String) -> Outcome<()> {
        writeln!(text, "\n### Start, ms\n")?;
        writeln!(
            text,
            "From exec. The first answer is one to `GET /`; the first person let in needs keys and list.\n"
        )?;
        writeln!(
            text,
            "| | invites | starts | first answer | first person let in |\n| --- | ---: | ---: | ---: | ---: |"
        )?;
        for (invites, peer) in self.peers().filter(|(_, peer)| peer.peer.kind != Kind::Quiet) {
            let written = |times: &[_]| Median::of_milliseconds(times).map(|times| times.written(1));
            let answers = written(&peer.starts.answers).unwrap_or_default();
            let decisions = written(&peer.starts.decisions).unwrap_or_else(|| "–".to_owned());
            let count = peer.starts.answers.len();
            writeln!(text, "| {} | {invites} | {count} | {answers} | {decisions} |", peer.peer.name)?;
        }
        let shortest = self.runs.first();
        let guestlist = shortest.and_then(|run| run.peers.iter().find(|peer| peer.peer.kind == Kind::Guestlist));
        if let (Some(run), Some(peer)) = (shortest, guestlist) {
            let median = Median::of_milliseconds(&peer.starts.answers).map_or(f64::INFINITY, |times| times.middle);
            let invites = grouped(run.invites);
            writeln!(
                text,
                "\nThe bar is {START} ms to guestlist's first answer with {invites} invites: {}.",
                verdict(median, START, 1)
            )?;
        }
        Ok(())
    }

    /// Every peer with every list.
    fn peers(&self) -> impl Iterator<Item = (String, &PeerFigures)> {
        self.runs.iter().flat_map(|run| run.peers.iter().map(|peer| (grouped(run.invites), peer)))
    }
}

fn capitalised(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map(|first| first.to_uppercase().chain(rest).collect()).unwrap_or_default()
}
