//! Everything that is measured, in order: for each length of the list the starts, the answers, then each kind of load in
//! turns.

use std::thread;

use guestlist_emulator::Tenant;

use crate::Outcome;
use crate::answers;
use crate::load::{Load, Sample};
use crate::numbers::grouped;
use crate::options::Options;
use crate::peer::{Kind, Peer, Process};
use crate::plan::{Pace, Plan, Scenario, TokenUse};
use crate::project::Project;
use crate::starts::Starts;
use crate::tokens;
use crate::usage::Memory;

/// Tokens of the runs that warm a peer up.
const WARM_UP_TOKENS: usize = 2_000;

/// What was measured of one peer with one list.
#[derive(Debug)]
pub(crate) struct PeerFigures {
    pub peer: Peer,
    pub starts: Starts,
    pub idle: Memory,
    pub loaded: Memory,
    /// For each scenario of the plan, a sample for each round; none if the peer takes no part.
    pub samples: Vec<Vec<Sample>>,
}

/// What was measured with one list.
#[derive(Debug)]
pub(crate) struct Run {
    pub invites: usize,
    pub peers: Vec<PeerFigures>,
}

/// A peer that runs, and its figures.
struct Running {
    process: Process,
    figures: PeerFigures,
}

/// Measures all of the plan.
pub(crate) fn all(options: &Options, plan: &Plan, tenant: &Tenant) -> Outcome<Vec<Run>> {
    let peers = Peer::all(options, tenant);
    let mut runs = Vec::new();
    for (invites, starts) in plan.invites.iter().zip(&plan.starts) {
        let project = Project::new(tenant, *invites)?;
        let bench = Bench { plan, tenant, project: &project };
        progress(&format!("{} invites", grouped(*invites)));
        runs.push(Run { invites: *invites, peers: bench.measure(&peers, *starts)? });
    }
    Ok(runs)
}

fn progress(text: &str) {
    eprintln!("bench: {text}");
}

struct Bench<'b> {
    plan: &'b Plan,
    tenant: &'b Tenant,
    project: &'b Project,
}

impl Bench<'_> {
    fn measure(&self, peers: &[Peer], count: usize) -> Outcome<Vec<PeerFigures>> {
        let token = self.tenant.token().encode()?;
        self.project.lines("remembered", std::iter::once(token.clone()))?;
        let starts = self.starts(peers, count, &token)?;
        let mut running = Vec::new();
        for (peer, starts) in peers.iter().zip(starts) {
            running.push(self.start(peer, starts, &token)?);
        }
        let process = |kind| running.iter().find(|running| running.figures.peer.kind == kind);
        if let (Some(guestlist), Some(node)) = (process(Kind::Guestlist), process(Kind::Node)) {
            answers::compare(&guestlist.process, &node.process, self.tenant, self.project)?;
            progress("guestlist and the Node.js handler give the same answers");
        }
        let mut number = 0;
        for scenario in &self.plan.scenarios {
            self.scenario(scenario, &mut running, &mut number)?;
        }
        let finish = |running: Running| {
            let loaded = Memory::of(running.process.pid())?;
            Ok(PeerFigures { loaded, ..running.figures })
        };
        thread::sleep(self.plan.rest);
        running.into_iter().map(finish).collect()
    }

    fn starts(&self, peers: &[Peer], count: usize, token: &str) -> Outcome<Vec<Starts>> {
        progress(&format!("{count} starts of each peer"));
        let mut starts = vec![Starts::default(); peers.len()];
        for _ in 0..count {
            for (peer, starts) in peers.iter().zip(&mut starts).filter(|(peer, _)| peer.kind != Kind::Quiet) {
                starts.measure(peer, self.project, token)?;
            }
        }
        Ok(starts)
    }

    fn start(&self, peer: &Peer, starts: Starts, token: &str) -> Outcome<Running> {
        let mut process = peer.start(self.project.folder())?;
        answers::wait_until_ready(peer, &mut process, token, self.project)?;
        thread::sleep(self.plan.rest);
        let idle = Memory::of(process.pid())?;
        let samples = Vec::new();
        Ok(Running { process, figures: PeerFigures { peer: peer.clone(), starts, idle, loaded: idle, samples } })
    }

    /// All rounds of one kind of load. Round 0 warms up and is not counted.
    fn scenario(&self, scenario: &Scenario, running: &mut [Running], number: &mut u32) -> Outcome<()> {
        progress(&format!("{}, {}", scenario.token, scenario.pace));
        for running in running.iter_mut() {
            running.figures.samples.push(Vec::new());
        }
        for round in usize::from(!self.plan.warms_up)..=scenario.rounds {
            let is_warm_up = round == 0;
            let token_count = match scenario.token {
                TokenUse::Remembered => 1,
                TokenUse::Fresh if is_warm_up => WARM_UP_TOKENS.min(scenario.tokens),
                TokenUse::Fresh => scenario.tokens,
            };
            if scenario.token == TokenUse::Fresh {
                *number += 1;
                let batch = usize::try_from(*number)?;
                self.project.lines("fresh", tokens::mint(self.tenant, batch, token_count)?.into_iter())?;
            }
            let file = self.project.file(if scenario.token == TokenUse::Fresh { "fresh" } else { "remembered" });
            let seconds = if is_warm_up { 1 } else { scenario.seconds };
            let pace = if is_warm_up { Pace::Saturation } else { scenario.pace };
            for running in running.iter_mut().filter(|running| takes_part(running.figures.peer.kind, scenario)) {
                *number += 1;
                let load = Load {
                    project: self.project,
                    pace,
                    seconds,
                    tokens: &file,
                    token_count: u64::try_from(token_count)?,
                    number: *number,
                };
                let sample = load.run(&mut running.process)?;
                if let Some(samples) = running.figures.samples.last_mut().filter(|_| !is_warm_up) {
                    samples.push(sample);
                }
            }
        }
        Ok(())
    }
}

/// Without its log guestlist is compared where the bar is: with a remembered token, at saturation.
fn takes_part(kind: Kind, scenario: &Scenario) -> bool {
    kind != Kind::Quiet || (scenario.token == TokenUse::Remembered && scenario.pace == Pace::Saturation)
}
